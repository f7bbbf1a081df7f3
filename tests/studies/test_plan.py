from collections import Counter

import pytest

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS
from rdfer.settings.variants import METHODS, ablations
from rdfer.studies.design import runs_of
from rdfer.studies.plan import expected_runs


def test_a_preset_that_has_not_begun_expects_every_run(project):
    runs = expected_runs("smoke")
    preset = PRESETS["smoke"]
    assert Counter(run.experiment for run in runs) == {
        "train": len(METHODS) * len(preset.seeds),
        "ablate": len(ablations(preset.settings)) * len(preset.ablation_seeds),
    }
    assert {run.folder for run in runs} == {project / "runs" / "smoke"}
    assert {run.state() for run in runs} == {"missing"}
    assert len({run.path for run in runs}) == len(runs)


def test_a_study_that_was_begun_is_expected_to_be_finished(project):
    preset = PRESETS["smoke"]
    (project / "runs" / "smoke" / "trained" / "watch").mkdir(parents=True)
    found = [run for run in expected_runs("smoke") if run.experiment == "watch"]
    assert [(run.variant, run.seed) for run in found] == [
        (variant.name, seed)
        for seed in preset.study_seeds
        for variant in runs_of("watch", preset, seed)
    ]
    assert not [run for run in expected_runs("smoke") if run.experiment == "noise"]


def test_an_unknown_preset_is_refused(project):
    with pytest.raises(UserError, match="preset = 'nano'"):
        expected_runs("nano")

from collections import Counter

import pytest

from rdfer.errors import UserError
from rdfer.plan import expected_cells
from rdfer.presets import PRESETS
from rdfer.studies import cells_of
from rdfer.variants import METHODS, ablations


def test_a_run_that_has_not_begun_expects_every_cell(project):
    cells = expected_cells("smoke")
    preset = PRESETS["smoke"]
    assert Counter(cell.experiment for cell in cells) == {
        "train": len(METHODS) * len(preset.seeds),
        "ablate": len(ablations(preset.settings)) * len(preset.ablation_seeds),
    }
    assert {cell.run for cell in cells} == {project / "runs" / "smoke"}
    assert {cell.state() for cell in cells} == {"missing"}
    assert len({cell.path for cell in cells}) == len(cells)


def test_a_study_that_was_begun_is_expected_to_be_finished(project):
    preset = PRESETS["smoke"]
    (project / "runs" / "smoke" / "cells" / "watch").mkdir(parents=True)
    found = [cell for cell in expected_cells("smoke") if cell.experiment == "watch"]
    assert [(cell.variant, cell.seed) for cell in found] == [
        (variant.name, seed)
        for seed in preset.study_seeds
        for variant in cells_of("watch", preset, seed)
    ]
    assert not [cell for cell in expected_cells("smoke") if cell.experiment == "noise"]


def test_an_unknown_preset_is_refused(project):
    with pytest.raises(UserError, match="preset = 'nano'"):
        expected_cells("nano")

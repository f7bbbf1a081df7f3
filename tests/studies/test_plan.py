import re
from collections import Counter
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.pipeline import road
from rdfer.settings.presets import PRESETS
from rdfer.settings.variants import METHODS, ablations
from rdfer.studies.design import cells_of
from rdfer.studies.plan import STUDY_RESULTS, expected_cells, set_aside_stale


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


@pytest.fixture
def judged(project, monkeypatch):
    """A run with a study's cell and results, as far as the judgement of freshness looks at it."""
    monkeypatch.setattr(road, "load", lambda context: (None, None, ""))
    run = project / "runs" / "smoke"
    (run / "cells" / "watch").mkdir(parents=True)
    cell = next(cell for cell in expected_cells("smoke") if cell.experiment == "watch")
    cell.record({"uar": 0.5}, wall_s=1.0)
    for name in ("main", "noise", "claims"):
        write_json(run / "results" / f"{name}.json", {"of": name})
    for name in ("noise", "per_class"):
        write_json(run / "results" / "figures" / f"{name}.json", {"of": name})
    return run / "results", cell


def names(folder):
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def test_results_of_studies_stay_where_their_cells_are_fresh_or_missing(judged):
    """What was missing is said in them."""
    results, _ = judged
    set_aside_stale("smoke")
    assert names(results) == {"main.json", "noise.json", "claims.json"}


def test_results_of_stale_studies_are_set_aside_and_nothing_else(judged, capsys):
    results, cell = judged
    metrics = cell.path / "metrics.json"
    stored = read_json(metrics)
    stored["provenance"]["hash"] = "0" * 16
    metrics.unlink()
    write_json(metrics, stored)
    set_aside_stale("smoke")
    assert names(results) == {"main.json"}
    assert names(results / "stale") == {"noise.json", "claims.json"}
    assert names(results / "figures") == {"per_class.json"}
    assert names(results / "stale" / "figures") == {"noise.json"}
    assert read_json(results / "stale" / "noise.json") == {"of": "noise"}
    assert "1 cells are stale" in capsys.readouterr().err
    set_aside_stale("smoke")  # nothing is left to set aside
    assert capsys.readouterr().err == ""


def test_nothing_is_called_stale_while_the_data_are_not_there(judged, monkeypatch):
    results, cell = judged
    (cell.path / "metrics.json").write_text('{"provenance": {"hash": "x"}, "metrics": {}}')

    def gone(context):
        raise UserError("no data")

    monkeypatch.setattr(road, "load", gone)
    set_aside_stale("smoke")
    assert names(results) == {"main.json", "noise.json", "claims.json"}


def test_what_is_set_aside_is_what_the_claims_notebook_writes():
    cells = read_json(Path(__file__).parents[2] / "notebooks" / "claims.ipynb")["cells"]
    source = "".join(line for cell in cells for line in cell["source"])
    written = re.findall(r'"(\w+)": study_results\.|write_result\(context, "(\w+)"', source)
    assert {one or other for one, other in written} == set(STUDY_RESULTS)

"""Results and figures of stale studies are set aside."""

import re
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.pipeline import steps
from rdfer.report.stale import STUDY_RESULTS, set_aside_stale
from rdfer.studies.plan import expected_runs


@pytest.fixture
def judged(project, monkeypatch):
    """A folder with a study's run and results, as far as the judgement of freshness looks."""
    monkeypatch.setattr(steps, "load", lambda context: (None, None, ""))
    folder = project / "runs" / "smoke"
    (folder / "trained" / "watch").mkdir(parents=True)
    run = next(run for run in expected_runs("smoke") if run.experiment == "watch")
    run.record({"uar": 0.5}, wall_s=1.0)
    for name in ("main", "noise", "claims"):
        write_json(folder / "results" / f"{name}.json", {"of": name})
    for name in ("noise", "per_class"):
        write_json(folder / "results" / "figures" / f"{name}.json", {"of": name})
    return folder / "results", run


def names(folder):
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def test_results_of_studies_stay_where_their_runs_are_fresh_or_missing(judged):
    """What was missing is said in them."""
    results, _ = judged
    set_aside_stale("smoke")
    assert names(results) == {"main.json", "noise.json", "claims.json"}


def test_results_of_stale_studies_are_set_aside_and_nothing_else(judged, capsys):
    results, run = judged
    metrics = run.path / "metrics.json"
    stored = read_json(metrics)
    stored["provenance"]["code"] = "0" * 16
    metrics.unlink()
    write_json(metrics, stored)
    set_aside_stale("smoke")
    assert names(results) == {"main.json"}
    assert names(results / "stale") == {"noise.json", "claims.json"}
    assert names(results / "figures") == {"per_class.json"}
    assert names(results / "stale" / "figures") == {"noise.json"}
    assert read_json(results / "stale" / "noise.json") == {"of": "noise"}
    assert "1 runs are stale" in capsys.readouterr().err
    set_aside_stale("smoke")  # nothing is left to set aside
    assert capsys.readouterr().err == ""


def test_nothing_is_called_stale_while_the_data_are_not_there(judged, monkeypatch):
    results, run = judged
    (run.path / "metrics.json").write_text('{"provenance": {"hash": "x"}, "metrics": {}}')

    def gone(context):
        raise UserError("no data")

    monkeypatch.setattr(steps, "load", gone)
    set_aside_stale("smoke")
    assert names(results) == {"main.json", "noise.json", "claims.json"}


def test_what_is_set_aside_is_what_the_claims_notebook_writes():
    cells = read_json(Path(__file__).parents[2] / "notebooks" / "claims.ipynb")["cells"]
    source = "".join(line for cell in cells for line in cell["source"])
    written = re.findall(r'"(\w+)": study_results\.|write_result\(context, "(\w+)"', source)
    assert {one or other for one, other in written} == set(STUDY_RESULTS)

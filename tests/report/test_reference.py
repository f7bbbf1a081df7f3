import json
import shutil
from pathlib import Path

import nbformat
import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline.runs import Run
from rdfer.pipeline.workflow import NOTEBOOKS
from rdfer.report import reference
from rdfer.settings.schema import Settings
from rdfer.studies import plan
from rdfer.studies.real_results import load_real
from tests.studies.test_real_results import ROW


@pytest.fixture
def folder(project, monkeypatch):
    """A finished laptop preset with one run, which needs a small module's code alone."""
    folder = project / "runs" / "laptop"
    (project / "book").mkdir()
    shutil.copy(Path(__file__).parents[2] / "book" / "reported_results.csv", project / "book")
    run = Run(
        folder=folder,
        experiment="train",
        variant="plain",
        seed=0,
        settings=Settings(),
        roots=("rdfer.method.sampling",),
    )
    run.record({"uar": 0.5}, wall_s=1)
    monkeypatch.setattr(plan, "expected_runs", lambda preset: [run])
    for name, text in {
        "done/figures.json": "{}",
        "results/main.json": '{"a": 1}',
        "results/figures/main.svg": "<svg/>",
        "results/notes.txt": "stays behind",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "notebooks").mkdir()
    for name in NOTEBOOKS:
        text = f"in {project}/runs"
        output = nbformat.v4.new_output("stream", text=text)
        code = nbformat.v4.new_code_cell("1", execution_count=1, outputs=[output])
        nbformat.write(
            nbformat.v4.new_notebook(cells=[code]), folder / "notebooks" / f"{name}.ipynb"
        )
    return folder


def test_results_and_figures_are_replaced_whole(project, folder):
    (project / "results").mkdir()
    (project / "results" / "old.json").write_text("{}")
    (line,) = reference.publish("laptop")
    assert "laptop" in line
    found = {p.relative_to(project).as_posix() for p in (project / "results").rglob("*.*")}
    assert found == {"results/main.json", *(f"results/notebooks/{n}.ipynb" for n in NOTEBOOKS)}
    assert json.loads((project / "results" / "main.json").read_text()) == {"a": 1}
    drawn = {path.name for path in (project / "figures").iterdir()}
    assert drawn == {"main.svg", "peers.json", "peers.svg"}
    assert str(project) not in (project / "results" / "notebooks" / "data.ipynb").read_text()
    assert not list(project.glob(".*"))


def test_scores_on_the_real_sets_stay_and_those_of_new_runs_join_them(project, folder):
    for place, row in (("results", ROW), ("runs/mafw/results", {**ROW, "data": "MAFW"})):
        (project / place).mkdir(parents=True)
        (project / place / "real.json").write_text(json.dumps({"rows": [row]}))
    reference.publish("laptop")
    assert {row.data for row in load_real(project / "results" / "real.json")} == {"DFEW", "MAFW"}


@pytest.mark.parametrize(
    ("preset", "told"),
    [
        ("smoke", "preset = 'smoke': the reference is made from 'laptop' alone"),
        ("gpu", "preset = 'gpu': the reference is made from 'laptop' alone"),
        ("labtop", "preset = 'labtop': unknown; did you mean 'laptop'"),
    ],
)
def test_no_other_preset_passes_for_the_reference(project, folder, preset, told):
    folder.rename(folder.with_name(preset))
    with pytest.raises(UserError, match=told):
        reference.publish(preset)
    assert not (project / "results").exists() and not (project / "figures").exists()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: (folder / "done" / "figures.json").unlink(), "not finished"),
        (
            lambda folder: next(folder.glob("trained/*/*/*/metrics.json")).unlink(),
            "1 of 1 runs are not fresh",
        ),
        (
            lambda folder: (folder / "results" / "big.json").write_text(" " * 9_000_000),
            "at most 8.0 MB",
        ),
        (
            lambda folder: (folder / "notebooks" / "train.ipynb").unlink(),
            r"train\.ipynb: no such file",
        ),
    ],
)
def test_a_preset_that_will_not_do_changes_nothing(project, folder, harm, told):
    (project / "results").mkdir()
    (project / "results" / "old.json").write_text("{}")
    harm(folder)
    with pytest.raises(UserError, match=told):
        reference.publish("laptop")
    assert [path.name for path in (project / "results").iterdir()] == ["old.json"]
    assert not (project / "figures").exists()
    assert not list(project.glob(".*"))

import dataclasses
import json
import os

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline import runs
from rdfer.pipeline.runs import Run, collect, missing_message, plain, sealed
from rdfer.settings.schema import Settings, override


@pytest.fixture
def run(tmp_path):
    return Run(
        folder=tmp_path / "smoke",
        experiment="train",
        variant="ours",
        seed=3,
        settings=Settings(),
        roots=("rdfer.method.sampling",),
    )


def test_a_run_goes_from_missing_to_fresh(run):
    assert run.state() == "missing"
    run.record({"uar": np.float32(0.5)}, {"probs": np.eye(3)}, wall_s=1.23456)
    assert run.state() == "fresh"
    assert run.metrics() == {"uar": 0.5}
    np.testing.assert_array_equal(run.arrays()["probs"], np.eye(3))
    assert run.provenance()["wall_s"] == 1.235
    assert run.provenance()["settings"]["noise"]["rate"] == 0.2
    assert run.path == run.folder / "trained" / "train" / "ours" / "seed3"
    assert sorted(os.listdir(run.path)) == ["arrays.npz", "metrics.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"settings": override(Settings(), {"noise.rate": 0.3})},
        {"data": "other videos"},
        {"roots": ("rdfer.method.agreement",)},
    ],
)
def test_a_run_of_other_settings_data_or_code_is_stale(run, change):
    run.record({"uar": 0.5}, wall_s=1)
    other = dataclasses.replace(run, **change)
    assert other.state() == "stale"
    for read in (other.metrics, other.arrays, other.provenance):
        with pytest.raises(UserError, match="is stale"):
            read()


def test_the_seed_is_part_of_the_hash(run):
    assert dataclasses.replace(run, seed=4).hash != run.hash


def test_a_write_that_is_cut_off_leaves_the_run_missing(run, monkeypatch):
    run.record({"uar": 0.5}, wall_s=1)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        run.record({"uar": 0.6}, {"probs": np.ones(2)}, wall_s=1)
    assert run.state() == "missing"


def test_arrays_of_objects_are_refused(run):
    with pytest.raises(ValueError, match="pickle"):
        run.record({}, {"bad": np.array([{}], dtype=object)}, wall_s=1)
    assert run.state() == "missing"


def test_plain_makes_json_of_anything_numeric():
    value = {
        "a": np.float64(0.25),
        1: np.arange(3),
        "nan": float("nan"),
        "deep": [{"inf": np.float32("inf")}, (np.int64(2), np.bool_(True))],
        "none": None,
    }
    expected = {
        "a": 0.25,
        "1": [0, 1, 2],
        "nan": None,
        "deep": [{"inf": None}, [2, True]],
        "none": None,
    }
    assert plain(value) == expected
    assert json.loads(json.dumps(plain(value))) == expected


def test_collect_lists_every_state(run):
    runs = [dataclasses.replace(run, seed=seed) for seed in range(3)]
    runs[0].record({"uar": 0.5, "epoch": 3}, wall_s=2)
    old = dataclasses.replace(runs[1], settings=override(Settings(), {"noise.rate": 0.4}))
    old.record({"uar": 0.9, "epoch": 4}, wall_s=2)
    frame = collect(run.folder, runs, "train")
    assert list(frame["state"]) == ["fresh", "stale", "missing"]
    assert list(frame["seed"]) == [0, 1, 2]
    assert frame["wall_s"].tolist()[:2] == [2, 2]
    message = missing_message(frame)
    assert message.startswith("2 of 3 runs are not fresh")
    assert "train/ours/seed1 stale" in message and "train/ours/seed2 missing" in message


def test_a_run_that_nobody_expects_is_stale(run):
    run.record({"uar": 0.5}, wall_s=1)
    assert list(collect(run.folder, [], "train")["state"]) == ["stale"]


def test_an_empty_run_is_an_empty_table(tmp_path):
    frame = collect(tmp_path, [])
    assert len(frame) == 0
    assert missing_message(frame) == ""


def test_a_file_that_is_no_result_is_named(run):
    run.path.mkdir(parents=True)
    for text in ("{}", "[]", "", "{" * 10**5, '{"metrics": {}, "provenance": 3}', "\xff"):
        (run.path / "metrics.json").write_text(text, encoding="latin-1")
        assert run.state() == "stale" and run.reason().startswith("no result of a run: ")
        assert list(collect(run.folder, [run], "train")["state"]) == ["stale"]
    run.record({"uar": 0.5}, wall_s=1)
    assert run.state() == "fresh"


def edit(run, change):
    path = run.path / "metrics.json"
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda run: edit(run, lambda s: s["metrics"].update(uar=0.9)), "metrics.json is not as"),
        (lambda run: edit(run, lambda s: s["provenance"].update(wall_s=0)), "metrics.json is not"),
        (lambda run: edit(run, lambda s: s["provenance"].pop("digest")), "metrics.json is not as"),
        (lambda run: edit(run, lambda s: s.update(more=1)), "metrics.json is not as"),
        (lambda run: (run.path / "arrays.npz").unlink(), "arrays.npz is gone"),
        (lambda run: np.savez(run.path / "arrays.npz", probs=np.ones(3)), "arrays.npz is not as"),
        (lambda run: (run.path / "arrays.npz").write_bytes(b""), "arrays.npz is not as"),
    ],
)
def test_a_run_that_was_edited_or_lost_is_stale_with_the_reason(run, spoil, reason):
    run.record({"uar": 0.5}, {"probs": np.eye(3)}, wall_s=1)
    assert run.state() == "fresh" and run.reason() == ""
    spoil(run)
    assert run.state() == "stale" and run.reason().startswith(reason)
    for read in (run.metrics, run.arrays, run.provenance):
        with pytest.raises(UserError, match=rf"is stale \({reason}"):
            read()
    assert reason in missing_message(collect(run.folder, [run]))
    run.record({"uar": 0.5}, {"probs": np.eye(3)}, wall_s=1)
    assert run.state() == "fresh"


def test_a_setting_that_came_later_leaves_old_results_fresh_at_its_default(run):
    run.record({"uar": 0.5}, wall_s=1)
    path = run.path / "metrics.json"
    stored = json.loads(path.read_text())
    del stored["provenance"]["settings"]["robust"]["elr"]  # as if it had not been there yet
    path.write_text(json.dumps(sealed(stored)))
    assert run.state() == "fresh"
    on = dataclasses.replace(run, settings=override(Settings(), {"robust.elr": 1.0}))
    assert on.state() == "stale"


def test_a_setting_that_is_gone_makes_results_stale(run):
    run.record({"uar": 0.5}, wall_s=1)
    path = run.path / "metrics.json"
    stored = json.loads(path.read_text())
    stored["provenance"]["settings"]["robust"]["gone"] = 1
    path.write_text(json.dumps(sealed(stored)))
    assert run.state() == "stale" and run.reason() == "of other settings"


def test_root_is_the_nearest_directory_with_a_toc(tmp_path, monkeypatch):
    monkeypatch.delenv("RDFER_ROOT", raising=False)
    inside = tmp_path / "book" / "results"
    inside.mkdir(parents=True)
    (tmp_path / "_toc.yml").touch()
    assert runs.find_root(inside) == tmp_path
    monkeypatch.chdir(inside)
    assert runs.find_root() == tmp_path


def test_no_root_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("RDFER_ROOT", raising=False)
    with pytest.raises(UserError, match="RDFER_ROOT"):
        runs.find_root(tmp_path)


def test_the_variable_wins_and_must_be_right(tmp_path, monkeypatch, project):
    monkeypatch.chdir(tmp_path)
    assert runs.find_root(tmp_path) == project
    monkeypatch.setenv("RDFER_ROOT", str(tmp_path))
    with pytest.raises(UserError, match=r"RDFER_ROOT = .*_toc\.yml"):
        runs.find_root()


def test_runs_lie_in_the_project_or_where_told(tmp_path, monkeypatch, project):
    assert runs.preset_dir("smoke") == project / "runs" / "smoke"
    monkeypatch.setenv("RDFER_RUNS", str(tmp_path / "else where"))
    assert runs.preset_dir("laptop") == tmp_path / "else where" / "laptop"
    assert runs.preset_dir("laptop", root=project) == tmp_path / "else where" / "laptop"
    monkeypatch.delenv("RDFER_RUNS")
    assert runs.preset_dir("smoke", root=tmp_path) == tmp_path / "runs" / "smoke"


def test_overrides_have_a_run_of_their_own(project):
    one = runs.preset_dir("smoke", {"noise.rate": 0.4, "agreement.clips": 3})
    same = runs.preset_dir("smoke", {"agreement.clips": 3, "noise.rate": 0.4})
    other = runs.preset_dir("smoke", {"noise.rate": 0.5})
    assert one == same != other
    assert one.name.startswith("smoke+")
    assert runs.preset_dir("smoke", {}) == project / "runs" / "smoke"


def test_unknown_preset_is_refused_with_a_hint(project):
    with pytest.raises(UserError, match="did you mean 'laptop'"):
        runs.preset_dir("labtop")

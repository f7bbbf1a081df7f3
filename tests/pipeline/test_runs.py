import dataclasses
import json
import os

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline import runs
from rdfer.pipeline.runs import Cell, collect, fresh, missing_message, plain
from rdfer.settings.schema import Settings, override


@pytest.fixture
def cell(tmp_path):
    return Cell(
        run=tmp_path / "run",
        experiment="train",
        variant="ours",
        seed=3,
        settings=Settings(),
        roots=("rdfer.method.sampling",),
    )


def test_a_cell_goes_from_missing_to_fresh(cell):
    assert cell.state() == "missing"
    cell.record({"uar": np.float32(0.5)}, {"probs": np.eye(3)}, wall_s=1.23456)
    assert cell.state() == "fresh"
    assert cell.metrics() == {"uar": 0.5}
    np.testing.assert_array_equal(cell.arrays()["probs"], np.eye(3))
    assert cell.provenance()["wall_s"] == 1.235
    assert cell.provenance()["settings"]["noise"]["rate"] == 0.2
    assert cell.path == cell.run / "cells" / "train" / "ours" / "seed3"
    assert sorted(os.listdir(cell.path)) == ["arrays.npz", "metrics.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"settings": override(Settings(), {"noise.rate": 0.3})},
        {"data": "other videos"},
        {"roots": ("rdfer.method.agreement",)},
    ],
)
def test_a_cell_of_other_settings_data_or_code_is_stale(cell, change):
    cell.record({"uar": 0.5}, wall_s=1)
    other = dataclasses.replace(cell, **change)
    assert other.state() == "stale"
    for read in (other.metrics, other.arrays, other.provenance):
        with pytest.raises(UserError, match="is stale"):
            read()


def test_the_seed_is_part_of_the_hash(cell):
    assert dataclasses.replace(cell, seed=4).hash != cell.hash


def test_a_write_that_is_cut_off_leaves_the_cell_missing(cell, monkeypatch):
    cell.record({"uar": 0.5}, wall_s=1)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        cell.record({"uar": 0.6}, {"probs": np.ones(2)}, wall_s=1)
    assert cell.state() == "missing"


def test_arrays_of_objects_are_refused(cell):
    with pytest.raises(ValueError, match="pickle"):
        cell.record({}, {"bad": np.array([{}], dtype=object)}, wall_s=1)
    assert cell.state() == "missing"


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


def test_collect_lists_every_state_and_hides_stale_numbers(cell):
    cells = [dataclasses.replace(cell, seed=seed) for seed in range(3)]
    cells[0].record({"uar": 0.5, "epoch": 3}, wall_s=2)
    old = dataclasses.replace(cells[1], settings=override(Settings(), {"noise.rate": 0.4}))
    old.record({"uar": 0.9, "epoch": 4}, wall_s=2)
    frame = collect(cell.run, "train", cells)
    assert list(frame["state"]) == ["fresh", "stale", "missing"]
    assert list(frame["seed"]) == [0, 1, 2]
    assert frame["uar"].mean() == 0.5  # the stale 0.9 is not there to be averaged
    assert len(fresh(frame)) == 1
    message = missing_message(frame)
    assert message.startswith("2 of 3 cells are not fresh")
    assert "train/ours/seed1 stale" in message and "train/ours/seed2 missing" in message


def test_a_cell_that_nobody_expects_is_stale(cell):
    cell.record({"uar": 0.5}, wall_s=1)
    assert list(collect(cell.run, "train", [])["state"]) == ["stale"]


def test_without_expectations_a_cell_is_judged_by_its_own_record(cell):
    cell.record({"uar": 0.5}, wall_s=1)
    frame = collect(cell.run)
    assert list(frame["state"]) == ["fresh"]
    assert missing_message(frame) == ""
    path = cell.path / "metrics.json"
    stored = json.loads(path.read_text())
    for name, value in (("roots", ["rdfer.gone"]), ("seed", 4)):
        changed = {**stored, "provenance": {**stored["provenance"], name: value}}
        path.write_text(json.dumps(changed))
        assert list(collect(cell.run)["state"]) == ["stale"]


def test_an_empty_run_is_an_empty_table(tmp_path):
    frame = collect(tmp_path)
    assert len(frame) == 0
    assert missing_message(frame) == ""
    assert len(fresh(frame)) == 0


def test_a_file_that_is_no_result_is_named(cell):
    cell.path.mkdir(parents=True)
    (cell.path / "metrics.json").write_text("{}")
    with pytest.raises(UserError, match=r"metrics\.json: no result of a cell"):
        cell.state()


def test_a_setting_that_came_later_leaves_old_results_fresh_at_its_default(cell):
    cell.record({"uar": 0.5}, wall_s=1)
    path = cell.path / "metrics.json"
    stored = json.loads(path.read_text())
    del stored["provenance"]["settings"]["robust"]["elr"]  # as if it had not been there yet
    path.write_text(json.dumps(stored))
    assert cell.state() == "fresh"
    on = dataclasses.replace(cell, settings=override(Settings(), {"robust.elr": 1.0}))
    assert on.state() == "stale"


def test_a_setting_that_is_gone_makes_results_stale(cell):
    cell.record({"uar": 0.5}, wall_s=1)
    path = cell.path / "metrics.json"
    stored = json.loads(path.read_text())
    stored["provenance"]["settings"]["robust"]["gone"] = 1
    path.write_text(json.dumps(stored))
    assert cell.state() == "stale"

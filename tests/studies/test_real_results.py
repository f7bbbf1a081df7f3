"""This project's own scores on the real sets: the file's form."""

import json

import pytest

from rdfer.base.errors import UserError
from rdfer.studies.real_results import gather_real, load_real, write_real

ROW = {
    "method": "RDFER (vote)",
    "data": "DFEW",
    "preset": "dfew",
    "changes": {},
    "folds": [1, 2, 3, 4, 5],
    "seeds": [0, 1],
    "uar": 0.5,
    "war": 0.6,
    "epoch": "last",
    "gflops": 8.0,
    "settings_hash": "0123456789abcdef",
    "date": "2000-01-01",
}


@pytest.fixture
def write(tmp_path):
    def write(*rows):
        path = tmp_path / "real.json"
        path.write_text(json.dumps({"rows": rows}))
        return path

    return write


def test_no_file_is_no_run(tmp_path):
    assert load_real(tmp_path / "real.json") == ()


def test_a_row_is_read(write):
    whole, part = load_real(write(ROW, {**ROW, "data": "MAFW", "folds": [2, 3], "gflops": None}))
    assert (whole.uar, whole.folds, whole.complete) == (0.5, (1, 2, 3, 4, 5), True)
    assert (part.data, part.gflops, part.complete) == ("MAFW", None, False)


def test_what_a_clip_is_may_be_missing_in_rows_of_older_runs(write):
    old, new = load_real(write(ROW, {**ROW, "method": "Plain", "frames": 32, "size": 112}))
    assert (old.frames, old.size, old.seen) == (None, None, "")
    assert (new.frames, new.size, new.seen) == (32, 112, "32 × 112 px")


def test_the_one_fold_of_ferv39k_is_all_there_is(write):
    (run,) = load_real(write({**ROW, "data": "FERV39k", "folds": [1]}))
    assert run.complete


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data": "synthetic"}, "data = 'synthetic': must be one of DFEW, FERV39k, MAFW"),
        ({"uar": 56.9}, "uar = 56.9: must be less than or equal to 1"),
        ({"uar": True}, "uar = True: must be a valid number"),
        ({"war": float("nan")}, r"not valid JSON \(NaN is no finite number\)"),
        ({"epoch": "best"}, "epoch = 'best': must be 'last', 'validation' or 'test'"),
        ({"preset": " "}, "preset = ' ': must be a text"),
        ({"changes": []}, r"changes = \[\]: must be a valid dictionary"),
        ({"folds": []}, r"folds = \[\]: must be different whole numbers, rising"),
        ({"folds": [6]}, r"folds = \[6\]: must be some of the folds 1, 2, 3, 4, 5"),
        ({"folds": [2, 1]}, r"folds = \[2, 1\]: must be different whole numbers, rising"),
        ({"data": "FERV39k", "folds": [2]}, r"folds = \[2\]: must be some of the folds 1;"),
        ({"seeds": 0}, "seeds = 0: must be a valid tuple"),
        ({"seeds": [0, 0]}, r"seeds = \[0, 0\]: must be different"),
        ({"gflops": 0}, "gflops = 0: must be greater than 0"),
        ({"frames": 0}, "frames = 0: must be greater than 0"),
        ({"size": "112"}, "size = '112': must be a valid integer"),
        ({"method": ""}, "method = '': must be a text"),
        ({"pool": "confirmation"}, "row 1: pool is not known; evaluate the run again"),
    ],
)
def test_a_value_that_breaks_its_rule_is_named(write, change, told):
    with pytest.raises(UserError, match=told):
        load_real(write({**ROW, **change}))


@pytest.mark.parametrize("key", ROW)
def test_a_missing_key_is_named(write, key):
    row = {k: v for k, v in ROW.items() if k != key}
    with pytest.raises(UserError, match=f"row 2: {key} is missing; evaluate the run"):
        load_real(write({**ROW, "method": "Plain"}, row))


def test_the_same_method_set_and_run_may_not_stand_there_twice(write):
    with pytest.raises(UserError, match=r"'RDFER \(vote\)' on DFEW \(dfew\): there twice"):
        load_real(write(ROW, {**ROW, "uar": 0.4}))
    rows = load_real(write(ROW, {**ROW, "preset": "dfew-imagenet"}, {**ROW, "changes": {"b": 2}}))
    assert [row.run for row in rows] == ["dfew", "dfew-imagenet", "dfew, b = 2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", r"not a JSON object, but \[\]"),
        ("{}", "rows is missing"),
        ('{"rows": 1}', "rows = 1: must be a valid list"),
        ('{"rows": [], "more": 1}', "more is not known"),
    ],
)
def test_another_form_is_refused(tmp_path, content, told):
    path = tmp_path / "real.json"
    path.write_text(content)
    with pytest.raises(UserError, match=told):
        load_real(path)
    path.write_text('{"rows": [1]}')
    with pytest.raises(UserError, match="row 1: must be a mapping with method"):
        load_real(path)


def put(path, *rows):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"rows": rows}))


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv("RDFER_RUNS", raising=False)
    return tmp_path


def test_rows_of_every_run_are_gathered_and_collide_with_none(root):
    chosen = {**ROW, "changes": {"training.choose": "test"}, "epoch": "test"}
    put(root / "runs" / "dfew" / "results" / "real.json", ROW)
    put(root / "runs" / "dfew+0123" / "results" / "real.json", chosen)
    put(root / "runs" / "dfew-imagenet" / "results" / "real.json", {**ROW, "preset": "x"})
    put(root / "runs" / "smoke" / "results" / "real.json")
    rows = gather_real(root)
    assert {row.run for row in rows} == {"dfew", "dfew, training.choose = test", "x"}
    assert gather_real(root / "elsewhere") == ()


def test_of_one_row_in_two_places_the_latest_counts(root):
    put(root / "results" / "real.json", {**ROW, "data": "MAFW"}, {**ROW, "date": "2000-01-02"})
    put(root / "runs" / "dfew" / "results" / "real.json", {**ROW, "uar": 0.4})
    assert {(row.data, row.uar) for row in gather_real(root)} == {("MAFW", 0.5), ("DFEW", 0.5)}
    put(root / "runs" / "other" / "results" / "real.json", {**ROW, "uar": 0.3, "date": "2001"})
    assert {(row.data, row.uar) for row in gather_real(root)} == {("MAFW", 0.5), ("DFEW", 0.3)}


def test_a_fold_alone_counts_until_the_whole_is_there(root):
    results = root / "runs" / "dfew" / "results"
    put(results / "fold1" / "real.json", {**ROW, "folds": [1], "date": "2002"})
    put(results / "fold2" / "real.json", {**ROW, "folds": [2]})
    assert {row.folds for row in gather_real(root)} == {(1,), (2,)}
    (results / "real.json").write_text(json.dumps({"rows": [ROW]}))
    assert [row.folds for row in gather_real(root)] == [(1, 2, 3, 4, 5)]


def test_what_is_written_is_read_again(root, write):
    rows = load_real(write(ROW, {**ROW, "changes": {"training.batch": 32}}))
    write_real(root / "again.json", rows)
    assert load_real(root / "again.json") == rows


@pytest.mark.parametrize("key", ["method", "preset", "date", "settings_hash"])
def test_markup_never_reaches_a_page(write, key):
    with pytest.raises(UserError, match=r"plain text without|must be"):
        load_real(write({**ROW, key: "<script>alert(1)</script>"}))

"""Numbers as text: rounding, signs, what is missing."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.report.readout import (
    DASH,
    NOT_RUN,
    RANK,
    REQUIRED_KEYS,
    SHARE,
    balanced,
    duration,
    find,
    interval,
    load_results,
    percent,
    score_name,
    score_order,
    verdict,
)
from rdfer.studies.suspicion import LABEL_FREE, SCORE_NAMES

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.6543, False, "65.4"),
        (0.0, False, "0.0"),
        (1.0, False, "100.0"),
        (0.048, True, "+4.8"),
        (-0.048, True, MINUS + "4.8"),
        (None, False, NOT_RUN),
        (math.nan, True, NOT_RUN),
    ],
)
def test_percent(value, signed, text):
    assert percent(value, signed=signed) == text


@given(st.floats(-1, 1))
def test_percent_is_within_half_of_its_last_digit(value):
    shown = float(percent(value, signed=True).replace(MINUS, "-"))
    assert abs(shown - 100 * value) <= 0.05 + 1e-9


def test_interval_goes_with_its_mean():
    row = {"uar_mean": 0.5, "uar_low": 0.45, "uar_high": 0.55}
    assert interval(row, "uar") == "50.0 [45.0,\N{NO-BREAK SPACE}55.0]"
    assert interval({"mean": 0.5, "low": None, "high": None}) == "50.0"
    assert interval({"mean": 0.5}) == "50.0"
    assert interval({"mean": None, "low": 0.1, "high": 0.2}) == NOT_RUN
    assert interval(row, "war", RANK, DASH) == DASH
    assert interval(None, "uar") == NOT_RUN


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.01, 0.02, "higher"),
        (-0.02, -0.01, "lower"),
        (-0.01, 0.01, "no detectable difference"),
        (0.0, 0.01, "no detectable difference"),
        (None, None, "no interval"),
    ],
)
def test_verdict_follows_the_interval_alone(low, high, says):
    assert verdict(low, high) == says


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.6, "1 min"), (75, "1 min 15 s"), (3600, "1 h"), (7322, "2 h 2 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_auroc_without_an_interval_is_a_number_alone():
    assert interval({"auroc_mean": 0.8123}, "auroc", SHARE) == "0.812"
    assert interval({"auroc_mean": None}, "auroc", SHARE) == NOT_RUN


def test_auroc_has_the_minus_sign_of_all_numbers():
    row = {"auroc_mean": 0.2, "auroc_low": -0.05, "auroc_high": 0.45}
    assert interval(row, "auroc", SHARE) == f"0.200 [{MINUS}0.050,\N{NO-BREAK SPACE}0.450]"


@pytest.mark.parametrize(
    ("counts", "says"), [([9, 9, 9], True), ([9, 8, 9], True), ([9, 6, 9], False)]
)
def test_a_balanced_test_part_differs_by_no_more_than_a_video_a_seed(counts, says):
    matrix = [[n if i == j else 0 for j in range(3)] for i, n in enumerate(counts)]
    rows = [{"method": "plain", "n_seeds": 1}]
    assert balanced({"main": {"rows": rows, "confusion": {"plain": matrix}}}) is says


def test_scores_come_in_the_order_of_their_names():
    rows = [{"score": name} for name in ("unheard-of", *reversed(SCORE_NAMES))]
    assert score_order(rows) == [*SCORE_NAMES, "unheard-of"]
    assert LABEL_FREE == {name for name, title in SCORE_NAMES.items() if "(no label)" in title}


def test_find_wants_every_value():
    rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    assert find(rows, a=1, b=2) is rows[1]
    assert find(rows, a=2) is None


def test_a_score_is_called_what_its_row_says():
    results = {"agreement": {"scores": [{"score": "gap", "name": "the gap"}]}}
    assert score_name(results, "gap") == "the gap"
    assert score_name(results, "unheard-of") == "unheard-of"


def test_results_that_are_not_there_are_none(tmp_path):
    assert load_results(tmp_path) == dict.fromkeys(REQUIRED_KEYS)


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "JSON object"), ('{"rows": []}', "'differences' is missing"), ("{", "not valid JSON")],
)
def test_a_broken_result_file_is_named(tmp_path, content, message):
    (tmp_path / "main.json").write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        load_results(tmp_path)
    assert "main.json" in str(caught.value)


def test_required_keys_are_checked_one_by_one(tmp_path):
    keys = dict.fromkeys(REQUIRED_KEYS["meta"], 0)
    del keys["seeds"]
    (tmp_path / "meta.json").write_text(json.dumps(keys))
    with pytest.raises(UserError, match="'seeds'"):
        load_results(tmp_path)


@pytest.mark.parametrize("name", REQUIRED_KEYS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_hostile_results_are_refused_before_a_page_shows_them(name, data, tmp_path_factory):
    path = Path(__file__).parents[2] / "results" / f"{name}.json"
    if not path.exists():
        return
    content = json.loads(path.read_text())
    places = []

    def walk(value):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            (walk(item) if isinstance(item, dict | list) else places.append((value, key, item)))

    walk(content)
    texts = [place for place in places if isinstance(place[2], str)]
    if texts:
        holder, key, _ = data.draw(st.sampled_from(texts))
        marks = ["<script>alert(1)</script>", "`x`", "{figure}", "a|b", "[x](y)", "$x$", "a\nb"]
        holder[key] = data.draw(st.sampled_from(marks))
    else:
        content["<b>"] = 1
    folder = tmp_path_factory.mktemp("hostile")
    (folder / f"{name}.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="must be plain text") as error:
        load_results(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("uar_mean", 65.4), ("uar_low", -9), ("war_by_seed", [0.5, 1.5]), ("n_seeds", -1), ("p", 2)],
)
def test_numbers_out_of_their_range_are_refused(tmp_path, key, value):
    content = {"rows": [{key: value}], "differences": [], "per_class": {}, "confusion": {}}
    (tmp_path / "main.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"main\.json: rows: {key} = .*: must be -?\d+ to \d+"):
        load_results(tmp_path)


def test_the_committed_results_are_accepted():
    assert load_results(Path(__file__).parents[2] / "results")["main"]["rows"]

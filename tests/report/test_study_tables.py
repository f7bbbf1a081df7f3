"""Tables of the studies from invented results, in which some rows are missing."""

import pytest

from rdfer.report import detection, parts, scores
from rdfer.report.readout import DASH, MISSING, SHARE, load_results, study
from tests.report.test_figures import INVENTED
from tests.report.test_tables import cells


@pytest.fixture(scope="module")
def results():
    return load_results(INVENTED)


def body(table):
    return cells(table)[2:]


def test_noise_has_a_column_a_rate_and_tells_missing_from_not_meant(results):
    header, _, *rows = cells(scores.noise_table(results))
    assert header[2:] == [f"{rate} % flipped" for rate in (0, 10, 20, 30, 40)]
    assert len(rows) == 3 * 8
    said = {(row[0], row[1]): row[2:] for row in rows}
    assert said["symmetric", "SCN"][1] == said["symmetric", "SCN"][3] == "–"
    assert said["asymmetric", "SCN"][4] == MISSING
    assert said["instance-dependent", "RDFER (vote)"][3] == MISSING
    assert said["symmetric", "Plain"][4].startswith("56.1 [")


def test_factorial_has_high_losses_and_all_videos(results):
    rows = body(detection.factorial_table(results))
    assert len(rows) == 6 * 3
    said = {(row[0], row[1]): row[2:] for row in rows}
    assert said["JSD", "dropout"][1] == said["JSD", "dropout"][3] == MISSING
    assert said["gap", "clips"][1].startswith("0.825 [0.810")


def test_rivals_have_every_kind_with_the_own_in_bold(results):
    rows = body(detection.rival_table(results))
    assert len(rows) == 3 * 16
    assert sum(row[1].startswith("**") for row in rows) == 3 * 2
    assert rows[15][1:] == ["self-confidence"] + [MISSING] * 4
    high = [float(row[2].split()[0]) for row in rows[:15]]
    assert high == sorted(high, reverse=True)
    assert rows[0][5].startswith("69.2 [")


def test_streams_and_details_have_their_missing_cells(results):
    streams = body(parts.stream_table(results))
    assert [row[0] for row in streams] == ["both streams", "long-term alone", "short-term alone"]
    assert streams[2][3] == MISSING and streams[0][1].startswith("71.0 [")
    details = body(parts.detail_table(results))
    assert len(details) == 6 and details[1][3] == MISSING


def test_cost_has_no_vote_of_one_clip(results):
    header, _, *rows = cells(detection.cost_table(results))
    assert header[1:] == ["1 clip", "2 clips", "4 clips", "8 clips", "16 clips"]
    assert rows[2][1] == "–" and rows[1][3] == MISSING


def test_a_missing_row_is_no_number_and_no_dash():
    row = {"uar_mean": None, "n_seeds": 3, "lacking": ["x missing"]}
    assert study(row, "uar") == study(row, "uar", SHARE) == MISSING
    assert study(None, "uar") == study(None, "uar", SHARE) == DASH
    whole = {"uar_mean": 0.5, "uar_low": 0.4, "uar_high": 0.6}
    assert study(whole, "uar").startswith("50.0 [40.0,")
    assert study(whole, "uar", SHARE).startswith("0.500 [0.400,")


def test_tuning_shows_every_trial_and_the_chosen_one_in_bold(results):
    header, _, *rows = cells(parts.tuning_table(results))
    assert header == ["Method", *(f"Trial {k}" for k in (1, 2, 3, 4)), "Chosen"]
    tuning = results["tuning"]["methods"]
    assert len(rows) == len(tuning)
    for row, entry in zip(rows, tuning.values(), strict=True):
        assert [cell.startswith("**") for cell in row[1:5]].index(True) == entry["best"]
        best = max(entry["trials"])
        assert row[1 + entry["best"]] == f"**{100 * best:.1f}**"
        assert all(f"`{key.partition('.')[2]}`" in row[5] for key in entry["changes"])
    assert "not run here" in parts.tuning_table({"tuning": None})

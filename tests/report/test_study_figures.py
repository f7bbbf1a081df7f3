"""Figures of the studies from invented results, in which some rows are missing."""

import re

import numpy as np
import pytest

from rdfer.report import detection, drawing, parts, scores
from rdfer.report.included import FIGURES
from rdfer.report.readout import MISSING, is_missing, load_results
from tests.report.test_figures import INVENTED


@pytest.fixture(scope="module")
def results():
    return load_results(INVENTED)


def texts(axis):
    return [text.get_text() for text in axis.texts]


def means(axis, label):
    """Where the marks of a series are, in the order of its rows; those that are there."""
    (marks,) = (c.lines[0].get_xdata() for c in axis.containers if c.get_label() == label)
    return np.asarray(marks, float)[np.isfinite(np.asarray(marks, float))]


def test_noise_has_a_panel_a_kind_and_broken_lines_where_marks_are_missing(results):
    figure, said = scores.noise(results)
    assert [axis.get_title() for axis in figure.axes] == [
        "symmetric noise",
        "asymmetric noise",
        "instance-dependent noise",
    ]
    notes = [axis.get_title(loc="right") for axis in figure.axes]
    assert notes == ["", "1 of 32 marks missing", "1 of 32 marks missing"]
    (vote,) = [c.lines[0] for c in figure.axes[2].containers if c.get_label() == "RDFER (vote)"]
    assert np.isnan(np.asarray(vote.get_ydata(), float)).tolist() == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert "At 40 % symmetric noise: Plain 56.1 %" in said


def test_rivals_of_training_are_thin_and_told_apart_by_marker_and_line(results):
    figure, _ = scores.noise(results)
    lines = {c.get_label(): c.lines[0] for c in figure.axes[0].containers}
    strong = {"Plain", "RDFER (vote)", "RDFER (ours)", "ELR"}
    thin = [line for name, line in lines.items() if name not in strong]
    assert len(thin) == 4
    assert {line.get_color() for line in thin} == {drawing.SOFT}
    assert max(t.get_linewidth() for t in thin) < min(lines[n].get_linewidth() for n in strong)
    assert len({line.get_marker() for line in lines.values()}) == len(lines)


def test_more_rivals_than_looks_are_not_drawn_alike():
    rows = [
        {"method": f"m{k}", "name": f"m{k}", "kind": "symmetric", "rate": 0.2, "uar_mean": 0.5}
        for k in range(len(scores.RIVAL_LOOKS) + 1)
    ]
    with pytest.raises(ValueError, match="zip"):
        scores.noise({"noise": {"rows": rows}})


def test_streams_show_every_row_or_say_that_it_is_missing(results):
    figure, said = parts.streams(results)
    (axis,) = figure.axes
    rows = results["streams"]["rows"]
    intact = [100 * row["uar_mean"] for row in rows if row["input"] == "intact"]
    assert np.allclose(means(axis, "intact"), intact)
    assert texts(axis) == ["clips shuffled: missing"]
    assert "short-term alone: intact 66.0 %, frames shuffled 64.8 %, clips shuffled missing" in said


def test_detail_clips_are_compared_stratum_by_stratum(results):
    figure, said = parts.detail(results)
    (axis,) = figure.axes
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert names[:2] == ["all test videos", "short key"] and len(names) == 6
    assert len(means(axis, "random")) == 5
    assert texts(axis) == ["random: missing"]
    assert "short key: re-sampled 61.0 %" in said


def test_factorial_sets_the_averaging_side_by_side(results):
    figure, said = detection.factorial(results)
    left, right = figure.axes
    assert [axis.get_title() for axis in (left, right)] == ["last sweep", "mean over sweeps"]
    stored = [
        row["auroc_mean"]
        for row in results["factorial"]["rows"]
        if (row["over"], row["passes"], row["epochs"]) == ("high-loss", "clips", "mean")
    ]
    assert np.allclose(means(right, "clips"), stored)
    assert (texts(left), texts(right)) == ([], ["dropout: missing"])
    assert "JSD, mean over sweeps: clips 0.66, augmentations 0.64, dropout missing" in said


def test_rivals_are_sorted_with_the_missing_last_and_the_own_marked(results):
    figure, said = detection.rivals(results)
    (axis,) = figure.axes
    rows = detection.sorted_rivals(results["rivals"]["rows"], "symmetric")
    found = [row["auroc_high_loss_mean"] for row in rows[:-1]]
    assert len(rows) == 16 and found == sorted(found, reverse=True)
    assert is_missing(rows[-1], "auroc_high_loss") and rows[-1]["score"] == "self-confidence"
    own = [row["auroc_high_loss_mean"] for row in rows if row["own"]]
    assert np.allclose(means(axis, "score of agreement"), own)
    assert texts(axis) == ["rival: missing"]
    coloured = {
        text.get_text() for text in axis.get_yticklabels() if text.get_color() != drawing.INK
    }
    assert coloured == {"averaged gap", "wrong vote, RDFER (vote)"}
    assert "symmetric noise" in said and "self-confidence missing" in said


def test_cost_stands_over_the_number_of_clips_in_powers_of_two(results):
    figure, said = detection.cost(results)
    (axis,) = figure.axes
    assert axis.get_xscale() == "log"
    assert axis.get_xticks().tolist() == [1, 2, 4, 8, 16]
    curves = {c.get_label(): c.lines[0] for c in axis.containers}
    assert len(curves["wrong vote, last sweep"].get_xdata()) == 4
    broken = np.asarray(curves["gap, last sweep"].get_ydata(), float)
    assert np.isnan(broken).tolist() == [False, False, True, False, False]
    assert axis.get_title(loc="right") == "missing: gap, last sweep, 4 clips"
    assert "gap, last sweep, 4: missing" in said


def test_marks_of_a_row_stand_side_by_side():
    assert drawing.shifts(1) == [0.0]
    assert drawing.shifts(2) == [-0.3, 0.3]


@pytest.mark.parametrize("name", ["noise", "factorial", "rivals", "streams", "detail", "cost"])
def test_a_study_without_any_number_is_drawn_as_missing(results, name):
    rows = [
        {key: None if key.endswith("_mean") else value for key, value in row.items()}
        for row in results[name]["rows"]
    ]
    figure, said = FIGURES[name].draw({name: {"rows": rows}})
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "missing" in said and not re.search(r"\d\.\d", said.replace(MISSING, ""))

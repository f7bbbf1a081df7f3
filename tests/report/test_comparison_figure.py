"""The peers' figure: every known cost is a mark with its name, and no other is."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.text import Text

from rdfer.base.files import sha256_file
from rdfer.report import comparison, drawing
from rdfer.report.comparison import placed
from rdfer.report.reported import load_reported
from rdfer.studies.real_results import RealResult

ROOT = Path(__file__).parents[2]
REPORTED = ROOT / "book" / "reported_results.csv"
RUN = RealResult(
    method="RDFER (ours)",
    data="DFEW",
    preset="dfew",
    changes={},
    folds=(1, 2, 3, 4, 5),
    seeds=(0,),
    uar=0.5,
    war=0.7,
    epoch="last",
    gflops=9.0,
    settings_hash="0",
    date="2000-01-01",
)


@pytest.fixture(scope="module")
def peers():
    return load_reported(REPORTED)


@pytest.fixture(scope="module")
def drawn(peers):
    with drawing.style():
        return comparison.draw(peers, [RUN])


def marks(axis):
    lines = [
        line
        for line in axis.lines
        if line.get_marker() not in ("None", None, "") and len(line.get_xdata())
    ]
    return {(line.get_xdata()[0], line.get_ydata()[0]): line for line in lines}


def test_marks_stand_where_the_numbers_are(peers, drawn):
    (axis,) = drawn[0].axes
    known = {(cost, uar) for _, cost, uar in placed(peers)}
    assert set(marks(axis)) == known | {(9.0, 50.0)}
    assert axis.get_xscale() == "log"
    assert "GFLOPs" in axis.get_xlabel() and "DFEW, %" in axis.get_ylabel()


def test_a_partial_cost_is_hollow(peers, drawn):
    (axis,) = drawn[0].axes
    for peer, cost, uar in placed(peers):
        hollow = marks(axis)[cost, uar].get_markerfacecolor() == "white"
        assert hollow == bool(peer.cost_leaves_out)


def test_the_paper_is_a_line_as_its_cost_is_not_known(peers, drawn):
    figure, said = drawn
    (line,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert set(line.get_ydata()) == {peers["RDFER"].dfew_uar}
    assert "A line marks RDFER, cost not known" in said


def test_every_mark_has_its_name_and_no_name_covers_another(peers, drawn):
    (axis,) = drawn[0].axes
    names = [text.get_text() for text in axis.texts if text.get_text()]
    assert sorted(names) == sorted(
        [p.method for p, *_ in placed(peers)]
        + ["RDFER (ours), run here (dfew)", "RDFER, cost not known"]
    )
    found = [Text.get_window_extent(text) for text in axis.texts if text.get_text()]
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
    places = [axis.transData.transform(place) for place in marks(axis)]
    assert not any(box.padded(3).contains(*place) for box in found for place in places)
    frame = axis.get_window_extent().padded(1)
    for box in found:
        assert frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)


def test_kinds_of_input_differ_in_colour_and_marker():
    looks = list(comparison.LOOKS.values())
    for part in zip(*looks, strict=True):
        assert len(set(part)) == len(looks)


def test_runs_on_other_sets_in_part_after_a_look_or_without_cost_are_not_drawn(peers):
    runs = [
        RealResult(**{**vars(RUN), **change})
        for change in ({"data": "MAFW"}, {"folds": (1,)}, {"epoch": "test"}, {"gflops": None})
    ]
    assert {mark.kind for mark in comparison.marks_of(peers, runs)} <= {"V", "V+T", "A+V"}


def test_nothing_known_is_still_a_figure():
    figure, said = comparison.draw({}, ())
    assert len(figure.axes) == 1 and "No method" in said


def test_the_file_has_its_provenance_and_the_same_bytes_again(tmp_path):
    path = comparison.draw_peers(REPORTED, [RUN], tmp_path)
    notes = json.loads(path.with_suffix(".json").read_text())
    assert notes["runs"] == ["dfew: 0"]
    assert notes["results"] == {"reported_results.csv": sha256_file(REPORTED)}
    assert "M3DFEL 1.66 GFLOPs, UAR 56.10" in notes["alt"]
    first = path.read_bytes()
    assert b"fill: #ffffff" in first or b"fill: white" in first
    assert comparison.draw_peers(REPORTED, [RUN], tmp_path) == path
    assert path.read_bytes() == first

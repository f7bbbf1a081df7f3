"""Labels beside marks: none covers another."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rdfer.report.labels import Label, Place, covered, crossed, overlap, place_labels


def axes():
    figure = Figure(figsize=(6, 4))
    axis = figure.add_axes((0.1, 0.1, 0.85, 0.85), xlim=(0, 100), ylim=(0, 100))
    return axis


def boxes(labels):
    """Their texts' extents, without leading lines."""
    for label in labels:
        label.get_window_extent()  # takes its place
    return [Text.get_window_extent(label) for label in labels]


points = st.tuples(st.integers(8, 92), st.integers(8, 92))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(points, max_size=5, unique=True))
def test_labels_keep_clear_of_each_other_of_marks_and_of_the_frame(places):
    axis = axes()
    labels = [Label(f"method {k}", x, y, "black") for k, (x, y) in enumerate(places)]
    found = boxes(place_labels(axis, labels))
    frame = axis.get_window_extent()
    for one, other in combinations(found, 2):
        assert overlap(one, other) == 0
    for box in found:
        assert overlap(box, frame) == pytest.approx(box.width * box.height)
    for k, box in enumerate(found):
        for other, place in enumerate(places):
            x, y = axis.transData.transform(place)
            mark = Bbox.from_extents(x - 5, y - 5, x + 5, y + 5)
            assert other == k or overlap(box, mark) == 0


def test_labels_come_back_in_the_order_of_their_marks():
    labels = [Label("a", 50, 50, "black"), Label("b", 10, 90, "black"), Label("c", 51, 51, "black")]
    assert [label.get_text() for label in place_labels(axes(), labels)] == ["a", "b", "c"]
    assert place_labels(axes(), []) == []


def test_a_lonely_label_stands_to_the_right_without_a_line():
    (label,) = place_labels(axes(), [Label("a", 50, 50, "black")])
    assert label.arrow_patch is None
    assert label.get_ha() == "left"


def test_what_is_taken_is_left_free():
    axis = axes()
    x, y = axis.transData.transform((50, 50))
    taken = Bbox.from_extents(x, y - 20, x + 200, y + 20)
    labels = place_labels(axis, [Label("a name", 50, 50, "black")], [taken])
    assert overlap(boxes(labels)[0], taken) == 0


@pytest.mark.parametrize(
    ("angle", "step", "hold"),
    [(0, (10, 0), (0, 0.5)), (90, (0, 10), (0.5, 0)), (180, (-10, 0), (1, 0.5))],
)
def test_a_label_is_held_at_the_side_that_faces_its_mark(angle, step, hold):
    place = Place(10.0, angle)
    assert place.step == pytest.approx(step, abs=1e-9)
    assert place.hold == hold


def test_a_line_that_leads_through_something_is_counted():
    mark, wall = np.zeros(2), [Bbox.from_extents(8, -5, 12, 5), Bbox.from_extents(-9, -1, -8, 1)]
    assert crossed(mark, Place(20.0, 0), 1.0, wall) == 1
    assert crossed(mark, Place(20.0, 90), 1.0, wall) == 0
    assert crossed(mark, Place(7.0, 0), 2.0, wall) == 0  # so near that it has no line


def test_what_a_box_covers_is_counted_once_outside_and_once_for_each_neighbour():
    frame, box = Bbox.from_bounds(0, 0, 10, 10), Bbox.from_bounds(8, 0, 4, 5)
    assert covered(box, frame, []) == 10
    assert covered(box, frame, [Bbox.from_bounds(8, 0, 1, 1), Bbox.from_bounds(20, 0, 1, 1)]) == 11

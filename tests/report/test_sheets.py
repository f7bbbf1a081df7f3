"""Pictures that the notebooks show."""

import matplotlib
import numpy as np
import pytest

from rdfer.report import sheets
from rdfer.report.drawing import method_style

RNG = np.random.default_rng(0)


def frames(n=4, height=8, width=6):
    return RNG.integers(0, 200, (n, height, width, 3)).astype(np.uint8)


def lines_of(axis):
    return {line.get_label(): line for line in axis.lines}


def test_a_film_lays_frames_side_by_side():
    some = frames()
    strip = sheets.film(some)
    assert strip.shape == (8, 24, 3) and strip.dtype == np.uint8
    for k, frame in enumerate(some):
        np.testing.assert_array_equal(strip[:, 6 * k : 6 * k + 6], frame)


def test_marked_frames_have_a_line_and_the_frames_stay_as_they_were():
    some = frames()
    before = some.copy()
    strip = sheets.film(some, [False, True, True, False])
    np.testing.assert_array_equal(some, before)
    marked = (strip[-sheets.MARK :] == sheets.MARK_COLOUR).all(axis=(0, 2))
    assert marked.tolist() == [6 <= x < 18 for x in range(24)]
    np.testing.assert_array_equal(strip[: -sheets.MARK], sheets.film(some)[: -sheets.MARK])


def test_films_stand_below_each_other_with_their_titles():
    figure = sheets.show_films([sheets.film(frames())] * 3, ["a", "b", "c"])
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["a", "b", "c"]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_as_many_films_as_titles():
    with pytest.raises(ValueError, match="shorter"):
        sheets.show_films([sheets.film(frames())] * 2, ["a"])


def history(epochs, sweeps):
    return {
        "val_uar": np.linspace(0.2, 0.6, epochs).tolist(),
        "memorised": np.linspace(0.1, 0.3, len(sweeps)).tolist(),
        "sweep_epochs": sweeps,
    }


def test_histories_by_epoch_and_by_sweep():
    told = {"plain": "Plain", "ours": "RDFER (ours)", "plain-matched": "Plain, matched"}
    histories = {
        "plain": history(10, [2, 4]),
        "ours": history(10, [2, 4]),
        "plain-matched": history(12, []),
    }
    figure = sheets.show_histories(histories, told)
    left, right = figure.axes
    drawn = lines_of(left)
    assert set(drawn) == set(told.values())
    np.testing.assert_allclose(drawn["Plain"].get_xdata(), np.arange(1, 11))
    np.testing.assert_allclose(drawn["Plain"].get_ydata()[[0, -1]], [20, 60])
    assert drawn["RDFER (ours)"].get_color() == method_style("ours")[0]
    # without a wrong label there is nothing to memorise
    assert set(lines_of(right)) == {"Plain", "RDFER (ours)"}
    np.testing.assert_allclose(lines_of(right)["Plain"].get_xdata(), [2, 4])


def test_histories_without_known_truth_have_one_picture():
    figure = sheets.show_histories(
        {"plain": history(4, [])}, {"plain": "Plain"}, scored="validation part"
    )
    (axis,) = figure.axes
    assert axis.get_ylabel() == "UAR, validation part, %"


def test_the_style_of_others_is_left_alone():
    before = dict(matplotlib.rcParams)
    sheets.show_films([sheets.film(frames())], ["a"])
    assert dict(matplotlib.rcParams) == before

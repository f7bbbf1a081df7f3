"""Pictures of videos, from made-up frames and probabilities."""

import matplotlib
import numpy as np
import pytest

from rdfer.data.bank import FrameBank
from rdfer.faces.truth import build_manifest, pool_samples
from rdfer.report import video_figures
from rdfer.report.video_figures import (
    FRAMES,
    GIVEN,
    MARK_COLOUR,
    TRUE,
    Timeline,
    draw_timelines,
    example_timelines,
    middle_videos,
)
from tests.bank_sources import sources

CLASSES = ("Calm", "Glad", "Sad")
RNG = np.random.default_rng(0)


def frames(n=4, height=8, width=6):
    return RNG.integers(0, 200, (n, height, width, 3)).astype(np.uint8)


def test_a_film_lays_frames_side_by_side():
    some = frames()
    strip = video_figures.film(some)
    assert strip.shape == (8, 24, 3) and strip.dtype == np.uint8
    for k, frame in enumerate(some):
        np.testing.assert_array_equal(strip[:, 6 * k : 6 * k + 6], frame)


def test_marked_frames_have_a_line_and_the_frames_stay_as_they_were():
    some = frames()
    before = some.copy()
    strip = video_figures.film(some, [False, True, True, False])
    np.testing.assert_array_equal(some, before)
    marked = (strip[-video_figures.MARK :] == video_figures.MARK_COLOUR).all(axis=(0, 2))
    assert marked.tolist() == [6 <= x < 18 for x in range(24)]
    np.testing.assert_array_equal(
        strip[: -video_figures.MARK], video_figures.film(some)[: -video_figures.MARK]
    )


def test_films_stand_below_each_other_with_their_titles():
    figure = video_figures.show_films([video_figures.film(frames())] * 3, ["a", "b", "c"])
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["a", "b", "c"]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_as_many_films_as_titles():
    with pytest.raises(ValueError, match="shorter"):
        video_figures.show_films([video_figures.film(frames())] * 2, ["a"])


def test_the_style_of_others_is_left_alone():
    before = dict(matplotlib.rcParams)
    video_figures.show_films([video_figures.film(frames())], ["a"])
    assert dict(matplotlib.rcParams) == before


def timeline(kind="noisy", *, given=1, true=0, key=(4, 8)):
    """Two sweeps of four clips: all for the true class, then three of four for the given one."""
    first = np.tile([0.9, 0.05, 0.05], (4, 1))
    last = np.array([[0.1, 0.8, 0.1]] * 3 + [[0.6, 0.3, 0.1]])
    return Timeline(
        kind=kind,
        frames=np.full((16, 12, 12, 3), 90, np.uint8),
        key=key,
        sweeps=np.stack([first, last]),
        epochs=[4, 8],
        given=given,
        true=true,
    )


def test_curves_are_the_clips_and_their_mean():
    figure, _ = draw_timelines([timeline()], CLASSES)
    _, axis = figure.axes
    drawn = {line.get_label(): line for line in axis.lines}
    assert np.allclose(drawn["given label"].get_ydata(), [0.05, 0.675])
    assert np.allclose(drawn["true class"].get_ydata(), [0.9, 0.225])
    assert np.allclose(drawn["best other class"].get_ydata(), [0.05, 0.1])
    assert axis.get_xticks().tolist() == [4, 8]
    for colour in (GIVEN, TRUE):
        assert sum(line.get_color() == colour for line in axis.lines) == 4 + 1


def test_the_verdict_names_the_vote_and_the_averaged_gap():
    _, said = draw_timelines([timeline()], CLASSES)
    assert "noisy, labelled Glad, in truth Calm" in said
    assert "3 of 4 clips for Glad" in said
    # over both sweeps: Calm 0.5625, Glad 0.3625
    assert "averaged gap +0.20, against the label" in said
    _, said = draw_timelines([timeline(given=0)], CLASSES)
    assert "averaged gap \N{MINUS SIGN}0.20, for the label" in said


def test_a_right_label_has_no_second_curve():
    figure, said = draw_timelines([timeline("hard", given=0)], CLASSES)
    assert "in truth" not in said
    assert "true class" not in {line.get_label() for line in figure.axes[1].lines}


@pytest.mark.parametrize(("key", "marked"), [((4, 8), 2), (None, 0), ((0, 16), FRAMES)])
def test_the_key_segment_is_marked_in_the_film(key, marked):
    figure, _ = draw_timelines([timeline(key=key)], CLASSES)
    strip = np.asarray(figure.axes[0].images[0].get_array())
    assert strip.shape == (12, 12 * FRAMES, 3)
    low = strip[-1, ::12]
    assert (low == MARK_COLOUR).all(-1).sum() == marked


def test_the_middle_video_of_each_kind_is_shown():
    score = np.array([0.5, 0.1, 0.9, 0.3, 0.7])
    kinds = {
        "odd": np.array([1, 1, 1, 0, 0], bool),
        "even": np.array([0, 0, 0, 1, 1], bool),
        "none": np.zeros(5, bool),
    }
    assert middle_videos(score, kinds) == {"odd": 0, "even": 3}


def test_examples_are_one_of_each_kind_with_their_own_frames(tmp_path):
    manifest = build_manifest(pool_samples("development", 21, 7, 7, frames=16, seed=2), seed=2)
    bank = FrameBank.build(
        tmp_path / "bank", sources([16] * len(manifest)), size=4, frames=16, workers=0
    )
    train = np.arange(21)
    true = manifest.labels()[train]
    given = np.where(train < 7, (true + 1) % 7, true)
    arrays = {
        "train_videos": train,
        "train_true": true,
        "train_given": given,
        "train_hard": (train >= 7) & (train < 14),
        "train_ambiguous": np.zeros(21, bool),
        "sweep_clips": np.random.default_rng(0).dirichlet(np.ones(7), (2, 21, 3)),
        "sweep_epochs": np.array([3, 7]),
    }
    found = {video.kind: video for video in example_timelines(arrays, manifest, bank)}
    assert set(found) == {"clean", "hard", "noisy"}
    assert found["noisy"].given != found["noisy"].true
    assert found["clean"].given == found["clean"].true
    for video in found.values():
        assert video.frames.shape == (16, 4, 4, 3) and video.sweeps.shape == (2, 3, 7)
        assert video.epochs == [3, 7]

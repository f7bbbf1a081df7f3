"""What agreement sees in a video, from made-up frames and probabilities."""

import numpy as np
import pytest

from rdfer.data.bank import FrameBank
from rdfer.faces.truth import build_manifest
from rdfer.report.course_figure import (
    FRAMES,
    GIVEN,
    TRUE,
    Course,
    draw_course,
    example_courses,
    middle_videos,
)
from rdfer.report.sheets import MARK_COLOUR
from tests.bank_sources import sources

CLASSES = ("Calm", "Glad", "Sad")


def course(kind="noisy", *, given=1, true=0, key=(4, 8)):
    """Two sweeps of four clips: all for the true class, then three of four for the given one."""
    first = np.tile([0.9, 0.05, 0.05], (4, 1))
    last = np.array([[0.1, 0.8, 0.1]] * 3 + [[0.6, 0.3, 0.1]])
    return Course(
        kind=kind,
        frames=np.full((16, 12, 12, 3), 90, np.uint8),
        key=key,
        sweeps=np.stack([first, last]),
        epochs=[4, 8],
        given=given,
        true=true,
    )


def test_curves_are_the_clips_and_their_mean():
    figure, _ = draw_course([course()], CLASSES)
    _, axis = figure.axes
    drawn = {line.get_label(): line for line in axis.lines}
    assert np.allclose(drawn["given label"].get_ydata(), [0.05, 0.675])
    assert np.allclose(drawn["true class"].get_ydata(), [0.9, 0.225])
    assert np.allclose(drawn["best other class"].get_ydata(), [0.05, 0.1])
    assert axis.get_xticks().tolist() == [4, 8]
    for colour in (GIVEN, TRUE):
        assert sum(line.get_color() == colour for line in axis.lines) == 4 + 1


def test_the_verdict_names_the_vote_and_the_averaged_gap():
    _, said = draw_course([course()], CLASSES)
    assert "noisy, labelled Glad, in truth Calm" in said
    assert "3 of 4 clips for Glad" in said
    # over both sweeps: Calm 0.5625, Glad 0.3625
    assert "averaged gap +0.20, against the label" in said
    _, said = draw_course([course(given=0)], CLASSES)
    assert "averaged gap \N{MINUS SIGN}0.20, for the label" in said


def test_a_right_label_has_no_second_curve():
    figure, said = draw_course([course("hard", given=0)], CLASSES)
    assert "in truth" not in said
    assert "true class" not in {line.get_label() for line in figure.axes[1].lines}


@pytest.mark.parametrize(("key", "marked"), [((4, 8), 2), (None, 0), ((0, 16), FRAMES)])
def test_the_key_segment_is_marked_in_the_film(key, marked):
    figure, _ = draw_course([course(key=key)], CLASSES)
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
    manifest = build_manifest("development", 21, 7, 7, frames=16, seed=2)
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
    found = {course.kind: course for course in example_courses(arrays, manifest, bank)}
    assert set(found) == {"clean", "hard", "noisy"}
    assert found["noisy"].given != found["noisy"].true
    assert found["clean"].given == found["clean"].true
    for course in found.values():
        assert course.frames.shape == (16, 4, 4, 3) and course.sweeps.shape == (2, 3, 7)
        assert course.epochs == [3, 7]

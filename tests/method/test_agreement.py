"""Tests of the agreement scores: by hand, against SciPy, and by their symmetries."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from rdfer.base.errors import UserError
from rdfer.method import agreement
from rdfer.method.agreement import (
    clip_loss,
    contrary,
    gap,
    jensen_shannon,
    max_mean_softmax,
    mean_margin,
    noise_scores,
    running_mean,
    vote,
    wrong_vote,
)

LABEL_FREE = (max_mean_softmax, jensen_shannon, mean_margin, lambda p: vote(p)[0])
LABELLED = (gap, contrary, clip_loss)


def softmaxes(seed: int, videos: int, clips: int, classes: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.5), size=(videos, clips))


SIZES = {
    "seed": st.integers(0, 10_000),
    "videos": st.integers(1, 5),
    "clips": st.integers(2, 10),
    "classes": st.integers(2, 8),
}


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(agreement).failed == 0


def test_by_hand() -> None:
    # three clips, three classes; means are 0.4, 0.4 (a hair less) and 0.2
    p = [[[0.70, 0.20, 0.10], [0.35, 0.41, 0.24], [0.15, 0.58, 0.27]]]
    share, majority = vote(p)
    assert share[0] == pytest.approx(2 / 3) and majority[0] == 1
    assert max_mean_softmax(p)[0] == pytest.approx(1.2 / 3)
    # class 0 has mean 1.20/3, class 1 has 1.19/3: margins 0.50, -0.06, -0.43
    assert mean_margin(p)[0] == pytest.approx(0.01 / 3)
    assert gap(p, [2])[0] == pytest.approx((1.20 - 0.61) / 3)
    assert gap(p, [0])[0] == 0
    assert contrary(p, [0])[0] == pytest.approx(-0.01 / 3)
    assert clip_loss(p, [2])[0] == pytest.approx(-np.log(0.61 / 3))


@settings(max_examples=80, deadline=None)
@given(**SIZES)
def test_vote_against_scipy_mode(seed: int, videos: int, clips: int, classes: int) -> None:
    p = softmaxes(seed, videos, clips, classes)
    share, majority = vote(p)
    mode = stats.mode(p.argmax(2), axis=1)
    assert share == pytest.approx(mode.count / clips)
    for v in range(videos):
        counts = np.bincount(p[v].argmax(1), minlength=classes)
        assert counts[majority[v]] == counts.max()
        if (counts == counts.max()).sum() == 1:
            assert majority[v] == mode.mode[v]


@settings(max_examples=80, deadline=None)
@given(seed=SIZES["seed"], videos=SIZES["videos"], classes=SIZES["classes"])
def test_jensen_shannon_of_two_clips_against_scipy(seed: int, videos: int, classes: int) -> None:
    p = softmaxes(seed, videos, 2, classes)
    expected = jensenshannon(p[:, 0], p[:, 1], base=2, axis=1) ** 2
    assert jensen_shannon(p) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_jensen_shannon_against_mean_relative_entropy(
    seed: int, videos: int, clips: int, classes: int
) -> None:
    p = softmaxes(seed, videos, clips, classes)
    divergence = stats.entropy(p, p.mean(1, keepdims=True), axis=2).mean(1)
    expected = divergence / np.log(min(clips, classes))
    assert jensen_shannon(p) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_order_of_clips_means_nothing(seed: int, videos: int, clips: int, classes: int) -> None:
    p = softmaxes(seed, videos, clips, classes)
    rng = np.random.default_rng(seed)
    shuffled = p[:, rng.permutation(clips)]
    given_labels = rng.integers(0, classes, videos)
    for score in LABEL_FREE:
        assert score(shuffled) == pytest.approx(score(p), abs=1e-12)
    for labelled in LABELLED:
        assert labelled(shuffled, given_labels) == pytest.approx(labelled(p, given_labels))
    assert np.array_equal(vote(shuffled)[1], vote(p)[1])


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_names_of_classes_mean_nothing(seed: int, videos: int, clips: int, classes: int) -> None:
    p = softmaxes(seed, videos, clips, classes)
    rng = np.random.default_rng(seed)
    order = rng.permutation(classes)
    renamed = p[..., order]  # class order[i] is now class i
    given_labels = rng.integers(0, classes, videos)
    for score in LABEL_FREE:
        assert score(renamed) == pytest.approx(score(p), abs=1e-12)
    for labelled in LABELLED:
        assert labelled(renamed, np.argsort(order)[given_labels]) == pytest.approx(
            labelled(p, given_labels)
        )
    # ties of the vote too go by probability, not by index
    assert np.array_equal(order[vote(renamed)[1]], vote(p)[1])


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_ranges(seed: int, videos: int, clips: int, classes: int) -> None:
    p = softmaxes(seed, videos, clips, classes)
    y = np.random.default_rng(seed).integers(0, classes, videos)
    share = vote(p)[0]
    assert ((share >= 1 / clips) & (share <= 1)).all()
    assert (max_mean_softmax(p) >= 1 / classes - 1e-12).all()
    assert ((jensen_shannon(p) >= 0) & (jensen_shannon(p) <= 1)).all()
    assert (np.abs(mean_margin(p)) <= 1).all()
    assert ((gap(p, y) >= 0) & (gap(p, y) <= 1)).all()
    assert gap(p, y) == pytest.approx(np.maximum(contrary(p, y), 0))
    assert (clip_loss(p, y) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(**SIZES)
def test_equal_clips_agree(seed: int, videos: int, clips: int, classes: int) -> None:
    one = softmaxes(seed, videos, 1, classes)
    p = np.repeat(one, clips, 1)
    top = np.sort(one[:, 0], 1)
    assert vote(p)[0].tolist() == [1.0] * videos
    assert jensen_shannon(p) == pytest.approx(0, abs=1e-9)
    assert max_mean_softmax(p) == pytest.approx(top[:, -1])
    assert mean_margin(p) == pytest.approx(top[:, -1] - top[:, -2])


def test_opposite_certain_clips_disagree_in_full() -> None:
    p = np.eye(4)[None]  # four clips, each sure of another class
    assert jensen_shannon(p)[0] == pytest.approx(1)
    assert vote(p)[0][0] == 0.25
    assert mean_margin(p)[0] == pytest.approx((1 - 3) / 4)


def test_a_tied_vote_goes_to_the_surer_class_then_to_the_lower() -> None:
    share, majority = vote([[[0.6, 0.4], [0.1, 0.9]], [[0.7, 0.3], [0.3, 0.7]]])
    assert share.tolist() == [0.5, 0.5]
    assert majority.tolist() == [1, 0]


def test_loss_of_an_impossible_label_is_large_but_finite() -> None:
    loss = clip_loss([[[1.0, 0.0]]], [1])
    assert np.isfinite(loss[0]) and loss[0] > 80


def test_scores_that_need_no_vote_take_one_clip() -> None:
    p = softmaxes(0, 3, 1, 4)
    for score in (max_mean_softmax, mean_margin):
        assert score(p).shape == (3,)
    for labelled in LABELLED:
        assert labelled(p, [0, 1, 2]).shape == (3,)


def test_single_precision_is_fine() -> None:
    p = softmaxes(0, 20, 8, 7)
    y = np.arange(20) % 7
    low, high = noise_scores(p.astype(np.float32), y), noise_scores(p, y)
    for name in high:
        assert low[name] == pytest.approx(high[name], abs=1e-5), name


def test_every_noise_score_rises_with_suspicion() -> None:
    sure = [[0.96, 0.02, 0.02]] * 4
    torn = [[0.96, 0.02, 0.02], [0.02, 0.96, 0.02]] * 2
    scores = noise_scores([sure, sure, torn], [1, 0, 0])
    for name in ("vote", "gap", "contrary", "loss"):
        assert scores[name][0] > scores[name][1], name
    for name in ("scatter", "max_softmax", "jsd", "margin"):
        assert scores[name][2] > scores[name][1], name


def test_wrong_vote_is_0_where_the_label_wins() -> None:
    assert wrong_vote([0.6, 1.0], [2, 2], [2, 1]).tolist() == [0.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), sweeps=st.integers(1, 6), decay=st.floats(0.1, 1.0))
def test_running_mean_against_its_definition(seed: int, sweeps: int, decay: float) -> None:
    values = np.random.default_rng(seed).normal(size=(sweeps, 3, 2))
    means = running_mean(list(values), decay=decay)
    assert means.shape == values.shape
    for k in range(sweeps):
        weights = decay ** np.arange(k, -1, -1.0)
        expected = np.average(values[: k + 1], axis=0, weights=weights)
        assert means[k] == pytest.approx(expected)


def test_running_mean_of_distributions_is_one() -> None:
    means = running_mean(list(softmaxes(0, 4, 5, 3)))
    assert means.sum(-1) == pytest.approx(1)


GOOD = np.full((2, 3, 4), 0.25)


def changed(value: float) -> np.ndarray:
    p = GOOD.copy()
    p[1, 2, 0] = value
    return p


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vote(GOOD[:, :1]), "clips = 1: must be at least 2"),
        (lambda: jensen_shannon(GOOD[:, :1]), "clips = 1"),
        (lambda: gap(GOOD[:, :0], [0, 0]), "clips = 0: must be at least 1"),
        (lambda: vote(GOOD[0]), r"probs of shape \(3, 4\)"),
        (lambda: vote(changed(np.nan)), r"probs\[1, 2, 0\] = nan: must be a probability"),
        (lambda: vote(changed(-0.1)), r"probs\[1, 2, 0\] = -0.1"),
        (lambda: vote(changed(0.5)), r"probs\[1, 2\] sums to 1.25: must sum to 1"),
        (lambda: vote(np.ones((2, 3, 1))), r"C >= 2"),
        (lambda: gap(GOOD, [0, 4]), r"given\[1\] = 4: must be 0 to 3"),
        (lambda: gap(GOOD, [-1, 0]), r"given\[0\] = -1"),
        (lambda: gap(GOOD, [0]), "given of shape"),
        (lambda: gap(GOOD, [0.0, 1.0]), "float64: must be 2 integers"),
        (lambda: running_mean([]), "at least one"),
        (lambda: running_mean([[1.0]], decay=0.0), "decay = 0.0"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()

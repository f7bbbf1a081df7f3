"""Tests of the rivals over views: by hand, by plain loops, by SciPy, and by their symmetries."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.method.agreement import clip_loss, contrary, noise_scores
from rdfer.studies.rivals import (
    augmentation_disagreement,
    confident_learning,
    dropout_agreement,
)

SIZES = {
    "seed": st.integers(0, 10_000),
    "samples": st.integers(1, 5),
    "views": st.integers(2, 6),
    "classes": st.integers(2, 7),
}
PROPERTY = settings(max_examples=50, deadline=None)


def draw(seed: int, samples: int, views: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(classes, 2.0), size=(samples, views))
    return probs, rng.integers(0, classes, samples)


def labelled(p: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    return {**confident_learning(p, y), "dropout": dropout_agreement(p, y)}


@PROPERTY
@given(**SIZES)
def test_confident_learning_against_plain_loops(seed, samples, views, classes):
    p, y = draw(seed, samples, views, classes)
    scores = confident_learning(p, y)
    for v in range(samples):
        mean = [sum(float(p[v, i, c]) for i in range(views)) / views for c in range(classes)]
        own = mean[y[v]]
        other = max(mean[c] for c in range(classes) if c != y[v])
        entropy = -sum(x * math.log(x) for x in mean if x) / math.log(classes)
        assert scores["self_confidence"][v] == pytest.approx(1 - own, abs=1e-4)
        assert scores["normalized_margin"][v] == pytest.approx((1 - own + other) / 2, abs=1e-4)
        quality = math.log1p(entropy / own) / (entropy / own)
        assert scores["weighted_entropy"][v] == pytest.approx(1 - quality, abs=1e-3)


def test_confident_learning_by_hand():
    # two clips of mean (0.6, 0.3, 0.1); normalised entropy is 0.8173
    scores = confident_learning([[[0.8, 0.1, 0.1], [0.4, 0.5, 0.1]]] * 2, [0, 2])
    assert scores["self_confidence"] == pytest.approx([0.4, 0.9], abs=1e-5)
    assert scores["normalized_margin"] == pytest.approx([0.35, 0.75], abs=1e-5)
    expected = [1 - math.log1p(x) / x for x in (0.8173 / 0.6, 0.8173 / 0.1)]
    assert scores["weighted_entropy"] == pytest.approx(expected, abs=1e-4)


def test_confident_learning_takes_certain_predictions():
    certain = np.array([[[1.0, 0.0, 0.0]]] * 2)
    scores = confident_learning(certain, [0, 1])
    for name, score in scores.items():
        assert score[0] < 1e-3 and score[1] > 0.8, name


def test_confident_learning_takes_half_precision():
    # these sum to a little more than 1
    p = np.array([[[1.0, 4e-4, 4e-4]]], np.float16)
    for score in confident_learning(p, [0]).values():
        assert 0 <= score[0] <= 0.01


@PROPERTY
@given(**SIZES)
def test_confident_learning_orders_as_the_scores_of_the_mean_softmax(seed, samples, views, classes):
    p, y = draw(seed, samples, views, classes)
    scores = confident_learning(p, y)
    expected = 1 - np.exp(-clip_loss(p, y))
    assert scores["self_confidence"] == pytest.approx(expected, abs=1e-4)
    assert scores["normalized_margin"] == pytest.approx((1 + contrary(p, y)) / 2, abs=1e-4)


def test_without_cleanlab_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.rank", None)
    with pytest.raises(UserError, match=r"cleanlab: not installed; install rdfer\[rivals\]$"):
        confident_learning([[[0.5, 0.5]]], [0])


@PROPERTY
@given(**SIZES)
def test_dropout_passes_score_as_clips_do(seed, samples, views, classes):
    p, y = draw(seed, samples, views, classes)
    assert dropout_agreement(p, y).tolist() == noise_scores(p, y)["gap"].tolist()


def test_dropout_by_hand():
    passes = [[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.2, 0.2, 0.6]]
    assert dropout_agreement([passes], [2]) == pytest.approx([0.1])


@PROPERTY
@given(**SIZES)
def test_augmentation_against_scipy(seed, samples, views, classes):
    p, _ = draw(seed, samples, 3, classes)
    q, _ = draw(seed + 1, samples, views, classes)
    found = augmentation_disagreement(p, q)
    for v in range(samples):
        expected = np.mean([stats.entropy(p[v].mean(0), q[v, i]) for i in range(views)])
        assert found[v] == pytest.approx(expected, abs=1e-9)


def test_augmentation_by_hand():
    half, third = [0.5, 0.5, 0.0], [1 / 3] * 3
    found = augmentation_disagreement([[half], [third]], [[half, third], [third, third]])
    assert found == pytest.approx([math.log(1.5) / 2, 0])
    # what the copy rules out weighs much, but not infinitely
    ruled_out = augmentation_disagreement([[half]], [[[1.0, 0.0, 0.0]]])
    assert 40 < ruled_out[0] < 50


@PROPERTY
@given(**SIZES)
def test_order_of_samples_and_of_views_means_nothing(seed, samples, views, classes):
    p, y = draw(seed, samples, views, classes)
    rng = np.random.default_rng(seed)
    order, shuffled = rng.permutation(samples), p[:, rng.permutation(views)]
    before, after, turned = labelled(p, y), labelled(p[order], y[order]), labelled(shuffled, y)
    for name, score in before.items():
        assert after[name] == pytest.approx(score[order]), name
        assert turned[name] == pytest.approx(score, abs=1e-9), name
    disagreement = augmentation_disagreement(p, p)
    assert augmentation_disagreement(p[order], p[order]) == pytest.approx(disagreement[order])
    assert augmentation_disagreement(p, shuffled) == pytest.approx(disagreement, abs=1e-9)


@PROPERTY
@given(**SIZES)
def test_names_of_classes_mean_nothing(seed, samples, views, classes):
    p, y = draw(seed, samples, views, classes)
    order = np.random.default_rng(seed).permutation(classes)
    before, renamed = labelled(p, y), labelled(p[..., order], np.argsort(order)[y])
    for name, score in before.items():
        assert renamed[name] == pytest.approx(score, abs=1e-9), name
    assert augmentation_disagreement(p[..., order], p[..., order]) == pytest.approx(
        augmentation_disagreement(p, p), abs=1e-9
    )


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_samples_that_are_all_alike_score_alike(classes):
    p, y = np.full((5, 2, classes), 1 / classes), np.arange(5) % classes
    for name, score in labelled(p, y).items():
        assert np.ptp(score) == pytest.approx(0), name
    assert dropout_agreement(p, y) == pytest.approx(0)
    assert confident_learning(p, y)["normalized_margin"] == pytest.approx(0.5)
    assert augmentation_disagreement(p, p).tolist() == [0] * 5


GOOD = np.full((2, 3, 4), 0.25)
Y = [0, 3]


def changed(value: float) -> np.ndarray:
    p = GOOD.copy()
    p[1, 2, 0] = value
    return p


@pytest.mark.parametrize("score", [confident_learning, dropout_agreement])
@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (GOOD[0], Y, r"probs of shape \(3, 4\)"),
        (changed(np.nan), Y, r"probs\[1, 2, 0\] = nan: must be a probability"),
        (changed(0.5), Y, r"probs\[1, 2\] sums to 1.25: must sum to 1"),
        (GOOD, [0, 4], r"given\[1\] = 4: must be 0 to 3"),
        (GOOD, [0], "given of shape"),
        (GOOD, [0.0, 1.0], "float64: must be 2 integers"),
    ],
)
def test_bad_input(score, values, labels, message):
    with pytest.raises(UserError, match=message):
        score(values, labels)


@pytest.mark.parametrize(
    ("probs", "augmented", "message"),
    [
        (GOOD, changed(0.5), "sums to 1.25"),
        (changed(np.nan), GOOD, "must be a probability"),
        (GOOD, GOOD[:1], r"augmented of shape \(1, 3, 4\): must have the 2 samples and 4 classes"),
        (GOOD, np.full((2, 3, 2), 0.5), "and 4 classes of probs"),
        (GOOD, GOOD[:, :0], "clips = 0"),
    ],
)
def test_bad_copies(probs, augmented, message):
    with pytest.raises(UserError, match=message):
        augmentation_disagreement(probs, augmented)


def test_one_pass_is_no_agreement():
    with pytest.raises(UserError, match="passes = 1: must be at least 2"):
        dropout_agreement(GOOD[:, :1], Y)

"""Tests of the measures, against scikit-learn and by hand."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from rdfer.base.errors import UserError
from rdfer.metrics import detection, recognition
from rdfer.metrics.detection import auprc, auroc, false_negative_rate
from rdfer.metrics.recognition import confusion, ece, per_class_recall, uar, war


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(recognition).failed == 0
    assert doctest.testmod(detection).failed == 0


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 9999), classes=st.integers(2, 8), extra=st.integers(0, 40))
def test_recognition_against_scikit_learn(seed: int, classes: int, extra: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.concatenate([np.arange(classes), rng.integers(0, classes, extra)]))
    p = rng.integers(0, classes, y.size)
    every = list(range(classes))
    assert np.array_equal(
        confusion(y, p, classes=classes), metrics.confusion_matrix(y, p, labels=every)
    )
    recalls = metrics.recall_score(y, p, labels=every, average=None, zero_division=0)
    assert per_class_recall(y, p, classes=classes) == pytest.approx(recalls)
    assert uar(y, p, classes=classes) == pytest.approx(recalls.mean())
    assert war(y, p) == pytest.approx(metrics.accuracy_score(y, p))


def test_uar_is_balanced_accuracy() -> None:
    y, p = [0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 0, 2]
    assert uar(y, p, classes=3) == pytest.approx(metrics.balanced_accuracy_score(y, p))


def test_a_class_that_is_absent_is_an_error() -> None:
    # scikit-learn would average over the two classes that are there
    for measure in (uar, per_class_recall):
        with pytest.raises(UserError, match="class 1 has no sample"):
            measure([0, 2], [0, 2], classes=3)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), size=st.integers(2, 60), levels=st.integers(1, 20))
def test_detection_against_scikit_learn(seed: int, size: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    noisy = rng.permutation(np.arange(size) < rng.integers(1, size))
    score = rng.integers(0, levels, size) / levels  # ties are common
    assert auroc(noisy, score) == pytest.approx(metrics.roc_auc_score(noisy, score))
    assert auprc(noisy, score) == pytest.approx(metrics.average_precision_score(noisy, score))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), size=st.integers(2, 40), data=st.data())
def test_false_negatives_without_ties_by_counting(
    seed: int, size: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    noisy = rng.permutation(np.arange(size) < rng.integers(1, size))
    score = rng.permutation(size).astype(float)
    budget = data.draw(st.integers(1, size))
    flagged = np.argsort(-score)[:budget]
    missed = noisy.sum() - noisy[flagged].sum()
    assert false_negative_rate(noisy, score, budget=budget) == pytest.approx(missed / noisy.sum())


def test_false_negatives_with_ties_are_the_mean_over_orders() -> None:
    noisy = np.array([1, 1, 0, 0, 0, 1], bool)
    score = np.array([3, 2, 2, 2, 1, 0.0])
    rng = np.random.default_rng(0)
    # a tiny random part breaks the ties another way each time
    broken = [
        false_negative_rate(noisy, score + 1e-6 * rng.random(6), budget=3) for _ in range(4000)
    ]
    assert false_negative_rate(noisy, score, budget=3) == pytest.approx(np.mean(broken), abs=0.01)


def test_the_default_budget_is_the_number_of_noisy_samples() -> None:
    noisy, score = [1, 0, 0, 1, 0], [0.9, 0.8, 0.1, 0.7, 0.2]
    assert false_negative_rate(noisy, score) == false_negative_rate(noisy, score, budget=2)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), size=st.integers(1, 60), bins=st.integers(1, 20))
def test_calibration_against_a_loop(seed: int, size: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(4, 0.4), size)
    y = rng.integers(0, 4, size)
    total = 0.0
    for k in range(bins):
        rows = (p.max(1) > k / bins) & (p.max(1) <= (k + 1) / bins)
        if rows.any():
            total += rows.mean() * abs((p.argmax(1) == y)[rows].mean() - p.max(1)[rows].mean())
    assert ece(p, y, bins=bins) == pytest.approx(total)


def test_calibration_of_the_sure_and_right_is_0() -> None:
    assert ece(np.eye(3), [0, 1, 2]) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: confusion([0, 3], [0, 0], classes=3), r"labels\[1\] = 3: must be 0 to 2"),
        (lambda: confusion([0], [-1], classes=3), r"predicted\[0\] = -1"),
        (lambda: confusion([0.0], [0], classes=3), "must be integers"),
        (lambda: war([], []), "must be as many, and some"),
        (lambda: war([0, 1], [0]), "must be as many"),
        (lambda: auroc([1, 1], [0.1, 0.2]), "noisy: 2 of 2; both kinds"),
        (lambda: auroc([0, 1], [0.1, np.nan]), r"score\[1\] = nan"),
        (lambda: auprc([0, 1], [0.1]), "must be as many"),
        (lambda: false_negative_rate([0, 1], [1, 2], budget=3), "budget = 3: must be 1 to 2"),
        (lambda: ece(np.eye(2), [0]), "labels of 1: probs has 2 samples"),
        (lambda: ece(np.eye(2), [0, 1], bins=0), "bins = 0"),
        (lambda: ece(np.eye(2) * np.nan, [0, 1]), "finite"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()

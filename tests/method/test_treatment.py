"""Tests of the partition into clean, hard and noisy, and of what is done about it."""

import doctest
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.method import treatment as mitigation
from rdfer.method.treatment import (
    mixture_probability,
    partition,
    partition_by_score,
    threshold_probability,
    treat,
)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(mitigation).failed == 0


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 999), threshold=st.floats(0.05, 1.0))
def test_partition_against_a_loop(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    share = rng.integers(1, 9, 30) / 8
    majority, labels = rng.integers(0, 3, 30), rng.integers(0, 3, 30)
    paper = partition(share, majority, labels, threshold=threshold)
    rival = partition(share, majority, labels, threshold=threshold, reading="scattered-noisy")
    for v in range(30):
        if share[v] < threshold:
            expected = ("hard", "noisy")
        elif majority[v] == labels[v]:
            expected = ("clean", "clean")
        else:
            expected = ("noisy", "hard")
        assert (paper[v], rival[v]) == expected


def test_a_rounded_share_still_reaches_the_threshold() -> None:
    share = np.mean([0.7, 0.7, 0.7])  # a hair below 0.7
    assert partition([share], [0], [0], threshold=0.7)[0] == "clean"


def test_partition_by_score() -> None:
    parts = partition_by_score([0.5, 0.49, 0.49], [0.2, 0.2, 0.9], threshold=0.9)
    assert parts.tolist() == ["noisy", "hard", "clean"]


def test_a_score_of_0_is_never_noisy() -> None:
    assert threshold_probability([0.0, 1e-6, -1.0], 0.0).tolist() == [0, 1, 0]


@pytest.fixture(scope="module")
def two_heaps() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    noisy = np.arange(1000) < 200
    return noisy, np.where(noisy, rng.normal(2, 0.4, 1000), rng.normal(0.4, 0.3, 1000))


def test_mixture_finds_the_true_posterior(two_heaps: tuple[np.ndarray, np.ndarray]) -> None:
    _, score = two_heaps
    high = 0.2 * stats.norm.pdf(score, 2, 0.4)
    low = 0.8 * stats.norm.pdf(score, 0.4, 0.3)
    inside = (score > 0.4) & (score < 2)
    expected = (high / (high + low))[inside]
    assert np.abs(mixture_probability(score)[inside] - expected).mean() < 0.02


def test_mixture_separates(two_heaps: tuple[np.ndarray, np.ndarray]) -> None:
    noisy, score = two_heaps
    assert ((mixture_probability(score) > 0.5) == noisy).mean() > 0.98


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), size=st.integers(2, 60), wide=st.floats(0.01, 5.0))
def test_mixture_never_falls_as_the_score_rises(seed: int, size: int, wide: float) -> None:
    rng = np.random.default_rng(seed)
    score = np.where(rng.random(size) < 0.3, rng.normal(1, wide, size), rng.normal(0, 0.1, size))
    p = mixture_probability(score)
    assert ((p >= 0) & (p <= 1)).all()
    assert (np.diff(p[np.argsort(score)]) >= -1e-9).all()


def test_mixture_is_repeatable_and_blind_to_units(
    two_heaps: tuple[np.ndarray, np.ndarray],
) -> None:
    _, score = two_heaps
    assert np.array_equal(mixture_probability(score), mixture_probability(score))
    assert mixture_probability(7 * score - 3) == pytest.approx(mixture_probability(score))


def test_mixture_of_equal_scores_finds_nothing() -> None:
    assert mixture_probability([0.3] * 5).tolist() == [0.0] * 5


def test_mixture_takes_many_zeros_without_warning() -> None:
    # gaps are exactly 0 for every sample whose label is predicted
    score = np.concatenate([np.zeros(80), np.linspace(0.5, 0.9, 20)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ((mixture_probability(score) > 0.5) == (score > 0)).all()


PART = np.array(["clean", "hard", "noisy", "noisy"])
ROWS = {
    "given": np.array([0, 1, 2, 0]),
    "majority": np.array([0, 2, 1, 1]),
    "agreement": np.array([1.0, 0.5, 1.0, 0.9]),
    "classes": 3,
}


@pytest.mark.parametrize(
    ("noisy", "weights", "classes"),
    [
        ("keep", [1, 1, 1, 1], [0, 1, 2, 0]),
        ("drop", [1, 1, 0, 0], [0, 1, 2, 0]),
        ("relabel", [1, 1, 1, 1], [0, 1, 1, 1]),
        ("soft", [1, 1, 0, 0], [0, 1, 2, 0]),
    ],
)
def test_treatments(noisy: str, weights: list[float], classes: list[int]) -> None:
    found, targets = treat(PART, **ROWS, noisy=noisy)
    assert found.dtype == targets.dtype == np.float32
    assert found.tolist() == weights
    assert targets.tolist() == np.eye(3)[classes].tolist()


def test_soft_weights_are_1_minus_p_noisy() -> None:
    weights, _ = treat(PART, **ROWS, noisy="soft", p_noisy=[0.1, 0.4, 0.75, 1.0])
    assert weights == pytest.approx([0.9, 0.6, 0.25, 0.0])


def test_reinforcement_is_for_hard_samples_and_joins_the_others() -> None:
    weights, _ = treat(PART, **ROWS, noisy="drop", reinforce=0.6)
    assert weights == pytest.approx([1, 1.3, 0, 0])
    weights, _ = treat(PART, **ROWS, noisy="soft", reinforce=0.6, p_noisy=[0, 0.5, 1, 1])
    assert weights == pytest.approx([1, 0.65, 0, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: partition([1.2], [0], [0]), r"agreement\[0\] = 1.2: must lie in \[0, 1\]"),
        (lambda: partition([1.0], [0], [0], threshold=0.0), "threshold = 0.0"),
        (
            lambda: partition([1.0], [0], [0], reading="paper"),
            "reading = 'paper'",
        ),
        (lambda: partition_by_score([np.nan], [1.0], threshold=1.0), r"p_noisy\[0\] = nan"),
        (lambda: partition([1.0, 1.0], [0], [0, 1]), "majority of shape .* 2 samples"),
        (lambda: partition_by_score([0.1], [1.0, 1.0], threshold=1.0), "p_noisy of 1 values"),
        (lambda: threshold_probability([[1.0]], 0.5), "one number a sample"),
        (lambda: mixture_probability([1.0]), "at least 2"),
        (lambda: mixture_probability([1.0, np.inf]), r"score\[1\] = inf: must be finite"),
        (lambda: treat(PART, **ROWS, noisy="delete"), "noisy = 'delete'"),
        (lambda: treat(PART, **ROWS, reinforce=-1.0), "reinforce = -1.0"),
        (lambda: treat(["odd"] * 4, **ROWS), "part = 'odd'"),
        (lambda: treat(PART[:3], **ROWS), "must be 3 integers"),
        (lambda: treat(PART, **{**ROWS, "given": [0, 1, 2, 3]}), r"given\[3\] = 3"),
        (lambda: treat(PART, **ROWS, noisy="soft", p_noisy=[0.5]), "p_noisy of 1 values"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()

"""Tests of the confidence intervals, against SciPy and by what they must cover."""

import doctest

import numpy as np
import pytest
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.metrics import intervals
from rdfer.metrics.bootstrap import bootstrap_interval
from rdfer.metrics.intervals import mean_interval, paired_interval
from rdfer.metrics.recognition import uar

X = np.array([0.71, 0.74, 0.69, 0.75, 0.72])
Y = np.array([0.68, 0.73, 0.69, 0.70, 0.70])


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(intervals).failed == 0


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_mean_against_scipy(level: float) -> None:
    expected = stats.ttest_1samp(X, 0).confidence_interval(level)
    found = mean_interval(X, level=level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx(X.mean()) and found.n == 5


def test_pairs_against_scipy() -> None:
    expected = stats.ttest_rel(X, Y).confidence_interval()
    found = paired_interval(X, Y)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_pairs_are_antisymmetric() -> None:
    one, other = paired_interval(X, Y), paired_interval(Y, X)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_equal_runs_have_an_interval_of_no_width() -> None:
    assert tuple(mean_interval([0.5, 0.5])) == (0.5, 0.5, 0.5, 2)


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    x = np.random.default_rng(1).normal(size=400)
    found = bootstrap_interval(
        lambda rows: x[rows].mean(),
        size=400,
        generator=np.random.default_rng(2),
        draws=2000,
    )
    half = 1.96 * x.std() / 20
    assert (found.low, found.high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.015)
    assert found.mean == pytest.approx(x.mean()) and found.n == 400


def test_bootstrap_repeats_with_its_generator() -> None:
    def once() -> tuple[float, ...]:
        return bootstrap_interval(
            lambda rows: X[rows].mean(), size=5, generator=np.random.default_rng(7), draws=50
        )

    assert once() == once()


def test_bootstrap_over_people_is_wider_where_their_clips_are_alike() -> None:
    people = np.repeat(np.arange(20), 10)
    x = np.random.default_rng(3).normal(size=20)[people]

    def width(groups: np.ndarray | None) -> float:
        found = bootstrap_interval(
            lambda rows: x[rows].mean(),
            size=200,
            generator=np.random.default_rng(4),
            groups=groups,
            draws=300,
        )
        return found.high - found.low

    assert width(people) > 2 * width(None)


def test_bootstrap_draws_whole_groups() -> None:
    groups = np.array(["b", "a", "b", "c"])
    members = {"a": [1], "b": [0, 2], "c": [3]}

    def statistic(rows: np.ndarray) -> float:
        for name, rows_of in members.items():
            counts = [int((rows == r).sum()) for r in rows_of]
            assert len(set(counts)) == 1, name
        return float(len(rows))

    bootstrap_interval(
        statistic, size=4, generator=np.random.default_rng(0), groups=groups, draws=50
    )


def test_bootstrap_draws_again_where_a_class_is_missing() -> None:
    y = np.array([0, 0, 1, 1])
    found = bootstrap_interval(
        lambda rows: uar(y[rows], y[rows], classes=2),
        size=4,
        generator=np.random.default_rng(0),
        draws=100,
    )
    assert tuple(found) == (1.0, 1.0, 1.0, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([0.5]), "values of 1 runs: an interval needs at least 2"),
        (lambda: paired_interval([0.5], [0.4]), "at least 2"),
        (lambda: paired_interval([0.5, 0.6], [0.4]), "a of 2 runs, b of 1"),
        (lambda: mean_interval([0.5, np.nan]), r"values\[1\] = nan"),
        (lambda: mean_interval([0.5, 0.6], level=95), "level = 95"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


def test_bootstrap_refuses_what_it_cannot_draw() -> None:
    def absent(rows: np.ndarray) -> float:
        raise UserError("no such class")

    rng = np.random.default_rng(0)
    with pytest.raises(UserError, match="exists on only 0 resamples"):
        bootstrap_interval(absent, size=3, generator=rng, draws=5)
    with pytest.raises(UserError, match="groups = 1"):
        bootstrap_interval(lambda rows: 0.0, size=3, generator=rng, groups=[1, 1, 1])
    with pytest.raises(UserError, match="groups of shape"):
        bootstrap_interval(lambda rows: 0.0, size=3, generator=rng, groups=[1, 2])

"""The bootstrap over seeds and identities."""

import doctest
from itertools import pairwise

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.metrics import bootstrap
from rdfer.metrics.bootstrap import replicates
from rdfer.metrics.recognition import uar

SEEDS, PEOPLE, EACH = 6, 30, 4
LABELS = np.tile([0, 1], PEOPLE * EACH // 2)
WHO = np.repeat(np.arange(PEOPLE), EACH)


def rng(seed=0):
    return np.random.default_rng(seed)


def right(rate, seed):
    return rng(seed).random((SEEDS, LABELS.size)) < rate


def test_examples_in_the_docstrings():
    assert doctest.testmod(bootstrap).failed == 0


def test_every_resample_of_the_smallest_table():
    # two seeds, two people: each of 9 outcomes has the chance of its draws
    x = np.array([[0.0, 1.0], [10.0, 11.0]])
    found = replicates(
        [lambda rows, s=s: x[s, rows].mean() for s in range(2)],
        [["a", "b"]] * 2,
        generator=rng(),
        draws=8000,
    )
    values, counts = np.unique(found, return_counts=True)
    seeds, people = (0, 5, 10), (0, 0.5, 1)
    assert values.tolist() == [s + p for s in seeds for p in people]
    expected = np.outer([1, 2, 1], [1, 2, 1]).ravel() / 16
    assert counts / 8000 == pytest.approx(expected, abs=0.02)


def gain(a, b, labels):
    """UAR of the first less UAR of the second, a function of rows for each seed."""

    def statistic(s):
        def difference(rows):
            y = labels[rows]
            one, other = (uar(y, np.where(x[s, rows], y, 1 - y), classes=2) for x in (a, b))
            return one - other

        return difference

    return [statistic(s) for s in range(len(a))]


def test_both_seeds_and_people_widen_it():
    people = rng(5).normal(size=PEOPLE)[WHO]
    seeds = rng(6).normal(size=(SEEDS, 1))
    spread = {}
    for name, x in {
        "people": np.broadcast_to(people, (SEEDS, people.size)),
        "seeds": np.broadcast_to(seeds, (SEEDS, people.size)),
        "both": people + seeds,
    }.items():
        found = replicates(
            [lambda rows, s=s, x=x: x[s, rows].mean() for s in range(SEEDS)],
            [WHO] * SEEDS,
            generator=rng(7),
            draws=1500,
        )
        spread[name] = found.std()
    each = people[::EACH].std() / np.sqrt(PEOPLE)
    assert spread["people"] == pytest.approx(each, rel=0.1)
    assert spread["seeds"] == pytest.approx(seeds.std() / np.sqrt(SEEDS), rel=0.1)
    assert spread["both"] == pytest.approx(np.hypot(spread["people"], spread["seeds"]), rel=0.1)


def test_an_interval_covers_the_truth_about_as_often_as_said():
    draw = rng(11)
    missed = 0
    for _ in range(100):
        seeds, people = draw.normal(0, 1, (12, 1)), draw.normal(0, 1, (1, 40))
        x = seeds + people + draw.normal(0, 1, (12, 40))
        found = replicates(
            [lambda rows, s=s, x=x: x[s, rows].mean() for s in range(12)],
            [np.arange(40)] * 12,
            generator=draw,
            draws=120,
        )
        low, high = np.quantile(found, (0.05, 0.95))
        missed += not low <= 0 <= high
    assert missed <= 22  # of 10 expected: percentiles over 12 seeds are narrow


def test_seeds_with_other_videos_share_their_people():
    names = [np.array(["a", "b", "b"]), np.array(["b", "c"])]
    seen = []

    def statistic(s):
        def count(rows):
            seen.append((s, int((names[s][rows] == "b").sum())))
            return 0.0

        return count

    replicates([statistic(0), statistic(1)], names, generator=rng(), draws=60)
    both = [(x, y) for (s, x), (t, y) in pairwise(seen) if (s, t) == (0, 1)]
    assert sum(x == 2 * y for x, y in both) > len(both) * 0.7  # the rest are of two resamples


def test_it_repeats_with_its_generator_and_draws_absent_classes_again():
    y = np.array([0, 1, 0, 1])
    ok = np.ones((2, 4), bool)
    found = replicates(gain(ok, ~ok, y), [range(4)] * 2, generator=rng(), draws=40)
    assert (found == 1).all()
    statistics = gain(right(0.8, 1), right(0.7, 2), LABELS)
    one, other = (
        replicates(statistics, [WHO] * SEEDS, generator=rng(4), draws=20) for _ in range(2)
    )
    assert (one == other).all() and np.ptp(one) > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: replicates([len], [[0, 1]], generator=rng()), "seeds = 1"),
        (lambda: replicates([len] * 2, [[3, 3]] * 2, generator=rng()), "identities = 1"),
        (
            lambda: replicates([lambda rows: np.nan] * 2, [[0, 1]] * 2, generator=rng(), draws=5),
            "not finite",
        ),
        (lambda: replicates([], [], generator=rng()), "seeds = 0"),
        (lambda: replicates([len], [[0], [1]], generator=rng()), "statistics of 1 seeds"),
        (lambda: replicates([len] * 2, [[0, 1]] * 2, generator=rng(), draws=0), "draws = 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_a_statistic_that_never_exists():
    def absent(rows):
        raise UserError("no such class")

    with pytest.raises(UserError, match="exists on only 0 resamples"):
        replicates([absent] * 2, [[0, 1]] * 2, generator=rng(), draws=3)

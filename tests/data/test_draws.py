"""Tests of the integer draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.data.draws import Draws


def test_golden_draws() -> None:
    draws = Draws("golden", 7)
    assert [draws.below(1000) for _ in range(6)] == [535, 279, 727, 126, 42, 705]


def test_words_are_told_apart() -> None:
    words = [("a", 1), ("a", "1"), ("a1",), (1, "a"), ("a", 1, 0)]
    assert len({Draws(*w).raw() for w in words}) == len(words)


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(0, 2**40))
def test_between_holds_its_bounds(low: int, span: int, seed: int) -> None:
    assert low <= Draws(seed).between(low, low + span) <= low + span


def test_below_is_uniform() -> None:
    draws = Draws("uniform")
    counts = [0] * 6
    for _ in range(6000):
        counts[draws.below(6)] += 1
    # chi-square with 5 degrees of freedom: 20.5 is the 0.999 quantile
    assert sum((c - 1000) ** 2 / 1000 for c in counts) < 20.5


def test_below_refuses_nothing_to_draw_from() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Draws(0).below(0)


def test_chance_bounds() -> None:
    draws = Draws("chance")
    assert not any(draws.chance(0) for _ in range(50))
    assert all(draws.chance(1000) for _ in range(50))


@given(st.lists(st.integers(), max_size=30), st.integers(0, 99))
def test_shuffle_keeps_the_items(items: list[int], seed: int) -> None:
    before = list(items)
    assert sorted(Draws(seed).shuffle(items)) == sorted(items)
    assert items == before


@given(st.lists(st.integers(0, 9), min_size=1).filter(any), st.integers(0, 99))
def test_weighted_never_picks_weight_zero(weights: list[int], seed: int) -> None:
    assert weights[Draws(seed).weighted(weights)] > 0

"""Tests of the oracle: the label can be read from the true tracks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rdfer.faces.facts import oracle_accuracy
from rdfer.faces.oracle import classify, opening, predict
from rdfer.faces.recipes import RECIPES
from rdfer.faces.sample import Action, Sample, frame_times
from rdfer.faces.scenario import make_split


def test_reaches_what_the_benchmark_promises(samples: tuple[Sample, ...]) -> None:
    confirmation = make_split("confirmation", "test", 280, seed=5)
    for part in (samples, confirmation):
        scores = oracle_accuracy(part)
        assert scores["overall"] >= 0.95
        assert scores["hard"] >= 0.90
        assert min(scores.values()) >= 0.90


def test_flag_is_the_miss(samples: tuple[Sample, ...]) -> None:
    for sample in samples[:40]:
        assert sample.ambiguous == (predict(sample) != sample.label)


def test_reads_pure_recipes() -> None:
    for recipe in RECIPES:
        if recipe.lookalike:
            continue
        action = Action(recipe.label, recipe.name, 300, 400, 900, 400, 1000)
        level = action.level(frame_times(64))
        assert classify(level[:, None] * recipe.weights() // 1000) == recipe.label
        assert classify(level[:, None] * recipe.weights() * 3 // 10_000) == recipe.label


def test_rest_is_neutral() -> None:
    assert classify(np.zeros((64, 52), np.int64)) == "Neutral"


def test_opening_removes_what_is_short() -> None:
    track = np.array([[0, 5, 5, 0, 7, 7, 7, 7, 0, 0]]).T
    np.testing.assert_array_equal(opening(track, 3).T, [[0, 0, 0, 0, 7, 7, 7, 7, 0, 0]])


@given(st.lists(st.integers(0, 1000), min_size=8, max_size=40), st.integers(1, 6))
def test_opening_is_below_and_idempotent(values: list[int], window: int) -> None:
    track = np.array(values)[:, None]
    once = opening(track, window)
    assert (once <= track).all()
    np.testing.assert_array_equal(opening(once, window), once)

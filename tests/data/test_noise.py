"""Tests of the label noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.data.noise import CONFUSABLE, KINDS, given_labels, stratify

label_lists = st.lists(st.integers(0, 6), max_size=80)


@settings(max_examples=150, deadline=None)
@given(label_lists, st.sampled_from(KINDS), st.floats(0, 0.95), st.integers(0, 1000))
def test_exact_count_and_never_the_own_class(
    labels: list[int], kind: str, rate: float, seed: int
) -> None:
    true = np.array(labels, dtype=np.int64)
    difficulty = (true * 137) % 1001
    noisy = given_labels(true, kind, rate, seed, difficulty)
    flipped = noisy != true
    assert flipped.sum() == round(rate * len(true))
    # flips follow the class sizes to within one
    for c in range(7):
        share = rate * (true == c).sum()
        assert abs(flipped[true == c].sum() - share) < 2
    if kind != "symmetric":
        for t, g in zip(true[flipped], noisy[flipped], strict=True):
            assert CONFUSABLE[CLASSES[t]] == CLASSES[g]
    np.testing.assert_array_equal(noisy, given_labels(true, kind, rate, seed, difficulty))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.data())
def test_stratify(sizes: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(sizes)))
    quotas = stratify(sizes, total)
    assert sum(quotas) == total
    assert all(0 <= q <= s for q, s in zip(quotas, sizes, strict=True))
    for q, s in zip(quotas, sizes, strict=True):
        assert abs(q - s * total / max(1, sum(sizes))) < 1 + 1e-9


def test_symmetric_reaches_every_other_class() -> None:
    true = np.repeat(np.arange(7), 300)
    noisy = given_labels(true, "symmetric", 0.5, 3)
    table = np.zeros((7, 7), int)
    np.add.at(table, (true, noisy), 1)
    assert (np.diag(table) == 150).all()
    assert table[~np.eye(7, dtype=bool)].min() >= 10


def test_instance_noise_prefers_the_difficult() -> None:
    true = np.repeat(np.arange(7), 200)
    difficulty = np.tile(np.repeat([0, 1000], 100), 7)
    noisy = given_labels(true, "instance", 0.2, 5, difficulty)
    hard, easy = (noisy != true)[difficulty == 1000].sum(), (noisy != true)[difficulty == 0].sum()
    assert hard > 4 * easy > 0


def test_seeds_differ() -> None:
    true = np.repeat(np.arange(7), 30)
    a, b = (given_labels(true, "symmetric", 0.3, seed) for seed in (0, 1))
    assert (a != b).any()


@pytest.mark.parametrize(
    ("kind", "rate", "message"),
    [
        ("uniform", 0.1, "noise kind"),
        ("symmetric", 1.0, "noise rate"),
        ("symmetric", -0.1, "noise rate"),
        ("instance", 0.1, "difficulty"),
    ],
)
def test_refuses(kind: str, rate: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        given_labels(np.arange(7), kind, rate, 0)


def test_refuses_labels_out_of_range() -> None:
    with pytest.raises(UserError, match="label"):
        given_labels(np.array([0, 7]), "symmetric", 0.1, 0)

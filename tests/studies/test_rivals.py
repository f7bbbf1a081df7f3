"""Tests of the rivals over epochs: by hand, by plain loops, by the package aum, by symmetries."""

import doctest
import itertools
import math

import numpy as np
import pytest
import torch
from aum import AUMCalculator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.mixture import GaussianMixture

from rdfer.base.errors import UserError
from rdfer.method.treatment import mixture_probability
from rdfer.studies import rivals
from rdfer.studies.rivals import area_under_margin, cartography, el2n, forgetting, small_loss

# on probabilities throughout: they are as good logits as any
SCORES = {
    "small_loss": small_loss,
    "area_under_margin": area_under_margin,
    "confidence": lambda p, y: cartography(p, y)["confidence"],
    "variability": lambda p, y: cartography(p, y)["variability"],
    "forgetting": forgetting,
    "el2n": el2n,
}
EXACT = {name: score for name, score in SCORES.items() if name != "small_loss"}
SIZES = {
    "seed": st.integers(0, 10_000),
    "epochs": st.integers(1, 6),
    "samples": st.integers(2, 6),
    "classes": st.integers(2, 7),
}
PROPERTY = settings(max_examples=50, deadline=None)


def draw(seed: int, epochs: int, samples: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(classes, 0.5), size=(epochs, samples))
    return probs, rng.integers(0, classes, samples)


def test_examples_in_the_docstrings():
    assert doctest.testmod(rivals).failed == 0


def test_by_hand():
    # two epochs, two samples, three classes; both are said to be of class 1
    p = [[[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]], [[0.6, 0.1, 0.3], [0.3, 0.4, 0.3]]]
    y = [1, 1]
    assert area_under_margin(p, y) == pytest.approx([(0.2 + 0.5) / 2, -(0.7 + 0.1) / 2])
    scores = cartography(p, y)
    assert scores["confidence"] == pytest.approx([0.8, 0.4])
    assert scores["variability"] == pytest.approx([0.1, 0.2])
    first = (math.sqrt(0.25 + 0.49 + 0.04) + math.sqrt(0.36 + 0.81 + 0.09)) / 2
    second = (math.sqrt(0.01 + 0.04 + 0.01) + math.sqrt(0.09 + 0.36 + 0.09)) / 2
    assert el2n(p, y) == pytest.approx([first, second])
    assert forgetting(p, y).tolist() == [2, 0]


@PROPERTY
@given(**SIZES)
def test_area_under_margin_against_its_authors(seed, epochs, samples, classes):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=4, size=(epochs, samples, classes))
    y = rng.integers(0, classes, samples)
    calculator = AUMCalculator(save_dir="unused")
    for epoch in logits:
        records = calculator.update(torch.tensor(epoch), torch.tensor(y), list(range(samples)))
    expected = [-records[v].aum for v in range(samples)]
    assert area_under_margin(logits, y) == pytest.approx(expected)


@PROPERTY
@given(**SIZES)
def test_cartography_and_el2n_against_plain_loops(seed, epochs, samples, classes):
    p, y = draw(seed, epochs, samples, classes)
    scores, norms = cartography(p, y), el2n(p, y)
    for v in range(samples):
        own = [float(p[e, v, y[v]]) for e in range(epochs)]
        mean = sum(own) / epochs
        assert scores["confidence"][v] == pytest.approx(1 - mean)
        spread = math.sqrt(sum((x - mean) ** 2 for x in own) / epochs)
        assert scores["variability"][v] == pytest.approx(spread, abs=1e-9)
        lengths = [math.dist(p[e, v], [float(c == y[v]) for c in range(classes)])
                   for e in range(epochs)]  # fmt: skip
        assert norms[v] == pytest.approx(sum(lengths) / epochs)


@PROPERTY
@given(**SIZES)
def test_forgetting_against_plain_loops(seed, epochs, samples, classes):
    p, y = draw(seed, epochs, samples, classes)
    found = forgetting(p, y)
    for v in range(samples):
        right = [int(np.argmax(p[e, v])) == y[v] for e in range(epochs)]
        events = sum(before and not after for before, after in itertools.pairwise(right))
        assert found[v] == (events if any(right) else epochs)
        assert not any(right) or found[v] <= epochs / 2


def test_never_learnt_is_worse_than_forgotten_at_every_turn():
    right, wrong = [0.9, 0.1], [0.1, 0.9]
    p = np.stack([[right, wrong, right], [wrong, wrong, right]] * 3)
    assert forgetting(p, [0, 0, 0]).tolist() == [3, 6, 0]


def two_heaps() -> tuple[np.ndarray, np.ndarray]:
    """One epoch of 90 low and 10 high losses, well apart, as probabilities; labels are 0."""
    rng = np.random.default_rng(0)
    loss = np.concatenate([rng.normal(1.0, 0.1, 90), rng.normal(3.0, 0.3, 10)])
    own = np.exp(-loss)
    return np.stack([own, 1 - own], 1)[None], loss


def test_small_loss_against_the_two_heaps_it_was_drawn_from():
    p, loss = two_heaps()
    low = 0.9 * stats.norm.pdf(loss, 1.0, 0.1)
    high = 0.1 * stats.norm.pdf(loss, 3.0, 0.3)
    assert small_loss(p, np.zeros(100, int)) == pytest.approx(high / (low + high), abs=0.02)


def test_small_loss_between_the_means_against_the_recipe_of_dividemix():
    p, loss = two_heaps()
    x = ((loss - loss.min()) / np.ptp(loss))[:, None]
    mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=0).fit(x)
    means = mixture.means_.ravel()
    expected = mixture.predict_proba(x)[:, means.argmax()]
    between = (x[:, 0] > means.min()) & (x[:, 0] < means.max())
    assert between.sum() > 40
    found = small_loss(p, np.zeros(100, int))
    assert found[between] == pytest.approx(expected[between], abs=0.01)


def test_small_loss_of_one_epoch_is_the_mixture_of_its_losses():
    p, loss = two_heaps()
    assert small_loss(p, np.zeros(100, int)) == pytest.approx(mixture_probability(loss), abs=1e-9)


def test_small_loss_gives_every_epoch_the_same_say():
    p, loss = two_heaps()
    own = np.exp(-loss / 10)  # the same order, on a tenth of the scale
    late = np.stack([own, 1 - own], 1)[None]
    both = small_loss(np.concatenate([p, late]), np.zeros(100, int))
    assert both == pytest.approx(small_loss(p, np.zeros(100, int)), abs=1e-6)


def test_small_loss_takes_an_epoch_without_differences_and_impossible_labels():
    p, _ = two_heaps()
    flat = np.full_like(p, 0.5)
    y = np.zeros(100, int)
    assert small_loss(np.concatenate([p, flat]), y) == pytest.approx(small_loss(p, y), abs=1e-6)
    certain = [[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]
    assert small_loss(certain, [0, 0, 0]) == pytest.approx([0, 1, 0], abs=1e-3)


@PROPERTY
@given(**SIZES)
def test_order_of_samples_means_nothing(seed, epochs, samples, classes):
    p, y = draw(seed, epochs, samples, classes)
    order = np.random.default_rng(seed).permutation(samples)
    for name, score in EXACT.items():
        assert score(p[:, order], y[order]) == pytest.approx(score(p, y)[order]), name


def test_order_of_samples_means_nothing_to_a_mixture():
    p, _ = two_heaps()
    order, y = np.random.default_rng(1).permutation(100), np.zeros(100, int)
    assert small_loss(p[:, order], y) == pytest.approx(small_loss(p, y)[order], abs=1e-3)


@PROPERTY
@given(**SIZES)
def test_names_of_classes_mean_nothing(seed, epochs, samples, classes):
    p, y = draw(seed, epochs, samples, classes)
    order = np.random.default_rng(seed).permutation(classes)
    for name, score in SCORES.items():
        renamed = score(p[..., order], np.argsort(order)[y])
        assert renamed == pytest.approx(score(p, y), abs=1e-9), name


@PROPERTY
@given(seed=SIZES["seed"], samples=SIZES["samples"], classes=SIZES["classes"])
def test_one_epoch(seed, samples, classes):
    p, y = draw(seed, 1, samples, classes)
    right = p[0].argmax(1) == y
    assert forgetting(p, y).tolist() == (~right).astype(float).tolist()
    assert cartography(p, y)["variability"].tolist() == [0.0] * samples
    assert ((area_under_margin(p, y) < 0) == right).all()


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_samples_that_are_all_alike_score_alike(classes):
    # every class ties with every other one: no label is learnt, none stands out
    p, y = np.full((4, 5, classes), 1 / classes), np.arange(5) % classes
    for name, score in SCORES.items():
        assert np.ptp(score(p, y)) == pytest.approx(0), name
    assert small_loss(p, y).tolist() == [0] * 5
    assert area_under_margin(p, y).tolist() == [0] * 5
    assert forgetting(p, y).tolist() == [4] * 5


@PROPERTY
@given(**SIZES)
def test_ranges(seed, epochs, samples, classes):
    p, y = draw(seed, epochs, samples, classes)
    found = {name: score(p, y) for name, score in SCORES.items()}
    for name, values in found.items():
        assert values.shape == (samples,) and values.dtype == np.float64, name
        assert np.isfinite(values).all(), name
    top = {"small_loss": 1, "confidence": 1, "variability": 0.5, "forgetting": epochs,
           "el2n": math.sqrt(2)}  # fmt: skip
    for name, bound in top.items():
        assert ((found[name] >= 0) & (found[name] <= bound + 1e-9)).all(), name


def test_a_label_that_is_never_believed_is_the_most_suspicious():
    p = np.full((5, 3, 3), [0.9, 0.06, 0.04])
    y = [0, 0, 1]
    for name, score in SCORES.items():
        if name != "variability":
            assert score(p, y).argmax() == 2, name


GOOD = np.full((3, 2, 4), 0.25)
Y = [0, 3]


def changed(value: float) -> np.ndarray:
    p = GOOD.copy()
    p[2, 1, 0] = value
    return p


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (GOOD[0], Y, r"of shape \(2, 4\): must be \[epochs, V, C\] with C >= 2"),
        (GOOD[:0], Y, r"of shape \(0, 2, 4\)"),
        (GOOD[:, :0], [], r"of shape \(3, 0, 4\)"),
        (GOOD[..., :1], Y, r"of shape \(3, 2, 1\)"),
        (changed(np.nan), Y, r"\[2, 1, 0\] = nan: must be"),
        (GOOD, [0, 4], r"given\[1\] = 4: must be 0 to 3"),
        (GOOD, [-1, 0], r"given\[0\] = -1"),
        (GOOD, [0], "given of shape"),
        (GOOD, [0.0, 1.0], "float64: must be 2 integers"),
    ],
)
def test_bad_input(name, values, labels, message):
    with pytest.raises(UserError, match=message) as found:
        SCORES[name](values, labels)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["small_loss", "confidence", "variability", "el2n"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.5, r"probs\[2, 1\] sums to 1.25: must sum to 1"),
        (-0.25, r"probs\[2, 1, 0\] = -0.25: must be a probability"),
    ],
)
def test_what_is_no_distribution_is_refused(name, value, message):
    with pytest.raises(UserError, match=message):
        SCORES[name](changed(value), Y)


@pytest.mark.parametrize(
    ("score", "what"), [(area_under_margin, "logits"), (forgetting, "outputs")]
)
def test_logits_must_be_finite(score, what):
    with pytest.raises(UserError, match=rf"{what}\[2, 1, 0\] = inf: must be finite"):
        score(changed(np.inf), Y)


def test_a_mixture_needs_two_samples():
    with pytest.raises(UserError, match="needs at least 2"):
        small_loss(GOOD[:, :1], [0])

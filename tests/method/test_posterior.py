"""Bayes' rule for labels: cases by hand, an independent count, and what must hold always."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.method import agreement
from rdfer.method.treatment import posterior


def test_by_hand():
    # agreeing clips against the label: 0.9 * 0.1 against 0.1 * 0.9; then 0.8 * 0.05 : 0.1 * 0.9
    found = posterior([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1]], [1, 1], wrong=0.1)
    np.testing.assert_allclose(found[0, :2], [0.045 / 0.135, 0.09 / 0.135], atol=1e-4)
    np.testing.assert_allclose(found[1], np.array([0.04, 0.09, 0.005]) / 0.135, atol=1e-6)


def test_it_is_what_counting_says():
    # draw the true class from q, flip a share of labels, and look at those with label 0
    rng = np.random.default_rng(0)
    q, wrong, n = np.array([0.2, 0.5, 0.3]), 0.3, 400_000
    true = rng.choice(3, n, p=q)
    flipped = (true + rng.integers(1, 3, n)) % 3
    labels = np.where(rng.random(n) < wrong, flipped, true)
    counted = np.bincount(true[labels == 0], minlength=3) / (labels == 0).sum()
    np.testing.assert_allclose(posterior([q], [0], wrong=wrong)[0], counted, atol=0.005)


@st.composite
def cases(draw):
    v, c = draw(st.integers(1, 5)), draw(st.integers(2, 5))
    cell = st.floats(0.01, 1)
    raw = np.array(draw(st.lists(cell, min_size=v * c, max_size=v * c))).reshape(v, c)
    labels = draw(st.lists(st.integers(0, c - 1), min_size=v, max_size=v))
    return raw / raw.sum(1, keepdims=True), np.array(labels), draw(st.floats(0, 0.9))


@given(cases(), st.randoms())
def test_rows_are_probabilities_and_classes_have_no_order(case, random):
    q, labels, wrong = case
    found = posterior(q, labels, wrong=wrong)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    order = list(range(q.shape[1]))
    random.shuffle(order)
    moved = posterior(q[:, order], np.argsort(order)[labels], wrong=wrong)
    np.testing.assert_allclose(moved, found[:, order], atol=1e-6)


@given(cases())
def test_of_wrong_labels_the_loss_ranks_as_the_rule_does(case):
    # with q taken as it is, P(label is right) rises with q_y and depends on nothing else
    q, labels, wrong = case
    right = posterior(q, labels, wrong=wrong)[np.arange(len(q)), labels].astype(np.float64)
    loss = agreement.clip_loss(q[:, None], labels)
    order = np.argsort(loss, kind="stable")
    assert (np.diff(right[order]) <= 1e-6).all()


def test_labels_that_are_all_right_stay_and_clips_that_know_nothing_change_nothing():
    q = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_array_equal(posterior(q, [2], wrong=0.0), [[0, 0, 1]])
    flat = posterior(np.full((1, 4), 0.25), [3], wrong=0.2)[0]
    np.testing.assert_allclose(flat, [0.2 / 3, 0.2 / 3, 0.2 / 3, 0.8], atol=1e-6)
    # clips that are sure of another class, with a rounded 0 for the label's, do not forbid it
    assert posterior([[1.0, 0.0]], [1], wrong=0.0)[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("q", "labels", "wrong", "message"),
    [
        ([[0.5, 0.5]], [0], 1.0, r"wrong = 1.0: must lie in \[0, 1\)"),
        ([[1.0]], [0], 0.1, "of 2 classes or more"),
        ([[np.nan, 0.5]], [0], 0.1, "must be probabilities"),
        ([[-0.1, 1.1]], [0], 0.1, "must be probabilities"),
        ([[0.5, 0.5]], [2], 0.1, "2"),
        ([[0.5, 0.5]], [0, 1], 0.1, "2"),
    ],
)
def test_what_is_no_probability_or_label_is_refused(q, labels, wrong, message):
    with pytest.raises(UserError, match=message):
        posterior(q, labels, wrong=wrong)

"""Label quality beside annotators: hand-worked values, and what cannot be measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rdfer.base.errors import UserError
from rdfer.metrics.label_quality import annotator_agreement, quality, spearman

# by annotators' agreement: 1, 0.9, 0.8, 0.7, 0.6, 0.6
VOTES = np.array([[10, 0], [9, 1], [2, 8], [3, 7], [6, 4], [4, 6]])


def measured(scores, votes=VOTES, **options):
    return quality(scores, votes, generator=np.random.default_rng(0), **options)


def test_a_score_that_rises_as_annotators_part_has_the_highest_marks():
    rows = measured({"good": [0.0, 0.1, 0.2, 0.3, 0.4, 0.4], "bad": [5, 4, 3, 2, 1, 1]})
    good, bad = rows
    assert good["spearman"] == pytest.approx(1) and bad["spearman"] == pytest.approx(-1)
    assert good["auroc"] == 1 and bad["auroc"] == 0
    # 0.8 is agreement still: three clips are below it
    assert good["low_consensus"] == 3 and good["n"] == 6


def test_a_limit_that_no_clip_is_below_leaves_no_auroc():
    (row,) = measured({"s": np.arange(6)}, consensus=0.5)
    assert row["auroc"] is None and row["auroc_low"] is None
    assert row["spearman_low"] <= row["spearman"] <= row["spearman_high"]


def test_what_is_equal_everywhere_has_no_correlation_and_no_interval():
    (row,) = measured({"s": np.zeros(6)})
    assert row["spearman"] is None and row["spearman_low"] is None and row["auroc"] == 0.5
    (row,) = measured({"s": np.arange(6)}, votes=np.tile([7, 3], (6, 1)))
    assert row["spearman"] is None and row["auroc"] is None


def test_the_interval_of_few_groups_is_that_of_the_groups():
    (alone,) = measured({"s": [3, 0, 1, 2, 5, 4]})
    (grouped,) = measured({"s": [3, 0, 1, 2, 5, 4]}, groups=["a", "a", "b", "b", "c", "c"])
    assert alone["spearman"] == grouped["spearman"]
    assert alone["spearman_low"] != grouped["spearman_low"]


@given(arrays(np.int64, (5, 3), elements=st.integers(0, 9)))
def test_agreement_is_a_share_or_refused(votes):
    if (votes.sum(1) == 0).any():
        with pytest.raises(UserError, match="has no vote at all"):
            annotator_agreement(votes)
    else:
        share = annotator_agreement(votes)
        assert ((share >= 1 / 3) & (share <= 1)).all()


@pytest.mark.parametrize("votes", [[1, 2], [[0.5, 0.5]], [[-1, 2]]])
def test_other_votes_are_refused(votes):
    with pytest.raises(UserError, match=r"must be counts \[V, C\]"):
        annotator_agreement(votes)


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ([1, 1, 1], [1, 2, 3], "all values are equal"),
        ([1, 2], [1, 2], "3 at least"),
        ([1, 2, 3], [1, 2], "must be as many"),
    ],
)
def test_what_has_no_ranks_is_refused(a, b, told):
    with pytest.raises(UserError, match=told):
        spearman(a, b)

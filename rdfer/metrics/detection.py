"""How well a score finds wrong labels: AUROC, AUPRC, and what a budget of flags finds.

:func:`rank_auroc` and :func:`found_on` are for thousands of resamples, whose rows are repeated or
left out: ranks by SciPy in place of curves.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from rdfer.base.arrays import as_array
from rdfer.base.errors import UserError
from rdfer.metrics.intervals import finite

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Measure: TypeAlias = Callable[[Bools, Floats], float]


def auroc(noisy: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: P(a noisy sample scores above another), ties one half.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.9])
    0.875

    Args:
        noisy: what is to be found, bool ``[V]``; both kinds must be there.
        score: higher is more suspicious, ``[V]``.
    """
    truth, s = _detection(noisy, score)
    return float(roc_auc_score(truth, s))


def auprc(noisy: ArrayLike, score: ArrayLike) -> float:
    """Area under the precision-recall curve as average precision; chance is the share of noisy.

    >>> round(auprc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    truth, s = _detection(noisy, score)
    return float(average_precision_score(truth, s))


def false_negative_rate(noisy: ArrayLike, score: ArrayLike, *, budget: int | None = None) -> float:
    """Share of the noisy samples that are missed when the ``budget`` highest scores are flagged.

    Samples tied at the border are flagged in equal shares: the expectation over a random order,
    so the order of the rows means nothing.

    >>> false_negative_rate([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])  # flags 2, finds 1 of 2
    0.5
    >>> false_negative_rate([1, 0, 1, 0], [0, 0, 0, 0], budget=1)
    0.75

    Args:
        noisy: bool ``[V]``.
        score: ``[V]``.
        budget: how many are flagged, 1 .. V; None: as many as are noisy.
    """
    truth, s = _detection(noisy, score)
    flagged = int(truth.sum()) if budget is None else budget
    if not 1 <= flagged <= s.size:
        raise UserError(f"budget = {flagged}: must be 1 to {s.size}")
    border = np.sort(s)[-flagged]
    above, tied = s > border, s == border
    share = (flagged - above.sum()) / tied.sum()
    found = truth[above].sum() + share * truth[tied].sum()
    return float(1 - found / truth.sum())


def rank_auroc(noisy: Bools, score: Floats) -> float:
    """AUROC by the sum of ranks (Mann and Whitney), ties one half.

    >>> rank_auroc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.4, 0.9]))
    0.875
    """
    positive = int(noisy.sum())
    total = float(rankdata(score)[noisy].sum())
    return (total - positive * (positive + 1) / 2) / (positive * (len(noisy) - positive))


def found_at_budget(noisy: Bools, score: Floats) -> float:
    """Share of the noisy that is found with as many flagged as are noisy."""
    return 1 - false_negative_rate(noisy, score)


MEASURES: Mapping[str, Measure] = {
    "auroc": rank_auroc,
    "auprc": auprc,
    "found at budget": found_at_budget,
}


def found_on(
    measure: Measure, noisy: Bools, score: Floats, inside: Bools, rows: NDArray[np.int64]
) -> float:
    """A measure on those of ``rows`` that lie inside.

    Raises:
        UserError: there are no noisy ones among them, or nothing else.
    """
    drawn = rows[inside[rows]]
    there = noisy[drawn]
    if not there.any() or there.all():
        raise UserError("rows: must hold both noisy and other videos")
    return measure(there, score[drawn])


def _detection(noisy: ArrayLike, score: ArrayLike) -> tuple[Bools, Floats]:
    truth, s = as_array(noisy).astype(bool), finite("score", score)
    if truth.shape != s.shape:
        raise UserError(f"noisy of {truth.size}, score of {s.size}: must be as many")
    if truth.all() or not truth.any():
        raise UserError(f"noisy: {int(truth.sum())} of {truth.size}; both kinds must be there")
    return truth, s

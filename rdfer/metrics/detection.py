"""How well a score finds wrong labels, on any rows of a run, repeated or left out.

The same measures as :mod:`rdfer.metrics.recognition` has, fast enough for thousands of resamples:
ranks by SciPy in place of curves.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from rdfer.base.errors import UserError
from rdfer.metrics.recognition import auprc, false_negative_rate

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Measure: TypeAlias = Callable[[Bools, Floats], float]


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

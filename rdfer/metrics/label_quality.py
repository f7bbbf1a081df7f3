"""Agreement of clips beside that of annotators: label quality where nobody knows the truth.

Some real sets come with the votes that their labels were made of: ten a clip in DFEW, about ten in
CREMA-D. How far the annotators agree is a reference for how far clips do: they should rise
together, and clips that annotators saw differently should be found.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.metrics.bootstrap import bootstrap_ends
from rdfer.metrics.detection import auroc

Floats = NDArray[np.float64]

#: Below this share of votes for the most frequent class annotators do not agree. OURS: DFEW keeps
#: clips from 6 of 10 votes on, so that it has some on either side.
CONSENSUS = 0.8


def annotator_agreement(votes: ArrayLike) -> Floats:
    """Share of the votes that the most frequent class has.

    >>> annotator_agreement([[7, 3, 0], [0, 0, 4]])
    array([0.7, 1. ])

    Args:
        votes: counts, int ``[V, C]``.

    Returns:
        float64 ``[V]`` in [1/C, 1].

    Raises:
        UserError: not such counts, or a clip without a vote.
    """
    v = np.asarray(votes)
    if v.ndim != 2 or v.dtype.kind not in "iu" or (v < 0).any():
        raise UserError(f"votes of shape {v.shape}: must be counts [V, C]")
    total = v.sum(1)
    if (total == 0).any():
        raise UserError(f"votes[{int(np.argmax(total == 0))}]: has no vote at all")
    share: Floats = v.max(1) / total
    return share


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Rank correlation in [-1, 1], ties at their mean rank (scipy).

    >>> round(spearman([1, 2, 3, 4], [10, 20, 40, 30]), 3)
    0.8

    Raises:
        UserError: unequal sizes, fewer than 3, or one of the two is constant.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < 3:
        raise UserError(f"a of shape {x.shape}, b of shape {y.shape}: must be as many, 3 at least")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise UserError("spearman: all values are equal, so they have no ranks")
    return float(stats.spearmanr(x, y).statistic)


def quality(
    scores: Mapping[str, ArrayLike],
    votes: ArrayLike,
    *,
    generator: np.random.Generator,
    groups: ArrayLike | None = None,
    consensus: float = CONSENSUS,
    draws: int = 200,
) -> list[dict[str, Any]]:
    """How well scores of clips go with the agreement of annotators, a row a score.

    Args:
        scores: float ``[V]`` each, higher is more suspicious
            (:func:`rdfer.method.agreement.noise_scores`).
        votes: counts, int ``[V, C]``.
        generator: draws the resamples.
        groups: what is drawn as one, ``[V]``.
        consensus: annotators agree from this share on.
        draws: resamples of the bootstrap.

    Returns:
        ``score``, ``n``, ``low_consensus`` (clips), ``spearman`` of the unsuspicious with the
        annotators' agreement, ``auroc`` of the suspicious for clips of low consensus, each with
        ``_low`` and ``_high``. None where it does not exist: all values are equal, all or no clips
        are of low consensus, or there are too few for an interval.

    Raises:
        UserError: votes that are none.
    """
    agreed = annotator_agreement(votes)
    # a share of exactly the limit may be a hair below it
    doubtful = agreed < consensus - 1e-9
    rows = []
    for name, values in scores.items():
        s = np.asarray(values, np.float64)
        row: dict[str, Any] = {"score": name, "n": len(s), "low_consensus": int(doubtful.sum())}
        for measure, statistic in _measures(s, agreed, doubtful).items():
            ends = (f"{measure}_low", f"{measure}_high")
            try:
                row[measure] = statistic(np.arange(len(s)))
            except UserError:  # all values equal, or all clips of one kind
                row |= dict.fromkeys((measure, *ends))
                continue
            drawn = bootstrap_ends(
                statistic, size=len(s), generator=generator, groups=groups, draws=draws
            )
            row |= dict(zip(ends, drawn, strict=True))
        rows.append(row)
    return rows


def _measures(
    score: Floats, agreed: Floats, doubtful: NDArray[np.bool_]
) -> dict[str, Callable[[NDArray[np.int64]], float]]:
    return {
        "spearman": lambda rows: spearman(-score[rows], agreed[rows]),
        "auroc": lambda rows: auroc(doubtful[rows], score[rows]),
    }

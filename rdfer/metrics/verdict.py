"""The rule by which a family of claims is judged.

A claim compares one thing with one or several others; its effect is the *smallest* of the
differences, since "better than every rival" is true only if it is true of the hardest one. Each
difference is taken seed by seed. With theta_j the true mean of the j-th of J differences, s_j its
standard error over n seeds, and alpha_k the share of error that Holm's procedure leaves to the
claim, the interval of theta = min_j theta_j is

    low  = min_j (d_j - t(1 - alpha_k / 2) s_j)
    high = min_j (d_j + t(1 - alpha_k / (2 J)) s_j),    t with n - 1 degrees of freedom

The lower end needs no adjustment for J: all comparisons must pass (intersection-union test;
Berger, Technometrics 24, 1982). The upper end does: one that fails is enough, and the worst of
several looks bad by chance (Bonferroni). For J = 1 it is the paired t interval.

A claim *holds* where low > margin, *fails* where high < margin, and is *open* otherwise; one that
has no complete evidence is *missing*. These are the decisions of Holm's step-down test (Scand. J.
Statist. 6, 1979) of theta = margin for the claims of one family, with the direction read off
(Shaffer, Ann. Statist. 8, 1980): see :func:`holm_shares`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.metrics.intervals import finite

Floats: TypeAlias = NDArray[np.float64]
Verdict = Literal["holds", "fails", "open", "missing"]

VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "open", "missing")
ALPHA = 0.05  # share of wrong decisions that a whole family may make


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one comparison showed.

    Attributes:
        differences: first minus second, one a seed, ``[n]`` with n >= 2.
        replicates: the mean difference on resamples of seeds and identities
            (:mod:`rdfer.metrics.bootstrap`), ``[B]``; None where there are none.
    """

    differences: ArrayLike
    replicates: ArrayLike | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is known of one claim: its comparisons, all over the same seeds, and its margin."""

    margin: float
    comparisons: Sequence[Evidence]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict and what it rests on; a missing claim has no numbers.

    Attributes:
        verdict: by the t interval alone.
        effect: the smallest of the mean differences.
        low: end of its interval.
        high: end of its interval.
        share: alpha_k; the level of the interval is 1 - share.
        p: two-sided, of effect = margin, not adjusted.
        n: seeds.
        resampled: ends of the bootstrap interval of the same level, over seeds and identities.
    """

    verdict: Verdict
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    share: float | None = None
    p: float | None = None
    n: int = 0
    resampled: tuple[float, float] | None = None


def decide(low: float, high: float, margin: float) -> Verdict:
    """What an interval says about a margin.

    >>> decide(0.012, 0.03, 0.01), decide(-0.02, 0.008, 0.01), decide(0.0, 0.03, 0.01)
    ('holds', 'fails', 'open')
    """
    if low > margin:
        return "holds"
    return "fails" if high < margin else "open"


def holm_shares(p: ArrayLike, *, alpha: float = ALPHA) -> Floats:
    """The share alpha_k that Holm's step-down procedure leaves to each of m hypotheses.

    The k-th smallest p value has alpha / (m - k + 1) as long as every smaller one was below its
    own; from the first that is not, all have the share at which the procedure stopped. So a
    hypothesis is rejected by Holm exactly where p < share, and where the interval of level
    1 - share excludes the margin. Equal p values have equal shares: their order means nothing.

    The intervals agree with the decisions one by one. That all of them cover at once is claimed
    only of the widest, at alpha / m (Guilbaud, Biometrical J. 50, 2008, on what more is possible).

    >>> holm_shares([0.20, 0.010, 0.30], alpha=0.06).round(3)  # 0.01 < 0.06/3; 0.20 > 0.06/2
    array([0.03, 0.02, 0.03])

    Args:
        p: two-sided p values ``[m]``; 1 for a hypothesis without data, which still counts in m.
        alpha: of the family, in (0, 1).

    Raises:
        UserError: no hypothesis, or a number that is no p value.
    """
    values = finite("p", p)
    if not values.size or ((values < 0) | (values > 1)).any():
        raise UserError(f"p of {values.size} values: must be some, each in [0, 1]")
    if not 0 < alpha < 1:
        raise UserError(f"alpha = {alpha!r}: must lie in (0, 1)")
    smaller = (values[None, :] < values[:, None]).sum(1)
    shares: Floats = alpha / (values.size - smaller)
    stopped = values >= shares
    if stopped.any():
        shares = np.minimum(shares, shares[stopped].min())
    return shares


def judge(trials: Mapping[str, Trial | None], *, alpha: float = ALPHA) -> dict[str, Judgement]:
    """Judge the claims of one family.

    Args:
        trials: every claim of the family by its id; None: its evidence is not complete. It is
            ``missing`` and counts in the adjustment as a claim that is not decided.
        alpha: of the family.

    Raises:
        UserError: a comparison of fewer than 2 seeds, of other seeds than its neighbour, or with
            a number that is not finite.
    """
    found = {name: _differences(name, t) for name, t in trials.items() if t is not None}
    p = {
        name: 1.0 if trial is None else _p(found[name], trial.margin)
        for name, trial in trials.items()
    }
    shares = dict(zip(p, holm_shares(list(p.values()), alpha=alpha).tolist(), strict=True))
    return {
        name: Judgement(verdict="missing")
        if trial is None
        else _judgement(name, trial, found[name], p[name], shares[name])
        for name, trial in trials.items()
    }


def _differences(name: str, trial: Trial) -> list[Floats]:
    found = [finite(f"{name}: differences", e.differences) for e in trial.comparisons]
    if not found:
        raise UserError(f"{name}: no comparison; a claim needs at least one")
    sizes = sorted({x.size for x in found})
    if len(sizes) > 1:
        raise UserError(f"{name}: comparisons over {sizes} seeds: must be over the same seeds")
    if sizes[0] < 2:
        raise UserError(f"{name}: {sizes[0]} seeds: a verdict needs at least 2")
    return found


def _p(found: list[Floats], margin: float) -> float:
    """Two-sided p of min_j theta_j = margin; below alpha_k exactly where the interval excludes."""
    tests = [_tails(x - margin) for x in found]
    above = max(upper for upper, _ in tests)
    below = len(tests) * min(lower for _, lower in tests)
    return min(1.0, 2 * min(above, below))


def _tails(x: Floats) -> tuple[float, float]:
    """One-sided p values of a positive and of a negative mean."""
    mean, error = float(x.mean()), float(x.std(ddof=1) / np.sqrt(x.size))
    if error == 0:  # every seed says the same
        return float(mean <= 0), float(mean >= 0)
    t = mean / error
    return float(stats.t.sf(t, x.size - 1)), float(stats.t.cdf(t, x.size - 1))


def _judgement(name: str, trial: Trial, found: list[Floats], p: float, share: float) -> Judgement:
    n, count = found[0].size, len(found)
    means = np.array([x.mean() for x in found])
    errors = np.array([x.std(ddof=1) / np.sqrt(n) for x in found])
    low = float((means - stats.t.isf(share / 2, n - 1) * errors).min())
    high = float((means + stats.t.isf(share / (2 * count), n - 1) * errors).min())
    return Judgement(
        verdict=decide(low, high, trial.margin),
        effect=float(means.min()),
        low=low,
        high=high,
        share=share,
        p=p,
        n=n,
        resampled=_resampled(name, trial, share),
    )


def _resampled(name: str, trial: Trial, share: float) -> tuple[float, float] | None:
    """The same interval from resamples: percentiles in place of t."""
    drawn = [
        finite(f"{name}: replicates", e.replicates)
        for e in trial.comparisons
        if e.replicates is not None
    ]
    if len(drawn) < len(trial.comparisons):
        return None
    tail = share / 2
    low = min(float(np.quantile(x, tail)) for x in drawn)
    high = min(float(np.quantile(x, 1 - tail / len(drawn))) for x in drawn)
    return low, high

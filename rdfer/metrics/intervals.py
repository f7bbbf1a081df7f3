"""Confidence intervals: over seeds by Student's t, over clips or people by the bootstrap."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdfer.base.errors import UserError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Interval(NamedTuple):
    """A mean, the ends of its confidence interval, and from how many values."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    """Student's t interval of the mean of independent runs (one value a seed).

    >>> [round(x, 3) for x in mean_interval([0.70, 0.72, 0.74])]
    [0.72, 0.67, 0.77, 3]

    Raises:
        UserError: fewer than 2 values, one that is not finite, a level outside (0, 1).
    """
    x = finite("values", values)
    _level(level)
    if x.size < 2:
        raise UserError(f"values of {x.size} runs: an interval needs at least 2")
    mean = float(x.mean())
    half = float(stats.t.ppf((1 + level) / 2, x.size - 1) * x.std(ddof=1) / np.sqrt(x.size))
    return Interval(mean, mean - half, mean + half, x.size)


def paired_interval(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Interval:
    """Student's t interval of the mean of ``a - b``, seed by seed: one method over another.

    The same seed draws the same data and noise for both, so their differences vary less than
    their values.

    >>> [round(x, 3) for x in paired_interval([0.74, 0.71, 0.70], [0.70, 0.68, 0.65])]
    [0.04, 0.015, 0.065, 3]

    Raises:
        UserError: unequal numbers of runs, or fewer than 2.
    """
    x, y = finite("a", a), finite("b", b)
    if x.shape != y.shape:
        raise UserError(f"a of {x.size} runs, b of {y.size}: pairs need as many of both")
    return mean_interval(x - y, level=level)


def bootstrap_interval(
    statistic: Callable[[Ints], float],
    *,
    size: int,
    generator: np.random.Generator,
    groups: ArrayLike | None = None,
    draws: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap over clips, or over whole groups of them (identities).

    Clips of one person are not independent: drawing persons keeps that in the interval.

    >>> right = np.array([1, 1, 0, 1])
    >>> rng = np.random.default_rng(0)
    >>> bootstrap_interval(lambda rows: right[rows].mean(), size=4, generator=rng).mean
    0.75

    Args:
        statistic: what is measured on the samples with the given row numbers.
        size: V, number of samples.
        generator: draws the samples.
        groups: group of each sample, ``[V]``; None: each is its own.
        draws: resamples; those on which the statistic raises :class:`UserError` (a class was
            not drawn) are drawn again, at most 10 times as many in all.
        level: in (0, 1).

    Returns:
        ``mean`` is the statistic on all samples, ``n`` the number of groups.

    Raises:
        UserError: fewer than 2 groups, or too few resamples on which the statistic exists.
    """
    _level(level)
    names = np.arange(size) if groups is None else np.asarray(groups)
    if names.shape != (size,):
        raise UserError(f"groups of shape {names.shape}: must be one for each of {size} samples")
    _, code = np.unique(names, return_inverse=True)
    members = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    if len(members) < 2:
        raise UserError(f"groups = {len(members)}: a bootstrap needs at least 2")
    found: list[float] = []
    for _ in range(10 * draws):
        chosen = generator.integers(0, len(members), len(members))
        try:
            found.append(float(statistic(np.concatenate([members[g] for g in chosen]))))
        except UserError:
            continue
        if len(found) == draws:
            break
    if len(found) < draws:
        raise UserError(f"draws = {draws}: the statistic exists on only {len(found)} resamples")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(np.arange(size))), float(low), float(high), len(members))


def finite(name: str, values: ArrayLike) -> Floats:
    """Finite numbers as float64 ``[n]``, or a :class:`UserError` naming the first that is not."""
    x = np.asarray(values, np.float64)
    if x.ndim != 1:
        raise UserError(f"{name} of shape {x.shape}: must be one number each")
    if not np.isfinite(x).all():
        first = int(np.argmax(~np.isfinite(x)))
        raise UserError(f"{name}[{first}] = {x[first]}: must be finite")
    return x


def _level(level: float) -> None:
    if not 0 < level < 1:
        raise UserError(f"level = {level!r}: must lie in (0, 1)")

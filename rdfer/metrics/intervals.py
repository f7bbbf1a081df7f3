"""Confidence intervals over seeds by Student's t; :mod:`rdfer.metrics.bootstrap` has the others."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rdfer.base.errors import UserError

Floats: TypeAlias = NDArray[np.float64]


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
    check_level(level)
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


def finite(name: str, values: ArrayLike) -> Floats:
    """Finite numbers as float64 ``[n]``, or a :class:`UserError` naming the first that is not."""
    x = np.asarray(values, np.float64)
    if x.ndim != 1:
        raise UserError(f"{name} of shape {x.shape}: must be one number each")
    if not np.isfinite(x).all():
        first = int(np.argmax(~np.isfinite(x)))
        raise UserError(f"{name}[{first}] = {x[first]}: must be finite")
    return x


def check_level(level: float) -> None:
    """Refuse a level outside (0, 1)."""
    if not 0 < level < 1:
        raise UserError(f"level = {level!r}: must lie in (0, 1)")

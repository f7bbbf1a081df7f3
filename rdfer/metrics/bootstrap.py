"""The bootstrap: over clips or people (:func:`bootstrap_interval`), and over seeds as well.

Every seed's model is tested on the same people, so a table of results is crossed: seeds by
identities. Both are samples of something larger, and a difference may be due to either.
:func:`replicates` draws seeds with replacement, and identities with replacement, independently of
each other; a result counts as often as its seed times its identity was drawn (the pigeonhole
bootstrap: Owen, Ann. Appl. Stat. 1, 2007). No resampling is exact for crossed tables (McCullagh,
Bernoulli 6, 2000); this one errs on the side of a wider interval, save that with few seeds
percentiles are narrower than Student's t.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError
from rdfer.metrics.intervals import Interval, check_level

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

DRAWS = 10_000
PATIENCE = 10  # draws are made again, at most this many times as many in all


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
    check_level(level)
    names = np.arange(size) if groups is None else np.asarray(groups)
    if names.shape != (size,):
        raise UserError(f"groups of shape {names.shape}: must be one for each of {size} samples")
    _, code = np.unique(names, return_inverse=True)
    members = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    if len(members) < 2:
        raise UserError(f"groups = {len(members)}: a bootstrap needs at least 2")

    def once() -> float:
        chosen = generator.integers(0, len(members), len(members))
        return float(statistic(np.concatenate([members[g] for g in chosen])))

    low, high = np.quantile(_resamples(once, draws), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(np.arange(size))), float(low), float(high), len(members))


def bootstrap_ends(
    statistic: Callable[[Ints], float], **options: Any
) -> tuple[float | None, float | None]:
    """Ends of :func:`bootstrap_interval`; none where resamples of so few lack a class too often."""
    try:
        found = bootstrap_interval(statistic, **options)
    except UserError:
        return None, None
    return found.low, found.high


def replicates(
    statistics: Sequence[Callable[[Ints], float]],
    groups: Sequence[ArrayLike],
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> Floats:
    """Resampled means over seeds of any statistic, such as a difference of two AUROCs.

    >>> x = np.array([[0.0, 1.0], [2.0, 3.0]])  # two seeds, two people with one video each
    >>> found = replicates([lambda rows, s=s: x[s, rows].mean() for s in range(2)], [[0, 1]] * 2,
    ...                    generator=np.random.default_rng(0), draws=400)
    >>> sorted(set(found.tolist()))  # a seed's mean: 0 to 2; a person's: 0 to 1
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]

    Args:
        statistics: one a seed, of the row numbers of that seed's videos (repeated where their
            identity was drawn repeatedly).
        groups: one a seed, the identity of each of its videos ``[V_s]``. Seeds may have other
            videos; the same identity in two of them is drawn for both or for none.
        generator: draws.
        draws: B; those on which a statistic raises :class:`UserError` (a class was not drawn)
            are drawn again.

    Returns:
        float64 ``[B]``.

    Raises:
        UserError: fewer than 2 seeds or identities, a statistic that is not finite, or too few
            resamples on which the statistics exist.
    """
    if len(statistics) != len(groups):
        raise UserError(f"statistics of {len(statistics)} seeds, groups of {len(groups)}")
    names = [np.asarray(g) for g in groups]
    every = np.unique(np.concatenate(names)) if names else np.array([])
    codes = [np.searchsorted(every, g) for g in names]
    n_seeds, n_people = len(statistics), every.size
    if n_seeds < 2 or n_people < 2:
        raise UserError(f"seeds = {n_seeds}, identities = {n_people}: must be at least 2 of both")

    def once() -> float:
        seeds = np.bincount(generator.integers(0, n_seeds, n_seeds), minlength=n_seeds)
        people = np.bincount(generator.integers(0, n_people, n_people), minlength=n_people)
        total = 0.0
        for s in np.flatnonzero(seeds).tolist():
            rows = np.repeat(np.arange(codes[s].size), people[codes[s]])
            total += int(seeds[s]) * float(statistics[s](rows))
        return total / int(seeds.sum())

    found = _resamples(once, draws)
    if not np.isfinite(found).all():
        raise UserError("statistic: not finite on a resample")
    return found


def _resamples(once: Callable[[], float], draws: int) -> Floats:
    """Values of ``draws`` resamples, ``[B]``; one that raises :class:`UserError` is drawn again."""
    if draws < 1:
        raise UserError(f"draws = {draws}: must be at least 1")
    found: list[float] = []
    for _ in range(PATIENCE * draws):
        try:
            found.append(once())
        except UserError:
            continue
        if len(found) == draws:
            return np.array(found)
    raise UserError(f"draws = {draws}: the statistic exists on only {len(found)} resamples")

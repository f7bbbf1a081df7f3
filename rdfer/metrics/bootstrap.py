"""The bootstrap over seeds and over people at once.

Every seed's model is tested on the same people, so a table of results is crossed: seeds by
identities. Both are samples of something larger, and a difference may be due to either. Here
seeds are drawn with replacement, and identities with replacement, independently of each other;
a cell counts as often as its seed times its identity was drawn (the pigeonhole bootstrap: Owen,
Ann. Appl. Stat. 1, 2007). No resampling is exact for crossed tables (McCullagh, Bernoulli 6,
2000); this one errs on the side of a wider interval, save that with few seeds percentiles are
narrower than Student's t.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

DRAWS = 10_000
PATIENCE = 10  # draws are made again, at most this many times as many in all


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

    def once(seeds: Ints, people: Ints) -> float | None:
        total = 0.0
        for s in np.flatnonzero(seeds).tolist():
            rows = np.repeat(np.arange(codes[s].size), people[codes[s]])
            try:
                total += int(seeds[s]) * float(statistics[s](rows))
            except UserError:
                return None
        return total / int(seeds.sum())

    return _drawn(once, len(statistics), every.size, generator=generator, draws=draws)


def uar_replicates(
    correct_a: ArrayLike,
    correct_b: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> Floats:
    """Resampled differences in UAR of two methods tested on the same videos with every seed.

    Args:
        correct_a: whether the first method was right, bool ``[S, V]``.
        correct_b: the same of the second, with the same seeds.
        labels: true classes, ``[V]``.
        groups: identities, ``[V]``.
        generator: draws.
        draws: B; those in which a class has no video are drawn again.

    Returns:
        float64 ``[B]``, mean over the drawn seeds of UAR of the first minus UAR of the second.

    Raises:
        UserError: unequal shapes, values other than right and wrong, fewer than 2 seeds or
            identities.
    """
    a, b = _right("correct_a", correct_a), _right("correct_b", correct_b)
    y, people = np.asarray(labels), np.asarray(groups)
    if a.shape != b.shape or y.shape != a.shape[1:] or people.shape != a.shape[1:]:
        shapes = (a.shape, b.shape, y.shape, people.shape)
        raise UserError(f"shapes {shapes}: must be [S, V] twice, and [V] twice")
    classes, y = np.unique(y, return_inverse=True)
    names, people = np.unique(people, return_inverse=True)
    cell = y * names.size + people
    size = (classes.size, names.size)
    videos = np.bincount(cell, minlength=size[0] * size[1]).reshape(size)
    gains = np.stack([np.bincount(cell, d, size[0] * size[1]) for d in a - b]).reshape(-1, *size)

    def once(seeds: Ints, drawn: Ints) -> float | None:
        present = videos @ drawn
        if (present == 0).any():
            return None
        return float(((gains @ drawn) / present).mean(1) @ seeds / seeds.sum())

    return _drawn(once, len(a), names.size, generator=generator, draws=draws)


def _right(name: str, values: ArrayLike) -> Floats:
    x = np.asarray(values, np.float64)
    if x.ndim != 2 or not np.isin(x, (0, 1)).all():
        raise UserError(f"{name} of shape {x.shape}: must be right or wrong, [S, V]")
    return x


def _drawn(
    once: Callable[[Ints, Ints], float | None],
    seeds: int,
    people: int,
    *,
    generator: np.random.Generator,
    draws: int,
) -> Floats:
    if seeds < 2 or people < 2:
        raise UserError(f"seeds = {seeds}, identities = {people}: must be at least 2 of both")
    if draws < 1:
        raise UserError(f"draws = {draws}: must be at least 1")
    found: list[float] = []
    for counts in _counts(seeds, people, generator=generator, most=PATIENCE * draws):
        value = once(*counts)
        if value is not None:
            found.append(value)
        if len(found) == draws:
            break
    if len(found) < draws:
        raise UserError(f"draws = {draws}: the statistic exists on only {len(found)} resamples")
    if not np.isfinite(found).all():
        raise UserError("statistic: not finite on a resample")
    return np.array(found)


def _counts(
    seeds: int, people: int, *, generator: np.random.Generator, most: int
) -> Iterator[tuple[Ints, Ints]]:
    """How often each seed and each identity was drawn, resample by resample."""
    for _ in range(most):
        yield (
            np.bincount(generator.integers(0, seeds, seeds), minlength=seeds),
            np.bincount(generator.integers(0, people, people), minlength=people),
        )

"""Label noise: which labels are flipped, and to what.

Exactly ``round(rate * n)`` labels are flipped, shared among the classes in proportion to their
size, and never to the own class. Only integers are drawn, so the same seed flips the same labels
on every machine.

The confusable classes are those that people confuse on faces: fear and surprise share raised
brows and wide eyes, sad shades into neutral, angry and disgust share lowered brows; happy, which
is hardly ever missed, goes to surprise.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.draws import Draws
from rdfer.data.manifest import CLASSES

Kind = Literal["symmetric", "asymmetric", "instance"]
KINDS: tuple[str, ...] = get_args(Kind)

#: Where a label goes under asymmetric and instance-dependent noise.
CONFUSABLE: dict[str, str] = {
    "Fear": "Surprise",
    "Surprise": "Fear",
    "Sad": "Neutral",
    "Neutral": "Sad",
    "Angry": "Disgust",
    "Disgust": "Angry",
    "Happy": "Surprise",
}

#: Under instance-dependent noise, a video of difficulty d (permille) is drawn with weight
#: FLOOR + d: the hardest about eleven times as often as the easiest.
FLOOR = 100


def given_labels(
    labels: NDArray[np.int64],
    kind: str,
    rate: float,
    seed: int,
    difficulty: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Flip exactly ``round(rate * n)`` labels.

    Args:
        labels: true class indices [n], in the order of ``CLASSES``.
        kind: ``symmetric`` (to any other class alike), ``asymmetric`` (to the confusable class)
            or ``instance`` (to the confusable class, difficult videos more often).
        rate: share of flipped labels, in [0, 1).
        seed: same seed, same flips.
        difficulty: [n] in 0..1000, needed by ``instance`` alone.

    Returns:
        Given class indices, int64 [n].

    Raises:
        UserError: unknown kind, rate or label out of range, difficulty missing or of wrong size.
    """
    labels = np.asarray(labels, dtype=np.int64)
    weights = _check(labels, kind, rate, difficulty)
    given = labels.copy()
    quotas = stratify(
        np.bincount(labels, minlength=len(CLASSES)).tolist(), round(rate * len(labels))
    )
    for true, quota in enumerate(quotas):
        draws = Draws("rdfer.faces.noise", kind, seed, true)
        members = np.flatnonzero(labels == true)
        for member in _choose(draws, members, weights[members], quota):
            given[member] = _target(draws, true, kind)
    return given


def stratify(sizes: Sequence[int], total: int) -> list[int]:
    """Share ``total`` flips among groups in proportion to their sizes (largest remainder).

    Example:
        >>> stratify([10, 10, 5], 6)
        [3, 2, 1]

    Returns:
        One number a group, each at most the group's size, with sum ``total``.
    """
    n = sum(sizes)
    if n == 0:
        return [0] * len(sizes)
    quotas = [size * total // n for size in sizes]
    # equal remainders: the earlier group first, so that the result is defined
    order = sorted(range(len(sizes)), key=lambda k: (-(sizes[k] * total % n), k))
    for k in order[: total - sum(quotas)]:
        quotas[k] += 1
    return quotas


def _check(
    labels: NDArray[np.int64],
    kind: str,
    rate: float,
    difficulty: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Check all arguments; the weight with which each label is drawn."""
    if kind not in KINDS:
        raise UserError(f"noise kind = {kind!r}: must be one of {KINDS}")
    if not 0 <= rate < 1:
        raise UserError(f"noise rate = {rate!r}: must lie in [0, 1)")
    if len(labels) and not (0 <= labels.min() and labels.max() < len(CLASSES)):
        raise UserError(f"label = {labels.min()!r}..{labels.max()!r}: must lie in 0..6")
    if kind != "instance":
        return np.ones(len(labels), dtype=np.int64)
    if difficulty is None or len(difficulty) != len(labels):
        raise UserError(f"difficulty = {difficulty!r}: instance noise needs one number a label")
    return FLOOR + np.asarray(difficulty, dtype=np.int64)


def _choose(
    draws: Draws, members: NDArray[np.int64], weights: NDArray[np.int64], quota: int
) -> list[int]:
    """Draw ``quota`` members one after the other, without replacement, by weight."""
    weights, chosen = weights.copy(), []
    for _ in range(quota):
        reach = np.cumsum(weights)
        k = int(np.searchsorted(reach, draws.below(int(reach[-1])), side="right"))
        chosen.append(int(members[k]))
        weights[k] = 0
    return chosen


def _target(draws: Draws, true: int, kind: str) -> int:
    if kind == "symmetric":
        # an index among the other six, then stepped over the own class
        other = draws.below(len(CLASSES) - 1)
        return other + (other >= true)
    return CLASSES.index(CONFUSABLE[CLASSES[true]])

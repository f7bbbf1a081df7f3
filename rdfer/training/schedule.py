"""The course of training: the order of an epoch and the learning rate.

Source: the precursor's settings (PRECURSOR).
"""

import math

import numpy as np
from numpy.typing import NDArray

from rdfer.settings.schema import Settings


def epoch_order(
    given: NDArray[np.int64], *, balanced: bool, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Order of an epoch: every sample once; balanced, small classes are topped up as well.

    Classes are balanced by sampling (PRECURSOR): each class is repeated, permutation after
    permutation, until it has as many samples as the largest.
    """
    if not balanced:
        return rng.permutation(len(given))
    groups = [np.flatnonzero(given == c) for c in np.unique(given)]
    most = max(len(group) for group in groups)
    rows = [
        np.concatenate([rng.permutation(g) for _ in range(math.ceil(most / len(g)))])[:most]
        for g in groups
    ]
    return rng.permutation(np.concatenate(rows))


def learning_rate(settings: Settings, epoch: float) -> float:
    """Linear warm-up, then cosine from ``lr`` to ``lr_end``; ``epoch`` in [0, epochs]."""
    t = settings.training
    if epoch < t.warmup:
        return t.lr * (epoch + 1e-3) / t.warmup
    done = (epoch - t.warmup) / max(t.epochs - t.warmup, 1e-9)
    return t.lr_end + (t.lr - t.lr_end) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

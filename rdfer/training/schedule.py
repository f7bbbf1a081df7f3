"""The course of training: the order of an epoch, the learning rate, what is left out of a batch.

Source: the precursor's settings (PRECURSOR), except where a function says another.
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


def forget_share(settings: Settings, epoch: int) -> float:
    """Share of a batch that small-loss selection leaves out in epoch number ``epoch`` (from 0).

        r(t) = forget x noise rate x min(t / forget_epochs, 1)

    Source: Co-teaching (Han et al., NeurIPS 2018), section 3, R(t) = 1 - r(t) with forget = 1;
    there as well the noise rate is told.

    >>> from rdfer.settings.schema import override
    >>> settings = override(Settings(), {"robust.forget": 1.0, "noise.rate": 0.2})
    >>> [forget_share(settings, t) for t in (0, 5, 10, 30)]
    [0.0, 0.1, 0.2, 0.2]

    Returns:
        In [0, 1).
    """
    r = settings.robust
    return min(r.forget * settings.noise.rate * min(epoch / r.forget_epochs, 1.0), 0.99)

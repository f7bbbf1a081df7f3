"""Rivals in training: what other people do about wrong labels, step by step.

They see what any training sees: the predictions of one clip of each video of a batch. Rivals that
decide about samples between the epochs (SCN's relabelling, dropping by a mixture of losses) are
settings of :mod:`rdfer.training.treatment` with one clip; label smoothing is a setting of the loss.

==============================  ====================================================
:func:`kept`                    small-loss selection, Co-teaching's rule
:class:`PredictionMemory`       early-learning regularisation's memory of predictions
==============================  ====================================================
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdfer.settings.schema import Robust


def forget_share(settings: Robust, epoch: int, *, rate: float) -> float:
    """Share of a batch to leave out in epoch number ``epoch`` (from 0).

        r(t) = forget rate min(t / forget_epochs, 1)

    Source: Co-teaching (Han et al., NeurIPS 2018), section 3, R(t) = 1 - r(t) with forget = 1;
    there as well the noise rate is told.

    >>> settings = Robust(forget=1.0, forget_epochs=10)
    >>> [forget_share(settings, t, rate=0.2) for t in (0, 5, 10, 30)]
    [0.0, 0.1, 0.2, 0.2]

    Args:
        settings: of the rivals.
        epoch: from 0.
        rate: of the label noise, in [0, 1).

    Returns:
        In [0, 1).
    """
    return min(settings.forget * rate * min(epoch / settings.forget_epochs, 1.0), 0.99)


def kept(losses: Tensor, share: float) -> Tensor:
    """1 for the samples of smallest loss, 0 for the ``share`` of highest.

    At least one is kept; as many are left out as fit into the share.

    >>> kept(torch.tensor([0.3, 2.0, 0.1, 0.2]), 0.3)
    tensor([1., 0., 1., 1.])

    Source: Co-teaching (Han et al., NeurIPS 2018), algorithm 1, with one network in place of two
    that choose for each other.

    Args:
        losses: one a sample, ``[B]``.
        share: in [0, 1).

    Returns:
        float32 ``[B]``.
    """
    count = min(math.floor(share * len(losses)), len(losses) - 1)
    mask = torch.ones(len(losses), device=losses.device)
    mask[losses.detach().topk(count).indices] = 0
    return mask


class PredictionMemory:
    """Past predictions of every training video, the targets of early-learning regularisation.

        q <- beta q + (1 - beta) p / sum_c p(c),   loss = CE(p, y) + lambda log(1 - <p, q>)

    Source: ELR (Liu, Niles-Weed, Razavian, Fernandez-Granda, NeurIPS 2020), equations 6 and 9;
    the loss is :func:`rdfer.method.consensus.consensus_loss`, which takes q from a video's clips
    instead. As there, q is updated before it is used.
    """

    def __init__(self, videos: int, classes: int, *, beta: float) -> None:
        """Nothing is remembered yet: all zero, so that the first pulls are weak."""
        self.beta = beta
        self.values = torch.zeros(videos, classes)

    def update(self, rows: NDArray[np.int64], logits: Tensor) -> Tensor:
        """Remember a batch's predictions, and return what is remembered of it, ``[B, C]``.

        Args:
            rows: which videos, int64 ``[B]``.
            logits: ``[B, C]``; no gradient flows into the memory.
        """
        at = torch.from_numpy(rows)
        said = logits.detach().float().softmax(-1).cpu()
        self.values[at] = self.beta * self.values[at] + (1 - self.beta) * said
        return self.values[at].to(logits.device)

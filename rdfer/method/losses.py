"""What training minimises: the loss of both streams, and what others add against label noise.

The pull toward what is known of a video besides its label (:func:`consensus_loss`), a row of the
ablation and the form of early-learning regularisation (ELR):

    loss = CE(p, y) + lambda log(1 - <p, q>)

p [C] is the prediction of one training clip; q [C] is a memory of past predictions (ELR), or the
mean softmax over other clips of the same video. The term's gradient on the logits z is

    d/dz_k log(1 - <p, q>) = -p_k (q_k - <p, q>) / (1 - <p, q>),

so it works in proportion to how far the clips agree. Where they agree, q is peaked, and the pull
toward their class outweighs a wrong label that would be learnt by heart. Where they do not, q is
flat, the term is next to nothing, and the label alone is learnt: a hard sample keeps its label.

Source: the loss of the streams PRECURSOR; ELR from Liu, Niles-Weed, Razavian, Fernandez-Granda
(NeurIPS 2020, equations 6 and 9); that q is a consensus of clips OURS.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rdfer.base.errors import UserError
from rdfer.method.network import DualOutput

#: Keeps the logarithm finite where prediction and consensus are one and the same certainty.
LEAST = 1e-4


def stream_loss(
    out: DualOutput,
    targets: Tensor | ArrayLike,
    weights: Tensor | ArrayLike | None = None,
    *,
    synopsis: float = 0.1,
    instances: float = 0.1,
) -> Tensor:
    """Weighted cross-entropy of both streams and of their instances.

        l_b  = CE(detail) + 0.1 CE(synopsis) + 0.1 mean_k CE(detail instance k)
                                             + 0.1 mean_l CE(synopsis instance l)
        loss = sum_b w_b l_b / sum_b w_b,   CE(z, t) = -sum_c t_c log softmax(z)_c

    PRECURSOR, with the softmax taken once. With one stream alone, its own cross-entropy has
    weight 1. A batch whose weights are all 0 gives loss 0.

    Args:
        out: of the network.
        targets: classes, int ``[B]``, or distributions ``[B, C]``, rows sum to 1.
        weights: of the videos, ``[B]``, at least 0; without it all 1.
        synopsis: weight of the synopsis' cross-entropy when both streams are there.
        instances: weight of each stream's mean instance cross-entropy.
    """
    device = out.logits.device
    wanted = _distributions(torch.as_tensor(targets, device=device), out.logits.shape)
    counts = torch.as_tensor([1.0] * len(wanted) if weights is None else weights, device=device)
    total = counts.sum().clamp_min(torch.finfo(torch.float32).tiny)
    share = counts.float() / total
    alone = out.long is None or out.short is None
    loss: Tensor = torch.zeros((), device=device)
    for stream, main in ((out.short, 1.0), (out.long, 1.0 if alone else synopsis)):
        if stream is None:
            continue
        logits = torch.cat([stream.logits.unsqueeze(1), stream.instance_logits], 1).float()
        # [B, 1 + L] cross-entropies; one softmax for the bag and its instances
        entropies = -torch.einsum("bsc,bc->bs", logits.log_softmax(-1), wanted)
        each = share @ entropies
        loss = loss + main * each[0] + instances * each[1:].mean()
    return loss


def _distributions(targets: Tensor, shape: torch.Size) -> Tensor:
    """Targets as float32 ``[B, C]``."""
    if targets.shape == shape:
        return targets.float()
    if targets.shape != shape[:1] or targets.is_floating_point():
        raise UserError(
            f"targets of shape {tuple(targets.shape)} and type {targets.dtype}: must be classes,"
            f" int [{shape[0]}], or distributions {list(shape)}"
        )
    wrong = targets[(targets < 0) | (targets >= shape[1])]
    if len(wrong):
        raise UserError(f"targets = {int(wrong[0])}: must be 0 to {shape[1] - 1}")
    return F.one_hot(targets.long(), shape[1]).float()


def consensus_loss(logits: Tensor, q: Tensor) -> Tensor:
    """Mean of ``log(1 - <softmax(logits), q>)`` over a batch: at most 0, lower is nearer to q.

    Args:
        logits: ``[B, C]``.
        q: consensus of each sample's clips, ``[B, C]``, rows sum to 1 at most; no gradient flows
            into it.
    """
    likeness = (logits.float().softmax(-1) * q.detach()).sum(-1)
    return torch.log((1 - likeness).clamp_min(LEAST)).mean()


def small_losses(losses: Tensor, share: float) -> Tensor:
    """1 for the samples of smallest loss, 0 for the ``share`` of highest.

    At least one is kept; as many are left out as fit into the share.

    >>> small_losses(torch.tensor([0.3, 2.0, 0.1, 0.2]), 0.3)
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

        q <- beta q + (1 - beta) p / sum_c p(c)

    The loss is :func:`consensus_loss` of this q. As in ELR, q is updated before it is used.
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

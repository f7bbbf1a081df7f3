"""The pull of a prediction toward the consensus of its video's clips: a row of the ablation.

    loss = CE(p, y) + lambda log(1 - <p, q>)

p [C] is the prediction of one training clip, q [C] the mean softmax over other clips of the same
video. The term's gradient on the logits z is

    d/dz_k log(1 - <p, q>) = -p_k (q_k - <p, q>) / (1 - <p, q>),

so it works in proportion to how far the clips agree. Where they agree, q is peaked, and the pull
toward their class outweighs a wrong label that would be learnt by heart. Where they do not, q is
flat, the term is next to nothing, and the label alone is learnt: a hard sample keeps its label.

Source: the idea that agreement tells hard from noisy is the paper's (STATED); the form of the loss
is early-learning regularisation (Liu, Niles-Weed, Razavian, Fernandez-Granda, NeurIPS 2020, eq. 6),
whose q is a memory of past predictions; that q is a consensus of clips is OURS.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdfer.base.errors import UserError

#: Keeps the logarithm finite where prediction and consensus are one and the same certainty.
LEAST = 1e-4


def consensus(means: Sequence[NDArray[np.float32]], *, memory: float) -> NDArray[np.float32]:
    """Exponential mean of the sweeps' mean softmax, so that later sweeps count more.

    >>> consensus([np.float32([[1, 0]]), np.float32([[0, 1]])], memory=0.25).tolist()
    [[0.25, 0.75]]

    Args:
        means: mean softmax over the clips, one float32 ``[V, C]`` a sweep, oldest first.
        memory: share that what came before keeps at each sweep, in [0, 1).

    Returns:
        float32 ``[V, C]``, rows sum to 1.

    Raises:
        UserError: no sweep, or ``memory`` out of its range.
    """
    if not 0 <= memory < 1:
        raise UserError(f"memory = {memory!r}: must lie in [0, 1)")
    if not means:
        raise UserError("means = []: at least one sweep is needed for a consensus")
    out = means[0].astype(np.float64)
    for mean in means[1:]:
        out = memory * out + (1 - memory) * mean
    return out.astype(np.float32)


def consensus_loss(logits: Tensor, q: Tensor) -> Tensor:
    """Mean of ``log(1 - <softmax(logits), q>)`` over a batch: at most 0, lower is nearer to q.

    Args:
        logits: ``[B, C]``.
        q: consensus of each sample's clips, ``[B, C]``, rows sum to 1 at most; no gradient flows
            into it.
    """
    likeness = (logits.float().softmax(-1) * q.detach()).sum(-1)
    return torch.log((1 - likeness).clamp_min(LEAST)).mean()

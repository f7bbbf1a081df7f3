"""One stream: a sequence of instances to logits, and the loss on both streams.

Shapes: B videos, L instances (synopsis frames, or key clips), D features, C classes,
H = 2 x hidden. Status: BiLSTM, attention gate and convolutional pooling PRECURSOR; input
standardisation, the pooling's scores and the convolution over a clip's frames OURS.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from rdfer.base.errors import UserError


class StreamOutput(NamedTuple):
    """What one stream says of B videos."""

    logits: Tensor  # [B, C]
    instance_logits: Tensor  # [B, L, C]
    features: Tensor  # [B, H], pooled over instances


class SequenceModel(nn.Module):
    """From a sequence of instances ``[B, L, D]`` to :class:`StreamOutput`; ``fc`` classifies.

    What stands in a network as its long-term stream: :class:`Stream`, or a baseline's model.
    """

    num_features: int
    num_classes: int
    fc: nn.Linear

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for ``num_classes``."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes).to(self.fc.weight)


class Standardise(nn.Module):
    """Each feature to mean 0 and variance 1 over the training data seen so far.

    Pooled features of a frozen encoder are positive, and what changes between frames is small
    beside their mean; without this step an LSTM learns slowly. In evaluation the running
    statistics are used, so a prediction does not depend on its neighbours in the batch. OURS.
    """

    def __init__(self, features: int) -> None:
        """For ``features`` = D."""
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., D] -> [..., D]``."""
        out: Tensor = self.norm(x.flatten(0, -2))
        return out.view(x.shape)


class Stream(SequenceModel):
    """Sequence of instances -> BiLSTM -> self-attention gate -> convolutional pooling -> logits.

    The gate is ``h * sigmoid(LN(MHSA(h)))``. Pooling weights are the softmax over instances of
    a convolution (kernel 3) along the sequence, so any number of instances will do. Instances
    share the classifier with the pooled feature, which is their weighted mean: up to dropout
    the bag's logits are the same mean of the instance logits.
    """

    def __init__(
        self,
        *,
        in_features: int,
        num_classes: int,
        hidden: int = 512,
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.0,
    ) -> None:
        """See :class:`DualStream` for the sizes."""
        super().__init__()
        width = 2 * hidden
        if width % heads:
            raise UserError(f"heads = {heads}: must divide 2 x hidden = {width}")
        self.heads, self.num_features, self.num_classes = heads, width, num_classes
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(
            in_features, hidden, layers, batch_first=True, bidirectional=True, dropout=between
        )
        # no bias: a bias on the keys cancels in the softmax and would never get a gradient
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.norm: nn.Module = nn.LayerNorm(width)
        self.score = nn.Conv1d(width, 1, 3, padding=1, bias=False)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(width, num_classes)

    def attend(self, h: Tensor) -> Tensor:
        """Multi-head self-attention among instances, ``[B, L, H] -> [B, L, H]``."""
        q, k, v = rearrange(self.qkv(h), "b l (three n d) -> three b n l d", three=3, n=self.heads)
        mixed = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out(rearrange(mixed, "b n l d -> b l (n d)"))
        return out

    def forward_features(self, x: Tensor) -> Tensor:
        """Instances ``[B, L, D]`` to gated instance features ``[B, L, H]``."""
        h, _ = self.lstm(x)
        gated: Tensor = h * torch.sigmoid(self.norm(self.attend(h)))
        return gated

    def pool(self, h: Tensor) -> Tensor:
        """Weighted mean over instances, ``[B, L, H] -> [B, H]``."""
        weights = self.score(h.transpose(1, 2)).softmax(-1)  # [B, 1, L]
        return torch.bmm(weights, h).squeeze(1)

    def forward_head(self, h: Tensor, *, pre_logits: bool = False) -> Tensor:
        """Gated instance features to logits ``[B, C]``, or to the pooled ``[B, H]``."""
        pooled = self.drop(self.pool(h))
        return pooled if pre_logits else self.fc(pooled)

    def forward(self, x: Tensor) -> StreamOutput:
        """Instances ``[B, L, D]`` to :class:`StreamOutput`."""
        h = self.forward_features(x)
        pooled = self.pool(h)
        # one dropout mask a video, for the bag and its instances: drawing one for each instance
        # costs as much as the attention
        kept = self.drop(torch.ones_like(pooled)).unsqueeze(1)
        both = self.fc(torch.cat([pooled.unsqueeze(1), h], 1) * kept)
        return StreamOutput(both[:, 0], both[:, 1:], pooled)


class ClipMotion(nn.Module):
    """The frames of a clip to one instance: their mean plus what a temporal convolution sees.

    A mean alone is blind to the order of frames wherever the encoder sees single frames; the
    non-linear convolution (kernel 3 over the clip's frames) is not.
    """

    def __init__(self, features: int, hidden: int) -> None:
        """For ``features`` = D, with ``hidden`` channels in the convolution."""
        super().__init__()
        self.conv = nn.Linear(3 * features, hidden)  # a convolution as one matrix product
        self.out = nn.Linear(hidden, features)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, K, F, D] -> [B, K, D]``."""
        padded = F.pad(x, (0, 0, 1, 1))
        windows = torch.cat([padded[..., :-2, :], x, padded[..., 2:, :]], -1)
        motion = F.gelu(self.conv(windows)).mean(-2)
        out: Tensor = x.mean(-2) + self.out(motion)
        return out


def stream_loss(
    long: StreamOutput | None,
    short: StreamOutput | None,
    *,
    targets: Tensor,
    weights: Tensor,
    synopsis: float = 0.1,
    instances: float = 0.1,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted cross-entropy of both streams and of their instances.

        l_b  = CE(detail) + 0.1 CE(synopsis) + 0.1 mean_k CE(detail instance k)
                                             + 0.1 mean_l CE(synopsis instance l)
        loss = sum_b w_b l_b / sum_b w_b,   CE(z, t) = -sum_c t_c log softmax(z)_c

    PRECURSOR, with the softmax taken once. With one stream alone, its own cross-entropy has
    weight 1. A batch whose weights are all 0 gives loss 0.

    Args:
        long: long-term stream's output, or None.
        short: short-term stream's output, or None.
        targets: ``[B, C]``, rows are distributions.
        weights: ``[B]``, at least 0.
        synopsis: weight of the synopsis' cross-entropy when both streams are there.
        instances: weight of each stream's mean instance cross-entropy.

    Returns:
        The loss, and its detached parts before weighting: ``detail``, ``detail_instances``,
        ``synopsis``, ``synopsis_instances``.
    """
    total = weights.sum().clamp_min(torch.finfo(torch.float32).tiny)
    share = weights.float() / total
    alone = long is None or short is None
    loss: Tensor = torch.zeros((), device=targets.device)
    parts: dict[str, Tensor] = {}
    for name, out, main in (
        ("detail", short, 1.0),
        ("synopsis", long, 1.0 if alone else synopsis),
    ):
        if out is None:
            continue
        logits = torch.cat([out.logits.unsqueeze(1), out.instance_logits], 1).float()
        # [B, 1 + L] cross-entropies; one softmax for the bag and its instances
        entropies = -torch.einsum("bsc,bc->bs", logits.log_softmax(-1), targets.float())
        each = share @ entropies
        bag, inner = each[0], each[1:].mean()
        loss = loss + main * bag + instances * inner
        parts[name], parts[f"{name}_instances"] = bag.detach(), inner.detach()
    return loss, parts

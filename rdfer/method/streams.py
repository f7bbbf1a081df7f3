"""The two streams of the network: long-term emotional changes and short-term facial movements.

Each takes features and gives logits; :class:`~rdfer.method.network.DualStream` joins them. A stream
of your own is any module of the same form:

    long-term     synopsis [B, L, D]                         -> StreamOutput
    short-term    detail clips [B, K, F, D], context [B, H]  -> StreamOutput
                  (context None where there is no long-term stream)

A method ``reset_classifier(num_classes)`` is needed where the network's own is called.

Shapes, and what an instance is: :mod:`rdfer.method.network`. Status: BiLSTM, attention gate and
convolutional pooling PRECURSOR; input standardisation, the pooling's scores and the convolution
over a clip's frames OURS.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from rdfer.base.errors import UserError


class StreamOutput(NamedTuple):
    """What one stream says of B videos."""

    logits: Tensor  # [B, C]
    instance_logits: Tensor  # [B, L, C]; of the short-term stream [B, K, C]
    features: Tensor  # [B, H], pooled over instances; of the short-term stream of any width


class LongTermStream(nn.Module):
    """The course of emotion over the whole video: standardised features to a sequence model.

    Args:
        in_features: D.
        sequence: instances ``[B, L, D]`` to :class:`StreamOutput`.
    """

    def __init__(self, in_features: int, sequence: nn.Module) -> None:
        super().__init__()
        self.standardise = Standardise(in_features)
        self.sequence = sequence
        self.num_features = width_of(sequence, in_features)

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for ``num_classes``."""
        self.sequence.reset_classifier(num_classes)  # type: ignore[operator]

    def forward(self, synopsis: Tensor) -> StreamOutput:
        """``[B, L, D]``."""
        out: StreamOutput = self.sequence(self.standardise(synopsis))
        return out


class ShortTermStream(nn.Module):
    """Movements within the detail clips: each clip becomes one instance, gated by the context.

    Args:
        in_features: D.
        model: makes the sequence model over the K instances.
        hidden: channels of the convolution over a clip's frames.
        context: H of the long-term stream, None without it.
    """

    def __init__(
        self, in_features: int, model: Callable[[], nn.Module], *, hidden: int, context: int | None
    ) -> None:
        super().__init__()
        self.standardise = Standardise(in_features)
        self.motion = ClipMotion(in_features, hidden)
        self.sequence = model()
        self.gate = None if context is None else nn.Linear(context, in_features)

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for ``num_classes``."""
        self.sequence.reset_classifier(num_classes)  # type: ignore[operator]

    def forward(self, detail: Tensor, context: Tensor | None = None) -> StreamOutput:
        """``[B, K, F, D]`` and ``[B, H]``."""
        instances = self.motion(self.standardise(detail))
        if self.gate is not None and context is not None:
            instances = instances * torch.sigmoid(self.gate(context)).unsqueeze(1)
        out: StreamOutput = self.sequence(instances)
        return out


# Their parts ---------------------------------------------------------------------------------


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
        return x.mean(-2) + self.out(motion)


class SequenceModel(nn.Module):
    """From a sequence of instances ``[B, L, D]`` to :class:`StreamOutput`; ``fc`` classifies.

    All are built with the same sizes; one that has no part for a size does not look at it.
    """

    fc: nn.Linear

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
        """See :class:`~rdfer.method.network.DualStream` for the sizes."""
        super().__init__()
        self.in_features, self.num_classes, self.width = in_features, num_classes, 2 * hidden
        self.hidden, self.layers, self.heads, self.dropout = hidden, layers, heads, dropout
        self.num_features = self.width  # of what is classified

    def recurrent(self, units: int, *, bidirectional: bool = False) -> nn.LSTM:
        """An LSTM over the instances, with dropout between its layers where there are several."""
        between = self.dropout if self.layers > 1 else 0.0
        sizes = (self.in_features, units, self.layers)
        return nn.LSTM(*sizes, batch_first=True, dropout=between, bidirectional=bidirectional)

    def check_heads(self) -> None:
        """Attention heads share H among them."""
        if self.width % self.heads:
            raise UserError(f"heads = {self.heads}: must divide 2 x hidden = {self.width}")

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for ``num_classes``."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes).to(self.fc.weight)


class GatedLSTM(SequenceModel):
    """Sequence of instances -> BiLSTM -> self-attention gate -> convolutional pooling -> logits.

    The gate is ``h * sigmoid(LN(MHSA(h)))``. Pooling weights are the softmax over instances of
    a convolution (kernel 3) along the sequence, so any number of instances will do. Instances
    share the classifier with the pooled feature, which is their weighted mean: up to dropout
    the bag's logits are the same mean of the instance logits.
    """

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**sizes)
        width = self.width
        self.check_heads()
        self.lstm = self.recurrent(self.hidden, bidirectional=True)
        # no bias: a bias on the keys cancels in the softmax and would never get a gradient
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.norm: nn.Module = nn.LayerNorm(width)
        self.score = nn.Conv1d(width, 1, 3, padding=1, bias=False)
        self.drop = nn.Dropout(self.dropout)
        self.fc = nn.Linear(width, self.num_classes)

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


def width_of(stream: nn.Module, in_features: int) -> int:
    """H of a long-term stream: as it says, or by what it makes of blank features."""
    told = getattr(stream, "num_features", None)
    if told is None:
        was_training = stream.training
        with torch.no_grad():
            told = stream.eval()(torch.zeros(1, 16, in_features)).features.shape[-1]
        stream.train(was_training)
    return int(told)

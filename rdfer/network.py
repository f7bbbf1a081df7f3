"""The dual-stream network: long-term emotional changes and short-term facial movements.

    synopsis [B, L, ...] -> encoder -> long-term Stream ----> logits, per-instance logits
                                           | pooled feature        | choose key frames
                                           v gates the channels    v
    detail [B, K, F, ...] -> encoder -> ClipMotion -> short-term Stream -> logits

Shapes: B videos, L synopsis frames, K key clips of F frames, D encoder features, C classes,
H = 2 x hidden. Status: two sequence models STATED; their parts and sizes PRECURSOR; input
standardisation, pooling scores, temporal convolution and fusion OURS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from rdfer.encoders import create_encoder
from rdfer.errors import UserError

__all__ = ["DualOutput", "DualStream", "Stream", "StreamOutput", "create_encoder", "stream_loss"]


@dataclass(frozen=True)
class StreamOutput:
    """What one stream says of B videos."""

    logits: Tensor  # [B, C]
    instance_logits: Tensor  # [B, L, C]
    features: Tensor  # [B, H], pooled over instances


@dataclass(frozen=True)
class DualOutput:
    """What the network says of B videos; a stream that is switched off is None."""

    logits: Tensor  # [B, C]: the prediction
    long: StreamOutput | None
    short: StreamOutput | None


Detail = Callable[[StreamOutput | None], Tensor]


class Standardise(nn.Module):
    """Each feature to mean 0 and variance 1 over the training data seen so far.

    Pooled features of a frozen encoder are positive, and what changes between frames is small
    beside their mean; without this step an LSTM learns slowly. In evaluation the running
    statistics are used, so a prediction does not depend on its neighbours in the batch. OURS.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., D] -> [..., D]``."""
        out: Tensor = self.norm(x.flatten(0, -2))
        return out.view(x.shape)


class Stream(nn.Module):
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
        self.norm = nn.LayerNorm(width)
        self.score = nn.Conv1d(width, 1, 3, padding=1, bias=False)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(width, num_classes)

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for ``num_classes``."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes).to(self.fc.weight)

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


class DualStream(nn.Module):
    """Both streams over one frame encoder (or two, or cached features).

    Args:
        encoder: module from frames ``[N, 3, H, W]`` to features ``[N, D]``; None when the
            inputs are cached features already.
        detail_encoder: a second encoder for the short-term stream (PRECURSOR); None shares.
        in_features: D.
        num_classes: C.
        hidden: LSTM units a direction (PRECURSOR 512; 64 does on a laptop).
        layers: LSTM layers (PRECURSOR 2).
        heads: attention heads (PRECURSOR 8); must divide ``2 * hidden``.
        dropout: before the classifiers, and between LSTM layers.
        streams: which streams exist. Without the long-term one nothing gates the other.
        fusion: the prediction is the short-term (detail) stream's logits (PRECURSOR), or the
            mean of both streams'. With one stream it is that stream's.
    """

    def __init__(
        self,
        encoder: nn.Module | None = None,
        *,
        detail_encoder: nn.Module | None = None,
        in_features: int,
        num_classes: int,
        hidden: int = 512,
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.0,
        streams: Literal["both", "short", "long"] = "both",
        fusion: Literal["detail", "mean"] = "detail",
    ) -> None:
        super().__init__()
        if streams not in ("both", "short", "long"):
            raise UserError(f"streams = {streams!r}: must be one of both, short, long")
        if fusion not in ("detail", "mean"):
            raise UserError(f"fusion = {fusion!r}: must be one of detail, mean")
        if detail_encoder is not None and (encoder is None or streams != "both"):
            raise UserError("detail_encoder: needs an encoder and both streams")
        self.encoder, self.detail_encoder = encoder, detail_encoder
        self.in_features, self.num_classes, self.fusion = in_features, num_classes, fusion
        self.num_features = 2 * hidden
        self.long_term = self.short_term = self.motion = self.gate = None
        self.standardise_long = self.standardise_short = None

        def stream() -> Stream:
            return Stream(
                in_features=in_features,
                num_classes=num_classes,
                hidden=hidden,
                layers=layers,
                heads=heads,
                dropout=dropout,
            )

        if streams != "short":
            self.standardise_long = Standardise(in_features)
            self.long_term = stream()
        if streams != "long":
            self.standardise_short = Standardise(in_features)
            self.motion = ClipMotion(in_features, hidden)
            self.short_term = stream()
        if streams == "both":
            self.gate = nn.Linear(self.num_features, in_features)

    def reset_classifier(self, num_classes: int) -> None:
        """Fresh classifiers for ``num_classes`` in every stream."""
        self.num_classes = num_classes
        for stream in (self.long_term, self.short_term):
            if stream is not None:
                stream.reset_classifier(num_classes)

    def encode(self, x: Tensor, *, stream: Literal["long", "short"] = "long") -> Tensor:
        """Frames ``[..., 3, H, W]`` to features ``[..., D]``; cached features pass through."""
        if self.encoder is None:
            features = x
        else:
            encoder = self.detail_encoder if stream == "short" else None
            flat = (encoder or self.encoder)(x.flatten(0, -4))
            features = flat.unflatten(0, x.shape[:-3])
        if features.shape[-1] != self.in_features:
            raise UserError(
                f"features = {tuple(features.shape)}: the last axis must be in_features ="
                f" {self.in_features}"
            )
        return features

    def forward_long(self, synopsis: Tensor) -> StreamOutput:
        """Long-term stream on features of the synopsis, ``[B, L, D]``."""
        if self.long_term is None or self.standardise_long is None:
            raise UserError("streams = 'short': there is no long-term stream")
        out: StreamOutput = self.long_term(self.standardise_long(synopsis))
        return out

    def forward_short(self, detail: Tensor, context: Tensor | None) -> StreamOutput:
        """Short-term stream on features of the detail clips, ``[B, K, F, D]``.

        ``context`` is the long-term stream's pooled feature ``[B, H]``; it gates the channels
        of every instance. It is None exactly when there is no long-term stream.
        """
        if self.short_term is None or self.standardise_short is None or self.motion is None:
            raise UserError("streams = 'long': there is no short-term stream")
        if (context is None) != (self.gate is None):
            raise UserError("context: needed when both streams are there, and only then")
        instances = self.motion(self.standardise_short(detail))
        if self.gate is not None and context is not None:
            instances = instances * torch.sigmoid(self.gate(context)).unsqueeze(1)
        out: StreamOutput = self.short_term(instances)
        return out

    def fuse(self, long: StreamOutput | None, short: StreamOutput | None) -> Tensor:
        """The prediction's logits ``[B, C]`` from the streams that are there."""
        if long is not None and short is not None and self.fusion == "mean":
            return (long.logits + short.logits) / 2
        last = long if short is None else short
        if last is None:
            raise UserError("fuse: at least one stream's output is needed")
        return last.logits

    def forward(self, synopsis: Tensor | None, detail: Tensor | Detail | None) -> DualOutput:
        """Frames or features to the prediction and both streams' outputs.

        Args:
            synopsis: ``[B, L, ...]``; not looked at without the long-term stream.
            detail: ``[B, K, F, ...]``, or a function that gives it from the long-term
                stream's output (key-expression re-sampling); not looked at without the
                short-term stream.

        ``...`` is D for cached features, else 3, H, W.
        """
        long = short = None
        if self.long_term is not None:
            if synopsis is None:
                raise UserError("synopsis: the long-term stream needs it")
            long = self.forward_long(self.encode(synopsis))
        if self.short_term is not None:
            clips = detail(long) if callable(detail) else detail
            if clips is None:
                raise UserError("detail: the short-term stream needs it")
            context = None if long is None else long.features
            short = self.forward_short(self.encode(clips, stream="short"), context)
        return DualOutput(self.fuse(long, short), long, short)


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

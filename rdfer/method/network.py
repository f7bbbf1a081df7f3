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
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.method.encoders import create_encoder
from rdfer.method.streams import (
    ClipMotion,
    SequenceModel,
    Standardise,
    Stream,
    StreamOutput,
    stream_loss,
)

__all__ = ["DualOutput", "DualStream", "Stream", "StreamOutput", "create_encoder", "stream_loss"]


class DualOutput(NamedTuple):
    """What the network says of B videos; a stream that is switched off is None."""

    logits: Tensor  # [B, C]: the prediction
    long: StreamOutput | None
    short: StreamOutput | None


Detail = Callable[[StreamOutput | None], Tensor]


class DualStream(nn.Module):
    """Both streams over one frame encoder (or two, or cached features).

    Args:
        encoder: module from frames ``[N, 3, H, W]`` to features ``[N, D]``; None when the
            inputs are cached features already. An encoder of clips has an attribute
            ``clip_frames`` = F and gives ``[N / F, D]``, one row for every F frames.
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
        sequence: a model that takes the place of the long-term stream's :class:`Stream`, for
            a baseline; ``streams`` must then be "long".
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
        sequence: SequenceModel | None = None,
    ) -> None:
        """Random weights come from torch's global generator."""
        super().__init__()
        if streams not in ("both", "short", "long"):
            raise UserError(f"streams = {streams!r}: must be one of both, short, long")
        if fusion not in ("detail", "mean"):
            raise UserError(f"fusion = {fusion!r}: must be one of detail, mean")
        if detail_encoder is not None and (encoder is None or streams != "both"):
            raise UserError("detail_encoder: needs an encoder and both streams")
        if sequence is not None and streams != "long":
            raise UserError(
                f"streams = {streams!r}: must be 'long' where a sequence model is given"
            )
        self.encoder, self.detail_encoder = encoder, detail_encoder
        self.in_features, self.num_classes, self.fusion = in_features, num_classes, fusion
        self.num_features = 2 * hidden if sequence is None else sequence.num_features
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
            self.long_term = stream() if sequence is None else sequence
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
        """Frames ``[..., 3, H, W]`` to features ``[..., D]``; cached features pass through.

        An encoder of clips leaves one feature for every ``clip_frames`` of the last frame axis.
        """
        if self.encoder is None:
            features = x
        else:
            own = self.detail_encoder if stream == "short" else None
            encoder = own or self.encoder
            group = getattr(encoder, "clip_frames", 1)
            if x.shape[-4] % group:
                raise UserError(
                    f"frames = {x.shape[-4]}: the encoder needs whole clips of {group} frames"
                )
            flat = encoder(x.flatten(0, -4))
            features = flat.unflatten(0, (*x.shape[:-4], x.shape[-4] // group))
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

"""The dual-stream network, from frames to logits: read from top to bottom.

    synopsis [B, L, ...] -> encoder -> long-term stream ----> logits, instance logits
                                           | pooled feature        | key frames
                                           v gates the channels    v
    detail [B, K, F, ...] -> encoder -> short-term stream --> logits

A *synopsis* is L frames spread over the video; *detail clips* are K short clips of F neighbouring
frames around the key frames that the long-term stream finds (:mod:`rdfer.method.keyexpr`).

Shapes: B videos, L synopsis frames, K detail clips of F frames, D encoder features, C classes,
H = 2 x hidden. An *instance* is what a stream's sequence model takes one of at a time: a frame of
the synopsis, or a whole detail clip.

Status: two sequence models STATED; their parts and sizes PRECURSOR; input standardisation, pooling
scores, temporal convolution and fusion OURS.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from rdfer.base.arrays import as_array
from rdfer.base.errors import UserError
from rdfer.method.keyexpr import class_peaks, key_clips, uniform_positions
from rdfer.method.sampling import Indices
from rdfer.method.streams import GatedLSTM, LongTermStream, ShortTermStream, StreamOutput, width_of

#: Frames of B videos: a tensor [B, T, ...], or a function from frame indices [B, ...] to them.
Frames: TypeAlias = Tensor | Callable[[Indices], Tensor]
#: Frames of V videos: a tensor [V, T, ...], or a function from rows [B] to those videos' frames.
Videos: TypeAlias = Tensor | Callable[[Indices], Frames]
#: From class probabilities of the synopsis frames, float [B, L, C], and the synopsis, int [B, L],
#: to positions in the synopsis, int [B, K].
KeyRule: TypeAlias = Callable[[NDArray[np.float32], Indices], Indices]


class DualOutput(NamedTuple):
    """What the network says of B videos; a stream that is switched off is None."""

    logits: Tensor  # [B, C]: the prediction
    long: StreamOutput | None
    short: StreamOutput | None
    detail: Indices | None  # frame indices of the detail clips, int64 [B, K, F]

    @property
    def features(self) -> Tensor:
        """What the streams that are there classify, side by side: ``[B, H]`` or ``[B, 2 H]``."""
        return torch.cat([s.features for s in (self.long, self.short) if s is not None], -1)


class DualStream(nn.Module):
    """Both streams over one frame encoder (or two, or cached features).

    >>> network = DualStream(in_features=64, num_classes=7, hidden=32)
    >>> video = torch.randn(2, 64, 64)  # cached features of 64 frames of 2 videos
    >>> out = network(video, [[2, 18, 34, 50]] * 2)
    >>> tuple(out.logits.shape), out.detail.shape  # 4 detail clips of 4 frames
    ((2, 7), (2, 4, 4))

    Args:
        encoder: any module from frames ``[N, 3, H, W]`` to features ``[N, D]``; None when the
            inputs are cached features already. An encoder of clips has an attribute
            ``clip_frames`` = F and gives ``[N / F, D]``, one row for every F frames. One that has
            ``of_clips = True`` is told how many frames of a clip stand side by side.
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
        long_term: a module of your own in place of :class:`LongTermStream`, and
        short_term: in place of :class:`ShortTermStream`; their form: :mod:`rdfer.method.streams`.
        sequence: a sequence model of your own inside :class:`LongTermStream`, such as a
            baseline's (:mod:`rdfer.method.baselines`).
        keys: K; where there are fewer classes, as many as classes.
        key_frames: F.
        key_stride: distance between the frames of a detail clip, in frames.
        key_rule: a function of your own that chooses the key frames (:data:`KeyRule`). Without
            it the peaks of the ``keys`` most probable classes (PRECURSOR), and evenly spread ones
            where there is no long-term stream.
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
        long_term: nn.Module | None = None,
        short_term: nn.Module | None = None,
        sequence: nn.Module | None = None,
        keys: int = 4,
        key_frames: int = 4,
        key_stride: int = 2,
        key_rule: KeyRule | None = None,
    ) -> None:
        """Random weights come from torch's global generator."""
        super().__init__()
        if streams not in ("both", "short", "long"):
            raise UserError(f"streams = {streams!r}: must be one of both, short, long")
        if fusion not in ("detail", "mean"):
            raise UserError(f"fusion = {fusion!r}: must be one of detail, mean")
        if detail_encoder is not None and (encoder is None or streams != "both"):
            raise UserError("detail_encoder: needs an encoder and both streams")
        if streams == "short" and (long_term is not None or sequence is not None):
            raise UserError("streams = 'short': there is no long-term stream to replace")
        if streams == "long" and short_term is not None:
            raise UserError("streams = 'long': there is no short-term stream to replace")
        if streams == "short" and key_rule is not None:
            raise UserError("streams = 'short': no stream says which frames are key; no key_rule")
        for name, part in (("long_term", long_term), ("short_term", short_term)):
            if not isinstance(part, nn.Module | None):
                raise UserError(f"{name} = {part!r:.80}: must be a module (torch.nn.Module)")
        if long_term is not None and sequence is not None:
            raise UserError("sequence: stands inside the long-term stream, which is replaced")
        self.encoder, self.detail_encoder = encoder, detail_encoder
        self.in_features, self.num_classes, self.fusion = in_features, num_classes, fusion
        self.keys, self.key_frames, self.key_stride = keys, key_frames, key_stride
        self.key_rule = key_rule

        def model() -> GatedLSTM:
            sizes = {"hidden": hidden, "layers": layers, "heads": heads, "dropout": dropout}
            return GatedLSTM(in_features=in_features, num_classes=num_classes, **sizes)

        self.long_term = self.short_term = None
        self.num_features = 2 * hidden
        if streams != "short":
            if long_term is None:
                long_term = LongTermStream(in_features, model() if sequence is None else sequence)
            self.long_term = long_term
            self.num_features = width_of(long_term, in_features)
        if streams != "long":
            if short_term is None:
                context = None if long_term is None else self.num_features
                short_term = ShortTermStream(in_features, model, hidden=hidden, context=context)
            self.short_term = short_term

    def reset_classifier(self, num_classes: int) -> None:
        """Fresh classifiers for ``num_classes`` in every stream."""
        self.num_classes = num_classes
        for stream in (s for s in (self.long_term, self.short_term) if s is not None):
            if not hasattr(stream, "reset_classifier"):
                raise UserError(f"{type(stream).__name__}: has no reset_classifier(num_classes)")
            stream.reset_classifier(num_classes)  # type: ignore[operator]

    def encode(self, x: Tensor, *, stream: Literal["long", "short"] = "long") -> Tensor:
        """Frames ``[..., 3, H, W]`` to features ``[..., D]``; cached features pass through.

        An encoder of clips leaves one feature for every ``clip_frames`` of the last frame axis.
        """
        if self.encoder is None:
            features = x
        else:
            encoder = (self.detail_encoder if stream == "short" else None) or self.encoder
            length, group = x.shape[-4], getattr(encoder, "clip_frames", 1)
            if length % group:
                raise UserError(f"frames = {length}: the encoder needs whole clips of {group}")
            # one that mixes the frames of a clip is told how many there are
            told = {"clip_frames": length} if getattr(encoder, "of_clips", False) else {}
            flat = encoder(x.flatten(0, -4), **told)
            features = flat.unflatten(0, (*x.shape[:-4], length // group))
        if features.shape[-1] != self.in_features:
            raise UserError(
                f"features = {tuple(features.shape)}: the last axis must be in_features ="
                f" {self.in_features}"
            )
        return features

    def forward_long(self, synopsis: Tensor) -> StreamOutput:
        """Long-term stream on features of the synopsis, ``[B, L, D]``."""
        if self.long_term is None:
            raise UserError("streams = 'short': there is no long-term stream")
        return self._checked("long_term", self.long_term(synopsis), len(synopsis))

    def forward_short(self, detail: Tensor, context: Tensor | None) -> StreamOutput:
        """Short-term stream on features of the detail clips, ``[B, K, F, D]``.

        ``context`` is the long-term stream's pooled feature ``[B, H]``, which gates the channels
        of every instance; None exactly when there is no long-term stream.
        """
        if self.short_term is None:
            raise UserError("streams = 'long': there is no short-term stream")
        if (context is None) != (self.long_term is None):
            raise UserError("context: needed when both streams are there, and only then")
        return self._checked("short_term", self.short_term(detail, context), len(detail))

    def _checked(self, part: str, out: StreamOutput, batch: int) -> StreamOutput:
        """What a stream gave; a module of somebody's own may give anything."""
        if not isinstance(out, StreamOutput):
            raise UserError(f"{part}: gave {type(out).__name__}; must give StreamOutput")
        logits, instances = out.logits.shape, out.instance_logits.shape
        ends = (batch, self.num_classes)
        if logits != ends or len(instances) != 3 or instances[::2] != ends or not instances[1]:
            raise UserError(
                f"{part}: gave logits {tuple(logits)} and instance logits {tuple(instances)}; must"
                f" be [{batch}, {self.num_classes}] and [{batch}, any above 0, {self.num_classes}]"
            )
        return out

    def fuse(self, long: StreamOutput | None, short: StreamOutput | None) -> Tensor:
        """The prediction's logits ``[B, C]`` from the streams that are there."""
        if long is not None and short is not None and self.fusion == "mean":
            return (long.logits + short.logits) / 2
        last = long if short is None else short
        if last is None:
            raise UserError("fuse: at least one stream's output is needed")
        return last.logits

    def key_positions(self, long: StreamOutput | None, synopsis: Indices) -> Indices:
        """Where in the synopsis the key frames are, int64 ``[B, K]``; no gradient flows here."""
        if long is None:
            return uniform_positions(len(synopsis), synopsis.shape[1], self.keys)
        p = long.instance_logits.detach().float().softmax(-1).cpu().numpy()
        if self.key_rule is not None:
            return self.key_rule(p, synopsis)
        return class_peaks(p, keys=min(self.keys, p.shape[2]))

    def forward(
        self, frames: Frames, synopsis: ArrayLike, lengths: ArrayLike | None = None
    ) -> DualOutput:
        """Recognise B videos: find their key expression, and look at it more densely.

        Args:
            frames: ``[B, T, ...]``, or a function that fetches them by frame indices; ``...`` is
                D for cached features, else 3, H, W.
            synopsis: frame indices of the synopsis, int ``[B, L]``
                (:func:`rdfer.method.sampling.synopsis`).
            lengths: frames of each video, int ``[B]``; T where ``frames`` is a tensor.
        """
        indices = as_array(synopsis)
        if indices.ndim != 2 or indices.dtype.kind not in "iu":
            raise UserError(
                f"synopsis of shape {indices.shape} and type {indices.dtype}: must be frame"
                " indices, int [B, L]"
            )
        long = short = clips = None
        if self.long_term is not None:
            long = self.forward_long(self.encode(take(frames, indices)))
        if self.short_term is not None:
            positions = self.key_positions(long, indices)
            clips = key_clips(
                positions,
                indices,
                _lengths(frames, lengths),
                frames=self.key_frames,
                stride=self.key_stride,
            )
            detail = self.encode(take(frames, clips), stream="short")
            short = self.forward_short(detail, None if long is None else long.features)
        return DualOutput(self.fuse(long, short), long, short, clips)


def take(frames: Frames, indices: Indices) -> Tensor:
    """The frames of B videos at ``indices`` ``[B, ...]``: ``[B, ..., *shape of a frame]``."""
    if not isinstance(frames, Tensor):
        return frames(indices)
    at = torch.as_tensor(indices, device=frames.device)
    rows = torch.arange(len(at), device=frames.device)
    return frames[rows.reshape(-1, *[1] * (at.ndim - 1)), at]


def _lengths(frames: Frames, lengths: ArrayLike | None) -> ArrayLike:
    if lengths is not None:
        return lengths
    if not isinstance(frames, Tensor):
        raise UserError("lengths: needed where frames are fetched by a function")
    return np.full(len(frames), frames.shape[1])


@torch.inference_mode()
def recognise(
    network: nn.Module,
    videos: Videos,
    clips: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    batch: int = 64,
    dropout: bool = False,
) -> Iterator[DualOutput]:
    """What the network says of N clips of each video, batch by batch, the N of a video together.

    Args:
        network: a :class:`DualStream`; it is left in evaluation mode.
        videos: frames ``[V, T, ...]`` as the network takes them, or a function from rows
            (int ``[B]``, below V) to the frames of those videos.
        clips: frame indices, int ``[V, N, L]`` (:func:`rdfer.method.sampling.agreement_clips`).
        lengths: frames of each video, int ``[V]``; T where ``videos`` is a tensor.
        batch: clips at a time.
        dropout: leave dropout on; it draws from torch's global generator.
    """
    network.eval()
    if dropout:
        # whatever drops out, wherever it is; but a prediction must not depend on its neighbours
        for module in network.modules():
            module.training = not isinstance(module, _BatchNorm)
    drawn = as_array(clips, np.int64)
    if drawn.ndim != 3:
        raise UserError(f"clips of shape {drawn.shape}: must be [V, N, L]")
    of_video = np.arange(len(drawn)).repeat(drawn.shape[1])
    flat = drawn.reshape(-1, drawn.shape[2])
    every = None if lengths is None else as_array(lengths, np.int64)
    for start in range(0, len(flat), batch):
        rows = of_video[start : start + batch]
        frames = videos[torch.from_numpy(rows)] if isinstance(videos, Tensor) else videos(rows)
        yield network(frames, flat[start : start + batch], None if every is None else every[rows])


def predict_clips(
    network: nn.Module,
    videos: Videos,
    clips: ArrayLike,
    *,
    lengths: ArrayLike | None = None,
    batch: int = 64,
    dropout: bool = False,
) -> NDArray[np.float32]:
    """Class probabilities of N clips of each video, float32 ``[V, N, C]``: one sweep.

    Arguments as for :func:`recognise`. What they say together: :mod:`rdfer.method.agreement`.
    """
    said = recognise(network, videos, clips, lengths=lengths, batch=batch, dropout=dropout)
    parts = [out.logits.float().softmax(-1).cpu().numpy() for out in said]
    return np.concatenate(parts).reshape(*np.shape(clips)[:2], -1)

"""From a synopsis to a prediction: long-term stream, key expression, detail, short-term stream."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rdfer.data.inputs import Inputs, Look, input_size
from rdfer.method.baselines import FrameAverage, Recurrent, TemporalTransformer
from rdfer.method.keyexpr import class_peaks, key_clips, random_positions, uniform_positions
from rdfer.method.m3dfel import InstanceAggregation, create_clip_encoder
from rdfer.method.network import DualStream, StreamOutput, create_encoder
from rdfer.method.sampling import synopsis
from rdfer.method.streams import SequenceModel
from rdfer.settings.schema import Sampling, Settings

Indices = NDArray[np.int64]

BASELINES: dict[str, type[SequenceModel]] = {
    "frame-average": FrameAverage,
    "recurrent": Recurrent,
    "transformer": TemporalTransformer,
    "m3dfel": InstanceAggregation,
}


class Recognition(NamedTuple):
    """What the network says of a batch, and which frames the short-term stream saw."""

    logits: Tensor  # [B, C], the prediction
    long: StreamOutput | None
    short: StreamOutput | None
    detail: Indices | None  # frame indices of the detail clips, int64 [B, K, F]


class Seen(NamedTuple):
    """What a recognizer says of every video, once."""

    probs: NDArray[np.float32]  # [V, C]
    detail: (
        Indices | None
    )  # frames of the detail clips, int64 [V, K, F]; None without such a stream
    features: NDArray[np.float32]  # [V, F], what the streams that are there classify, side by side


class Recognizer(nn.Module):
    """A :class:`DualStream` network together with key-expression re-sampling.

    Where there is no long-term stream, or ``key_rule`` is "uniform", the detail clips are spread
    evenly over the synopsis; with "random" they lie at places that the synopsis' frames draw, the
    same for the same synopsis.

    Source: key-expression re-sampling; idea STATED, mechanics PRECURSOR.
    """

    def __init__(self, network: DualStream, clips: Sampling) -> None:
        super().__init__()
        self.network, self.clips = network, clips

    def detail_clips(
        self, long: StreamOutput | None, synopsis: Indices, lengths: Indices
    ) -> Indices:
        """Frame indices of the detail clips, int64 [B, K, F]."""
        s = self.clips
        if long is None or s.key_rule == "uniform":
            positions = uniform_positions(len(synopsis), synopsis.shape[1], s.keys)
        elif s.key_rule == "random":
            positions = random_positions(synopsis, s.keys)
        else:
            p = long.instance_logits.detach().float().softmax(-1).cpu().numpy()
            positions = class_peaks(p, keys=s.keys)
        return key_clips(positions, synopsis, lengths, frames=s.key_frames, stride=s.key_stride)

    def forward(self, look: Look, synopsis: Indices, lengths: Indices) -> Recognition:
        """Predict a batch of clips.

        Args:
            look: frame indices [B, ...] to inputs [B, ..., D or 3, H, W].
            synopsis: frame indices, int64 [B, L].
            lengths: stored frames of each video, int64 [B].
        """
        chosen: list[Indices] = []

        def detail(long: StreamOutput | None) -> Tensor:
            chosen.append(self.detail_clips(long, synopsis, lengths))
            return look(chosen[-1])

        sees_whole = self.network.long_term is not None
        out = self.network(look(synopsis) if sees_whole else None, detail)
        return Recognition(out.logits, out.long, out.short, chosen[0] if chosen else None)


def build_network(
    settings: Settings, *, classes: int, in_features: int | None, weights: Path | None = None
) -> DualStream:
    """The network that ``settings`` describe; without an encoder where features are cached.

    A baseline's model takes the place of the long-term stream, and there is no other.
    ``weights`` is a file of pre-trained encoder weights that replaces the shipped ones.
    """
    n = settings.network
    encoder: nn.Module | None = None
    detail_encoder: nn.Module | None = None
    if in_features is None:
        encoder, in_features = _encoder(settings, weights)
        if n.separate_encoders and n.streams == "both":
            detail_encoder, _ = _encoder(settings, weights)
    sizes: dict[str, Any] = {
        "in_features": in_features,
        "num_classes": classes,
        "hidden": n.hidden,
        "layers": n.layers,
        "heads": n.heads,
        "dropout": n.dropout,
    }
    if n.model != "dual-stream":
        return DualStream(encoder, streams="long", sequence=BASELINES[n.model](**sizes), **sizes)
    return DualStream(
        encoder, detail_encoder=detail_encoder, streams=n.streams, fusion=n.fusion, **sizes
    )


def _encoder(settings: Settings, weights: Path | None) -> tuple[nn.Module, int]:
    n = settings.network
    if n.model == "m3dfel":
        return create_clip_encoder(pretrained=n.pretrained)
    return create_encoder(
        n.encoder,
        pretrained=n.pretrained,
        size=input_size(settings),
        shift=n.shift,
        weights=weights,
    )


@torch.inference_mode()
def predict(
    model: nn.Module,
    inputs: Inputs,
    videos: Indices,
    clips: Indices,
    *,
    batch: int,
    outputs: list[Recognition] | None = None,
    copy: tuple[int, torch.Generator] | None = None,
    dropout: bool = False,
) -> NDArray[np.float32]:
    """Class probabilities of given clips, without augmentation: float32 [V, N, C].

    Args:
        model: a :class:`Recognizer`, wrapped by Fabric or not.
        inputs: where the frames come from.
        videos: int64 [V], rows of the store.
        clips: frame indices, int64 [V, N, L].
        batch: clips predicted at a time.
        outputs: all that the network says is appended here, batch by batch.
        copy: number of an augmented copy and a generator, to look at that instead.
        dropout: leave dropout on; it draws from torch's global generator.
    """
    model.eval()
    if dropout:
        # an LSTM holds its dropout itself, and has nothing else that differs in training
        for module in model.modules():
            module.training = isinstance(module, nn.Dropout | nn.LSTM)
    v, n, _ = clips.shape
    rows = videos.repeat(n)
    flat = clips.reshape(v * n, -1)
    parts = []
    for start in range(0, v * n, batch):
        some = slice(start, start + batch)
        if copy is None:
            look = inputs.look(rows[some], None)
        else:
            look = inputs.augmented(rows[some], copy[0], copy[1])
        out = model(look, flat[some], inputs.lengths[rows[some]])
        if outputs is not None:
            outputs.append(out)
        parts.append(out.logits.float().softmax(-1).cpu().numpy())
    return np.concatenate(parts).reshape(v, n, -1)


def fixed_clips(inputs: Inputs, videos: Indices, clips: Sampling) -> Indices:
    """The deterministic test clip of each video: segment centres, int64 [V, 1, L]."""
    return synopsis(inputs.lengths[videos], clip_frames=clips.clip_frames)[:, None]


def predict_once(model: nn.Module, inputs: Inputs, videos: Indices, settings: Settings) -> Seen:
    """The one deterministic clip of each video, predicted once."""
    clips = fixed_clips(inputs, videos, settings.sampling)
    outputs: list[Recognition] = []
    probs = predict(
        model, inputs, videos, clips, batch=4 * settings.training.batch, outputs=outputs
    )
    details = [out.detail for out in outputs if out.detail is not None]
    features = [
        torch.cat([stream.features for stream in (out.long, out.short) if stream], -1)
        for out in outputs
    ]
    return Seen(
        probs[:, 0],
        np.concatenate(details) if details else None,
        torch.cat(features).float().cpu().numpy(),
    )

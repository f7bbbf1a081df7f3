"""The network that settings describe, and what it says of videos."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rdfer.data.inputs import Inputs, Look, input_size
from rdfer.method.baselines import (
    FrameAverage,
    InstanceAggregation,
    Recurrent,
    TemporalTransformer,
    create_clip_encoder,
)
from rdfer.method.encoders import create_encoder
from rdfer.method.keyexpr import random_positions, uniform_positions
from rdfer.method.network import DualStream, KeyRule, predict_clips, recognise
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
    s = settings.sampling
    return DualStream(
        encoder,
        detail_encoder=detail_encoder,
        streams=n.streams,
        fusion=n.fusion,
        keys=s.keys,
        key_frames=s.key_frames,
        key_stride=s.key_stride,
        key_rule=_key_rule(s),
        **sizes,
    )


def _key_rule(s: Sampling) -> KeyRule | None:
    """How the key frames are chosen; None for the network's own rule, the peaks of classes."""
    if s.key_rule == "uniform":
        return lambda p, synopsis: uniform_positions(len(synopsis), synopsis.shape[1], s.keys)
    if s.key_rule == "random":
        return lambda p, synopsis: random_positions(synopsis, s.keys)
    return None


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


def predict(
    model: nn.Module,
    inputs: Inputs,
    videos: Indices,
    clips: Indices,
    *,
    batch: int,
    copy: tuple[int, torch.Generator] | None = None,
    dropout: bool = False,
) -> NDArray[np.float32]:
    """Class probabilities of given clips, without augmentation: float32 [V, N, C].

    Args:
        model: a :class:`DualStream`, wrapped by Fabric or not.
        inputs: where the frames come from.
        videos: int64 [V], rows of the bank.
        clips: frame indices, int64 [V, N, L].
        batch: clips predicted at a time.
        copy: number of an augmented copy and a generator, to look at that instead.
        dropout: leave dropout on; it draws from torch's global generator.
    """

    def look(rows: Indices) -> Look:
        if copy is None:
            return inputs.look(videos[rows], None)
        return inputs.augmented(videos[rows], copy[0], copy[1])

    lengths = inputs.lengths[videos]
    return predict_clips(model, look, clips, lengths=lengths, batch=batch, dropout=dropout)


class Seen(NamedTuple):
    """What a network says of every video, once."""

    probs: NDArray[np.float32]  # [V, C]
    detail: Indices | None  # frames of the detail clips, int64 [V, K, F]; None without that stream
    features: NDArray[np.float32]  # [V, F], what the streams that are there classify, side by side


def fixed_clips(inputs: Inputs, videos: Indices, clips: Sampling) -> Indices:
    """The deterministic test clip of each video: segment centres, int64 [V, 1, L]."""
    return synopsis(inputs.lengths[videos], clip_frames=clips.clip_frames)[:, None]


def predict_once(model: nn.Module, inputs: Inputs, videos: Indices, settings: Settings) -> Seen:
    """The one deterministic clip of each video, predicted once."""
    clips = fixed_clips(inputs, videos, settings.sampling)
    batch = 4 * settings.training.batch
    said = list(
        recognise(
            model,
            lambda rows: inputs.look(videos[rows], None),
            clips,
            lengths=inputs.lengths[videos],
            batch=batch,
        )
    )
    details = [out.detail for out in said if out.detail is not None]
    return Seen(
        torch.cat([out.logits.float().softmax(-1) for out in said]).cpu().numpy(),
        np.concatenate(details) if details else None,
        torch.cat([out.features for out in said]).float().cpu().numpy(),
    )

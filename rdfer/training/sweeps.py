"""Agreement sweeps: predict several clips of every training video, again and again.

A sweep gives clip probabilities [V, N, C]. What it says may be taken alone or averaged with the
sweeps before it (``agreement.average``); all are kept, so that what the averaging adds can be told
from what the clips add. A run that is watched in all views (``agreement.watch``) also predicts one
clip of each video as often, with other augmentations and with dropout, and keeps what training
said of each video in each epoch: what other people's scores look at.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rdfer.data.inputs import Inputs
from rdfer.data.task import Part
from rdfer.method import agreement, sampling
from rdfer.settings.schema import Settings
from rdfer.training.prediction import predict

Floats = NDArray[np.float32]

VIEWS = ("clips", "augmented", "dropout")


@dataclass
class Sweeps:
    """The sweeps so far.

    Attributes:
        epochs: epoch (counted from 1) after which each sweep was made.
        clips: probabilities of several clips, float32 [V, N, C] a sweep.
        augmented: of one clip under N augmentations; empty unless watched in all views.
        dropout: of one clip in N passes with dropout; empty unless watched in all views.
        logits: of the clip that training saw, float32 [V, C] an epoch; likewise.
    """

    epochs: list[int] = field(default_factory=list)
    clips: list[Floats] = field(default_factory=list)
    augmented: list[Floats] = field(default_factory=list)
    dropout: list[Floats] = field(default_factory=list)
    logits: list[Floats] = field(default_factory=list)

    @property
    def last(self) -> Floats | None:
        """Clip probabilities of the last sweep."""
        return self.clips[-1] if self.clips else None

    @property
    def means(self) -> list[Floats]:
        """Mean softmax over the clips, [V, C] a sweep."""
        return [probs.mean(1) for probs in self.clips]

    @property
    def votes(self) -> list[Floats]:
        """Share of the majority class, [V] a sweep; one clip always agrees with itself."""
        return [
            np.asarray(agreement.vote(p)[0], np.float32)
            if p.shape[1] > 1
            else np.ones(len(p), np.float32)
            for p in self.clips
        ]

    def add(self, epoch: int, probs: Floats) -> None:
        """Add a sweep made after ``epoch``."""
        self.epochs.append(epoch)
        self.clips.append(probs)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What is there as arrays, fit for an npz file: ``sweep_epochs``, ``sweep_clips``, ..."""
        found: dict[str, NDArray[np.generic]] = {}
        if self.epochs:
            found["sweep_epochs"] = np.array(self.epochs, np.int64)
        for name in (*VIEWS, "logits"):
            values = getattr(self, name)
            if values:
                found[f"sweep_{name}"] = np.stack(values)
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> "Sweeps":
        """Inverse of :meth:`arrays`."""
        lists = {
            name: list(np.asarray(arrays[f"sweep_{name}"], np.float32))
            for name in (*VIEWS, "logits")
            if f"sweep_{name}" in arrays
        }
        epochs = [int(e) for e in arrays.get("sweep_epochs", np.array([]))]
        return cls(epochs=epochs, **lists)


def is_due(settings: Settings, epoch: int) -> bool:
    """Whether a sweep follows epoch number ``epoch`` (counted from 1)."""
    a = settings.agreement
    return a.sweeps and epoch >= a.start and (epoch - a.start) % a.every == 0


def sweep(
    model: nn.Module, inputs: Inputs, part: Part, settings: Settings, rng: np.random.Generator
) -> Floats:
    """Predict ``agreement.clips`` random clips of every video: float32 [V, N, C]."""
    clips = _clips(inputs, part, settings, settings.agreement.clips, rng)
    return predict(model, inputs, part.videos, clips, batch=4 * settings.training.batch)


def sweep_augmented(
    model: nn.Module, inputs: Inputs, part: Part, settings: Settings, rng: np.random.Generator
) -> Floats:
    """Predict one random clip of every video under N augmentations: float32 [V, N, C]."""
    clip = _clips(inputs, part, settings, 1, rng)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    copies = [
        predict(
            model,
            inputs,
            part.videos,
            clip,
            batch=4 * settings.training.batch,
            copy=(number, generator),
        )
        for number in range(settings.agreement.clips)
    ]
    return np.concatenate(copies, axis=1)


def sweep_dropout(
    model: nn.Module, inputs: Inputs, part: Part, settings: Settings, rng: np.random.Generator
) -> Floats:
    """Predict one random clip of every video in N passes with dropout: float32 [V, N, C]."""
    clip = _clips(inputs, part, settings, 1, rng)
    passes = np.repeat(clip, settings.agreement.clips, axis=1)
    with torch.random.fork_rng():
        torch.manual_seed(int(rng.integers(2**62)))
        return predict(
            model, inputs, part.videos, passes, batch=4 * settings.training.batch, dropout=True
        )


def _clips(
    inputs: Inputs, part: Part, settings: Settings, clips: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    return sampling.agreement_clips(
        inputs.lengths[part.videos],
        clips=clips,
        clip_frames=settings.sampling.clip_frames,
        span=settings.agreement.span,
        generator=rng,
    )

"""Agreement sweeps: predict several clips of every training video, again and again.

A sweep gives clip probabilities [V, N, C]. What it says may be taken alone or averaged with the
sweeps before it (``agreement.average``); both are kept, so that what the averaging adds can be
told from what the clips add.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from rdfer import agreement, sampling
from rdfer.inputs import Inputs
from rdfer.recognizer import predict
from rdfer.settings import Settings
from rdfer.task import Part

Floats = NDArray[np.float32]


@dataclass
class Sweeps:
    """The sweeps so far: last clip probabilities, and per sweep the mean softmax and the vote.

    Attributes:
        epochs: epoch (counted from 1) after which each sweep was made.
        last: clip probabilities of the last sweep, float32 [V, N, C].
        means: mean softmax over the clips, one [V, C] a sweep.
        votes: share of the majority class, one [V] a sweep.
    """

    epochs: list[int] = field(default_factory=list)
    last: Floats | None = None
    means: list[Floats] = field(default_factory=list)
    votes: list[Floats] = field(default_factory=list)

    def add(self, epoch: int, probs: Floats) -> None:
        """Add a sweep made after ``epoch``."""
        share = agreement.vote(probs)[0] if probs.shape[1] > 1 else np.ones(len(probs))
        self.epochs.append(epoch)
        self.last = probs
        self.means.append(probs.mean(1))
        self.votes.append(np.asarray(share, np.float32))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything as arrays, fit for an npz file; empty before the first sweep."""
        if self.last is None:
            return {}
        return {
            "sweep_epochs": np.array(self.epochs, np.int64),
            "sweep_last": self.last,
            "sweep_means": np.stack(self.means),
            "sweep_votes": np.stack(self.votes),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> "Sweeps":
        """Inverse of :meth:`arrays`."""
        if "sweep_last" not in arrays:
            return cls()
        return cls(
            epochs=[int(e) for e in arrays["sweep_epochs"]],
            last=np.asarray(arrays["sweep_last"], np.float32),
            means=list(np.asarray(arrays["sweep_means"], np.float32)),
            votes=list(np.asarray(arrays["sweep_votes"], np.float32)),
        )


def is_due(settings: Settings, epoch: int) -> bool:
    """Whether a sweep follows epoch number ``epoch`` (counted from 1)."""
    a = settings.agreement
    return epoch >= a.start and (epoch - a.start) % a.every == 0


def sweep(
    model: nn.Module, inputs: Inputs, part: Part, settings: Settings, rng: np.random.Generator
) -> Floats:
    """Predict ``agreement.clips`` random clips of every video: float32 [V, N, C]."""
    clips = sampling.agreement_clips(
        inputs.lengths[part.videos],
        clips=settings.agreement.clips,
        clip_frames=settings.sampling.clip_frames,
        span=settings.agreement.span,
        generator=rng,
    )
    return predict(model, inputs, part.videos, clips, batch=4 * settings.training.batch)

"""Pre-training that never sees a blendshape weight: the classes of still faces.

What work on real videos starts from are often networks trained on labelled *pictures* of
expressions. This is the equivalent here: single frames of faces that show a class's expression, or
none, at some intensity; the encoder is told the class and nothing about the face's shape. Frames
come from recipes of the development pool alone: of the confirmation pool's own variants it has seen
none, of those that both pools share all, and of the course of a video nothing.

Source: OURS.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rdfer.data.manifest import CLASSES
from rdfer.faces.blendshapes import read_out, see
from rdfer.faces.pretrain_faces import picture
from rdfer.faces.recipes import recipe, variants

POOL = "development"
FAINTEST = 0.3  # share of a recipe's full intensity


def class_weights(
    rng: np.random.Generator, frames: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Blendshape weights of frames of random classes, and these.

    Args:
        rng: class, variant and intensity are drawn from it.
        frames: how many, n.

    Returns:
        Weights float32 ``[n, 52]`` in [0, 1], all 0 where the class is neutral; and classes int64
        ``[n]``, places in :data:`rdfer.data.manifest.CLASSES`.
    """
    classes = rng.integers(len(CLASSES), size=frames)
    weights = np.zeros((frames, 52), np.float32)
    for row, number in zip(weights, classes, strict=True):
        label = CLASSES[number]
        if label != "Neutral":
            name = str(rng.choice(variants(label, POOL)))
            full = recipe(label, name).weights().clip(0, 1000) / 1000
            row[:] = full * rng.uniform(FAINTEST, 1.0)
    return weights, classes


class StillClasses:
    """What :func:`rdfer.faces.pretrain.train` asks of a task, for classifying still faces.

    Args:
        encoder: from pictures ``[N, 3, S, S]`` to features ``[N, F]``.
        features: F.
        frames: uint8 ``[n, S', S', 3]``.
        classes: int64 ``[n]``.
        held: the last so many frames are never trained on; they give the score.
        size: S.
        batch: frames in a batch.
    """

    def __init__(
        self,
        encoder: nn.Module,
        features: int,
        frames: Tensor,
        classes: Tensor,
        *,
        held: int,
        size: int,
        batch: int,
    ) -> None:
        """The read-out starts from torch's global generator."""
        self.model: nn.Module = nn.Sequential(encoder, read_out(features, len(CLASSES)))
        self.frames, self.classes = frames, classes
        self.n, self.size, self.batch = len(frames) - held, size, batch

    def batches(self, generator: torch.Generator) -> list[Tensor]:
        """Rows of one epoch's batches."""
        return list(torch.randperm(self.n, generator=generator).split(self.batch))

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the classes; a mirror image shows the same one."""
        device = next(self.model.parameters()).device
        pictures = picture(
            self.frames[rows], self.size, generator, device=device, scale=(0.85, 1.0), jitter=0.3
        )
        if torch.rand((), generator=generator) < 0.5:
            pictures = pictures.flip(-1)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            guess = self.model(pictures)
        return nn.functional.cross_entropy(guess.float(), self.classes[rows].to(device))

    def scores(self) -> dict[str, float]:
        """Share of held-out frames, of other people, whose class is named."""
        self.model.eval()
        guesses = see(self.model, self.frames[self.n :], size=self.size).argmax(1)
        right = (guesses == self.classes[self.n :]).float().mean()
        return {"accuracy": round(float(right), 4)}

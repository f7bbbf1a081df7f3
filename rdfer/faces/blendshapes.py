"""Blendshape weights in pictures: the task of regressing them.

The classes of the embedded benchmark are defined by blendshapes, so an encoder that was trained
here has been given what real data would not give.
"""

import torch
from timm.models.resnet import BasicBlock, downsample_conv
from torch import Tensor, nn

from rdfer.faces.pretrain_faces import mirror_index, picture
from rdfer.method.encoders import SMALL_CELLS, SMALL_CHANNELS
from rdfer.method.transforms import evaluate


def read_out(features: int, outputs: int) -> nn.Module:
    """From an encoder's features to blendshape weights; it does not ship.

    Where the encoder keeps a map (:class:`rdfer.method.encoders.SmallEncoder`), a fourth stage of a
    ResNet finishes it; else a linear layer will do.
    """
    if features != SMALL_CHANNELS * SMALL_CELLS**2:
        return nn.Linear(features, outputs)
    wide = 2 * SMALL_CHANNELS
    return nn.Sequential(
        nn.Unflatten(1, (SMALL_CHANNELS, SMALL_CELLS, SMALL_CELLS)),
        BasicBlock(
            SMALL_CHANNELS,
            wide,
            stride=2,
            downsample=downsample_conv(SMALL_CHANNELS, wide, kernel_size=1, stride=2),
        ),
        BasicBlock(wide, wide),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(1),
        nn.Linear(wide, outputs),
    )


def r_squared(truth: Tensor, guess: Tensor) -> Tensor:
    """R2 per blendshape, [52]."""
    residual = (truth - guess).square().sum(0)
    return 1 - residual / (truth - truth.mean(0)).square().sum(0).clamp_min(1e-9)


def summary(r2: Tensor, name: str) -> dict[str, float]:
    """Mean and median of R2 over the blendshapes, under ``name``."""
    return {
        f"{name}_mean": round(float(r2.mean()), 4),
        f"{name}_median": round(float(r2.median()), 4),
    }


@torch.inference_mode()
def see(model: nn.Module, frames: Tensor, *, size: int) -> Tensor:
    """What a model gives for frames as they are: uint8 [n, S', S', 3] to float32 [n, D]."""
    device = next(model.parameters()).device
    found = [model(evaluate(f.to(device), size=size)).float().cpu() for f in frames.split(256)]
    return torch.cat(found)


class Blendshapes:
    """What :func:`rdfer.faces.pretrain.train` asks of a task, for blendshape regression.

    Args:
        encoder: from pictures ``[N, 3, S, S]`` to features ``[N, F]``.
        features: F.
        frames: uint8 ``[n, S', S', 3]``.
        weights: blendshape weights in 0..1, float32 ``[n, 52]``.
        held: the last so many frames are never trained on; they give the scores.
        size: S.
        batch: frames in a batch.
    """

    def __init__(
        self,
        encoder: nn.Module,
        features: int,
        frames: Tensor,
        weights: Tensor,
        *,
        held: int,
        size: int,
        batch: int,
    ) -> None:
        """The read-out starts from torch's global generator."""
        self.model: nn.Module = nn.Sequential(encoder, read_out(features, weights.shape[1]))
        self.frames, self.n, self.size, self.batch = frames, len(frames) - held, size, batch
        self.flipped = mirror_index()
        # to mean 0 and variance 1, so that rare and faint blendshapes count as much as others
        seen = weights[: self.n]
        self.targets = (weights - seen.mean(0)) / seen.std(0)

    def batches(self, generator: torch.Generator) -> list[Tensor]:
        """Rows of one epoch's batches."""
        return list(torch.randperm(self.n, generator=generator).split(self.batch))

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of standardised weights."""
        device = next(self.model.parameters()).device
        pictures = picture(
            self.frames[rows],
            self.size,
            generator,
            device=device,
            scale=(0.85, 1.0),
            jitter=0.3,
        )
        target = self.targets[rows].to(device)
        if torch.rand((), generator=generator) < 0.5:
            pictures, target = pictures.flip(-1), target[:, self.flipped]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            guess = self.model(pictures)
        return nn.functional.mse_loss(guess.float(), target)

    def scores(self) -> dict[str, float]:
        """Mean and median R2 over the blendshapes, on held-out identities."""
        self.model.eval()
        guesses = see(self.model, self.frames[self.n :], size=self.size)
        return summary(r_squared(self.targets[self.n :], guesses), "r2")

"""Pre-training that never sees a blendshape: contrastive learning of rendered frames.

Two views are taken of every frame. They differ in what an expression does not depend on (crop,
light, colour, blur, noise) and share the rest; the encoder learns to find the other view of a
frame among all views of a batch. A batch holds many frames of each of a few faces, in each of
which the head holds still: they share person, light and pose, so that none of these tells one
frame from another and the expression must. (In a small trial with a pose of its own for every
frame the loss fell, yet a linear probe read no blendshape from the features: pose will do there.)
A mirror image shows another expression wherever that one is lopsided, so both views of a frame
are mirrored or neither.

Source: SimCLR (Chen et al., ICML 2020), with still heads in the batches: OURS.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdfer.errors import UserError
from rdfer.pretrain_faces import picture

PROJECTED = 64  # numbers in which views are compared


def nt_xent(first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    """How hard it is to find each frame's other view among all views of the batch.

        l_i = -log( exp(s_ij / t) / sum_{k != i} exp(s_ik / t) ),   s = cosine similarity

    averaged over the 2n views, j being the other view of the frame of view i.

    Args:
        first: one view of each frame, ``[n, P]``.
        second: the other view of each, ``[n, P]``, in the same order.
        temperature: t, above 0; a small one looks at the most similar other views alone.

    Returns:
        The loss, at least 0; ``log(2n - 1)`` where all views are alike.

    Raises:
        UserError: views of different shapes, one frame alone, a temperature of 0 or less.

    Source: Chen et al., ICML 2020, equation 1.
    """
    if first.shape != second.shape or first.ndim != 2 or len(first) < 2:
        raise UserError(
            f"views of shapes {tuple(first.shape)} and {tuple(second.shape)}: must be two of the"
            " same shape [n, P], of at least 2 frames"
        )
    if temperature <= 0:
        raise UserError(f"temperature = {temperature!r}: must be above 0")
    views = functional.normalize(torch.cat([first, second]), dim=1)
    similar = views @ views.T / temperature
    similar = similar.masked_fill(
        torch.eye(len(views), dtype=torch.bool).to(views.device), -torch.inf
    )
    n = len(first)
    other = torch.arange(2 * n, device=views.device).roll(n)
    return functional.cross_entropy(similar, other)


def face_batches(
    frames: int, batch: int, *, together: int, generator: torch.Generator
) -> list[Tensor]:
    """Batches of whole groups of frames of one face, every frame once, in random order.

    Args:
        frames: how many there are; every ``together`` in a row are one group.
        batch: frames in a batch.
        together: frames of a group; divides ``frames`` and ``batch``.
        generator: of the order of the groups.

    Returns:
        Rows of the frames, int64 ``[batch]`` each; the last may be smaller.

    Raises:
        UserError: groups that do not fill a batch or the frames.
    """
    if batch % together or frames % together:
        raise UserError(
            f"batch = {batch}: it and all {frames} frames must be whole groups of {together}"
        )
    groups = torch.arange(frames).view(-1, together)
    mixed = groups[torch.randperm(len(groups), generator=generator)]
    return list(mixed.flatten().split(batch))


class Contrastive:
    """What the loop of :func:`rdfer.pretrain.train` asks of a task, for contrastive learning.

    Args:
        encoder: from pictures ``[N, 3, S, S]`` to features ``[N, F]``.
        features: F.
        frames: uint8 ``[n, S', S', 3]``, the frames of each face and pose in a row.
        size: S.
        batch: frames in a batch, two views of each.
        together: frames of one face and pose in a batch.
        temperature: see :func:`nt_xent`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        features: int,
        frames: Tensor,
        *,
        size: int,
        batch: int,
        together: int,
        temperature: float,
    ) -> None:
        """The layers behind the encoder start from torch's global generator."""
        self.frames, self.size, self.batch = frames, size, batch
        self.together, self.temperature = together, temperature
        # what the loss does away with is lost here, behind the features that are kept
        projection = nn.Sequential(
            nn.Linear(features, features), nn.ReLU(), nn.Linear(features, PROJECTED)
        )
        self.model: nn.Module = nn.Sequential(encoder, projection)

    def batches(self, generator: torch.Generator) -> list[Tensor]:
        """Rows of one epoch's batches."""
        return face_batches(
            len(self.frames), self.batch, together=self.together, generator=generator
        )

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Loss of the frames in ``rows``."""
        device = next(self.model.parameters()).device
        seen = self.frames[rows]
        mirrored = torch.rand(len(rows), generator=generator) < 0.5
        seen = torch.where(mirrored[:, None, None, None], seen.flip(2), seen)
        views = [
            picture(seen, self.size, generator, device=device, scale=(0.85, 1.0), jitter=0.3)
            for _ in range(2)
        ]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            projected = self.model(torch.cat(views))
        first, second = projected.float().chunk(2)
        return nt_xent(first, second, temperature=self.temperature)

    def scores(self) -> dict[str, float]:
        """Nothing is scored between epochs: the loss says enough."""
        return {}

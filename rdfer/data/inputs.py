"""What the network sees of a batch: cached features, or frames augmented on the device.

Both kinds give the same thing: ``look(videos, ...)`` fixes the augmentation of a batch and
returns a function from frame indices [B, ...] to tensors [B, ..., D] or [B, ..., 3, H, W]. The
synopsis and the detail clips of one video are taken through the same function, so they share
one crop, one flip and one jitter.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdfer.base.errors import UserError
from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.method.transforms import augment, evaluate, mean_grey
from rdfer.settings.schema import Settings

Indices = NDArray[np.int64]
Look = Callable[[Indices], Tensor]


def input_size(settings: Settings) -> int:
    """Pixels of what the encoder sees: the stored frame where its features are cached, else a crop.

    The crop leaves room to move it: 128 -> 112.
    """
    size = settings.data.size
    return size if settings.network.frozen else size * 7 // 8


class Inputs(Protocol):
    """What training, sweeps and evaluation need of a bank."""

    lengths: Indices  # int64 [V], stored frames of each video
    dim: int | None  # size of a cached feature; None where frames are given

    def look(self, videos: Indices, generator: torch.Generator | None) -> Look:
        """Fix the augmentation of a batch (none without a generator)."""
        ...

    def augmented(self, videos: Indices, number: int, generator: torch.Generator) -> Look:
        """The ``number``-th augmented copy of each video; another number, another augmentation."""
        ...


class FeatureInputs:
    """Cached features of a frozen encoder, on ``device``.

    Training sees the frames and their mirror images. ``copies`` holds augmented copies of some
    videos, for comparing clips with augmentations of one clip.
    """

    def __init__(
        self, features: FeatureBank, device: torch.device, copies: FeatureBank | None = None
    ) -> None:
        self.features, self.device, self.copies = features, device, copies
        self.dim: int | None = features.dim
        self.lengths = features.lengths

    def look(self, videos: Indices, generator: torch.Generator | None) -> Look:
        """See :class:`Inputs`. Returned tensors are float32 [B, ..., D]."""
        views = np.zeros(len(videos), np.int64)
        if generator is not None:
            views = torch.randint(self.features.views, views.shape, generator=generator).numpy()
        return lambda frames: self.features.gather(videos, frames, views=views).to(self.device)

    def augmented(self, videos: Indices, number: int, generator: torch.Generator) -> Look:
        """See :class:`Inputs`. The generator is not needed: the copies are cached.

        Raises:
            UserError: no copies of these videos, or fewer than ``number``, are cached.
        """
        if self.copies is None or number >= self.copies.views:
            held = 0 if self.copies is None else self.copies.views
            raise UserError(f"copy = {number}: {held} augmented copies of each video are cached")
        copies = self.copies
        row_of = {name: row for row, name in enumerate(copies.ids)}
        rows = np.array([row_of[self.features.ids[v]] for v in videos], np.int64)
        return lambda frames: copies.gather(rows, frames, views=number).to(self.device)


class FrameInputs:
    """Frames of a bank, cropped to ``size`` px, augmented and normalised on ``device``."""

    def __init__(self, bank: FrameBank, size: int, device: torch.device) -> None:
        self.bank, self.size, self.device = bank, size, device
        self.dim: int | None = None
        self.lengths = bank.lengths
        self._greys: dict[int, Tensor] = {}

    def look(self, videos: Indices, generator: torch.Generator | None) -> Look:
        """See :class:`Inputs`. Returned tensors are float32 [B, ..., 3, size, size]."""
        seed, grey = None, None
        if generator is not None:
            seed = int(torch.randint(2**62, (), generator=generator))
            grey = torch.stack([self._grey(int(video)) for video in videos])

        def take(frames: Indices) -> Tensor:
            pixels = self.bank.gather(videos, frames.reshape(len(frames), -1))
            batch = torch.from_numpy(pixels).to(self.device, non_blocking=True)
            if seed is None:
                seen = evaluate(batch, size=self.size)
            else:
                # the same seed and grey for synopsis and detail: the same crop, flip and jitter
                drawn = torch.Generator().manual_seed(seed)
                seen = augment(batch, size=self.size, generator=drawn, grey=grey)
            return seen.unflatten(1, frames.shape[1:])

        return take

    def _grey(self, video: int) -> Tensor:
        """Mean grey of all stored frames of a video; read once."""
        if video not in self._greys:
            frames = self.bank.gather([video], np.arange(self.lengths[video])[None])
            self._greys[video] = mean_grey(torch.from_numpy(frames))[0]
        return self._greys[video]

    def augmented(self, videos: Indices, number: int, generator: torch.Generator) -> Look:
        """See :class:`Inputs`: every call draws anew, whatever the number."""
        return self.look(videos, generator)

"""The features of a frozen encoder, once per frame and per view, in half precision.

With a frozen encoder the features of a frame never change, so training reads them instead of
pictures: a laptop then trains in seconds. The price is that augmentation is limited to the views
that were cached: the frame as it is, and its mirror image; or augmented copies, where these are
to be compared with clips.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.base.progress import progress
from rdfer.data.bank import FrameBank
from rdfer.data.filling import Filling, locked, write_frames
from rdfer.data.stored import FORMAT, Array, Bank, Ints, Layout, Stored, digest
from rdfer.method.transforms import augment, evaluate

VIEWS = ("original", "flipped")

Encode: TypeAlias = Callable[[Tensor], Tensor]


class FeatureBank(Bank):
    """Features per frame, float16 ``[frames, views, D]`` for each video."""

    FILE: ClassVar[str] = "features.npy"
    AXES: ClassVar[int] = 4
    DTYPES: ClassVar[tuple[str, ...]] = ("float16", "float32")

    @classmethod
    def build(
        cls,
        path: str | Path,
        bank: FrameBank,
        encode: Encode | nn.Module,
        *,
        key: str,
        batch: int = 256,
        views: int = 2,
        augmented: bool = False,
        videos: npt.ArrayLike | None = None,
        size: int | None = None,
        device: str | torch.device | None = None,
        label: str = "features",
    ) -> "FeatureBank":
        """Encode every frame of a bank, or those that are missing, and open the result.

        Args:
            path: directory of the features.
            bank: the frames.
            encode: from normalised frames float32 ``[n, 3, size, size]`` to ``[n, D]``. A module
                is put into evaluation mode for the while.
            key: changes whenever ``encode`` would; the bank's content is added to it.
            batch: frames encoded at a time.
            views: 1 for the frames as they are, 2 for their mirror images as well; of
                ``augmented`` ones any number.
            augmented: the views are copies under random crops, flips and colours instead
                (:func:`rdfer.method.transforms.augment`), the same for every frame of a video.
            videos: rows of the bank to encode, int ``[B]``; ``None`` for all.
            size: side of the frames given to ``encode``; ``None`` leaves the bank's.
            device: where ``encode`` works; ``None`` is where a module's parameters are, or the
                CPU.
            label: what the progress bar says.

        Raises:
            UserError: a parameter out of its range, features that half precision cannot hold,
                or no space left; what is finished is kept for the next call.
        """
        path = Path(path)
        if batch < 1:
            raise UserError(f"batch = {batch!r}: must be at least 1 frame")
        if views < 1 or (views > 2 and not augmented):
            raise UserError(f"views = {views!r}: must be 1 ({VIEWS[0]}) or 2 ({VIEWS[1]} as well)")
        size = bank.size if size is None else size
        device = _device_of(encode) if device is None else torch.device(device)
        rows = np.arange(len(bank.ids)) if videos is None else np.asarray(videos, np.int64)
        parts = [FORMAT, key, bank.checksum, views, size]
        if augmented or videos is not None:
            parts += [augmented, rows.tolist()]
        whole_key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        with locked(path):
            standing = cls.standing(path, key=whole_key)
            if standing is not None:
                return standing
            with _evaluating(encode):
                encoder = _Encoder(
                    encode, device=device, size=size, views=views, augmented=augmented
                )
                shape = (len(rows), bank.frames, views, encoder.dim)
                layout = Layout(whole_key, cls.FILE, shape, "float16")
                filling = Filling(path, cls, layout, [bank.ids[row] for row in rows])
                _fill(filling, bank, rows, encoder, batch=batch, label=label)
            filling.finish()
            return cls(path)

    @property
    def views(self) -> int:
        """How many views of a frame there are: the original and its mirror image, or copies."""
        return self.shape[0]

    @property
    def dim(self) -> int:
        """Numbers in one feature, D."""
        return self.shape[1]

    def gather(
        self, videos: npt.ArrayLike, frames: npt.ArrayLike, *, views: npt.ArrayLike = 0
    ) -> Tensor:
        """Features of frames.

        Args:
            videos: numbers of videos in the order of ``ids``, int ``[B]``.
            frames: which stored frames of each, int ``[B, ...]``.
            views: view of each video, int ``[B]``, or one for all: 0 original, 1 flipped, or the
                number of an augmented copy.

        Returns:
            float32 ``[B, ..., D]`` in main memory.

        Raises:
            IndexError: a video, frame or view that is not there.
        """
        numbers = self._numbers(videos, frames)
        seen = np.asarray(views, dtype=np.int64)
        if ((seen < 0) | (seen >= self.views)).any():
            raise IndexError(f"views {seen.min()}..{seen.max()}: must be 0..{self.views - 1}")
        if seen.ndim:
            seen = seen.reshape(-1, *[1] * (numbers.ndim - 1))
        return torch.from_numpy(self._rows[numbers, seen].astype(np.float32))


class _Encoder:
    """Frames as bytes -> features of all their views in half precision."""

    def __init__(
        self,
        encode: Encode | nn.Module,
        *,
        device: torch.device,
        size: int,
        views: int,
        augmented: bool,
    ) -> None:
        self._encode, self._device, self._size = encode, device, size
        self.views, self.augmented = views, augmented
        probe = self(np.zeros((1, size, size, 3), np.uint8))
        self.dim = probe.shape[-1]

    @torch.inference_mode()
    def __call__(self, frames: Array, *, seed: int = 0) -> Array:
        """Uint8 ``[n, H, W, 3]`` -> float16 ``[n, views, D]``; ``seed`` of augmented copies."""
        outputs = [self._encode(view) for view in self._look(frames, seed)]
        if outputs[0].ndim != 2 or len(outputs[0]) != len(frames):
            raise UserError(
                f"encoder output of shape {tuple(outputs[0].shape)} for {len(frames)} frames: "
                "must be one row of features per frame, [n, D]"
            )
        features = torch.stack(outputs, dim=1).half()
        if not torch.isfinite(features).all():
            raise UserError(
                "encoder output: is infinite or not a number in half precision; "
                "features must be within -65504..65504"
            )
        return np.asarray(features.cpu().numpy())

    def _look(self, frames: Array, seed: int) -> list[Tensor]:
        pixels = torch.from_numpy(frames).to(self._device)
        if not self.augmented:
            images = evaluate(pixels, size=self._size)
            return [images, images.flip(-1)][: self.views]
        generators = [torch.Generator().manual_seed(seed + view) for view in range(self.views)]
        return [augment(pixels[None], size=self._size, generator=g)[0] for g in generators]


def _fill(
    filling: Filling, bank: FrameBank, videos: Ints, encoder: _Encoder, *, batch: int, label: str
) -> None:
    # of augmented copies a group is one video: its frames share what its id draws, and are seen
    # together, since contrast is relative to all of them
    together = 1 if encoder.augmented else max(1, batch // bank.frames)
    step = bank.frames if encoder.augmented else batch
    # the groups do not depend on what is missing: a batch of another make-up can round otherwise
    groups = [
        group
        for group in np.split(np.arange(len(videos)), np.arange(together, len(videos), together))
        if any(place not in filling.done for place in group)
    ]
    for group in progress(groups, total=len(groups), label=label):
        every = np.tile(np.arange(bank.frames), (len(group), 1))
        pixels = bank.gather(videos[group], every).reshape(-1, *bank.shape)
        seed = int(hashlib.sha256(bank.ids[videos[group[0]]].encode()).hexdigest()[:8], 16)
        features = np.concatenate(
            [encoder(pixels[i : i + step], seed=seed) for i in range(0, len(pixels), step)]
        )
        for place, part in zip(group.tolist(), np.split(features, len(group)), strict=True):
            if place not in filling.done:
                write_frames(filling.file, filling.layout.offset(place), part)
                id = bank.ids[videos[place]]
                filling.note(Stored(id, place, bank.frames, digest(part)))


def _device_of(encode: Encode | nn.Module) -> torch.device:
    first = next(encode.parameters(), None) if isinstance(encode, nn.Module) else None
    return torch.device("cpu") if first is None else first.device


@contextmanager
def _evaluating(encode: Encode | nn.Module) -> Iterator[None]:
    """A module in evaluation mode for the while: batch statistics must not leak into features."""
    if not isinstance(encode, nn.Module):
        yield
        return
    modes = [(module, module.training) for module in encode.modules()]
    encode.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training

"""The frames of all clips as bytes in one memory-mapped file: decoding happens once.

A bank is built once from sources (videos, or the renderer of the embedded faces), by several
processes, and can be interrupted at any point (see :mod:`rdfer.store`). After that a clip is
index arithmetic (:mod:`rdfer.sampling`) and one read::

    bank = FrameBank.build("runs/laptop/train", sources, size=64)
    indices = sampling.synopsis(bank.lengths[videos], generator=generator)      # [B, 16]
    frames = bank.gather(videos, indices)                                       # [B, 16, H, W, 3]
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from rdfer.sampling import stored_indices
from rdfer.store import Array, ClipStore
from rdfer.video import frame_files, read_frames

FRAMES = "frames.bin"


class Source(Protocol):
    """Where the frames of one clip come from. It travels to worker processes, so it is picklable.

    Attributes:
        id: the clip's name, unique in the bank.
        key: changes whenever the frames would.
    """

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    def load(self, size: int) -> Array:
        """All frames of the clip, uint8 ``[T, size, size, 3]`` RGB; UserError if unreadable."""
        ...


@dataclass(frozen=True)
class VideoSource:
    """A video file or a folder of frames.

    Attributes:
        id: the clip's name.
        path: the file or folder.
        stored: how many frames at most are wanted, spread evenly: ``floor(n i / stored)``. A
            shorter video gives all that it has, once: a bank repeats them where it must.
    """

    id: str
    path: str
    stored: int | None = None

    @property
    def key(self) -> str:
        """Sizes and times of change of the files, and how many frames are taken."""
        path = Path(self.path)
        files = frame_files(path) if path.is_dir() else [path] if path.exists() else []
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256(repr((stats, self.stored)).encode()).hexdigest()

    def load(self, size: int) -> Array:
        """The frames, uint8 ``[T, size, size, 3]``: the middle square of each.

        Raises:
            UserError: the video cannot be read.
        """
        return read_frames(self.path, self._indices, size=size)

    def _indices(self, count: int) -> npt.NDArray[np.int64]:
        if self.stored is None or count <= self.stored:
            return np.arange(count)
        return stored_indices(count, self.stored)


class FrameBank(ClipStore):
    """Frames of clips, uint8 RGB ``[T_i, size, size, 3]`` each.

    ``report`` holds ``clamped``: names of the clips with fewer frames than a clip needs, whose
    frames are shown more than once.
    """

    DATA: ClassVar[str] = FRAMES

    @classmethod
    def open(cls, path: str | Path) -> "FrameBank":
        """Open a finished bank.

        Raises:
            UserError: there is none, or its file is not whole.
        """
        return cls(path)

    @classmethod
    def build(
        cls,
        path: str | Path,
        sources: Sequence[Source],
        *,
        size: int,
        workers: int | None = None,
        stored: int | None = None,
        min_frames: int = 0,
        label: str = "frames",
        patience: float = 300.0,
    ) -> "FrameBank":
        """Build the bank, or what is missing of it, and open it.

        A finished bank of the same sources is opened as it is. One of other sources is replaced
        when the new one is whole.

        Args:
            path: its directory.
            sources: where the clips come from, in order.
            size: side of a frame, in pixels.
            workers: processes that load; 0 loads in this one, ``None`` takes the usable cores.
            stored: keep exactly this many frames of each clip, ``floor(n i / stored)``; ``None``
                keeps what the source gives.
            min_frames: a clip of fewer frames is listed in ``report["clamped"]``.
            label: what the progress bar says.
            patience: seconds after which a clip that does not load is given up (a video that
                promises frames it does not hold can hang its decoder); with ``workers=0`` it
                is never given up.

        Returns:
            The finished bank.

        Raises:
            UserError: unreadable clips (all others are kept for the next call), two clips of
                one name, no clips, or no space left.
        """
        from rdfer.bank_build import build_frames

        build_frames(
            Path(path),
            sources,
            size=size,
            workers=workers,
            stored=stored,
            min_frames=min_frames,
            label=label,
            patience=patience,
        )
        return cls(path)

    @property
    def size(self) -> int:
        """Side of a frame, in pixels."""
        return self.shape[0]

    def gather(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Frames of clips.

        Args:
            videos: number of the clip, int ``[B]``.
            frames: frame of that clip, int ``[B, ...]``.

        Returns:
            uint8 ``[B, ..., size, size, 3]``, a copy in memory.

        Raises:
            IndexError: a clip that is not there, or a frame outside its clip.
        """
        return self.rows[self.row_numbers(videos, frames)]


def keep(frames: Array, stored: int | None) -> Array:
    """The ``stored`` frames of a clip that a bank keeps; all of them for ``None``."""
    if stored is None or len(frames) == stored:
        return frames
    return frames[stored_indices(len(frames), stored)]

"""The frames of all clips as bytes in one memory-mapped file: decoding happens once.

A bank is built once from sources (videos, or the renderer of the embedded faces), by several
processes, and can be interrupted at any point (see :mod:`rdfer.data.store`). After that a clip is
index arithmetic (:mod:`rdfer.method.sampling`) and one read::

    bank = FrameBank.build("runs/laptop/train", sources, size=64)
    indices = sampling.synopsis(bank.lengths[videos], generator=generator)      # [B, 16]
    frames = bank.gather(videos, indices)                                       # [B, 16, H, W, 3]
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from rdfer.data.store import Array, ClipStore
from rdfer.data.video import IMAGE_SUFFIXES, Decoded, decode
from rdfer.method.sampling import stored_indices

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

    def load(self, size: int) -> Array | Decoded:
        """Frames of the clip, uint8 ``[T, size, size, 3]`` RGB; UserError if unreadable.

        An array holds all of them; some of them come with how many there are.
        """
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
        return hashlib.sha256(repr((_stats(self.path), self.stored)).encode()).hexdigest()

    def load(self, size: int) -> Decoded:
        """The frames, uint8 ``[T, size, size, 3]``: the middle square of each.

        Raises:
            UserError: the video cannot be read.
        """
        return decode(self.path, self._indices, size=size)

    def _indices(self, count: int) -> npt.NDArray[np.int64]:
        if self.stored is None or count <= self.stored:
            return np.arange(count)
        return stored_indices(count, self.stored)


def _stats(path: str) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file or of the frames in a folder; none: empty."""
    if not os.path.isdir(path):
        file = Path(path)
        stats = [(file.name, file.stat())] if file.exists() else []
    else:
        with os.scandir(path) as entries:
            stats = [
                (entry.name, entry.stat())
                for entry in entries
                if os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES
            ]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


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
        timeout: float = 300.0,
        skip_unreadable: bool = False,
        replace: bool = True,
    ) -> "FrameBank":
        """Build the bank, or what is missing of it, and open it.

        A finished bank of the same sources is opened as it is. One of other sources is replaced
        when the new one is whole. With several processes the clips lie in the file in the order in
        which they were ready; the order of ``ids`` and the checksum do not depend on it.

        Args:
            path: its directory.
            sources: where the clips come from, in order.
            size: side of a frame, in pixels.
            workers: processes that load; 0 loads in this one, ``None`` takes the usable cores.
            stored: keep exactly this many frames of each clip, ``floor(n i / stored)``; ``None``
                keeps what the source gives.
            min_frames: a clip of fewer frames is listed in ``report["clamped"]``.
            label: what the progress bar says.
            timeout: seconds after which a clip that does not load is given up (a video that
                promises frames it does not hold can hang its decoder); with ``workers=0`` it
                is never given up.
            skip_unreadable: leave clips that cannot be loaded out and list them in
                ``unreadable``, instead of refusing.
            replace: whether a finished bank of other sources, or anything else at ``path``, may
                be replaced; refused otherwise.

        Returns:
            The finished bank.

        Raises:
            UserError: unreadable clips (all others are kept for the next call; with
                ``skip_unreadable`` only where no clip is readable), two clips of one name, no
                clips, no space left, or something that may not be replaced.
        """
        from rdfer.data.bank_build import build_frames

        build_frames(
            Path(path),
            sources,
            size=size,
            workers=workers,
            stored=stored,
            min_frames=min_frames,
            label=label,
            timeout=timeout,
            skip_unreadable=skip_unreadable,
            replace=replace,
        )
        return cls(path)

    @property
    def size(self) -> int:
        """Side of a frame, in pixels."""
        return self.shape[0]

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Frames that each clip had at its source, of which some were kept: int64 ``[V]``."""
        return np.array([clip.loaded for clip in self._clips], dtype=np.int64)

    @cached_property
    def unreadable(self) -> dict[str, str]:
        """Names of the clips that were asked for and could not be loaded, each with the reason."""
        return dict(self.report.get("unreadable", {}))

    @cached_property
    def notes(self) -> dict[str, str]:
        """What was unusual about clips in the bank, by name."""
        return {clip.id: clip.note for clip in self._clips if clip.note}

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

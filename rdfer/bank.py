"""The frames of all clips as bytes in one memory-mapped file: decoding happens once.

A bank is built once from sources (videos, or the renderer of the embedded faces), by several
processes, and can be interrupted at any point (see :mod:`rdfer.store`). After that a clip is
index arithmetic (:mod:`rdfer.sampling`) and one read::

    bank = FrameBank.build("runs/laptop/train", sources, size=64)
    indices = sampling.synopsis(bank.lengths[videos], generator=generator)      # [B, 16]
    frames = bank.gather(videos, indices)                                       # [B, 16, H, W, 3]
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from rdfer.errors import UserError
from rdfer.sampling import stored_indices
from rdfer.store import Array, Entry, checksum, digest, read_index

if TYPE_CHECKING:
    import torch

    from rdfer.bank_device import DeviceBank

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


class ClipStore:
    """A finished store of rows per clip, read through a memory map.

    Attributes:
        path: its directory.
        ids: names of the clips, in order.
        lengths: rows of each clip, int64 ``[V]``.
        offsets: first row of each clip, int64 ``[V]``.
        shape: shape of one row.
        checksum: SHA-256 of the content; equal content has equal checksums.
        key: what the content was built from.
        report: what the building found (see the builders).
    """

    DATA = FRAMES

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._index = read_index(self.path, data=self.DATA)
        self._clips = [Entry(**clip) for clip in self._index["clips"]]
        self.ids = tuple(clip.id for clip in self._clips)
        self.lengths = np.array([clip.rows for clip in self._clips], dtype=np.int64)
        self.offsets = np.array([clip.offset for clip in self._clips], dtype=np.int64)
        self.shape = tuple(int(side) for side in self._index["shape"])
        self.checksum = str(self._index["checksum"])
        self.key = str(self._index["key"])
        self.report: dict[str, Any] = self._index["report"]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def rows(self) -> Array:
        """All rows of all clips, ``[sum of lengths, *shape]``, read-only."""
        return np.memmap(self.path / self.DATA, dtype=self._index["dtype"], mode="r").reshape(
            -1, *self.shape
        )

    def row_numbers(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Where frames of clips lie in ``rows``.

        Args:
            videos: number of the clip, int ``[B]``.
            frames: frame of that clip, int ``[B, ...]``.

        Returns:
            Row numbers, int64, shaped like ``frames``.

        Raises:
            IndexError: a clip that is not there, or a frame outside its clip.
        """
        clips = np.asarray(videos, dtype=np.int64)
        picked = np.asarray(frames, dtype=np.int64)
        if clips.ndim != 1 or picked.shape[:1] != clips.shape:
            raise IndexError(f"videos {clips.shape}, frames {picked.shape}: must be [B], [B, ...]")
        if ((clips < 0) | (clips >= len(self))).any():
            raise IndexError(f"videos {clips.min()}..{clips.max()}: must be 0..{len(self) - 1}")
        clips = clips.reshape(-1, *[1] * (picked.ndim - 1))
        if ((picked < 0) | (picked >= self.lengths[clips])).any():
            raise IndexError(f"frames {picked.min()}..{picked.max()}: outside their clips")
        return self.offsets[clips] + picked

    def where(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Numbers of clips by name, int64 ``[len(ids)]``.

        Raises:
            UserError: a clip is not in the bank.
        """
        number = {id: i for i, id in enumerate(self.ids)}
        missing = [id for id in ids if id not in number]
        if missing:
            raise UserError(
                f"clip {missing[0]!r}: not in {self.path} ({len(missing)} of {len(ids)} are not)"
            )
        return np.array([number[id] for id in ids], dtype=np.int64)

    def verify(self) -> None:
        """Read everything and compare it with the digests.

        Raises:
            UserError: a clip's rows, or the list of clips, are not what was written.
        """
        for clip in self._clips:
            if digest(self.rows[clip.offset : clip.offset + clip.rows]) != clip.digest:
                raise UserError(f"{self.path}: clip {clip.id!r} is damaged; delete and build again")
        if checksum(self._index, self._clips) != self.checksum:
            raise UserError(f"{self.path}: the list of clips is damaged; delete and build again")

    def to(self, device: "str | torch.device") -> "DeviceBank":
        """The same rows in the memory of a device, for sets that fit."""
        from rdfer.bank_device import DeviceBank

        return DeviceBank(self, device)


class FrameBank(ClipStore):
    """Frames of clips, uint8 RGB ``[T_i, size, size, 3]`` each.

    ``report`` holds ``clamped``: names of the clips with fewer frames than a clip needs, whose
    frames are shown more than once.
    """

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
            workers: processes that load; 0 loads in this one, ``None`` takes the free cores.
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

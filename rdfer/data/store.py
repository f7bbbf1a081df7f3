"""Arrays of unequal length, one per clip, in one file that is written once and can be resumed.

A finished store is a directory of two files::

    frames.bin    the rows of all clips, one after the other      [rows, *shape]
    index.json    ids, offsets, lengths and digests of the clips  (written last)

While it is written it is called ``.<name>.part`` and stands beside its future place, with a
journal in place of the index: a header line and one line per clip, added after the clip's rows
are in the file. A writer that died anywhere is picked up from there: journal lines that are cut
off, and clips whose rows do not have their digest, are written again. The checksum of a store is
taken over its clips in their order, so it does not depend on when the writing was interrupted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from rdfer.base.errors import UserError
from rdfer.base.files import read_json

if TYPE_CHECKING:
    import torch

    from rdfer.data.bank_device import DeviceBank

FORMAT = 1
INDEX = "index.json"

Array: TypeAlias = npt.NDArray[Any]
Layout: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One clip in the file.

    Attributes:
        id: the clip's name.
        offset: its first row.
        rows: how many rows it has.
        loaded: how many its source gave, before any were repeated or left out.
        digest: BLAKE2b of its bytes, 32 hex digits.
        note: what was unusual about its source; empty for most.
    """

    id: str
    offset: int
    rows: int
    loaded: int
    digest: str
    note: str = ""


def digest(array: Array) -> str:
    """BLAKE2b of an array's bytes, as 32 hex digits."""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest()


def read_index(path: Path, *, data: str) -> Layout:
    """The index of a finished store, checked against the size of its file.

    Raises:
        UserError: there is no finished store at ``path``, or its file is not whole.
    """
    if not (path / INDEX).exists():
        raise UserError(f"{path}: no finished bank there ({INDEX} is missing); build it first")
    index: Layout = read_json(path / INDEX)
    if index.get("format") != FORMAT or index.get("data") != data:
        raise UserError(f"{path / INDEX}: not an index of format {FORMAT} of {data}; build again")
    file = path / data
    size = file.stat().st_size if file.exists() else 0
    if size != index["bytes"]:
        raise UserError(f"{file}: {size} bytes where the index says {index['bytes']}; build again")
    return index


def is_whole(path: Path, *, key: str, data: str) -> bool:
    """Whether a finished store of this key stands at ``path``."""
    try:
        return bool(read_index(path, data=data)["key"] == key)
    except (UserError, KeyError):
        return False


def checksum(layout: Layout, clips: Sequence[Entry]) -> str:
    """SHA-256 over the layout of a row and every clip's id, length and digest, in order."""
    lines = [f"{layout['shape']} {layout['dtype']}"]
    lines += [f"{clip.id!r} {clip.rows} {clip.digest}" for clip in clips]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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

    DATA: ClassVar[str]

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
        from rdfer.data.bank_device import DeviceBank

        return DeviceBank(self, device)

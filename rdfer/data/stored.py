"""What a bank is on disk, and how it is read: one array with a place for every video.

A bank is a directory of two files (how they come to be: :mod:`rdfer.data.filling`)::

    frames.npy    the array, as numpy.load(..., mmap_mode="r") reads it     [places, frames, ...]
    index.json    what it was made from; id, place and digest of each video

Nothing is trusted because it was ours once. Opening a bank checks its index and the head of its
array against each other; a video's bytes are compared with their digest when a process reads it
first, or all at once (:meth:`Bank.damaged`).
"""

import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from rdfer.base.errors import UserError, short
from rdfer.base.files import check_keys, read_json, record
from rdfer.base.progress import progress

FORMAT = 3
INDEX = "index.json"
MOST = 2**31 - 1  # frames of a video, sides of an array

Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """One video in the array.

    Attributes:
        id: its name.
        place: its row.
        total: frames that it had, before any were left out or repeated.
        digest: BLAKE2b of its bytes, 32 hex digits.
        note: what is unusual about it; empty for most.
    """

    id: str
    place: int
    total: int
    digest: str
    note: str = ""

    def check(self, places: int) -> None:
        """Refuse values that cannot be (of one that was read from a file)."""
        for name, good, rule in (
            ("place", 0 <= self.place < places, f"must be 0..{places - 1}"),
            ("total", 1 <= self.total <= MOST, f"must be 1..{MOST}"),
            ("digest", re.fullmatch("[0-9a-f]{32}", self.digest), "must be 32 hex digits"),
        ):
            if not good:
                value = short(repr(getattr(self, name)))
                raise UserError(f"video {short(self.id)!r}: {name} = {value}: {rule}")


@dataclass(frozen=True)
class Layout:
    """What the array looks like, and what it is made from.

    Attributes:
        key: changes whenever the content would.
        file: the array's name.
        shape: ``[places, frames, ...]``.
        dtype: of its numbers.
        format: of index and journal.
    """

    key: str
    file: str
    shape: tuple[int, ...]
    dtype: str
    format: int = FORMAT

    @cached_property
    def head(self) -> bytes:
        """What stands in the file before the first number, as numpy writes it."""
        head, descr = io.BytesIO(), np.dtype(self.dtype).str
        values = {"descr": descr, "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(head, values)
        return head.getvalue()

    @cached_property
    def video_bytes(self) -> int:
        """What one video takes in the file."""
        return math.prod(self.shape[1:]) * np.dtype(self.dtype).itemsize

    def offset(self, place: int) -> int:
        """Where a place begins in the file, in bytes; of the place behind the last, the end."""
        return len(self.head) + place * self.video_bytes

    def checksum(self, videos: Sequence[Stored]) -> str:
        """Over the layout of a frame and every video's id, number of frames and digest."""
        _, frames, *shape = self.shape
        lines = [f"{shape} {self.dtype}"]
        lines += [f"{video.id!r} {frames} {video.digest}" for video in videos]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digest(array: Array) -> str:
    """BLAKE2b of an array's bytes, as 32 hex digits."""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest()


def sealed(row: Mapping[str, Any]) -> dict[str, Any]:
    """An object of JSON with the digest of all the rest of it, by which a change is seen."""
    bare = {key: value for key, value in row.items() if key != "seal"}
    text = json.dumps(bare, sort_keys=True).encode()
    return {**bare, "seal": hashlib.blake2b(text, digest_size=16).hexdigest()}


def is_whole(file: Path, layout: Layout, video: Stored) -> bool:
    """Whether a video's bytes in the array are those that were written."""
    start = layout.offset(video.place)
    return digest(np.fromfile(file, np.uint8, layout.video_bytes, offset=start)) == video.digest


class Bank:
    """The same number of frames of every video in one array, read through a memory map.

    Attributes:
        path: its directory.
        ids: names of the V videos, in order.
        frames: how many are stored of each.
        lengths: the same for each video, int64 ``[V]``, as sampling takes it.
        shape: shape of one frame.
        checksum: SHA-256 of the content; equal content has equal checksums.
        key: what the content was made from.

    Raises:
        UserError: there is no finished bank at ``path``, its index says what cannot be, or its
            array is not the one that the index tells of.
    """

    FILE: ClassVar[str]
    AXES: ClassVar[int]
    DTYPES: ClassVar[tuple[str, ...]]

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._index, self._layout, self._videos = read_index(self.path, type(self))
        _check_file(self.path / self.FILE, self._layout)
        self._places = np.array([video.place for video in self._videos], dtype=np.int64)
        self._seen = np.zeros(len(self._videos), dtype=bool)
        self.ids = tuple(video.id for video in self._videos)
        self.frames, *shape = self._layout.shape[1:]
        self.shape = tuple(shape)
        self.lengths = np.full(len(self.ids), self.frames, dtype=np.int64)
        self.checksum = str(self._index["checksum"])
        self.key = self._layout.key

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a finished bank.

        Raises:
            UserError: there is none, or it is not whole.
        """
        return cls(path)

    @classmethod
    def standing(cls, path: Path, *, key: str) -> Self | None:
        """The finished bank of this key at ``path``, read through; ``None``: none that is whole."""
        try:
            bank = cls(path)
        except UserError:
            return None
        return None if bank.key != key or bank.damaged() else bank

    def __len__(self) -> int:
        return len(self.ids)

    def damaged(self) -> list[str]:
        """Names of the videos whose bytes are not those that were written; reads all of them."""
        label = f"{self.path.name}: comparing {len(self)} videos with their digests"
        for number, _ in enumerate(progress(self._videos, label=label)):
            self._seen[number] = self._is_whole(number)
        return [self.ids[number] for number in np.flatnonzero(~self._seen)]

    def _is_whole(self, number: int) -> bool:
        return is_whole(self.path / self.FILE, self._layout, self._videos[number])

    @cached_property
    def _rows(self) -> Array:
        """All frames of all places, ``[places * frames, *shape]``, read-only."""
        places, _, *_ = shape = self._layout.shape
        array = np.memmap(
            self.path / self.FILE,
            np.dtype(self._layout.dtype),
            mode="r",
            offset=len(self._layout.head),
            shape=(places * self.frames, *shape[2:]),
        )
        return np.asarray(array)

    def _numbers(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> Ints:
        """Rows of frames ``[B, ...]`` of videos ``[B]``; compares a video with its digest, once.

        Raises:
            IndexError: a video or a frame that is not there.
            UserError: the bytes of a video are not those that were written.
        """
        chosen, picked = np.asarray(videos, np.int64), np.asarray(frames, np.int64)
        if chosen.ndim != 1 or picked.shape[:1] != chosen.shape:
            raise IndexError(f"videos {chosen.shape}, frames {picked.shape}: must be [B], [B, ...]")
        if ((chosen < 0) | (chosen >= len(self))).any():
            raise IndexError(f"videos {chosen.min()}..{chosen.max()}: must be 0..{len(self) - 1}")
        if ((picked < 0) | (picked >= self.frames)).any():
            raise IndexError(f"frames {picked.min()}..{picked.max()}: must be 0..{self.frames - 1}")
        for number in set(chosen[~self._seen[chosen]].tolist()):
            if not self._is_whole(number):
                raise UserError(
                    f"{self.path / self.FILE}: video {self.ids[number]!r} is damaged, these are "
                    "not the bytes that were written; run again what built the bank to mend it"
                )
            self._seen[number] = True
        return self._places[chosen].reshape(-1, *[1] * (picked.ndim - 1)) * self.frames + picked


# the index and the head of the array, each value checked


def read_index(path: Path, bank: type[Bank]) -> tuple[dict[str, Any], Layout, list[Stored]]:
    """The index of a finished bank as it is, its layout, its videos; UserError if one is wrong."""
    if not (path / INDEX).exists():
        raise UserError(f"{path}: no finished bank there ({INDEX} is missing); build it first")
    index = read_json(path / INDEX)
    if (index.get("format"), index.get("file")) != (FORMAT, bank.FILE):
        raise UserError(f"{path / INDEX}: not an index of format {FORMAT} of {bank.FILE}")
    try:
        return index, *_checked(index, bank)
    except UserError as error:
        raise UserError(f"{path / INDEX}: {error}; build again") from None


def _checked(index: dict[str, Any], bank: type[Bank]) -> tuple[Layout, list[Stored]]:
    check_keys(index, "index", videos=list, checksum=str)
    own = [field.name for field in fields(Layout)]
    layout = record(Layout, {name: index[name] for name in own if name in index}, "index")
    shape = layout.shape
    if len(shape) != bank.AXES or not all(1 <= side <= MOST for side in shape):
        raise UserError(f"shape = {short(list(shape))}: must be {bank.AXES} numbers in 1..{MOST}")
    if layout.dtype not in bank.DTYPES:
        raise UserError(f"dtype = {short(layout.dtype)!r}: must be {' or '.join(bank.DTYPES)}")
    videos = [record(Stored, row, f"videos[{k}]") for k, row in enumerate(index["videos"])]
    if not videos:
        raise UserError("videos = []: a bank has at least one")
    for video in videos:
        video.check(shape[0])
    for name in ("id", "place"):
        values = Counter(getattr(video, name) for video in videos)
        twice, count = values.most_common(1)[0]
        if count > 1:
            raise UserError(f"{name} = {short(repr(twice))}: occurs {count} times")
    if index["checksum"] != layout.checksum(videos):
        raise UserError(f"checksum = {short(index['checksum'])!r}: is not that of what it lists")
    if sealed(index) != index:
        raise UserError("is not as it was written")
    return layout, videos


def _check_file(file: Path, layout: Layout) -> None:
    """The array has the size and the head that its layout says."""
    size, wanted = file.stat().st_size if file.is_file() else 0, layout.offset(layout.shape[0])
    if size != wanted:
        raise UserError(f"{file}: {size} bytes where the index says {wanted}; build again")
    with open(file, "rb") as opened:
        if opened.read(len(layout.head)) != layout.head:
            raise UserError(
                f"{file}: its head is not that of {layout.dtype} {list(layout.shape)}, which the "
                "index says; build again"
            )

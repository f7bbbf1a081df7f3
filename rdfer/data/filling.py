"""One array on disk with a place for every video, filled in any order and resumable.

A finished bank is a directory of two files::

    frames.npy    the array, as numpy.load(..., mmap_mode="r") reads it     [places, frames, ...]
    index.json    what it was made from; id, place and digest of each video      (written last)

While it is filled it is called ``.<name>.part`` and stands beside its future place, with a journal
in place of the index: a header, and a line for each video, added once its frames are in the file.
A writer that died anywhere is picked up from there: a line that was cut off, and a video whose
frames do not have their digest, are written again. The checksum is taken over the videos in their
order, so it depends neither on interruptions nor on who was ready first.
"""

import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from rdfer.base.errors import UserError
from rdfer.base.files import no_space, read_json, write_atomic, write_json
from rdfer.base.progress import log, progress

FORMAT = 2
INDEX = "index.json"
JOURNAL = "journal.jsonl"

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


def digest(array: Array) -> str:
    """BLAKE2b of an array's bytes, as 32 hex digits."""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest()


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
        UserError: there is no finished bank at ``path``, or its array is not whole.
    """

    FILE: ClassVar[str]

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._index = _read_index(self.path, self.FILE)
        self._videos = [Stored(**video) for video in self._index["videos"]]
        self._places = np.array([video.place for video in self._videos], dtype=np.int64)
        self.ids = tuple(video.id for video in self._videos)
        self.frames, *shape = (int(side) for side in self._index["shape"][1:])
        self.shape = tuple(shape)
        self.lengths = np.full(len(self.ids), self.frames, dtype=np.int64)
        self.checksum = str(self._index["checksum"])
        self.key = str(self._index["key"])

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a finished bank.

        Raises:
            UserError: there is none, or its array is not whole.
        """
        return cls(path)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _rows(self) -> Array:
        """All frames of all places, ``[places * frames, *shape]``, read-only."""
        array = np.load(self.path / self.FILE, mmap_mode="r")
        return np.asarray(array).reshape(-1, *self.shape)

    def _numbers(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> Ints:
        """Rows of frames ``[B, ...]`` of videos ``[B]``; IndexError for what is not there."""
        chosen, picked = np.asarray(videos, np.int64), np.asarray(frames, np.int64)
        if chosen.ndim != 1 or picked.shape[:1] != chosen.shape:
            raise IndexError(f"videos {chosen.shape}, frames {picked.shape}: must be [B], [B, ...]")
        if ((chosen < 0) | (chosen >= len(self))).any():
            raise IndexError(f"videos {chosen.min()}..{chosen.max()}: must be 0..{len(self) - 1}")
        if ((picked < 0) | (picked >= self.frames)).any():
            raise IndexError(f"frames {picked.min()}..{picked.max()}: must be 0..{self.frames - 1}")
        return self._places[chosen].reshape(-1, *[1] * (picked.ndim - 1)) * self.frames + picked


def _read_index(path: Path, file: str) -> dict[str, Any]:
    if not (path / INDEX).exists():
        raise UserError(f"{path}: no finished bank there ({INDEX} is missing); build it first")
    index: dict[str, Any] = read_json(path / INDEX)
    if index.get("format") != FORMAT or index.get("file") != file:
        raise UserError(f"{path / INDEX}: not an index of format {FORMAT} of {file}; build again")
    size = (path / file).stat().st_size if (path / file).exists() else 0
    if size != index["bytes"]:
        raise UserError(
            f"{path / file}: {size} bytes where the index says {index['bytes']}; build again"
        )
    return index


def is_finished(path: Path, *, key: str, file: str) -> bool:
    """Whether a finished bank of this key stands at ``path``."""
    try:
        return bool(_read_index(path, file)["key"] == key)
    except (UserError, KeyError):
        return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time write the bank at ``path``; the lock dies with its process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log(f"{path}: another process is building it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class Filling:
    """A bank in the making. Write and note every video that is not ``done``, then ``finish``.

    Args:
        path: where the finished bank will stand.
        key: what the content depends on; what was begun under another key is begun anew.
        file: name of the array.
        shape: of the array, ``[places, frames, ...]``.
        dtype: of its numbers.

    Attributes:
        done: the videos that are in the array, by place.
    """

    def __init__(
        self, path: Path, *, key: str, file: str, shape: Sequence[int], dtype: str
    ) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        self.file = self.part / file
        self._layout: dict[str, Any] = {
            "format": FORMAT,
            "key": key,
            "file": file,
            "shape": list(shape),
            "dtype": dtype,
        }
        self._header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            self._header,
            {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": tuple(shape)},
        )
        self._video_bytes = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
        self._bytes = self.offset(shape[0])
        with _full_device(self.file):
            self._take_back_damaged()
            self.done = self._resume()

    def offset(self, place: int) -> int:
        """Where a place begins in the file, in bytes."""
        return len(self._header.getvalue()) + place * self._video_bytes

    def note(self, video: Stored) -> None:
        """Add a video, whose frames are in their place, to the journal."""
        with _full_device(self.file), open(self.part / JOURNAL, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(video)) + "\n")
        self.done[video.place] = video

    def finish(self, **extra: Any) -> None:
        """Write the index, with further values if given, and move the bank to its place."""
        videos = [self.done[place] for place in sorted(self.done)]
        with _full_device(self.file):
            with open(self.file, "ab") as file:
                os.fsync(file.fileno())
            index = {
                **self._layout,
                **extra,
                "bytes": self._bytes,
                "checksum": self._checksum(videos),
                "videos": [asdict(video) for video in videos],
            }
            write_json(self.part / INDEX, index)
        (self.part / JOURNAL).unlink()
        old = self.path.with_name(f".{self.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            os.replace(self.path, old)
        os.replace(self.part, self.path)
        shutil.rmtree(old, ignore_errors=True)

    def _checksum(self, videos: Sequence[Stored]) -> str:
        """Over the layout of a frame and every video's id, number of frames and digest."""
        _, frames, *shape = self._layout["shape"]
        lines = [f"{shape} {self._layout['dtype']}"]
        lines += [f"{video.id!r} {frames} {video.digest}" for video in videos]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _take_back_damaged(self) -> None:
        """A finished bank of the same key whose array is not whole becomes one in the making."""
        try:
            index = read_json(self.path / INDEX)
            same = {name: index[name] for name in self._layout} == self._layout
            videos = [Stored(**video) for video in index["videos"]]
        except (UserError, KeyError, TypeError):
            return
        if same:
            log(f"{self.path}: damaged; the videos that are whole are kept")
            shutil.rmtree(self.part, ignore_errors=True)
            self._write_journal(self.path, videos)
            os.replace(self.path, self.part)

    def _resume(self) -> dict[int, Stored]:
        """What an earlier writer left whole, in an array of full size."""
        noted = self._read_journal()
        if noted is None:
            if (self.part / JOURNAL).exists():
                log(f"{self.path}: what is unfinished there is of other content; beginning anew")
            shutil.rmtree(self.part, ignore_errors=True)
            self.part.mkdir(parents=True)
        self.file.touch()
        with open(self.file, "r+b") as file:
            file.write(self._header.getvalue())
            file.truncate(self._bytes)
        label = f"{self.path.name}: checking what is there"
        whole = [video for video in progress(noted or [], label=label) if self._is_whole(video)]
        self._write_journal(self.part, whole)
        return {video.place: video for video in whole}

    def _is_whole(self, video: Stored) -> bool:
        start = self.offset(video.place)
        there = np.fromfile(self.file, np.uint8, count=self._video_bytes, offset=start)
        return digest(there) == video.digest

    def _write_journal(self, folder: Path, videos: Iterable[Stored]) -> None:
        with write_atomic(folder / JOURNAL, "w") as file:
            for line in (self._layout, *map(asdict, videos)):
                file.write(json.dumps(line) + "\n")

    def _read_journal(self) -> list[Stored] | None:
        """The videos up to the first line that is not whole; ``None``: nothing to go on from."""
        path = self.part / JOURNAL
        if not path.exists():
            return None
        videos: list[Stored] = []
        # a line without its end of line was cut off, even where it parses
        lines = path.read_bytes().split(b"\n")[:-1]
        try:
            if not lines or json.loads(lines[0]) != self._layout:
                return None
            for line in lines[1:]:
                videos.append(Stored(**json.loads(line)))
        except (ValueError, TypeError):
            log(f"{path}: cut off after {len(videos)} videos; going on from there")
        return videos


def write_frames(file: Path, offset: int, frames: Array) -> None:
    """Write the frames of a video to their place, from any process.

    They are written and not assigned to a memory map, where a full disk would end the process.

    Raises:
        UserError: no space left, or the file cannot be written.
    """
    try:
        with _full_device(file), open(file, "r+b") as target:
            target.seek(offset)
            target.write(np.ascontiguousarray(frames).data)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error})") from error


@contextmanager
def _full_device(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(path) from error
        raise

"""Writing a store of clips so that it can be cut off anywhere (see :mod:`rdfer.data.store`)."""

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from rdfer.base.errors import UserError
from rdfer.base.files import no_space, read_json, write_atomic, write_json
from rdfer.base.progress import log, progress
from rdfer.data.store import FORMAT, INDEX, Array, Entry, Layout, checksum, digest
from rdfer.data.uncached import write_at

JOURNAL = "journal.jsonl"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time write the store at ``path``; the lock dies with its process."""
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


class Writer:
    """A store in the writing. Give it every clip that is not in ``entries``, then ``finish``.

    Args:
        path: where the finished store will stand.
        key: what the content depends on; an unfinished or finished store of another key is
            begun anew.
        data: name of the data file.
        shape: shape of one row.
        dtype: type of its numbers.
    """

    def __init__(
        self, path: Path, *, key: str, data: str, shape: Sequence[int], dtype: str
    ) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        self.layout: Layout = {
            "format": FORMAT,
            "key": key,
            "data": data,
            "shape": list(shape),
            "dtype": dtype,
        }
        self._row_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with _full_device(self.part / data):
            self._take_back_damaged()
            self.entries = self._resume()
        self._holes = _holes(self.entries.values())
        self._end = _end(self.entries.values())
        self._reserved: dict[str, tuple[int, int]] = {}

    @property
    def data(self) -> Path:
        """The file that the rows are written to."""
        return self.part / str(self.layout["data"])

    def reserve(self, id: str, rows: int) -> int:
        """First row of a place for a clip; other processes may write there, then call ``note``."""
        for place, (offset, room) in enumerate(self._holes):
            if room >= rows:
                self._holes[place : place + 1] = [(offset + rows, room - rows)]
                break
        else:
            offset = self._end
            self._end += rows
        self._reserved[id] = (offset, rows)
        return offset

    def release(self, id: str) -> None:
        """Give the place of a clip to others, if it has one: it was not written."""
        if id in self._reserved:
            self._holes.append(self._reserved.pop(id))

    def note(self, entry: Entry) -> None:
        """Add a clip, whose rows are in their place, to the journal."""
        with _full_device(self.data), open(self.part / JOURNAL, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry)) + "\n")
        self.entries[entry.id] = entry
        self._reserved.pop(entry.id)

    def append(self, id: str, array: Array, *, loaded: int, digest: str) -> None:
        """Write one clip: its rows first, then its line in the journal."""
        offset = self.reserve(id, len(array))
        write_rows(self.data, offset, array)
        self.note(Entry(id, offset, len(array), loaded, digest))

    def finish(self, ids: Sequence[str], **extra: Any) -> None:
        """Write the index and move the store to its place.

        Args:
            ids: the order of the clips in the index; every one has been written.
            extra: further values of the index.
        """
        clips = [self.entries[id] for id in ids]
        size = _end(clips) * self._row_bytes
        with _full_device(self.data):
            with open(self.data, "ab") as file:
                file.truncate(size)
                os.fsync(file.fileno())
            index = {
                **self.layout,
                **extra,
                "bytes": size,
                "checksum": checksum(self.layout, clips),
                "clips": [asdict(clip) for clip in clips],
            }
            write_json(self.part / INDEX, index)
        (self.part / JOURNAL).unlink()
        old = self.path.with_name(f".{self.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            os.replace(self.path, old)
        os.replace(self.part, self.path)
        shutil.rmtree(old, ignore_errors=True)

    def _take_back_damaged(self) -> None:
        """A finished store of the same key whose file is not whole becomes one in the writing."""
        try:
            index = read_json(self.path / INDEX)
            same = {name: index[name] for name in self.layout} == self.layout
            clips = [Entry(**clip) for clip in index["clips"]]
        except (UserError, KeyError, TypeError):
            return
        if same:
            log(f"{self.path}: damaged; the clips that are whole are kept")
            shutil.rmtree(self.part, ignore_errors=True)
            _write_journal(self.path / JOURNAL, self.layout, clips)
            os.replace(self.path, self.part)

    def _resume(self) -> dict[str, Entry]:
        """What an earlier writer left whole; everything behind it is cut away."""
        data = self.data
        noted = _read_journal(self.part / JOURNAL, self.layout)
        if noted is None:
            if (self.part / JOURNAL).exists():
                log(f"{self.path}: what is unfinished there is of other content; beginning anew")
            shutil.rmtree(self.part, ignore_errors=True)
            self.part.mkdir(parents=True)
            data.touch()
            _write_journal(self.part / JOURNAL, self.layout, [])
            return {}
        data.touch()
        label = f"{self.path.name}: checking what is there"
        whole = [e for e in progress(noted, label=label) if self._matches(data, e)]
        os.truncate(data, _end(whole) * self._row_bytes)
        _write_journal(self.part / JOURNAL, self.layout, whole)
        return {e.id: e for e in whole}

    def _matches(self, data: Path, entry: Entry) -> bool:
        with open(data, "rb") as file:
            file.seek(entry.offset * self._row_bytes)
            rows = file.read(entry.rows * self._row_bytes)
        return digest(np.frombuffer(rows, np.uint8)) == entry.digest


def write_rows(file: Path, offset: int, array: Array) -> None:
    """Write the rows of a clip to their place in the data file, from any process.

    Raises:
        UserError: no space left, or the file cannot be written.
    """
    array = np.ascontiguousarray(array)
    try:
        with _full_device(file):
            write_at(file, offset * array[:1].nbytes, array.data)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror or error})") from error


def _end(entries: Iterable[Entry]) -> int:
    return max((entry.offset + entry.rows for entry in entries), default=0)


def _holes(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """First row and number of rows of what lies unused between clips."""
    holes, end = [], 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset > end:
            holes.append((end, entry.offset - end))
        end = entry.offset + entry.rows
    return holes


def _write_journal(path: Path, layout: Layout, entries: Sequence[Entry]) -> None:
    with write_atomic(path, "w") as file:
        for line in (layout, *map(asdict, entries)):
            file.write(json.dumps(line) + "\n")


def _read_journal(path: Path, layout: Layout) -> list[Entry] | None:
    """The clips of a journal up to the first line that is not whole; ``None``: nothing to keep."""
    if not path.exists():
        return None
    entries: list[Entry] = []
    # a line without its end of line was cut off, even where it parses
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        if not lines or json.loads(lines[0]) != layout:
            return None
        for line in lines[1:]:
            entries.append(Entry(**json.loads(line)))
    except (ValueError, TypeError):
        log(f"{path}: cut off after {len(entries)} clips; going on from there")
    return entries


@contextmanager
def _full_device(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(path) from error
        raise

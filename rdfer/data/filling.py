"""How a bank is made: filled in any order, resumable wherever its writer died.

While it is filled it is called ``.<name>.part`` and stands beside its future place, with a journal
in place of the index: the layout, and a line for each video, added once its frames are in the file.
A line that was cut off or changed, and a video whose frames do not have their digest, are written
again. The checksum is taken over the videos in their order, so it depends neither on interruptions
nor on who was ready first. What a finished bank is: :mod:`rdfer.data.stored`.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from rdfer.base.errors import UserError
from rdfer.base.files import no_space, record, write_atomic, write_json
from rdfer.base.progress import log, progress
from rdfer.data.stored import INDEX, Array, Bank, Layout, Stored, is_whole, read_index, sealed

JOURNAL = "journal.jsonl"


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
        bank: of which kind.
        layout: of its array; what was begun with another one is begun anew.
        ids: names of the videos, by place.

    Attributes:
        done: the videos that are in the array, by place.
    """

    def __init__(self, path: Path, bank: type[Bank], layout: Layout, ids: Sequence[str]) -> None:
        self.path, self.layout, self.ids = path, layout, ids
        self.part = path.with_name(f".{path.name}.part")
        self.file = self.part / layout.file
        with _full_device(self.file):
            self._take_back(bank)
            self.done = self._resume()

    def note(self, video: Stored) -> None:
        """Add a video, whose frames are in their place, to the journal."""
        with _full_device(self.file), open(self.part / JOURNAL, "a", encoding="utf-8") as file:
            file.write(json.dumps(sealed(asdict(video))) + "\n")
        self.done[video.place] = video

    def finish(self, **extra: Any) -> None:
        """Write the index, with further values if given, and move the bank to its place."""
        videos = [self.done[place] for place in sorted(self.done)]
        with _full_device(self.file):
            with open(self.file, "ab") as file:
                os.fsync(file.fileno())
            index = {
                **asdict(self.layout),
                **extra,
                "bytes": self.layout.offset(len(self.ids)),
                "checksum": self.layout.checksum(videos),
                "videos": [asdict(video) for video in videos],
            }
            write_json(self.part / INDEX, sealed(index))
        (self.part / JOURNAL).unlink()
        old = self.path.with_name(f".{self.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            os.replace(self.path, old)
        os.replace(self.part, self.path)
        shutil.rmtree(old, ignore_errors=True)

    def _take_back(self, bank: type[Bank]) -> None:
        """A finished bank of the same layout that is not whole becomes one in the making.

        So does one that was finished, and not yet moved to its place.
        """
        for place in (self.path, self.part):
            try:
                _, layout, videos = read_index(place, bank)
            except UserError:
                continue
            if layout == self.layout:
                self._write_journal(place, videos)
                if place == self.path:
                    log(f"{self.path}: damaged; the videos that are whole are kept")
                    shutil.rmtree(self.part, ignore_errors=True)
                    os.replace(self.path, self.part)
                return

    def _resume(self) -> dict[int, Stored]:
        """What an earlier writer left whole, in an array of full size."""
        noted = self._read_journal()
        if noted is None:
            if (self.part / JOURNAL).exists():
                log(f"{self.path}: what is unfinished there is of other content; beginning anew")
            shutil.rmtree(self.part, ignore_errors=True)
            self.part.mkdir(parents=True)
        for left in self.part.glob(".*"):  # of a file that was being written
            left.unlink()
        self.file.touch()
        with open(self.file, "r+b") as file:
            file.write(self.layout.head)
            file.truncate(self.layout.offset(len(self.ids)))
        label = f"{self.path.name}: checking what is there"
        whole = [
            video
            for video in progress(noted or [], label=label)
            if is_whole(self.file, self.layout, video)
        ]
        self._write_journal(self.part, whole)
        return {video.place: video for video in whole}

    def _write_journal(self, folder: Path, videos: Sequence[Stored]) -> None:
        with write_atomic(folder / JOURNAL, "w") as file:
            for line in (asdict(self.layout), *(sealed(asdict(video)) for video in videos)):
                file.write(json.dumps(line) + "\n")

    def _read_journal(self) -> list[Stored] | None:
        """The videos up to the first line that is not whole; ``None``: nothing to go on from."""
        path = self.part / JOURNAL
        # a line without its end of line was cut off, even where it parses
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        videos: list[Stored] = []
        try:
            if not lines or json.loads(lines[0]) != json.loads(json.dumps(asdict(self.layout))):
                return None
            for line in lines[1:]:
                row = json.loads(line)
                if not isinstance(row, dict) or sealed(row) != row:
                    raise UserError("a line is not as it was written")
                row.pop("seal")
                video = record(Stored, row, "video")
                video.check(len(self.ids))
                if self.ids[video.place] != video.id:
                    raise UserError(f"video = {video.id!r}: is not the one of its place")
                videos.append(video)
        except (ValueError, RecursionError):
            log(f"{path}: cut off or damaged after {len(videos)} videos; going on from there")
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

"""The frames of all videos as bytes in one memory-mapped array: decoding happens once.

A bank is built once, by several processes, and can be interrupted at any point (how, is said in
:mod:`rdfer.data.filling`). After that a clip is index arithmetic (:mod:`rdfer.method.sampling`)
and one read::

    bank = FrameBank.build("bank", ["a.mp4", "b.avi", "folder_of_frames"], size=128, frames=64)
    indices = synopsis(bank.lengths[videos], generator=generator)               # [B, 16]
    frames = bank.gather(videos, indices)                                       # [B, 16, H, W, 3]

The frames never pass through the process that leads the building: each worker writes what it
loaded into the array, and the leader notes that it is there.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rdfer.base.errors import UserError
from rdfer.base.files import read_json
from rdfer.base.machine import threads
from rdfer.base.progress import log, progress
from rdfer.data.filling import Filling, locked, write_frames
from rdfer.data.pictures import is_picture
from rdfer.data.stored import FORMAT, INDEX, Array, Bank, Ints, Layout, Stored, digest
from rdfer.data.video import DECODING, Decoded, decode
from rdfer.data.workers import Lost, work
from rdfer.method.sampling import stored_indices

# a day: beyond it clocks of operating systems overflow
LONGEST_S = 86400
# so many unreadable videos are told while others are loaded
TOLD = 5


class FrameSource(Protocol):
    """Where the frames of one video come from. It travels to worker processes, so it is picklable.

    Attributes:
        id: the video's name, unique in the bank.
        key: changes whenever its frames would.
    """

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def key(self) -> str: ...  # noqa: D102

    def load(self, size: int, frames: int) -> Array | Decoded:
        """Frames of the video, uint8 ``[T, size, size, 3]`` RGB; UserError if unreadable.

        Of more than ``frames`` it may give those that :func:`rdfer.method.sampling.stored_indices`
        picks, and then says how many there are.
        """
        ...


@dataclass(frozen=True)
class VideoFile:
    """A video file, or a folder of frames.

    Attributes:
        id: the video's name.
        path: the file or folder.
        skip_frames: whether a picture of a folder that cannot be read costs that frame alone.
    """

    id: str
    path: str
    skip_frames: bool = False

    @property
    def key(self) -> str:
        """Names, sizes, times of change of the files, and how they are read: 64 hex digits."""
        read = (DECODING, self.skip_frames, _stats(self.path))
        return hashlib.sha256(repr(read).encode()).hexdigest()

    def load(self, size: int, frames: int) -> Decoded:
        """The middle square of each frame that is kept; of a shorter video all that it has, once.

        Raises:
            UserError: the video cannot be read.
        """

        def kept(count: int) -> Ints:
            return stored_indices(count, frames) if count > frames else np.arange(count)

        return decode(self.path, kept, size=size, skip_frames=self.skip_frames)


def _stats(path: str) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file or of the frames in a folder; none: empty."""
    if os.path.isdir(path):
        files = [os.path.join(path, name) for name in os.listdir(path) if is_picture(name)]
    else:
        files = [path]
    # a link to nothing is none
    stats = [(os.path.basename(file), os.stat(file)) for file in files if os.path.exists(file)]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


class FrameBank(Bank):
    """The frames of videos, uint8 RGB ``[frames, size, size, 3]`` each."""

    FILE: ClassVar[str] = "frames.npy"
    AXES: ClassVar[int] = 5
    DTYPES: ClassVar[tuple[str, ...]] = ("uint8",)

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        if self.shape != (self.shape[0], self.shape[0], 3):
            raise UserError(
                f"{self.path / INDEX}: shape = {list(self.shape)}: frames must be square and RGB; "
                "build again"
            )

    @classmethod
    def build(
        cls,
        path: str | Path,
        videos: Sequence[str | Path | FrameSource],
        *,
        size: int = 128,
        frames: int = 64,
        workers: int | None = None,
        timeout: float = 300.0,
        skip_unreadable: bool = False,
        replace: bool = True,
        label: str = "frames",
    ) -> "FrameBank":
        """Build the bank, or what is missing of it, and open it.

        A finished bank of the same videos is read through, and videos whose bytes have changed are
        made again. One of other videos is replaced when the new one is whole.

        Args:
            path: its directory.
            videos: video files or folders of frames, named in the bank as they are given; or
                anything that loads frames, with its name.
            size: side of a frame in pixels; 128 leaves room for random crops of 112.
            frames: stored of each video, ``floor(n i / frames)``; a shorter one repeats its own.
            workers: processes that load; 0 loads in this one, ``None`` takes the usable cores. A
                script that has some must do its work under ``if __name__ == "__main__":``.
            timeout: seconds after which a video that does not load is given up (one that promises
                frames it does not hold can hang its decoder); with ``workers=0`` it never is.
            skip_unreadable: leave videos that cannot be loaded out and list them in
                ``unreadable``, instead of refusing.
            replace: whether a finished bank of other videos, or anything else at ``path``, may
                be replaced; refused otherwise.
            label: what the progress bar says.

        Raises:
            UserError: unreadable videos (all others are kept for the next call; with
                ``skip_unreadable`` only where no video is readable), two of one name, none at all,
                no space left, or something that may not be replaced.
        """
        path = Path(path)
        sources = [
            VideoFile(str(video), str(video)) if isinstance(video, str | Path) else video
            for video in videos
        ]
        _check(sources, size=size, frames=frames, workers=workers, timeout=timeout)
        key = bank_key(
            progress(sources, label=f"{label}: looking at the files"),
            size=size,
            frames=frames,
            skip_unreadable=skip_unreadable,
        )
        with locked(path):
            standing = cls.standing(path, key=key)
            if standing is not None:
                return standing
            if not replace:
                _check_place(path, key)
            layout = Layout(key, cls.FILE, (len(sources), frames, size, size, 3), "uint8")
            filling = Filling(path, cls, layout, [source.id for source in sources])
            unreadable = _fill(
                filling,
                sources,
                Loading(size, frames, filling.file),
                workers=threads() if workers is None else workers,
                timeout=timeout,
                label=label,
            )
            if unreadable and not (skip_unreadable and filling.done):
                others = f" ({len(unreadable) - 1} more cannot be read)"
                first = next(iter(unreadable.values()))
                raise UserError(first + (others if len(unreadable) > 1 else ""))
            filling.finish(unreadable=unreadable)
            short = sum(video.total < frames for video in filling.done.values())
            if short:
                log(
                    f"{label}: {short} of {len(filling.done)} videos have fewer than {frames} "
                    "frames; theirs are repeated"
                )
            return cls(path)

    @property
    def size(self) -> int:
        """Side of a frame, in pixels."""
        return self.shape[0]

    @cached_property
    def counts(self) -> Ints:
        """Frames that each video has at its source, before some are kept: int64 ``[V]``."""
        return np.array([video.total for video in self._videos], dtype=np.int64)

    @cached_property
    def unreadable(self) -> dict[str, str]:
        """Names of the videos that were asked for and could not be loaded, each with the reason."""
        return dict(self._index["unreadable"])

    @cached_property
    def notes(self) -> dict[str, str]:
        """What is unusual about videos in the bank, by name."""
        return {video.id: video.note for video in self._videos if video.note}

    def gather(self, videos: npt.ArrayLike, frames: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Frames of videos.

        Args:
            videos: numbers of videos in the order of ``ids``, int ``[B]``.
            frames: which stored frames of each, int ``[B, ...]``.

        Returns:
            uint8 ``[B, ..., size, size, 3]``, a copy in memory.

        Raises:
            IndexError: a video or a frame that is not there.
        """
        return self._rows[self._numbers(videos, frames)]


def bank_key(
    sources: Iterable[FrameSource], *, size: int, frames: int, skip_unreadable: bool = False
) -> str:
    """What the content of a bank depends on, as 64 hex digits."""
    parts: list[Any] = [FORMAT, size, frames, [(source.id, source.key) for source in sources]]
    if skip_unreadable:  # a bank that lacks videos must not pass for one that does not
        parts.append("skip unreadable")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _check(
    sources: Sequence[FrameSource], *, size: int, frames: int, workers: int | None, timeout: float
) -> None:
    if not sources:
        raise UserError("videos = []: a bank needs at least one")
    if size < 1:
        raise UserError(f"size = {size!r}: must be at least 1 pixel")
    if frames < 1:
        raise UserError(f"frames = {frames!r}: must be at least 1")
    if workers is not None and workers < 0:
        raise UserError(f"workers = {workers!r}: must be 0 (this process) or more")
    if not 0 < timeout <= LONGEST_S:
        raise UserError(f"timeout = {timeout!r}: must be above 0 and at most {LONGEST_S} s")
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise UserError(f"id = {source.id!r}: occurs twice; every video needs its own")
        seen.add(source.id)


def _check_place(path: Path, key: str) -> None:
    """Refuse to replace a bank of other content, or what is no bank."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / INDEX).is_file():
        raise UserError(f"{path}: exists and holds no bank; name another place, or remove it")
    if read_json(path / INDEX).get("key") != key:
        raise UserError(
            f"{path}: holds a bank of other videos or settings or of an earlier version, or the "
            "files have changed since; name another place, or remove it"
        )


def _fill(
    filling: Filling,
    sources: Sequence[FrameSource],
    loading: "Loading",
    *,
    workers: int,
    timeout: float,
    label: str,
) -> dict[str, str]:
    """Load and write the videos; returns those that cannot be read, in order, with the reason."""
    if filling.done:
        log(f"{label}: {len(filling.done)} of {len(sources)} videos are there already")
    missing = [
        Missing(source, place, filling.layout.offset(place))
        for place, source in enumerate(sources)
        if place not in filling.done
    ]
    if workers:
        outcomes = work(loading, missing, workers=workers, timeout=timeout)
    else:
        outcomes = ((number, loading(video)) for number, video in enumerate(missing))
    reasons: dict[int, str] = {}
    with closing(outcomes):  # whatever happens here, the processes end
        for number, outcome in progress(outcomes, total=len(missing), label=label):
            if isinstance(outcome, Stored):
                filling.note(outcome)
                continue
            if isinstance(outcome, Lost):
                outcome = (
                    f"{missing[number].source.id}: its loading {outcome.reason}; the file is "
                    "broken, or memory or time is short"
                )
            if len(reasons) < TOLD:
                log(f"{label}: {outcome}")
            reasons[number] = outcome
    return {missing[number].source.id: reasons[number] for number in sorted(reasons)}


class Missing(NamedTuple):
    """A video to load, its place in the array, and where that begins in the file."""

    source: FrameSource
    place: int
    offset: int


@dataclass(frozen=True)
class Loading:
    """How a video gets from its source into the array. It travels to worker processes.

    Attributes:
        size: side of a frame in pixels.
        frames: how many to keep.
        file: the array.
    """

    size: int
    frames: int
    file: Path

    def __call__(self, missing: Missing) -> Stored | str:
        """Load and write one video: what to note of it, or why it cannot be read."""
        source = missing.source
        try:
            loaded = source.load(self.size, self.frames)
        except UserError as error:
            return str(error)
        except OSError as error:
            return f"{source.id}: cannot be read ({error})"
        if not isinstance(loaded, Decoded):
            loaded = Decoded(loaded, len(loaded))
        frames, expected = loaded.frames, (self.size, self.size, 3)
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != expected:
            return f"{source.id}: gave {frames.dtype} {frames.shape}, not uint8 [T, {expected}]"
        if len(frames) == 0:
            return f"{source.id}: has no frames; at least one is needed"
        if len(frames) != self.frames:
            frames = frames[stored_indices(len(frames), self.frames)]
        write_frames(self.file, missing.offset, frames)
        return Stored(source.id, missing.place, loaded.total, digest(frames), loaded.note)

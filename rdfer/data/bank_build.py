"""Building a bank of frames: several processes load and write, this one keeps the account.

The frames never pass through this process: it tells a worker where in the file there is room, and
notes the clip once it is written. So it holds nothing of them, however large the bank is.
"""

import hashlib
import json
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.base.machine import threads
from rdfer.base.progress import log, progress
from rdfer.data.bank import FRAMES, Source, keep
from rdfer.data.store import FORMAT, INDEX, Entry, digest, is_whole
from rdfer.data.store_write import Writer, locked, write_rows
from rdfer.data.video import Decoded
from rdfer.data.workers import Ask, Lost, work

# a day: beyond it clocks of operating systems overflow
LONGEST_S = 86400
# so many unreadable clips are told while others are loaded
TOLD = 5


@dataclass(frozen=True)
class Loading:
    """How a clip gets from its source into the file. It travels to worker processes.

    Attributes:
        size: side of a frame in pixels.
        stored: frames to keep, ``None`` for all.
        file: the data file.
    """

    size: int
    stored: int | None
    file: Path

    def __call__(self, source: Source, reserve: Ask) -> Entry | str:
        """Load and write one clip.

        Args:
            source: the clip.
            reserve: asked for a place for a clip of that name and length, gives a function that
                waits for its first row.

        Returns:
            What to note of the clip, or why it cannot be read.
        """
        # where the length is known, the place is there when the frames are
        place = None if self.stored is None else reserve((source.id, self.stored))
        loaded = self._load(source)
        if isinstance(loaded, str):
            return loaded
        frames = np.ascontiguousarray(keep(loaded.frames, self.stored))
        offset = (place or reserve((source.id, len(frames))))()
        with ThreadPoolExecutor(1) as beside:  # the disk works while the digest is computed
            written = beside.submit(write_rows, self.file, offset, frames)
            entry = Entry(source.id, offset, len(frames), loaded.total, digest(frames), loaded.note)
            written.result()
        return entry

    def _load(self, source: Source) -> Decoded | str:
        try:
            loaded = source.load(self.size)
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
        return loaded


def build_frames(
    path: Path,
    sources: Sequence[Source],
    *,
    size: int,
    workers: int | None,
    stored: int | None,
    min_frames: int,
    label: str,
    timeout: float,
    skip_unreadable: bool,
    replace: bool,
) -> None:
    """See :meth:`rdfer.data.bank.FrameBank.build`."""
    _check(sources, size=size, stored=stored, workers=workers, timeout=timeout)
    workers = threads() if workers is None else workers
    keyed = progress(sources, label=f"{label}: looking at the files")
    key = bank_key(keyed, size=size, stored=stored, skip_unreadable=skip_unreadable)
    with locked(path):
        if not is_whole(path, key=key, data=FRAMES):
            if not replace:
                _check_place(path, key)
            writer = Writer(path, key=key, data=FRAMES, shape=(size, size, 3), dtype="uint8")
            missing = [source for source in sources if source.id not in writer.entries]
            if writer.entries:
                log(f"{label}: {len(writer.entries)} of {len(sources)} clips are there already")
            unreadable = _write(
                writer, missing, stored=stored, workers=workers, timeout=timeout, label=label
            )
            _check_readable(unreadable, readable=len(writer.entries) if skip_unreadable else 0)
            ids = [source.id for source in sources if source.id in writer.entries]
            writer.finish(ids, report={"unreadable": unreadable} if unreadable else {})
        _report_short(path, min_frames=min_frames, label=label)


def bank_key(
    sources: Iterable[Source], *, size: int, stored: int | None, skip_unreadable: bool = False
) -> str:
    """What the content of a bank depends on, as 64 hex digits."""
    parts: list[Any] = [FORMAT, size, stored, [(source.id, source.key) for source in sources]]
    if skip_unreadable:  # a bank that lacks clips must not pass for one that does not
        parts.append("skip unreadable")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _check(
    sources: Sequence[Source],
    *,
    size: int,
    stored: int | None,
    workers: int | None,
    timeout: float,
) -> None:
    if not sources:
        raise UserError("sources = []: a bank needs at least one clip")
    if size < 1:
        raise UserError(f"size = {size!r}: must be at least 1 pixel")
    if stored is not None and stored < 1:
        raise UserError(f"stored = {stored!r}: must be at least 1 frame, or None for all")
    if workers is not None and workers < 0:
        raise UserError(f"workers = {workers!r}: must be 0 (this process) or more")
    if not 0 < timeout <= LONGEST_S:
        raise UserError(f"timeout = {timeout!r}: must be above 0 and at most {LONGEST_S} s")
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise UserError(f"id = {source.id!r}: occurs twice; every clip needs its own")
        seen.add(source.id)


def _check_place(path: Path, key: str) -> None:
    """Refuse to replace a bank of other content, or what is no bank."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not (path / INDEX).is_file():
        raise UserError(f"{path}: exists and holds no bank; name another place, or remove it")
    if read_json(path / INDEX).get("key") != key:
        raise UserError(
            f"{path}: holds a bank of other clips or settings, or the files have changed since; "
            "name another place, or remove it"
        )


def _check_readable(unreadable: dict[str, str], *, readable: int) -> None:
    """Refuse unreadable clips unless others are left."""
    if unreadable and not readable:
        others = len(unreadable) - 1
        more = f" ({others} more cannot be read)" if others else ""
        raise UserError(f"{next(iter(unreadable.values()))}{more}")


def _write(
    writer: Writer,
    sources: Sequence[Source],
    *,
    stored: int | None,
    workers: int,
    timeout: float,
    label: str,
) -> dict[str, str]:
    """Load and write the clips; returns those that cannot be read, in order, with the reason."""
    loading = Loading(int(writer.layout["shape"][0]), stored, writer.data)
    reasons: dict[int, str] = {}
    outcomes = _load_all(writer, loading, sources, workers=workers, timeout=timeout)
    with closing(outcomes):  # whatever happens here, the processes end
        for number, outcome in progress(outcomes, total=len(sources), label=label):
            if isinstance(outcome, Entry):
                writer.note(outcome)
                continue
            id = sources[number].id
            writer.release(id)
            if isinstance(outcome, Lost):
                reason = f"its loading {outcome.reason}"
                outcome = f"{id}: {reason}; the file is broken, or memory or time is short"
            if len(reasons) < TOLD:
                log(f"{label}: {outcome}")
            reasons[number] = outcome
    return {sources[number].id: reasons[number] for number in sorted(reasons)}


def _load_all(
    writer: Writer, loading: Loading, sources: Sequence[Source], *, workers: int, timeout: float
) -> Generator[tuple[int, Entry | str | Lost], None, None]:
    """Number and outcome of each clip, as they are ready."""

    def reserve(asked: tuple[str, int]) -> int:
        return writer.reserve(*asked)

    if workers > 0:
        yield from work(loading, sources, workers=workers, timeout=timeout, answer=reserve)
        return
    for number, source in enumerate(sources):
        yield number, loading(source, lambda asked: partial(int, reserve(asked)))


def _report_short(path: Path, *, min_frames: int, label: str) -> None:
    """Put the clips shorter than a clip needs into the index, unless they are there already."""
    index = read_json(path / INDEX)
    short = [clip["id"] for clip in index["clips"] if clip["loaded"] < min_frames]
    report = {**index["report"], "clamped": short, "min_frames": min_frames}
    if index["report"] != report:
        write_json(path / INDEX, {**index, "report": report})
        if short:
            log(
                f"{label}: {len(short)} of {len(index['clips'])} videos have fewer than "
                f"{min_frames} frames; theirs are repeated"
            )

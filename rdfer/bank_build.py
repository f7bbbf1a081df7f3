"""Building a bank of frames: several processes load, this one writes.

A decoder can hang for ever, or take its process down, on a broken file. So a clip has limited
time: a watchdog inside the worker, which needs no Python lock, ends the process. Whichever clip
ends its worker when it is loaded alone is the one that cannot be read.
"""

import faulthandler
import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from rdfer.bank import FRAMES, Source, keep
from rdfer.errors import UserError
from rdfer.files import read_json, write_json
from rdfer.machine import threads
from rdfer.progress import log, progress
from rdfer.store import FORMAT, INDEX, Array, digest, is_whole
from rdfer.store_write import Writer, locked

# how many clips are under way per worker: enough to keep it busy while the parent writes
AHEAD = 4


@dataclass(frozen=True)
class Task:
    """How a clip is loaded: side of its frames, frames to keep, seconds it may take."""

    size: int
    stored: int | None
    patience: float


@dataclass(frozen=True)
class Loaded:
    """A clip's frames as they are stored, how many the source gave, and their digest."""

    frames: Array
    given: int
    digest: str


def build_frames(
    path: Path,
    sources: Sequence[Source],
    *,
    size: int,
    workers: int | None,
    stored: int | None,
    min_frames: int,
    label: str,
    patience: float,
) -> None:
    """See :meth:`rdfer.bank.FrameBank.build`."""
    _check(sources, size=size, stored=stored, workers=workers)
    workers = threads() if workers is None else workers
    key = bank_key(sources, size=size, stored=stored)
    with locked(path):
        if not is_whole(path, key=key, data=FRAMES):
            writer = Writer(path, key=key, data=FRAMES, shape=(size, size, 3), dtype="uint8")
            missing = [source for source in sources if source.id not in writer.entries]
            if writer.entries:
                log(f"{label}: {len(writer.entries)} of {len(sources)} clips are there already")
            _write(writer, missing, Task(size, stored, patience), workers, label)
            writer.finish([source.id for source in sources], report={})
        _report_short(path, min_frames=min_frames, label=label)


def bank_key(sources: Sequence[Source], *, size: int, stored: int | None) -> str:
    """What the content of a bank depends on, as 64 hex digits."""
    parts = [FORMAT, size, stored, [(source.id, source.key) for source in sources]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _check(
    sources: Sequence[Source], *, size: int, stored: int | None, workers: int | None
) -> None:
    if not sources:
        raise UserError("sources = []: a bank needs at least one clip")
    if size < 1:
        raise UserError(f"size = {size!r}: must be at least 1 pixel")
    if stored is not None and stored < 1:
        raise UserError(f"stored = {stored!r}: must be at least 1 frame, or None for all")
    if workers is not None and workers < 0:
        raise UserError(f"workers = {workers!r}: must be 0 (this process) or more")
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise UserError(f"id = {source.id!r}: occurs twice; every clip needs its own")
        seen.add(source.id)


def _write(writer: Writer, sources: Sequence[Source], task: Task, workers: int, label: str) -> None:
    """Load and write the clips; one error for all that cannot be read, after the others."""
    unreadable: list[str] = []
    for source, loaded in progress(
        _load_all(sources, task, min(workers, len(sources))), total=len(sources), label=label
    ):
        if isinstance(loaded, str):
            log(f"{label}: {loaded}")
            unreadable.append(loaded)
        else:
            writer.append(source.id, loaded.frames, loaded=loaded.given, digest=loaded.digest)
    if unreadable:
        others = len(unreadable) - 1
        more = f" ({others} more cannot be read)" if others else ""
        raise UserError(f"{unreadable[0]}{more}")


def _report_short(path: Path, *, min_frames: int, label: str) -> None:
    """Put the clips shorter than a clip needs into the index, unless they are there already."""
    index = read_json(path / INDEX)
    short = [clip["id"] for clip in index["clips"] if clip["loaded"] < min_frames]
    report = {"clamped": short, "min_frames": min_frames}
    if index["report"] != report:
        write_json(path / INDEX, {**index, "report": report})
        if short:
            log(
                f"{label}: {len(short)} of {len(index['clips'])} videos have fewer than "
                f"{min_frames} frames; theirs are repeated"
            )


def _load(source: Source, task: Task) -> Loaded | str:
    """The frames of one clip, or why there are none."""
    try:
        frames = source.load(task.size)
    except UserError as error:
        return str(error)
    except OSError as error:
        return f"{source.id}: cannot be read ({error})"
    expected = (task.size, task.size, 3)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != expected:
        return f"{source.id}: gave {frames.dtype} {frames.shape}, not uint8 [T, {expected}]"
    if len(frames) == 0:
        return f"{source.id}: has no frames; at least one is needed"
    kept = np.ascontiguousarray(keep(frames, task.stored))
    return Loaded(kept, len(frames), digest(kept))


def _load_all(
    sources: Sequence[Source], task: Task, workers: int
) -> Iterator[tuple[Source, Loaded | str]]:
    """Load clips, in order."""
    if workers == 0:
        for source in sources:
            yield source, _load(source, task)
        return
    waiting = deque(sources)
    while waiting:
        try:
            yield from _load_in_pool(waiting, task, workers)
        except BrokenProcessPool:
            # one of the clips under way ended its worker, and with it the pool
            for _ in range(min(len(waiting), AHEAD * workers)):
                yield _load_alone(waiting.popleft(), task)


def _load_in_pool(
    waiting: deque[Source], task: Task, workers: int
) -> Iterator[tuple[Source, Loaded | str]]:
    """Load clips in one pool, taking each from ``waiting`` when it is done."""
    upcoming = iter(list(waiting))
    with _Pool(workers, waiting[0]) as pool:
        under_way: deque[Future[Loaded | str]] = deque()
        while waiting:
            while len(under_way) < AHEAD * workers and (source := next(upcoming, None)) is not None:
                under_way.append(pool.submit(_load_watched, source, task))
            loaded = under_way.popleft().result()
            yield waiting.popleft(), loaded


def _load_alone(source: Source, task: Task) -> tuple[Source, Loaded | str]:
    with _Pool(1, source) as pool:
        try:
            return source, pool.submit(_load_watched, source, task).result()
        except BrokenProcessPool:
            return source, (
                f"{source.id}: its loading crashed or took more than {task.patience:g} s; "
                "the file is broken, or memory is short"
            )


class _Pool(ProcessPoolExecutor):
    """Fresh processes, each with one thread per library; leaving it drops what is not begun."""

    def __init__(self, workers: int, source: Source) -> None:
        # forking a process that has threads (PyTorch's, Numba's) can lock up
        super().__init__(workers, mp_context=get_context("spawn"), initializer=_start_worker)
        try:
            # a process that cannot even receive a source would make every clip look broken
            self.submit(id, source).result()
        except BrokenProcessPool:
            self.shutdown()
            raise UserError(
                f"workers = {workers}: processes cannot start here or cannot import "
                f"{type(source).__name__}; call from under `if __name__ == '__main__':`, "
                "or with workers=0"
            ) from None

    def __exit__(self, *_: object) -> None:
        self.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def _load_watched(source: Source, task: Task) -> Loaded | str:
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(task.patience, exit=True, file=nowhere)
        try:
            return _load(source, task)
        finally:
            faulthandler.cancel_dump_traceback_later()

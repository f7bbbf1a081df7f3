"""Progress of long work: a bar in a terminal, a log line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

LOG_EVERY_S = 10.0


def log(message: str) -> None:
    """Print one line to standard error at once."""
    print(message, file=sys.stderr, flush=True)


def progress(items: Iterable[T], *, total: int | None = None, label: str = "") -> Iterator[T]:
    """Pass ``items`` through while showing how far the work has come.

    Args:
        items: what is iterated.
        total: number of items, where ``len(items)`` is not known.
        label: what is being done, in a few words.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=label, leave=False)
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    start = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= LOG_EVERY_S:
            last = now
            log(f"{label}: {done}/{total if total is not None else '?'} after {now - start:.0f} s")
    if done and time.monotonic() - start >= LOG_EVERY_S:
        log(f"{label}: {done} done in {time.monotonic() - start:.0f} s")

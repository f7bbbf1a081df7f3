"""Work done item by item in processes that are watched from outside.

Code that reads what came from elsewhere can hang for ever without letting Python run, or end its
process. So each process works on one item at a time while the caller's process, which runs none
of that code, keeps the time: a process that takes too long is killed, one that ends by itself is
noticed, and both are replaced at the price of one item. With a process ends what it has started.

No library does this. The standard library's executor gives up all items when one process crashes,
and its pool waits for ever. Pebble's pool hears who took which item through one pipe of all
processes, in another thread than the one that looks for dead ones: on a busy machine it took a
crash for that of the item before, which a bank would then lack, and waited for the other's
time-out. Here each process has a pipe of its own, whose end says who died.
"""

import faulthandler
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, TypeVar

from rdfer.base.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

# seconds that a process may take to start and to import what it needs
START_S = 120.0
# a process whose caller was killed ends itself this long after the time for its item is over
ORPHAN_S = 30.0
ONE_THREAD = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Lost:
    """Why an item has no result: its process ``took more than 60 s`` or ``crashed (SIGSEGV)``."""

    reason: str


def work(
    function: Callable[[T], R], items: Sequence[T], *, workers: int, timeout: float
) -> Generator[tuple[int, R | Lost], None, None]:
    """Apply ``function`` to every item in several processes.

    Args:
        function: called as ``function(item)``. It, items and results are pickled and should be
            small.
        items: what there is to do; given out in order.
        workers: how many processes, at least 1; each has one thread per numerical library.
        timeout: seconds that one item may take.

    Yields:
        Number of the item and its result, in the order in which they are ready, each once.

    Raises:
        UserError: ``function`` raised it, or processes cannot start or import what they are sent.
    """
    waiting, left = deque(range(len(items))), len(items)
    pool: list[_Process] = []
    try:
        while left:
            while len(pool) < min(workers, left):
                pool.append(_Process(function, items[0], timeout))
            for process in _heard(pool):
                outcome, number = process.outcome(), process.number
                if isinstance(outcome, Lost) and number is None:
                    raise UserError(
                        f"workers = {workers}: processes cannot start here or cannot import what "
                        f"they are sent ({outcome.reason}); call from under "
                        "`if __name__ == '__main__':`, or with workers=0"
                    )
                if isinstance(outcome, Lost) or not waiting:
                    process.kill()
                    pool.remove(process)
                else:
                    next_one = waiting.popleft()
                    process.give(next_one, items[next_one])
                if number is not None:
                    left -= 1
                    yield number, outcome
    finally:
        for process in pool:
            process.kill()


def _heard(pool: Sequence["_Process"]) -> list["_Process"]:
    """Wait for the processes that have something to say or are over their time."""
    soonest = min(process.deadline for process in pool) - monotonic()
    ready = wait([process.pipe for process in pool], max(0.0, soonest))
    now = monotonic()
    return [process for process in pool if process.pipe in ready or now >= process.deadline]


class _Process:
    """One process, and the number of the item that it works on; None until it has started."""

    def __init__(self, function: Callable[[T], R], first: T, timeout: float) -> None:
        # forking a process that has threads (PyTorch's, Numba's) can lock up
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        # with an item, so that what it imports is not taken from the time of the first one
        start = pickle.dumps((function, first))
        self._process = context.Process(
            target=_serve, args=(theirs, start, timeout + ORPHAN_S), daemon=True
        )
        self._process.start()
        theirs.close()
        self._timeout, self.deadline = timeout, monotonic() + START_S
        self.number: int | None = None

    def give(self, number: int, item: object) -> None:
        """Send an item; its time begins."""
        self.number, self.deadline = number, monotonic() + self._timeout
        try:
            self.pipe.send(item)
        except BrokenPipeError:
            pass  # it has just ended, which is seen next

    def outcome(self) -> Any:
        """The result of its item; Lost where it is over its time or has ended."""
        if not self.pipe.poll():
            limit = START_S if self.number is None else self._timeout
            return Lost(f"took more than {limit:g} s")
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(START_S)
            code = self._process.exitcode or 0
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            return Lost(f"crashed ({how})")
        if kind == "refused":
            raise UserError(value)
        return Lost(value) if kind == "failed" else value

    def kill(self) -> None:
        """End the process, whatever it is doing, and all that it has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join(START_S)
        self.pipe.close()


def _serve(pipe: Connection, start: bytes, limit: float) -> None:
    """The life of a process: item after item until the caller is gone."""
    if hasattr(os, "setsid"):
        os.setsid()  # the first of a group, which ends as a whole
    for name in ONE_THREAD:
        os.environ[name] = "1"
    # an interrupt is for the caller, which ends its processes
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        function, _ = pickle.loads(start)
        answer: tuple[str, Any] = ("started", None)
    except Exception as error:  # something in it cannot be imported here
        answer = ("failed", str(error))
    with open(os.devnull, "w") as nowhere:
        while True:
            try:
                pipe.send(answer)
                item = pipe.recv()
            except (EOFError, OSError):
                sys.exit(0)
            # needs no Python to run: it also ends a process that hangs after its caller was killed
            faulthandler.dump_traceback_later(limit, exit=True, file=nowhere)
            try:
                answer = ("done", function(item))
            except UserError as error:
                answer = ("refused", str(error))
            except Exception as error:
                answer = ("failed", f"failed ({type(error).__name__}: {error})")
            faulthandler.cancel_dump_traceback_later()

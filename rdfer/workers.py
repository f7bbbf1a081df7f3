"""Work done item by item in processes that are watched from outside.

Code that reads what came from elsewhere can hang for ever without letting Python run, or end its
process. So each process works on one item at a time while the caller's process, which runs none
of that code, keeps the time: a process that takes too long is killed, one that ends by itself is
noticed, and both are replaced at the price of one item. The processes are not started anew for
each item, and only small values travel between them and the caller.
"""

import faulthandler
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from rdfer.errors import UserError

T = TypeVar("T")
R = TypeVar("R")
Ask: TypeAlias = Callable[[Any], Any]

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
    function: Callable[[T, Ask], R],
    items: Sequence[T],
    *,
    workers: int,
    timeout: float,
    answer: Ask,
) -> Iterator[tuple[int, R | Lost]]:
    """Apply ``function`` to every item in several processes.

    Args:
        function: called as ``function(item, ask)``; whatever it passes to ``ask`` is given to
            ``answer`` in the caller's process, and it gets the reply. It and the items are
            pickled, and so are questions, replies and results, which should be small.
        items: what there is to do; given out in order.
        workers: how many processes, at least 1; each has one thread per numerical library.
        timeout: seconds that one item may take.
        answer: replies to questions.

    Yields:
        Number of the item and its result, in the order in which they are ready, each once.

    Raises:
        UserError: ``function`` raised it, or processes cannot start or import what they are sent.
    """
    waiting = deque(enumerate(items))
    pool = [_Worker(function, timeout) for _ in range(min(workers, len(items)))]
    left = len(items)
    try:
        while left:
            for worker in _heard(pool):
                event = worker.event(answer)
                number = worker.number
                if event is None:
                    continue
                if isinstance(event, Lost) and number is None:
                    raise _unusable(workers, items[0])
                if isinstance(event, Lost) or not waiting:
                    worker.kill()
                    pool.remove(worker)
                    if waiting:
                        pool.append(_Worker(function, timeout))
                else:
                    worker.give(*waiting.popleft())
                if number is not None:
                    left -= 1
                    yield number, event if isinstance(event, Lost) else event.value
    finally:
        for worker in pool:
            worker.kill()


@dataclass(frozen=True)
class _Ready:
    """A process is there, or has the result of its item."""

    value: Any = None


class _Worker:
    """One process, and what it is doing: ``number`` of its item, None until it gets its first."""

    def __init__(self, function: Callable[[Any, Ask], Any], timeout: float) -> None:
        # forking a process that has threads (PyTorch's, Numba's) can lock up
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.number: int | None = None
        self.timeout = timeout
        self.deadline = monotonic() + START_S
        self._send((function, timeout))

    def give(self, number: int, item: object) -> None:
        """Send an item; its time begins."""
        self.number = number
        self.deadline = monotonic() + self.timeout
        self._send(item)

    def event(self, answer: Ask) -> "_Ready | Lost | None":
        """What there is to know; None where it was a question, which is answered."""
        if not self.pipe.poll():
            return Lost(f"took more than {self.timeout:g} s")
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            return Lost(self._end())
        if kind == "ask":
            self._send(answer(value))
            return None
        if kind == "refused":
            raise UserError(value)
        if kind == "unusable":
            self.number = None
            return Lost(value)
        return _Ready(value)

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join(START_S)
        self.pipe.close()

    def _send(self, value: object) -> None:
        try:
            self.pipe.send(value)
        except BrokenPipeError:
            pass  # it has just ended, which is seen next

    def _end(self) -> str:
        self.process.join(START_S)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"crashed ({signal.Signals(-code).name})"
        return f"crashed (exit status {code})"


def _heard(pool: Sequence[_Worker]) -> Iterator[_Worker]:
    """Wait, then give the processes that have something to say or are over their time."""
    soonest = min(worker.deadline for worker in pool) - monotonic()
    ready = wait([worker.pipe for worker in pool], max(0.0, soonest))
    now = monotonic()
    yield from [worker for worker in pool if worker.pipe in ready or now >= worker.deadline]


def _unusable(workers: int, item: object) -> UserError:
    return UserError(
        f"workers = {workers}: processes cannot start here or cannot import "
        f"{type(item).__name__}; call from under `if __name__ == '__main__':`, "
        "or with workers=0"
    )


def _serve(pipe: Connection) -> None:
    """The life of a process: a function first, then item after item until the caller is gone."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    # an interrupt is for the caller, which ends its processes
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    function, timeout = _receive(pipe)
    _tell(pipe, "ready", None)

    def ask(question: object) -> Any:
        _tell(pipe, "ask", question)
        return _receive(pipe)

    with open(os.devnull, "w") as nowhere:
        while True:
            item = _receive(pipe)
            # needs no Python to run: it also ends a process that hangs after its caller was killed
            faulthandler.dump_traceback_later(timeout + ORPHAN_S, exit=True, file=nowhere)
            try:
                kind, value = "done", function(item, ask)
            except UserError as error:
                kind, value = "refused", str(error)
            faulthandler.cancel_dump_traceback_later()
            _tell(pipe, kind, value)


def _receive(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        sys.exit(0)  # the caller is gone
    except Exception as error:
        _tell(pipe, "unusable", str(error))
        sys.exit(1)


def _tell(pipe: Connection, kind: str, value: object) -> None:
    try:
        pipe.send((kind, value))
    except BrokenPipeError:
        sys.exit(0)  # the caller is gone

"""Work done item by item in processes that are watched from outside.

Code that reads what came from elsewhere can hang for ever without letting Python run, or end its
process. So each process works on one item at a time while the caller's process, which runs none
of that code, keeps the time: a process that takes too long is killed, one that ends by itself is
noticed, and both are replaced at the price of one item. The processes are not started anew for
each item, have the next one at hand, and exchange only small values with the caller.
"""

import faulthandler
import os
import signal
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, TypeAlias, TypeVar

from rdfer.base.errors import UserError

T = TypeVar("T")
R = TypeVar("R")
Answer: TypeAlias = Callable[[Any], Any]
Ask: TypeAlias = Callable[[Any], Callable[[], Any]]

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
    answer: Answer,
) -> Iterator[tuple[int, R | Lost]]:
    """Apply ``function`` to every item in several processes.

    Args:
        function: called as ``function(item, ask)``. What it passes to ``ask`` is given to
            ``answer`` in the caller's process; ``ask`` returns at once a function that waits for
            the reply. All of these, items and results are pickled and should be small.
        items: what there is to do; given out in order.
        workers: how many processes, at least 1; each has one thread per numerical library.
        timeout: seconds that one item may take.
        answer: replies to questions.

    Yields:
        Number of the item and its result, in the order in which they are ready, each once.

    Raises:
        UserError: ``function`` raised it, or processes cannot start or import what they are sent.
    """
    waiting = deque(range(len(items)))
    pool = [_Worker(function, timeout) for _ in range(min(workers, len(items)))]
    left = len(items)
    try:
        while left:
            for worker in _heard(pool):
                event = worker.event(answer)
                if event is None:
                    continue
                if isinstance(event, Lost) and not worker.numbers:
                    raise _unusable(workers, items[0])
                done = None if event is STARTED else worker.next()
                if isinstance(event, Lost):
                    waiting.extendleft(reversed(worker.numbers))
                    worker.numbers.clear()
                else:
                    _feed(worker, waiting, items, everyone=len(pool))
                if not worker.numbers:
                    worker.kill()
                    pool.remove(worker)
                if isinstance(event, Lost) and waiting:
                    pool.append(_Worker(function, timeout))
                if done is not None:
                    left -= 1
                    yield done, event if isinstance(event, Lost) else event.value
    finally:
        for worker in pool:
            worker.kill()


@dataclass(frozen=True)
class _Said:
    """A process has started, or has the result of its item."""

    value: Any = None


STARTED = _Said()


class _Worker:
    """One process, with the numbers of the items that it was given: the first is worked on."""

    def __init__(self, function: Callable[[Any, Ask], Any], timeout: float) -> None:
        # forking a process that has threads (PyTorch's, Numba's) can lock up
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.numbers: deque[int] = deque()
        self.timeout = timeout
        self.deadline = monotonic() + START_S
        self._send("function", (function, timeout))

    def give(self, number: int, item: object) -> None:
        """Send an item; its time begins when those before it are done."""
        if not self.numbers:
            self.deadline = monotonic() + self.timeout
        self.numbers.append(number)
        self._send("item", item)

    def next(self) -> int:
        """Number of the item that is done; the time of the next one begins."""
        self.deadline = monotonic() + self.timeout
        return self.numbers.popleft()

    def event(self, answer: Answer) -> "_Said | Lost | None":
        """What there is to know; None where it was a question, which is answered."""
        if not self.pipe.poll():
            return Lost(f"took more than {self.timeout:g} s")
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            return Lost(self._end())
        if kind == "ask":
            ticket, question = value
            self._send(f"reply {ticket}", answer(question))
            return None
        if kind == "refused":
            raise UserError(value)
        if kind == "unusable":
            self.numbers.clear()
            return Lost(value)
        return STARTED if kind == "started" else _Said(value)

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join(START_S)
        self.pipe.close()

    def _send(self, kind: str, value: object) -> None:
        try:
            self.pipe.send((kind, value))
        except BrokenPipeError:
            pass  # it has just ended, which is seen next

    def _end(self) -> str:
        self.process.join(START_S)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"crashed ({signal.Signals(-code).name})"
        return f"crashed (exit status {code})"


def _feed(worker: _Worker, waiting: deque[int], items: Sequence[Any], *, everyone: int) -> None:
    """Give a process what to do, and one item ahead, so that it never waits for the caller."""
    while waiting and len(worker.numbers) < 2:
        if worker.numbers and len(waiting) <= everyone:
            break  # the last ones are for those that have nothing to do
        number = waiting.popleft()
        worker.give(number, items[number])


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
    inbox = _Inbox(pipe)
    function, timeout = inbox.take("function")
    inbox.tell("started", None)

    tickets = count()

    def ask(question: object) -> Callable[[], Any]:
        ticket = next(tickets)
        inbox.tell("ask", (ticket, question))
        return partial(inbox.take, f"reply {ticket}")

    with open(os.devnull, "w") as nowhere:
        while True:
            item = inbox.take("item")
            # needs no Python to run: it also ends a process that hangs after its caller was killed
            faulthandler.dump_traceback_later(timeout + ORPHAN_S, exit=True, file=nowhere)
            try:
                kind, value = "done", function(item, ask)
            except UserError as error:
                kind, value = "refused", str(error)
            faulthandler.cancel_dump_traceback_later()
            inbox.tell(kind, value)


class _Inbox:
    """A process's end of the pipe; ends the process when the caller is gone."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._kept: defaultdict[str, deque[Any]] = defaultdict(deque)

    def take(self, kind: str) -> Any:
        """The next message of a kind; those of other kinds that come before it are kept."""
        while not self._kept[kind]:
            try:
                came, value = self._pipe.recv()
            except (EOFError, OSError):
                sys.exit(0)
            except Exception as error:  # something in it cannot be imported here
                self.tell("unusable", str(error))
                sys.exit(1)
            self._kept[came].append(value)
        return self._kept[kind].popleft()

    def tell(self, kind: str, value: object) -> None:
        try:
            self._pipe.send((kind, value))
        except BrokenPipeError:
            sys.exit(0)

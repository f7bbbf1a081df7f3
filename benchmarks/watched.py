"""Commands and functions that are watched while they read hostile files: what they did wrong."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

#: Programs that libraries start for files of some kinds; here they only leave a trace.
PROGRAMS = ("gs", "ffmpeg", "ffprobe", "convert", "magick", "inkscape", "rsvg-convert", "curl")
IN_ALL_EVENTS = 0xFFF


@dataclass
class Ended:
    """How a command ended: its status (None: it had to be killed), its lines, what was wrong."""

    status: int | None
    lines: list[str]
    faults: Counter[str] = field(default_factory=Counter)


def session(leader: int) -> list[psutil.Process]:
    """The living processes of a session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def wait_for_end(leader: int, seconds: float) -> int:
    """How many processes of a session are there after so many seconds at most; they are killed."""
    until = time.monotonic() + seconds
    while (left := session(leader)) and time.monotonic() < until:
        time.sleep(0.05)
    for process in left:
        process.kill()
    return len(left)


class Place:
    """A folder in which commands run, and which they may not leave.

    Attributes:
        work: where commands run.
        outside: what hostile files point to; nobody has a reason to look there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.work, self.outside = folder, folder / "work", folder / "outside"
        programs, temporary = folder / "programs", folder / "tmp"
        for made in (self.work, self.outside, programs, temporary):
            made.mkdir(parents=True)
        self.ran = self.outside / "ran"
        for name in PROGRAMS:
            (programs / name).write_text(f"#!/bin/sh\necho {name} >> '{self.ran}'\n")
            (programs / name).chmod(0o755)
        root = str(Path(__file__).resolve().parents[1])
        self.environment = {
            **os.environ,
            "PYTHONPATH": root,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(self.work),
            "TMPDIR": str(temporary),
        }
        self._events = -1

    def watch(self) -> None:
        """From now on, whoever opens, reads or writes something outside is noticed (Linux)."""
        library = ctypes.CDLL(None)
        if hasattr(library, "inotify_init1"):
            self._events = library.inotify_init1(os.O_NONBLOCK)
            library.inotify_add_watch(self._events, os.fsencode(self.outside), IN_ALL_EVENTS)

    def touched(self) -> Counter[str]:
        """What happened outside since the last look."""
        faults: Counter[str] = Counter()
        try:
            faults["outside"] = int(self._events >= 0 and bool(os.read(self._events, 1 << 20)))
        except BlockingIOError:
            pass
        faults["executed"] = int(self.ran.exists())
        self.ran.unlink(missing_ok=True)
        return faults

    def rdfer(self, *argv: object, out: Sequence[Path] = (), timeout: float = 600.0) -> Ended:
        """Run a command of the package; it may write below ``out`` and nowhere else."""
        before = dict(self._files(out))
        told = self.folder / "told"
        with told.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "rdfer", *map(str, argv)],
                cwd=self.work,
                env=self.environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            try:
                status: int | None = process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                status = None
        lines = told.read_text(errors="replace").splitlines()
        ended = Ended(status, lines, self.touched())
        ended.faults["left"] = int(wait_for_end(process.pid, 10) > 0)
        ended.faults["outside"] += int(before != dict(self._files(out)))
        ended.faults["hangs"] = int(status is None)
        # a negative status is a signal's, another one that of no command of this package
        ended.faults["crashes"] = int(status is not None and status not in (0, 1, 2))
        ended.faults["tracebacks"] = int(any("Traceback" in line for line in lines))
        refused = status in (1, 2)
        clear = bool(lines) and lines[-1].startswith("error: ") and lines[-1].isprintable()
        ended.faults["unclear"] = int(refused and not clear)
        return ended

    def _files(self, out: Sequence[Path]) -> Iterator[tuple[str, tuple[int, int]]]:
        """Sizes and times of change of all that a command may not write."""
        own = tuple(str(path) for path in out)
        locks = tuple(str(path.with_name(f".{path.name}.")) for path in out)
        for folder in (self.work, self.folder / "tmp"):
            for path in folder.rglob("*"):
                if path.is_file() and not str(path).startswith((*own, *locks)):
                    stat = path.stat()
                    yield str(path), (stat.st_size, stat.st_mtime_ns)

"""The workflow of notebooks: what the Snakefile asks of the package, and how it is started.

Snakemake compares the content of small inputs. So each job has, besides its notebook, one small
file that says what else it depends on: the hash of the preset's settings and of the package's
code that the notebook imports. A comment in a module changes neither, and reruns nothing.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rdfer.base.codehash import code_hash
from rdfer.base.errors import Stopped, UserError
from rdfer.base.files import read_json, write_json
from rdfer.base.machine import usable_cores
from rdfer.pipeline.parameters import code_of
from rdfer.pipeline.paths import find_root, preset_dir
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import settings_hash, to_dict
from rdfer.studies.design import STUDIES

NOTEBOOKS = ("data", "train", "evaluate", "agreement", "ablate", "figures")
STUDY_NOTEBOOKS = (*STUDIES, "worlds", "claims")
PATIENCE_S = 30  # for jobs to end after an interrupt
JOB_MB = 1500  # memory of a job: kernel and torch are 1.1 GB before any work


def write_keys(preset: str) -> None:
    """Write ``keys/<job>.json`` of every job in the run's directory, where its content changes.

    Raises:
        UserError: unknown preset, a missing notebook.
    """
    keys = preset_dir(preset) / "keys"
    chosen = get_preset(preset)
    settings = settings_hash({"usual": to_dict(chosen.settings), "worlds": chosen.worlds})
    notebooks = find_root() / "notebooks"
    every = (*NOTEBOOKS, *STUDY_NOTEBOOKS)
    hashes = {name: code_hash(text=code_of(notebooks / f"{name}.ipynb")) for name in every}
    hashes["book"] = code_hash(("rdfer.report.book",))
    for job, code in hashes.items():
        key = {"settings": settings, "code": code}
        path = keys / f"{job}.json"
        if not path.exists() or read_json(path) != key:
            write_json(path, key)


def note_source(
    preset: str, *, data: str = "", reading: Mapping[str, Any] | None = None
) -> tuple[int, ...]:
    """Note in a run where its real data set lies, if that is new; returns the set's folds.

    Returns:
        The folds; none where the preset renders its own videos.

    Raises:
        UserError: a folder where none is needed, none where one is, or one that is no copy of the
            data set.
    """
    from rdfer.pipeline import protocol, sources

    of_run, reading = get_preset(preset).settings.data, dict(reading or {})
    protocol.check_parameters(of_run, fold=0, root=data, reading=reading)
    if not protocol.is_real(of_run):
        return ()
    return sources.settle(preset_dir(preset), of_run, root=data, reading=reading).folds


def book_sources() -> list[str]:
    """Every file that the book is made of, notebooks and results apart."""
    root = find_root()
    pages = (path for path in (root / "book").rglob("*") if path.is_file())
    return sorted(map(str, [root / "_config.yml", root / "_toc.yml", *pages]))


def book_marker() -> Path:
    """The file beside the book that says whose results it shows."""
    return find_root() / "_build" / "built_from.json"


def reproduce(
    preset: str,
    *,
    cores: int | None = None,
    studies: str = "none",
    data: str = "",
    reading: Mapping[str, Any] | None = None,
) -> Path:
    """Bring the run of a preset, and the book, up to date. What is up to date is left alone.

    Args:
        preset: its name.
        cores: how many to use; all usable ones without it.
        studies: ``none``, ``headline`` (symmetric noise, the first seeds) or ``all`` that claims
            rest on.
        data: the folder of a real data set, if the run has not noted it yet.
        reading: options of the set's reader.

    Returns:
        The book's first page.

    Raises:
        UserError: unknown preset, another process at work in the same run, or bad input that a
            job met.
        Stopped: a job failed otherwise.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise UserError("snakemake: not installed; install rdfer[all]")
    if shutil.which("bash") is None:
        raise UserError("bash: not found; the workflow runs its jobs in it")
    if studies not in ("none", "headline", "all"):
        raise UserError(f"studies = {studies!r}: must be one of none, headline, all")
    if note_source(preset, data=data, reading=reading) and studies != "none":
        raise UserError(f"studies = {studies!r}: they need videos whose truth is known")
    run, root = preset_dir(preset), find_root()
    with only_one(run) as holder:
        marker, page = book_marker(), root / "_build" / "html" / "index.html"
        if not page.exists() or not marker.exists() or read_json(marker)["preset"] != preset:
            (run / "done" / "book.json").unlink(missing_ok=True)
        for old in run.glob("done/*.error.json"):
            old.unlink()
        cores = cores or usable_cores()
        if run_snakemake(preset, run, root, cores=cores, holder=holder, studies=studies):
            _explain(run)
    return page


@contextmanager
def only_one(run: Path) -> Iterator[int]:
    """Hold a run's directory; gives the descriptor that holds it.

    Who inherits the descriptor holds it too, so it stays held while a workflow is at work whose
    starter was killed, and never longer.

    Raises:
        UserError: another process holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    holder = os.open(run / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        who = os.read(holder, 20).decode().strip() or "?"
        os.close(holder)
        raise UserError(
            f"{run}: another `rdfer reproduce` is at work there (process {who}); wait, or end it"
        ) from None
    os.truncate(holder, 0)
    os.write(holder, str(os.getpid()).encode())
    try:
        yield holder
    finally:
        os.close(holder)


def run_snakemake(
    preset: str, run: Path, root: Path, *, cores: int, holder: int, studies: str
) -> int:
    """Run the Snakefile for a preset in its directory; returns the exit status."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile")]
    command += ["--directory", str(run), "--cores", str(cores)]
    command += ["--config", f"preset={preset}", f"studies={studies}"]
    command += ["--resources", f"mem_mb={_memory_mb()}", "--rerun-incomplete"]
    # our own lock ends with the work; Snakemake's would outlive a killed one
    command += ["--nolock", "--quiet", "rules", "host", "reason", "progress"]
    command += ["--runtime-source-cache-path", str(run / ".snakemake" / "sources")]
    environment = {**os.environ, "RDFER_ROOT": str(root), "RDFER_RUNS": str(run.parent)}
    # in a group of its own, so that an interrupt reaches it, and its jobs, exactly once
    with heard():
        process = subprocess.Popen(
            command, cwd=root, env=environment, start_new_session=True, pass_fds=(holder,)
        )
    os.pwrite(holder, str(process.pid).ljust(20).encode(), 0)
    with interruptible():
        try:
            return process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite request to end, and a terminal that goes away, count as an interrupt."""
    polite = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(kind, signal.default_int_handler) for kind in polite]
    try:
        yield
    finally:
        for kind, handler in zip(polite, before, strict=True):
            signal.signal(kind, handler)


@contextmanager
def heard() -> Iterator[None]:
    """Let processes that are started here hear an interrupt, as they are ended with one.

    Who was started in the background of a script ignores it, and so would they.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group: with an interrupt, and with force if that takes too long.

    Its jobs can take longer to clear up than Snakemake waits for them.
    """
    os.killpg(process.pid, signal.SIGINT)
    end = time.monotonic() + PATIENCE_S
    try:
        process.wait(timeout=PATIENCE_S)
        while _group(process.pid) and time.monotonic() < end:
            time.sleep(0.05)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    if process.poll() is None or _group(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _group(leader: int) -> list[int]:
    """The processes of a group that are still at work; one that nobody has reaped is not."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _memory_mb() -> int:
    """What jobs may take together, in MiB: most of the machine's memory, one job at least."""
    import psutil

    return max(JOB_MB, int(psutil.virtual_memory().total * 0.9 / 2**20))


def _explain(run: Path) -> None:
    """Raise what stopped the workflow, as the job that met it wrote it down."""
    for path in sorted(run.glob("done/*.error.json")):
        error = read_json(path)
        raise (UserError if error["user"] else Stopped)(error["message"])
    raise Stopped("the workflow stopped; the lines above say where")

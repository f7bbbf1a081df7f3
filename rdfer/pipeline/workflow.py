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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rdfer.base.codehash import code_hash
from rdfer.base.errors import Stopped, UserError
from rdfer.base.files import read_json, write_json
from rdfer.base.machine import usable_cores
from rdfer.base.progress import log
from rdfer.pipeline.notebooks import code_of
from rdfer.pipeline.runs import TRAINED, damage, find_root, preset_dir
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import settings_hash, to_dict

NOTEBOOKS = ("data", "train", "evaluate", "agreement", "ablate", "figures")
PATIENCE_S = 30  # for jobs to end after an interrupt
JOB_MB = 1500  # memory of a job: kernel and torch are 1.1 GB before any work


def write_keys(preset: str, notebooks: Iterable[str] = NOTEBOOKS) -> None:
    """Write ``keys/<notebook>.json`` and the book's in a preset's folder, where they change.

    Raises:
        UserError: unknown preset, a missing notebook.
    """
    keys = preset_dir(preset) / "keys"
    chosen = get_preset(preset)
    settings = settings_hash({"usual": to_dict(chosen.settings), "worlds": chosen.worlds})
    place = find_root() / "notebooks"
    hashes = {name: code_hash(text=code_of(place / f"{name}.ipynb")) for name in notebooks}
    hashes["book"] = code_hash(("rdfer.report.book",))
    for job, code in hashes.items():
        key = {"settings": settings, "code": code}
        path = keys / f"{job}.json"
        if not path.exists() or read_json(path) != key:
            write_json(path, key)


def note_source(
    preset: str, *, data: str = "", reading: Mapping[str, Any] | None = None
) -> tuple[int, ...]:
    """Note where the real data set of a preset lies, if that is new.

    Returns:
        The folds; none where the preset renders its own videos.

    Raises:
        UserError: a folder where none is needed, none where one is, or one that is no copy of the
            data set.
    """
    from rdfer.pipeline import data_folder

    settings, reading = get_preset(preset).settings.data, dict(reading or {})
    data_folder.check_parameters(settings, fold=0, root=data, reading=reading)
    if not data_folder.is_real(settings):
        return ()
    return data_folder.settle(preset_dir(preset), settings, root=data, reading=reading).folds


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
    """Bring the results of a preset, and the book, up to date. What is up to date is left alone.

    Args:
        preset: its name.
        cores: how many to use; all usable ones without it.
        studies: ``none``, ``headline`` (symmetric noise, the first seeds) or ``all`` that claims
            rest on.
        data: the folder of a real data set, if it is not noted yet.
        reading: options of the set's reader.

    Returns:
        The book's first page.

    Raises:
        UserError: unknown preset, another process at work in the same folder, or bad input that a
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
    folder, root = preset_dir(preset), find_root()
    with only_one(folder) as holder:
        marker, page = book_marker(), root / "_build" / "html" / "index.html"
        if (
            not page.exists()
            or not marker.exists()
            or read_json(marker, preset=str)["preset"] != preset
        ):
            (folder / "done" / "book.json").unlink(missing_ok=True)
        for old in folder.glob("done/*.error.json"):
            old.unlink()
        forget_damaged(folder)
        cores = cores or usable_cores()
        if run_snakemake(preset, folder, root, cores=cores, holder=holder, studies=studies):
            _explain(folder)
    return page


def forget_damaged(folder: Path) -> None:
    """Let the jobs of a preset run again of which a run was edited or is gone, and say so.

    What else such a job made is fresh, so it trains that run alone.
    """
    for note in sorted(folder.glob("done/*.json")):
        for name in read_json(note).get("runs", []):
            path = folder.parent / str(name)
            wrong = damage(path) if path.is_dir() else "is gone"
            if wrong:
                log(f"{path}: {wrong}; it is made again")
                note.unlink()
                break


def runs_there(preset: str, seed: int) -> list[str]:
    """The recorded runs of a preset's seed, with those of changed settings: for a job's note."""
    place = preset_dir(preset).parent
    found = [
        path
        for folder in (preset, f"{preset}+*")
        for path in place.glob(f"{folder}/{TRAINED}/*/*/seed{seed}")
    ]
    return sorted(str(path.relative_to(place)) for path in found if not damage(path))


@contextmanager
def only_one(folder: Path) -> Iterator[int]:
    """Hold a preset's folder; gives the descriptor that holds it.

    Snakemake's own lock does not say who holds it and outlives a killed holder. This one is held
    by every process that inherits the descriptor: as long as a workflow is at work, also when its
    starter was killed, and never longer.

    Raises:
        UserError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = file.read().strip() or "?"
            raise UserError(
                f"{folder}: another `rdfer reproduce` is at work there (process {who}); wait, or "
                "end it"
            ) from None
        _sign(file.fileno(), os.getpid())
        yield file.fileno()


def _sign(holder: int, pid: int) -> None:
    os.pwrite(holder, str(pid).ljust(20).encode(), 0)


def run_snakemake(
    preset: str, folder: Path, root: Path, *, cores: int, holder: int, studies: str
) -> int:
    """Run the Snakefile for a preset in its folder; returns the exit status."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile")]
    command += ["--directory", str(folder), "--cores", str(cores)]
    command += ["--config", f"preset={preset}", f"studies={studies}"]
    command += ["--resources", f"mem_mb={_memory_mb()}", "--rerun-incomplete"]
    command += ["--nolock", "--quiet", "rules", "host", "reason", "progress"]
    command += ["--runtime-source-cache-path", str(folder / ".snakemake" / "sources")]
    environment = {**os.environ, "RDFER_ROOT": str(root), "RDFER_RUNS": str(folder.parent)}
    with interruptible():
        # in a group of its own, so that an interrupt reaches it, and its jobs, exactly once
        process = subprocess.Popen(
            command, cwd=root, env=environment, start_new_session=True, pass_fds=(holder,)
        )
        _sign(holder, process.pid)
        try:
            return process.wait()
        except KeyboardInterrupt:
            stop(process)
            raise


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite request to end, and a terminal that goes away, count as an interrupt.

    So does an interrupt itself where the starter had it ignored, as a script does for what it
    starts in the background; else the processes that are started here would ignore it too. What
    ``nohup`` asked for stays.
    """
    kinds = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        kinds.append(signal.SIGHUP)
    before = [signal.signal(kind, signal.default_int_handler) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started: with an interrupt, with force if that takes long.

    Snakemake does not: at a request to end it waits for its jobs, which may take hours, and at an
    interrupt it does not wait until they have cleared up.
    """
    import psutil

    with suppress(psutil.Error, ProcessLookupError):
        leader = psutil.Process(process.pid)
        every = [leader, *leader.children(recursive=True)]
        os.killpg(process.pid, signal.SIGINT)
        with suppress(KeyboardInterrupt):
            psutil.wait_procs(every, timeout=PATIENCE_S)
        for left in every:
            with suppress(psutil.Error):
                left.kill()
    process.wait()


def _memory_mb() -> int:
    """What jobs may take together, in MiB: most of the machine's memory, one job at least."""
    import psutil

    return max(JOB_MB, int(psutil.virtual_memory().total * 0.9 / 2**20))


def _explain(folder: Path) -> None:
    """Raise what stopped the workflow, as the job that met it wrote it down."""
    for path in sorted(folder.glob("done/*.error.json")):
        error = read_json(path, user=bool, message=str)
        raise (UserError if error["user"] else Stopped)(error["message"])
    raise Stopped("the workflow stopped; the lines above say where")

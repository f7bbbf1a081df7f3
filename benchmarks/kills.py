"""Work that is killed at drawn points and begun again: whether it ends with the same bytes."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.watched import session, wait_for_end
from rdfer.base.progress import log
from rdfer.data.workers import ORPHAN_S
from tests.training.test_checkpoints import KILLED

ROOT = Path(__file__).resolve().parents[1]
#: What differs between two runs that are the same: clocks, and what is made of them.
CLOCKS = ("date", "wall_s", "digest", "seconds", "ms", "versions")
#: Tests of what is no kill, and what they try.
TROUBLES = {
    "test_an_interrupt_is_one_line_and_loses_nothing": "interrupted (Ctrl-C), then run again",
    "test_two_at_once_make_one_bank": "two at once, one place",
    "test_a_full_disk_is_one_line_and_more_room_ends_it": "a full disk, then more room",
    "test_a_place_that_may_only_be_read_is_one_line": "a place that may only be read",
}


def again_and_again(
    start: Callable[[], subprocess.Popen[bytes]],
    end: Callable[[], bool],
    *,
    kills: int,
    seconds: float,
    everything: bool,
    rng: random.Random,
    label: str,
) -> dict[str, Any]:
    """Kill what is started at drawn times until there were so many kills, and let it end.

    Args:
        start: starts it, in a session of its own.
        end: whether what was made is right; clears it away.
        kills: how many.
        seconds: that it takes as a whole.
        everything: kill all of its processes, as where a machine goes down; else the first alone,
            whose others have to end by themselves.
        rng: draws the times.
        label: what the lines say.
    """
    done = ends = equal = left = 0
    while True:
        process = start()
        try:
            status = process.wait(rng.uniform(0.05, 0.9) * seconds if done < kills else 3600)
        except subprocess.TimeoutExpired:
            for member in session(process.pid) if everything else ():
                member.kill()
            process.kill()
            process.wait()
            left += wait_for_end(process.pid, ORPHAN_S) > 0
            done += 1
            log(f"{label}: killed {done} of {kills} times")
            continue
        ends += 1
        equal += status == 0 and end()
        if done >= kills:
            return {"kills": done, "ends": ends, "equal": equal, "left": left}


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder, but for what a kill may leave hidden."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in files if path.name[0] != "."
    }


def kill_ingest(folder: Path, tree: Path, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill the first process of an ingest with two workers."""
    whole, bank = folder / "whole", folder / "bank"

    def start(out: Path = bank) -> subprocess.Popen[bytes]:
        command = ["ingest", "folders", tree, "--out", out, "--size", "32", "--frames", "8"]
        return subprocess.Popen(
            [sys.executable, "-m", "rdfer", *command, "--workers", "2"],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def end() -> bool:
        same = content(bank) == content(whole)
        shutil.rmtree(bank)
        return same

    begun = time.monotonic()
    if start(whole).wait():
        raise RuntimeError("ingest fails without being killed")
    seconds = time.monotonic() - begun
    rng = random.Random(f"ingest {seed}")
    told = again_and_again(
        start, end, kills=kills, seconds=seconds, everything=False, rng=rng, label="ingest"
    )
    return {"work": "rdfer ingest, its first process", **told}


def kill_training(folder: Path, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill a training at drawn steps, checkpoints that are being written among them."""
    command = [sys.executable, "-c", KILLED, ROOT, folder, str(seed), str(kills)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, check=False
    )
    ends = int(run.stdout.split()[-1]) if run.returncode == 0 else 0
    if run.returncode:
        log(f"training: {run.stderr.splitlines()[-1]}")
    log(f"training: killed {kills} of {kills} times")
    return {"work": "training", "kills": kills, "ends": max(ends, 1), "equal": ends, "left": 0}


def kill_workflow(folder: Path, *, kills: int, seed: int, preset: str) -> dict[str, Any]:
    """Kill all processes of the whole workflow; what it ends with is compared with a whole run."""
    project = folder / "project"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in names.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, project / name)

    def start(runs: str = "killed") -> subprocess.Popen[bytes]:
        places = {"RDFER_ROOT": project, "RDFER_RUNS": folder / runs, "PYTHONPATH": project}
        return subprocess.Popen(
            [sys.executable, "-m", "rdfer", "reproduce", "--preset", preset],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **{name: str(place) for name, place in places.items()}},
        )

    def end() -> bool:
        one, two = (numbers(folder / runs / preset) for runs in ("whole", "killed"))
        for name in sorted(one.keys() | two.keys()):
            if one.get(name) != two.get(name):
                log(f"workflow: {name} differs")
        shutil.rmtree(folder / "killed")
        return one == two

    begun = time.monotonic()
    if start("whole").wait():
        raise RuntimeError("the workflow fails without being killed")
    seconds = time.monotonic() - begun
    log(f"workflow: a whole run took {seconds:.0f} s")
    rng = random.Random(f"workflow {seed}")
    told = again_and_again(
        start, end, kills=kills, seconds=seconds, everything=True, rng=rng, label="workflow"
    )
    return {"work": f"rdfer reproduce --preset {preset}, all processes", **told}


def numbers(folder: Path) -> dict[str, Any]:
    """What a run of the workflow has made: arrays as bytes, JSON without its clocks."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if parts[0] not in ("bank", "features", "trained", "results") or parts[-1][0] == ".":
            continue
        if path.suffix in (".npy", ".npz", ".csv"):
            found["/".join(parts)] = path.read_bytes()
        elif path.suffix == ".json" and path.name != "cost.json":  # which holds seconds alone
            found["/".join(parts)] = without_clocks(json.loads(path.read_text()))
    return found


def without_clocks(value: Any) -> Any:
    """JSON without times of day and durations."""
    if isinstance(value, Mapping):
        return {k: without_clocks(v) for k, v in value.items() if k not in CLOCKS}
    return [without_clocks(item) for item in value] if isinstance(value, list) else value


def troubles() -> list[dict[str, Any]]:
    """What is no kill, by the tests of it: tried, skipped where it cannot be, or failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = ["pytest", "-q", "tests/data/test_ingest_faults.py", f"--junitxml={report}"]
        chosen = ["-k", " or ".join(TROUBLES)]
        subprocess.run(
            [sys.executable, "-m", *command, *chosen],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        cases = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
    rows = []
    for name, title in TROUBLES.items():
        case = cases.get(name)
        wrong = case is None or case.find("failure") is not None or case.find("error") is not None
        skipped = case is not None and case.find("skipped") is not None
        state = "not tried here" if skipped else "failed" if wrong else "held"
        rows.append({"work": f"rdfer ingest: {title}", "state": state})
        log(f"{title}: {state}")
    return rows

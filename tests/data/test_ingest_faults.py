"""Ingest that is killed, interrupted, doubled, or has no room: one line, and the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.data.test_ingest import pictures, write_folder

COMMAND = ("ingest", "folders", "tree", "--size", "16", "--frames", "4")
#: Runs the command again and again, each time with a signal at the Nth call of what writes.
SCRIPT = """
import json, os, signal, sys
if __name__ == "__main__":
    import sklearn.model_selection  # here, as the others, so that no run has to
    from rdfer.commands.cli import main
    from rdfer.data import ingest, video
    from rdfer.data.filling import Filling
    from rdfer.datasets import folders

    # what is started in the background may ignore it from the start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    calls = at = sent = 0
    def counting(function):
        def called(*args, **more):
            global calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), sent)
            return function(*args, **more)
        return called
    Filling.note = counting(Filling.note)
    os.replace, os.fsync = counting(os.replace), counting(os.fsync)

    ends = []
    for at, sent, argv in json.loads(sys.argv[1]):
        child = os.fork()
        if not child:
            os.dup2(os.open("told", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            status = main(argv)
            open("calls", "w").write(str(calls))
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ends.append((status, open("told").read().splitlines()))
    print(json.dumps(ends))
"""


class Try(NamedTuple):
    at: int = -1
    sent: int = signal.SIGKILL
    out: str = "bank"


def ingest(folder, *tries):
    """Status and lines of each run."""
    asked = [(t.at, int(t.sent), [*COMMAND, "--out", t.out, "--workers", "0"]) for t in tries]
    run = subprocess.run(
        [sys.executable, "script.py", json.dumps(asked)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    ends = json.loads(run.stdout)
    assert not any("Traceback" in line for _, lines in ends for line in lines)
    return ends


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small data set, one video of it unreadable, and what its bank is."""
    folder = tmp_path_factory.mktemp("ingest")
    for number in range(10):
        video = folder / "tree" / ("Angry", "Happy")[number % 2] / f"{number}"
        video.parent.mkdir(parents=True, exist_ok=True)
        write_folder(video, pictures(3 + number))
    (video / "1.png").write_bytes(b"no picture")
    (folder / "script.py").write_text(SCRIPT)
    ((status, lines),) = ingest(folder, Try(out="whole"))
    assert status == 0 and "9 videos of 4 frames" in lines[-1]
    return folder


@pytest.fixture
def calls(folder):
    return int((folder / "calls").read_text())


def content(bank):
    """Every file of a bank. What was written for a moment stays hidden where a kill cuts it off."""
    return {path.name: path.read_bytes() for path in bank.iterdir() if path.name[0] != "."}


def test_killed_anywhere_again_and_again_it_ends_with_the_same_bytes(folder, calls):
    assert calls > 15
    draw = random.Random(5)  # the points differ from each other, not from one time to the next
    tries = [Try(draw.randint(1, calls // 3)) for _ in range(6)]
    killed = [status for status, _ in ingest(folder, *tries, Try())]
    assert killed.count(-signal.SIGKILL) >= 4 and killed[-1] == 0
    assert content(folder / "bank") == content(folder / "whole")


def test_killed_near_its_end_it_ends_with_the_same_bytes(folder, calls):
    outs = [f"end{left}" for left in range(6)]
    killed = ingest(folder, *(Try(calls - left, out=out) for left, out in enumerate(outs)))
    assert {status for status, _ in killed} == {-signal.SIGKILL}
    assert {status for status, _ in ingest(folder, *(Try(out=out) for out in outs))} == {0}
    for out in outs:
        assert content(folder / out) == content(folder / "whole")


def test_an_interrupt_is_one_line_and_loses_nothing(folder):
    stopped, done = ingest(folder, Try(6, signal.SIGINT, "stopped"), Try(out="stopped"))
    assert stopped[0] == 130 and done[0] == 0
    assert stopped[1][-1] == "interrupted; the same command goes on from here"
    assert content(folder / "stopped") == content(folder / "whole")


def test_two_at_once_make_one_bank(folder):
    command = [sys.executable, "-m", "rdfer", *COMMAND, "--out", "both", "--workers", "1"]
    both = [subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) for _ in range(2)]
    told = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert not any(b"Traceback" in text for text in told)
    assert content(folder / "both") == content(folder / "whole")


@pytest.fixture
def small_disk(folder):
    """A file system of few kilobytes, where one may be mounted."""
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("who may not mount a file system has no small one")
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_line_and_more_room_ends_it(folder, small_disk):
    ((status, lines),) = ingest(folder, Try(out="disk/bank"))
    assert status == 2 and "no space left on the device; free some" in lines[-1]
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    ((status, _),) = ingest(folder, Try(out="disk/bank"))
    assert status == 0 and content(small_disk / "bank") == content(folder / "whole")


def test_a_place_that_may_only_be_read_is_one_line(folder, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ((status, lines),) = ingest(folder, Try(out="disk/bank"))
    assert status == 2 and lines[-1].startswith("error: ")
    assert lines[-1].endswith("disk/.bank.lock: Read-only file system") and not list(
        small_disk.iterdir()
    )

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.data.workers import Lost, work

sys.path.insert(0, str(Path(__file__).parents[1]))

from worker_tasks import task


def run(items, *, workers=2, timeout=60.0):
    """Results in the order of the items; each must come exactly once."""
    done = list(work(task, items, workers=workers, timeout=timeout))
    assert sorted(number for number, _ in done) == list(range(len(items)))
    assert multiprocessing.active_children() == []
    return [result for _, result in sorted(done, key=lambda pair: pair[0])]


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_every_item_has_its_result(workers):
    assert run([("square", k) for k in range(7)], workers=workers) == [k * k for k in range(7)]


def test_no_items_are_no_work():
    assert run([]) == []


def test_processes_are_kept():
    processes = run([("process", k) for k in range(12)], workers=2)
    assert 1 <= len(set(processes)) <= 2 and os.getpid() not in processes


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (("exit", 3), "crashed (exit status 3)"),
        (("signal", "SIGABRT"), "crashed (SIGABRT)"),
        (("signal", "SIGKILL"), "crashed (SIGKILL)"),
        (("raise", "what the code did not expect"), "failed (LookupError: what the code did "),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_crash_costs_one_item(bad, reason, workers):
    results = run([("square", 2), bad, ("square", 3), bad, ("square", 4)], workers=workers)
    assert results[::2] == [4, 9, 16]
    assert all(lost.reason.startswith(reason) for lost in results[1::2])


@pytest.mark.parametrize("kind", ["hang", "deaf"])
def test_a_process_that_hangs_is_replaced_and_what_it_had_at_hand_is_done(kind):
    items = [("square", 2), (kind, 0), *(("square", k) for k in range(3, 9))]
    results = run(items, workers=1, timeout=0.5)
    assert results == [4, Lost("took more than 0.5 s"), *(k * k for k in range(3, 9))]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs groups of processes")
def test_what_a_process_has_started_ends_with_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK), "rb") as pipe:
        assert run([("parent", tmp_path / "pipe")], workers=1, timeout=1.0) == [
            Lost("took more than 1 s")
        ]
        os.set_blocking(pipe.fileno(), True)
        assert pipe.read() == b"started"  # returns when nobody holds the other end


def test_what_an_item_refuses_ends_the_work():
    with pytest.raises(UserError, match="value = 3: refused"):
        run([("square", 2), ("refuse", 3), ("hang", 0)])
    assert multiprocessing.active_children() == []


def test_work_that_is_given_up_leaves_no_process():
    results = work(task, [("hang", 0), ("square", 3)], workers=2, timeout=60.0)
    assert next(results) == (1, 9)
    assert len(multiprocessing.active_children()) == 1
    results.close()
    assert multiprocessing.active_children() == []


CALLER = """
import sys
if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    from rdfer.data import workers
    from worker_tasks import task

    workers.ORPHAN_S = 0.5
    items = [("deaf", 0), ("tell", sys.argv[2])]
    list(workers.work(task, items, workers=2, timeout=float(sys.argv[3])))
"""


@pytest.mark.parametrize(("sent", "timeout"), [(signal.SIGKILL, 1.0), (signal.SIGINT, 60.0)])
def test_no_process_outlives_a_caller_that_is_ended(tmp_path, sent, timeout):
    """Both processes hang, one without listening to anybody; the end of the pipe is theirs too."""
    script, told = tmp_path / "script.py", tmp_path / "told"
    script.write_text(CALLER)
    arguments = [str(script), str(Path(__file__).parents[1]), str(told), str(timeout)]
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as caller:
        while not told.exists() and caller.poll() is None:
            time.sleep(0.05)
        caller.send_signal(sent)
        caller.communicate()
    assert caller.returncode == -sent


def test_a_script_without_its_guard_is_one_clear_error(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from rdfer.data.workers import work\nfrom worker_tasks import task\n"
        "list(work(task, [('square', 2)], workers=1, timeout=60.0))\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "UserError: workers = 1: processes cannot start here or cannot import" in ran.stderr

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.data.workers import Lost, work

sys.path.insert(0, str(Path(__file__).parents[1]))

from worker_tasks import task


def run(items, *, workers=2, timeout=60.0, answer=lambda question: question):
    """Results in the order of the items; each must come exactly once."""
    done = list(work(task, items, workers=workers, timeout=timeout, answer=answer))
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


def test_questions_are_answered_by_the_caller():
    asked = []

    def answer(question):
        asked.append((os.getpid(), question))
        return question * 10

    assert run([("ask", 1), ("ask", 5)], workers=1, answer=answer) == [[20, 10], [60, 50]]
    assert asked == [(os.getpid(), question) for question in (1, -1, 2, 5, -5, 6)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (("exit", 3), "crashed (exit status 3)"),
        (("signal", "SIGABRT"), "crashed (SIGABRT)"),
        (("raise", "what the code did not expect"), "crashed (exit status 1)"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_crash_costs_one_item(bad, reason, workers):
    results = run([("square", 2), bad, ("square", 3), bad, ("square", 4)], workers=workers)
    assert results == [4, Lost(reason), 9, Lost(reason), 16]


def test_a_process_that_hangs_is_replaced_and_what_it_had_at_hand_is_done():
    items = [("square", 2), ("hang", 0), *(("square", k) for k in range(3, 9))]
    results = run(items, workers=1, timeout=0.5)
    assert results == [4, Lost("took more than 0.5 s"), *(k * k for k in range(3, 9))]


def test_what_an_item_refuses_ends_the_work():
    with pytest.raises(UserError, match="value = 3: refused"):
        run([("square", 2), ("refuse", 3), ("hang", 0)])
    assert multiprocessing.active_children() == []


def test_work_that_is_given_up_leaves_no_process():
    results = work(task, [("hang", 0), ("square", 3)], workers=2, timeout=60.0, answer=id)
    assert next(results) == (1, 9)
    assert len(multiprocessing.active_children()) == 1
    results.close()
    assert multiprocessing.active_children() == []

import pytest

from rdfer.base import progress as module
from rdfer.base.progress import log, progress


def test_items_pass_through_unchanged():
    assert list(progress(range(5), label="count")) == [0, 1, 2, 3, 4]
    assert list(progress(iter("ab"))) == ["a", "b"]


def test_short_work_is_silent_outside_a_terminal(capsys):
    list(progress(range(3), label="quick"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("items", "total"), [(range(4), "4"), (iter(range(4)), "?")])
def test_long_work_logs_lines_with_the_total(capsys, monkeypatch, items, total):
    ticks = iter(range(0, 1000, 20))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(ticks))
    list(progress(items, label="render"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"render: 1/{total} after")
    assert lines[-1].startswith("render: 4 done")


def test_log_is_one_line_on_standard_error(capsys):
    log("hello")
    assert capsys.readouterr().err == "hello\n"

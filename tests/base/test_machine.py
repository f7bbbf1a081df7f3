import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base import machine
from rdfer.base.errors import UserError


def test_cores_are_bounded_by_the_quota(tmp_path):
    free = machine.usable_cores(tmp_path)
    assert 1 <= free <= (os.cpu_count() or 1)
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert machine.usable_cores(tmp_path) == 1  # half a core still is one thread
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.usable_cores(tmp_path) == free


def test_quota_of_the_older_control_groups(tmp_path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n")
    assert machine.usable_cores(tmp_path) == 1
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert machine.usable_cores(tmp_path) == machine.usable_cores(tmp_path / "nowhere")


@given(st.text(max_size=30))
def test_a_quota_that_is_not_one_is_none(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("cgroup")
    (folder / "cpu.max").write_text(text, encoding="utf-8")
    assert machine.usable_cores(folder) >= 1


def test_threads_come_from_the_environment(monkeypatch):
    monkeypatch.delenv("RDFER_THREADS", raising=False)
    assert machine.threads() == machine.usable_cores()
    monkeypatch.setenv("RDFER_THREADS", "3")
    assert machine.threads() == 3
    for bad in ("0", "two", "-1", "1.5"):
        monkeypatch.setenv("RDFER_THREADS", bad)
        with pytest.raises(UserError, match="RDFER_THREADS = "):
            machine.threads()


def test_the_description_names_no_host():
    told = machine.describe()
    assert set(told) == {"cpu", "cores", "gpu"}
    assert told["cpu"] and socket.gethostname() not in told["cpu"]

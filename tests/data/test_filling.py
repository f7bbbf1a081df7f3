"""A bank is made whole, whatever ends its maker: to the same bytes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rdfer.commands.cli import main
from rdfer.data import filling
from rdfer.data.bank import FrameBank
from tests.bank_sources import sources

LENGTHS = [5, 1, 9, 4, 2, 6, 3]


def build(path, log=""):
    clips = sources(LENGTHS, log=str(log))
    return FrameBank.build(path, clips, size=4, frames=4, workers=0)


def content(bank):
    return {file.name: file.read_bytes() for file in sorted(bank.path.iterdir())}


KILLED = """
import builtins, os, random, signal, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from rdfer.data import bank
from rdfer.data.filling import Filling
from tests.bank_sources import sources

calls, at = 0, 0

def dying(function):
    def called(*args, **kwargs):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return called

os.replace, os.fsync, os.chmod = dying(os.replace), dying(os.fsync), dying(os.chmod)
Path.unlink, Path.mkdir, Path.touch = dying(Path.unlink), dying(Path.mkdir), dying(Path.touch)
bank.write_frames, Filling.note = dying(bank.write_frames), dying(Filling.note)
clips = sources([5, 1, 9, 4, 2, 6, 3])

def build(path, kill):
    # in a process of its own, since this one has to stay; returns whether it was killed
    global at
    at = kill
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    bank.FrameBank.build(path, clips, size=4, frames=4, workers=0)
    Path(sys.argv[2], "calls").write_text(str(calls))
    os._exit(0)

folder, points = Path(sys.argv[2]), random.Random(5)
assert not build(folder / "counted", 0)
most = int((folder / "calls").read_text())
for turn in range(8):  # banks; each killed until it is whole
    kills = 0
    while build(folder / f"bank{turn}", points.randrange(1, most)):
        kills += 1
    assert not build(folder / f"bank{turn}", 0)
    print(kills)
"""


def test_killed_anywhere_it_ends_in_the_same_bytes(tmp_path):
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", KILLED, root, str(tmp_path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert sum(map(int, done.stdout.split())) > 8
    whole = content(build(tmp_path / "whole"))
    for turn in range(8):
        assert content(FrameBank(tmp_path / f"bank{turn}")) == whole
    assert not list(tmp_path.glob(".*.part")) and not list(tmp_path.glob(".*.old"))


def test_an_interrupt_at_any_video_costs_that_video_alone(tmp_path, monkeypatch):
    log, note = tmp_path / "log", filling.Filling.note
    whole = content(build(tmp_path / "whole"))
    for stop in range(len(LENGTHS)):

        def interrupted(self, video, stop=stop):
            if video.place == stop:
                raise KeyboardInterrupt
            note(self, video)

        path = tmp_path / f"bank{stop}"
        with monkeypatch.context() as patch:
            patch.setattr(filling.Filling, "note", interrupted)
            with pytest.raises(KeyboardInterrupt):
                build(path)
        assert content(build(path, log)) == whole
        assert log.read_text().split() == [f"clip{k}" for k in range(stop, len(LENGTHS))]
        log.unlink()


TWO = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.data.test_filling import build
build(sys.argv[2], sys.argv[3])
"""


def test_of_two_writers_one_builds_and_the_other_finds_it(tmp_path):
    root, log = str(Path(__file__).parents[2]), tmp_path / "log"
    command = [sys.executable, "-c", TWO, root, str(tmp_path / "bank"), str(log)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert sorted(log.read_text().split()) == [f"clip{k}" for k in range(len(LENGTHS))]
    assert content(FrameBank(tmp_path / "bank")) == content(build(tmp_path / "whole"))


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT])
def test_an_output_that_takes_nothing_is_one_line(tmp_path, monkeypatch, capsys, error):
    (tmp_path / "root" / "Happy").mkdir(parents=True)
    (tmp_path / "root" / "Sad").mkdir()
    for name in ("Happy", "Sad"):
        for k in range(5):
            (tmp_path / "root" / name / f"{name}{k}.mp4").write_bytes(b"x")

    def refuse(*args, **kwargs):
        raise OSError(error, os.strerror(error), "place")

    monkeypatch.setattr(filling.Path, "touch", refuse)
    argv = ["ingest", "folders", str(tmp_path / "root"), "--out", str(tmp_path / "bank")]
    assert main([*argv, "--size", "8", "--frames", "2", "--workers", "0"]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(told) == 1 and ("no space left" in told[0] or os.strerror(error) in told[0])
    assert not (tmp_path / "bank").exists()

"""A checkpoint is whole, or training goes on from the one before: to the same end."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base import files
from rdfer.base.errors import UserError
from rdfer.training.checkpoints import Checkpoint, before
from rdfer.training.fit import fit
from tests.small import fit_interrupted, small_settings, small_task

STATE = {
    "epoch": 3,
    "loss": [0.1, 1 / 3, float("inf")],
    "said": torch.arange(6.0).reshape(2, 3).T,
    "nothing": torch.zeros(0, 4),
    "count": torch.tensor(7),
    "wide": torch.tensor([True, False]),
    "half": torch.tensor([0.5], dtype=torch.bfloat16),
    "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "betas": [0.9, 0.999], "amount": None},
    "rng": np.random.default_rng(1).bit_generator.state,
}


def same(one, two):
    if isinstance(one, torch.Tensor):
        return one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    return one == two


def test_what_is_loaded_is_what_was_saved(tmp_path):
    Checkpoint(tmp_path / "c.safetensors", "k").save(STATE)
    loaded = Checkpoint(tmp_path / "c.safetensors", "k").load()
    assert same(loaded, STATE)
    loaded["said"].numpy()[0] = 1.0  # and may be written to
    assert Checkpoint(None, "k").load() is None


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path):
    Checkpoint(tmp_path / "c", "one").save({"epoch": 3})
    assert Checkpoint(tmp_path / "c", "two").load() is None
    assert Checkpoint(tmp_path / "c", "one").load() == {"epoch": 3}


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_one_is_set_aside_for_the_one_before(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("c") / "c.safetensors"
    store = Checkpoint(path, "k")
    store.save({"epoch": 1, "w": torch.ones(3)})
    store.save({"epoch": 2, "w": torch.ones(3)})
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut off"):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    loaded = store.load()
    # a blank of the header may be another blank: then nothing is lost
    assert loaded["epoch"] == 1 or same(loaded, {"epoch": 2, "w": torch.ones(3)})
    assert torch.equal(loaded["w"], torch.ones(3))
    if loaded["epoch"] == 1:
        assert path.with_name("c.safetensors.damaged").exists() and not path.exists()
    before(path).write_bytes(b"")
    path.unlink(missing_ok=True)
    assert store.load() is None  # begins anew


def test_a_pickle_never_runs(tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "c.safetensors"
    path.write_bytes(pickle.dumps(Evil()))
    assert Checkpoint(path, "k").load() is None
    assert not (tmp_path / "ran").exists() and "c.safetensors: damaged (" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [b"", b"x" * 999])
def test_training_from_the_one_before_ends_the_same(tmp_path, monkeypatch, damage):
    task, inputs = small_task()
    told = small_settings(agreement__noisy="soft", network__dropout=0.5)
    whole = fit(task, inputs, told, seed=1)
    path = tmp_path / "checkpoint.safetensors"

    def damaged(*args, **kwargs):  # as fit, on the ruins of what was there
        if path.exists():
            path.write_bytes(damage)
        return fit(*args, **kwargs)

    monkeypatch.setattr("tests.small.fit", damaged)
    asked = {"seed": 1, "checkpoint": path, "key": "k"}
    resumed = fit_interrupted(monkeypatch, task, inputs, told, **asked)
    assert resumed.history == whole.history and resumed.epoch == whole.epoch
    for one, two in zip(
        resumed.model.state_dict().values(), whole.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, two)
    assert path.with_name("checkpoint.safetensors.damaged").exists()


def test_a_full_device_leaves_the_last_state(tmp_path, monkeypatch):
    store = Checkpoint(tmp_path / "c.safetensors", "k")
    store.save({"epoch": 1})

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(UserError, match="no space left on the device"):
            store.save({"epoch": 2})
    assert store.load() == {"epoch": 1}
    store.save({"epoch": 2})
    assert store.load() == {"epoch": 2}


KILLED = """
import os, random, signal, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import torch
from rdfer.training.fit import fit
from rdfer.training.loop import Loop
from tests.small import small_settings, small_task

calls, at = 0, 0
torch.set_num_threads(1)
fit(*small_task(), small_settings(training__epochs=1), seed=0)  # what it loads, no child has to

def dying(function):
    def called(*args, **kwargs):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return called

# a step of training; a checkpoint that is being written, or moved
Loop.step = dying(Loop.step)
os.replace, os.fsync = dying(os.replace), dying(os.fsync)

def run(path, kill):
    # in a process of its own, since this one has to stay; returns whether it was killed
    global at
    at = kill
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    task, inputs = small_task()
    told = small_settings(agreement__noisy="soft", training__epochs=5)
    fitted = fit(task, inputs, told, seed=1, checkpoint=path, key="k")
    end = [v.double().sum().item().hex() for v in fitted.model.state_dict().values()]
    path.with_suffix(".end").write_text(f"{calls} {fitted.history} {fitted.epoch} {end}")
    os._exit(0)

folder = Path(sys.argv[2])
whole, killed = folder / "whole.safetensors", folder / "killed.safetensors"
assert not run(whole, 0)
calls_of_whole, _, end = whole.with_suffix(".end").read_text().partition(" ")
points = random.Random(sys.argv[3])  # they differ from each other, not from time to time
wanted, kills, ends = int(sys.argv[4]), 0, 0
while kills < wanted:
    if run(killed, points.randrange(1, int(calls_of_whole) // 4)):
        kills += 1
        if kills < wanted:
            continue
        assert not run(killed, 0)
    ends += 1  # where fewer calls were left, it came to its end
    assert killed.with_suffix(".end").read_text().partition(" ")[2] == end
    for path in folder.glob("killed*"):
        path.unlink()
print(ends)
"""


def test_killed_anywhere_it_ends_the_same(tmp_path):
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", KILLED, root, str(tmp_path), "11", "5"], check=True)

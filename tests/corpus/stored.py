"""What this project has written itself, damaged: banks, checkpoints, runs."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rdfer.base.errors import UserError
from rdfer.data.bank import FrameBank, bank_key
from rdfer.data.filling import JOURNAL
from rdfer.data.stored import sealed
from rdfer.pipeline.runs import Run
from rdfer.settings.schema import Settings
from rdfer.training.checkpoints import Checkpoint, before
from tests.bank_sources import sources
from tests.corpus.readers import Reader

SIZE = {"size": 4, "frames": 4}


def held(folder: Path) -> tuple[Any, ...]:
    """All that a bank says, its frames as bytes."""
    bank = FrameBank(folder)
    if damaged := bank.damaged():
        raise UserError(f"{folder}: damaged: {', '.join(damaged)}")
    frames = bank.gather(range(len(bank)), [range(bank.frames)] * len(bank))
    return bank.ids, bank.key, bank.counts.tolist(), bank.notes, bank.unreadable, frames.tobytes()


def written(folder: Path) -> list[Reader]:
    """Each kind; ``folder`` is where they are made."""
    clips = sources([5, 1, 9])
    clips[1] = dataclasses.replace(clips[1], of=3, note="a note")
    bank = folder / "bank"
    FrameBank.build(bank, clips, workers=0, **SIZE)
    whole = held(bank)
    index, frames = (bank / name for name in ("index.json", "frames.npy"))

    def of_bank(path: Path) -> tuple[Any, ...]:
        for other in {index, frames}:
            if other.name != path.name:
                shutil.copyfile(other, path.parent / other.name)
        return held(path.parent)

    def resumed(path: Path) -> tuple[Any, ...]:
        out = path.parent / "resumed"
        part = path.parent / ".resumed.part"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(bank, part)
        (part / "index.json").unlink()
        path.replace(part / JOURNAL)
        FrameBank.build(out, clips, workers=0, **SIZE)
        return held(out)

    layout = FrameBank(bank)._layout
    assert layout.key == bank_key(clips, **SIZE)
    lines = [dataclasses.asdict(layout)]
    lines += [sealed(dataclasses.asdict(video)) for video in FrameBank(bank)._videos]
    journal = "".join(json.dumps(line) + "\n" for line in lines).encode()

    states = [{"epoch": epoch, "w": torch.full((3,), epoch / 3)} for epoch in (1, 2)]
    saved = folder / "saved" / "c.safetensors"
    for state in states:
        Checkpoint(saved, "k").save(state)

    def loaded(path: Path) -> dict[str, Any]:
        shutil.copyfile(before(saved), before(path))
        return Checkpoint(path, "k").load() or {}

    def is_state(value: dict[str, Any]) -> bool:
        return any(
            value.keys() == state.keys()
            and value["epoch"] == state["epoch"]
            and torch.equal(value["w"], state["w"])
            for state in states
        )

    run = Run(
        folder=folder, experiment="train", variant="ours", seed=3, settings=Settings(),
        roots=("rdfer.method.sampling",),
    )  # fmt: skip
    run.record({"uar": 0.5, "rows": [1, 2]}, {"probs": np.eye(3)}, wall_s=1.0)
    result = {"uar": 0.5, "rows": [1, 2]}

    def of_run(path: Path) -> tuple[Any, ...]:
        again = dataclasses.replace(run, folder=path.parent / "runs")
        shutil.copytree(run.path, again.path, dirs_exist_ok=True)
        shutil.copyfile(path, again.path / path.name)
        return again.metrics(), again.arrays()["probs"].tobytes()

    def same_run(value: tuple[Any, ...]) -> bool:
        return value == (result, np.eye(3).tobytes())

    metrics, arrays = (run.path / name for name in ("metrics.json", "arrays.npz"))
    same = whole.__eq__
    return [
        Reader("index", "index.json", index.read_bytes(), of_bank, tuple, same),
        Reader("frames", "frames.npy", frames.read_bytes(), of_bank, tuple, same),
        Reader("journal", JOURNAL, journal, resumed, tuple, same),
        Reader("checkpoint", saved.name, saved.read_bytes(), loaded, dict, is_state),
        Reader("metrics", "metrics.json", metrics.read_bytes(), of_run, tuple, same_run),
        Reader("arrays", "arrays.npz", arrays.read_bytes(), of_run, tuple, same_run),
    ]


NAMES = ("index", "frames", "journal", "checkpoint", "metrics", "arrays")

"""Training: a plain loop on Lightning Fabric, the same on a CPU and on a GPU.

The epoch is chosen on the validation part, whose labels are as noisy as those of the training
part, or is the last one; the test part is not looked at here, so it cannot reach any choice. Only
``training.choose = "test"`` looks, and every table of such a run says so. The loop is
:mod:`rdfer.loop`.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from rdfer.checkpoints import Checkpoint
from rdfer.device import denormals_as_zero
from rdfer.inputs import Inputs
from rdfer.loop import History, Loop
from rdfer.network import DualStream
from rdfer.recognizer import Recognizer, build_network
from rdfer.settings import Settings
from rdfer.sweeps import Sweeps
from rdfer.task import Task
from rdfer.treatment import Treatment


@dataclass(frozen=True)
class Fitted:
    """A trained recognizer, with the state of its chosen epoch (counted from 1)."""

    model: Recognizer
    epoch: int
    history: History
    sweeps: Sweeps
    treatment: Treatment


def initial_network(
    task: Task, inputs: Inputs, settings: Settings, *, seed: int, weights: Path | None = None
) -> DualStream:
    """The untrained network, the same for the same seed."""
    # torch's initialisers know only the global generator: fork it, seed it, leave it as it was
    with torch.random.fork_rng():
        torch.manual_seed(seed + (settings.training.twin << 32))
        return build_network(
            settings, classes=task.classes, in_features=inputs.dim, weights=weights
        )


@denormals_as_zero()
def fit(
    task: Task,
    inputs: Inputs,
    settings: Settings,
    *,
    seed: int,
    checkpoint: Path | None = None,
    key: str = "",
    weights: Path | None = None,
) -> Fitted:
    """Train one network and return it in the state of its chosen epoch.

    Args:
        task: training and validation part; the test part is looked at with ``training.choose``
            "test" alone.
        inputs: cached features or frames.
        settings: everything else.
        seed: of initialisation, order, clips and dropout.
        checkpoint: file to resume from, and written every ``training.checkpoint`` epochs.
        key: what the checkpoint belongs to; one with another key is ignored.
        weights: pre-trained encoder weights in place of the shipped ones.
    """
    network = initial_network(task, inputs, settings, seed=seed, weights=weights)
    loop = Loop(task, inputs, settings, network, seed=seed)
    store = Checkpoint(checkpoint, key)
    saved = store.load()
    if saved is not None:
        loop.restore(saved)
    while loop.epoch < settings.training.epochs:
        loop.run_epoch()
        if loop.epoch % settings.training.checkpoint == 0:
            store.save(loop.state())
    loop.plain_model.load_state_dict(loop.best[2])
    return Fitted(loop.plain_model, loop.best[1], loop.history, loop.sweeps, loop.treatment)

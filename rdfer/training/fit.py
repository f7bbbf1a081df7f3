"""Training: a plain loop on Lightning Fabric, the same on a CPU and on a GPU.

The epoch is chosen on the validation part, whose labels are as noisy as those of the training
part, or is the last one; the test part is not looked at here, so it cannot reach any choice. Only
``training.choose = "test"`` looks, and every table of such a run says so. The loop is
:mod:`rdfer.training.loop`.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from rdfer.data.inputs import Inputs
from rdfer.data.task import Task
from rdfer.method.network import DualStream
from rdfer.settings.schema import Settings, override
from rdfer.training.checkpoints import Checkpoint
from rdfer.training.device import denormals_as_zero
from rdfer.training.loop import History, Loop
from rdfer.training.prediction import build_network
from rdfer.training.sweeps import Sweeps
from rdfer.training.treatment import Treatment, settled


@dataclass(frozen=True)
class Fitted:
    """A trained network, with the state of its chosen epoch (counted from 1).

    With ``agreement.anew`` it is the second network; ``sweeps``, and what of ``history`` is said
    sweep by sweep, are those of the first, by which was decided.
    """

    model: DualStream
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


def first_stage(checkpoint: Path) -> Path:
    """Where the first of two networks keeps its checkpoint."""
    return checkpoint.with_suffix(f".first{checkpoint.suffix}")


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
    store = Checkpoint(checkpoint, key)
    if not settings.agreement.anew:
        loop = _train(task, inputs, settings, seed, store, weights)
        return _fitted(loop, loop)
    # what the first network learnt by heart is left behind with it
    before = Checkpoint(checkpoint and first_stage(checkpoint), key)
    first = _train(task, inputs, settings, seed, before, weights)
    decided = settled(first.treatment, first.sweeps, task.train.given, settings.agreement)
    other = override(settings, {"training.twin": settings.training.twin + 1})
    loop = _train(task, inputs, other, seed, store, weights, decided=decided)
    loop.history.passes += first.history.passes
    loop.history.memorised = first.history.memorised
    return _fitted(loop, first)


def _fitted(loop: Loop, judge: Loop) -> Fitted:
    """The network of ``loop`` at its best, with the sweeps by which ``judge`` decided."""
    loop.plain_model.load_state_dict(loop.best[2])
    return Fitted(loop.plain_model, loop.best[1], loop.history, judge.sweeps, loop.treatment)


def _train(
    task: Task,
    inputs: Inputs,
    settings: Settings,
    seed: int,
    store: Checkpoint,
    weights: Path | None,
    *,
    decided: Treatment | None = None,
) -> Loop:
    """All epochs of one network, from the checkpoint on if there is one."""
    network = initial_network(task, inputs, settings, seed=seed, weights=weights)
    loop = Loop(task, inputs, settings, network, seed=seed, decided=decided)
    saved = store.load()
    if saved is not None:
        loop.restore(saved)
    while loop.epoch < settings.training.epochs:
        loop.run_epoch()
        if loop.epoch % settings.training.checkpoint == 0:
            store.save(loop.state())
    return loop

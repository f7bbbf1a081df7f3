"""The loop of one training run: its state, an epoch, a step.

Sources: training PRECURSOR; agreement idea STATED, formulas OURS.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdfer.data.inputs import Inputs
from rdfer.data.task import Task
from rdfer.method import sampling
from rdfer.method.losses import PredictionMemory, consensus_loss, small_losses, stream_loss
from rdfer.method.network import DualStream
from rdfer.metrics.recognition import uar
from rdfer.settings.schema import Settings
from rdfer.training.device import make_fabric
from rdfer.training.prediction import predict_once
from rdfer.training.schedule import epoch_order, forget_share, learning_rate
from rdfer.training.sweeps import Sweeps, is_due, sweep, sweep_augmented, sweep_dropout
from rdfer.training.treatment import Treatment, treatment

FORWARD, TRAINING = 1, 3  # cost in passes: forward alone; forward and backward


@dataclass
class History:
    """What an epoch showed, one entry an epoch; ``memorised`` one a sweep.

    ``val_uar``: of the part that chooses the epoch (:meth:`Loop.validate`), empty without one.
    ``memorised``: share of the wrongly labelled training videos whose wrong label the network
    predicts (known only where the truth is). ``passes``: forward passes spent so far, a training
    pass counting three.
    """

    train_loss: list[float] = field(default_factory=list)
    val_uar: list[float] = field(default_factory=list)
    memorised: list[float] = field(default_factory=list)
    passes: int = 0


class Loop:
    """State of one training run, for :func:`rdfer.training.fit.fit`; to be read in order."""

    def __init__(
        self,
        task: Task,
        inputs: Inputs,
        settings: Settings,
        network: DualStream,
        *,
        seed: int,
        decided: Treatment | None = None,
    ) -> None:
        """``decided``: weights and targets that stand from the beginning; none are sought."""
        self.task, self.inputs, self.settings = task, inputs, settings
        self.fabric = make_fabric(settings)
        self.plain_model = network
        optimizer = torch.optim.AdamW(
            (p for p in self.plain_model.parameters() if p.requires_grad),
            lr=settings.training.lr,
            weight_decay=settings.training.weight_decay,
            eps=1e-8,
            fused=True,
        )
        self.model, self.optimizer = self.fabric.setup(self.plain_model, optimizer)
        twin = settings.training.twin
        self.rng = np.random.default_rng([seed, 2, twin])
        self.generator = torch.Generator().manual_seed(2 * seed + 1 + (twin << 32))
        # sweeps draw from a generator of their own: watching a run does not change it
        self.sweep_rng = np.random.default_rng([seed, 3, twin])
        self.dropout_seed = 7919 * seed + (twin << 32)
        self.history, self.sweeps = History(), Sweeps()
        robust, n = settings.robust, len(task.train)
        self.memory = PredictionMemory(n, task.classes, beta=robust.elr_memory)
        # what training said last of each video: kept epoch by epoch where a run is watched
        self.said = np.zeros((n, task.classes), np.float32)
        self.decided = decided
        self.treatment = decided or Treatment.none(task.train.given, classes=task.classes)
        self.best: tuple[float, int, dict[str, Tensor]] = (-1.0, 0, {})
        self.epoch = 0

    def batches(self) -> Iterator[tuple[NDArray[np.int64], float]]:
        """Rows of the training part, batch by batch, and the share of the epoch that is done.

        A last batch of one sample is left out.
        """
        t = self.settings.training
        order = epoch_order(self.task.train.given, balanced=t.balanced, rng=self.rng)
        for start in range(0, len(order), t.batch):
            rows = order[start : start + t.batch]
            if len(rows) > 1:
                yield rows, start / len(order)

    def step(self, rows: NDArray[np.int64]) -> float:
        """One optimisation step on the given rows of the training part; returns the loss."""
        part, t = self.task.train, self.settings.training
        videos = part.videos[rows]
        lengths = self.inputs.lengths[videos]
        synopsis = sampling.synopsis(
            lengths, clip_frames=self.settings.sampling.clip_frames, generator=self.rng
        )
        out = self.model(self.inputs.look(videos, self.generator), synopsis, lengths)
        smooth = t.label_smoothing
        targets = self.treatment.targets[rows] * (1 - smooth) + smooth / self.task.classes
        wanted = torch.from_numpy(targets).to(self.fabric.device)
        loss = stream_loss(
            out,
            wanted,
            self.weights(rows, out.logits, wanted),
            synopsis=t.synopsis,
            instances=t.instances,
        )
        loss = loss + self.pull(rows, out.logits)
        self.said[rows] = out.logits.detach().float().cpu().numpy()
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.optimizer.step()
        self.history.passes += TRAINING * len(rows)
        return float(loss.detach())

    def weights(self, rows: NDArray[np.int64], logits: Tensor, targets: Tensor) -> Tensor:
        """What each sample of a batch counts, [B]: by its treatment, and by its loss if asked."""
        weights = torch.from_numpy(self.treatment.weights[rows]).to(logits.device)
        share = forget_share(self.settings, self.epoch)
        if share > 0:
            losses = -(targets * logits.float().log_softmax(-1)).sum(-1)
            weights = weights * small_losses(losses, share)
        return weights

    def pull(self, rows: NDArray[np.int64], logits: Tensor) -> Tensor:
        """What draws the predictions of a batch to a consensus of clips, or to past predictions."""
        loss = torch.zeros((), device=logits.device)
        a, robust = self.settings.agreement, self.settings.robust
        if a.consensus and self.treatment.consensus is not None:
            q = torch.from_numpy(self.treatment.consensus[rows]).to(logits.device)
            loss = loss + a.consensus * consensus_loss(logits, q)
        if robust.elr:
            loss = loss + robust.elr * consensus_loss(logits, self.memory.update(rows, logits))
        return loss

    def run_epoch(self) -> None:
        """One epoch: steps, validation, the choice of the epoch, and a sweep where one is due."""
        self.model.train()
        losses: list[float] = []
        sizes: list[int] = []
        with torch.random.fork_rng():
            # dropout draws from torch's global generator: the same again after a resume
            torch.manual_seed(self.dropout_seed + self.epoch)
            for rows, done in self.batches():
                for group in self.optimizer.param_groups:
                    group["lr"] = learning_rate(self.settings, self.epoch + done)
                losses.append(self.step(rows) * len(rows))
                sizes.append(len(rows))
        self.epoch += 1
        self.history.train_loss.append(sum(losses) / sum(sizes))
        self.choose(self.validate())
        if self.settings.agreement.watch == "views":
            self.sweeps.logits.append(self.said.copy())
        seeks = self.decided is None or self.settings.agreement.watch != "nothing"
        if seeks and is_due(self.settings, self.epoch):
            self.sweep()

    def validate(self) -> float | None:
        """UAR on the part that chooses the epoch, against its given labels; None without one.

        That is the validation part, whose labels may be noisy, unless ``training.choose`` is
        "test". Where the last epoch is taken, a validation part may lack a class: it has no UAR.
        """
        choose = self.settings.training.choose
        part = self.task.test if choose == "test" else self.task.val
        lacks = len(np.unique(part.given)) < self.task.classes
        if len(part) == 0 or (choose == "last" and lacks):
            return None
        seen = predict_once(self.model, self.inputs, part.videos, self.settings)
        return uar(part.given, seen.probs.argmax(1), classes=self.task.classes)

    def choose(self, score: float | None) -> None:
        """Keep the state of the best score, of equal ones the later; or always the last one."""
        if score is not None:
            self.history.val_uar.append(score)
        if self.settings.training.choose == "last" or score is None:
            score = self.best[0]
        if score >= self.best[0]:
            state = {k: v.detach().cpu().clone() for k, v in self.plain_model.state_dict().items()}
            self.best = (score, self.epoch, state)

    def sweep(self) -> None:
        """Score the training videos and decide anew about hard and noisy ones."""
        part, a = self.task.train, self.settings.agreement
        ask = (self.model, self.inputs, part, self.settings, self.sweep_rng)
        probs = sweep(*ask)
        self.sweeps.add(self.epoch, probs)
        if a.watch == "views":
            self.sweeps.augmented.append(sweep_augmented(*ask))
            self.sweeps.dropout.append(sweep_dropout(*ask))
        if part.noisy.any():
            wrong = probs.mean(1).argmax(1) == part.given
            self.history.memorised.append(float(wrong[part.noisy].mean()))
        if self.decided is None and (a.treats or a.anew):
            self.history.passes += FORWARD * a.clips * len(part)
        if self.decided is None and a.treats:
            self.treatment = treatment(self.sweeps, part.given, a)

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs, as tensors, arrays and plain values."""
        return {
            "model": self.plain_model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "history": vars(self.history),
            "sweeps": {k: torch.from_numpy(v) for k, v in self.sweeps.arrays().items()},
            "treatment": {
                name: torch.from_numpy(value)
                for name, value in vars(self.treatment).items()
                if value is not None
            },
            "memory": self.memory.values,
            "said": torch.from_numpy(self.said),
            "best": {"score": self.best[0], "epoch": self.best[1], "state": self.best[2]},
            "generator": self.generator.get_state(),
            "rngs": [self.rng.bit_generator.state, self.sweep_rng.bit_generator.state],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state` returned."""
        self.plain_model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]
        self.history = History(**state["history"])
        self.sweeps = Sweeps.from_arrays({k: v.numpy() for k, v in state["sweeps"].items()})
        self.treatment = Treatment(**{k: v.numpy() for k, v in state["treatment"].items()})
        self.memory.values, self.said = state["memory"], state["said"].numpy()
        best = state["best"]
        self.best = (best["score"], best["epoch"], best["state"])
        self.generator.set_state(state["generator"])
        self.rng.bit_generator.state, self.sweep_rng.bit_generator.state = state["rngs"]

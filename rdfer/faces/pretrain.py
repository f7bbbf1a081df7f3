"""Starting weights for the embedded benchmark: an encoder trained on rendered frames.

In-the-wild work starts from ImageNet or face-recognition weights; this is the equivalent that
can ship. There are two tasks, both on identities that no split uses. ``blendshapes`` regresses
the weights of sparse random blendshapes, never the recipes of the classes; blendshapes nevertheless
define the classes here, so this is a help that real data would not give. ``classes``
(:mod:`rdfer.faces.still_classes`) is told the classes of still faces instead, and never a
blendshape. Every claim that rests on either says "on the embedded benchmark".
Source: OURS.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch
from safetensors.torch import save
from torch import Tensor, nn

from rdfer.base.codehash import code_hash
from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_atomic, write_json
from rdfer.base.progress import log, progress
from rdfer.faces.blendshapes import Blendshapes
from rdfer.faces.pretrain_faces import FRAMES_A_FACE, random_shapes, render_faces
from rdfer.faces.still_classes import StillClasses, class_weights
from rdfer.faces.whitening import Timm, take_output_off, whiten_output
from rdfer.method.encoders import create_encoder

WHITENED_BY = 250  # faces, each holding still for all its frames, that set the last layer


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """Settings of the pre-training; ``faces`` identities drawn with repetition."""

    task: Literal["blendshapes", "classes"] = "blendshapes"
    encoder: str = "faces-resnet"
    start: Literal["none", "faces"] = "none"  # "faces" goes on from the weights that ship
    faces: int = 1600  # draws of an identity, each of FRAMES_A_FACE frames
    held_out: int = 60  # draws of identities that training never sees
    size: int = 64
    render_size: int = 72  # room for random crops
    epochs: int = 9
    batch: int = 64
    lr: float = 2e-3
    seed: int = 20

    def __post_init__(self) -> None:
        if self.task == "classes" and self.start != "none":
            raise UserError(
                f"start = {self.start!r}: the task of classes is for encoders that never saw"
                " blendshapes, so it must start from random weights (none)"
            )


class Task(Protocol):
    """What the loop trains: ``model`` holds the encoder and what the task puts behind it."""

    model: nn.Module

    def batches(self, generator: torch.Generator) -> list[Tensor]:
        """Rows of the training frames, for one epoch."""
        ...

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Loss of some rows."""
        ...

    def scores(self) -> dict[str, float]:
        """Scores on the held-out frames, after an epoch."""
        ...


def _task(
    encoder: nn.Module,
    features: int,
    frames: Tensor,
    told: Tensor,
    held: int,
    settings: Pretraining,
) -> Task:
    task = Blendshapes if settings.task == "blendshapes" else StillClasses
    return task(
        encoder, features, frames, told, held=held, size=settings.size, batch=settings.batch
    )


def train(
    frames: Tensor, told: Tensor, held: int, settings: Pretraining, *, still: Tensor
) -> tuple[nn.Module, dict[str, float]]:
    """Train an encoder on all but the last ``held`` frames; returns it and its scores.

    ``told``: of each frame, blendshape weights float32 [n, 52] or classes int64 [n], by the task.
    ``still``: frames of faces that hold still, ``FRAMES_A_FACE`` of each in a row; they set the
    last layer.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)  # initialisation has no generator argument in torch
    encoder, features = create_encoder(
        settings.encoder, pretrained=settings.start, size=settings.size
    )
    output = take_output_off(encoder)  # what is trained are the pooled features themselves
    features = features if output is None else output[0]
    task = _task(encoder, features, frames, told, held, settings)
    scores = _loop(task, device, settings)
    if output is not None:
        cast(Timm, encoder).reset_classifier(output[1])
        encoder.to(device)
        whiten_output(encoder, still, size=settings.size, together=FRAMES_A_FACE)
    return encoder, scores


def _loop(task: Task, device: torch.device, settings: Pretraining) -> dict[str, float]:
    """All epochs of a task; returns the last epoch's mean loss and scores."""
    task.model.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(task.model.parameters(), lr=settings.lr, weight_decay=0.02)
    generator = torch.Generator().manual_seed(settings.seed)
    schedule: torch.optim.lr_scheduler.OneCycleLR | None = None
    result: dict[str, float] = {}
    for epoch in range(settings.epochs):
        task.model.train()
        batches = task.batches(generator)
        schedule = schedule or torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=settings.lr,
            total_steps=settings.epochs * len(batches),
            pct_start=0.1,
        )
        total = 0.0
        for rows in progress(batches, label="pre-training"):
            loss = task.loss(rows, generator)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        mean = total / sum(map(len, batches))
        result = {"loss": round(mean, 4), **task.scores()}
        log(f"epoch {epoch + 1}/{settings.epochs}: {result}")
    return result


def save_encoder(encoder: nn.Module, path: str | Path) -> None:
    """Write the encoder's state as half-precision safetensors (integers as they are)."""
    state = {
        k: v.detach().cpu().half().contiguous() if v.is_floating_point() else v.cpu().contiguous()
        for k, v in encoder.state_dict().items()
    }
    with write_atomic(path) as file:
        file.write(save(state))


def main(out: str | Path, settings: Pretraining, *, workers: int) -> dict[str, float]:
    """Render, train, write the weights to ``out`` and what they reach beside it as JSON."""
    out = Path(out)
    _note(out).unlink(missing_ok=True)  # weights without a note count as not made
    draw = random_shapes if settings.task == "blendshapes" else class_weights
    frames, told, held = render_faces(
        faces=settings.faces,
        held_out=settings.held_out,
        size=settings.render_size,
        seed=settings.seed,
        workers=workers,
        draw=draw,
    )
    still, _, _ = render_faces(
        faces=min(WHITENED_BY, settings.faces),
        held_out=0,
        size=settings.size,
        seed=settings.seed + 1,
        workers=workers,
        still=True,
        draw=draw,
    )
    encoder, scores = train(frames, told, held, settings, still=still)
    save_encoder(encoder, out)
    write_json(_note(out), {**_recipe(settings), "scores": scores})
    return scores


def is_made(out: str | Path, settings: Pretraining) -> bool:
    """Whether ``out`` holds the weights that :func:`main` would make."""
    out = Path(out)
    if not (out.is_file() and _note(out).is_file()):
        return False
    note, recipe = read_json(_note(out)), _recipe(settings)
    return {name: note.get(name) for name in recipe} == recipe


def _note(out: Path) -> Path:
    return out.with_suffix(".json")


def _recipe(settings: Pretraining) -> dict[str, Any]:
    """What the weights depend on."""
    code = code_hash(("rdfer.faces.pretrain.train",))
    return {"settings": dataclasses.asdict(settings), "code": code}

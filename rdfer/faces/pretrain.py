"""Starting weights for the embedded benchmark: an encoder trained on rendered frames.

In-the-wild work starts from ImageNet or face-recognition weights; this is the equivalent that
can ship. There are two tasks, both on identities that no split uses:

``blendshapes``
    regresses the weights of sparse random blendshapes, never the recipes of the classes.
    Blendshapes nevertheless define the classes here, so this is a help that real data would not
    give.
``classes``
    names the classes of still faces, as networks trained on labelled *pictures* of expressions do.
    The encoder is given the class and never a blendshape, and nothing of a video's time course.

Every claim that rests on either says "on the embedded benchmark". Source: OURS.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from safetensors.torch import save
from timm.models.resnet import BasicBlock, downsample_conv
from torch import Tensor, nn

from rdfer.base.codehash import code_hash
from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_atomic, write_json
from rdfer.base.progress import log, progress
from rdfer.data.manifest import CLASSES
from rdfer.faces.head import BLENDSHAPES, INDEX
from rdfer.faces.pretrain_pictures import (
    FRAMES_A_FACE,
    Draw,
    class_weights,
    picture,
    random_shapes,
    render_faces,
)
from rdfer.method.encoders import SMALL_CELLS, SMALL_CHANNELS, create_encoder
from rdfer.method.transforms import evaluate

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


# -- the two tasks


@dataclass(frozen=True)
class Task:
    """What an encoder is trained to say of a frame."""

    draw: Draw  #: of frames and their raw targets, [n, ...]
    outputs: int  #: numbers that it says of a frame, D
    #: from raw targets, and how many of them are for training, to targets [n, ...]
    targets: Callable[[Tensor, int], Tensor]
    mirrored: Callable[[Tensor], Tensor]  #: from targets of frames to those of their mirror images
    loss: Callable[[Tensor, Tensor], Tensor]  #: of what is said [n, D] and targets [n, ...]
    #: the same two, of held-out frames, to scores by name
    scores: Callable[[Tensor, Tensor], dict[str, float]]


def standardised(weights: Tensor, seen: int) -> Tensor:
    """To mean 0 and variance 1, so that rare and faint blendshapes count as much as others."""
    return (weights - weights[:seen].mean(0)) / weights[:seen].std(0)


def mirror_index() -> list[int]:
    """Place of every blendshape's left-right partner, for mirrored frames."""
    swap = {"Left": "Right", "Right": "Left"}
    order = []
    for name in BLENDSHAPES:
        side = next((s for s in swap if name.endswith(s)), None)
        order.append(INDEX[name.removesuffix(side) + swap[side] if side else name])
    return order


def r_squared(truth: Tensor, guess: Tensor) -> Tensor:
    """R2 per blendshape, [52]."""
    residual = (truth - guess).square().sum(0)
    return 1 - residual / (truth - truth.mean(0)).square().sum(0).clamp_min(1e-9)


def _r2(guess: Tensor, truth: Tensor) -> dict[str, float]:
    r2 = r_squared(truth, guess)
    return {"r2_mean": round(float(r2.mean()), 4), "r2_median": round(float(r2.median()), 4)}


def _accuracy(guess: Tensor, classes: Tensor) -> dict[str, float]:
    return {"accuracy": round(float((guess.argmax(1) == classes).float().mean()), 4)}


TASKS = {
    "blendshapes": Task(
        draw=random_shapes,
        outputs=len(BLENDSHAPES),
        targets=standardised,
        mirrored=lambda weights: weights[:, mirror_index()],
        loss=nn.functional.mse_loss,
        scores=_r2,
    ),
    "classes": Task(
        draw=class_weights,
        outputs=len(CLASSES),
        targets=lambda classes, _: classes,
        mirrored=lambda classes: classes,
        loss=nn.functional.cross_entropy,
        scores=_accuracy,
    ),
}


def read_out(features: int, outputs: int) -> nn.Module:
    """From an encoder's features to what the task asks for; it does not ship.

    Where the encoder keeps a map (:class:`rdfer.method.encoders.SmallEncoder`), a fourth stage of a
    ResNet finishes it; else a linear layer will do.
    """
    if features != SMALL_CHANNELS * SMALL_CELLS**2:
        return nn.Linear(features, outputs)
    wide = 2 * SMALL_CHANNELS
    return nn.Sequential(
        nn.Unflatten(1, (SMALL_CHANNELS, SMALL_CELLS, SMALL_CELLS)),
        BasicBlock(
            SMALL_CHANNELS,
            wide,
            stride=2,
            downsample=downsample_conv(SMALL_CHANNELS, wide, kernel_size=1, stride=2),
        ),
        BasicBlock(wide, wide),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(1),
        nn.Linear(wide, outputs),
    )


# -- the loop


def loss_of(
    model: nn.Module,
    task: Task,
    frames: Tensor,
    targets: Tensor,
    *,
    size: int,
    generator: torch.Generator,
) -> Tensor:
    """Loss on one random view of each frame, half of the batches mirrored.

    Args:
        model: from pictures ``[n, 3, S, S]`` to what is said ``[n, D]``.
        task: what the loss is.
        frames: uint8 ``[n, S', S', 3]``.
        targets: of the frames, ``[n, ...]``.
        size: S.
        generator: where the views are drawn.
    """
    device = next(model.parameters()).device
    pictures, targets = picture(frames, size, generator, device=device), targets.to(device)
    if torch.rand((), generator=generator) < 0.5:
        pictures, targets = pictures.flip(-1), task.mirrored(targets)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        said = model(pictures)
    return task.loss(said.float(), targets)


@torch.inference_mode()
def scores_of(
    model: nn.Module, task: Task, frames: Tensor, targets: Tensor, *, size: int
) -> dict[str, float]:
    """Scores of a model on frames as they are, uint8 ``[n, S', S', 3]``."""
    model.eval()
    device = next(model.parameters()).device
    said = [model(evaluate(f.to(device), size=size)).float().cpu() for f in frames.split(256)]
    return task.scores(torch.cat(said), targets)


def train(
    frames: Tensor, targets: Tensor, held: int, settings: Pretraining, *, still: Tensor
) -> tuple[nn.Module, dict[str, float]]:
    """Train an encoder on all but the last ``held`` frames, which give the scores.

    Args:
        frames: uint8 ``[n, S', S', 3]``.
        targets: of each frame, blendshape weights float32 ``[n, 52]`` or classes int64 ``[n]``,
            by the task.
        held: how many are never trained on.
        settings: of the pre-training.
        still: frames of faces that hold still, ``FRAMES_A_FACE`` of each in a row; they set the
            last layer.

    Returns:
        The encoder, and the last epoch's mean loss and scores.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)  # initialisation has no generator argument in torch
    encoder, features = create_encoder(
        settings.encoder, pretrained=settings.start, size=settings.size
    )
    output = take_output_off(encoder)  # what is trained are the pooled features themselves
    features = features if output is None else output[0]
    task = TASKS[settings.task]
    model = nn.Sequential(encoder, read_out(features, task.outputs))
    model.to(device).to(memory_format=torch.channels_last)
    scores = _fit(model, task, frames, task.targets(targets, len(frames) - held), held, settings)
    if output is not None:
        cast(Any, encoder).reset_classifier(output[1])
        encoder.to(device)
        whiten_output(encoder, still, size=settings.size, together=FRAMES_A_FACE)
    return encoder, scores


def _fit(
    model: nn.Module, task: Task, frames: Tensor, targets: Tensor, held: int, settings: Pretraining
) -> dict[str, float]:
    """All epochs; returns the last epoch's mean loss and scores."""
    n, size = len(frames) - held, settings.size
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=settings.lr,
        total_steps=settings.epochs * -(-n // settings.batch),
        pct_start=0.1,
    )
    generator = torch.Generator().manual_seed(settings.seed)
    result: dict[str, float] = {}
    for epoch in range(settings.epochs):
        model.train()
        total = 0.0
        batches = torch.randperm(n, generator=generator).split(settings.batch)
        for rows in progress(batches, label="pre-training"):
            loss = loss_of(model, task, frames[rows], targets[rows], size=size, generator=generator)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        scores = scores_of(model, task, frames[n:], targets[n:], size=size)
        result = {"loss": round(total / n, 4), **scores}
        log(f"epoch {epoch + 1}/{settings.epochs}: {result}")
    return result


# -- the last layer


def take_output_off(encoder: Any) -> tuple[int, int] | None:
    """Remove a timm model's linear last layer, so that it gives the features before it.

    Returns:
        What goes into that layer and what comes out of it; None where there is no such layer
        and nothing was changed.
    """
    layer = encoder.get_classifier()
    if not isinstance(layer, nn.Linear):
        return None
    encoder.reset_classifier(0)
    return layer.in_features, layer.out_features


@torch.inference_mode()
def whiten_output(encoder: Any, frames: Tensor, *, size: int, together: int) -> None:
    """Set the encoder's last layer to the whitened directions in which a face changes.

    What differs between people fills most of the variance of the layer's input, and hides what
    changes within one face. So the principal components are those of the deviations from each
    face's own mean, and each is brought to variance 1 within a face. People still differ in them;
    to see past that is left to the streams, which see a face in time.
    Source: PCA whitening of frozen features (Jegou and Chum, ECCV 2012); within faces: OURS.

    Args:
        encoder: a timm model whose ``get_classifier()`` is a linear layer; changed in place.
        frames: uint8 [n, S, S, 3], every ``together`` in a row of one face that holds still; n
            above the layer's outputs.
        size: pixels that the encoder sees.
        together: frames of one face, at least 2; divides n.
    """
    encoder.eval()
    layer = encoder.get_classifier()
    device = layer.weight.device
    pooled = []
    for part in frames.split(256):
        pictures = evaluate(part[:, None].to(device), size=size)[:, 0]
        maps = encoder.forward_features(pictures)
        pooled.append(encoder.forward_head(maps, pre_logits=True).double().cpu())
    seen = torch.cat(pooled)
    faces = seen.unflatten(0, (-1, together))
    changes = (faces - faces.mean(1, keepdim=True)).flatten(0, 1)
    values, vectors = torch.linalg.eigh(changes.T @ changes / (len(changes) - len(faces)))
    leading = values.argsort(descending=True)[: layer.out_features]
    matrix = (vectors[:, leading] / values[leading].clamp_min(1e-9).sqrt()).T
    layer.weight.data.copy_(matrix)
    layer.bias.data.copy_(-matrix @ seen.mean(0))


# -- from nothing to a file


def main(out: str | Path, settings: Pretraining, *, workers: int) -> dict[str, float]:
    """Render, train, write the weights to ``out`` and what they reach beside it as JSON."""
    out = Path(out)
    _note(out).unlink(missing_ok=True)  # weights without a note count as not made
    draw = TASKS[settings.task].draw
    frames, targets, held = render_faces(
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
    encoder, scores = train(frames, targets, held, settings, still=still)
    save_encoder(encoder, out)
    write_json(_note(out), {**_recipe(settings), "scores": scores})
    return scores


def save_encoder(encoder: nn.Module, path: str | Path) -> None:
    """Write the encoder's state as half-precision safetensors (integers as they are)."""
    state = {
        k: v.detach().cpu().half().contiguous() if v.is_floating_point() else v.cpu().contiguous()
        for k, v in encoder.state_dict().items()
    }
    with write_atomic(path) as file:
        file.write(save(state))


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
    code = code_hash(("rdfer.faces.pretrain.main",))
    return {"settings": dataclasses.asdict(settings), "code": code}

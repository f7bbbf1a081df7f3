"""Starting weights for the embedded benchmark: regress blendshapes from rendered frames.

In-the-wild work starts from ImageNet or face-recognition weights; this is the equivalent that
can ship. The frames show sparse random blendshapes on identities that no split uses, never the
recipes of the classes. Blendshapes nevertheless define the classes here, so this is a help that
real data would not give: every claim that rests on it says "on the embedded benchmark".
Source: OURS.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from safetensors.torch import save
from torch import Tensor, nn

from rdfer.faces.head import BLENDSHAPES
from rdfer.files import read_json, write_atomic, write_json
from rdfer.network import create_encoder
from rdfer.pretrain_faces import degrade, mirror_index, relight, render_faces
from rdfer.progress import log, progress
from rdfer.provenance import code_hash
from rdfer.transforms import augment, evaluate
from rdfer.whitening import Timm, whiten_output

WHITENED_BY = 8000  # frames that set the last layer


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """Settings of the pre-training; ``faces`` identities drawn with repetition."""

    encoder: str = "faces-resnet18"
    start: Literal["none", "faces"] = "none"  # "faces" goes on from the weights that ship
    faces: int = 1600  # draws of an identity, each of FRAMES_A_FACE frames
    held_out: int = 60  # draws of identities that training never sees
    size: int = 64
    render_size: int = 72  # room for random crops
    epochs: int = 9
    batch: int = 64
    lr: float = 2e-3
    seed: int = 20


def _batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    yield from torch.randperm(n, generator=generator).split(size)


class Regressor(nn.Module):
    """Encoder and a linear read-out of the 52 blendshape weights."""

    def __init__(self, encoder: nn.Module, features: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.readout = nn.Linear(features, len(BLENDSHAPES))

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, S, S] to weights [N, 52]."""
        out: Tensor = self.readout(self.encoder(pictures))
        return out


def r_squared(truth: Tensor, guess: Tensor) -> Tensor:
    """R2 per blendshape, [52]."""
    residual = (truth - guess).square().sum(0)
    return 1 - residual / (truth - truth.mean(0)).square().sum(0).clamp_min(1e-9)


def train(
    frames: Tensor, weights: Tensor, held: int, settings: Pretraining
) -> tuple[nn.Module, dict[str, float]]:
    """Regress ``weights`` from ``frames``; returns the encoder and the held-out scores."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)  # initialisation has no generator argument in torch
    encoder, features = create_encoder(
        settings.encoder, pretrained=settings.start, size=settings.size
    )
    parts = cast(Timm, encoder)
    head = parts.get_classifier()
    if isinstance(head, nn.Linear):
        parts.reset_classifier(0)  # the read-out sees the pooled features themselves
        features = head.in_features
    model = Regressor(encoder, features).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=0.02)
    n = len(frames) - held
    steps = settings.epochs * -(-n // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=settings.lr, total_steps=steps, pct_start=0.1
    )
    generator = torch.Generator().manual_seed(settings.seed)
    flipped = mirror_index()
    # to mean 0 and variance 1, so that rare and faint blendshapes count as much as others
    targets = (weights - weights[:n].mean(0)) / weights[:n].std(0)
    for epoch in range(settings.epochs):
        model.train()
        total = 0.0
        for rows in progress(list(_batches(n, settings.batch, generator)), label="pre-training"):
            pictures = augment(
                relight(frames[rows], generator)[:, None].to(device),
                size=settings.size,
                generator=generator,
                scale=(0.85, 1.0),
                ratio=(0.95, 1.05),
                flip=0.0,
                jitter=0.3,
            )[:, 0]
            target = targets[rows].to(device)
            if torch.rand((), generator=generator) < 0.5:
                pictures, target = pictures.flip(-1), target[:, flipped]
            pictures = degrade(pictures, generator).contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                guess = model(pictures)
            loss = nn.functional.mse_loss(guess.float(), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        scores = evaluate_regressor(model, frames[n:], targets[n:], settings)
        log(f"epoch {epoch + 1}/{settings.epochs}: loss {total / n:.4f}, {scores}")
    if isinstance(head, nn.Linear):
        parts.reset_classifier(head.out_features)
        whiten_output(encoder, frames[:n][:WHITENED_BY], size=settings.size, seed=settings.seed)
    return encoder, scores


@torch.inference_mode()
def evaluate_regressor(
    model: nn.Module, frames: Tensor, weights: Tensor, settings: Pretraining
) -> dict[str, float]:
    """Mean and median R2 over the blendshapes, on held-out identities."""
    model.eval()
    device = next(model.parameters()).device
    guesses = [
        model(evaluate(part[:, None].to(device), size=settings.size)[:, 0]).float().cpu()
        for part in frames.split(256)
    ]
    r2 = r_squared(weights, torch.cat(guesses))
    return {
        "r2_mean": round(float(r2.mean()), 4),
        "r2_median": round(float(r2.median()), 4),
    }


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
    frames, weights, held = render_faces(
        faces=settings.faces,
        held_out=settings.held_out,
        size=settings.render_size,
        seed=settings.seed,
        workers=workers,
    )
    encoder, scores = train(frames, weights, held, settings)
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
    return {"settings": dataclasses.asdict(settings), "code": code_hash(("rdfer.pretrain",))}

"""What pre-training sees: rendered faces, and how their pictures are spoilt.

The identities are ones that no split uses. Source: OURS.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.base.progress import progress
from rdfer.faces.degrade import BRIGHTEST, DARKEST
from rdfer.faces.head import BLENDSHAPES
from rdfer.faces.identity import make_identity
from rdfer.faces.render import Renderer, make_light
from rdfer.faces.scenario import PRETRAIN_IDENTITIES
from rdfer.method.transforms import augment

FRAMES_A_FACE = 32


def random_weights(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Sparse random blendshape weights, float32 [frames, 52] in [0, 1].

    Each frame moves a few random shapes, mostly the same left and right with some asymmetry;
    no combination is favoured, so no class recipe is favoured either.
    """
    weights = np.zeros((frames, len(BLENDSHAPES)), np.float32)
    stems = sorted({name.removesuffix("Left").removesuffix("Right") for name in BLENDSHAPES})
    members = [
        [i for i, name in enumerate(BLENDSHAPES) if name in (s, s + "Left", s + "Right")]
        for s in stems
    ]
    for row in weights:
        for stem in rng.choice(len(stems), size=rng.integers(1, 9), replace=False):
            strength = rng.uniform(0.15, 1.0)
            for i in members[stem]:
                row[i] = strength * rng.uniform(0.7, 1.0)
    return weights


#: Draws blendshape weights [n, 52] of n frames, and what a task is told of each, [n, ...].
Draw: TypeAlias = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def random_shapes(rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """:func:`random_weights`, which are also what is told."""
    weights = random_weights(rng, frames)
    return weights, weights


@dataclass(frozen=True)
class Job:
    """One draw of an identity."""

    seed: int
    index: int
    identity: int
    size: int
    still: bool
    draw: Draw


def render_face(job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Render one draw: uint8 [32, S, S, 3], and what is told of each frame."""
    rng = np.random.default_rng([job.seed, job.index])
    weights, told = job.draw(rng, FRAMES_A_FACE)
    pose = rng.normal(size=(FRAMES_A_FACE, 6)) * [0.22, 0.13, 0.10, 0.02, 0.02, 0.04]
    if job.still:
        pose = pose[:1].repeat(FRAMES_A_FACE, axis=0)
    light = make_light(int(rng.integers(2**31)))
    person = make_identity(job.identity)
    frames = Renderer(job.size).render(person, weights, pose.astype(np.float32), light)
    return frames, told


def render_faces(
    *,
    faces: int,
    held_out: int,
    size: int,
    seed: int,
    workers: int,
    still: bool = False,
    draw: Draw = random_shapes,
) -> tuple[Tensor, Tensor, int]:
    """Draw identities with repetition and render each :data:`FRAMES_A_FACE` times.

    Args:
        faces: draws of identities to train on.
        held_out: draws of identities that are none of those.
        size: side of the pictures, S.
        seed: of everything that is drawn.
        workers: processes.
        still: the head holds still in all frames of a face.
        draw: of the frames' blendshapes.

    Returns:
        Frames uint8 [n, S, S, 3], what ``draw`` tells of each (blendshape weights float32
        [n, 52]), and how many at the end are held out.
    """
    low, high = PRETRAIN_IDENTITIES
    rng = np.random.default_rng(seed)
    border = low + (high - low) * 9 // 10
    identities = [
        *rng.integers(low, border, faces),
        *rng.integers(border, high, held_out),
    ]
    jobs = [Job(seed, k, int(who), size, still, draw) for k, who in enumerate(identities)]
    with ProcessPoolExecutor(workers) as pool:
        done = list(
            progress(pool.map(render_face, jobs, chunksize=8), total=len(jobs), label="faces")
        )
    frames = torch.from_numpy(np.concatenate([f for f, _ in done]))
    told = torch.from_numpy(np.concatenate([t for _, t in done]))
    return frames, told, held_out * FRAMES_A_FACE


def mirror_index() -> list[int]:
    """Position of every blendshape's left-right partner, for flipped frames."""
    swap = {"Left": "Right", "Right": "Left"}
    order = []
    for name in BLENDSHAPES:
        side = next((s for s in swap if name.endswith(s)), None)
        partner = name.removesuffix(side) + swap[side] if side else name
        order.append(BLENDSHAPES.index(partner) if partner in BLENDSHAPES else -1)
    if -1 in order:
        raise UserError(f"blendshape {BLENDSHAPES[order.index(-1)]!r}: has no mirror partner")
    return order


def relight(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure and its fall-off over the picture, on a random half: uint8 [n, S, S, 3]."""
    n, size = len(frames), frames.shape[1]
    draw = torch.rand(n, 4, generator=generator)
    share = torch.where(draw[:, 0] < 0.5, draw[:, 1], 0.0)
    side = torch.linspace(-1, 1, size)
    tilt = 2 * draw[:, 2:] - 1
    slope = 1 + 0.4 * share[:, None, None] * (
        tilt[:, 0, None, None] * side[None, None, :] + tilt[:, 1, None, None] * side[None, :, None]
    )
    end = torch.where(torch.rand(n, generator=generator) < 0.6, DARKEST, BRIGHTEST)
    gain = (end**share)[:, None, None] * slope
    return (frames * gain[..., None].to(frames.device) + 0.5).clamp(0, 255).to(torch.uint8)


def degrade(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Blur by down- and upsampling, and noise, each on a random part of the batch."""
    n, size = len(pictures), pictures.shape[-1]
    small = nn.functional.interpolate(pictures, size=size // 3, mode="area")
    small = nn.functional.interpolate(small, size=size, mode="bilinear", align_corners=False)
    draw = torch.rand(n, 3, generator=generator).to(pictures.device)
    blurred = torch.where((draw[:, 0] < 0.2)[:, None, None, None], small, pictures)
    noise = torch.randn(pictures.shape, generator=generator).to(pictures.device)
    return blurred + noise * ((draw[:, 1] < 0.3) * draw[:, 2] * 0.8)[:, None, None, None]


def picture(
    frames: Tensor,
    size: int,
    generator: torch.Generator,
    *,
    device: torch.device,
    scale: tuple[float, float],
    jitter: float,
) -> Tensor:
    """One view of each frame, unmirrored: relit, cropped, recoloured, degraded.

    Args:
        frames: uint8 [n, S', S', 3].
        size: side of the pictures, S.
        generator: where everything is drawn.
        device: where the pictures are made.
        scale: see :func:`rdfer.method.transforms.augment`.
        jitter: see :func:`rdfer.method.transforms.augment`.

    Returns:
        float32 [n, 3, S, S], normalised, channels last in memory.
    """
    seen = augment(
        relight(frames, generator)[:, None].to(device),
        size=size,
        generator=generator,
        scale=scale,
        ratio=(0.95, 1.05),
        flip=0.0,
        jitter=jitter,
    )[:, 0]
    return degrade(seen, generator).contiguous(memory_format=torch.channels_last)

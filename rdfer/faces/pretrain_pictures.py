"""What pre-training sees: rendered faces of people that no split shows, and how they are spoilt.

Source: OURS.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rdfer.base.progress import progress
from rdfer.data.manifest import CLASSES
from rdfer.faces.degrade import BRIGHTEST, DARKEST
from rdfer.faces.head import BLENDSHAPES, stem
from rdfer.faces.identity import make_identity
from rdfer.faces.recipes import recipe, variants
from rdfer.faces.render import Renderer, make_light
from rdfer.faces.scenario import PRETRAIN_IDENTITIES
from rdfer.method.transforms import augment

Weights = NDArray[np.float32]

FRAMES_A_FACE = 32
POOL = "development"  # whose recipes the task of classes shows
FAINTEST = 0.3  # share of a recipe's full intensity

#: Draws blendshape weights [n, 52] of n frames, and the target of each, [n, ...].
Draw: TypeAlias = Callable[[np.random.Generator, int], tuple[Weights, np.ndarray]]


def random_weights(rng: np.random.Generator, frames: int) -> Weights:
    """Sparse random blendshape weights, float32 [frames, 52] in [0, 1].

    Each frame moves a few random shapes, mostly the same left and right with some asymmetry;
    no combination is favoured, so no class recipe is favoured either.
    """
    weights = np.zeros((frames, len(BLENDSHAPES)), np.float32)
    stems = sorted({stem(name) for name in BLENDSHAPES})
    members = [[i for i, name in enumerate(BLENDSHAPES) if stem(name) == s] for s in stems]
    for row in weights:
        for k in rng.choice(len(stems), size=rng.integers(1, 9), replace=False):
            strength = rng.uniform(0.15, 1.0)
            for i in members[k]:
                row[i] = strength * rng.uniform(0.7, 1.0)
    return weights


def random_shapes(rng: np.random.Generator, frames: int) -> tuple[Weights, Weights]:
    """:func:`random_weights`, which are the targets as well."""
    weights = random_weights(rng, frames)
    return weights, weights


def class_weights(rng: np.random.Generator, frames: int) -> tuple[Weights, NDArray[np.int64]]:
    """Blendshape weights of frames of random classes, and the classes as targets.

    Only recipes of the development pool are shown: of the confirmation pool's own variants none,
    of those that both pools share all.

    Args:
        rng: class, variant and intensity are drawn from it.
        frames: how many, n.

    Returns:
        Weights float32 ``[n, 52]`` in [0, 1], all 0 where the class is neutral; and classes int64
        ``[n]``, places in :data:`rdfer.data.manifest.CLASSES`.
    """
    classes = rng.integers(len(CLASSES), size=frames)
    weights = np.zeros((frames, len(BLENDSHAPES)), np.float32)
    for row, number in zip(weights, classes, strict=True):
        label = CLASSES[number]
        if label != "Neutral":
            name = str(rng.choice(variants(label, POOL)))
            full = recipe(label, name).weights().clip(0, 1000) / 1000
            row[:] = full * rng.uniform(FAINTEST, 1.0)
    return weights, classes


@dataclass(frozen=True)
class Job:
    """One draw of an identity."""

    seed: int
    index: int
    identity: int
    size: int
    still: bool
    draw: Draw


def render_face(job: Job) -> tuple[NDArray[np.uint8], np.ndarray]:
    """Render one draw: uint8 [32, S, S, 3], and the target of each frame."""
    rng = np.random.default_rng([job.seed, job.index])
    weights, targets = job.draw(rng, FRAMES_A_FACE)
    pose = rng.normal(size=(FRAMES_A_FACE, 6)) * [0.22, 0.13, 0.10, 0.02, 0.02, 0.04]
    if job.still:
        pose = pose[:1].repeat(FRAMES_A_FACE, axis=0)
    light = make_light(int(rng.integers(2**31)))
    person = make_identity(job.identity)
    frames = Renderer(job.size).render(person, weights, pose.astype(np.float32), light)
    return frames, targets


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
        draw: of the frames' blendshapes and targets.

    Returns:
        Frames uint8 [n, S, S, 3], the target of each (blendshape weights float32 [n, 52] or
        classes int64 [n], by ``draw``), and how many at the end are held out.
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
    targets = torch.from_numpy(np.concatenate([t for _, t in done]))
    return frames, targets, held_out * FRAMES_A_FACE


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
    frames: Tensor, size: int, generator: torch.Generator, *, device: torch.device
) -> Tensor:
    """One view of each frame, unmirrored: relit, cropped, recoloured, degraded.

    Args:
        frames: uint8 [n, S', S', 3].
        size: side of the pictures, S.
        generator: where everything is drawn.
        device: where the pictures are made.

    Returns:
        float32 [n, 3, S, S], normalised, channels last in memory.
    """
    seen = augment(
        relight(frames, generator)[:, None].to(device),
        size=size,
        generator=generator,
        scale=(0.85, 1.0),
        ratio=(0.95, 1.05),
        flip=0.0,
        jitter=0.3,
    )[:, 0]
    return degrade(seen, generator).contiguous(memory_format=torch.channels_last)

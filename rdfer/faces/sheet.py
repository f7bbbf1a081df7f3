"""Contact sheets: apex frames to look at, and a shuffled sheet to test a viewer with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic, write_json
from rdfer.data.draws import Draws
from rdfer.data.manifest import CLASSES
from rdfer.faces.identity import make_identity
from rdfer.faces.recipes import recipe, variants
from rdfer.faces.render import Renderer, make_light
from rdfer.faces.sample import Sample
from rdfer.faces.video import render_sample

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Portrait:
    """One full-intensity apex frame: who shows what, in which light."""

    identity: int
    label: str
    variant: str
    light: int


def portraits(people: Sequence[int], *, pool: str = "development") -> list[Portrait]:
    """Each person with every class; the variants take turns from person to person."""
    return [
        Portrait(who, label, variants(label, pool)[row % len(variants(label, pool))], row)
        for row, who in enumerate(people)
        for label in CLASSES
    ]


def draw(portrait: Portrait, *, size: int) -> Picture:
    """The frame: full intensity, facing the camera, uint8 [size, size, 3]."""
    weights = np.zeros((1, 52), np.float32)
    if portrait.label != "Neutral":
        weights[0] = recipe(portrait.label, portrait.variant).weights() / 1000
    pose = np.zeros((1, 6), np.float32)
    light = make_light(portrait.light)
    return Renderer(size).render(make_identity(portrait.identity), weights, pose, light)[0]


def tile(pictures: Sequence[Picture], columns: int) -> Picture:
    """Pictures of one size in rows of ``columns``; what is missing in the last row is grey.

    Raises:
        UserError: there is no picture.
    """
    if not pictures:
        raise UserError("pictures = 0: a sheet needs at least one")
    blank = np.full_like(pictures[0], 128)
    rows = -(-len(pictures) // columns)
    full = [*pictures, *[blank] * (rows * columns - len(pictures))]
    return np.concatenate(
        [np.concatenate(full[r * columns : (r + 1) * columns], axis=1) for r in range(rows)]
    )


def save_sheet(path: str | Path, people: Sequence[int], *, size: int, pool: str) -> None:
    """Write a PNG: a row a person, a column a class in the order of ``CLASSES``."""
    pictures = [draw(portrait, size=size) for portrait in portraits(people, pool=pool)]
    save_png(path, tile(pictures, len(CLASSES)))


def save_quiz(
    path: str | Path, people: Sequence[int], *, size: int, pool: str, seed: int, columns: int = 7
) -> dict[str, str]:
    """Write a shuffled, numbered PNG and, beside it, the answers as JSON.

    Returns:
        The class name of each number.
    """
    shuffled = Draws("rdfer.faces.quiz", seed).shuffle(portraits(people, pool=pool))
    pictures = [
        _numbered(draw(portrait, size=size), number)
        for number, portrait in enumerate(shuffled, start=1)
    ]
    answers = {str(k): portrait.label for k, portrait in enumerate(shuffled, start=1)}
    save_png(path, tile(pictures, columns))
    write_json(Path(path).with_suffix(".answers.json"), answers)
    return answers


def film_strip(sample: Sample, *, size: int, pictures: int = 12) -> Picture:
    """Frames of one video side by side, evenly spread, uint8 [size, pictures * size, 3]."""
    frames = render_sample(sample, size)
    chosen = np.arange(pictures) * (len(frames) - 1) // max(1, pictures - 1)
    return np.concatenate(list(frames[chosen]), axis=1)


def save_png(path: str | Path, picture: Picture) -> None:
    """Write a picture as PNG, whole or not at all."""
    with write_atomic(path) as file:
        Image.fromarray(picture).save(file, format="PNG")


def _numbered(picture: Picture, number: int) -> Picture:
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 7 + 6 * len(str(number)), 12), fill=(0, 0, 0))
    pen.text((3, 1), str(number), fill=(255, 255, 255))
    return np.asarray(image)

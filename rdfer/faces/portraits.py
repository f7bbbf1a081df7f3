"""Faces to look at: one person with every class at full strength, facing the camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdfer.data.manifest import CLASSES
from rdfer.faces.identity import make_identity
from rdfer.faces.recipes import recipe, variants
from rdfer.faces.render import Renderer, make_light


@dataclass(frozen=True)
class Portrait:
    """One full-intensity apex frame: who shows what, in which light."""

    identity: int
    label: str
    variant: str
    light: int


def portraits(people: Sequence[int]) -> list[Portrait]:
    """Each person with every class; the development pool's variants take turns by person."""
    shown = {label: variants(label, "development") for label in CLASSES}
    return [
        Portrait(who, label, shown[label][row % len(shown[label])], row)
        for row, who in enumerate(people)
        for label in CLASSES
    ]


def draw(portrait: Portrait, *, size: int) -> NDArray[np.uint8]:
    """The frame, uint8 RGB [size, size, 3]."""
    weights = np.zeros((1, 52), np.float32)
    if portrait.label != "Neutral":
        weights[0] = recipe(portrait.label, portrait.variant).weights() / 1000
    pose = np.zeros((1, 6), np.float32)
    light = make_light(portrait.light)
    return Renderer(size).render(make_identity(portrait.identity), weights, pose, light)[0]

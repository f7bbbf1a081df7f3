"""The shape of a person's head: ancestry, age, sex and local shapes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rdfer.faces.head import SKIN, load_head

Array = NDArray[np.float32]

#: Pairs of opposite local targets end in these words.
OPPOSITES = (("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"),
             ("concave", "convex"), ("compress", "uncompress"))  # fmt: skip
#: Standard deviation of a local shape's weight, by the start of its name (first match counts).
#: Shapes that lift or drop brows, lids or mouth corners would look like an expression: 0.
SPREAD: tuple[tuple[str, float], ...] = (
    ("eyebrows-angle", 0.0), ("eyebrows-trans", 0.15), ("mouth-angles", 0.0),
    ("mouth-upperlip-ext", 0.0), ("mouth-lowerlip-ext", 0.0), ("mouth-trans", 0.15),
    ("mouth-laugh", 0.1), ("mouth-dimples", 0.1), ("mouth-upperlip-middle", 0.1),
    ("mouth-lowerlip-middle", 0.1), ("mouth", 0.28), ("eye-corner", 0.15),
    ("eye-height", 0.12), ("eye-eyefold-angle", 0.15), ("eye-trans", 0.2), ("eye-bag", 0.25),
    ("eye-push", 0.2), ("eye", 0.25), ("nose-compression", 0.1), ("nose-trans", 0.2),
    ("nose", 0.33), ("cheek", 0.35), ("chin", 0.33), ("ear", 0.35), ("forehead", 0.3),
    ("head-trans", 0.0), ("head-angle", 0.0), ("head-age", 0.0), ("head", 0.25),
    ("neck-trans", 0.0), ("neck", 0.2),
)  # fmt: skip
ASYMMETRY = 0.12


@dataclass(frozen=True)
class Marks:
    """Points on a head in decimetres: between the eyes, chin, mouth corners and middle."""

    eyes: Array
    chin: Array
    left_corner: Array
    right_corner: Array
    middle: Array


@lru_cache(maxsize=1)
def _anchors() -> tuple[int, ...]:
    """Vertices next to the landmarks' places on the base mesh."""
    head = load_head()
    places = ((0.0, 6.19, 1.42), (0.249, 6.611, 1.425), (-0.249, 6.611, 1.425),
              (0.0, 6.608, 1.553), (0.0, 6.601, 1.540))  # fmt: skip
    far = np.where(head.part == SKIN, 0.0, 9.0)
    return tuple(
        int(np.argmin(np.linalg.norm(head.vertices - np.asarray(p), axis=1) + far)) for p in places
    )


def landmarks(vertices: Array) -> Marks:
    """Find the landmarks of a head [V, 3] at rest."""
    head = load_head()
    eyes = (vertices[head.part == 1].mean(0) + vertices[head.part == 2].mean(0)) / 2
    chin, left, right, upper, lower = (vertices[index] for index in _anchors())
    return Marks(eyes, chin, left, right, (upper + lower) / 2)


@lru_cache(maxsize=1)
def _local() -> tuple[tuple[float, tuple[tuple[str, ...], tuple[str, ...]]], ...]:
    """(spread, (shapes for a negative weight, shapes for a positive one)) of every local shape.

    Left and right shapes form one entry: what is uneven comes from the asym shapes alone.
    """
    names = load_head().targets.names
    known = set(names)
    found = []
    for name in names:
        if name.startswith(("asym", "r-", "african", "asian", "caucasian", "universal")):
            continue
        stem, _, end = name.rpartition("-")
        opposite = {b: a for a, b in OPPOSITES}.get(end)
        if opposite is None and any(end == a for a, _ in OPPOSITES):
            continue
        low = f"{stem}-{opposite}" if opposite else ""
        plain = name.removeprefix("l-")
        spread = next((s for start, s in SPREAD if plain.startswith(start)), 0.0)
        if spread == 0.0:
            continue

        def both(shape: str) -> tuple[str, ...]:
            right = "r" + shape[1:] if shape.startswith("l-") else ""
            return tuple(n for n in (shape, right) if n in known)

        found.append((spread, (both(low), both(name))))
    return tuple(found)


def _macro(age: float, male: float, ancestry: tuple[float, float, float]) -> dict[str, float]:
    """Weights of the ancestry/sex/age shapes; they sum to one."""
    ages = {"young": 1 - age, "old": age}
    sexes = {"male": male, "female": 1 - male}
    origins = dict(zip(("african", "asian", "caucasian"), ancestry, strict=True))
    return {
        f"{origin}-{sex}-{stage}": a * b * c
        for origin, a in origins.items()
        for sex, b in sexes.items()
        for stage, c in ages.items()
    }


def shape_head(
    rng: Generator, *, age: float, male: float, ancestry: tuple[float, float, float]
) -> Array:
    """A head of that age, sex and ancestry with its own local shapes, float32 [V, 3] in dm.

    Args:
        rng: draws the local shapes.
        age: 0 young to 1 old.
        male: 0..1.
        ancestry: shares of the African, Asian and Caucasian shapes, summing to 1.
    """
    head = load_head()
    vertices = head.vertices.copy()
    for name, weight in _macro(age, male, ancestry).items():
        head.targets.add(vertices, name, weight)
    build = f"universal-{'male' if male > 0.5 else 'female'}-{'old' if age > 0.5 else 'young'}"
    heavy = rng.normal(0, 0.3)
    name = f"{build}-averagemuscle-{'max' if heavy > 0 else 'min'}weight"
    if name in head.targets.names:
        head.targets.add(vertices, name, min(abs(heavy), 0.8))
    for spread, (low, high) in _local():
        weight = float(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread))
        if not low:
            weight = abs(weight)
        for shape in high if weight > 0 else low:
            head.targets.add(vertices, shape, abs(weight))
    for shape in head.targets.names:
        if shape.startswith("asym-"):
            head.targets.add(vertices, shape, ASYMMETRY * abs(rng.standard_normal()) / 2)
    return vertices

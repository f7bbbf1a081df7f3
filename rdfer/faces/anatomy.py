"""A person's head at rest: shaped by ancestry, age and sex, and without a trace of expression.

Ancestry, age and local shapes tilt lips and brows and narrow eyes, which would read as an emotion:
:func:`rest` and :func:`brow_path` take that away, and :func:`fit_shapes` makes lids and brows move
as far as they should.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rdfer.faces.head import (
    BLENDSHAPES,
    INDEX,
    LEFT_EYE,
    RIGHT_EYE,
    SKIN,
    Deltas,
    load_head,
    stem,
)
from rdfer.faces.texture import Path

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

#: Where the brows lie on the base mesh, from the nose outwards.
BROW: Path = ((0.09, 7.47), (0.18, 7.475), (0.28, 7.48), (0.38, 7.48), (0.47, 7.475),
              (0.54, 7.46))  # fmt: skip
#: Height of a calm brow over the eyes in eye-to-chin heights, and how far it may differ (dm).
BROW_HEIGHT, BROW_SHIFT = 0.205, (-0.02, 0.04)
#: Rise of the mouth corners over the middle of the lips at rest, in eye-to-chin heights.
MOUTH_TILT = 0.004
#: Gap between the lids at rest, in radii of the eyeball: least and most.
LID_GAP = (0.64, 0.82)
#: The modelled shapes are timid where a full action unit of a real face is not.
GAIN = {"browDown": 1.45, "mouthSmile": 1.2, "eyeWide": 1.15, "mouthFrown": 1.1,
        "browInnerUp": 1.25, "noseSneer": 1.15, "tongueOut": 1.8}  # fmt: skip


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
    eyes = (vertices[head.part == LEFT_EYE].mean(0) + vertices[head.part == RIGHT_EYE].mean(0)) / 2
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


def _tilt(vertices: Array) -> float:
    """How far the mouth corners lie above the lips' middle, in eye-to-chin heights."""
    marks = landmarks(vertices)
    corner = (marks.left_corner[1] + marks.right_corner[1]) / 2
    return float((corner - marks.middle[1]) / (marks.eyes[1] - marks.chin[1]))


def _opening(vertices: Array, side: int) -> float:
    """Gap between the lids in radii of the eyeball."""
    upper, lower = _lid_pairs(side)
    eye = vertices[load_head().part == (LEFT_EYE if side > 0 else RIGHT_EYE)]
    return float((vertices[upper, 1] - vertices[lower, 1]).mean() / (np.ptp(eye[:, 1]) / 2))


def _approach(vertices: Array, shapes: Deltas, name: str, change: float, least: float) -> None:
    """Add ``change / least`` of a shape that changes a measure by ``least``, at most 2 times."""
    if abs(least) > 1e-6:
        shapes.add(vertices, name, float(np.clip(change / least, -1.0, 2.0)))


def rest(vertices: Array) -> Array:
    """Take every trace of expression from a head: level mouth corners, eyes neither wide nor tired.

    Returns:
        ``vertices``, changed in place.
    """
    head = load_head()
    name = "mouth-angles-up" if _tilt(vertices) < MOUTH_TILT else "mouth-angles-down"
    moved = vertices.copy()
    head.targets.add(moved, name, 1.0)
    now = _tilt(vertices)
    _approach(vertices, head.targets, name, MOUTH_TILT - now, _tilt(moved) - now)
    for side, end in ((1, "Left"), (-1, "Right")):
        now = _opening(vertices, side)
        moved = vertices.copy()
        head.shapes.add(moved, f"eyeBlink{end}", 1.0)
        wanted = float(np.clip(now, *LID_GAP))
        _approach(vertices, head.shapes, f"eyeBlink{end}", wanted - now,
                  _opening(moved, side) - now)  # fmt: skip
    return vertices


@lru_cache(maxsize=1)
def _brow_vertices() -> NDArray[np.int64]:
    """The skin vertices next to :data:`BROW`, left then right, [2, P]."""
    head = load_head()
    x, y, z = head.vertices.T
    far = np.where((head.part == SKIN) & (z > 0.8), 0.0, 9.0)
    return np.array(
        [[np.argmin(np.hypot(x - side * px, y - py) + far) for px, py in BROW] for side in (1, -1)]
    )


def brow_path(vertices: Array, *, arch: float, tilt: float) -> Path:
    """Where to paint the left brow on the base mesh so that it looks at rest on this head.

    Args:
        vertices: the head [V, 3].
        arch: height of the arch over the line between its ends, dm.
        tilt: rise of the outer end over the inner one, dm. Steep brows look angry, falling
            ones sad.

    Returns:
        Points from the nose outwards, on the base mesh.
    """
    head, marks = load_head(), landmarks(vertices)
    index = _brow_vertices()
    unit = marks.eyes[1] - marks.chin[1]
    lift = (vertices[index, 1] - marks.eyes[1]) / unit - BROW_HEIGHT
    lift -= (head.vertices[index, 1] - np.array([y for _, y in BROW])) / unit
    t = np.linspace(0, 1, len(BROW))
    wanted = tilt * (t - 0.4) + arch * (np.sin(np.pi * t**1.25) ** 1.5 - 0.4)
    moved = lift.mean(0) * unit
    # how high brows sit is part of a person, as long as it stays within what looks calm
    height = float(np.clip(moved.mean(), *BROW_SHIFT))
    return tuple(
        (x, float(y + w + height - m)) for (x, y), w, m in zip(BROW, wanted, moved, strict=True)
    )


@lru_cache(maxsize=2)
def _lid_pairs(side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Opposite vertices of the upper and lower lid margin over the middle of an eye."""
    head = load_head()
    x, y, z = head.vertices.T
    eye = head.vertices[head.part == (LEFT_EYE if side > 0 else RIGHT_EYE)]
    middle, radius = (eye.min(0) + eye.max(0)) / 2, np.ptp(eye[:, 0]) / 2
    front = (head.part == SKIN) & (np.abs(x - middle[0]) < 0.6 * radius) & (z > middle[2])
    near = front & (np.abs(y - middle[1]) < 0.8 * radius) & (head.mask("open") > 0.05)
    upper = np.flatnonzero(near & (y > middle[1]))
    lower = np.flatnonzero(near & (y < middle[1]))
    # the margin is what lies nearest to the eye's equator in each column
    tops, lows = [], []
    for column in np.linspace(-0.5, 0.5, 7) * radius + middle[0]:
        top = upper[np.abs(x[upper] - column) < 0.12 * radius]
        low = lower[np.abs(x[lower] - column) < 0.12 * radius]
        if len(top) and len(low):
            tops.append(top[np.argmin(y[top])])
            lows.append(low[np.argmax(y[low])])
    return np.array(tops), np.array(lows)


def fit_shapes(vertices: Array) -> Array:
    """Scale of the 52 blendshapes on this head, float32 [52], so that lids meet at full blink.

    The shapes were modelled on the base mesh; they are scaled with the face's size, and the
    lids' travel with the opening of the person's eyes.
    """
    head = load_head()
    marks, base = landmarks(vertices), landmarks(head.vertices)
    size = (marks.eyes[1] - marks.chin[1]) / (base.eyes[1] - base.chin[1])
    gain = [GAIN.get(stem(name), 1.0) for name in BLENDSHAPES]
    scale = size * np.array(gain, np.float32)
    for side, end in ((1, "Left"), (-1, "Right")):
        upper, lower = _lid_pairs(side)
        closed = vertices.copy()
        head.shapes.add(closed, f"eyeBlink{end}", 1.0)
        before = (vertices[upper, 1] - vertices[lower, 1]).mean()
        after = (closed[upper, 1] - closed[lower, 1]).mean()
        travel = before / max(before - after, 1e-6)
        scale[INDEX[f"eyeBlink{end}"]] = np.clip(1.02 * travel, 0.6, 1.6)
    return scale

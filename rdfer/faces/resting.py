"""A head at rest carries no expression, and its lids and brows move as far as they should.

Ancestry, age and local shapes tilt lips and brows and narrow eyes, which would read as an emotion.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdfer.faces.anatomy import landmarks
from rdfer.faces.head import BLENDSHAPES, SKIN, Deltas, load_head
from rdfer.faces.texture import Path

Array = NDArray[np.float32]

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


def _tilt(vertices: Array) -> float:
    """How far the mouth corners lie above the lips' middle, in eye-to-chin heights."""
    marks = landmarks(vertices)
    corner = (marks.left_corner[1] + marks.right_corner[1]) / 2
    return float((corner - marks.middle[1]) / (marks.eyes[1] - marks.chin[1]))


def _opening(vertices: Array, side: int) -> float:
    """Gap between the lids in radii of the eyeball."""
    upper, lower = _lid_pairs(side)
    eye = vertices[load_head().part == (1 if side > 0 else 2)]
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
    eye = head.vertices[head.part == (1 if side > 0 else 2)]
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
    gain = [GAIN.get(name.removesuffix("Left").removesuffix("Right"), 1.0) for name in BLENDSHAPES]
    scale = size * np.array(gain, np.float32)
    for side, end in ((1, "Left"), (-1, "Right")):
        upper, lower = _lid_pairs(side)
        closed = vertices.copy()
        head.shapes.add(closed, f"eyeBlink{end}", 1.0)
        before = (vertices[upper, 1] - vertices[lower, 1]).mean()
        after = (closed[upper, 1] - closed[lower, 1]).mean()
        travel = before / max(before - after, 1e-6)
        scale[BLENDSHAPES.index(f"eyeBlink{end}")] = np.clip(1.02 * travel, 0.6, 1.6)
    return scale

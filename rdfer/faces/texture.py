"""Where the skin texture lies on the head: a cylinder round it, seen from outside.

Painting happens in the coordinates of the base mesh (decimetres), so that a stroke described
once lies on the same spot of every identity and moves with the mesh.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.faces import raster
from rdfer.faces.head import SKIN, load_head

HEIGHT, WIDTH = 272, 384
#: Axis of the cylinder (z), its half angle and its lower and upper end (y).
AXIS, ANGLE, LOW, HIGH = 0.35, 1.95, 5.6, 8.5

Array = NDArray[np.float32]
Path = tuple[tuple[float, float], ...]


@lru_cache(maxsize=1)
def vertex_coordinates() -> Array:
    """Texture coordinates (u, v) in 0..1 of every vertex, float32 [V, 2]; v grows downwards."""
    x, y, z = load_head().vertices.T
    u = np.arctan2(x, z - AXIS) / (2 * ANGLE) + 0.5
    v = (HIGH - y) / (HIGH - LOW)
    return np.stack([u, v], 1).astype(np.float32)


@lru_cache(maxsize=1)
def _surface() -> tuple[NDArray[np.int32], Array, NDArray[np.bool_]]:
    """Three vertices [HEIGHT, WIDTH, 3], their weights, and whether a texel lies on the head.

    The outermost surface counts.
    """
    head = load_head()
    uv = vertex_coordinates()
    n = max(HEIGHT, WIDTH)
    radius = np.hypot(head.vertices[:, 0], head.vertices[:, 2] - AXIS)
    screen = np.stack([uv[:, 0] * WIDTH, uv[:, 1] * HEIGHT, radius], 1).astype(np.float32)
    skin = head.triangles[np.all(head.part[head.triangles] == SKIN, axis=1)]
    # the seam at the back of the head would smear over the whole width
    spread = np.ptp(uv[skin, 0], axis=1)
    skin = np.ascontiguousarray(skin[spread < 0.4])
    depth = np.empty((n, n), np.float32)
    owner = np.empty((n, n), np.int32)
    bary = np.zeros((n, n, 2), np.float32)  # read off the head too, where nothing is drawn
    raster.rasterise(depth, owner, bary, screen, skin)
    owner, bary = owner[:HEIGHT, :WIDTH], bary[:HEIGHT, :WIDTH]
    weights = np.stack([1 - bary.sum(2), bary[..., 0], bary[..., 1]], 2)
    return skin[owner], weights, owner >= 0


def unwrap(values: Array) -> Array:
    """Vertex values [V] or [V, C] spread over the texture; 0 off the head."""
    corners, weights, found = _surface()
    weights = weights * found[..., None]
    picture = values[corners]
    spread = weights[..., None] * picture if values.ndim == 2 else weights * picture
    return spread.sum(2).astype(np.float32)


@lru_cache(maxsize=1)
def position_map() -> Array:
    """Base-mesh position (x, y, z) of every texel, float32 [HEIGHT, WIDTH, 3].

    Texels off the head keep the position of a cylinder of radius 1.
    """
    theta = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * 2 * ANGLE
    y = HIGH - (np.arange(HEIGHT) + 0.5) / HEIGHT * (HIGH - LOW)
    theta, y = np.meshgrid(theta, y)
    round_it = np.stack([np.sin(theta), y, np.cos(theta) + AXIS], 2).astype(np.float32)
    on_head = _surface()[2][..., None]
    return np.where(on_head, unwrap(load_head().vertices), round_it)


def sample(picture: Array) -> Array:
    """Nearest texel of ``picture`` [HEIGHT, WIDTH] at every vertex, float32 [V]."""
    uv = vertex_coordinates()
    column = np.clip((uv[:, 0] * WIDTH).astype(int), 0, WIDTH - 1)
    row = np.clip((uv[:, 1] * HEIGHT).astype(int), 0, HEIGHT - 1)
    return picture[row, column]


def ramp(value: NDArray[np.floating[Any]], low: float, high: float) -> Array:
    """Smooth step from 0 at ``low`` to 1 at ``high`` (falls if ``low > high``)."""
    t = np.clip((value - low) / (high - low), 0, 1).astype(np.float32)
    smooth: Array = t * t * (3 - 2 * t)
    return smooth


def blob(x: float, y: float, rx: float, ry: float, *, mirror: bool = True) -> Array:
    """Gaussian spot at (x, y) of the face's front, radii (rx, ry); on both sides by default."""
    place = position_map()
    across = np.abs(place[..., 0]) if mirror else place[..., 0]
    spot = np.exp(-0.5 * (((across - x) / rx) ** 2 + ((place[..., 1] - y) / ry) ** 2))
    return spot * (place[..., 2] > 0.3)


def along(path: Path, *, side: int) -> tuple[Array, Array]:
    """Signed distance from a polyline and position along it (0..1) of every texel.

    Args:
        path: (x, y) points with x for the left side of the face (x >= 0).
        side: +1 left, -1 mirrored to the right.

    Returns:
        (distance, place): positive distances lie to the left of the walking direction, which
        is above the line for a path that runs outwards on the left side.
    """
    position = position_map()
    px, py = position[..., 0] * side, position[..., 1]
    best = np.full(px.shape, 9.0, np.float32)
    sign = np.ones_like(best)
    where = np.zeros_like(best)
    points = np.asarray(path, np.float32)
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    before = np.concatenate([np.zeros(1), np.cumsum(lengths)])
    for start, step, length, walked in zip(points, steps, lengths, before, strict=False):
        dx, dy = px - start[0], py - start[1]
        t = np.clip((dx * step[0] + dy * step[1]) / length**2, 0, 1)
        gap = np.hypot(dx - t * step[0], dy - t * step[1])
        nearer = gap < best
        best = np.where(nearer, gap, best)
        sign = np.where(nearer, np.sign(step[0] * dy - step[1] * dx), sign)
        where = np.where(nearer, (walked + t * length) / before[-1], where)
    best = np.where(position[..., 2] > 0.3, best, 9.0)
    return (best * sign).astype(np.float32), where.astype(np.float32)


def line(path: Path, width: float, *, side: int) -> Array:
    """A soft stroke along ``path`` that fades at both ends, 0..1 [HEIGHT, WIDTH]."""
    distance, place = along(path, side=side)
    return np.exp(-0.5 * (distance / width) ** 2) * np.sin(np.pi * (0.12 + 0.76 * place)) ** 0.7

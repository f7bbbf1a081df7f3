"""Ambient occlusion: how much of the sky in front of the face each vertex sees."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def _depth_map(points, triangles, n):  # type: ignore[no-untyped-def]
    """Largest z per cell of an n x n grid over x, y in [0, n)."""
    depth = np.full((n, n), -1e9, np.float32)
    for f in range(len(triangles)):
        a, b, c = points[triangles[f, 0]], points[triangles[f, 1]], points[triangles[f, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9:
            continue
        x0, x1 = max(0, int(min(a[0], b[0], c[0]))), min(n - 1, int(max(a[0], b[0], c[0])) + 1)
        y0, y1 = max(0, int(min(a[1], b[1], c[1]))), min(n - 1, int(max(a[1], b[1], c[1])) + 1)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                u = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
                v = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
                if u >= 0 and v >= 0 and u + v <= 1:
                    z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
                    if z > depth[y, x]:
                        depth[y, x] = z
    return depth


def sky_share(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    *,
    directions: int = 96,
    cells: int = 384,
) -> NDArray[np.float64]:
    """Share of the front hemisphere's directions from which each vertex is visible.

    Args:
        vertices: [V, 3], z forward.
        triangles: [F, 3].
        directions: how many directions of a Fibonacci hemisphere are looked along.
        cells: resolution of each depth map.

    Returns:
        [V] in 0..1, normalised so that the 90th percentile is 1.
    """
    centred = vertices - vertices.mean(0)
    radius = np.linalg.norm(centred, axis=1).max()
    seen = np.zeros(len(vertices))
    for k in range(directions):
        z = (k + 0.5) / directions
        angle = k * np.pi * (3 - 5**0.5)
        view = np.array([np.cos(angle) * (1 - z * z) ** 0.5, np.sin(angle) * (1 - z * z) ** 0.5, z])
        right = np.cross([0.0, 1.0, 0.0], view)
        right /= np.linalg.norm(right)
        frame = np.stack([right, np.cross(view, right), view])
        points = centred @ frame.T
        points[:, :2] = (points[:, :2] / radius + 1) * 0.5 * (cells - 1)
        depth = _depth_map(points, triangles, cells)
        x, y = np.round(points[:, :2]).astype(int).T
        seen += points[:, 2] > depth[y, x] - 0.03
    share: NDArray[np.float64] = seen / directions
    return np.clip(share / np.quantile(share, 0.9), 0, 1)

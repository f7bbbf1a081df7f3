"""Folds of the skin that appear with the muscles: forehead, glabella, nose, cheeks, chin.

The mesh is too coarse for them, so they are soft dark strokes in the texture whose strength
follows the blendshapes, as the wrinkles described for each action unit in the FACS manual do.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdfer.faces.head import BLENDSHAPES, INDEX
from rdfer.faces.texture import Path, line

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Crease:
    """One fold: strokes, darkness and what deepens it."""

    name: str  #: for people
    paths: tuple[Path, ...]  #: strokes in base-mesh coordinates (left side)
    width: float  #: half width of a stroke, dm
    depth: float  #: darkening at full strength, 0..1
    side: int  #: +1 left, -1 right, 0 both sides at once
    drivers: dict[str, float]  #: blendshape -> strength per unit weight
    age: float = 0.0  #: resting strength on the oldest faces


#: Heights of the forehead's lines on the base mesh.
FOREHEAD = (7.67, 7.76, 7.85)


def _sided() -> list[Crease]:
    found = []
    for side, end in ((1, "Left"), (-1, "Right")):
        found += [
            Crease("forehead, outer", tuple(((0.16, y + 0.008), (0.34, y + 0.012),
                   (0.52, y - 0.02)) for y in FOREHEAD), 0.017, 0.34, side,
                   {f"browOuterUp{end}": 1.0}, 0.2),
            Crease("nose root", (((0.02, 7.27), (0.075, 7.235), (0.10, 7.17)),
                   ((0.02, 7.20), (0.075, 7.16), (0.11, 7.09)),
                   ((0.02, 7.34), (0.06, 7.315), (0.09, 7.27))),
                   0.013, 0.62, side, {f"noseSneer{end}": 1.1}),
            Crease("nasolabial", (((0.155, 6.95), (0.215, 6.86), (0.275, 6.74), (0.315, 6.60)),),
                   0.021, 0.5, side, {f"mouthSmile{end}": 0.9, f"mouthUpperUp{end}": 0.9,
                   f"noseSneer{end}": 0.9, f"cheekSquint{end}": 0.3,
                   f"mouthDimple{end}": 0.4, f"mouthStretch{end}": 0.35}, 0.35),
            Crease("crow's feet", (((0.50, 7.27), (0.58, 7.30)), ((0.50, 7.25), (0.59, 7.245)),
                   ((0.49, 7.22), (0.57, 7.18))), 0.010, 0.45, side,
                   {f"cheekSquint{end}": 1.0, f"mouthSmile{end}": 0.15, f"eyeSquint{end}": 0.3},
                   0.4),
            Crease("under the eye", (((0.17, 7.17), (0.28, 7.125), (0.40, 7.145)),),
                   0.016, 0.4, side, {f"cheekSquint{end}": 0.9, f"eyeSquint{end}": 0.5}, 0.4),
            Crease("mouth corner", (((0.262, 6.64), (0.285, 6.60), (0.29, 6.545)),),
                   0.016, 0.5, side, {f"mouthSmile{end}": 0.6, f"mouthDimple{end}": 1.0,
                   f"mouthPress{end}": 0.5, f"mouthStretch{end}": 0.6}),
            Crease("below the corner", (((0.255, 6.58), (0.295, 6.51), (0.315, 6.42)),),
                   0.020, 0.5, side, {f"mouthFrown{end}": 1.1, f"mouthStretch{end}": 0.3}),
            Crease("under the brow", (((0.11, 7.39), (0.20, 7.405), (0.32, 7.42), (0.42, 7.41)),),
                   0.030, 0.4, side, {f"browDown{end}": 1.0}),
        ]  # fmt: skip
    return found


CREASES: tuple[Crease, ...] = (
    Crease("forehead, inner", tuple(((-0.3, y), (-0.14, y + 0.008), (0.14, y + 0.008),
           (0.3, y)) for y in FOREHEAD), 0.017, 0.36, 0, {"browInnerUp": 1.0}, 0.2),
    Crease("glabella", (((0.045, 7.35), (0.055, 7.43), (0.042, 7.53)),), 0.015, 0.75, 0,
           {"browDownLeft": 0.5, "browDownRight": 0.5, "noseSneerLeft": 0.12,
            "noseSneerRight": 0.12}),
    Crease("pinched brow", (((0.07, 7.50), (0.10, 7.55), (0.16, 7.585)),), 0.016, 0.45, 0,
           {"browInnerUp": 1.0}),
    Crease("chin", (((0.0, 6.445), (0.09, 6.44), (0.17, 6.41)),), 0.022, 0.45, 0,
           {"mouthShrugLower": 1.0, "mouthRollLower": 0.3, "mouthPressLeft": 0.25,
            "mouthPressRight": 0.25}, 0.1),
    *_sided(),
)  # fmt: skip

#: Resting strength of every crease on the oldest faces, [K].
AGE: Array = np.array([crease.age for crease in CREASES], np.float32)


@lru_cache(maxsize=1)
def drivers() -> Array:
    """Strength of every crease per blendshape, float32 [K, 52]."""
    table = np.zeros((len(CREASES), len(BLENDSHAPES)), np.float32)
    for k, crease in enumerate(CREASES):
        for name, strength in crease.drivers.items():
            table[k, INDEX[name]] = strength
    return table


@lru_cache(maxsize=1)
def strokes() -> tuple[NDArray[np.int32], Array]:
    """The texels that any crease touches [N] and its darkness there, float32 [N, K]."""
    pictures = []
    for crease in CREASES:
        sides = (1, -1) if crease.side == 0 else (crease.side,)
        drawn = [line(path, crease.width, side=side) for path in crease.paths for side in sides]
        pictures.append(crease.depth * np.max(drawn, axis=0))
    dark = np.stack(pictures, 2).reshape(-1, len(CREASES))
    texel = np.flatnonzero(dark.max(1) > 0.02)
    return texel.astype(np.int32), np.ascontiguousarray(dark[texel], np.float32)

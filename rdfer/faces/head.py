"""The head of the embedded benchmark: one mesh, 52 blendshapes, some 400 shape targets.

The arrays are CC0 data of MakeHuman/MPFB2 and of the Face Units asset pack, cropped to the head
by :mod:`rdfer.faces.build_head`; see ``assets/NOTICE.md``. Lengths are in decimetres.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEAD_FILE = Path(__file__).parent / "assets" / "head.npz"

#: The 52 ARKit names, in the order of ``head.npz`` and of every weight array.
BLENDSHAPES: tuple[str, ...] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight",
    "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft",
    "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip

#: Place of every blendshape in that order.
INDEX: Mapping[str, int] = {name: k for k, name in enumerate(BLENDSHAPES)}


def stem(name: str) -> str:
    """A blendshape's name without its side: "browDownLeft" and "browDownRight" are "browDown"."""
    return name.removesuffix("Left").removesuffix("Right")


def channels(shapes: Mapping[str, int]) -> list[tuple[int, int]]:
    """Place and weight of each blendshape; a name without its side stands for both sides."""
    return [
        (INDEX[full], weight)
        for name, weight in shapes.items()
        for full in ((name,) if name in INDEX else (f"{name}Left", f"{name}Right"))
    ]


#: What a vertex belongs to; ``Head.part`` holds the position in this tuple.
PARTS: tuple[str, ...] = (
    "skin", "left eye", "right eye", "upper teeth", "lower teeth", "tongue", "lashes", "long hair",
)  # fmt: skip
SKIN, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE, LASHES, LONG_HAIR = range(len(PARTS))

#: Painted or measured values per vertex; ``Head.masks`` holds one row each, in 0..1.
MASKS: tuple[str, ...] = ("lips", "lids", "mouth", "ears", "lash", "open")


@dataclass(frozen=True)
class Deltas:
    """Sparse vertex offsets of several shapes.

    Shape ``k`` moves vertices ``vertex[start[k]:start[k + 1]]`` by ``offset[...]``.
    """

    names: tuple[str, ...]  #: K names
    start: NDArray[np.int64]  #: int64 [K + 1]
    vertex: NDArray[np.int32]  #: int32 [N]
    offset: NDArray[np.float32]  #: float32 [N, 3], decimetres at weight 1

    def add(self, vertices: NDArray[np.float32], name: str, weight: float) -> None:
        """Add ``weight`` times the shape ``name`` to ``vertices`` [V, 3] in place."""
        k = self.names.index(name)
        part = slice(self.start[k], self.start[k + 1])
        vertices[self.vertex[part]] += np.float32(weight) * self.offset[part]


@dataclass(frozen=True)
class Head:
    """The mesh all identities share."""

    #: float32 [V, 3], x to the face's left, y up, z forward, decimetres
    vertices: NDArray[np.float32]
    #: int32 [F, 3], counter-clockwise from outside; those of the long hair, which not everybody
    #: wears, come last and twice, once from each side
    triangles: NDArray[np.int32]
    uv: NDArray[np.float32]  #: float32 [V, 2], MakeHuman texture coordinates
    part: NDArray[np.uint8]  #: uint8 [V], index into :data:`PARTS`
    #: float32 [M, V], rows as in :data:`MASKS`, 0..1; ``open`` is the share of the sky that a
    #: vertex sees on the resting face (ambient occlusion)
    masks: NDArray[np.float32]
    shapes: Deltas  #: the 52 blendshapes
    targets: Deltas  #: shapes that make an identity

    def worn(self, *, long_hair: bool) -> NDArray[np.int32]:
        """The triangles of somebody with or without long hair."""
        short = int((self.part[self.triangles[:, 0]] != LONG_HAIR).sum())
        return self.triangles if long_hair else self.triangles[:short]

    def mask(self, name: str) -> NDArray[np.float32]:
        """One row of ``masks``: float32 [V] in 0..1."""
        return self.masks[MASKS.index(name)]


def _deltas(file: Mapping[str, NDArray[np.generic]], kind: str) -> Deltas:
    counts = file[f"{kind}_counts"].astype(np.int64)
    return Deltas(
        names=tuple(str(name) for name in file[f"{kind}_names"]),
        start=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
        vertex=file[f"{kind}_vertex"].astype(np.int32),
        offset=file[f"{kind}_offset"].astype(np.float32),
    )


@lru_cache(maxsize=1)
def load_head() -> Head:
    """Read ``assets/head.npz`` (once per process)."""
    with np.load(HEAD_FILE) as stored:
        file = {name: stored[name] for name in stored.files}
    return Head(
        vertices=file["vertices"].astype(np.float32),
        triangles=file["triangles"].astype(np.int32),
        uv=file["uv"].astype(np.float32),
        part=file["part"].astype(np.uint8),
        masks=file["masks"].astype(np.float32) / 255,
        shapes=_deltas(file, "shapes"),
        targets=_deltas(file, "targets"),
    )

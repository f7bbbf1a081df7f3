"""The embedded mesh: its content hash, its shapes' names, its indices, and the readers."""

import gzip

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.faces import build_head
from rdfer.faces.build_head import content_hash, sky_share
from rdfer.faces.head import (
    BLENDSHAPES,
    HEAD_FILE,
    MASKS,
    PARTS,
    load_head,
)

CONTENT = "1d8cbfc8db365fb31226b54ed6f31bc9c781963388a6558869f75219dafa87ae"


def test_content_is_the_one_that_build_head_printed() -> None:
    with np.load(HEAD_FILE) as file:
        assert content_hash(dict(file)) == CONTENT


def test_hash_depends_on_values_types_and_names_not_on_order() -> None:
    a, b = np.arange(3, dtype=np.int32), np.ones(2)
    whole = content_hash({"a": a, "b": b})
    assert content_hash({"b": b, "a": a}) == whole
    others = [{"a": a, "b": b + 1}, {"a": a.astype(np.int64), "b": b}, {"a": a, "c": b}]
    assert whole not in [content_hash(other) for other in others]


def test_names_and_indices_are_consistent() -> None:
    head = load_head()
    n = len(head.vertices)
    assert head.shapes.names == BLENDSHAPES and len(BLENDSHAPES) == 52
    assert head.triangles.min() == 0 and head.triangles.max() == n - 1
    assert head.masks.shape == (len(MASKS), n)
    assert set(np.unique(head.part)) == set(range(len(PARTS)))
    for deltas in (head.shapes, head.targets):
        assert len(deltas.start) == len(deltas.names) + 1
        assert deltas.start[-1] == len(deltas.vertex) == len(deltas.offset)
        assert deltas.vertex.max() < n


def test_left_shapes_move_the_left_half() -> None:
    head = load_head()
    for name in ("browDownLeft", "eyeBlinkLeft", "mouthSmileLeft", "noseSneerLeft"):
        moved = head.vertices.copy()
        head.shapes.add(moved, name, 1.0)
        travel = np.linalg.norm(moved - head.vertices, axis=1)
        assert travel[head.vertices[:, 0] > 0].sum() > 3 * travel[head.vertices[:, 0] < 0].sum()


def test_ancestry_sex_and_age_shapes_are_there() -> None:
    names = load_head().targets.names
    for origin in ("african", "asian", "caucasian"):
        for sex in ("female", "male"):
            assert {f"{origin}-{sex}-young", f"{origin}-{sex}-old"} <= set(names)


def test_read_obj_and_target() -> None:
    obj = build_head.read_obj(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\n# c\ng body\nf 1/1 2/1 3/2 4/2\n"
    )
    assert obj.quads.tolist() == [[0, 1, 2, 3]] and obj.quad_uv.tolist() == [[0, 0, 1, 1]]
    assert obj.group.tolist() == ["body"] and obj.vertices.shape == (4, 3)
    text = b"# note\n1 .5 0 -1\n\n3 0 2 0\n"
    for data in (text, gzip.compress(text)):
        assert build_head.read_target(data, 4)[[1, 3]].tolist() == [[0.5, 0, -1], [0, 2, 0]]


def test_not_a_wheel_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="wheel"):
        build_head.main([str(tmp_path / "no.whl"), "--out", str(tmp_path / "head.npz")])


def test_sky_share_of_a_plate_behind_a_plate() -> None:
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    behind = square * [0.3, 0.3, 1] - [0, 0, 0.2]
    vertices = np.concatenate([square, behind])
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    share = sky_share(vertices, triangles, directions=32, cells=128)
    assert share[:4].min() > 0.9 and share[4:].max() < 0.4

"""What the audit reads: there and back again in every format, and what it refuses."""

import csv
import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.auditing.audit import audit_files
from rdfer.auditing.input import Given, read_labels, read_predictions
from rdfer.auditing.match import match
from rdfer.base.errors import UserError

# what a csv cell can hold, without space at its ends, which is passed over
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).map(
    str.strip
)
IDS = st.lists(WORDS.filter(bool), min_size=1, max_size=6, unique=True)
CLASSES = st.lists(
    WORDS.filter(lambda w: bool(w) and w not in ("id", "clip")), min_size=2, max_size=4, unique=True
)


def write_csv(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@settings(max_examples=80, deadline=None)
@given(ids=IDS, classes=CLASSES, clips=st.integers(1, 12), seed=st.integers(0, 999))
def test_predictions_there_and_back(
    ids: list[str], classes: list[str], clips: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.ones(len(classes)), (len(ids), clips))
    rows = [
        [name, n, *map(repr, map(float, values[v, n]))]
        for v, name in enumerate(ids)
        for n in range(clips)
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        # clips in any order; videos in the order in which they come first
        rng.shuffle(rows)
        first = list(dict.fromkeys(row[0] for row in rows))
        table = read_predictions(write_csv(root / "p.csv", [["id", "clip", *classes], *rows]))
        assert table.ids == tuple(first) and table.classes == tuple(classes)
        np.testing.assert_array_equal(table.values, values[[ids.index(name) for name in first]])
        np.savez(
            root / "p.npz", predictions=values, ids=objects(ids), classes=objects(classes), other=1
        )
        packed = read_predictions(root / "p.npz")
        assert packed.ids == tuple(ids) and packed.classes == tuple(classes)
        np.testing.assert_array_equal(packed.values, values)
        np.save(root / "p.npy", values)
        plain = read_predictions(root / "p.npy")
        assert plain.ids is None and plain.classes is None
        np.testing.assert_array_equal(plain.values, values)


def objects(words: list[str]) -> np.ndarray:
    return np.array(words, dtype=str)


@settings(max_examples=80, deadline=None)
@given(ids=IDS, seed=st.integers(0, 999), words=CLASSES)
def test_labels_there_and_back(ids: list[str], seed: int, words: list[str]) -> None:
    rng = np.random.default_rng(seed)
    chosen = [words[i] for i in rng.integers(0, len(words), len(ids))]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rows = [["note", "label", "id"], *(["", y, v] for v, y in zip(ids, chosen, strict=True))]
        read = read_labels(write_csv(root / "l.csv", rows))
        assert read.ids == tuple(ids) and read.values.tolist() == chosen
        np.savez(root / "l.npz", labels=objects(chosen), ids=objects(ids))
        packed = read_labels(root / "l.npz")
        assert packed.ids == tuple(ids) and packed.values.tolist() == chosen
        np.save(root / "l.npy", objects(chosen))
        assert read_labels(root / "l.npy").values.tolist() == chosen


def test_clips_are_in_the_order_of_their_numbers(tmp_path) -> None:
    rows = [["id", "clip", "a", "b"], *(["v", n, n / 20, 1 - n / 20] for n in (10, 9, 2, 11))]
    read = read_predictions(write_csv(tmp_path / "p.csv", rows))
    np.testing.assert_allclose(read.values[0, :, 0] * 20, [2, 9, 10, 11])


def test_a_spreadsheets_csv(tmp_path) -> None:
    (tmp_path / "l.csv").write_bytes("\ufeffid , label\r\na, Sad\r\n\r\nb ,Happy\r\n".encode())
    read = read_labels(tmp_path / "l.csv")
    assert read.ids == ("a", "b") and read.values.tolist() == ["Sad", "Happy"]


P = np.array([[[0.9, 0.1]] * 2, [[0.2, 0.8]] * 2])


def source(values, ids=None, classes=None, name="f") -> Given:
    return Given(name, np.asarray(values), ids, classes)


def test_rows_are_matched_by_id_whatever_their_order() -> None:
    labels = source([1, 0, 1], ("z", "b", "a"))
    matched = match(source(P, ("a", "b")), labels)
    assert matched.labels.tolist() == [1, 0] and matched.ids == ("a", "b")
    assert matched.notes == ("Labels without predictions, not shown: 1.",)


@pytest.mark.parametrize("where", [(None, ("a", "b")), (("a", "b"), None), (None, None)])
def test_without_ids_on_both_sides_the_order_counts_and_is_told(where) -> None:
    first, second = where
    matched = match(source(P, first), source([1, 0], second))
    assert matched.labels.tolist() == [1, 0] and matched.ids == (first or second)
    assert matched.notes == ("Videos and labels are matched by their order in the files.",)


@pytest.mark.parametrize(
    ("predictions", "labels", "classes", "told"),
    [
        (source(P), source([0]), None, "labels in f = 1: there are 2 videos in f"),
        (
            source(P, ("a", "b")),
            source([0]),
            None,
            "without ids in both files the numbers must be equal",
        ),
        (
            source(P, ("a", "b")),
            source([0, 1], ("b", "c")),
            None,
            "has no label for 1 of 2 videos of f, the first of them 'a'",
        ),
        (
            source(P, None, ("x", "y")),
            source([0, 1], None, ("y", "x"), "labels"),
            None,
            "classes of labels = y, x: must be those of f, in that order (x, y)",
        ),
        (
            source(P, None, ("x", "y")),
            source([0, 1]),
            ["x", "z"],
            "classes of f = x, y: must be those of classes, in that order (x, z)",
        ),
    ],
)
def test_what_does_not_fit_together(predictions, labels, classes, told) -> None:
    with pytest.raises(UserError) as error:
        match(predictions, labels, classes=classes)
    assert told in str(error.value)


def packed(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


HEAD = "id,clip,x,y\n"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.csv", None, "no such file"),
        ("p.pt", b"x", "must be a .npz, .npy or .csv file"),
        ("p.npz", b"", "cannot be read as plain arrays"),
        ("p.npz", packed(predictions=P)[:-30], "cannot be read as plain arrays"),
        ("p.npz", packed(logits=P, ids=["a"]), "holds logits, ids; an array 'predictions'"),
        ("p.npz", packed(predictions=np.array([None])), "cannot be read as plain arrays"),
        ("p.npz", packed(predictions=P[0]), "predictions of shape (2, 2): must be [videos"),
        ("p.npz", packed(predictions=P, ids=["a"]), "ids of shape (1,): 2 names are needed"),
        ("p.npz", packed(predictions=P, ids=[0.5, 1]), "ids of type float64: must be text"),
        ("p.npz", packed(predictions=P, classes=["a", "a"]), "classes = 'a': occurs twice"),
        ("p.npy", b"not an array", "cannot be read as plain arrays"),
        ("p.csv", b"", "columns none; id and clip are needed"),
        ("p.csv", b"id;clip;x;y\n", "columns id;clip;x;y; id and clip are needed, with commas"),
        ("p.csv", b"id,clip,x,x\n", "columns = 'x': occurs twice"),
        ("p.csv", HEAD.encode(), "has no rows"),
        ("p.csv", f"{HEAD}a,1,0.5\n".encode(), "line 2: has 3 cells; the header has 4"),
        ("p.csv", f"{HEAD}a,1,0.5,high\n".encode(), "line 2: 'high': must be a number"),
        ("p.csv", f"{HEAD}a,1,1,0\na,1,1,0\n".encode(), "line 3: clip '1' of 'a' occurs twice"),
        ("p.csv", f"{HEAD}a,1,1,0\na,2,1,0\nb,1,1,0\n".encode(), "'b' has 1 clips, 'a' 2"),
        ("p.csv", f"{HEAD},1,1,0\n".encode(), "id[0] = '': must not be empty"),
        ("p.csv", HEAD.encode("utf-16"), "cannot be read as csv in UTF-8"),
        ("p.csv", f'{HEAD}"a,1,1,0\n'.encode(), "cannot be read as csv"),
    ],
)
def test_predictions_refused(tmp_path, name, content, told) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read_predictions(tmp_path / name)
    assert told in str(error.value) and "\n" not in str(error.value)
    assert str(tmp_path / name) in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("l.npz", packed(labels=P), "labels of shape (2, 2, 2): must be [videos]"),
        ("l.npz", packed(y=[0]), "holds y; an array 'labels' is needed"),
        ("l.csv", b"video_name,label\n1,2\n", "columns video_name, label; id and label are needed"),
        ("l.csv", b"id,label\na,Sad\na,Sad\n", "id = 'a': occurs twice"),
    ],
)
def test_labels_refused(tmp_path, name, content, told) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read_labels(tmp_path / name)
    assert told in str(error.value)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=120).map(str.encode))
@pytest.mark.parametrize("suffix", [".csv", ".npz", ".npy"])
def test_whatever_a_file_holds_it_is_read_or_refused(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        for start in (b"", b"id,clip,x\n", b"\x93NUMPY\x01\x00", b"PK\x03\x04"):
            path.write_bytes(start + content)
            for read in (read_predictions, read_labels):
                try:
                    assert isinstance(read(path), Given)
                except UserError as error:
                    assert "\n" not in str(error)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), save=st.sampled_from((np.save, np.savez, np.savez_compressed)))
def test_a_broken_file_is_read_or_refused(data: st.DataObject, save) -> None:
    buffer = io.BytesIO()
    save(buffer, P) if save is np.save else save(buffer, predictions=P)
    content = bytearray(buffer.getvalue())
    places = st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255), max_size=4)
    for place, byte in data.draw(places).items():
        content[place] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("x.npy" if save is np.save else "x.npz")
        path.write_bytes(content)
        try:
            assert read_predictions(path).values.ndim == 3
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("shape", ["(10**13, 2, 2)", "(99999999999999, 2, 2)", f"(1{'0' * 30},)"])
def test_a_file_that_promises_too_much_is_refused(tmp_path, shape) -> None:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as plain arrays"):
        read_predictions(tmp_path / "x.npy")


def test_a_packed_file_of_zeros_is_refused_before_it_is_unpacked(tmp_path) -> None:
    head = b"\x93NUMPY\x01\x00v\x00"
    text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2097152, 9, 8), }".ljust(117) + "\n"
    with zipfile.ZipFile(tmp_path / "p.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("predictions.npy", "w", force_zip64=True) as part:
            part.write(head + text.encode())
            for _ in range(9 * 128):
                part.write(bytes(2**20))
    assert (tmp_path / "p.npz").stat().st_size < 2**21
    tracemalloc.start()
    with pytest.raises(UserError, match="unpacks to 1207959680 bytes; at most"):
        read_predictions(tmp_path / "p.npz")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_bytes_and_structures_are_no_arrays_of_ours(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as archive:
        archive.writestr("predictions", b"hello")
    with pytest.raises(UserError, match="cannot be read as plain arrays"):
        read_predictions(tmp_path / "p.npz")
    np.savez(tmp_path / "l.npz", labels=np.array([b"x", b"y"]), ids=["a", "b"])
    np.savez(tmp_path / "p.npz", predictions=P, ids=["a", "b"], classes=["x", "y"])
    with pytest.raises(UserError, match=r"labels of type \|S1: must be class names"):
        audit_files(tmp_path / "p.npz", tmp_path / "l.npz")


def test_numbers_as_labels_of_every_kind_mean_the_same(tmp_path) -> None:
    np.savez(tmp_path / "p.npz", predictions=P, ids=["a", "b"], classes=["x", "y"])
    np.savez(tmp_path / "l.npz", labels=[1, 1], ids=[" b", "a"])
    write_csv(tmp_path / "l.csv", [["id", "label"], ["b", "1"], ["a", "1"]])
    write_csv(tmp_path / "n.csv", [["id", "label"], ["b", "y"], ["a", "y"]])
    np.save(tmp_path / "l.npy", [1, 1])
    frames = [
        audit_files(tmp_path / "p.npz", tmp_path / name).frame()
        for name in ("l.npz", "l.csv", "n.csv", "l.npy")
    ]
    assert frames[0]["id"].tolist() == ["a", "b"]
    assert all(frame.equals(frames[0]) for frame in frames)

"""What other people's files look like: another order of classes, rounded rows, spare columns."""

import csv

import numpy as np
import pytest

from rdfer.auditing.audit import audit, audit_files
from rdfer.auditing.match import class_indices
from rdfer.auditing.sheet import write_csv
from rdfer.base.errors import UserError

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise")


def case(videos: int = 60, wrong: float = 0.15, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are mostly right, and the labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(videos) % len(CLASSES)
    shown = np.where(rng.random(videos) < wrong, rng.integers(0, len(CLASSES), videos), labels)
    probs = 0.2 * rng.dirichlet(np.ones(len(CLASSES)), (videos, 4))
    probs[np.arange(videos), :, shown] += 0.8
    return probs, labels


def save(folder, probs, labels, *, names=CLASSES) -> list[tuple[str, str]]:
    """Predictions, and labels in all formats: paths of each pair."""
    ids = np.array([f"v{k:03d}" for k in range(len(labels))])
    np.savez(folder / "p.npz", predictions=probs, ids=ids, classes=names)
    np.savez(folder / "l.npz", labels=labels, ids=ids)
    np.save(folder / "l.npy", labels)
    np.save(folder / "t.npy", np.array(labels).astype(str))
    with open(folder / "l.csv", "w") as file:
        csv.writer(file).writerows([("id", "label"), *zip(ids, labels, strict=True)])
    return [(folder / "p.npz", folder / name) for name in ("l.npz", "l.npy", "t.npy", "l.csv")]


def test_labels_that_count_from_one_are_refused_in_all_formats(tmp_path) -> None:
    probs, labels = case()
    few = labels < 4  # none of the last class, whose number would be out of range
    for kept, told in ((few, "count from 1, it seems"), (labels < 9, "count from 1, it seems")):
        for paths in save(tmp_path, probs[kept], labels[kept] + 1):
            with pytest.raises(UserError, match=told):
                audit_files(*paths)


def test_numbers_as_names_of_classes_are_names_in_all_formats(tmp_path) -> None:
    probs, labels = case()
    expected = audit(probs, labels).reason.tolist()
    for paths in save(tmp_path, probs, labels + 1, names=list("12345")):
        assert audit_files(*paths).reason.tolist() == expected


def test_swapped_classes_are_named() -> None:
    probs, labels = case()
    swapped = np.array([1, 0, 2, 3, 4])[labels]
    with pytest.raises(UserError, match=r"Happy as Sad, Sad as Happy, .* in another order"):
        audit(probs, swapped, classes=CLASSES)


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_weak_models_are_no_other_order(seed: int) -> None:
    probs, labels = case(seed=seed)
    rng = np.random.default_rng(seed)
    flipped = np.where(rng.random(60) < 0.4, (labels + 1) % 5, labels)  # asymmetric, 40 %
    assert len(audit(probs, flipped)) == 60
    assert len(audit(probs, rng.integers(0, 5, 60))) == 60
    always = np.tile([0.6, 0.1, 0.1, 0.1, 0.1], (60, 4, 1))
    assert len(audit(always, np.where(labels == 0, 1, labels))) == 60


@pytest.mark.parametrize("round_", [lambda p: p.round(3), lambda p: bfloat(p), np.float16])
def test_rounded_rows_are_normalised_and_noted(round_) -> None:
    probs, labels = case()
    sheet = audit(round_(probs), labels)
    np.testing.assert_allclose(sheet.probs.sum(-1), 1, atol=1e-3)
    if round_ is not np.float16:
        assert sheet.notes[0].startswith("Predictions sum to 0.99")
    assert sheet.reason.tolist() == audit(probs, labels).reason.tolist()


def bfloat(values: np.ndarray) -> np.ndarray:
    """The upper half of single precision, cut."""
    return (values.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)


def test_rows_that_rounding_does_not_explain_are_refused() -> None:
    probs, labels = case()
    with pytest.raises(UserError, match="must sum to 1; logits need a softmax first"):
        audit(probs * 1.05, labels)


def test_a_column_that_is_no_class_is_named() -> None:
    probs, labels = case()
    for spare in (np.full((60, 4, 1), 3.0), probs.argmax(-1)[..., None]):
        wide = np.concatenate([probs, spare], -1)
        with pytest.raises(UserError, match="column 'pred' is no class: without it each row sums"):
            audit(wide, labels, classes=[*CLASSES, "pred"])


def test_an_index_column_is_passed_over(tmp_path) -> None:
    rows = [(k, f"v{k // 2}", k % 2, 0.9, 0.1) for k in range(4)]
    for head in (",id,clip,x,y", "Unnamed: 0,id,clip,x,y"):
        lines = [head, *(",".join(map(str, row)) for row in rows)]
        (tmp_path / "p.csv").write_text("\n".join(lines))
        (tmp_path / "l.csv").write_text(",id,label,x,x\n0,v0,x,1,1\n1,v1,y,1,1\n")
        sheet = audit_files(tmp_path / "p.csv", tmp_path / "l.csv")
        assert sheet.classes == ("x", "y") and sheet.reason.tolist() == ["noisy", "clean"]
        assert sheet.notes == ("A column without a name was passed over.",)
    (tmp_path / "p.csv").write_text("id,clip,x,y,path\nv0,0,1,0,a.mp4\n")
    with pytest.raises(UserError, match=r"'a\.mp4': must be a number, as column 'path' is taken"):
        audit_files(tmp_path / "p.csv", tmp_path / "l.csv")


@pytest.mark.parametrize(
    ("ids", "theirs"),
    [
        (["1", "2"], ["00002.mp4", "00001.mp4"]),
        (["00001.MP4", "00002.mp4"], ["2", "1"]),
        (["a.avi", "e\u0301"], ["\u00e9.mkv", "a"]),
    ],
)
def test_names_are_matched_without_suffix_and_zeros(tmp_path, ids, theirs) -> None:
    probs = [[[0.9, 0.1]] * 2, [[0.2, 0.8]] * 2]
    np.savez(tmp_path / "p.npz", predictions=probs, ids=ids, classes=["x", "y"])
    np.savez(tmp_path / "l.npz", labels=["y", "x"], ids=theirs)
    sheet = audit_files(tmp_path / "p.npz", tmp_path / "l.npz")
    assert set(sheet.ids) == set(ids) and sheet.reason.tolist() == ["clean", "clean"]
    assert "without suffix and leading zeros" in sheet.notes[0]
    np.savez(tmp_path / "l.npz", labels=["y", "x", "x"], ids=["1", "01", "3"])
    with pytest.raises(UserError, match="has no label for"):
        audit_files(tmp_path / "p.npz", tmp_path / "l.npz")


def test_class_names_in_the_forms_that_readers_accept(tmp_path) -> None:
    words = np.array(["happiness", "SADNESS", "neutral", "anger", "Surprised"])
    probs, labels = case()
    found = class_indices(words[labels], ids=("",) * 60, classes=CLASSES, named=True)
    np.testing.assert_array_equal(found, labels)
    save(tmp_path, probs, labels)
    np.savez(tmp_path / "l.npz", labels=labels, classes=words)
    assert audit_files(tmp_path / "p.npz", tmp_path / "l.npz").classes == CLASSES


def test_the_table_carries_no_formula(tmp_path) -> None:
    ids = ["=1+2", "+a", "@b", "-3", "-x", "e"]
    probs, labels = case(6)
    sheet = audit(probs[:, :, :2] / probs[:, :, :2].sum(-1, keepdims=True), labels % 2,
                  ids=ids, classes=["=cmd|' /C calc'!A0", "y"])  # fmt: skip
    write_csv(sheet, tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert {"'=1+2", "'+a", "'@b", "-3", "'-x", "e", "'=cmd|' /C calc'!A0"} <= set(cells)
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)

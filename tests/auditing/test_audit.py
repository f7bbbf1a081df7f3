"""The audit: scores against a plain reference, symmetries, refusals, and the command."""

import csv
import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rdfer
from rdfer.auditing.audit import SCORE_THRESHOLD, THRESHOLD, audit, audit_files
from rdfer.auditing.sheet import Sheet, write_csv
from rdfer.base.errors import UserError
from rdfer.commands import cli
from rdfer.settings.variants import OURS, VOTE

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise")
SIZES = {
    "seed": st.integers(0, 10_000),
    "videos": st.integers(1, 8),
    "clips": st.integers(2, 6),
    "classes": st.integers(2, 5),
}


def drawn(seed: int, videos: int, clips: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that often agree, with labels that often do not."""
    rng = np.random.default_rng(seed)
    own = rng.dirichlet(np.full(classes, 0.3), (videos, 1))
    probs = 0.7 * own + 0.3 * rng.dirichlet(np.full(classes, 0.3), (videos, clips))
    return probs, rng.integers(0, classes, videos)


def names(videos: int) -> list[str]:
    return [f"v{k:02d}" for k in range(videos)]


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(importlib.import_module("rdfer.auditing.audit")).failed == 0


def test_the_books_example(capsys) -> None:
    text = (Path(__file__).parents[2] / "book" / "audit.md").read_text(encoding="utf-8")
    ((code, shown),) = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == shown


def test_by_hand() -> None:
    probs = [
        [[0.9, 0.1], [0.7, 0.3]],  # mean 0.8, 0.2: sure
        [[0.9, 0.1], [0.7, 0.3]],
        [[0.9, 0.1], [0.2, 0.8]],  # mean 0.55, 0.45: too close to call
        [[0.9, 0.1], [0.3, 0.7]],  # mean 0.6, 0.4
    ]
    sheet = audit(probs, [0, 1, 1, 0], ids=["a", "b", "c", "d"], classes=["x", "y"])
    assert sheet.ids == ("b", "c", "d", "a")
    assert sheet.reason.tolist() == ["noisy", "hard", "hard", "clean"]
    assert sheet.gap.tolist() == [0.6, 0.1, 0.0, 0.0]
    assert sheet.contrary.tolist() == [0.6, 0.1, -0.2, -0.6]
    assert sheet.agreement.tolist() == [1.0, 0.5, 0.5, 1.0]
    assert sheet.suspected.tolist() == [0, 0, 0, 0]
    assert sheet.max_mean_softmax.tolist() == [0.8, 0.55, 0.6, 0.8]
    np.testing.assert_allclose(sheet.loss, -np.log([0.2, 0.45, 0.6, 0.8]), atol=1e-9)


def test_thresholds_are_those_of_the_methods_and_reached_exactly() -> None:
    assert (SCORE_THRESHOLD, THRESHOLD) == (
        OURS["agreement.score_threshold"],
        VOTE["agreement.threshold"],
    )
    # 0.65 - 0.35 is a hair below 0.3 in floating point
    sure = [0.9, 0.1]
    probs = [[[0.65, 0.35]] * 5, [sure] * 4 + [[0.4, 0.6]]]  # 4 of 5 clips are 0.8
    assert audit(probs, [1, 0]).reason.tolist() == ["noisy", "clean"]
    assert audit(probs, [1, 0], score_threshold=0.31).reason.tolist() == ["hard", "clean"]
    assert audit(probs, [1, 0], threshold=0.81).reason.tolist() == ["noisy", "hard"]


def test_flat_predictions_are_told_of_and_the_mixture_finds_their_wrong_labels() -> None:
    probs, labels = drawn(5, 60, 4, 3)
    labels = probs.mean(1).argmax(1)
    labels[:12] = (labels[:12] + 1) % 3
    flat = 0.2 * probs + 0.8 / 3  # the same order and votes, nowhere a gap of 0.3
    by_threshold = audit(flat, labels, ids=names(60))
    assert by_threshold.count("noisy") == 0
    assert by_threshold.notes[-1].startswith("No gap reaches 0.3; the largest is 0.")
    by_mixture = audit(flat, labels, ids=names(60), rule="mixture")
    assert by_mixture.notes == ()
    assert by_mixture.ids == by_threshold.ids
    noisy = [i for i, r in zip(by_mixture.ids, by_mixture.reason, strict=True) if r == "noisy"]
    assert sorted(noisy) == names(60)[:12]


def test_the_mixture_never_doubts_a_label_that_is_the_prediction() -> None:
    probs, _ = drawn(6, 30, 4, 3)
    sheet = audit(probs, probs.mean(1).argmax(1), rule="mixture")
    assert sheet.count("noisy") == 0


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_against_a_plain_reference(seed: int, videos: int, clips: int, classes: int) -> None:
    probs, labels = drawn(seed, videos, clips, classes)
    sheet = audit(probs, labels, ids=names(videos))
    assert sorted(sheet.ids) == names(videos)
    assert (np.diff(sheet.contrary) <= 0).all()
    for row, name in enumerate(sheet.ids):
        video = int(name[1:])
        mean, label = probs[video].mean(0), labels[video]
        gap = mean.max() - mean[label]
        support = (probs[video].argmax(1) == label).mean()
        expected = "noisy" if gap >= 0.3 else "hard" if support < 0.8 else "clean"
        assert sheet.reason[row] == expected
        assert sheet.gap[row] == pytest.approx(gap, abs=1e-8)
        assert sheet.suspected[row] == mean.argmax()
        assert sheet.given[row] == label
        votes = np.bincount(probs[video].argmax(1))
        assert sheet.agreement[row] == pytest.approx(votes.max() / clips)
        assert votes[sheet.majority[row]] == votes.max()
        np.testing.assert_array_equal(sheet.probs[row], probs[video])


@pytest.mark.parametrize("rule", ["threshold", "mixture"])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@settings(max_examples=25, deadline=None)
@given(**{**SIZES, "videos": st.integers(2, 8)})
def test_no_order_matters(rule, seed: int, videos: int, clips: int, classes: int) -> None:
    probs, labels = drawn(seed, videos, clips, classes)
    ids, words = np.array(names(videos)), np.array(CLASSES[:classes])
    options = {"ids": ids.tolist(), "classes": words.tolist(), "rule": rule}
    plain = audit(probs, words[labels], **options).frame()
    rng = np.random.default_rng(seed)
    v, n, c = (rng.permutation(size) for size in (videos, clips, classes))
    options |= {"ids": ids[v].tolist(), "classes": words[c].tolist()}
    moved = audit(probs[v][:, n][:, :, c], words[labels[v]], **options)
    assert moved.frame().equals(plain)


def test_a_tie_with_the_given_class_suspects_no_other() -> None:
    sheet = audit([[[0.5, 0.5], [0.5, 0.5]]], [1])
    assert sheet.suspected.tolist() == [1] and sheet.gap.tolist() == [0.0]


def test_equal_scores_are_ranked_by_id() -> None:
    probs = np.tile([0.9, 0.1], (3, 2, 1))
    assert audit(probs, [1, 1, 1], ids=["b", "c", "a"]).ids == ("a", "b", "c")


def test_the_package_offers_the_function() -> None:
    assert rdfer.audit is audit


def test_it_needs_neither_torch_nor_what_only_the_workflow_has() -> None:
    code = (
        "import sys; sys.modules |= dict.fromkeys(['pandas', 'pydantic', 'jinja2'])\n"
        "import numpy, rdfer\n"
        "rdfer.audit(numpy.full((3, 2, 2), 0.5), [0, 1, 0], rule='mixture')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "given",
    [
        lambda probs: torch.tensor(probs, dtype=torch.float32, requires_grad=True),
        lambda probs: torch.tensor(probs, dtype=torch.float16),
        lambda probs: [torch.tensor(video, dtype=torch.float32) for video in probs],
        lambda probs: probs.astype(np.float32),
        lambda probs: probs.tolist(),
    ],
)
@pytest.mark.parametrize(
    "labelled", [torch.tensor, np.uint8, list, lambda x: list(map(torch.tensor, x))]
)
def test_tensors_arrays_and_lists_are_one_thing(given, labelled) -> None:
    probs = np.array([[[0.75, 0.25], [0.5, 0.5]], [[0.25, 0.75], [0.125, 0.875]]])
    sheet = audit(given(probs), labelled([1, 1]))
    assert sheet.frame().equals(audit(probs, [1, 1]).frame())
    np.testing.assert_array_equal(sheet.probs, probs[[int(name) for name in sheet.ids]])


def test_half_precision_that_numpy_lacks_is_taken_too() -> None:
    probs = torch.full((3, 2, 4), 0.25, dtype=torch.bfloat16)
    assert audit(probs, [1, 2, 3]).reason.tolist() == ["hard"] * 3


P = np.full((3, 2, 2), 0.5)


def changed(index: tuple[int, ...], value: float) -> np.ndarray:
    values = P.copy()
    values[index] = value
    return values


@pytest.mark.parametrize(
    ("predictions", "labels", "options", "told"),
    [
        (P[:, :1], [0, 1, 0], {}, "clips = 1: must be at least 2"),
        (P[0], [0, 1], {}, "predictions of shape (2, 2): must be [videos, clips, classes]"),
        (P[:0], [], {}, "predictions of shape (0, 2, 2)"),
        (P[:, :, :1], [0, 0, 0], {}, "predictions of shape (3, 2, 1)"),
        ([[[0.5, 0.5]], [[1.0]]], [0, 1], {}, "rows are of different lengths"),
        ([["a"]], [0], {}, "must be numbers"),
        (changed((1, 0, 1), np.nan), [0, 1, 0], {}, "predictions of '1': probs[0, 0, 1] = nan"),
        (changed((2, 1, 0), -0.1), [0, 1, 0], {}, "predictions of '2': probs[0, 1, 0] = -0.1"),
        (changed((2, 1, 0), 3), [0, 1, 0], {}, "sums to 3.5: must sum to 1; logits need a softmax"),
        (changed((0, 1, 0), np.inf), [0, 1, 0], {}, "predictions of '0': probs[0, 1] sums to inf"),
        (P, [0, 1], {}, "labels of shape (2,): there are 3 videos"),
        (P, [0, 1, 2], {}, "label of '2' = '2': must be 0 to 1, as nothing tells the names"),
        (P, [0, -1, 1], {}, "label of '1' = '-1': must be 0 to 1"),
        (P, [0.0, 1.0, 0.0], {}, "labels of type float64: must be class names or whole numbers"),
        (P, ["x", "y", "z"], {"classes": ["x", "y"]}, "label of '2' = 'z': must be one of x, y"),
        (P, ["x", "1", "0"], {"classes": ["x", "y"]}, "label of '1' = '1': must be one of x, y"),
        (P, [0, 1, 0], {"classes": ["x"]}, "classes = x: must name 2 columns"),
        (P, [0, 1, 0], {"classes": ["x", "x"]}, "classes = 'x': occurs twice"),
        (P, [0, 1, 0], {"ids": ["a", "b"]}, "ids of length 2: must be 3, one a video"),
        (P, [0, 1, 0], {"ids": ["a", "b", "a"]}, "ids = 'a': occurs twice"),
        (P, [0, 1, 0], {"ids": ["a", " ", "c"]}, "ids[1] = '': must not be empty"),
        (P, [0, 1, 0], {"rule": "mix"}, "rule = 'mix': must be one of threshold, mixture"),
        (P[:1], [0], {"rule": "mixture"}, "a mixture of two needs at least 2"),
        (P, [0, 1, 0], {"score_threshold": 0.0}, "score_threshold = 0.0: must be above 0"),
        (P, [0, 1, 0], {"threshold": np.nan}, "threshold = nan: must be above 0"),
    ],
)
def test_refusals(predictions, labels, options, told) -> None:
    with pytest.raises(UserError) as error:
        audit(predictions, labels, **options)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_class_without_videos_is_named() -> None:
    sheet = audit(P, ["x", "x", "x"], classes=["x", "y"])
    assert sheet.notes == ("No video is labelled y: nothing can be said of such labels.",)


def test_csv_holds_every_row(tmp_path) -> None:
    probs, labels = drawn(2, 6, 4, 3)
    ids = [*names(5), 'odd, "quoted"']
    sheet = audit(probs, labels, ids=ids, classes=CLASSES[:3])
    write_csv(sheet, tmp_path / "sheet.csv")
    with open(tmp_path / "sheet.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == list(sheet.ids)
    assert [int(row["rank"]) for row in rows] == list(range(1, 7))
    assert [row["given"] for row in rows] == [CLASSES[c] for c in sheet.given]
    np.testing.assert_allclose([float(row["gap"]) for row in rows], sheet.gap, atol=1e-6)
    assert list(rows[0]) == list(sheet.frame().columns)


def write_case(folder, **arrays: np.ndarray) -> tuple[str, str]:
    """Predictions and labels on disk; returns both paths."""
    probs, labels = drawn(3, 5, 4, 5)
    given = {"predictions": probs, "ids": np.array(names(5)), "classes": np.array(CLASSES)}
    np.savez(folder / "p.npz", **{**given, **arrays})
    lines = [f"{name},{CLASSES[label]}\n" for name, label in zip(names(5), labels, strict=True)]
    (folder / "l.csv").write_text("id,label\n" + "".join(reversed(lines)))
    return str(folder / "p.npz"), str(folder / "l.csv")


def test_the_command_writes_both_files(tmp_path, capsys) -> None:
    predictions, labels = write_case(tmp_path)
    out = tmp_path / "a" / "b"
    argv = ["audit", predictions, labels, "--out", str(out), "--top", "2"]
    assert cli.main([*argv, "--score-threshold", "0.2"]) == 0
    assert sorted(os.listdir(out)) == ["audit.csv", "audit.html"]
    sheet: Sheet = audit_files(predictions, labels, score_threshold=0.2)
    write_csv(sheet, tmp_path / "own.csv")
    assert (out / "audit.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()
    said = capsys.readouterr().err
    assert "5 videos, 4 clips each" in said and "The first 2 are shown." in said


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (["--classes", "a,b"], "must be those of classes, in that order"),
        (["--videos", "nowhere"], "videos = 'nowhere': no such folder"),
        (["--rule", "mix"], "rule = 'mix': must be one of threshold, mixture"),
        (["--top", "0"], "'0': must be a whole number from 1 on"),
        (["--score-threshold", "2"], "score_threshold = 2.0: must be above 0 and at most 1"),
        (["--threshold", "x"], "--threshold"),
    ],
)
def test_bad_options_are_one_line_and_status_2(tmp_path, capsys, extra, told) -> None:
    out = tmp_path / "out"
    try:
        status = cli.main(["audit", *write_case(tmp_path), "--out", str(out), *extra])
    except SystemExit as stop:
        status = stop.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 1
    assert lines[0].startswith("error: ") and told in lines[0]
    assert not out.exists()


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"predictions": np.full((5, 1, 5), 0.2)}, "clips = 1: must be at least 2"),
        ({"predictions": np.full((5, 2, 5), np.nan)}, "predictions of 'v00': probs[0, 0, 0] = nan"),
        ({"predictions": np.full((5, 2, 5), 0.3)}, "sums to 1.5: must sum to 1"),
        ({"predictions": np.full((5, 2, 5), None)}, "cannot be read as plain arrays"),
        ({"classes": np.array(list("abcde"))}, "must be one of a, b, c, d, e"),
        ({"ids": np.array(["v00", "v01", "w", "v02", "x"])}, "has no label for 2 of 5 videos"),
    ],
)
def test_bad_files_are_one_line_and_status_2(tmp_path, capsys, arrays, told) -> None:
    out = tmp_path / "out"
    assert cli.main(["audit", *write_case(tmp_path, **arrays), "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and told in line
    assert not out.exists()

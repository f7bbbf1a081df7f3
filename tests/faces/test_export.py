"""Tests of the export to real files, read back by independent means."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, record
from rdfer.data.manifest import CLASSES, Truth
from rdfer.faces import export as module
from rdfer.faces.export import export, folds, write_video
from rdfer.faces.sample import Sample
from rdfer.faces.scenario import make_split
from rdfer.faces.truth import truth
from rdfer.faces.video import render_sample


@pytest.fixture(scope="module")
def few() -> tuple[Sample, ...]:
    """One clip a class."""
    return make_split("development", "test", 7, frames=16)


def decode(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def test_plain_videos_hold_the_rendered_frames(tmp_path: Path, few: Sequence[Sample]) -> None:
    export(few, tmp_path / "out", size=48)
    rows = read_json(tmp_path / "out" / "truth.json")["videos"]
    for sample, row in zip(few, rows, strict=True):
        known = {name: row[name] for name in truth(sample).to_row()}
        assert record(Truth, known, "") == truth(sample)
        frames = decode(tmp_path / "out" / row["file"])
        wanted = render_sample(sample, 48)
        assert frames.shape == wanted.shape
        assert np.abs(frames.astype(int) - wanted).mean() < 12


def test_dfew_tree(tmp_path: Path, few: Sequence[Sample]) -> None:
    given = {sample.id: sample.label for sample in few} | {few[0].id: "Fear"}
    export(few, tmp_path / "D", layout="dfew", size=32, given=given)
    assert (tmp_path / "D/Clip/original/1.mp4").is_file()
    tested = []
    for k in range(1, 6):
        parts = []
        for part in ("train", "test"):
            path = tmp_path / f"D/EmoLabel_DataSplit/{part}(single-labeled)/set_{k}.csv"
            parts.append(list(csv.DictReader(path.open())))
        assert {row["video_name"] for part in parts for row in part} == set("1234567")
        tested += parts[1]
    assert sorted(row["video_name"] for row in tested) == list("1234567")
    for row in tested:
        sample = few[int(row["video_name"]) - 1]
        assert CLASSES[int(row["label"]) - 1] == given[sample.id]
    first = read_json(tmp_path / "D/truth.json")["videos"][0]
    assert first["given"] == "Fear" and first["label"] == few[0].label


def test_dfew_frames(tmp_path: Path, few: Sequence[Sample]) -> None:
    export(few[:2], tmp_path / "D", layout="dfew-frames", size=33)
    files = sorted((tmp_path / "D/Clip/clip_224x224/00002").iterdir())
    assert [file.name for file in files][::15] == ["00002_00001.jpg", "00002_00016.jpg"]
    with Image.open(files[0]) as image:
        assert image.size == (33, 33)


def test_ferv39k_tree(tmp_path: Path, few: Sequence[Sample]) -> None:
    export(few, tmp_path / "F", layout="ferv39k", size=32)
    lines = [
        line.split(" ")
        for part in ("train", "test")
        for line in (tmp_path / f"F/4_setups/All_scenes/{part}_All.csv").read_text().splitlines()
    ]
    assert len(lines) == 7
    for path, label in lines:
        assert path.split("/")[1] == label in CLASSES
        assert len(list((tmp_path / "F/2_ClipsforFaceCrop" / path).glob("*.jpg"))) == 16


def test_folders(tmp_path: Path, few: Sequence[Sample]) -> None:
    export(few[:1], tmp_path / "c", layout="folders", size=32)
    assert (tmp_path / "c" / few[0].label / f"{few[0].id}.mp4").is_file()


def test_folds_keep_people_together_and_classes_apart(samples: tuple[Sample, ...]) -> None:
    fold = folds(samples)
    people: dict[int, set[int]] = {}
    for sample in samples:
        people.setdefault(sample.identity, set()).add(fold[sample.id])
    assert all(len(of) == 1 for of in people.values())
    table = Counter((fold[sample.id], sample.label) for sample in samples)
    assert all(8 <= table[k, name] <= 16 for k in range(1, 6) for name in CLASSES)


def test_nothing_half_written_is_left(
    tmp_path: Path, few: Sequence[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([None])

    def breaks(path: Path, frames: object, rate: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("begun")
        if next(calls, "second") == "second":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write", breaks)
    with pytest.raises(UserError, match="no space left"):
        export(few, tmp_path / "out", size=32)
    assert list(tmp_path.iterdir()) == []


def test_refuses(tmp_path: Path, few: Sequence[Sample]) -> None:
    with pytest.raises(UserError, match="layout"):
        export(few, tmp_path / "x", layout="avi")
    with pytest.raises(UserError, match="even"):
        export(few, tmp_path / "x", size=33)
    with pytest.raises(UserError, match="nothing to export"):
        export([], tmp_path / "x")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="not an empty folder"):
        export(few, tmp_path)
    with pytest.raises(UserError, match="not an empty folder"):
        export(few, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_frame_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", np.zeros((10, 32, 32, 3), np.uint8), fps=25)
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].average_rate == 25

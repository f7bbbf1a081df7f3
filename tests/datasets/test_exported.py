"""The project's own faces as real files in official layouts, with what real archives have amiss."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from rdfer.datasets import read
from rdfer.datasets.check import check
from rdfer.faces.export import export, write_video
from rdfer.faces.scenario import make_split
from rdfer.faces.truth import load_rows
from rdfer.faces.video import render_sample
from rdfer.manifest import CLASSES
from rdfer.video import read_frames
from tests.datasets import trees


@pytest.fixture(scope="module")
def samples():
    """Five videos a class."""
    return make_split("development", "test", 35, frames=16)


@pytest.mark.parametrize("layout", ["dfew", "dfew-frames", "ferv39k", "folders"])
def test_labels_and_frames_come_back(tmp_path, samples, layout):
    root = tmp_path / layout
    export(samples, root, layout=layout, size=32)
    name = layout.split("-")[0]
    found = {clip.path: clip for fold in ((1,) if name == "ferv39k" else range(1, 6))
             for clip in read(name, root, fold=fold).select(split="test").clips}  # fmt: skip
    rows = {str(root / row["file"]): row for row in load_rows(root / "truth.json")}
    assert set(found) <= set(rows)
    assert name == "ferv39k" or len(found) == 35
    for path, clip in found.items():
        assert clip.label == rows[path]["label"]
    clip = next(iter(found.values()))
    frames = read_frames(clip.path)
    sample = next(s for s in samples if s.id == rows[clip.path]["id"])
    rendered = render_sample(sample, 32)
    assert frames.shape == rendered.shape
    assert np.abs(frames.astype(int) - rendered).mean() < 12


IDS = (1, 2, 4, *range(9, 20))


@pytest.fixture(scope="module")
def archive(tmp_path_factory, samples):
    """DFEW of 14 clips: gaps in the ids, a clip of 11 frames, 256 px, CRLF, an empty file."""
    root = tmp_path_factory.mktemp("DFEW")
    samples = samples[:14]
    for clip, sample in zip(IDS, samples, strict=True):
        frames = render_sample(sample, 64)[: 11 if clip == 4 else 16]
        write_video(root / f"Clip/original/{clip}.mp4", frames, fps=8)
        folder = root / f"Clip/clip_224x224/{clip:05d}"
        folder.mkdir(parents=True)
        for t, frame in enumerate(frames, start=1):
            picture = Image.fromarray(frame).resize((256, 256))
            picture.save(folder / f"{clip:05d}_{t:05d}.jpg")
    (root / "Clip/original/19.mp4").write_bytes(b"")
    label = {c: CLASSES.index(s.label) + 1 for c, s in zip(IDS, samples, strict=True)}
    first = {s.label: c for c, s in zip(reversed(IDS), reversed(samples), strict=True)}
    train = {c: label[c] for c in first.values()}
    for split, part in (("train", train), ("test", {c: label[c] for c in IDS if c not in train})):
        lines = ["video_name,label", *(f"{c},{n}" for c, n in part.items())]
        file = root / f"EmoLabel_DataSplit/{split}(single-labeled)/set_1.csv"
        trees.write(file, "\n".join(lines) + "\n", newline="\r\n")
    return root


def test_an_archive_as_they_are(archive, samples):
    manifest = read("dfew", archive, clips="original")
    assert {int(clip.id) for clip in manifest.clips} == set(IDS)
    assert Counter(c.given for c in manifest.clips) == Counter(s.label for s in samples[:14])
    report = check("dfew", archive, fold=1, clips="original")
    notes = {f.what: f for f in report.findings}
    assert "19.mp4 is empty (0 bytes)" in notes["videos that cannot be read"].advice


def test_its_folders_of_frames(archive):
    report = check("dfew", archive, fold=1, clips="clip_224x224")
    notes = {f.what: f for f in report.findings}
    assert notes["clips under 16 frames"].found == "1"
    assert notes["frames a clip"].found == "11..16, median 16"
    assert notes["pixels of frames"].found == "256 x 256"
    clip = next(c for c in read("dfew", archive, clips="clip_224x224").clips if c.id == "00004")
    assert read_frames(clip.path, size=128).shape == (11, 128, 128, 3)

"""What the project exports of its own faces is read as the data set of that layout."""

import numpy as np
import pytest

from rdfer.base.files import read_json
from rdfer.data.video import read_frames
from rdfer.datasets import read
from rdfer.faces.export import export
from rdfer.faces.scenario import make_split
from rdfer.faces.video import render_sample


@pytest.fixture(scope="module")
def samples():
    """Five videos a class."""
    return make_split("development", "test", 35, frames=16)


@pytest.mark.parametrize("layout", ["dfew", "dfew-frames", "ferv39k", "folders"])
def test_labels_and_frames_come_back(tmp_path, samples, layout):
    root = tmp_path / layout
    export(samples, root, layout=layout, size=32)
    name = layout.split("-")[0]
    found = {video.path: video for fold in ((1,) if name == "ferv39k" else range(1, 6))
             for video in read(name, root, fold=fold).select(split="test").videos}  # fmt: skip
    rows = {str(root / row["file"]): row for row in read_json(root / "truth.json")["videos"]}
    assert set(found) <= set(rows)
    assert name == "ferv39k" or len(found) == 35
    for path, video in found.items():
        assert video.label == rows[path]["label"]
    video = next(iter(found.values()))
    frames = read_frames(video.path)
    sample = next(s for s in samples if s.id == rows[video.path]["id"])
    rendered = render_sample(sample, 32)
    assert frames.shape == rendered.shape
    assert np.abs(frames.astype(int) - rendered).mean() < 12

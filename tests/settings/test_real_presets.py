"""Every preset of a real set: one fold of a small tree in its layout, to a run that has scores.

The set's size, and the size of network, frames and training, are all that is changed: whether the
encoder is frozen or trained with the rest, its streams, fusion and precision are the preset's.
"""

import numpy as np
import pytest

from rdfer.datasets import DATASETS
from rdfer.pipeline import steps
from rdfer.settings.variants import METHODS
from tests.datasets.faces_trees import as_whole, plant
from tests.datasets.layouts import LAYOUTS

TINY = {
    "data.frames": 16,
    "data.size": 36,
    "network.hidden": 8,
    "network.heads": 2,
    "network.layers": 1,
    # a ResNet-50, and the weights that a run makes for it, take a GPU
    "network.encoder": "faces-resnet",
    "training.epochs": 2,
    "training.warmup": 1,
    "training.batch": 8,
    "agreement.clips": 2,
    "agreement.start": 1,
    "agreement.every": 1,
}
#: Of a training clip a class none can be given away.
LAST = {"data.val_share": 0, "training.choose": "last"}
BY_ACTOR = {"data.val_share": 0.34}
CASES = {
    "dfew": ("dfew frames", LAST),
    "ferv39k": ("ferv39k crops", LAST),
    "mafw": ("mafw frames", LAST),
    "cremad": ("cremad", BY_ACTOR),
    "ravdess": ("ravdess", BY_ACTOR),
}


@pytest.mark.parametrize("preset", CASES)
def test_a_fold_is_trained_and_tested(project, tmp_path, monkeypatch, preset):
    place, choice = CASES[preset]
    layout = LAYOUTS[place]
    items = plant(tmp_path / "root", layout)
    monkeypatch.setitem(DATASETS, preset, as_whole(layout, items))
    context = steps.begin(preset, {**TINY, **choice}, fold=1, data=str(tmp_path / "root"))
    steps.prepare(context, workers=0)
    variants = [METHODS["plain"], METHODS["vote"]]
    table = steps.train_runs(context, "train", variants, seed=0)
    assert table["how"].tolist() == ["trained", "trained"]
    manifest, _, _ = steps.load(context)
    tested = {k for k, video in enumerate(manifest.videos) if video.split == "test"}
    lost = {k for k in tested if not manifest.videos[k].n_frames}
    for run in (runs[0] for runs in steps.gather(context, "train", variants, [0]).values()):
        arrays, metrics = run.arrays(), run.metrics()
        assert set(arrays["test_videos"].tolist()) == tested - lost
        probs = arrays["test_probs"]
        assert probs.shape == (len(tested - lost), len(manifest.classes))
        np.testing.assert_allclose(probs.sum(1), 1, atol=1e-3)
        right = probs.argmax(1) == manifest.labels()[arrays["test_videos"]]
        assert metrics["war"] == pytest.approx(right.sum() / len(tested))

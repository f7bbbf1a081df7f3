"""t-SNE of features: which videos, what is counted, what is drawn."""

import json

import numpy as np
import pytest

from rdfer.data.manifest import CLASSES
from rdfer.report import embedding


class Recorded:
    """A run with features of 20 test videos a class, apart from each other or not."""

    def __init__(self, *, seed=3, apart=True):
        rng, self.seed = np.random.default_rng(0), seed
        true = np.repeat(np.arange(7), 20)
        features = rng.normal(size=(140, 8))
        features[:, :7] += 30 * np.eye(7)[true] * apart
        self._arrays = {"test_true": true, "test_features": features.astype(np.float16)}

    def arrays(self):
        return self._arrays


def test_neighbours_are_counted_class_by_class():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], [200, 20])
    apart = rng.normal(size=(220, 3)) + 50 * labels[:, None]
    assert embedding.neighbours_alike(apart, labels) == 1
    # by chance: 199 of 219 for the frequent class, 19 of 219 for the rare one
    mixed = embedding.neighbours_alike(rng.normal(size=(220, 3)), labels)
    assert mixed == pytest.approx((199 / 219 + 19 / 219) / 2, abs=0.06)


def test_maps_are_of_the_first_seed_and_fit_for_json():
    runs = {
        "plain": [Recorded(apart=False), Recorded(seed=9)],
        "vote": [Recorded()],
        "ours": [Recorded()],
    }
    found = embedding.feature_maps(runs)
    assert found["seed"] == 3 and list(found["maps"]) == ["plain", "ours"]
    assert found["labels"] == np.repeat(range(7), 20).tolist()
    assert all(len(m["x"]) == len(m["y"]) == 140 for m in found["maps"].values())
    assert found["maps"]["ours"]["alike"] == 1 > found["maps"]["plain"]["alike"]
    assert json.loads(json.dumps(found)) == found
    figure, said = embedding.features({"features": found})
    assert "RDFER (ours) 100.0 %" in said and len(figure.axes) == 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(CLASSES)

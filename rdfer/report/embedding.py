"""Where the test videos lie in what a network makes of them: t-SNE of its features, of one seed.

t-SNE keeps neighbours and little else: distances between groups, and their sizes, mean nothing. So
the neighbours themselves are counted as well, in the features and not in the picture.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.data.manifest import CLASSES
from rdfer.pipeline.runs import Run
from rdfer.report import drawing
from rdfer.report.drawing import BLUE, GREEN, ORANGE, SOFT, Drawn
from rdfer.report.readout import CEILING, Results, percent
from rdfer.settings.variants import METHODS

SHOWN = ("plain", "ours", CEILING)
PER_CLASS = 60  # videos drawn; more would hide each other
NEIGHBOURS = 10
#: Colours and markers of the classes: told apart without colour vision by the marker.
COLOURS = ("#E69F00", BLUE, SOFT, ORANGE, "#56B4E9", GREEN, "#CC79A7")
MARKERS = "ovs^DPX"


def neighbours_alike(features: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Share of the nearest neighbours that are of a video's own class, mean over classes.

    >>> neighbours_alike(np.eye(2).repeat(11, 0), np.repeat([0, 1], 11))
    1.0

    Args:
        features: ``[V, F]``.
        labels: ``[V]``.
    """
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(features).kneighbors(return_distance=False)
    alike = (labels[near] == labels[:, None]).mean(1)
    return float(np.mean([alike[labels == c].mean() for c in np.unique(labels)]))


def feature_maps(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """The content of ``features.json``: t-SNE of a part of the test videos, for a few methods.

    Args:
        runs: by method; the first run of each is looked at.

    Returns:
        ``seed``; ``labels``, class of each drawn video; ``maps``, method to ``x``, ``y`` of each
        and ``alike``, see :func:`neighbours_alike`, of all test videos.
    """
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler

    maps: dict[str, Any] = {}
    chosen: NDArray[np.int64] = np.zeros(0, np.int64)
    for method in (m for m in SHOWN if m in runs):
        arrays = runs[method][0].arrays()
        labels = arrays["test_true"]
        chosen = np.concatenate(
            [np.flatnonzero(labels == c)[:PER_CLASS] for c in np.unique(labels)]
        )
        features = StandardScaler().fit_transform(arrays["test_features"].astype(np.float64))
        perplexity = min(30.0, (len(chosen) - 1) / 3)
        flat = TSNE(perplexity=perplexity, random_state=0).fit_transform(features[chosen])
        x, y = flat.round(2).T.tolist()
        maps[method] = {"x": x, "y": y, "alike": neighbours_alike(features, labels)}
    seed = runs[SHOWN[0]][0].seed
    return {"seed": seed, "labels": labels[chosen].tolist(), "maps": maps}


def features(results: Results) -> Drawn:
    """The maps side by side, a colour and a marker for each class."""
    found = results["features"]
    labels = np.asarray(found["labels"])
    maps = {method: found["maps"][method] for method in SHOWN if method in found["maps"]}
    figure, axes = drawing.subplots(1, len(maps), width=7.4, height=3.4, squeeze=False)
    said = []
    for axis, (method, where) in zip(axes.flat, maps.items(), strict=True):
        places = np.array([where["x"], where["y"]])
        for number, name in enumerate(CLASSES):
            look = {"color": COLOURS[number], "ms": 3.5, "mew": 0, "alpha": 0.8, "label": name}
            axis.plot(*places[:, labels == number], MARKERS[number], **look)
        title, share = METHODS[method].title, percent(where["alike"])
        axis.set_title(f"{title}\n{share} % of neighbours alike", fontsize=9)
        axis.set(xticks=[], yticks=[], box_aspect=1)
        axis.grid(False)
        for side in axis.spines.values():
            side.set(visible=True, color=SOFT)
        said.append(f"{title} {share} %")
    below = {"loc": "outside lower center", "markerscale": 1.8, "fontsize": 8}
    drawing.legend(figure, axes[0, 0], columns=7, **below)
    return figure, (
        "t-SNE of the features of test videos, coloured by true class. Of the nearest neighbours of"
        f" a video, of its own class: {', '.join(said)}."
    )

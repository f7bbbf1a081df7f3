"""Where the test videos lie in what a network makes of them: t-SNE of its features, of one seed.

t-SNE keeps neighbours and little else: distances between groups, and their sizes, mean nothing. So
the neighbours themselves are counted as well, in the features and not in the picture.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from rdfer.data.manifest import CLASSES
from rdfer.pipeline.runs import Run, plain
from rdfer.report.drawing import SOFT, Drawn, subplots
from rdfer.report.readout import CEILING, Results, percent
from rdfer.settings.variants import METHODS

SHOWN = ("plain", "ours", CEILING)
PER_CLASS = 60  # videos drawn; more would hide each other
NEIGHBOURS = 10
#: Colour and marker of each class: told apart without colour vision by the marker.
CLASS_LOOKS: Mapping[str, tuple[str, str]] = dict(
    zip(
        CLASSES,
        (
            *(("#E69F00", "o"), ("#0072B2", "v"), ("#767676", "s"), ("#D55E00", "^")),
            *(("#56B4E9", "D"), ("#009E73", "P"), ("#CC79A7", "X")),
        ),
        strict=True,
    )
)


def neighbours_alike(features: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Share of the nearest neighbours that are of a video's own class, mean over classes.

    >>> neighbours_alike(np.eye(2).repeat(11, 0), np.repeat([0, 1], 11))
    1.0

    Args:
        features: ``[V, F]``.
        labels: ``[V]``.
    """
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
        maps[method] = {
            "x": flat[:, 0].round(2),
            "y": flat[:, 1].round(2),
            "alike": neighbours_alike(features, labels),
        }
    seed = runs[SHOWN[0]][0].seed
    return plain({"seed": seed, "labels": labels[chosen], "maps": maps})


def features(results: Results) -> Drawn:
    """The maps side by side, a colour and a marker for each class."""
    found = results["features"]
    labels = np.asarray(found["labels"])
    maps = {method: found["maps"][method] for method in SHOWN if method in found["maps"]}
    figure, axes = subplots(1, len(maps), width=7.4, height=3.4, squeeze=False)
    said = []
    for axis, (method, where) in zip(axes.flat, maps.items(), strict=True):
        for number, (name, (colour, marker)) in enumerate(CLASS_LOOKS.items()):
            rows = labels == number
            x, y = (np.asarray(where[k])[rows] for k in ("x", "y"))
            axis.plot(x, y, marker, color=colour, ms=3.5, mew=0, alpha=0.8, label=name)
        title = METHODS[method].title
        share = percent(where["alike"])
        axis.set_title(f"{title}\n{share} % of neighbours alike", fontsize=9)
        axis.set(xticks=[], yticks=[])
        axis.set_box_aspect(1)
        axis.grid(False)
        for side in axis.spines.values():
            side.set(visible=True, color=SOFT)
        said.append(f"{title} {share} %")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=7, markerscale=1.8, fontsize=8)
    return figure, (
        "t-SNE of the features of test videos, coloured by true class. Of the nearest neighbours of"
        f" a video, of its own class: {', '.join(said)}."
    )

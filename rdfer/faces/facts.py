"""Facts about the benchmark itself: how much of the label lies in the motion, and in its order.

Both classifiers are given the true blendshape weights. The oracle sees them over time. The frame
bag sees every frame of a video but not their order, so it bounds what a network that averages over
frames could do with perfect features; the gap between the two is what lies in the order of frames
alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from rdfer.data.manifest import CLASSES
from rdfer.faces import oracle
from rdfer.faces.recipes import RECIPES
from rdfer.faces.sample import Sample
from rdfer.faces.tracks import integer_tracks

#: Per channel: these quantiles of its values over the frames.
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def benchmark_facts(samples: tuple[Sample, ...], *, limit: int = 2000) -> dict[str, Any]:
    """What both classifiers reach on the test part, and the counts of the benchmark.

    Args:
        samples: every sample of a run; the frame bag learns from the training part.
        limit: at most so many training samples for the frame bag.
    """
    parts = {s: tuple(x for x in samples if x.split == s) for s in ("train", "val", "test")}
    test = parts["test"]
    return {
        "oracle": oracle_accuracy(test),
        "frame_bag": frame_bag_accuracy(parts["train"][:limit], test),
        "counts": {name: len(part) for name, part in parts.items()},
        "identities": {
            name: len({sample.identity for sample in part}) for name, part in parts.items()
        },
        "hard": sum(sample.hard for sample in samples) / len(samples),
        "ambiguous": sum(sample.ambiguous for sample in samples) / len(samples),
    }


def oracle_accuracy(samples: Sequence[Sample]) -> dict[str, float]:
    """Share of right answers of the oracle: ``overall``, ``easy``, ``hard`` and by class.

    Groups without samples are left out.
    """
    labels = np.array([sample.label for sample in samples])
    right = np.array([oracle.predict(sample) for sample in samples]) == labels
    return _by_group(right, samples, {name: labels == name for name in CLASSES})


def frame_bag_accuracy(
    train: Sequence[Sample], test: Sequence[Sample], *, trees: int = 400
) -> dict[str, float]:
    """Fit on the frames of ``train`` without their order, and score on ``test``.

    Returns:
        Accuracy ``overall``, ``easy``, ``hard``, ``gasps`` (fear against surprise, same look)
        and ``flashes`` (neutral against mild happy, sad or surprise); groups without samples
        are left out.
    """
    model = ExtraTreesClassifier(trees, random_state=0, n_jobs=1, max_features=0.2)
    model.fit(_features(train), _labels(train))
    right = model.predict(_features(test)) == _labels(test)
    alike = np.array(["lookalike" in sample.reasons for sample in test])
    gasp = np.array([sample.variant == "gasp" for sample in test])
    return _by_group(right, test, {"gasps": gasp, "flashes": alike & ~gasp})


def order_free(weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Statistics of a set of frames that do not change when the frames are shuffled.

    Args:
        weights: permille, int64 [T, 52].

    Returns:
        float64 [K]: quantiles, mean and deviation over the frames of every weight and of every
        frame's projection on every recipe.
    """
    shapes = np.array([recipe.weights() for recipe in RECIPES])
    # a frame's match with a recipe needs several weights at the same instant
    match = (weights @ shapes.T) / (shapes * shapes).sum(axis=1)
    frames = np.concatenate([weights / 1000, match], axis=1)
    rows = [np.quantile(frames, QUANTILES, axis=0), frames.mean(0)[None], frames.std(0)[None]]
    return np.concatenate(rows).ravel()


def _features(samples: Sequence[Sample]) -> NDArray[np.float64]:
    return np.array([order_free(integer_tracks(sample)[0]) for sample in samples])


def _labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    return np.array([CLASSES.index(sample.label) for sample in samples])


def _by_group(
    right: NDArray[np.bool_], samples: Sequence[Sample], more: Mapping[str, NDArray[np.bool_]]
) -> dict[str, float]:
    """Share of ``right`` overall, of easy, hard and ``more`` groups, without the empty ones."""
    hard = np.array([sample.hard for sample in samples])
    groups = {"overall": np.ones(len(samples), bool), "easy": ~hard, "hard": hard, **more}
    return {name: float(right[mask].mean()) for name, mask in groups.items() if mask.any()}

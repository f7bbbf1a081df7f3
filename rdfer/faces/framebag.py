"""What a classifier reaches that sees every frame of a video, but not their order.

It is given the true blendshape weights, so it bounds what a network that averages over frames
could do with perfect features. The gap to the oracle is what lies in the course of time alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from rdfer.data.manifest import CLASSES
from rdfer.faces.dynamics import integer_tracks
from rdfer.faces.recipes import RECIPES
from rdfer.faces.sample import Sample

#: Per channel: these quantiles of its values over the frames.
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


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


def accuracy(
    train: Sequence[Sample], test: Sequence[Sample], *, seed: int = 0, trees: int = 400
) -> dict[str, float]:
    """Fit on the true tracks of ``train`` and score on ``test``.

    Returns:
        Accuracy ``overall``, ``easy``, ``hard``, ``gasps`` (fear against surprise, same look)
        and ``flashes`` (neutral against mild happy, sad or surprise); groups without samples
        are left out.
    """
    model = ExtraTreesClassifier(trees, random_state=seed, n_jobs=1, max_features=0.2)
    model.fit(_features(train), _labels(train))
    right = model.predict(_features(test)) == _labels(test)
    hard = np.array([sample.hard for sample in test])
    alike = np.array(["lookalike" in sample.reasons for sample in test])
    gasp = np.array([sample.variant == "gasp" for sample in test])
    groups = {
        "overall": np.ones(len(test), bool),
        "easy": ~hard,
        "hard": hard,
        "gasps": gasp,
        "flashes": alike & ~gasp,
    }
    return {name: float(right[mask].mean()) for name, mask in groups.items() if mask.any()}


def _features(samples: Sequence[Sample]) -> NDArray[np.float64]:
    return np.array([order_free(integer_tracks(sample)[0]) for sample in samples])


def _labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    return np.array([CLASSES.index(sample.label) for sample in samples])

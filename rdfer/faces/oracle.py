"""A classifier that sees the true blendshape tracks: what the label can at best be read from.

Deterministic template matching in integers, so that the flag ``ambiguous`` is the same on every
machine. It knows the recipes, but neither the person's style nor the sample's draws.

1. *Opening.* A running minimum over 240 ms, then a running maximum, removes from every track what
   is shorter: syllables, blinks and flashes.
2. *Fit.* At every frame, each recipe is scaled to the opened weights; the recipe that explains
   most of them (least absolute difference) is what the frame shows, and its scale how strongly.
3. *Label.* The class that is shown most strongly, if strongly enough; else Neutral.
4. *Gasps.* Where that look belongs to two classes, the quicker flank decides: a quick rise is
   surprise, a quick fall is fear.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdfer.faces.head import INDEX
from rdfer.faces.recipes import RECIPES, Recipe
from rdfer.faces.sample import Sample
from rdfer.faces.tracks import integer_tracks

Ints = NDArray[np.int64]

#: Frames at which the oracle looks, whatever the sample's own frame rate.
FRAMES = 64
#: Length of the opening in frames: 6 x 40 ms.
WINDOW = 6
#: An expression below this scale (permille) is none.
FAINTEST = 170
#: Share (permille) of the opened weights that a recipe must explain.
EXPLAINED = 350

_SCALES = np.array([600, 800, 1000, 1200, 1400], dtype=np.int64)


def predict(sample: Sample) -> str:
    """The class that the oracle reads from the true tracks of ``sample``."""
    return classify(integer_tracks(sample, FRAMES)[0])


def classify(weights: Ints) -> str:
    """Read a class from blendshape weights.

    Args:
        weights: permille, int64 [64, 52].

    Returns:
        One of :data:`rdfer.data.manifest.CLASSES`.
    """
    recipes, shapes, relevant = _templates()
    opened = opening(weights, WINDOW)
    # after the opening nothing is shorter than the window: every other frame is enough
    scale, best, share = _fit(opened[::2, relevant], shapes)
    shown = np.where(share >= EXPLAINED, scale, 0)
    k = int(shown.argmax())
    if shown[k] < FAINTEST:
        return "Neutral"
    found = recipes[best[k]]
    return _by_flanks(opened, 2 * k) if found.lookalike else found.label


def opening(weights: Ints, window: int) -> Ints:
    """Running minimum, then running maximum over ``window`` frames, along the first axis.

    What rises for fewer frames than ``window`` is removed; the rest keeps its shape.
    """
    n = len(weights)
    low = np.min([weights[k : n - window + 1 + k] for k in range(window)], axis=0)
    pad = np.zeros((window - 1, *weights.shape[1:]), dtype=weights.dtype)
    wide = np.concatenate([pad, low, pad])
    return np.max([wide[k : n + k] for k in range(window)], axis=0)


@lru_cache(maxsize=1)
def _templates() -> tuple[tuple[Recipe, ...], Ints, NDArray[np.bool_]]:
    """Recipes (the gasp once), their shapes [R, C], and which channels those C are [52]."""
    recipes = tuple(r for r in RECIPES if not r.lookalike or r.label == "Fear")
    # gaze says nothing about the class
    relevant = np.array([not name.startswith("eyeLook") for name in INDEX])
    return recipes, np.array([r.weights()[relevant] for r in recipes]), relevant


def _fit(opened: Ints, shapes: Ints) -> tuple[Ints, Ints, Ints]:
    """Best recipe at every frame: its scale (permille) [T], number [T], share explained [T]."""
    projection = opened @ shapes.T * 1000 // (shapes * shapes).sum(axis=1)  # [T, R]
    scale = np.clip(projection[:, :, None] * _SCALES // 1000, 0, 1000)  # [T, R, S]
    # at most 1000 * 1000: 32 bits are enough and twice as fast
    model = scale[..., None].astype(np.int32) * shapes[None, :, None, :].astype(np.int32)
    model //= np.int32(1000)
    model -= opened[:, None, None, :].astype(np.int32)
    miss = np.abs(model, out=model).sum(axis=3).reshape(len(opened), -1)
    pick, rows = miss.argmin(axis=1), np.arange(len(opened))
    total = np.maximum(opened.sum(axis=1), 1)
    share = (total - miss[rows, pick]) * 1000 // total
    return scale.reshape(len(opened), -1)[rows, pick], pick // len(_SCALES), share


def _by_flanks(opened: Ints, frame: int) -> str:
    """Surprise or fear, from the flanks of the raised brows and lids around ``frame``."""
    names = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight")
    level = opened[:, [INDEX[name] for name in names]].sum(axis=1)
    peak = level.max()
    high, low = np.flatnonzero(level * 10 >= peak * 9), np.flatnonzero(level * 10 <= peak)
    before, after = low[low < frame], low[low > frame]
    rise = high[0] - (before[-1] if len(before) else -1)
    fall = (after[0] if len(after) else len(level)) - high[-1]
    return "Surprise" if rise < fall else "Fear"

"""How well videos are recognised, and how far a network's confidence can be trusted.

UAR (unweighted average recall) is the mean of the recalls of the classes, WAR (weighted) the
share of right predictions; both are the measures of DFEW and FERV39k. Nothing is averaged over
a class that has no sample: that is an error, since a mean over the rest is another measure.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.arrays import as_array
from rdfer.base.errors import UserError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def confusion(labels: ArrayLike, predicted: ArrayLike, *, classes: int) -> Ints:
    """Counts of samples of class i (row) predicted as class j (column).

    >>> confusion([0, 0, 1], [0, 1, 1], classes=2)
    array([[1, 1],
           [0, 1]])

    Args:
        labels: true classes, int ``[V]``.
        predicted: predicted classes, int ``[V]``.
        classes: C.

    Returns:
        int64 ``[C, C]``.

    Raises:
        UserError: no samples, unequal sizes, or a number that is no class.
    """
    y, p = _classes("labels", labels, classes), _classes("predicted", predicted, classes)
    _same_size(y, p)
    return np.bincount(y * classes + p, minlength=classes**2).reshape(classes, classes)


def per_class_recall(labels: ArrayLike, predicted: ArrayLike, *, classes: int) -> Floats:
    """Share of each class's samples that are recognised.

    >>> per_class_recall([0, 0, 1], [0, 1, 1], classes=2)
    array([0.5, 1. ])

    Returns:
        float64 ``[C]`` in [0, 1].

    Raises:
        UserError: a class has no sample.
    """
    counts = confusion(labels, predicted, classes=classes)
    present = counts.sum(1)
    if (present == 0).any():
        absent = int(np.argmin(present))
        raise UserError(f"labels: class {absent} has no sample, so it has no recall")
    recall: Floats = np.diag(counts) / present
    return recall


def uar(labels: ArrayLike, predicted: ArrayLike, *, classes: int) -> float:
    """Unweighted average recall: the mean of the classes' recalls, in [0, 1].

    >>> uar([0, 0, 1], [0, 1, 1], classes=2)
    0.75

    Raises:
        UserError: a class has no sample.
    """
    return float(per_class_recall(labels, predicted, classes=classes).mean())


def war(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Weighted average recall, which is accuracy, in [0, 1].

    >>> round(war([0, 0, 1], [0, 1, 1]), 3)
    0.667
    """
    y, p = as_array(labels), as_array(predicted)
    _same_size(y, p)
    return float((y == p).mean())


def ece(probs: ArrayLike, labels: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error: mean gap between confidence and accuracy, weighted by bins.

        sum_k (n_k / V) |accuracy_k - confidence_k|,   bin k: (k - 1)/bins < max_c p <= k/bins

    Guo et al., ICML 2017.

    >>> round(ece([[0.9, 0.1], [0.6, 0.4]], [0, 1]), 3)  # (|1 - 0.9| + |0 - 0.6|) / 2
    0.35

    Args:
        probs: ``[V, C]``.
        labels: int ``[V]``.
        bins: of equal width.
    """
    p = as_array(probs, np.float64)
    if p.ndim != 2 or p.size == 0 or not np.isfinite(p).all():
        raise UserError(f"probs of shape {p.shape}: must be finite numbers [V, C], some of them")
    if bins < 1:
        raise UserError(f"bins = {bins}: must be at least 1")
    y = _classes("labels", labels, p.shape[1])
    if y.size != len(p):
        raise UserError(f"labels of {y.size}: probs has {len(p)} samples")
    sure = p.max(1)
    right = p.argmax(1) == y
    k = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    differences = np.bincount(k, weights=right - sure, minlength=bins)
    return float(np.abs(differences).sum() / len(p))


def _classes(name: str, values: ArrayLike, classes: int) -> Ints:
    raw = as_array(values)
    if raw.ndim != 1 or (raw.size and raw.dtype.kind not in "iu"):
        raise UserError(f"{name} of shape {raw.shape} and type {raw.dtype}: must be integers [V]")
    wrong = (raw < 0) | (raw >= classes)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise UserError(f"{name}[{first}] = {raw[first]}: must be 0 to {classes - 1}")
    return raw.astype(np.int64)


def _same_size(labels: NDArray[np.generic], predicted: NDArray[np.generic]) -> None:
    if labels.shape != predicted.shape or labels.ndim != 1 or labels.size == 0:
        raise UserError(
            f"labels of shape {labels.shape}, predicted of shape {predicted.shape}:"
            " must be as many, and some"
        )

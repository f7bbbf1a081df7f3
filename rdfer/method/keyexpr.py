"""Key-expression re-sampling: per-frame probabilities to short clips around key frames.

Index arithmetic only, on NumPy arrays of a few hundred numbers a video; nothing here is
differentiated, and banks of frames are indexed by NumPy. (A hard selection passes no gradient,
so there is nothing to learn in it: the precursor's learned centres stayed as they were drawn.)

Shapes: B videos, L synopsis frames, C classes, K detail clips of F frames. Status: the idea is
STATED, the mechanics PRECURSOR, the clamping and the choice without labels OURS.
"""

import numpy as np
from numpy.typing import ArrayLike

from rdfer.base.arrays import as_array, refuse
from rdfer.base.errors import UserError
from rdfer.method.sampling import Indices, detail


def class_peaks(p: ArrayLike, *, keys: int = 4) -> Indices:
    """Positions where the classes peak, for the ``keys`` classes of highest peak.

    Needs no label, so it does the same in training and in testing. Two classes may peak at the
    same position, which then comes twice. Ties: the earlier frame, the lower class.

    >>> p = [[[0.5, 0.1, 0.4], [0.2, 0.6, 0.2], [0.7, 0.2, 0.1]]]
    >>> class_peaks(p, keys=2)  # class 0 peaks at 2 (0.7), class 1 at 1 (0.6), class 2 at 0
    array([[1, 2]])

    Args:
        p: class probabilities of the synopsis frames, ``[B, L, C]``.
        keys: K, at most C.

    Returns:
        Positions in the synopsis by time, int64 ``[B, K]``, in 0 .. L - 1.
    """
    values = as_array(p)
    if values.ndim != 3 or values.size == 0:
        raise UserError(f"p of shape {values.shape}: must be [B, L, C], none of them 0")
    refuse(np.isnan(values), "p", values, "must be a number")
    _keys_in(keys, values.shape[2], "classes")
    frame = values.argmax(1)  # [B, C], the peak of each class
    height = values.max(1)
    classes = np.argsort(-height, axis=1, kind="stable")[:, :keys]
    return np.sort(np.take_along_axis(frame, classes, 1), axis=1)


def uniform_positions(batch: int, length: int, keys: int) -> Indices:
    """Key positions spread evenly over a synopsis: re-sampling switched off, for comparison.

    >>> uniform_positions(1, 16, 4)
    array([[ 2,  6, 10, 14]])

    Takes B, L and K; returns positions in the synopsis, int64 ``[B, K]``.
    """
    centres = (np.arange(keys, dtype=np.int64) * 2 + 1) * length // (2 * keys)
    return np.tile(centres, (batch, 1))


def random_positions(synopsis: ArrayLike, keys: int) -> Indices:
    """Key positions at random, for comparison: drawn by the synopsis itself, so repeatable.

    Args:
        synopsis: frame indices ``[B, L]``; the same row draws the same positions.
        keys: K, at most L.

    Returns:
        Positions by time, each once, int64 ``[B, K]``.
    """
    rows = as_array(synopsis, np.int64)
    _keys_in(keys, rows.shape[1], "frames of the synopsis")
    drawn = [np.random.default_rng(row).choice(rows.shape[1], keys, replace=False) for row in rows]
    return np.sort(np.array(drawn, np.int64), axis=1)


def key_clips(
    positions: ArrayLike,
    synopsis: ArrayLike,
    lengths: ArrayLike,
    *,
    frames: int = 4,
    stride: int = 1,
) -> Indices:
    """Detail clips around key positions of a synopsis; indices past an end are clamped.

    >>> key_clips([[1, 2]], [[2, 5, 9]], [10], frames=4)
    array([[[4, 5, 6, 7],
            [8, 9, 9, 9]]])

    Args:
        positions: positions in the synopsis, int ``[B, K]``.
        synopsis: frame indices of the synopsis, int ``[B, L]``.
        lengths: frames of each video, int ``[B]``.
        frames: F, frames in a clip.
        stride: distance between them.

    Returns:
        Frame indices, int64 ``[B, K, F]``.
    """
    where = as_array(positions, np.int64)
    picked = as_array(synopsis, np.int64)
    if where.ndim != 2 or picked.ndim != 2 or len(where) != len(picked):
        raise UserError(
            f"positions of shape {where.shape}, synopsis of shape {picked.shape}:"
            " must be [B, K] and [B, L]"
        )
    length = picked.shape[1]
    refuse((where < 0) | (where >= length), "positions", where, f"must be 0 to {length - 1}")
    return detail(np.take_along_axis(picked, where, 1), lengths, frames=frames, stride=stride)


def _keys_in(keys: int, most: int, what: str) -> None:
    if not 1 <= keys <= most:
        raise UserError(f"keys = {keys}: must be 1 to {most}, the number of {what}")

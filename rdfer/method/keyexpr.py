"""Key-expression re-sampling: per-frame probabilities to short clips around key frames.

Index arithmetic only, on NumPy arrays of a few hundred numbers a video; nothing here is
differentiated, and the frame stores are indexed by NumPy. (A hard selection passes no gradient,
so there is nothing to learn in it: the precursor's learned centres stayed as they were drawn.)

Shapes: B videos, L synopsis frames, C classes, K key clips of F frames. Status: the idea is
STATED, the mechanics PRECURSOR, the clamping and the choice without labels OURS.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError
from rdfer.method.sampling import detail

Indices: TypeAlias = NDArray[np.int64]
Order: TypeAlias = Literal["time", "peak"]


def class_peaks(p: ArrayLike, *, keys: int = 4, order: Order = "time") -> Indices:
    """Positions where the classes peak, for the ``keys`` classes of highest peak.

    Needs no label, so it does the same in training and in testing. Two classes may peak at the
    same position, which then comes twice. Ties: the earlier frame, the lower class.

    >>> p = [[[0.5, 0.1, 0.4], [0.2, 0.6, 0.2], [0.7, 0.2, 0.1]]]
    >>> class_peaks(p, keys=2)  # class 0 peaks at 2 (0.7), class 1 at 1 (0.6), class 2 at 0
    array([[1, 2]])
    >>> class_peaks(p, keys=2, order="peak")
    array([[2, 1]])

    Args:
        p: class probabilities of the synopsis frames, ``[B, L, C]``.
        keys: K, at most C.
        order: by time (for a sequence model), or from the highest peak down.

    Returns:
        Positions in the synopsis, int64 ``[B, K]``, in 0 .. L - 1.

    Raises:
        UserError: a wrong shape, NaN, more keys than classes.
    """
    values = _probabilities(p)
    _keys_in(keys, values.shape[2], "classes")
    frame = values.argmax(1)  # [B, C], the peak of each class
    height = values.max(1)
    classes = np.argsort(-height, axis=1, kind="stable")[:, :keys]
    return _ordered(np.take_along_axis(frame, classes, 1), order)


def label_peaks(p: ArrayLike, given: ArrayLike, *, keys: int = 4, order: Order = "time") -> Indices:
    """Positions of the ``keys`` frames with the highest probability of the given label.

    Only training knows a label, so this is an alternative to measure, not to test with. Ties:
    the earlier frame.

    >>> label_peaks([[[0.5, 0.5], [0.2, 0.8], [0.7, 0.3]]], [0], keys=2)
    array([[0, 2]])

    Args:
        p: class probabilities of the synopsis frames, ``[B, L, C]``.
        given: labels, int ``[B]``.
        keys: K, at most L.
        order: by time, or from the highest probability down.

    Returns:
        Positions in the synopsis, int64 ``[B, K]``, all different within a video.

    Raises:
        UserError: a wrong shape, NaN, a label that is no class, more keys than frames.
    """
    values = _probabilities(p)
    _keys_in(keys, values.shape[1], "frames")
    labels = np.asarray(given, np.int64)
    if labels.shape != values.shape[:1]:
        raise UserError(f"given of shape {labels.shape}: must be one label for each of p's videos")
    wrong = (labels < 0) | (labels >= values.shape[2])
    if wrong.any():
        first = int(np.argmax(wrong))
        raise UserError(f"given[{first}] = {labels[first]}: must be 0 to {values.shape[2] - 1}")
    own = np.take_along_axis(values, labels[:, None, None], 2)[..., 0]  # [B, L]
    return _ordered(np.argsort(-own, axis=1, kind="stable")[:, :keys], order)


def uniform_positions(batch: int, length: int, keys: int) -> Indices:
    """Key positions spread evenly over a synopsis: re-sampling switched off, for comparison.

    >>> uniform_positions(1, 16, 4)
    array([[ 2,  6, 10, 14]])

    Args:
        batch: B.
        length: L, frames of the synopsis.
        keys: K.

    Returns:
        Positions in the synopsis, int64 ``[B, K]``.
    """
    centres = (np.arange(keys, dtype=np.int64) * 2 + 1) * length // (2 * keys)
    return np.tile(centres, (batch, 1))


def random_positions(synopsis: ArrayLike, keys: int) -> Indices:
    """Key positions at random, for comparison: drawn by the synopsis itself, so repeatable.

    Args:
        synopsis: frame indices ``[B, L]``; the same row draws the same positions.
        keys: K, at most L.

    Returns:
        Positions in the synopsis in the order of time, each once, int64 ``[B, K]``.
    """
    rows = np.asarray(synopsis, np.int64)
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
        Frame indices, int64 ``[B, K, F]``; see :func:`rdfer.method.sampling.detail`.

    Raises:
        UserError: a position outside the synopsis, a frame outside its video.
    """
    where = np.asarray(positions, np.int64)
    picked = np.asarray(synopsis, np.int64)
    if where.ndim != 2 or picked.ndim != 2 or len(where) != len(picked):
        raise UserError(
            f"positions of shape {where.shape}, synopsis of shape {picked.shape}:"
            " must be [B, K] and [B, L]"
        )
    outside = (where < 0) | (where >= picked.shape[1])
    if outside.any():
        raise UserError(f"positions: {where[outside][0]} must be 0 to {picked.shape[1] - 1}")
    return detail(np.take_along_axis(picked, where, 1), lengths, frames=frames, stride=stride)


def hits(clips: ArrayLike, segment: ArrayLike) -> NDArray[np.bool_]:
    """Whether any frame that is looked at lies in the key segment, bool ``[B]``.

    Args:
        clips: frame indices of the detail clips, int ``[B, K, F]``.
        segment: ``[start, end)`` of the key expression in the same frames, int ``[B, 2]``;
            an empty one (neutral videos) is never hit.
    """
    seen, start, end = _against(clips, segment)
    return np.asarray(((seen >= start) & (seen < end)).any(1))


def hit_rate(clips: ArrayLike, segment: ArrayLike) -> float:
    """Share of the videos with a key segment that are hit, see :func:`hits`.

    >>> hit_rate([[[4, 5]], [[4, 5]], [[4, 5]]], [[5, 9], [6, 9], [0, 0]])
    0.5

    Raises:
        UserError: no video has a key segment.
    """
    keyed = _keyed(segment)
    return float(hits(clips, segment)[keyed].mean())


def temporal_iou(clips: ArrayLike, segment: ArrayLike) -> NDArray[np.float64]:
    """Overlap of what the detail clips span with the key segment, float ``[B]`` in [0, 1].

    A clip spans the frames from its first to its last; the clips of a video are united, so
    frames that two of them span count once. IoU = frames in both / frames in either. NaN where
    there is no key segment.

    >>> temporal_iou([[[2, 4], [4, 6]]], [[5, 9]])  # spans 2..6, key 5..8: 2 of 7 frames
    array([0.28571429])

    Args:
        clips: frame indices of the detail clips, int ``[B, K, F]``.
        segment: ``[start, end)`` in the same frames, int ``[B, 2]``.
    """
    seen, start, end = _against(clips, segment)
    spans = np.asarray(clips, np.int64)
    frame = np.arange(max(int(seen.max()) + 1, int(end.max())))
    first, last = spans.min(2)[..., None], spans.max(2)[..., None]
    spanned = ((frame >= first) & (frame <= last)).any(1)  # [B, T]
    key = (frame >= start) & (frame < end)
    both, either = (spanned & key).sum(1), (spanned | key).sum(1)
    return np.where(key.any(1), both / either, np.nan)


def _against(clips: ArrayLike, segment: ArrayLike) -> tuple[Indices, Indices, Indices]:
    """Frames looked at ``[B, K F]`` and the segment's ends ``[B, 1]``, shapes checked."""
    seen, ends = np.asarray(clips, np.int64), np.asarray(segment, np.int64)
    if seen.ndim != 3 or seen.size == 0 or ends.shape != (len(seen), 2):
        raise UserError(
            f"clips of shape {seen.shape}, segment of shape {ends.shape}:"
            " must be [B, K, F] and [B, 2]"
        )
    return seen.reshape(len(seen), -1), ends[:, :1], ends[:, 1:]


def _keyed(segment: ArrayLike) -> NDArray[np.bool_]:
    ends = np.asarray(segment, np.int64)
    keyed: NDArray[np.bool_] = ends[:, 1] > ends[:, 0]
    if not keyed.any():
        raise UserError("segment: no video has a key segment, so nothing can be hit")
    return keyed


def _ordered(positions: Indices, order: Order) -> Indices:
    if order not in ("time", "peak"):
        raise UserError(f"order = {order!r}: must be one of time, peak")
    return np.sort(positions, axis=1) if order == "time" else positions


def _probabilities(p: ArrayLike) -> NDArray[np.floating]:
    values = np.asarray(p)
    if values.ndim != 3 or values.size == 0:
        raise UserError(f"p of shape {values.shape}: must be [B, L, C], none of them 0")
    if np.isnan(values).any():
        raise UserError("p = nan: probabilities must be numbers")
    return values


def _keys_in(keys: int, most: int, what: str) -> None:
    if not 1 <= keys <= most:
        raise UserError(f"keys = {keys}: must be 1 to {most}, the number of {what}")

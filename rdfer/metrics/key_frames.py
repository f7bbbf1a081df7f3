"""Whether detail clips find the key expression, where its true place is known.

B videos, K detail clips of F frames each.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.arrays import as_array
from rdfer.base.errors import UserError

Indices: TypeAlias = NDArray[np.int64]


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
    spans = as_array(clips, np.int64)
    frame = np.arange(max(int(seen.max()) + 1, int(end.max())))
    first, last = spans.min(2)[..., None], spans.max(2)[..., None]
    spanned = ((frame >= first) & (frame <= last)).any(1)  # [B, T]
    key = (frame >= start) & (frame < end)
    both, either = (spanned & key).sum(1), (spanned | key).sum(1)
    return np.where(key.any(1), both / either, np.nan)


def thirds(lengths: ArrayLike) -> NDArray[np.int64]:
    """Thirds of the videos by the length of their key segment: 0 short, 1 middle, 2 long.

    By rank, so that equal lengths make no third empty; the earlier video counts as the shorter.
    The one rule for what a short key expression is.

    >>> thirds([9, 2, 0, 4])
    array([ 2,  0, -1,  1])

    Args:
        lengths: frames of each key segment, int ``[V]``; 0 where there is none.

    Returns:
        int64 ``[V]``; -1 where there is none.
    """
    frames = as_array(lengths, np.int64)
    shown = np.flatnonzero(frames)
    out = np.full(len(frames), -1)
    order = shown[np.argsort(frames[shown], kind="stable")]
    out[order] = np.arange(len(shown)) * 3 // max(len(shown), 1)
    return out


def _against(clips: ArrayLike, segment: ArrayLike) -> tuple[Indices, Indices, Indices]:
    """Frames looked at ``[B, K F]`` and the segment's ends ``[B, 1]``, shapes checked."""
    seen, ends = as_array(clips, np.int64), as_array(segment, np.int64)
    if seen.ndim != 3 or seen.size == 0 or ends.shape != (len(seen), 2):
        raise UserError(
            f"clips of shape {seen.shape}, segment of shape {ends.shape}:"
            " must be [B, K, F] and [B, 2]"
        )
    return seen.reshape(len(seen), -1), ends[:, :1], ends[:, 1:]


def _keyed(segment: ArrayLike) -> NDArray[np.bool_]:
    ends = as_array(segment, np.int64)
    keyed: NDArray[np.bool_] = ends[:, 1] > ends[:, 0]
    if not keyed.any():
        raise UserError("segment: no video has a key segment, so nothing can be hit")
    return keyed

"""Which frames of a video make a clip: pure index arithmetic, whole batches at a time.

Nothing here opens a video. Every function takes the lengths of ``B`` videos, int ``[B]`` frames,
and gives frame indices that lie inside them, whatever the lengths are; a video shorter than a clip
gives some of its frames more than once. All arithmetic is in integers, so an index can never round
past the end. A number below 1, or out of the range that is told, raises ``UserError``.

A segment is a run of whole frames. Segment ``j`` of ``m`` in a video of ``T`` frames::

    T = 10, m = 4        0 1 | 2 3 4 | 5 6 | 7 8 9       from floor(T j / m)
                                                          to   floor(T (j + 1) / m) - 1

so every frame is in exactly one segment; where ``T < m`` the segments share frames.

Source: the paper's companion settings (16-frame clips, 64 stored frames, key clips of 4 frames);
the span of a clip is our own parameter.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rdfer.base.arrays import as_array, refuse
from rdfer.base.errors import UserError

Indices: TypeAlias = npt.NDArray[np.int64]


def stored_indices(n_frames: int, stored: int) -> Indices:
    """The frames of a video that are kept, spread evenly: ``floor(n i / stored)``.

    >>> stored_indices(10, 4)
    array([0, 2, 5, 7])
    >>> stored_indices(2, 4)
    array([0, 0, 1, 1])

    Args:
        n_frames: frames in the video.
        stored: frames to keep.

    Returns:
        Sorted frame indices, int64 ``[stored]``, in ``0 .. n_frames - 1``.
    """
    _at_least_one("n_frames", n_frames)
    _at_least_one("stored", stored)
    return np.arange(stored, dtype=np.int64) * n_frames // stored


def synopsis(
    lengths: npt.ArrayLike, *, clip_frames: int = 16, generator: np.random.Generator | None = None
) -> Indices:
    """One frame from each of ``clip_frames`` equal segments of the whole video.

    With a generator (training) the frame is drawn uniformly inside its segment, without one
    (testing) it is the segment's middle, so that testing is deterministic::

        T = 12, clip_frames = 4     f f f | f f f | f f f | f f f
        generator=None                x       x       x       x      -> 1 4 7 10
        one jittered draw           x         x         x     x      -> 0 4 8 10

    >>> synopsis([12, 64, 3], clip_frames=4)
    array([[ 1,  4,  7, 10],
           [ 8, 24, 40, 56],
           [ 0,  0,  1,  2]])

    Args:
        lengths: frames of each video, int ``[B]``.
        clip_frames: frames in the clip.
        generator: where the jitter comes from; ``None`` takes the middles.

    Returns:
        Frame indices, int64 ``[B, clip_frames]``, non-decreasing along the clip, strictly
        increasing where the video has at least ``clip_frames`` frames.
    """
    return _one_per_segment(_lengths(lengths), clip_frames, generator)


def agreement_clips(
    lengths: npt.ArrayLike,
    *,
    clips: int,
    clip_frames: int = 16,
    span: float = 1.0,
    generator: np.random.Generator,
) -> Indices:
    """Several random clips of each video, on which the model's predictions are compared.

    ``span = 1``: every clip is a jittered :func:`synopsis` of the whole video. ``span < 1``: a
    clip is the same drawing inside a window of that share of the video, at a random place::

        T = 12, clip_frames = 3     f f f f f f f f f f f f
        span = 1                      x       x     x            segments of 4 frames
                                    x           x     x
        span = 0.5                    [x x     x  ]              window of 6, segments of 2
                                              [  x x     x]

    A window holds ``round(span T)`` frames, at least one; where that is fewer than
    ``clip_frames``, frames repeat.

    Args:
        lengths: frames of each video, int ``[B]``.
        clips: clips per video (``N`` in the formula of the agreement).
        clip_frames: frames in a clip.
        span: share of the video that one clip covers, above 0 and at most 1.
        generator: where windows and frames are drawn.

    Returns:
        Frame indices, int64 ``[B, clips, clip_frames]``, non-decreasing along each clip.
    """
    _at_least_one("clips", clips)
    if not 0 < span <= 1:
        raise UserError(f"span = {span!r}: must be above 0 and at most 1")
    whole = np.repeat(_lengths(lengths), clips)
    if span == 1:
        picked = _one_per_segment(whole, clip_frames, generator)
    else:
        window = np.clip(np.floor(span * whole + 0.5).astype(np.int64), 1, whole)
        start = generator.integers(0, whole - window + 1)
        picked = start[:, None] + _one_per_segment(window, clip_frames, generator)
    return picked.reshape(-1, clips, picked.shape[-1])


def detail(
    centres: npt.ArrayLike, lengths: npt.ArrayLike, *, frames: int = 4, stride: int = 1
) -> Indices:
    """Short clips of neighbouring frames around key frames.

    Picture for ``frames = 4``: the key frame ``K`` is the second of its clip::

        stride 1   . . x K x x . . . .
        stride 2   . x . K . x . x . .
        at the end . . . . . . . x K K K     index clamped to the last frame

    >>> detail([[3, 9]], [10])
    array([[[2, 3, 4, 5],
            [8, 9, 9, 9]]])
    >>> detail([[3, 0]], [10], stride=2)
    array([[[1, 3, 5, 7],
            [0, 0, 2, 4]]])

    Args:
        centres: key frames, int ``[B, K]``, each inside its video.
        lengths: frames of each video, int ``[B]``.
        frames: frames in a detail clip.
        stride: distance between its frames, in frames.

    Returns:
        Frame indices, int64 ``[B, K, frames]``, non-decreasing along each clip and always inside
        the video: indices past an end repeat the frame at that end.
    """
    _at_least_one("frames", frames)
    _at_least_one("stride", stride)
    last = _lengths(lengths)[:, None] - 1
    middle = as_array(centres, np.int64)
    outside = (middle < 0) | (middle > last)
    if outside.any():
        video, key = np.argwhere(outside)[0]
        raise UserError(
            f"centres[{video}, {key}] = {middle[video, key]}: "
            f"must be a frame of its video, 0 to {int(last[video, 0])}"
        )
    steps = stride * (np.arange(frames, dtype=np.int64) - (frames - 1) // 2)
    return np.clip(middle[..., None] + steps, 0, last[..., None])


def _one_per_segment(
    lengths: Indices, segments: int, generator: np.random.Generator | None
) -> Indices:
    """One frame of each segment, drawn or the middle one: int64 ``[len(lengths), segments]``."""
    _at_least_one("clip_frames", segments)
    edges = np.arange(segments + 1, dtype=np.int64) * lengths[:, None] // segments
    first = edges[:, :-1]
    # a video shorter than the clip has segments of less than a frame: they show their first one
    end = np.maximum(edges[:, 1:], first + 1)
    if generator is None:
        return (first + end) // 2
    return generator.integers(first, end)


def _lengths(lengths: npt.ArrayLike) -> Indices:
    checked = as_array(lengths, np.int64)
    if checked.ndim != 1:
        raise UserError(f"lengths of shape {checked.shape}: must be one number per video")
    refuse(checked < 1, "lengths", checked, "a video must have at least one frame")
    return checked


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise UserError(f"{name} = {value!r}: must be at least 1")

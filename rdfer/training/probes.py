"""Probes: what a trained network makes of a video whose course in time is destroyed.

=========  ======================================================================================
probe      what the network sees
=========  ======================================================================================
frames     the frames of each detail clip in another order
clips      the frames of the synopsis in another order
frozen     one frame, the middle of the video, in place of every other
=========  ======================================================================================

A stream that does not lose by its probe does not use the order. With both streams the detail
clips are chosen in the shuffled synopsis, so a probe tells most of one stream alone.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from rdfer.data.inputs import Indices, Inputs, Look

Probe = Literal["frames", "clips", "frozen"]
PROBES: tuple[Probe, ...] = ("frames", "clips", "frozen")


class Disturbed:
    """Inputs whose frames are disturbed before they are looked at.

    >>> import numpy as np
    >>> disturb(np.array([[0, 4, 8, 12]]), np.array([16]), "frozen")
    array([[8, 8, 8, 8]])
    """

    def __init__(self, inputs: Inputs, probe: Probe) -> None:
        self.inputs, self.probe = inputs, probe
        self.dim, self.lengths = inputs.dim, inputs.lengths

    def look(self, videos: Indices, generator: torch.Generator | None) -> Look:
        """See :class:`rdfer.data.inputs.Inputs`."""
        inner = self.inputs.look(videos, generator)
        return lambda frames: inner(disturb(frames, self.lengths[videos], self.probe))

    def augmented(self, videos: Indices, number: int, generator: torch.Generator) -> Look:
        """See :class:`rdfer.data.inputs.Inputs`."""
        inner = self.inputs.augmented(videos, number, generator)
        return lambda frames: inner(disturb(frames, self.lengths[videos], self.probe))


def disturb(frames: Indices, lengths: Indices, probe: Probe) -> NDArray[np.int64]:
    """Frame indices as a probe leaves them, of the same shape.

    Args:
        frames: of a synopsis ``[B, L]`` or of detail clips ``[B, K, F]``.
        lengths: frames of each video, ``[B]``.
        probe: see the module; the order is drawn by the indices themselves, so it is repeatable.
    """
    if probe == "frozen":
        middle = (lengths // 2).reshape(-1, *[1] * (frames.ndim - 1))
        return np.broadcast_to(middle, frames.shape).copy()
    if (probe == "frames") != (frames.ndim == 3):
        return frames
    flat = frames.reshape(-1, frames.shape[-1])
    rows = [row[np.random.default_rng(row).permutation(len(row))] for row in flat]
    return np.array(rows, np.int64).reshape(frames.shape)

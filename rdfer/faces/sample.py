"""A synthetic video as data: integers and strings, nothing else.

Times are milliseconds of a video of ``VIDEO_MS``; a video of T frames shows instant
``t * VIDEO_MS // T`` at frame t. So the same events can be shown at another frame rate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Length of every video: 64 frames at 25 frames a second.
VIDEO_MS = 2560

#: The key segment is where an expression is at or above this share of its peak (permille).
KEY_LEVEL = 500


def frame_times(frames: int) -> NDArray[np.int64]:
    """Instants of the frames in milliseconds, int64 [frames]."""
    return np.arange(frames, dtype=np.int64) * VIDEO_MS // frames


def ramp(u: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Smooth rise from 0 to 1000 while ``u`` goes from 0 to ``length``: 3 x^2 - 2 x^3.

    Integer arithmetic throughout, so the value is the same on every machine.
    """
    u = np.clip(u, 0, length)
    return (3 * u * u * length - 2 * u * u * u) * 1000 // length**3


@dataclass(frozen=True)
class Action:
    """One expression over time: onset, apex, offset.

    Upper and lower face share the peak. ``lag_on`` > 0 means that the lower face starts so much
    later and rises so much faster (< 0: the upper face does); ``lag_off`` > 0 that the lower
    face is back so much earlier (< 0: the upper face is).
    """

    label: str  #: class of the recipe
    variant: str  #: name of the recipe
    start: int  #: first instant with any of it, ms
    attack: int  #: from start to peak, ms
    hold: int  #: at the peak, ms
    release: int  #: from peak to nothing, ms
    intensity: int  #: weight of the recipe at the peak, permille
    lag_on: int = 0  #: see above, ms, smaller than ``attack`` in size
    lag_off: int = 0  #: see above, ms, smaller than ``release`` in size

    @property
    def end(self) -> int:
        """First instant after it, ms."""
        return self.start + self.attack + self.hold + self.release

    def level(
        self, times: NDArray[np.int64], *, late: int = 0, early: int = 0
    ) -> NDArray[np.int64]:
        """Level 0..1000 of its peak at ``times`` (ms), int64 like ``times``.

        Args:
            times: instants, ms.
            late: start so much later, but peak at the same time.
            early: end so much earlier, but leave the peak at the same time.
        """
        rise = ramp(times - self.start - late, self.attack - late)
        fall = ramp(times - self.start - self.attack - self.hold, self.release - early)
        return rise - fall

    def upper(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """:meth:`level` of the upper face."""
        return self.level(times, late=max(0, -self.lag_on), early=max(0, -self.lag_off))

    def lower(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """:meth:`level` of the lower face."""
        return self.level(times, late=max(0, self.lag_on), early=max(0, self.lag_off))


@dataclass(frozen=True)
class Segment:
    """Frames of an action: ``onset`` and ``apex`` are frames, ``[start, end)`` the key segment."""

    onset: int
    start: int
    apex: int
    end: int
    offset: int


def segment(action: Action, frames: int) -> Segment:
    """Where ``action`` lies in a video of ``frames`` frames."""
    level = action.level(frame_times(frames))
    shown = np.flatnonzero(level > 0)
    key = np.flatnonzero(level >= KEY_LEVEL)
    peak = np.flatnonzero(level == level.max())
    return Segment(
        onset=int(shown[0]),
        start=int(key[0]),
        apex=int(peak[len(peak) // 2]),
        end=int(key[-1]) + 1,
        offset=int(shown[-1]) + 1,
    )


@dataclass(frozen=True)
class Pulse:
    """A conversational signal: a flash of an expression, far shorter than an expression."""

    start: int  # ms
    length: int  # ms from nothing to nothing
    intensity: int  # permille


@dataclass(frozen=True)
class Sample:
    """Everything that a synthetic video is made from."""

    id: str  #: unique over pools and splits
    pool: str  #: development or confirmation
    split: str  #: train, val, test or pretrain
    stream: int  #: seed of the small things (speech, gaze, head, asymmetry), 63 bits
    identity: int  #: the person
    label: str  #: the true class
    variant: str  #: recipe, or way of being neutral
    frames: int  #: T
    action: Action | None  #: the expression, None for Neutral
    distractor: Action | None  #: a second expression, of at most 0.6 of the peak
    imitates: tuple[str, str]  #: class and variant that ``pulses`` show, ("", "") for none
    pulses: tuple[Pulse, ...]  #: flashes of a neutral speaker
    key_start: int  #: first frame of the key segment, -1 for Neutral
    key_end: int  #: the frame after its last, -1 for Neutral
    onset: int  #: a frame, -1 for Neutral
    apex: int  #: a frame, -1 for Neutral
    offset: int  #: a frame, -1 for Neutral
    intensity: int  #: peak in permille, 0 for Neutral
    #: kind and strength (permille), strong ones are among ``reasons``
    degradations: tuple[tuple[str, int], ...]
    speech: int  #: strength of the mouth's speech in permille, 0 for silence
    blinks: tuple[int, ...]  #: instants, ms
    light: int  #: seed of the lighting
    hard: bool  #: whether any hard factor was drawn
    reasons: tuple[str, ...]  #: the hard factors
    strengths: tuple[int, ...]  #: how strong each of them is, permille
    difficulty: int  #: all of it in one number, permille
    ambiguous: bool = False  #: the oracle misses it

    def strength(self, kind: str) -> int:
        """Strength of a degradation in permille, 0 where there is none."""
        return dict(self.degradations).get(kind, 0)

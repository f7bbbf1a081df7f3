"""From a sample to the motion of its face: 52 blendshape weights and the head's pose per frame.

Everything that the label depends on is integer arithmetic (:func:`integer_tracks`), so truth is
the same on every machine; the renderer is given the same numbers as floats (:func:`tracks`).

What a single frame cannot tell, and a set of frames without their order hardly can:

*Gasps* (fear against surprise). One look, half way between the two, is shown by both classes
with the same weights at the apex. In surprise, brows and mouth rise together within 120-180 ms
and fall within 640-800 ms, the mouth first; in fear, the eyes rise slowly, the mouth follows
300-400 ms later, and both are gone within 120-180 ms. One course is the mirror image of the other
in time, so both show the same frames in opposite order.

*Flashes* (neutral against mild happy, sad or surprise). A neutral speaker flashes a mild
expression four to six times for 200-260 ms each, as people do to underline words; the true mild
expression has the same look and range of intensity but comes once and its key segment lasts
560-800 ms. Both are above half of their peak for about as many frames in all.

*Speech.* The lips of "ee" are those of a faint smile, "m" presses them as anger does, "ah" drops
the jaw as surprise does, each for less than 300 ms; neutral and emotional people speak.

Besides, the onset has a class-typical speed and order (see :mod:`rdfer.faces.timing`), which
helps but is never the only evidence elsewhere.
"""

import numpy as np
from numpy.typing import NDArray

from rdfer.data.draws import Draws
from rdfer.faces.recipes import INDEX, UPPER, recipe
from rdfer.faces.sample import Action, Sample, frame_times
from rdfer.faces.speech import (
    add_blinks,
    add_gaze,
    add_signals,
    add_speech,
    bump,
    head_pose,
    union,
)

Ints = NDArray[np.int64]

#: Half ranges of the personal gain, the gain of the day and the left-right imbalance, permille.
PERSONAL, OF_THE_DAY, IMBALANCE = 120, 120, 110

_LEFT = np.array([name.endswith("Left") for name in INDEX])
_RIGHT = np.array([name.endswith("Right") for name in INDEX])
_SIGNALS_OF = {"listening": (0, 2), "talking": (1, 2), "thinking": (2, 3), "nodding": (0, 2),
               "emphatic": (2, 4)}  # fmt: skip
_LIVELINESS = {"listening": 700, "talking": 1100, "thinking": 900, "nodding": 1600,
               "emphatic": 1500}  # fmt: skip


def integer_tracks(sample: Sample, frames: int | None = None) -> tuple[Ints, Ints]:
    """The motion in integers.

    Args:
        sample: what happens.
        frames: T, ``sample.frames`` by default; any T tells the same story.

    Returns:
        Blendshape weights in permille, int64 [T, 52] in 0..1000, and the pose in 1e-4,
        int64 [T, 6]: yaw, pitch, roll (rad), x, y (image sizes), log-scale.
    """
    times = frame_times(frames or sample.frames)
    weights = np.zeros((len(times), len(INDEX)), dtype=np.int64)
    for number, action in enumerate((sample.action, sample.distractor)):
        if action is not None:
            peak = styled(sample, action.label, action.variant, number) * action.intensity // 1000
            weights = union(weights, _shown(action, times, peak))
    if sample.pulses:
        peak = styled(sample, *sample.imitates, 2)
        for pulse in sample.pulses:
            level = bump(times, pulse.start, pulse.length) * pulse.intensity // 1000
            weights = union(weights, level[:, None] * peak // 1000)
    _add_life(sample, weights, times)
    calm = _LIVELINESS.get(sample.variant, 1000)
    pose = head_pose(
        Draws(sample.stream, "head"), times, pose=sample.strength("pose"), liveliness=calm
    )
    return weights, pose


def tracks(
    sample: Sample, frames: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The motion for the renderer.

    Returns:
        Blendshape weights float32 [T, 52] in 0..1 and pose float32 [T, 6]: yaw, pitch, roll in
        rad, x and y as fractions of the image, log-scale.
    """
    weights, pose = integer_tracks(sample, frames)
    return (weights / 1000).astype(np.float32), (pose / 10_000).astype(np.float32)


def styled(sample: Sample, label: str, variant: str, number: int) -> Ints:
    """The recipe as this person shows it today: gains and imbalance, permille, int64 [52]."""
    person = Draws("rdfer.faces.style", sample.identity)
    today = Draws(sample.stream, "style", number)
    gains = np.array(
        [
            (1000 + person.between(-PERSONAL, PERSONAL))
            * (1000 + today.between(-OF_THE_DAY, OF_THE_DAY))
            // 1000
            for _ in _BASES
        ]
    )
    lean = today.between(-IMBALANCE, IMBALANCE)
    side = 1000 + lean * _LEFT.astype(np.int64) - lean * _RIGHT.astype(np.int64)
    weights = recipe(label, variant).weights() * gains[_BASE_OF] // 1000 * side // 1000
    return np.minimum(weights, 1000)


# left and right share a gain: only the imbalance tells them apart
_BASES = sorted({name.removesuffix("Left").removesuffix("Right") for name in INDEX})
_BASE_OF = np.array(
    [_BASES.index(name.removesuffix("Left").removesuffix("Right")) for name in INDEX]
)


def _shown(action: Action, times: Ints, peak: Ints) -> Ints:
    course = np.where(UPPER, action.upper(times)[:, None], action.lower(times)[:, None])
    return course * peak // 1000


def _add_life(sample: Sample, weights: Ints, times: Ints) -> None:
    """Speech, signals, gaze and blinks, in place."""
    if sample.speech:
        add_speech(Draws(sample.stream, "speech"), weights, times, sample.speech)
    signals = Draws(sample.stream, "signals")
    count = signals.between(*_SIGNALS_OF.get(sample.variant, (0, 0)))
    add_signals(signals, weights, times, count)
    reach = 450 if sample.variant == "thinking" else 250
    add_gaze(Draws(sample.stream, "gaze"), weights, times, reach)
    add_blinks(weights, times, sample.blinks)

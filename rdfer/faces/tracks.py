"""From a sample to the motion of its face: 52 blendshape weights and the head's pose per frame.

Everything that the label depends on is integer arithmetic (:func:`integer_tracks`), so truth is
the same on every machine; the renderer is given the same numbers as floats (:func:`tracks`).

What a single frame cannot tell, and a set of frames without their order hardly can:

*Gasps* (fear against surprise). One look, half way between the two, is shown by both classes
with the same weights at the apex. In surprise, brows and mouth rise together within 120-180 ms
and fall within 640-800 ms, the mouth first; in fear, the eyes rise slowly, the mouth follows
300-400 ms later, and both are gone within 120-180 ms. One time course is the mirror image of
the other, so both show the same frames in opposite order.

*Flashes* (neutral against mild happy, sad or surprise). A neutral speaker flashes a mild
expression four to six times for 200-260 ms each, as people do to underline words; the true mild
expression has the same look and range of intensity but comes once and its key segment lasts
560-800 ms. Both are above half of their peak for about as many frames in all.

*Speech.* The lips of "ee" are those of a faint smile, "m" presses them as anger does, "ah" drops
the jaw as surprise does, each for less than 300 ms; neutral and emotional people speak.

Besides, the onset has a class-typical speed and order (see :mod:`rdfer.faces.timing`), which
helps but is never the only evidence elsewhere.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rdfer.data.draws import Draws
from rdfer.faces.head import INDEX, channels, stem
from rdfer.faces.recipes import UPPER, recipe
from rdfer.faces.sample import VIDEO_MS, Action, Sample, frame_times, ramp

Ints = NDArray[np.int64]

#: Half ranges of the personal gain, the gain of the day and the left-right imbalance, permille.
PERSONAL, OF_THE_DAY, IMBALANCE = 120, 120, 110

# left and right share a gain and differ in the imbalance alone
_STEMS = sorted({stem(name) for name in INDEX})
_STEM_OF = np.array([_STEMS.index(stem(name)) for name in INDEX])
_LEFT = np.array([name.endswith("Left") for name in INDEX])
_RIGHT = np.array([name.endswith("Right") for name in INDEX])
_SIGNALS_OF = {"listening": (0, 2), "talking": (1, 2), "thinking": (2, 3), "nodding": (0, 2),
               "emphatic": (2, 4)}  # fmt: skip
_LIVELINESS = {"listening": 700, "talking": 1100, "thinking": 900, "nodding": 1600,
               "emphatic": 1500}  # fmt: skip

#: Mouth shapes of speech at full strength, permille. "ee" pulls the corners as a smile does,
#: "sh" rounds the lips, "m" presses them: at an instant, speech may look like a mild expression.
VISEMES: Mapping[str, Mapping[str, int]] = {
    "ah": {"jawOpen": 420, "mouthLowerDown": 150},
    "eh": {"jawOpen": 260, "mouthStretch": 150, "mouthUpperUp": 120},
    "ee": {"jawOpen": 100, "mouthSmile": 260, "mouthStretch": 160, "mouthUpperUp": 120},
    "oh": {"jawOpen": 280, "mouthFunnel": 350},
    "oo": {"jawOpen": 100, "mouthPucker": 450, "mouthFunnel": 200},
    "sh": {"mouthFunnel": 380, "mouthLowerDown": 250, "mouthUpperUp": 200},
    "m": {"mouthPress": 350, "mouthRollLower": 250},
    "f": {"mouthRollLower": 350, "mouthUpperUp": 180, "jawOpen": 60},
}

#: Signals of conversation at full strength, permille: none is a recipe, each is a part of one.
SIGNALS: Mapping[str, Mapping[str, int]] = {
    "brow raise": {"browInnerUp": 300, "browOuterUp": 320},
    "brow knit": {"browDown": 260},
    "lip press": {"mouthPress": 400, "mouthRollLower": 200},
    "one brow": {"browOuterUpLeft": 380},
    "lip purse": {"mouthPucker": 300},
}


def integer_tracks(sample: Sample, frames: int | None = None) -> tuple[Ints, Ints]:
    """The motion in integers.

    Args:
        sample: what happens.
        frames: T, ``sample.frames`` by default; any T shows the same events.

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


def tracks(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The motion for the renderer.

    Returns:
        Blendshape weights float32 [T, 52] in 0..1 and pose float32 [T, 6]: yaw, pitch, roll in
        rad, x and y as fractions of the image, log-scale.
    """
    weights, pose = integer_tracks(sample)
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
            for _ in _STEMS
        ]
    )
    lean = today.between(-IMBALANCE, IMBALANCE)
    side = 1000 + lean * _LEFT.astype(np.int64) - lean * _RIGHT.astype(np.int64)
    weights = recipe(label, variant).weights() * gains[_STEM_OF] // 1000 * side // 1000
    return np.minimum(weights, 1000)


def _shown(action: Action, times: Ints, peak: Ints) -> Ints:
    """Weights [T, 52] of an action whose weights at the peak are ``peak`` [52]."""
    level = np.where(UPPER, action.upper(times)[:, None], action.lower(times)[:, None])
    return level * peak // 1000


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


def bump(times: Ints, start: int, length: int) -> Ints:
    """Smooth rise and fall, 0..1000, with its peak in the middle of ``length`` ms."""
    half = max(1, length // 2)
    return ramp(times - start, half) - ramp(times - start - half, half)


def union(a: Ints, b: Ints) -> Ints:
    """Two sources of one movement: a + b - a b, so that it never passes 1000."""
    return a + b - a * b // 1000


def wander(draws: Draws, times: Ints, amplitude: int, step: tuple[int, int]) -> Ints:
    """Smooth random motion within +-``amplitude``, with a new aim every ``step`` ms."""
    out = np.zeros_like(times)
    now, here = -draws.between(0, step[1]), draws.between(-amplitude, amplitude)
    while now < VIDEO_MS:
        length, aim = draws.between(*step), draws.between(-amplitude, amplitude)
        inside = (times >= now) & (times < now + length)
        out[inside] = here + (aim - here) * ramp(times[inside] - now, length) // 1000
        now, here = now + length, aim
    return out


def add_speech(draws: Draws, weights: Ints, times: Ints, strength: int) -> None:
    """Syllables of 140 to 240 ms in phrases with pauses; each is one viseme."""
    now = draws.between(-300, 300)
    while now < VIDEO_MS:
        for _ in range(draws.between(3, 8)):
            length = draws.between(140, 240)
            level = bump(times, now, length + 60) * strength * draws.between(600, 1000) // 10**6
            for index, weight in channels(VISEMES[draws.pick(tuple(VISEMES))]):
                weights[:, index] = union(weights[:, index], level * weight // 1000)
            now += length
        now += draws.between(200, 600)


def add_signals(draws: Draws, weights: Ints, times: Ints, count: int) -> None:
    """Conversational signals of 240 to 600 ms at random instants."""
    for _ in range(count):
        shapes = SIGNALS[draws.pick(tuple(SIGNALS))]
        strength = draws.between(600, 1000)
        level = bump(times, draws.between(0, VIDEO_MS - 400), draws.between(240, 600))
        for index, weight in channels(shapes):
            weights[:, index] = union(weights[:, index], level * weight * strength // 10**6)


def add_blinks(weights: Ints, times: Ints, instants: tuple[int, ...]) -> None:
    """Lids close within 80 ms and open within 140 ms; a closing lid ends the wide eye."""
    for instant in instants:
        shut = ramp(times - instant, 80) - ramp(times - instant - 100, 140)
        for side in ("Left", "Right"):
            blink, wide = INDEX[f"eyeBlink{side}"], INDEX[f"eyeWide{side}"]
            squint = INDEX[f"eyeSquint{side}"]
            weights[:, blink] = np.maximum(weights[:, blink], shut * 950 // 1000)
            for other in (wide, squint):
                weights[:, other] = weights[:, other] * (1000 - shut) // 1000


def add_gaze(draws: Draws, weights: Ints, times: Ints, reach: int) -> None:
    """Fixations of 250 to 1100 ms with saccades of 40 to 70 ms between them."""
    x, y = np.zeros_like(times), np.zeros_like(times)
    now, here = -draws.between(0, 1000), (draws.between(-reach, reach), 0)
    while now < VIDEO_MS:
        # people mostly look back at whom they talk to
        away = draws.chance(500)
        aim = (
            (draws.between(-reach, reach), draws.between(-reach // 2, reach // 2))
            if away
            else (0, 0)
        )
        rise = ramp(times - now, draws.between(40, 70))
        x[times >= now] = (here[0] + (aim[0] - here[0]) * rise // 1000)[times >= now]
        y[times >= now] = (here[1] + (aim[1] - here[1]) * rise // 1000)[times >= now]
        now, here = now + draws.between(250, 1100), aim
    left, right = np.maximum(x, 0), np.maximum(-x, 0)
    for name, level in (
        ("eyeLookOutLeft", left), ("eyeLookInRight", left),
        ("eyeLookInLeft", right), ("eyeLookOutRight", right),
        ("eyeLookUpLeft", np.maximum(y, 0)), ("eyeLookUpRight", np.maximum(y, 0)),
        ("eyeLookDownLeft", np.maximum(-y, 0)), ("eyeLookDownRight", np.maximum(-y, 0)),
    ):  # fmt: skip
        weights[:, INDEX[name]] = union(weights[:, INDEX[name]], level)


def head_pose(draws: Draws, times: Ints, *, pose: int, liveliness: int) -> Ints:
    """Where the head is, int64 [T, 6] in 1e-4: yaw, pitch, roll (rad), x, y, log-scale.

    Args:
        draws: a stream for the head alone.
        times: instants, ms.
        pose: strength of the degradation "pose", permille: at 1000 the head is turned by up to
            0.6 rad (34 degrees), at 280 by up to 0.17 rad.
        liveliness: permille of the usual motion.
    """
    out = np.zeros((len(times), 6), dtype=np.int64)
    turned = 6000 * pose // 1000
    yaw = draws.between(turned * 7 // 10, turned)
    out[:, 0] = yaw if draws.chance(500) else -yaw
    out[:, 1] = draws.between(-turned // 3, turned // 3)
    out[:, 2] = draws.between(-turned // 4, turned // 4)
    # yaw, pitch, roll in 1e-4 rad; x, y in 1e-4 of the image; 1e-4 of log-scale
    for axis, reach in enumerate((700, 450, 350, 120, 100, 150)):
        out[:, axis] += wander(draws, times, reach * liveliness // 1000, (280, 800))
    return out

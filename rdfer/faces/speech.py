"""What a face does besides showing an expression: speech, conversation, blinks, gaze, head.

All of it is integer arithmetic on a grid of frame times, in permille (weights) or 1e-4 (pose).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rdfer.data.draws import Draws
from rdfer.faces.recipes import INDEX
from rdfer.faces.sample import CLIP_MS, ramp

Ints = NDArray[np.int64]

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


def channels(shapes: Mapping[str, int]) -> list[tuple[int, int]]:
    """Index and weight of each blendshape; a name without side means both sides."""
    out = []
    for name, weight in shapes.items():
        names = (name,) if name in INDEX else (f"{name}Left", f"{name}Right")
        out += [(INDEX[full], weight) for full in names]
    return out


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
    while now < CLIP_MS:
        length, aim = draws.between(*step), draws.between(-amplitude, amplitude)
        inside = (times >= now) & (times < now + length)
        out[inside] = here + (aim - here) * ramp(times[inside] - now, length) // 1000
        now, here = now + length, aim
    return out


def add_speech(draws: Draws, weights: Ints, times: Ints, strength: int) -> None:
    """Syllables of 140 to 240 ms in phrases with pauses; each is one viseme."""
    now = draws.between(-300, 300)
    while now < CLIP_MS:
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
        level = bump(times, draws.between(0, CLIP_MS - 400), draws.between(240, 600))
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
    while now < CLIP_MS:
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

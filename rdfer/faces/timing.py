"""When things happen: onset, apex and offset of expressions and of conversational signals.

Surprise is the briefest expression and sudden in its onset (P. Ekman, W. V. Friesen, "Unmasking
the Face", 1975, chapter 4); the onset of a spontaneous smile takes about half a second (J. F.
Cohn, K. L. Schmidt, "The timing of facial motion in posed and spontaneous smiles", 2004). The
other ranges are choices of this benchmark, ordered between these two.
"""

from collections.abc import Mapping

from rdfer.data.draws import Draws
from rdfer.faces.factors import Difficulty, Factors
from rdfer.faces.sample import VIDEO_MS, Action, Pulse

#: Range of the attack by class, ms.
ATTACK: Mapping[str, tuple[int, int]] = {
    "Happy": (360, 760),
    "Sad": (560, 1000),
    "Angry": (240, 600),
    "Surprise": (120, 280),
    "Disgust": (280, 640),
    "Fear": (200, 480),
}
RELEASE = (360, 900)

#: Lag of the lower behind the upper face at the onset by class, ms: in fear the eyes lead, in a
#: smile the lips do.
LAG: Mapping[str, tuple[int, int]] = {
    "Happy": (-160, 0),
    "Sad": (-80, 120),
    "Angry": (-60, 80),
    "Surprise": (-40, 40),
    "Disgust": (-80, 80),
    "Fear": (60, 180),
}

#: The two time courses of a gasp: quick and slow flank, ms, and how much of the slow flank the
#: mouth is away. Surprise rises quickly and falls slowly, fear is its mirror image.
QUICK, SLOW, AWAY = (120, 180), (640, 800), (300, 400)

_MARGIN = 40  # ms at rest at both ends of a video
_FASTEST = 80  # ms, no part of a face rises faster


def draw_action(
    draws: Draws, label: str, variant: str, factors: Factors, difficulty: Difficulty
) -> Action:
    """The expression of a sample, placed within its video."""
    if "lookalike" in factors.reasons and (label == "Fear" or label == "Surprise"):
        # surprise has two counterparts: fear (as a gasp) and neutral (as flashes)
        if label == "Fear" or draws.chance(500):
            return _gasp(draws, label, difficulty)
    attack, release = draws.between(*ATTACK[label]), draws.between(*RELEASE)
    key = _key_ms(draws, factors, difficulty)
    # the key segment runs from half the attack to half the release
    if attack + release > 2 * key:
        attack, release = (
            max(_FASTEST, 2 * key * x // (attack + release)) for x in (attack, release)
        )
    if "distractor" in factors.reasons:
        attack, release = min(attack, 480), min(release, 480)
    hold = max(0, key - (attack + release) // 2)
    hold = min(hold, VIDEO_MS - 2 * _MARGIN - attack - release)
    return Action(
        label=label,
        variant=variant,
        start=_start(draws, attack + hold + release, "distractor" in factors.reasons),
        attack=attack,
        hold=hold,
        release=release,
        intensity=_intensity(draws, factors, difficulty),
        lag_on=_lag(draws, LAG[label], attack),
        lag_off=_lag(draws, (-80, 80), release),
    )


def _key_ms(draws: Draws, factors: Factors, difficulty: Difficulty) -> int:
    if "short" in factors.reasons:
        return factors.scale("short", difficulty.short_key_ms)
    if "distractor" in factors.reasons:
        return draws.between(*difficulty.distractor_key_ms)
    if "lookalike" in factors.reasons:
        return draws.between(*difficulty.lookalike_key_ms)
    return draws.between(*difficulty.easy_key_ms)


def _intensity(draws: Draws, factors: Factors, difficulty: Difficulty) -> int:
    if "intensity" in factors.reasons:
        return factors.scale("intensity", difficulty.low_intensity)
    if "lookalike" in factors.reasons:
        return draws.between(*difficulty.lookalike_intensity)
    return draws.between(*difficulty.easy_intensity)


def _start(draws: Draws, length: int, at_an_end: bool) -> int:
    """Anywhere in the video; beside a distractor near one end, to leave it the rest."""
    last = VIDEO_MS - _MARGIN - length
    if not at_an_end:
        return draws.between(_MARGIN, last)
    shift = draws.between(0, min(160, last - _MARGIN))
    return _MARGIN + shift if draws.chance(500) else last - shift


def _lag(draws: Draws, ends: tuple[int, int], flank: int) -> int:
    room = max(0, flank - _FASTEST)
    return max(-room, min(room, draws.between(*ends)))


def _gasp(draws: Draws, label: str, difficulty: Difficulty) -> Action:
    """One look, two time courses: quick then slow for surprise, its mirror image for fear."""
    quick, slow, away = draws.between(*QUICK), draws.between(*SLOW), draws.between(*AWAY)
    hold = draws.between(300, 700)
    surprise = label == "Surprise"
    return Action(
        label=label,
        variant="gasp",
        start=draws.between(_MARGIN, VIDEO_MS - _MARGIN - quick - hold - slow),
        attack=quick if surprise else slow,
        hold=hold,
        release=slow if surprise else quick,
        intensity=draws.between(*difficulty.easy_intensity),
        lag_on=0 if surprise else away,
        lag_off=away if surprise else 0,
    )


def draw_distractor(
    draws: Draws,
    label: str,
    variant: str,
    action: Action,
    factors: Factors,
    difficulty: Difficulty,
) -> Action:
    """A weaker expression in the larger part of the video that ``action`` leaves free.

    It may overlap the flank of the true expression, and may last longer than it.
    """
    before = action.start > VIDEO_MS - action.end
    low = _MARGIN if before else action.end - action.release // 2
    high = action.start + action.attack // 2 if before else VIDEO_MS - _MARGIN
    length = (high - low) * draws.between(800, 1000) // 1000
    attack, release = length * draws.between(150, 300) // 1000, length // 4
    start = low if before else high - length
    return Action(
        label=label,
        variant=variant,
        start=start,
        attack=attack,
        hold=length - attack - release,
        release=release,
        intensity=action.intensity
        * factors.scale("distractor", difficulty.distractor_share)
        // 1000,
    )


def draw_pulses(draws: Draws, difficulty: Difficulty) -> tuple[Pulse, ...]:
    """Flashes of a neutral speaker, four to six, in the rhythm of phrases.

    Each lasts 200 to 260 ms and is above half its peak for half of that: an expression's key
    segment lasts at least 320 ms.
    """
    pulses: list[Pulse] = []
    now = draws.between(40, 240)
    count = draws.between(4, 6)
    while len(pulses) < count and now < VIDEO_MS - 280:
        length = draws.between(200, 260)
        pulses.append(Pulse(now, length, draws.between(*difficulty.lookalike_intensity)))
        now += length + draws.between(100, 260)
    return tuple(pulses)

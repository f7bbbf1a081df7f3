"""What makes a sample hard, and how hard: the one place where the difficulty is set."""

from dataclasses import dataclass

from rdfer.base.errors import UserError
from rdfer.data.draws import Draws

#: Degradations of the picture. Pose is one of them, but acts in the head's track.
DEGRADATIONS: tuple[str, ...] = ("occlusion", "blur", "noise", "light", "resolution", "pose")

#: Hard factors of the expression itself. Each needs the expression's time course for itself, so no
#: sample has two of them.
EXPRESSION: tuple[str, ...] = ("intensity", "short", "distractor", "lookalike")

#: Classes with a counterpart that looks the same at every instant (see :mod:`rdfer.faces.tracks`).
_HAS_LOOKALIKE = frozenset({"Happy", "Sad", "Neutral", "Surprise", "Fear"})

#: Strength of any hard factor, permille.
STRENGTH = (400, 1000)


@dataclass(frozen=True)
class Difficulty:
    """The benchmark's dials. Pairs are ranges, both ends included; shares are permille.

    Of a pair marked "strength", the first value belongs to strength 400, the second to 1000.
    """

    hard: int = 550  # share of hard samples
    second: int = 200  # share of hard samples with a second factor
    # how often each kind of factor is drawn, relative to one another
    weight_intensity: int = 60
    weight_short: int = 300
    weight_distractor: int = 400
    weight_lookalike: int = 140
    weight_degradation: int = 90
    easy_intensity: tuple[int, int] = (430, 690)  # peak, permille
    low_intensity: tuple[int, int] = (360, 230)  # strength
    lookalike_intensity: tuple[int, int] = (280, 400)
    easy_key_ms: tuple[int, int] = (440, 900)
    short_key_ms: tuple[int, int] = (440, 320)  # strength
    distractor_key_ms: tuple[int, int] = (480, 700)  # key of the true expression beside one
    lookalike_key_ms: tuple[int, int] = (560, 800)
    distractor_share: tuple[int, int] = (480, 600)  # strength; of the true peak, permille
    mild: tuple[int, int] = (60, 300)  # strength of degradations in every sample
    mild_share: int = 450  # share of samples that show each mild degradation

    def __post_init__(self) -> None:
        """Check what the truth rests on.

        Raises:
            UserError: a distractor could reach more than 0.6 of the peak, or a key segment
                could be as short as a conversational signal.
        """
        if max(self.distractor_share) > 600:
            raise UserError(f"distractor_share = {self.distractor_share!r}: at most 600")
        if min(self.short_key_ms) < 320:
            raise UserError(f"short_key_ms = {self.short_key_ms!r}: at least 320")


#: The frozen difficulty of version 1.1.
DIFFICULTY = Difficulty()


@dataclass(frozen=True)
class Factors:
    """Hard factors of one sample, empty where it is easy."""

    reasons: tuple[str, ...] = ()
    strengths: tuple[int, ...] = ()

    def scale(self, reason: str, ends: tuple[int, int]) -> int:
        """Value between ``ends`` that belongs to the strength of ``reason``."""
        low, high = STRENGTH
        strength = self.strengths[self.reasons.index(reason)]
        return ends[0] + (ends[1] - ends[0]) * (strength - low) // (high - low)


def draw_factors(draws: Draws, label: str, difficulty: Difficulty) -> Factors:
    """Decide whether a sample of class ``label`` is hard, and by what."""
    if not draws.chance(difficulty.hard):
        return Factors()
    reasons = [_draw_one(draws, label, difficulty, ())]
    if draws.chance(difficulty.second):
        reasons.append(_draw_one(draws, label, difficulty, tuple(reasons)))
    return Factors(tuple(reasons), tuple(draws.between(*STRENGTH) for _ in reasons))


def _draw_one(draws: Draws, label: str, difficulty: Difficulty, taken: tuple[str, ...]) -> str:
    free = not set(EXPRESSION).intersection(taken)
    shown = free and label != "Neutral"
    weights = [
        difficulty.weight_intensity if shown else 0,
        difficulty.weight_short if shown else 0,
        difficulty.weight_distractor if shown else 0,
        difficulty.weight_lookalike if free and label in _HAS_LOOKALIKE else 0,
        difficulty.weight_degradation,
    ]
    k = draws.weighted(weights)
    if k < len(EXPRESSION):
        return EXPRESSION[k]
    return draws.pick([kind for kind in DEGRADATIONS if kind not in taken])


def degradations(
    draws: Draws, factors: Factors, difficulty: Difficulty
) -> tuple[tuple[str, int], ...]:
    """All degradations of a sample: strong where they are a reason, mild ones besides.

    Light and pose always vary a little, since no two videos share them. A small occlusion is
    never mild: it hides the mouth or it does not.
    """
    out = []
    for kind in DEGRADATIONS:
        if kind in factors.reasons:
            out.append((kind, factors.strengths[factors.reasons.index(kind)]))
            continue
        mild = draws.between(*difficulty.mild)
        always = kind in ("light", "pose")
        if kind != "occlusion" and (draws.chance(difficulty.mild_share) or always):
            out.append((kind, mild))
    return tuple(out)

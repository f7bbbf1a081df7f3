"""Which videos the benchmark holds: labels, identities, hard factors, timing.

A split is a pure function of its arguments. Sample k depends on (seed, pool, split, k) alone, so
a longer balanced split begins with the shorter one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from rdfer.base.errors import UserError
from rdfer.data.draws import Draws
from rdfer.data.manifest import CLASSES, SPLITS
from rdfer.data.noise import stratify
from rdfer.faces.factors import DIFFICULTY, Difficulty, Factors, degradations, draw_factors
from rdfer.faces.oracle import predict
from rdfer.faces.recipes import EMOTIONS, POOLS, variants
from rdfer.faces.sample import VIDEO_MS, Action, Pulse, Sample, segment
from rdfer.faces.timing import draw_action, draw_distractor, draw_pulses

T = TypeVar("T")

MIN_FRAMES = 16

#: Videos of each class among the 11,697 of DFEW with a face, in the order of CLASSES.
DFEW_COUNTS = (2445, 1894, 2669, 2173, 1469, 145, 902)

#: First identity and number of identities of each split, within a pool.
_IDENTITIES = {
    "pretrain": (0, 20_000),
    "train": (100_000, 400),
    "val": (200_000, 100),
    "test": (300_000, 250),
}
_POOL_STRIDE = 1_000_000

#: Range [low, high) of the identities on which the shipped encoder is trained. They are those of
#: the development pool's pretrain split: no other split of either pool shows them.
PRETRAIN_IDENTITIES = (0, 20_000)

_SPEAKS = {"listening": 0, "talking": 1000, "thinking": 200, "nodding": 300, "emphatic": 1000}
"""Permille of the neutral videos of each variant in which the person speaks."""


def identities(pool: str, split: str) -> range:
    """The persons of a split; ranges of different splits or pools share nobody."""
    _check_names(pool, split)
    first, count = _IDENTITIES[split]
    first += POOLS.index(pool) * _POOL_STRIDE
    return range(first, first + count)


def make_split(
    pool: str,
    split: str,
    n: int,
    *,
    frames: int = 64,
    seed: int = 0,
    balance: str = "balanced",
    difficulty: Difficulty = DIFFICULTY,
) -> tuple[Sample, ...]:
    """Draw the ``n`` samples of one split.

    Args:
        pool: ``development`` or ``confirmation``.
        split: ``train``, ``val``, ``test`` or ``pretrain``.
        n: number of samples.
        frames: T, at least 16; a video lasts 2.56 s whatever T.
        seed: another seed, other videos (of the same people).
        balance: ``balanced``, or ``dfew`` for the class proportions of DFEW.
        difficulty: how hard the hard samples are.

    Raises:
        UserError: unknown pool, split or balance, or a number out of range.
    """
    _check_names(pool, split)
    if n < 1:
        raise UserError(f"n = {n!r}: must be at least 1")
    if frames < MIN_FRAMES:
        raise UserError(f"frames = {frames!r}: must be at least {MIN_FRAMES}")
    draws = Draws("rdfer.faces.split", seed, pool, split)
    labels = _labels(draws, n, balance)
    people = _blocks(Draws("rdfer.faces.people", seed, pool, split), identities(pool, split), n)
    samples = []
    for index, (label, person) in enumerate(zip(labels, people, strict=True)):
        stream = Draws("rdfer.faces.sample", seed, pool, split, index)
        sample = _draw(stream, pool, split, index, label, person, frames, difficulty)
        samples.append(replace(sample, ambiguous=predict(sample) != label))
    return tuple(samples)


def _draw(
    draws: Draws,
    pool: str,
    split: str,
    index: int,
    label: str,
    identity: int,
    frames: int,
    difficulty: Difficulty,
) -> Sample:
    stream = draws.raw() >> 1
    factors = draw_factors(draws, label, difficulty)
    variant = draws.pick(variants(label, pool))
    if label == "Neutral":
        imitates, pulses = _pulses(draws, pool, factors, difficulty)
        action = distractor = None
    else:
        imitates, pulses = ("", ""), ()
        action = draw_action(draws, label, variant, factors, difficulty)
        distractor = _distractor(draws, pool, action, factors, difficulty)
    seen = None if action is None else segment(action, frames)
    return Sample(
        id=f"{pool[:3]}-{split}-{index:05d}",
        pool=pool,
        split=split,
        stream=stream,
        identity=identity,
        label=label,
        variant=variant if action is None else action.variant,
        frames=frames,
        action=action,
        distractor=distractor,
        imitates=imitates,
        pulses=pulses,
        key_start=-1 if seen is None else seen.start,
        key_end=-1 if seen is None else seen.end,
        onset=-1 if seen is None else seen.onset,
        apex=-1 if seen is None else seen.apex,
        offset=-1 if seen is None else seen.offset,
        intensity=0 if action is None else action.intensity,
        degradations=(shown := degradations(draws, factors, difficulty)),
        speech=_speech(draws, label, variant, bool(pulses)),
        blinks=_blinks(draws),
        light=draws.below(2**31),
        hard=bool(factors.reasons),
        reasons=factors.reasons,
        strengths=factors.strengths,
        difficulty=_difficulty(factors, shown, action),
    )


def _pulses(
    draws: Draws, pool: str, factors: Factors, difficulty: Difficulty
) -> tuple[tuple[str, str], tuple[Pulse, ...]]:
    """What a neutral speaker flashes, where the video is a look-alike."""
    if "lookalike" not in factors.reasons:
        return ("", ""), ()
    label = draws.pick(("Happy", "Sad", "Surprise"))
    variant = draws.pick(variants(label, pool))
    return (label, variant), draw_pulses(draws, difficulty)


def _distractor(
    draws: Draws, pool: str, action: Action, factors: Factors, difficulty: Difficulty
) -> Action | None:
    if "distractor" not in factors.reasons:
        return None
    label = draws.pick([name for name in EMOTIONS if name != action.label])
    variant = draws.pick(variants(label, pool))
    return draw_distractor(draws, label, variant, action, factors, difficulty)


def _speech(draws: Draws, label: str, variant: str, pulses: bool) -> int:
    """Strength of speech: flashes come with speech, an expression may."""
    if label == "Neutral":
        speaks = pulses or draws.chance(_SPEAKS[variant])
        return draws.between(500, 1000) if speaks else 0
    return draws.between(300, 700) if draws.chance(350) else 0


def _blinks(draws: Draws) -> tuple[int, ...]:
    """Instants of the blinks: 10 to 40 a minute, as people blink."""
    instants, now = [], draws.between(-1200, 1800)
    while now < VIDEO_MS:
        if now >= 0:
            instants.append(now)
        now += draws.between(1500, 5000)
    return tuple(instants)


def _difficulty(factors: Factors, shown: Sequence[tuple[str, int]], action: Action | None) -> int:
    """The strongest hard factor and a quarter of the others; of an easy video, what is mild.

    Easy videos stay below 300, hard ones lie between 400 and 1000.
    """
    if factors.strengths:
        strongest = max(factors.strengths)
        return min(1000, strongest + (sum(factors.strengths) - strongest) // 4)
    weakness = 0 if action is None else (1000 - action.intensity) // 2
    return min(299, weakness + sum(strength for _, strength in shown) // 12)


def _labels(draws: Draws, n: int, balance: str) -> list[str]:
    if balance == "balanced":
        return _blocks(draws, CLASSES, n)
    if balance != "dfew":
        raise UserError(f"balance = {balance!r}: must be 'balanced' or 'dfew'")
    counts = stratify(DFEW_COUNTS, n)
    return draws.shuffle([name for name, k in zip(CLASSES, counts, strict=True) for _ in range(k)])


def _blocks(draws: Draws, items: Sequence[T], n: int) -> list[T]:
    """``n`` items in blocks, each a permutation: all as often as the others, to within one."""
    out: list[T] = []
    while len(out) < n:
        out += draws.shuffle(items)
    return out[:n]


def _check_names(pool: str, split: str) -> None:
    if pool not in POOLS:
        raise UserError(f"pool = {pool!r}: must be one of {POOLS}")
    if split not in SPLITS:
        raise UserError(f"split = {split!r}: must be one of {SPLITS}")

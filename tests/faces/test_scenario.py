"""Tests of which videos the benchmark holds."""

import itertools
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES, SPLITS
from rdfer.faces.factors import DIFFICULTY
from rdfer.faces.recipes import POOLS, variants
from rdfer.faces.sample import VIDEO_MS, Sample
from rdfer.faces.scenario import PRETRAIN_IDENTITIES, identities, make_split


def leaves(value: Any) -> list[Any]:
    if is_dataclass(value):
        return [leaf for f in fields(value) for leaf in leaves(getattr(value, f.name))]
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def test_samples_hold_integers_and_strings_alone(samples: tuple[Sample, ...]) -> None:
    kinds = {type(leaf) for sample in samples for leaf in leaves(sample)}
    assert kinds <= {int, str, bool, type(None)}


def test_balanced_to_within_one(samples: tuple[Sample, ...]) -> None:
    assert set(Counter(s.label for s in make_split("development", "val", 30)).values()) <= {4, 5}
    assert set(Counter(s.label for s in samples).values()) == {60}


def test_longer_split_begins_with_the_shorter() -> None:
    assert make_split("development", "val", 40)[:15] == make_split("development", "val", 15)


def test_dfew_proportions() -> None:
    counts = Counter(s.label for s in make_split("development", "val", 350, balance="dfew"))
    assert counts == {
        "Happy": 73, "Sad": 57, "Neutral": 80, "Angry": 65, "Surprise": 44, "Disgust": 4,
        "Fear": 27,
    }  # fmt: skip


def test_nobody_is_in_two_parts() -> None:
    people = [set(identities(pool, split)) for pool in POOLS for split in SPLITS]
    for one, other in itertools.combinations(people, 2):
        assert not one & other
    assert set(range(*PRETRAIN_IDENTITIES)) == set(identities("development", "pretrain"))


def test_test_people_are_many_and_equally_frequent() -> None:
    people = Counter(s.identity for s in make_split("development", "test", 500))
    assert len(people) == 250 and set(people.values()) == {2}
    assert set(people) <= set(identities("development", "test"))


def test_pools_and_seeds_differ() -> None:
    streams = {
        make_split(pool, "val", 1, seed=seed)[0].stream for pool in POOLS for seed in range(3)
    }
    assert len(streams) == 6


def test_share_of_hard_samples(samples: tuple[Sample, ...]) -> None:
    share = sum(s.hard for s in samples) / len(samples)
    assert abs(share - DIFFICULTY.hard / 1000) < 0.08
    assert {r for s in samples for r in s.reasons} >= {"intensity", "short", "distractor", "blur"}


def test_variants_belong_to_the_pool(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        assert sample.variant in (*variants(sample.label, "development"), "gasp")


def check(sample: Sample) -> None:
    """What every sample must hold whatever the draws."""
    assert sample.hard == bool(sample.reasons) == bool(sample.strengths)
    assert len(set(sample.reasons)) == len(sample.reasons) == len(sample.strengths)
    assert all(400 <= s <= 1000 for s in sample.strengths)
    assert (sample.difficulty >= 400) == sample.hard
    for kind, strength in sample.degradations:
        assert (strength >= 400) == (kind in sample.reasons)
    if sample.label == "Neutral":
        assert sample.action is None and sample.distractor is None
        assert sample.key_start == sample.key_end == sample.apex == -1
        assert bool(sample.pulses) == ("lookalike" in sample.reasons)
        return
    assert 0 <= sample.onset <= sample.key_start <= sample.apex < sample.key_end <= sample.offset
    assert sample.offset <= sample.frames
    assert not sample.pulses
    if sample.distractor is not None:
        assert sample.distractor.label not in (sample.label, "Neutral")
        assert sample.distractor.intensity * 1000 <= 600 * sample.intensity
        assert 0 <= sample.distractor.start < sample.distractor.end <= 2560


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(POOLS),
    st.sampled_from(SPLITS),
    st.integers(16, 90),
    st.integers(0, 10**6),
)
def test_every_sample_is_sound(pool: str, split: str, frames: int, seed: int) -> None:
    for sample in make_split(pool, split, 8, frames=frames, seed=seed):
        check(sample)


def test_short_and_low_are_what_they_say(samples: tuple[Sample, ...]) -> None:
    frame_ms = VIDEO_MS / 64
    for sample in samples:
        length = sample.key_end - sample.key_start
        if "short" in sample.reasons:
            # both ends of a segment are rounded to frames
            assert length <= max(DIFFICULTY.short_key_ms) / frame_ms + 1
        if "intensity" in sample.reasons:
            assert sample.intensity <= max(DIFFICULTY.low_intensity)
        if not sample.hard and sample.label != "Neutral":
            assert sample.intensity >= min(DIFFICULTY.easy_intensity)
            assert length >= min(DIFFICULTY.easy_key_ms) / frame_ms - 1


def test_same_story_at_another_frame_rate() -> None:
    for slow, fast in zip(
        make_split("development", "val", 30, frames=32),
        make_split("development", "val", 30, frames=64),
        strict=True,
    ):
        assert slow.action == fast.action
        assert slow.ambiguous == fast.ambiguous
        if slow.apex >= 0:
            assert abs(2 * slow.apex - fast.apex) <= 2


def test_everything_hard_or_nothing() -> None:
    never = replace(DIFFICULTY, hard=0)
    assert not any(s.hard for s in make_split("development", "val", 30, difficulty=never))
    always = replace(DIFFICULTY, hard=1000)
    assert all(s.hard for s in make_split("development", "val", 30, difficulty=always))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pool": "final"}, "pool"),
        ({"split": "dev"}, "split"),
        ({"n": 0}, "n = 0"),
        ({"frames": 15}, "frames"),
        ({"balance": "even"}, "balance"),
    ],
)
def test_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_split(**({"pool": "development", "split": "val", "n": 3} | change))


def test_difficulty_protects_the_truth() -> None:
    with pytest.raises(UserError, match="at most 600"):
        replace(DIFFICULTY, distractor_share=(400, 700))
    with pytest.raises(UserError, match="at least 320"):
        replace(DIFFICULTY, short_key_ms=(560, 200))


def test_all_classes_come(samples: tuple[Sample, ...]) -> None:
    assert {s.label for s in samples} == set(CLASSES)

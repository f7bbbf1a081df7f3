"""Tests of the motion: actions, life, and what only the order of frames tells."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.faces.factors import DIFFICULTY
from rdfer.faces.facts import order_free
from rdfer.faces.head import INDEX
from rdfer.faces.sample import VIDEO_MS, Action, Sample, frame_times, ramp, segment
from rdfer.faces.scenario import make_split
from rdfer.faces.tracks import integer_tracks, styled, tracks


def bare(sample: Sample) -> Sample:
    """The sample without speech, blinks and all that."""
    return replace(sample, speech=0, blinks=(), distractor=None)


@given(st.integers(1, 3000), st.integers(-4000, 4000))
def test_ramp_is_monotone_between_its_ends(length: int, u: int) -> None:
    values = ramp(np.array([u, u + 1, 0, length]), length)
    assert 0 <= values[0] <= values[1] <= 1000
    assert values[2] == 0 and values[3] == 1000


@given(
    st.integers(0, 800), st.integers(80, 900), st.integers(0, 700), st.integers(80, 900),
    st.integers(16, 96),
)  # fmt: skip
def test_level_and_segment(start: int, attack: int, hold: int, release: int, frames: int) -> None:
    action = Action("Sad", "down", start, attack, hold, release, 700)
    level = action.level(frame_times(frames))
    assert level.min() >= 0 and level.max() <= 1000
    if level.max() < 500:
        return
    seen = segment(action, frames)
    assert seen.onset <= seen.start <= seen.apex < seen.end <= seen.offset
    inside = np.zeros(frames, bool)
    inside[seen.start : seen.end] = True
    np.testing.assert_array_equal(level >= 500, inside)


def test_parts_of_the_face_share_the_peak() -> None:
    action = Action("Fear", "gasp", 200, 700, 300, 150, 900, lag_on=350)
    times = np.arange(VIDEO_MS)
    upper, lower = action.upper(times), action.lower(times)
    np.testing.assert_array_equal(upper == 1000, lower == 1000)
    assert (lower <= upper).all() and (lower < upper).any()


def test_tracks_have_their_shapes_and_ranges(samples: tuple[Sample, ...]) -> None:
    for sample in samples[:60]:
        weights, pose = tracks(sample)
        assert weights.shape == (64, 52) and weights.dtype == np.float32
        assert pose.shape == (64, 6) and pose.dtype == np.float32
        assert weights.min() >= 0 and weights.max() <= 1
        assert np.abs(pose[:, :3]).max() < 0.75 and np.abs(pose[:, 3:]).max() < 0.05


def test_every_video_moves(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        if sample.label == "Neutral":
            weights, pose = integer_tracks(sample)
            assert np.ptp(weights, axis=0).max() > 50 or np.ptp(pose, axis=0).max() > 200


def test_nothing_of_an_expression_before_its_onset(samples: tuple[Sample, ...]) -> None:
    lips = [INDEX["mouthFrownLeft"], INDEX["mouthFrownRight"]]
    sad = [s for s in samples if s.label == "Sad" and s.distractor is None]
    for sample in sad:
        weights, _ = integer_tracks(bare(sample))
        assert not weights[: sample.onset, lips].any()
        assert not weights[sample.offset :, lips].any()
        assert weights[sample.apex, lips].min() > 150 * sample.intensity // 1000


ALIKE = replace(
    DIFFICULTY, hard=1000, weight_intensity=0, weight_short=0, weight_distractor=0,
    weight_degradation=1, weight_lookalike=1000,
)  # fmt: skip


def gasps() -> list[Sample]:
    drawn = make_split("development", "train", 42, difficulty=ALIKE)
    found = [sample for sample in drawn if sample.variant == "gasp"]
    assert {sample.label for sample in found} == {"Fear", "Surprise"}
    return found


def test_gasps_are_mirror_images() -> None:
    """A gasp of surprise played backwards is a gasp of fear: the same frames, another order."""
    surprise = next(s for s in gasps() if s.label == "Surprise")
    action = surprise.action
    assert action is not None
    fear = replace(
        action, label="Fear", attack=action.release, release=action.attack,
        lag_on=action.lag_off, lag_off=action.lag_on, start=VIDEO_MS - action.end,
    )  # fmt: skip
    times = np.arange(VIDEO_MS + 1)
    np.testing.assert_allclose(action.upper(times), fear.upper(times)[::-1], atol=1)
    np.testing.assert_allclose(action.lower(times), fear.lower(times)[::-1], atol=1)
    other = replace(surprise, label="Fear", action=fear)
    np.testing.assert_array_equal(
        styled(surprise, "Surprise", "gasp", 0), styled(other, "Fear", "gasp", 0)
    )


def test_bag_of_frames_does_not_see_order(samples: tuple[Sample, ...]) -> None:
    weights, _ = integer_tracks(samples[0])
    shuffled = np.random.default_rng(0).permutation(weights)
    np.testing.assert_allclose(order_free(weights), order_free(shuffled))


def test_flashes_are_shorter_than_any_expression(samples: tuple[Sample, ...]) -> None:
    flashing = [s for s in samples if s.pulses]
    assert flashing
    for sample in flashing:
        assert all(200 <= p.length <= 260 for p in sample.pulses)
        assert len(sample.pulses) >= 4
        gaps = [b.start - a.start - a.length for a, b in
                zip(sample.pulses, sample.pulses[1:], strict=False)]  # fmt: skip
        assert min(gaps) >= 100


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(16, 80))
def test_same_sample_same_motion(seed: int, frames: int) -> None:
    sample = make_split("confirmation", "val", 1, seed=seed, frames=frames)[0]
    one, two = integer_tracks(sample), integer_tracks(sample)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert one[0].min() >= 0 and one[0].max() <= 1000


def test_people_have_a_style(samples: tuple[Sample, ...]) -> None:
    one = samples[0]
    other = replace(one, identity=one.identity + 1)
    a, b = (styled(s, "Happy", "smile", 0) for s in (one, other))
    assert (a != b).any()
    assert np.abs(a - b).max() < 300

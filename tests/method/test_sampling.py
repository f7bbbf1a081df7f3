import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.method import sampling

LENGTHS = st.lists(st.integers(1, 900), min_size=1, max_size=6)
SEEDS = st.integers(0, 2**32)
M = st.integers(1, 20)


def segment_of(frame, length, segments):
    """Which segments a frame is in, from the definition alone."""
    return [
        j for j in range(segments) if j * length // segments <= frame < (j + 1) * length // segments
    ]


def test_worked_examples():
    result = doctest.testmod(sampling)
    assert result.attempted >= 5 and result.failed == 0


@given(n=st.integers(1, 900), stored=st.integers(1, 100))
def test_stored_indices_are_the_papers_floor(n, stored):
    picked = sampling.stored_indices(n, stored)
    assert picked.tolist() == [(n * i) // stored for i in range(stored)]
    assert picked.dtype == np.int64 and 0 <= picked[0] and picked[-1] < n
    if n >= stored:
        assert len(set(picked.tolist())) == stored


@given(lengths=LENGTHS, m=M, seed=st.none() | SEEDS)
def test_synopsis_takes_one_frame_of_each_segment(lengths, m, seed):
    generator = None if seed is None else np.random.default_rng(seed)
    picked = sampling.synopsis(lengths, clip_frames=m, generator=generator)
    assert picked.shape == (len(lengths), m) and picked.dtype == np.int64
    for length, clip in zip(lengths, picked, strict=True):
        assert all(0 <= frame < length for frame in clip)
        if length >= m:
            assert [segment_of(f, length, m) for f in clip] == [[j] for j in range(m)]
        else:
            assert clip.tolist() == [j * length // m for j in range(m)]


def test_synopsis_without_generator_takes_the_middles():
    assert sampling.synopsis([64])[0].tolist() == list(range(2, 64, 4))
    again = sampling.synopsis([64, 17, 3])
    np.testing.assert_array_equal(again, sampling.synopsis([64, 17, 3]))


def test_synopsis_draws_every_frame_of_a_segment_equally_often():
    generator = np.random.default_rng(0)
    picked = sampling.synopsis(np.full(8000, 10), clip_frames=4, generator=generator)
    counts = np.bincount(picked[:, 1], minlength=10)
    # segment 1 holds frames 2, 3, 4: 8000 / 3 = 2667 each, four deviations of 42
    assert counts[[2, 3, 4]].sum() == 8000
    assert np.abs(counts[[2, 3, 4]] - 8000 / 3).max() < 170


@given(lengths=LENGTHS, n=st.integers(1, 6), m=M, seed=SEEDS, span=st.floats(0.01, 1))
def test_agreement_clips_lie_in_a_window_of_their_span(lengths, n, m, seed, span):
    picked = sampling.agreement_clips(
        lengths, clips=n, clip_frames=m, span=span, generator=np.random.default_rng(seed)
    )
    assert picked.shape == (len(lengths), n, m) and picked.dtype == np.int64
    for length, clips in zip(lengths, picked, strict=True):
        window = max(1, int(span * length + 0.5))
        for clip in clips.tolist():
            assert clip == sorted(clip)
            assert 0 <= clip[0] and clip[-1] < length
            assert clip[-1] - clip[0] < window
            if window >= m:
                assert len(set(clip)) == m


@given(lengths=LENGTHS, n=st.integers(1, 6), m=M, seed=SEEDS)
def test_a_whole_span_is_the_law_of_the_synopsis(lengths, n, m, seed):
    clips = sampling.agreement_clips(
        lengths, clips=n, clip_frames=m, span=1.0, generator=np.random.default_rng(seed)
    )
    same = sampling.synopsis(
        np.repeat(lengths, n), clip_frames=m, generator=np.random.default_rng(seed)
    )
    np.testing.assert_array_equal(clips.reshape(-1, m), same)


def test_local_windows_reach_both_ends():
    picked = sampling.agreement_clips(
        [40], clips=400, clip_frames=4, span=0.25, generator=np.random.default_rng(0)
    )
    assert picked.min() == 0 and picked.max() == 39


@given(data=st.data(), lengths=LENGTHS, frames=st.integers(1, 8), stride=st.integers(1, 4))
def test_detail_clips_surround_their_key_and_never_leave_the_video(data, lengths, frames, stride):
    centres = np.array([[data.draw(st.integers(0, t - 1)) for _ in range(3)] for t in lengths])
    picked = sampling.detail(centres, lengths, frames=frames, stride=stride)
    assert picked.shape == (len(lengths), 3, frames)
    before = (frames - 1) // 2
    for b, length in enumerate(lengths):
        for k in range(3):
            expected = [
                min(max(centres[b, k] + stride * (j - before), 0), length - 1)
                for j in range(frames)
            ]
            assert picked[b, k].tolist() == expected
            assert centres[b, k] in expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampling.stored_indices(0, 4), "n_frames = 0"),
        (lambda: sampling.stored_indices(4, 0), "stored = 0"),
        (lambda: sampling.synopsis([5, 0]), r"lengths\[1\] = 0"),
        (lambda: sampling.synopsis([[5]]), r"lengths of shape \(1, 1\)"),
        (lambda: sampling.synopsis([5], clip_frames=0), "clip_frames = 0"),
        (lambda: clips(clips=0), "clips = 0"),
        (lambda: clips(span=0.0), r"span = 0\.0"),
        (lambda: clips(span=1.5), r"span = 1\.5"),
        (lambda: clips(span=float("nan")), "span = nan"),
        (lambda: sampling.detail([[5]], [5]), r"centres\[0, 0\] = 5: .* 0 to 4"),
        (lambda: sampling.detail([[0, -1]], [5]), r"centres\[0, 1\] = -1"),
        (lambda: sampling.detail([[0]], [5], stride=0), "stride = 0"),
        (lambda: sampling.detail([[0]], [5], frames=0), "frames = 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()


def clips(**more):
    settings = {"clips": 2, "generator": np.random.default_rng(0)} | more
    return sampling.agreement_clips([5], **settings)

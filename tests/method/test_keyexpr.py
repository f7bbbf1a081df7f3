"""Tests of key-expression re-sampling, against loops that spell it out."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rdfer.base.errors import UserError
from rdfer.method import keyexpr
from rdfer.method.keyexpr import class_peaks, key_clips

# few distinct values, so that ties are common
TIED = st.sampled_from([0.0, 0.25, 0.5, 1.0])
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 5))
PROBS = SHAPES.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=TIED))


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(keyexpr).failed == 0


def loop_class_peaks(p: np.ndarray, keys: int) -> list[list[int]]:
    out = []
    for video in p:
        peaks = []
        for c in range(video.shape[1]):
            best = 0
            for frame in range(len(video)):
                if video[frame, c] > video[best, c]:
                    best = frame
            peaks.append((-video[best, c], c, best))
        out.append([frame for _, _, frame in sorted(peaks)[:keys]])
    return out


@settings(max_examples=150, deadline=None)
@given(p=PROBS, data=st.data())
def test_class_peaks_against_loops(p: np.ndarray, data: st.DataObject) -> None:
    keys = data.draw(st.integers(1, p.shape[2]))
    expected = loop_class_peaks(p, keys)
    assert class_peaks(p, keys=keys).tolist() == [sorted(row) for row in expected]


@settings(max_examples=60, deadline=None)
@given(p=PROBS, seed=st.integers(0, 99))
def test_naming_the_classes_otherwise_keeps_the_set_of_peaks(p: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(p.shape[2])
    every = p.shape[2]
    assert np.array_equal(class_peaks(p, keys=every), class_peaks(p[..., order], keys=every))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_key_clips_against_loops(data: st.DataObject) -> None:
    videos, length, keys = (data.draw(st.integers(1, n)) for n in (3, 6, 4))
    frames, stride = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    lengths = data.draw(hnp.arrays(np.int64, videos, elements=st.integers(1, 20)))
    synopsis = np.stack([data.draw(hnp.arrays(np.int64, length, elements=st.integers(0, n - 1)))
                         for n in lengths.tolist()])  # fmt: skip
    positions = data.draw(hnp.arrays(np.int64, (videos, keys), elements=st.integers(0, length - 1)))
    clips = key_clips(positions, synopsis, lengths, frames=frames, stride=stride)
    assert clips.shape == (videos, keys, frames)
    for v in range(videos):
        for k in range(keys):
            centre = synopsis[v, positions[v, k]]
            for f in range(frames):
                wanted = centre + stride * (f - (frames - 1) // 2)
                assert clips[v, k, f] == min(max(wanted, 0), lengths[v] - 1)


P = np.full((2, 3, 4), 0.25)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_peaks(P[0]), r"p of shape \(3, 4\)"),
        (lambda: class_peaks(P * np.nan), r"p\[0, 0, 0\] = nan: must be a number"),
        (lambda: class_peaks(P, keys=5), "keys = 5: must be 1 to 4, the number of classes"),
        (lambda: class_peaks(P, keys=0), "keys = 0"),
        (lambda: key_clips([[3]], [[0, 1, 2]], [3]), r"positions\[0, 0\] = 3: must be 0 to 2"),
        (lambda: key_clips([[0]], [[5]], [3]), "must be a frame of its video"),
        (lambda: key_clips([0], [[1]], [3]), "positions of shape"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()

"""Tests of whether key expressions are found, against sets that spell it out."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rdfer.base.errors import UserError
from rdfer.metrics import key_frames
from rdfer.metrics.key_frames import hit_rate, hits, temporal_iou, thirds


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(key_frames).failed == 0


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hits_and_overlap_against_sets(data: st.DataObject) -> None:
    videos = data.draw(st.integers(1, 4))
    shape = (videos, data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4)))
    clips = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 15)))
    ends = data.draw(hnp.arrays(np.int64, (videos, 2), elements=st.integers(0, 16)))
    found, overlap = hits(clips, ends), temporal_iou(clips, ends)
    for v in range(videos):
        key = set(range(*ends[v].tolist()))
        spans = [set(range(c.min(), c.max() + 1)) for c in clips[v]]
        looked = set().union(*spans)
        assert found[v] == bool(key & set(clips[v].ravel().tolist()))
        if key:
            assert overlap[v] == pytest.approx(len(key & looked) / len(key | looked))
        else:
            assert np.isnan(overlap[v])
    keyed = ends[:, 1] > ends[:, 0]
    if keyed.any():
        assert hit_rate(clips, ends) == pytest.approx(found[keyed].mean())


def test_hit_rate_needs_a_key_segment() -> None:
    with pytest.raises(UserError, match="no video has a key segment"):
        hit_rate([[[1, 2]]], [[0, 0]])


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(UserError, match="clips of shape"):
        hits([[1, 2]], [[0, 1]])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_thirds_are_as_large_as_each_other_and_in_order(lengths: list[int]) -> None:
    found, frames = thirds(lengths), np.array(lengths)
    assert ((found == -1) == (frames == 0)).all()
    sizes = np.bincount(found[found >= 0], minlength=3)
    assert sizes.max() - sizes.min() <= 1
    for k in (0, 1):
        lower, upper = frames[found == k], frames[found == k + 1]
        assert not (len(lower) and len(upper)) or lower.max() <= upper.min()

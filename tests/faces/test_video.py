"""Tests of rendered videos as sources."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.faces.sample import Sample
from rdfer.faces.video import FaceSource, render_sample


def test_frames_and_determinism(samples: tuple[Sample, ...]) -> None:
    sample = replace(samples[0], frames=16)
    frames = render_sample(sample, 32)
    assert frames.shape == (16, 32, 32, 3) and frames.dtype == np.uint8
    np.testing.assert_array_equal(frames, render_sample(sample, 32))
    assert frames.std() > 10


def test_expression_is_seen(samples: tuple[Sample, ...]) -> None:
    """The apex frame differs from the first one by more than head motion moves."""
    sample = next(s for s in samples if s.label == "Surprise" and not s.hard and s.onset > 6)
    still = replace(sample, degradations=(), blinks=(), speech=0)
    frames = render_sample(still, 32).astype(int)
    moved = np.abs(frames - frames[0]).mean((1, 2, 3))
    assert moved[sample.apex] > moved[sample.onset - 1]


def test_source_travels_and_its_key_follows_the_sample(samples: tuple[Sample, ...]) -> None:
    sample = replace(samples[0], frames=16)
    source = FaceSource(sample)
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source and copy.key == source.key and copy.id == sample.id
    assert FaceSource(replace(sample, stream=sample.stream + 1)).key != source.key
    np.testing.assert_array_equal(copy.load(24, 16), source.load(24, 16))


def test_refuses_sizes_that_the_renderer_does_not_draw(samples: tuple[Sample, ...]) -> None:
    with pytest.raises(UserError, match="size"):
        render_sample(samples[0], 4)

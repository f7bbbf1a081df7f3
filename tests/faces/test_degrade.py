"""Tests of the degradations."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rdfer.faces.degrade import apply
from rdfer.faces.factors import DEGRADATIONS
from rdfer.faces.sample import Sample

PICTURED = [kind for kind in DEGRADATIONS if kind != "pose"]


@pytest.fixture(scope="module")
def frames() -> NDArray[np.uint8]:
    """A picture with edges, eight times."""
    rng = np.random.default_rng(0)
    picture = rng.integers(40, 210, (4, 4, 3)).repeat(8, 0).repeat(8, 1)
    return np.stack([picture] * 8).astype(np.uint8)


def spoilt(
    frames: NDArray[np.uint8], sample: Sample, kind: str, strength: int
) -> NDArray[np.int64]:
    out = apply(frames, replace(sample, degradations=((kind, strength),)))
    assert out.shape == frames.shape and out.dtype == np.uint8
    return np.abs(out.astype(np.int64) - frames)


@pytest.mark.parametrize("kind", PICTURED)
def test_stronger_spoils_more(
    kind: str, frames: NDArray[np.uint8], samples: tuple[Sample, ...]
) -> None:
    mild, strong = (
        np.mean([spoilt(frames, sample, kind, s).mean() for sample in samples[:8]])
        for s in (250, 1000)
    )
    assert strong > mild > 0


@pytest.mark.parametrize("kind", PICTURED)
def test_deterministic(kind: str, frames: NDArray[np.uint8], samples: tuple[Sample, ...]) -> None:
    before = frames.copy()
    one, two = (spoilt(frames, samples[0], kind, 700) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(frames, before)


def test_nothing_to_do(frames: NDArray[np.uint8], samples: tuple[Sample, ...]) -> None:
    clean = replace(samples[0], degradations=())
    np.testing.assert_array_equal(apply(frames, clean), frames)
    posed = replace(samples[0], degradations=(("pose", 900),))
    np.testing.assert_array_equal(apply(frames, posed), frames)


def test_grain_differs_from_frame_to_frame(
    frames: NDArray[np.uint8], samples: tuple[Sample, ...]
) -> None:
    out = apply(frames, replace(samples[0], degradations=(("noise", 800),)))
    assert (out[0] != out[1]).mean() > 0.5


def test_occlusion_covers_part_of_the_picture_for_half_of_the_time(
    frames: NDArray[np.uint8], samples: tuple[Sample, ...]
) -> None:
    for sample in samples[:12]:
        changed = spoilt(frames, sample, "occlusion", 1000).sum(-1) > 0
        share = changed.mean((1, 2))
        assert (share > 0).mean() >= 0.5
        assert 0.1 < share.max() < 0.75

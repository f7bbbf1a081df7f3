import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.training.fit import fit
from rdfer.training.prediction import predict_once
from rdfer.training.probes import PROBES, Disturbed, disturb
from tests.small import small_settings, small_task


@given(st.integers(1, 5), st.integers(1, 16), st.integers(0, 10**6))
def test_a_shuffle_keeps_the_frames_and_touches_its_own_kind_alone(batch, length, seed):
    rng = np.random.default_rng(seed)
    synopsis = np.sort(rng.integers(0, 64, (batch, length)), 1)
    detail = np.sort(rng.integers(0, 64, (batch, 4, length)), 2)
    lengths = np.full(batch, 64)
    np.testing.assert_array_equal(np.sort(disturb(synopsis, lengths, "clips"), 1), synopsis)
    np.testing.assert_array_equal(np.sort(disturb(detail, lengths, "frames"), 2), detail)
    np.testing.assert_array_equal(disturb(synopsis, lengths, "frames"), synopsis)
    np.testing.assert_array_equal(disturb(detail, lengths, "clips"), detail)
    np.testing.assert_array_equal(
        disturb(detail, lengths, "frames"), disturb(detail, lengths, "frames")
    )


def test_most_orders_change_and_a_frozen_video_shows_its_middle():
    frames = np.arange(16) + np.arange(50)[:, None]
    moved = disturb(frames, np.full(50, 70), "clips")
    assert (moved != frames).any(1).all()
    frozen = disturb(
        np.tile(np.arange(16), (2, 1))[:, :, None].repeat(4, 2), np.array([9, 20]), "frozen"
    )
    assert frozen.shape == (2, 16, 4) and frozen[0].tolist() == [[4] * 4] * 16
    assert (frozen[1] == 10).all()


@pytest.mark.parametrize(("streams", "blind"), [("long", "frames"), ("short", "clips")])
def test_a_stream_does_not_see_what_only_the_other_looks_at(streams, blind):
    task, inputs = small_task()
    settings = small_settings(network__streams=streams, training__epochs=2)
    model = fit(task, inputs, settings, seed=0).model
    intact = predict_once(model, inputs, task.test.videos, settings)[0]
    for probe in PROBES:
        seen = predict_once(model, Disturbed(inputs, probe), task.test.videos, settings)[0]
        assert np.array_equal(seen, intact) == (probe == blind)

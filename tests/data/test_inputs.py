"""Features and frames behind one interface; one augmentation for all that is seen of a video."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.data.inputs import FeatureInputs, FrameInputs, input_size
from rdfer.method.transforms import augment, evaluate, mean_grey
from rdfer.settings.schema import Settings, override
from rdfer.training.prediction import build_network

sys.path.insert(0, str(Path(__file__).parents[1]))

from bank_sources import sources

VIDEO_COUNT, FRAMES = 3, 9
SIZE = 12
VIDEOS = np.array([2, 0, 1, 0])
SYNOPSIS = np.array([[0, 1, 3], [0, 2, 5], [8, 4, 0], [1, 1, 1]])  # [B, L]
DETAIL = SYNOPSIS[:, :2, None].repeat(2, axis=2)  # [B, K, F]
CPU = torch.device("cpu")


class Flattened(nn.Module):
    """Every pixel is a feature."""

    def forward(self, x):
        return x.flatten(1)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    path = tmp_path_factory.mktemp("inputs") / "bank"
    return FrameBank.build(path, sources([9, 12, 4]), size=SIZE, frames=FRAMES, workers=0)


@pytest.fixture(scope="module")
def features(bank, tmp_path_factory):
    path = tmp_path_factory.mktemp("inputs") / "features"
    return FeatureBank.build(path, bank, Flattened(), key="a")


@pytest.fixture(params=["frames", "features"])
def inputs(request, bank, features):
    if request.param == "frames":
        return FrameInputs(bank, SIZE, CPU)
    return FeatureInputs(features, CPU)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("frozen", "size"), [(True, 128), (False, 112)])
def test_a_crop_leaves_room_and_a_cached_frame_is_whole(frozen, size):
    settings = override(Settings(), {"data.size": 128, "network.frozen": frozen})
    assert input_size(settings) == size


def test_an_encoder_bound_to_one_size_is_made_for_the_crops(bank):
    changes = {
        "data.size": 64,
        "network.encoder": "vit_tiny_patch16_224",
        "network.pretrained": "none",
        "network.frozen": False,
    }
    settings = override(Settings(), changes)
    network = build_network(settings, classes=7, in_features=None)
    look = FrameInputs(bank, input_size(settings), CPU).look(VIDEOS[:1], None)
    with torch.no_grad():
        out = network(look, SYNOPSIS[:1], bank.lengths[VIDEOS[:1]])
    assert out.logits.shape == (1, 7)


def test_both_kinds_have_one_interface(inputs):
    assert inputs.lengths.tolist() == [FRAMES] * VIDEO_COUNT and inputs.lengths.dtype == np.int64
    tail = (3, SIZE, SIZE) if inputs.dim is None else (inputs.dim,)
    for draws in (None, generator()):
        look = inputs.look(VIDEOS, draws)
        for frames in (SYNOPSIS, DETAIL):
            seen = look(frames)
            assert seen.shape == (*frames.shape, *tail) and seen.dtype == torch.float32
            assert torch.isfinite(seen).all()


def test_frames_and_features_show_the_same_without_augmentation(bank, features):
    pixels = FrameInputs(bank, SIZE, CPU).look(VIDEOS, None)(DETAIL)
    cached = FeatureInputs(features, CPU).look(VIDEOS, None)(DETAIL)
    # the cache is in half precision
    torch.testing.assert_close(cached, pixels.flatten(3), atol=2e-3, rtol=1e-3)


def test_without_a_generator_nothing_is_drawn(bank):
    seen = FrameInputs(bank, 8, CPU).look(VIDEOS, None)(SYNOPSIS)
    pixels = torch.from_numpy(bank.gather(VIDEOS, SYNOPSIS))
    torch.testing.assert_close(seen, evaluate(pixels, size=8))


def test_synopsis_and_detail_of_a_batch_share_one_augmentation(inputs):
    look = inputs.look(VIDEOS, generator(5))
    # the same frame of each video, once in a synopsis and once in detail clips
    synopsis, detail = np.zeros((4, 6), np.int64), np.zeros((4, 2, 2), np.int64)
    one, two = look(synopsis), look(detail)
    torch.testing.assert_close(one[:, 0], two[:, 0, 0])
    torch.testing.assert_close(one[:, 0], one[:, 5])
    torch.testing.assert_close(two[:, 0, 0], two[:, 1, 1])
    torch.testing.assert_close(look(synopsis), one)


def test_every_batch_and_every_video_of_it_draws_anew(inputs):
    draws = generator(5)
    looks = [inputs.look(np.zeros(8, np.int64), draws)(np.zeros((8, 1), np.int64)) for _ in "ab"]
    assert not torch.equal(*looks)
    assert len(torch.unique(looks[0].flatten(1), dim=0)) > 1
    again = inputs.look(np.zeros(8, np.int64), generator(5))(np.zeros((8, 1), np.int64))
    torch.testing.assert_close(again, looks[0])


def test_frames_are_augmented_as_the_transforms_do(bank):
    draws = generator(7)
    seed = int(torch.randint(2**62, (), generator=generator(7)))
    seen = FrameInputs(bank, 8, CPU).look(VIDEOS, draws)(SYNOPSIS)
    pixels = torch.from_numpy(bank.gather(VIDEOS, SYNOPSIS))
    every = torch.from_numpy(bank.gather(VIDEOS, np.tile(np.arange(FRAMES), (len(VIDEOS), 1))))
    drawn = augment(pixels, size=8, generator=generator(seed), grey=mean_grey(every))
    torch.testing.assert_close(seen, drawn)


def test_a_flip_is_the_only_augmentation_of_features(features):
    inputs = FeatureInputs(features, CPU)
    both = [features.gather(VIDEOS, SYNOPSIS, views=np.full(4, k)) for k in (0, 1)]
    seen = {}
    draws = generator(0)
    for _ in range(20):
        got = inputs.look(VIDEOS, draws)(SYNOPSIS)
        for video in range(4):
            views = [k for k in (0, 1) if torch.equal(got[video], both[k][video])]
            assert len(views) == 1
            seen.setdefault(video, set()).add(views[0])
    assert all(views == {0, 1} for views in seen.values())

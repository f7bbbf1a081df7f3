import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from rdfer.base.errors import UserError
from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.method.transforms import augment, evaluate

sys.path.insert(0, str(Path(__file__).parents[1]))

from bank_sources import sources

VIDEOS, FRAMES = 7, 4


class Halves(nn.Module):
    """Mean of the left and of the right half of each channel; counts the frames it sees."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.5)
        self.seen = 0

    def forward(self, x):
        self.seen += len(x)
        middle = x.shape[-1] // 2
        halves = [x[..., :middle].mean((2, 3)), x[..., middle:].mean((2, 3))]
        return self.drop(self.norm(torch.cat(halves, 1)))


@pytest.fixture
def bank(tmp_path):
    return FrameBank.build(
        tmp_path / "bank", sources([FRAMES] * VIDEOS), size=4, frames=FRAMES, workers=0
    )


def expected(bank, video, frame, view):
    picture = torch.from_numpy(bank.gather([video], [[frame]])[0, 0])
    image = evaluate(picture, size=4)
    if view:
        image = image.flip(-1)
    # fresh batch norm: running mean 0, running variance 1 plus its epsilon
    return torch.cat([image[..., :2].mean((1, 2)), image[..., 2:].mean((1, 2))]) / (1 + 1e-5) ** 0.5


@pytest.mark.parametrize("batch", [1, 3, 8, 1000])
def test_holds_the_features_of_every_frame_and_view(tmp_path, bank, batch):
    encoder = Halves().train()
    features = FeatureBank.build(tmp_path / "features", bank, encoder, key="a", batch=batch)
    assert encoder.training and encoder.drop.training
    assert (features.views, features.dim) == (2, 6)
    assert features.ids == bank.ids and features.lengths.tolist() == [FRAMES] * VIDEOS
    for video in range(VIDEOS):
        for frame in range(FRAMES):
            for view in (0, 1):
                got = features.gather([video], [[frame]], views=[view])
                assert got.shape == (1, 1, 6) and got.dtype == torch.float32
                reference = expected(bank, video, frame, view)
                torch.testing.assert_close(got[0, 0], reference, atol=2e-3, rtol=1e-3)


def test_a_view_per_clip_or_one_for_all(tmp_path, bank):
    features = FeatureBank.build(tmp_path / "features", bank, Halves(), key="a")
    videos, frames = np.array([0, 2]), np.array([[[0, 3], [1, 1]], [[2, 0], [3, 2]]])
    both = features.gather(videos, frames, views=np.array([0, 1]))
    assert both.shape == (2, 2, 2, 6)
    torch.testing.assert_close(both[0], features.gather(videos, frames)[0], rtol=0, atol=0)
    torch.testing.assert_close(both[1], features.gather(videos, frames, views=1)[1], rtol=0, atol=0)
    with pytest.raises(IndexError, match="views"):
        features.gather(videos, frames, views=2)


def test_one_view_and_any_function(tmp_path, bank):
    sizes = []

    def encode(x):
        sizes.append(tuple(x.shape[1:]))
        return x.flatten(1)

    features = FeatureBank.build(
        tmp_path / "features", bank, encode, key="a", views=1, size=2, batch=4
    )
    assert (features.views, features.dim) == (1, 12)
    assert set(sizes) == {(3, 2, 2)}


def test_finished_features_are_left_alone_and_others_replaced(tmp_path, bank):
    encoder = Halves()
    path = tmp_path / "features"
    first = FeatureBank.build(path, bank, encoder, key="a").checksum
    encoder.seen = 0
    assert FeatureBank.build(path, bank, encoder, key="a").checksum == first
    assert encoder.seen == 0
    FeatureBank.build(path, bank, encoder, key="b")
    assert encoder.seen > 0
    other = FrameBank.build(tmp_path / "other", sources([3]), size=4, frames=3, workers=0)
    assert FeatureBank.build(path, other, encoder, key="b").lengths.tolist() == [3]


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_interrupted_building_is_resumed(tmp_path, bank, stop):
    whole = FeatureBank.build(tmp_path / "whole", bank, Halves(), key="a", batch=8).checksum
    encoder = Halves()
    calls = 0

    def interrupted(x):
        nonlocal calls
        calls += 1
        if calls > 2 + 2 * stop:  # the first two look at the shape
            raise KeyboardInterrupt
        return encoder.eval()(x)

    path = tmp_path / "features"
    with pytest.raises(KeyboardInterrupt):
        FeatureBank.build(path, bank, interrupted, key="a", batch=8)
    with pytest.raises(UserError, match="no finished bank"):
        FeatureBank.open(path)
    encoder.seen = 0
    assert FeatureBank.build(path, bank, encoder, key="a", batch=8).checksum == whole
    assert encoder.seen < 2 * VIDEOS * FRAMES


def test_cut_off_features_are_detected_and_mended(tmp_path, bank):
    path = tmp_path / "features"
    whole = FeatureBank.build(path, bank, Halves(), key="a").checksum
    os.truncate(path / "features.npy", 100)
    with pytest.raises(UserError, match=r"features\.npy: 100 bytes"):
        FeatureBank.open(path)
    assert FeatureBank.build(path, bank, Halves(), key="a").checksum == whole


@pytest.mark.parametrize(
    ("encode", "more", "message"),
    [
        (lambda x: x, {}, "encoder output of shape"),
        (lambda x: x.flatten(1)[:, :2] / 0, {}, "half precision"),
        (lambda x: x.flatten(1) * 1e6, {}, "half precision"),
        (lambda x: x.flatten(1), {"views": 3}, "views = 3"),
        (lambda x: x.flatten(1), {"batch": 0}, "batch = 0"),
    ],
)
def test_bad_input_is_named(tmp_path, bank, encode, more, message):
    with pytest.raises(UserError, match=message):
        FeatureBank.build(tmp_path / "features", bank, encode, key="a", **more)
    assert not (tmp_path / "features").exists()


def test_augmented_copies_of_some_videos_share_a_crop_within_a_clip(tmp_path, bank):
    def pixels(x):
        return x.flatten(1)

    videos = [4, 1, 2]
    ask = {"key": "a", "views": 3, "augmented": True, "videos": videos}
    copies = FeatureBank.build(tmp_path / "copies", bank, pixels, batch=2, **ask)
    assert copies.ids == tuple(bank.ids[v] for v in videos) and copies.views == 3
    whole = FeatureBank.build(tmp_path / "whole", bank, pixels, batch=1000, **ask)
    for row, video in enumerate(videos):
        frames = np.arange(bank.lengths[video])[None]
        seed = int(hashlib.sha256(bank.ids[video].encode()).hexdigest()[:8], 16)
        for view in range(3):
            seen = augment(
                torch.from_numpy(bank.gather([video], frames)),
                size=4,
                generator=torch.Generator().manual_seed(seed + view),
            )[0].flatten(1)
            got = copies.gather([row], frames, views=view)[0]
            torch.testing.assert_close(got, seen.half().float())
            torch.testing.assert_close(whole.gather([row], frames, views=view)[0], got)


def test_more_than_two_views_are_augmented_ones(tmp_path, bank):
    with pytest.raises(UserError, match="views = 3"):
        FeatureBank.build(tmp_path / "features", bank, Halves(), key="a", views=3)

"""The cost of a clip against counts made by hand."""

import pytest
import torch
from torch import nn

from rdfer.method.network import DualStream
from rdfer.settings.presets import REAL
from rdfer.settings.schema import Sampling, Settings, override
from rdfer.studies.flops import ClipCost, clip_cost, operations

L, K, F, C = 6, 2, 4, 3  # synopsis frames, detail clips of F frames, classes
D, HIDDEN = 5, 4
WIDTH = 2 * HIDDEN
CLIPS = Sampling(clip_frames=L, keys=K, key_frames=F)
SIZE = 8
# a frame: 3 x 3 kernels from 3 to D channels at every second pixel
FRAME = (SIZE // 2) ** 2 * 9 * 3 * D


def encoder():
    convolution = nn.Conv2d(3, D, 3, stride=2, padding=1)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(1))


def network(**more):
    options = {"hidden": HIDDEN, "layers": 1, "heads": 2, **more}
    return DualStream(encoder(), in_features=D, num_classes=C, **options)


def stream(n):
    """A stream over n instances, part by part."""
    lstm = 2 * n * 4 * HIDDEN * (D + HIDDEN)  # both directions, four gates
    attention = n * WIDTH * 3 * WIDTH + 2 * n * n * WIDTH + n * WIDTH * WIDTH  # qkv, mixing, out
    pooling = n * 3 * WIDTH + n * WIDTH  # scores of kernel 3, weighted mean
    classes = (n + 1) * WIDTH * C  # of the bag and of every instance
    return lstm + attention + pooling + classes


LONG = L * FRAME + stream(L)
MOTION = K * F * 3 * D * HIDDEN + K * HIDDEN * D
SHORT = K * F * FRAME + MOTION + stream(K)
GATE = WIDTH * D


@pytest.mark.parametrize(
    ("streams", "expected"),
    [("long", LONG), ("short", SHORT), ("both", LONG + SHORT + GATE)],
)
def test_a_small_network_counted_by_hand(streams, expected):
    assert operations(network(streams=streams), CLIPS, size=SIZE) == expected


def test_a_second_encoder_costs_no_more_as_each_frame_has_one():
    two = network(detail_encoder=encoder())
    assert operations(two, CLIPS, size=SIZE) == LONG + SHORT + GATE


def test_two_layers_of_an_lstm_are_both_counted():
    second = 2 * (L + K) * 4 * HIDDEN * (WIDTH + HIDDEN)
    expected = LONG + SHORT + GATE + second
    assert operations(network(layers=2), CLIPS, size=SIZE) == expected


SMALL = override(Settings(), {"data.size": 32, "network.hidden": 8, "network.heads": 2})


def test_what_a_run_sees_is_told():
    cost = clip_cost(SMALL, classes=7)
    assert (cost.frames, cost.size) == (16 + 4 * 4, 32)
    alone = clip_cost(override(SMALL, {"network.streams": "long"}), classes=7)
    assert alone.frames == 16 and alone.gflops == pytest.approx(cost.gflops / 2, rel=0.05)
    # trained end to end it sees a crop
    crop = clip_cost(override(SMALL, {"network.frozen": False}), classes=7)
    assert crop.size == 28 and crop.gflops < cost.gflops


def test_a_cached_encoder_is_counted_like_one_that_runs():
    thawed = override(SMALL, {"network.frozen": False, "data.size": 64})
    cached = override(SMALL, {"data.size": 56})
    assert clip_cost(thawed, classes=7) == clip_cost(cached, classes=7)


def test_counting_disturbs_no_draw():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    clip_cost(override(SMALL, {"data.size": 40}), classes=5)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["cremad", "ferv39k-imagenet"])
def test_real_presets_can_be_counted_without_a_network(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (preset,) = (p for p in REAL if p.name == name)
    cost = clip_cost(preset.settings, classes=7)
    assert isinstance(cost, ClipCost) and cost.frames == 32
    if name != "cremad":
        # a ResNet-50 has 4.1 such operations at 224 px (He et al., 2016), a quarter at 112
        assert cost.gflops == pytest.approx(32 * 4.1 / 4, rel=0.1)

"""M3DFEL at tiny size: clips through a 3D CNN, a bag of instances to one prediction."""

import numpy as np
import pytest
import torch
from torch import nn

from rdfer.base.errors import UserError
from rdfer.method import baselines
from rdfer.method.baselines import BagNorm, ClipEncoder, InstanceAggregation, create_clip_encoder
from rdfer.method.losses import stream_loss
from rdfer.method.network import DualStream
from rdfer.settings.schema import Settings, override
from rdfer.training.fit import fit
from rdfer.training.prediction import build_network, predict_once
from tests.method.helpers import see
from tests.small import FRAMES, small_settings, small_task

C, SIDE = 7, 16
CHANGES = {
    "network__model": "m3dfel",
    "network__encoder": "r3d_18",
    "network__pretrained": "none",
    "network__frozen": False,
}


@pytest.fixture(scope="module")
def network() -> DualStream:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(small_settings(**CHANGES), classes=C, in_features=None)


def frames(videos: int = 2, length: int = 16, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.rand(videos, length, 3, SIDE, SIDE, generator=g)


def test_four_frames_are_one_instance(network):
    out = see(network, frames())
    assert out.short is None and torch.equal(out.logits, out.long.logits)
    assert out.logits.shape == (2, C)
    assert out.long.instance_logits.shape == (2, 4, C)
    assert out.long.features.shape == (2, network.num_features)


def test_an_instance_sees_its_own_frames_in_their_order(network):
    network.eval()
    x = frames()
    changed = x.clone()
    changed[:, 4:8] = x[:, [7, 5, 6, 4]]
    with torch.no_grad():
        a, b = network.encode(x), network.encode(changed)
    assert a.shape == (2, 4, 512)
    difference = (a - b).abs().amax((0, 2)) > 1e-5
    assert difference.tolist() == [False, True, False, False]


def test_the_order_of_frames_and_of_instances_matters(network):
    network.eval()
    x = frames()
    instances = x.unflatten(1, (4, 4))
    with torch.no_grad():
        plain = see(network, x).logits
        inside = see(network, instances.flip(2).flatten(1, 2)).logits
        between = see(network, instances.flip(1).flatten(1, 2)).logits
    for other in (inside, between):
        assert (plain - other).abs().max() > 1e-6


def test_gradient_reaches_every_parameter(network):
    network.train()
    network.zero_grad()
    out = see(network, frames())
    stream_loss(out, [1, 4]).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_norm_by_hand():
    torch.manual_seed(0)
    norm, x = BagNorm(5), torch.randn(2, 4, 5)
    with torch.no_grad():
        norm.mix.copy_(torch.tensor([-100.0, 100.0, 0.0, 0.0, 0.0]))
        norm.weight.copy_(torch.arange(1.0, 6.0))
        norm.bias.copy_(torch.arange(5.0))
        found = norm(x).numpy()
    values = x.double().numpy()
    for b in range(2):
        bag = (values[b] - values[b].mean()) / np.sqrt(values[b].var() + 1e-5)
        for k in range(4):
            row = values[b, k]
            own = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
            mixed = np.array([own[0], bag[k, 1], *(own[2:] + bag[k, 2:]) / 2])
            np.testing.assert_allclose(
                found[b, k], mixed * np.arange(1, 6) + np.arange(5), atol=1e-5
            )


def test_aggregation_keeps_how_instances_differ_in_size():
    norm = BagNorm(6).eval()
    x = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(0))
    x[:, 2] *= 10
    with torch.no_grad():
        spread = norm(x).std(-1)[0]
    assert spread.argmax() == 2
    assert InstanceAggregation(in_features=6, num_classes=C, hidden=4, layers=1, heads=2)(
        x
    ).instance_logits.shape == (1, 4, C)


def test_frames_that_fill_no_clip_are_refused(network):
    with pytest.raises(UserError, match=r"frames = 15: .*whole clips of 4"):
        see(network, frames(length=15))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network__frozen": True}, "network.frozen = True: m3dfel needs frames"),
        ({"network__encoder": "resnet18"}, "network.encoder = 'resnet18'"),
        ({"network__pretrained": "faces"}, "network.pretrained = 'faces'"),
        ({"network__shift": True}, "network.shift = True"),
        ({"network__streams": "short"}, "network.streams = 'short'"),
    ],
)
def test_settings_that_it_cannot_use_are_refused_in_one_line(change, words):
    with pytest.raises(UserError) as caught:
        small_settings(**{**CHANGES, **change})
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value)


def test_kinetics_weights_only_when_asked_by_name(monkeypatch):
    asked = []

    def offline(weights):
        asked.append(weights)
        if weights is not None:
            raise OSError("no route to host\nand a long story")
        model = nn.Module()
        model.fc = nn.Linear(3, 2)
        return model

    monkeypatch.setattr(baselines, "r3d_18", offline)
    assert create_clip_encoder(pretrained="none")[1] == 3
    with pytest.raises(UserError, match=r"kinetics.*no route to host\)$") as caught:
        create_clip_encoder(pretrained="kinetics")
    assert "\n" not in str(caught.value)
    assert asked[0] is None and "KINETICS400" in str(asked[1])
    with pytest.raises(UserError, match="pretrained = 'faces'"):
        create_clip_encoder(pretrained="faces")


def test_kinetics_weights_are_a_choice_of_the_settings():
    dotted = {name.replace("__", "."): value for name, value in CHANGES.items()}
    changed = override(Settings(), {**dotted, "network.pretrained": "kinetics"})
    assert changed.network.pretrained == "kinetics"
    assert ClipEncoder.clip_frames * 4 == changed.sampling.clip_frames


def test_it_trains_on_frames():
    task, inputs = small_task(noise=0.0)
    g = torch.Generator().manual_seed(0)
    inputs.values, inputs.dim = torch.rand(84, FRAMES, 3, SIDE, SIDE, generator=g), None
    settings = small_settings(**CHANGES, training__epochs=1, training__batch=21)
    settings = override(settings, {"agreement.start": 99})
    fitted = fit(task, inputs, settings, seed=0)
    probs, detail, _ = predict_once(fitted.model, inputs, task.test.videos, settings)
    assert detail is None and fitted.epoch == 1
    np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-5)

"""Network baselines: one interface, each blind or not to the order of frames."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.method.baselines import LONGEST, FrameAverage, Recurrent, TemporalTransformer
from rdfer.method.encoders import create_encoder
from rdfer.method.losses import stream_loss
from rdfer.method.network import DualStream
from rdfer.method.streams import SequenceModel
from rdfer.settings.schema import Settings, override
from rdfer.training.fit import fit
from rdfer.training.prediction import BASELINES, build_network, predict_once
from tests.method.helpers import see
from tests.small import CLASSES, small_settings, small_task

B, L, D, C, HIDDEN = 3, 16, 12, 7, 8
SIZES = dict(in_features=D, num_classes=C, hidden=HIDDEN, heads=4, dropout=0.0)
MODELS = ("frame-average", "recurrent", "transformer")
WIDTH = {"frame-average": D, "recurrent": 2 * HIDDEN, "transformer": 2 * HIDDEN}


def make(model: str, **changes: object) -> SequenceModel:
    torch.manual_seed(0)
    return BASELINES[model](**{**SIZES, "layers": 1, **changes})


def features(frames: int = L, seed: int = 0) -> Tensor:
    return torch.randn(B, frames, D, generator=torch.Generator().manual_seed(seed))


def network(model: str) -> DualStream:
    torch.manual_seed(0)
    return build_network(small_settings(network__model=model), classes=C, in_features=D)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("layers", [1, 2])
def test_shapes_for_any_number_of_frames(model, layers):
    baseline = make(model, layers=layers)
    for frames in (1, L, LONGEST):
        out = baseline(features(frames))
        assert out.logits.shape == (B, C)
        assert out.instance_logits.shape == (B, frames, C)
        assert out.features.shape == (B, baseline.num_features) == (B, WIDTH[model])


@pytest.mark.parametrize("model", MODELS)
def test_a_baseline_is_the_only_stream_of_its_network(model):
    net = network(model)
    out = see(net, features())
    assert out.short is None and torch.equal(out.logits, out.long.logits)
    assert net.num_features == WIDTH[model]
    seen = net(features(), np.tile(np.arange(L), (B, 1)))
    assert seen.detail is None and seen.logits.shape == (B, C)


@pytest.mark.parametrize("model", MODELS)
def test_gradient_reaches_every_parameter(model):
    net = network(model)
    out = see(net, features(LONGEST))
    targets = torch.eye(C)[torch.tensor([1, 4, 0])]
    stream_loss(out, targets).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("model", MODELS)
def test_end_to_end_the_gradient_reaches_the_encoder(model):
    settings = small_settings(
        network__model=model, network__frozen=False, network__pretrained="none", data__size=48
    )
    torch.manual_seed(0)
    net = build_network(settings, classes=C, in_features=None)
    for module in net.encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # open timm's closed residual branches
    out = see(net, torch.rand(2, 4, 3, 42, 42))
    out.logits[:, 0].sum().backward()
    for name, parameter in net.encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("model", MODELS)
def test_only_the_frame_average_is_blind_to_order(model):
    net = network(model)
    see(net, features())  # running statistics of the standardisation
    net.eval()
    with torch.no_grad():
        x = features(seed=1)
        one, two = see(net, x).logits, see(net, x.flip(1)).logits
    assert torch.allclose(one, two, atol=1e-5) == (model == "frame-average")


@pytest.mark.parametrize("model", MODELS)
def test_evaluation_does_not_depend_on_neighbours(model):
    net = network(model)
    see(net, features())
    net.eval()
    with torch.no_grad():
        whole = see(net, features()).logits
        for i in range(B):
            alone = see(net, features()[i : i + 1]).logits
            torch.testing.assert_close(alone, whole[i : i + 1], atol=1e-5, rtol=1e-5)


def test_the_frame_average_is_the_mean_probability():
    model = make("frame-average")
    out = model(features())
    p = out.instance_logits.softmax(-1).mean(1)
    torch.testing.assert_close(out.logits.exp(), p)
    torch.testing.assert_close(out.logits.softmax(-1), p)
    torch.testing.assert_close(out.features, features().mean(1))


def test_a_recurrent_state_knows_the_past_alone():
    model = make("recurrent", layers=2)
    x = features()
    changed = x.clone()
    changed[:, 10] += 1
    a, b = model(x), model(changed)
    torch.testing.assert_close(a.instance_logits[:, :10], b.instance_logits[:, :10])
    assert not torch.allclose(a.instance_logits[:, 10], b.instance_logits[:, 10])
    assert torch.equal(a.logits, a.instance_logits[:, -1])


def test_without_positions_the_transformer_is_blind_to_order():
    model = make("transformer")
    x = features()
    with torch.no_grad():
        model.positions.zero_()
        torch.testing.assert_close(model(x).logits, model(x.flip(1)).logits)
        assert not torch.allclose(model(x).instance_logits, model(x.flip(1)).instance_logits)


@pytest.mark.parametrize("model", MODELS)
def test_dropout_works_in_training_only(model):
    baseline = make(model, dropout=0.5, layers=2)
    assert not torch.equal(baseline(features()).logits, baseline(features()).logits)
    baseline.eval()
    with torch.no_grad():
        assert torch.equal(baseline(features()).logits, baseline(features()).logits)


@pytest.mark.parametrize("model", MODELS)
def test_reset_classifier(model):
    net = network(model)
    net.reset_classifier(3)
    out = see(net, features())
    assert out.logits.shape == (B, 3) and out.long.instance_logits.shape == (B, L, 3)


def test_bad_sizes_are_refused():
    with pytest.raises(UserError, match="heads = 5: must divide"):
        make("transformer", heads=5)
    with pytest.raises(UserError, match=f"frames = {LONGEST + 1}: .*at most {LONGEST}"):
        make("transformer")(features(LONGEST + 1))
    with pytest.raises(UserError, match="streams = 'short'"):
        sizes = {"in_features": D, "num_classes": C, "heads": 4, "hidden": 8}
        DualStream(streams="short", sequence=make("recurrent"), **sizes)


def test_a_baseline_can_keep_the_short_term_stream():
    net = DualStream(
        in_features=D, num_classes=C, heads=4, hidden=8, sequence=make("transformer", hidden=6)
    )
    out = net(torch.randn(B, 64, D), np.tile(np.arange(0, 64, 4), (B, 1)))
    assert out.short is not None and out.detail.shape == (B, 4, 4)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("name", "value"),
    [("streams", "long"), ("fusion", "detail"), ("separate_encoders", True)],
)
def test_settings_of_two_streams_are_refused_in_one_line(model, name, value):
    with pytest.raises(UserError, match=rf"^network\.{name} = .*baseline") as caught:
        override(Settings(), {"network.model": model, f"network.{name}": value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
def test_a_baseline_trains_on_cached_features(model):
    task, inputs = small_task(noise=0.0)
    settings = small_settings(network__model=model, training__epochs=30, training__lr=5e-3)
    fitted = fit(task, inputs, settings, seed=0)
    assert fitted.history.train_loss[-1] < fitted.history.train_loss[0]
    probs, detail, _ = predict_once(fitted.model, inputs, task.test.videos, settings)
    assert detail is None
    assert (probs.argmax(1) == task.test.true).mean() > 2 / CLASSES


def test_every_baseline_is_named_in_the_settings():
    assert {FrameAverage, Recurrent, TemporalTransformer} < set(BASELINES.values())
    for model in MODELS:
        net = network(model)
        assert type(net.long_term.sequence) is BASELINES[model]
    assert type(network("dual-stream").long_term.sequence) not in BASELINES.values()


def test_an_encoder_with_the_temporal_shift_serves_a_baseline():
    encoder, width = create_encoder("faces-resnet", pretrained="none", shift=True)
    sequence = FrameAverage(in_features=width, num_classes=C)
    net = DualStream(
        encoder, streams="long", sequence=sequence, in_features=width, num_classes=C, hidden=8
    )
    assert see(net, torch.rand(2, 8, 3, 32, 32)).logits.shape == (2, C)

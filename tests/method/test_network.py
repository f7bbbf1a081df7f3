"""Tests of the dual-stream network and its loss."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.method.encoders import create_encoder
from rdfer.method.network import DualStream, StreamOutput, stream_loss
from rdfer.method.streams import ClipMotion, Stream

B, L, K, F, D, C, HIDDEN = 3, 16, 4, 4, 12, 7, 8


def make(**options: object) -> DualStream:
    torch.manual_seed(0)
    sizes = dict(in_features=D, num_classes=C, hidden=HIDDEN, layers=1, heads=4)
    return DualStream(options.pop("encoder", None), **{**sizes, **options})


def features(seed: int = 0, videos: int = B) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(videos, L, D, generator=g), torch.randn(videos, K, F, D, generator=g)


def targets_of(labels: list[int]) -> Tensor:
    return torch.eye(C)[torch.tensor(labels)]


@pytest.mark.parametrize("fusion", ["detail", "mean"])
@pytest.mark.parametrize("streams", ["both", "short", "long"])
def test_shapes(streams: str, fusion: str) -> None:
    net = make(streams=streams, fusion=fusion)
    out = net(*features())
    assert out.logits.shape == (B, C)
    assert (out.long is None) == (streams == "short")
    assert (out.short is None) == (streams == "long")
    for stream, instances in ((out.long, L), (out.short, K)):
        if stream is not None:
            assert stream.logits.shape == (B, C)
            assert stream.instance_logits.shape == (B, instances, C)
            assert stream.features.shape == (B, net.num_features) == (B, 2 * HIDDEN)


def test_prediction_is_detail_or_mean() -> None:
    inputs = features()
    net = make(fusion="detail").eval()
    out = net(*inputs)
    assert torch.equal(out.logits, out.short.logits)
    mean = make(fusion="mean").eval()(*inputs)
    torch.testing.assert_close(mean.logits, (out.long.logits + out.short.logits) / 2)
    alone = make(streams="long", fusion="mean").eval()(*inputs)
    assert torch.equal(alone.logits, alone.long.logits)


def open_branches(encoder: nn.Module) -> nn.Module:
    """Undo timm's start with closed residual branches, behind which gradients are 0."""
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    return encoder


@pytest.mark.parametrize("streams", ["both", "short", "long"])
def test_gradient_reaches_every_parameter(streams: str) -> None:
    encoder, width = create_encoder("faces-resnet", pretrained="none", shift=True)
    net = make(
        encoder=open_branches(encoder), in_features=width, streams=streams, layers=2, dropout=0.1
    )
    g = torch.Generator().manual_seed(0)
    out = net(torch.rand(2, 8, 3, 32, 32, generator=g), torch.rand(2, 2, 4, 3, 32, 32, generator=g))
    loss, _ = stream_loss(out.long, out.short, targets=targets_of([1, 4]), weights=torch.ones(2))
    loss.backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_separate_encoders_each_see_their_stream() -> None:
    encoders = [create_encoder("faces-resnet", pretrained="none")[0] for _ in range(2)]
    net = make(encoder=encoders[0], detail_encoder=encoders[1], in_features=64).eval()
    x = torch.rand(1, 2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(net.encode(x)[0], encoders[0].eval()(x[0]))
        assert torch.equal(net.encode(x, stream="short")[0], encoders[1].eval()(x[0]))


def test_detail_may_be_chosen_from_the_long_stream() -> None:
    synopsis, detail = features()
    net = make().eval()
    seen: list[StreamOutput] = []

    def choose(long: StreamOutput | None) -> Tensor:
        assert long is not None
        seen.append(long)
        return detail

    out = net(synopsis, choose)
    assert seen == [out.long]
    assert torch.equal(out.logits, net(synopsis, detail).logits)


@pytest.mark.parametrize("streams", ["both", "short"])
def test_order_of_frames_inside_a_detail_clip_matters(streams: str) -> None:
    synopsis, detail = features()
    net = make(streams=streams).eval()
    shuffled = detail[:, :, [2, 0, 3, 1]]
    difference = (net(synopsis, detail).logits - net(synopsis, shuffled).logits).abs()
    assert difference.max() > 1e-4


def test_clip_motion_is_a_convolution_over_frames() -> None:
    torch.manual_seed(0)
    motion = ClipMotion(D, HIDDEN)
    x = features()[1]
    conv = nn.Conv1d(D, HIDDEN, 3, padding=1)
    with torch.no_grad():
        # the matrix product takes [before, now, after] side by side
        conv.weight.copy_(motion.conv.weight.view(HIDDEN, 3, D).transpose(1, 2))
        conv.bias.copy_(motion.conv.bias)
        seen = nn.functional.gelu(conv(x.flatten(0, 1).transpose(1, 2))).mean(-1)
        expected = x.mean(2) + motion.out(seen).view(B, K, D)
        torch.testing.assert_close(motion(x), expected)


def test_attention_equals_torchs_own() -> None:
    torch.manual_seed(0)
    stream = Stream(in_features=D, num_classes=C, hidden=HIDDEN, layers=1, heads=4)
    reference = nn.MultiheadAttention(2 * HIDDEN, 4, batch_first=True)
    h = torch.randn(B, L, 2 * HIDDEN)
    with torch.no_grad():
        reference.in_proj_weight.copy_(stream.qkv.weight)
        reference.in_proj_bias.zero_()
        reference.out_proj.weight.copy_(stream.out.weight)
        reference.out_proj.bias.copy_(stream.out.bias)
        torch.testing.assert_close(stream.attend(h), reference(h, h, h)[0])


def test_bag_logits_are_the_weighted_mean_of_instance_logits() -> None:
    torch.manual_seed(0)
    stream = Stream(in_features=D, num_classes=C, hidden=HIDDEN, layers=1, heads=4).eval()
    x = features()[0]
    out = stream(x)
    h = stream.forward_features(x)
    weights = stream.score(h.transpose(1, 2)).softmax(-1)
    torch.testing.assert_close(out.logits, (weights @ out.instance_logits).squeeze(1))
    torch.testing.assert_close(out.logits, stream.forward_head(h))
    torch.testing.assert_close(out.features, stream.forward_head(h, pre_logits=True))


def test_evaluation_is_deterministic_and_independent_of_neighbours() -> None:
    synopsis, detail = features(videos=5)
    net = make(dropout=0.5, layers=2)
    net(synopsis, detail)  # one training pass, so that running statistics are not the first ones
    net.eval()
    with torch.no_grad():
        whole = net(synopsis, detail).logits
        assert torch.equal(whole, net(synopsis, detail).logits)
        for i in range(5):
            alone = net(synopsis[i : i + 1], detail[i : i + 1]).logits
            torch.testing.assert_close(alone, whole[i : i + 1], atol=1e-5, rtol=1e-5)


def test_dropout_works_in_training_only() -> None:
    inputs = features()
    net = make(dropout=0.5)
    assert not torch.equal(net(*inputs).logits, net(*inputs).logits)


def test_any_number_of_instances() -> None:
    net = make().eval()
    for length, keys, frames in ((16, 4, 4), (64, 1, 1), (1, 7, 8)):
        out = net(torch.randn(2, length, D), torch.randn(2, keys, frames, D))
        assert out.long.instance_logits.shape == (2, length, C)
        assert out.short.instance_logits.shape == (2, keys, C)


def test_parameter_count() -> None:
    # written out by hand from the sizes, for one long-term stream of two layers
    net = make(streams="long", layers=2)
    h, w = HIDDEN, 2 * HIDDEN
    lstm = 2 * (4 * h * (D + h) + 8 * h) + 2 * (4 * h * (w + h) + 8 * h)
    head = 3 * w * w + (w * w + w) + 2 * w + 3 * w + (w * C + C)
    assert sum(p.numel() for p in net.parameters()) == lstm + head


def test_reset_classifier() -> None:
    net = make()
    net.reset_classifier(3)
    out = net(*features())
    assert out.logits.shape == (B, 3) and out.long.instance_logits.shape == (B, L, 3)
    assert net.num_classes == 3


def test_the_context_gates_the_short_stream() -> None:
    net = make().eval()
    detail = features()[1]
    a = net.forward_short(detail, torch.zeros(B, 2 * HIDDEN)).logits
    b = net.forward_short(detail, torch.ones(B, 2 * HIDDEN)).logits
    assert not torch.allclose(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 5}, "heads = 5"),
        ({"streams": "none"}, "streams = 'none'"),
        ({"fusion": "max"}, "fusion = 'max'"),
        ({"detail_encoder": nn.Identity()}, "detail_encoder"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(**options)


def test_missing_inputs_are_named() -> None:
    synopsis, detail = features()
    with pytest.raises(UserError, match="synopsis"):
        make()(None, detail)
    with pytest.raises(UserError, match="detail"):
        make()(synopsis, None)
    with pytest.raises(UserError, match="context"):
        make().forward_short(detail, None)
    with pytest.raises(UserError, match="no short-term stream"):
        make(streams="long").forward_short(detail, None)
    with pytest.raises(UserError, match="no long-term stream"):
        make(streams="short").forward_long(synopsis)
    with pytest.raises(UserError, match="in_features = 12"):
        make()(synopsis[..., :5], detail)
    with pytest.raises(UserError, match="at least one"):
        make().fuse(None, None)


def output(seed: int, instances: int) -> StreamOutput:
    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(B, C, generator=g)
    return StreamOutput(logits, torch.randn(B, instances, C, generator=g), logits)


def reference_entropy(logits: Tensor, labels: list[int], weights: list[float]) -> float:
    p = logits.double().softmax(-1).numpy()
    return float(log_loss(labels, p, sample_weight=weights, labels=range(C)))


def test_loss_against_scikit_learn() -> None:
    long, short = output(0, L), output(1, K)
    labels, weights = [2, 0, 6], [1.0, 0.5, 2.0]
    loss, parts = stream_loss(
        long, short, targets=targets_of(labels), weights=torch.tensor(weights)
    )
    expected = {
        "detail": reference_entropy(short.logits, labels, weights),
        "synopsis": reference_entropy(long.logits, labels, weights),
        "detail_instances": np.mean(
            [reference_entropy(short.instance_logits[:, k], labels, weights) for k in range(K)]
        ),
        "synopsis_instances": np.mean(
            [reference_entropy(long.instance_logits[:, k], labels, weights) for k in range(L)]
        ),
    }
    assert {k: float(v) for k, v in parts.items()} == pytest.approx(expected, rel=1e-5)
    total = expected["detail"] + 0.1 * (sum(expected.values()) - expected["detail"])
    assert float(loss) == pytest.approx(total, rel=1e-5)


def test_loss_takes_soft_targets() -> None:
    short = output(1, K)
    soft = torch.full((B, C), 1 / C)
    loss, _ = stream_loss(None, short, targets=soft, weights=torch.ones(B), instances=0.0)
    reference = nn.functional.cross_entropy(short.logits, soft)
    torch.testing.assert_close(loss, reference)


def test_a_sample_of_weight_0_does_not_count() -> None:
    long, short = output(0, L), output(1, K)
    weights = torch.tensor([1.0, 0.0, 1.0])
    a, _ = stream_loss(long, short, targets=targets_of([1, 2, 3]), weights=weights)
    b, _ = stream_loss(long, short, targets=targets_of([1, 5, 3]), weights=weights)
    assert torch.equal(a, b)


def test_loss_does_not_depend_on_the_scale_of_weights() -> None:
    long, short = output(0, L), output(1, K)
    weights = torch.tensor([1.0, 0.5, 2.0])
    a, _ = stream_loss(long, short, targets=targets_of([1, 2, 3]), weights=weights)
    b, _ = stream_loss(long, short, targets=targets_of([1, 2, 3]), weights=8 * weights)
    torch.testing.assert_close(a, b)


def test_all_weights_0_give_loss_and_gradient_0() -> None:
    net = make()
    out = net(*features())
    loss, _ = stream_loss(
        out.long, out.short, targets=targets_of([0, 1, 2]), weights=torch.zeros(B)
    )
    loss.backward()
    assert loss.item() == 0
    assert all(float(p.grad.abs().sum()) == 0 for p in net.parameters())


def test_a_single_stream_counts_in_full() -> None:
    long = output(0, L)
    loss, parts = stream_loss(
        long, None, targets=targets_of([0, 1, 2]), weights=torch.ones(B), instances=0.0
    )
    assert set(parts) == {"synopsis", "synopsis_instances"}
    torch.testing.assert_close(loss, parts["synopsis"])


def test_it_learns_the_order_of_frames() -> None:
    # two classes that differ only in the direction of time inside the detail clips
    torch.manual_seed(0)
    ramp = torch.arange(F).float().view(1, 1, F, 1)
    labels = torch.arange(64) % 2
    sign = (1 - 2 * labels).view(-1, 1, 1, 1).float()
    x = sign * (ramp - ramp.mean()) + 0.1 * torch.randn(64, K, F, D)
    net = make(streams="short", num_classes=2)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(30):
        out = net(None, x)
        loss, _ = stream_loss(None, out.short, targets=torch.eye(2)[labels], weights=torch.ones(64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((net.eval()(None, x).logits.argmax(1) == labels).float().mean()) > 0.95

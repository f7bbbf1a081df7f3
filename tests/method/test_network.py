"""Tests of the dual-stream network and its loss."""

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.method import agreement, keyexpr, sampling
from rdfer.method.baselines import TemporalTransformer
from rdfer.method.encoders import create_encoder
from rdfer.method.losses import stream_loss
from rdfer.method.network import DualStream, predict_clips, recognise
from rdfer.method.streams import ClipMotion, GatedLSTM, StreamOutput
from tests.method.helpers import joined, see

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
    out = see(net, *features())
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
    out = see(net, *inputs)
    assert torch.equal(out.logits, out.short.logits)
    mean = see(make(fusion="mean").eval(), *inputs)
    torch.testing.assert_close(mean.logits, (out.long.logits + out.short.logits) / 2)
    alone = see(make(streams="long", fusion="mean").eval(), *inputs)
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
    out = see(
        net, torch.rand(2, 8, 3, 32, 32, generator=g), torch.rand(2, 2, 4, 3, 32, 32, generator=g)
    )
    loss = stream_loss(out, targets_of([1, 4]), torch.ones(2))
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


def test_a_forward_pass_is_these_steps() -> None:
    net = make().eval()
    video = torch.randn(B, 64, D)
    synopsis = sampling.synopsis([64] * B)
    out = net(video, synopsis)
    rows = torch.arange(B)[:, None]
    long = net.forward_long(video[rows, torch.from_numpy(synopsis)])
    positions = keyexpr.class_peaks(long.instance_logits.softmax(-1).detach(), keys=4)
    clips = keyexpr.key_clips(positions, synopsis, [64] * B, frames=4, stride=2)
    short = net.forward_short(video[rows[..., None], torch.from_numpy(clips)], long.features)
    np.testing.assert_array_equal(out.detail, clips)
    assert torch.equal(out.logits, short.logits) and torch.equal(out.long.logits, long.logits)
    assert torch.equal(out.features, torch.cat([long.features, short.features], -1))


def test_frames_may_be_fetched_by_a_function() -> None:
    net = make().eval()
    video = torch.randn(B, 64, D)
    synopsis = sampling.synopsis([64] * B)

    def fetch(indices: np.ndarray) -> Tensor:
        rows = np.arange(B).reshape(-1, *[1] * (indices.ndim - 1))
        return video[rows, indices]

    assert torch.equal(net(fetch, synopsis, [64] * B).logits, net(video, synopsis).logits)
    with pytest.raises(UserError, match="lengths: needed"):
        net(fetch, synopsis)


@pytest.mark.parametrize(("keys", "key_frames"), [(4, 3), (2, 2), (3, 4)])
def test_a_clip_is_encoded_as_it_would_be_alone(keys: int, key_frames: int) -> None:
    encoder, width = create_encoder("faces-resnet", pretrained="none", shift=True)
    net = make(encoder=open_branches(encoder), in_features=width).eval()
    x = torch.rand(2, keys, key_frames, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = net.encode(x, stream="short")
        for video in range(2):
            for key in range(keys):
                alone = net.encode(x[video, key][None, None], stream="short")[0, 0]
                torch.testing.assert_close(whole[video, key], alone)


def test_a_sweep_predicts_every_clip_as_it_would_be_alone() -> None:
    net = make().eval()
    video = torch.randn(5, 64, D)
    clips = sampling.agreement_clips([64] * 5, clips=3, generator=np.random.default_rng(0))
    probs = predict_clips(net, video, clips, batch=4)
    assert probs.shape == (5, 3, C) and probs.dtype == np.float32
    agreement.check_probs(probs)
    with torch.no_grad():
        alone = net(video[4:], clips[4:, 1]).logits.softmax(-1).numpy()
    np.testing.assert_allclose(probs[4, 1], alone[0], atol=1e-6)
    by_rows = predict_clips(net, lambda rows: video[rows], clips, batch=4)
    np.testing.assert_array_equal(probs, by_rows)
    assert sum(len(out.logits) for out in recognise(net, video, clips, batch=4)) == 15
    with pytest.raises(UserError, match=r"clips of shape .*must be \[V, N, L\]"):
        predict_clips(net, video, clips[0])


@pytest.mark.parametrize("streams", ["both", "short"])
def test_order_of_frames_inside_a_detail_clip_matters(streams: str) -> None:
    synopsis, detail = features()
    net = make(streams=streams).eval()
    shuffled = detail[:, :, [2, 0, 3, 1]]
    difference = (see(net, synopsis, detail).logits - see(net, synopsis, shuffled).logits).abs()
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
    stream = GatedLSTM(in_features=D, num_classes=C, hidden=HIDDEN, layers=1, heads=4)
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
    stream = GatedLSTM(in_features=D, num_classes=C, hidden=HIDDEN, layers=1, heads=4).eval()
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
    see(net, synopsis, detail)  # a training pass: running statistics are not the first ones
    net.eval()
    with torch.no_grad():
        whole = see(net, synopsis, detail).logits
        assert torch.equal(whole, see(net, synopsis, detail).logits)
        for i in range(5):
            alone = see(net, synopsis[i : i + 1], detail[i : i + 1]).logits
            torch.testing.assert_close(alone, whole[i : i + 1], atol=1e-5, rtol=1e-5)


def test_dropout_works_in_training_only() -> None:
    inputs = features()
    net = make(dropout=0.5)
    assert not torch.equal(see(net, *inputs).logits, see(net, *inputs).logits)


def test_any_number_of_instances() -> None:
    net = make().eval()
    for length, keys, frames in ((16, 4, 4), (64, 1, 1), (1, 7, 8)):
        out = see(net, torch.randn(2, length, D), torch.randn(2, keys, frames, D))
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
    out = see(net, *features())
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


def test_missing_parts_are_named() -> None:
    synopsis, detail = features()
    with pytest.raises(UserError, match="context"):
        make().forward_short(detail, None)
    with pytest.raises(UserError, match="no short-term stream"):
        make(streams="long").forward_short(detail, None)
    with pytest.raises(UserError, match="no long-term stream"):
        make(streams="short").forward_long(synopsis)
    with pytest.raises(UserError, match="in_features = 12"):
        see(make(), synopsis[..., :5], detail)
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
    loss = stream_loss(joined(long, short), targets_of(labels), torch.tensor(weights))
    instances = [
        np.mean(
            [
                reference_entropy(stream.instance_logits[:, k], labels, weights)
                for k in range(stream.instance_logits.shape[1])
            ]
        )
        for stream in (short, long)
    ]
    total = reference_entropy(short.logits, labels, weights) + 0.1 * (
        reference_entropy(long.logits, labels, weights) + sum(instances)
    )
    assert float(loss) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, np.int32])
def test_loss_takes_classes_as_they_come(kind: type) -> None:
    out = joined(output(0, L), output(1, K))
    labels = kind([2, 0, 6])
    assert torch.equal(stream_loss(out, labels), stream_loss(out, targets_of([2, 0, 6])))


def test_loss_refuses_what_is_no_target() -> None:
    out = joined(None, output(1, K))
    with pytest.raises(UserError, match="targets = 7: must be 0 to 6"):
        stream_loss(out, [0, 7, 1])
    with pytest.raises(UserError, match="must be classes, int"):
        stream_loss(out, [0.5, 0.5, 0.0])
    with pytest.raises(UserError, match="must be classes, int"):
        stream_loss(out, torch.zeros(B, C - 1))


def test_loss_takes_soft_targets() -> None:
    short = output(1, K)
    soft = torch.full((B, C), 1 / C)
    loss = stream_loss(joined(None, short), soft, instances=0.0)
    reference = nn.functional.cross_entropy(short.logits, soft)
    torch.testing.assert_close(loss, reference)


def test_a_sample_of_weight_0_does_not_count() -> None:
    long, short = output(0, L), output(1, K)
    weights = torch.tensor([1.0, 0.0, 1.0])
    a = stream_loss(joined(long, short), targets_of([1, 2, 3]), weights)
    b = stream_loss(joined(long, short), targets_of([1, 5, 3]), weights)
    assert torch.equal(a, b)


def test_loss_does_not_depend_on_the_scale_of_weights() -> None:
    long, short = output(0, L), output(1, K)
    weights = torch.tensor([1.0, 0.5, 2.0])
    a = stream_loss(joined(long, short), targets_of([1, 2, 3]), weights)
    b = stream_loss(joined(long, short), targets_of([1, 2, 3]), 8 * weights)
    torch.testing.assert_close(a, b)


def test_all_weights_0_give_loss_and_gradient_0() -> None:
    net = make()
    out = see(net, *features())
    loss = stream_loss(out, targets_of([0, 1, 2]), torch.zeros(B))
    loss.backward()
    assert loss.item() == 0
    assert all(float(p.grad.abs().sum()) == 0 for p in net.parameters())


def test_a_single_stream_counts_in_full() -> None:
    long = output(0, L)
    loss = stream_loss(joined(long, None), [0, 1, 2], instances=0.0)
    torch.testing.assert_close(
        loss, nn.functional.cross_entropy(long.logits, torch.tensor([0, 1, 2]))
    )


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
        out = see(net, None, x)
        loss = stream_loss(out, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((see(net.eval(), None, x).logits.argmax(1) == labels).float().mean()) > 0.95


@pytest.mark.parametrize("sequence", [None, TemporalTransformer])
def test_passes_with_dropout_drop_everywhere_and_see_no_neighbours(sequence: type | None) -> None:
    sizes = {"in_features": D, "num_classes": C, "hidden": HIDDEN, "layers": 1, "heads": 4}
    model = None if sequence is None else sequence(dropout=0.5, **sizes)
    net = make(dropout=0.5, sequence=model)
    video, clips = torch.randn(4, 16, D), np.tile(np.arange(16), (4, 1, 1))
    torch.manual_seed(0)
    dropped = []
    for module in net.modules():
        if isinstance(module, nn.Dropout | nn.MultiheadAttention):
            module.register_forward_hook(lambda m, *_: dropped.append(m.training))
    state = {k: v.clone() for k, v in net.state_dict().items()}
    passes = [predict_clips(net, video, clips, dropout=True) for _ in range(2)]
    assert dropped and all(dropped)
    assert not np.array_equal(*passes)
    assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
    assert np.array_equal(*(predict_clips(net, video, clips) for _ in range(2)))


def test_frames_in_the_place_of_indices_are_refused() -> None:
    with pytest.raises(UserError, match=r"synopsis of shape .*must be frame indices"):
        make()(*features())

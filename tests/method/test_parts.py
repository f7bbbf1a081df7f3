"""Parts of one's own: an encoder, either stream, a sequence model, a key rule, a score."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import rdfer
from rdfer.base.errors import UserError

B, T, D, C = 3, 16, 10, 4
SIZES = {"in_features": D, "num_classes": C, "hidden": 8, "heads": 4}


class Own(nn.Module):  # a long-term stream or a sequence model: [B, L, D] -> StreamOutput
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.fc = nn.GRU(D, 6, batch_first=True), nn.Linear(6, C)

    def forward(self, x: Tensor) -> rdfer.StreamOutput:
        h = self.rnn(x)[0]
        return rdfer.StreamOutput(self.fc(h[:, -1]), self.fc(h), h[:, -1])


class Peaks(nn.Module):  # a short-term stream: [B, K, F, D] and context [B, H] -> StreamOutput
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv1d(D, 6, 3, padding=1), nn.Linear(width, 6)
        self.fc = nn.Linear(6, C)

    def forward(self, x: Tensor, context: Tensor) -> rdfer.StreamOutput:
        h = self.conv(x.flatten(0, 1).mT).amax(2).unflatten(0, x.shape[:2])  # [B, K, 6]
        h = h * self.gate(context).sigmoid().unsqueeze(1)
        return rdfer.StreamOutput(self.fc(h.amax(1)), self.fc(h), h.amax(1))


def trained(network: nn.Module, video: Tensor) -> rdfer.DualOutput:
    """One step of training; every parameter gets a gradient."""
    out = network(video, rdfer.synopsis([T] * B, clip_frames=8))
    rdfer.stream_loss(out, [0, 1, 2]).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
    return out


def test_any_module_is_an_encoder() -> None:
    encoder = nn.Sequential(nn.Flatten(1), nn.Linear(3 * 5 * 5, D))
    out = trained(rdfer.DualStream(encoder, **SIZES), torch.rand(B, T, 3, 5, 5))
    assert out.logits.shape == (B, C)


@pytest.mark.parametrize("part", ["long_term", "short_term", "sequence"])
def test_any_module_is_a_stream_or_a_sequence_model(part: str) -> None:
    network = rdfer.DualStream(**SIZES, **{part: Peaks() if part == "short_term" else Own()})
    out = trained(network, torch.randn(B, T, D))
    assert out.long is not None and out.short is not None
    replaced = out.short if part == "short_term" else out.long
    assert replaced.features.shape == (B, 6)
    assert out.detail.shape == (B, 4, 4)


def test_both_streams_may_be_replaced() -> None:
    network = rdfer.DualStream(**SIZES, long_term=Own(), short_term=Peaks(6), fusion="mean")
    out = trained(network, torch.randn(B, T, D))
    torch.testing.assert_close(out.logits, (out.long.logits + out.short.logits) / 2)


def test_any_function_is_a_key_rule() -> None:
    seen = []

    def surest(p: np.ndarray, synopsis: np.ndarray) -> np.ndarray:
        seen.append(p.shape)
        return np.sort(p.max(2).argsort(1)[:, -2:], axis=1)

    network = rdfer.DualStream(**SIZES, keys=2, key_frames=3, key_stride=1, key_rule=surest)
    out = trained(network, torch.randn(B, T, D))
    assert seen == [(B, 8, C)] and out.detail.shape == (B, 2, 3)


def test_the_key_rule_that_switches_resampling_off() -> None:
    network = rdfer.DualStream(
        **SIZES, key_rule=lambda p, synopsis: rdfer.uniform_positions(*synopsis.shape, 4)
    )
    synopsis = rdfer.synopsis([T] * B, clip_frames=8)
    out = network(torch.randn(B, T, D), synopsis)
    even = rdfer.key_clips([[1, 3, 5, 7]] * B, synopsis, [T] * B, frames=4, stride=2)
    np.testing.assert_array_equal(out.detail, even)


def test_any_function_of_clip_probabilities_is_a_score() -> None:
    network, video = rdfer.DualStream(**SIZES), torch.randn(B, T, D)
    clips = rdfer.agreement_clips([T] * B, clips=5, generator=np.random.default_rng(0))
    probs = rdfer.predict_clips(network, video, clips)
    spread = probs.std(1).max(1)  # one's own score [V]; higher is noisier here
    noisy = rdfer.mixture_probability(spread)
    part = rdfer.partition_by_score(noisy, rdfer.vote(probs)[0], threshold=0.8)
    weights, targets = rdfer.treat(
        part,
        given=[0, 1, 2],
        majority=probs.mean(1).argmax(1),
        agreement=rdfer.vote(probs)[0],
        classes=C,
        p_noisy=noisy,
        noisy="soft",
    )
    assert weights.shape == (B,) and targets.shape == (B, C)


def test_parts_that_have_no_place_are_refused() -> None:
    for options, message in (
        ({"streams": "short", "long_term": Own()}, "no long-term stream to replace"),
        ({"streams": "long", "short_term": Peaks()}, "no short-term stream to replace"),
        ({"long_term": Own(), "sequence": Own()}, "stands inside the long-term stream"),
        ({"streams": "short", "key_rule": np.argmax}, "no stream says which frames are key"),
        ({"long_term": Own}, "long_term = .*Own.*must be a module"),
        ({"short_term": lambda x, context: x}, "short_term = .*must be a module"),
    ):
        with pytest.raises(UserError, match=message):
            rdfer.DualStream(**SIZES, **options)


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda x: x.mean((1, 2)), "short_term: gave Tensor; must give StreamOutput"),
        (lambda x: rdfer.StreamOutput(x[:, 0, 0, :3], x[:, :, 0, :3], x), r"\(3, 3\).*\[3, 4\]"),
        (lambda x: rdfer.StreamOutput(x[:, 0, 0, :C], x[:, :0, 0, :C], x), r"\(3, 0, 4\)"),
    ],
)
def test_what_an_own_stream_gives_is_looked_at(gives: Callable, message: str) -> None:
    class Wrong(nn.Module):
        def forward(self, x: Tensor, context: Tensor) -> object:
            return gives(x)

    network = rdfer.DualStream(**SIZES, short_term=Wrong())
    with pytest.raises(UserError, match=message):
        network(torch.randn(B, T, D), rdfer.synopsis([T] * B, clip_frames=8))
    with pytest.raises(UserError, match="Wrong: has no reset_classifier"):
        network.reset_classifier(3)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor, list])
def test_judging_takes_arrays_and_tensors_alike(kind: type) -> None:
    probs = np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.3, 0.7], [0.6, 0.4]]])
    given = [1, 0]
    np.testing.assert_allclose(rdfer.gap(kind(probs.tolist()), kind(given)), [0.7, 0.1], atol=1e-6)
    share, majority = rdfer.vote(kind(probs.tolist()))
    parts = rdfer.partition(share, kind(majority.tolist()), kind(given), threshold=0.8)
    assert parts.tolist() == ["noisy", "hard"]
    assert rdfer.uar(kind([0, 1]), kind([0, 1]), classes=2) == 1.0
    assert rdfer.synopsis(kind([12]), clip_frames=4).tolist() == [[1, 4, 7, 10]]


def test_tensors_with_gradients_are_detached() -> None:
    probs = torch.tensor([[[0.9, 0.1], [0.8, 0.2]]], dtype=torch.float32, requires_grad=True)
    assert rdfer.gap(probs, [1]) == pytest.approx([0.7])
    assert rdfer.jensen_shannon(probs.half()).shape == (1,)


def test_every_public_name_is_there() -> None:
    for name in rdfer.__all__:
        assert getattr(rdfer, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'vot'"):
        _ = rdfer.vot

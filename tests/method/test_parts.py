"""Parts of one's own: an encoder, either stream, a sequence model, a key rule, a score."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import rdfer
from rdfer.base.errors import UserError

B, T, D, C = 3, 16, 10, 4
SIZES = {"in_features": D, "num_classes": C, "hidden": 8, "heads": 4}


class Own(nn.Module):  # a stream or a sequence model: instances [B, L, D] -> StreamOutput
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.fc = nn.GRU(D, 6, batch_first=True), nn.Linear(6, C)

    def forward(self, x: Tensor, context: Tensor | None = None) -> rdfer.StreamOutput:
        h = self.rnn(x.flatten(2) if x.ndim == 3 else x.mean(2))[0]
        return rdfer.StreamOutput(self.fc(h[:, -1]), self.fc(h), h[:, -1])


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
    network = rdfer.DualStream(**SIZES, **{part: Own()})
    out = trained(network, torch.randn(B, T, D))
    assert out.long is not None and out.short is not None
    replaced = out.short if part == "short_term" else out.long
    assert replaced.features.shape == (B, 6)
    assert out.detail.shape == (B, 4, 4)


def test_both_streams_may_be_replaced() -> None:
    network = rdfer.DualStream(**SIZES, long_term=Own(), short_term=Own(), fusion="mean")
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
        ({"streams": "long", "short_term": Own()}, "no short-term stream to replace"),
        ({"long_term": Own(), "sequence": Own()}, "stands inside the long-term stream"),
    ):
        with pytest.raises(UserError, match=message):
            rdfer.DualStream(**SIZES, **options)


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

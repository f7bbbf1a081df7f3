"""Contrastive pre-training: the loss, the batches of few faces, and what the views share."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rdfer import pretrain
from rdfer.blendshapes import linear_probe
from rdfer.contrastive import Contrastive, face_batches, nt_xent
from rdfer.encoders import SMALL, create_encoder
from rdfer.errors import UserError
from rdfer.files import read_json
from rdfer.pretrain import Pretraining
from rdfer.pretrain_faces import FRAMES_A_FACE

TINY = Pretraining(
    task="contrastive", faces=2, held_out=1, size=32, render_size=36, epochs=1, batch=16, together=8
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made_up(faces: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    n = faces * FRAMES_A_FACE
    frames = torch.randint(0, 256, (n, 36, 36, 3), generator=generator(), dtype=torch.uint8)
    return frames, torch.rand(n, 52, generator=generator(1))


def by_hand(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    """Equation 1 of the source, one view after the other."""
    views = np.concatenate([first, second])
    n = len(first)
    losses = []
    for i in range(2 * n):
        others = [k for k in range(2 * n) if k != i]
        e = {
            k: np.exp(
                views[i] @ views[k] / np.linalg.norm(views[i]) / np.linalg.norm(views[k])
                / temperature
            )
            for k in others
        }  # fmt: skip
        losses.append(-np.log(e[(i + n) % (2 * n)] / sum(e.values())))
    return float(np.mean(losses))


@given(st.integers(2, 6), st.integers(1, 5), st.floats(0.1, 2), st.integers(0, 99))
def test_the_loss_is_the_formula(n, size, temperature, seed):
    a, b = torch.randn(2, n, size, generator=generator(seed), dtype=torch.float64)
    found = nt_xent(a, b, temperature=temperature)
    assert float(found) == pytest.approx(by_hand(a.numpy(), b.numpy(), temperature), abs=1e-8)
    swapped = nt_xent(b, a, temperature=temperature)
    torch.testing.assert_close(found, swapped)
    order = torch.randperm(n, generator=generator(seed))
    torch.testing.assert_close(found, nt_xent(3 * a[order], b[order], temperature=temperature))


def test_the_loss_where_it_is_known():
    alike = torch.ones(4, 3)
    assert float(nt_xent(alike, alike, temperature=0.1)) == pytest.approx(np.log(7), rel=1e-5)
    apart = torch.eye(4)
    assert float(nt_xent(apart, apart, temperature=0.05)) < 1e-6
    # the other view is the one that must be near: a shifted order is as bad as it can be
    assert float(nt_xent(apart, apart.roll(1, 0), temperature=0.05)) > 19


def test_bad_views_are_refused():
    for first, second in ((torch.ones(1, 3),) * 2, (torch.ones(2, 3), torch.ones(3, 3))):
        with pytest.raises(UserError, match="same shape"):
            nt_xent(first, second, temperature=0.1)
    with pytest.raises(UserError, match=r"temperature = 0: must be above 0"):
        nt_xent(torch.ones(2, 3), torch.ones(2, 3), temperature=0)


@pytest.mark.parametrize(("batch", "together"), [(16, 8), (64, 16), (32, 32)])
def test_a_batch_holds_many_frames_of_each_of_few_faces(batch, together):
    n = 6 * FRAMES_A_FACE
    batches = face_batches(n, batch, together=together, generator=generator())
    assert sorted(torch.cat(batches).tolist()) == list(range(n))
    for some in batches:
        groups = some.view(-1, together)
        assert len(some) == batch and (groups.diff() == 1).all()
        assert (groups[:, 0] % together == 0).all()
    again = face_batches(n, batch, together=together, generator=generator())
    assert all(map(torch.equal, batches, again))
    other = face_batches(n, batch, together=together, generator=generator(1))
    assert not all(map(torch.equal, batches, other))


@pytest.mark.parametrize(("frames", "batch", "together"), [(64, 64, 5), (64, 40, 16), (60, 64, 16)])
def test_groups_that_do_not_fit_are_refused(frames, batch, together):
    with pytest.raises(UserError, match=f"batch = {batch}: .* whole groups of {together}"):
        face_batches(frames, batch, together=together, generator=generator())


class Seen(nn.Module):
    """Remembers the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, pictures):
        self.pictures = pictures
        return pictures.mean((2, 3)) * self.weight


def test_two_views_share_the_mirror_and_nothing_else():
    # dark on the left and bright on the right: a mirrored view has it the other way round
    frames = torch.zeros(FRAMES_A_FACE, 36, 36, 3, dtype=torch.uint8)
    frames[:, :, 18:] = 200
    encoder = Seen()
    task = Contrastive(encoder, 3, frames, size=32, batch=32, together=32, temperature=0.1)
    loss = task.loss(torch.arange(32), generator())
    assert torch.isfinite(loss)
    right = encoder.pictures[..., 26:].mean((1, 2, 3)) > encoder.pictures[..., :6].mean((1, 2, 3))
    first, second = right.chunk(2)
    assert torch.equal(first, second) and first.any() and not first.all()
    views = encoder.pictures.chunk(2)
    assert not any(torch.equal(a, b) for a, b in zip(*views, strict=True))


def test_training_moves_the_encoder_without_looking_at_the_weights():
    frames, weights = made_up()
    still = frames[:FRAMES_A_FACE]
    encoder, scores = pretrain.train(frames, weights, FRAMES_A_FACE, TINY, still=still)
    torch.manual_seed(TINY.seed)
    start, _ = create_encoder(SMALL, pretrained="none")
    pairs = zip(start.parameters(), encoder.parameters(), strict=True)
    assert all(not torch.equal(a, b.cpu()) for a, b in pairs)
    assert set(scores) == {"loss", "probe_r2_mean", "probe_r2_median"}
    other, described = pretrain.train(
        frames, weights.flip(0), FRAMES_A_FACE, TINY, still=frames[:FRAMES_A_FACE]
    )
    for a, b in zip(encoder.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert described["probe_r2_mean"] != scores["probe_r2_mean"]


def test_the_loss_falls_on_frames_that_can_be_told_apart():
    torch.manual_seed(0)
    grey = torch.linspace(20, 235, FRAMES_A_FACE).round().to(torch.uint8)
    frames = grey[:, None, None, None].expand(-1, 36, 36, 3).clone()
    frames[:, 9:27, 9:27] = grey.flip(0)[:, None, None, None]
    task = Contrastive(
        nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 16)),
        16, frames, size=32, batch=32, together=32, temperature=0.2,
    )  # fmt: skip
    optimizer = torch.optim.Adam(task.model.parameters(), lr=1e-2)
    draws, losses = generator(), []
    for _ in range(60):
        loss = task.loss(torch.arange(32), draws)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3


def test_the_probe_reads_what_is_linear_and_nothing_else():
    frames, noise = made_up()
    colour = torch.rand(len(frames), 1, 1, 3, generator=generator(2))
    frames = (frames * colour).to(torch.uint8)
    bright = frames.float().mean((1, 2)) / 255
    encoder = Seen()
    told = linear_probe(encoder, frames, bright.repeat(1, 2), held=32, size=36)
    assert told["probe_r2_mean"] > 0.9
    untold = linear_probe(encoder, frames, noise, held=32, size=36)
    assert untold["probe_r2_mean"] < 0.1


def test_weights_that_saw_blendshapes_are_no_start():
    with pytest.raises(UserError, match=r"start = 'faces'.*never saw"):
        dataclasses.replace(TINY, start="faces")


def test_the_note_says_what_the_probe_is(tmp_path, monkeypatch):
    frames, weights = made_up()
    asked = []

    def render(**options):
        asked.append(options)
        return frames, weights, FRAMES_A_FACE

    monkeypatch.setattr(pretrain, "render_faces", render)
    out = tmp_path / "encoder.safetensors"
    pretrain.main(out, TINY, workers=1)
    assert asked[0]["still"] == TINY.together
    note = read_json(tmp_path / "encoder.json")
    assert note["settings"]["task"] == "contrastive" and "never trains" in note["about"]
    assert pretrain.is_made(out, TINY)
    assert not pretrain.is_made(out, dataclasses.replace(TINY, temperature=0.2))
    encoder, features = create_encoder(SMALL, pretrained="contrastive", weights=out)
    assert encoder.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, features)

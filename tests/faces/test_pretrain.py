"""Pre-training of an encoder: what it is shown, what it learns, what is kept."""

import dataclasses

import numpy as np
import torch
from sklearn.metrics import r2_score

from rdfer.base.files import read_json
from rdfer.faces import blendshapes, pretrain, pretrain_faces
from rdfer.faces.head import BLENDSHAPES
from rdfer.faces.pretrain import Pretraining
from rdfer.faces.scenario import PRETRAIN_IDENTITIES
from rdfer.faces.whitening import whiten_output
from rdfer.method.encoders import SMALL, create_encoder
from rdfer.method.transforms import evaluate

TINY = Pretraining(faces=1, held_out=1, size=32, render_size=36, epochs=1, batch=16)


def made_up(n=48, size=36):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, size, size, 3), generator=generator, dtype=torch.uint8)
    return frames, torch.rand(n, len(BLENDSHAPES), generator=generator)


def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides():
    order = pretrain_faces.mirror_index()
    assert sorted(order) == list(range(len(BLENDSHAPES)))
    assert [order[k] for k in order] == list(range(len(BLENDSHAPES)))
    partner = dict(zip(BLENDSHAPES, (BLENDSHAPES[k] for k in order), strict=True))
    assert partner["mouthSmileLeft"] == "mouthSmileRight"
    assert partner["jawLeft"] == "jawRight"
    assert partner["jawOpen"] == "jawOpen"


def test_random_weights_are_sparse_and_favour_no_blendshape():
    weights = pretrain_faces.random_weights(np.random.default_rng(0), 2000)
    assert weights.shape == (2000, 52) and weights.dtype == np.float32
    assert weights.min() >= 0 and weights.max() <= 1
    moved = (weights > 0).sum(1)
    # at most 8 stems of at most two sides and a middle each
    assert moved.min() >= 1 and moved.max() <= 24 and np.median(moved) < 13
    share = (weights > 0).mean(0)
    assert share.min() > 0.08 and share.max() < 0.22
    left, right = (weights[:, BLENDSHAPES.index(f"mouthSmile{s}")] for s in ("Left", "Right"))
    assert ((left > 0) == (right > 0)).all() and (left != right).any()


def test_random_weights_depend_on_the_generator_alone():
    one, two, three = (
        pretrain_faces.random_weights(np.random.default_rng(seed), 5) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_r_squared_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40, 52))
    guess = truth + rng.normal(size=(40, 52)) * np.linspace(0, 2, 52)
    found = blendshapes.r_squared(torch.from_numpy(truth), torch.from_numpy(guess))
    np.testing.assert_allclose(found, r2_score(truth, guess, multioutput="raw_values"))


def test_a_saved_encoder_comes_back_in_half_precision(tmp_path):
    encoder, _ = create_encoder(SMALL, pretrained="none")
    encoder.train()(torch.rand(4, 3, 32, 32))  # so that batch statistics are not the defaults
    path = tmp_path / "encoder.safetensors"
    pretrain.save_encoder(encoder, path)
    again, _ = create_encoder(SMALL, pretrained="faces", weights=path)
    before, after = encoder.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(after[name], expected), name


def test_two_steps_move_the_encoder_and_score_the_held_out_frames():
    frames, weights = made_up()
    encoder, scores = pretrain.train(
        frames, weights, 16, TINY, still=frames[:32]
    )  # 32 frames: two batches
    torch.manual_seed(TINY.seed)
    start, _ = create_encoder(SMALL, pretrained="none")
    moved = [
        not torch.equal(a, b.cpu())
        for a, b in zip(start.parameters(), encoder.parameters(), strict=True)
    ]
    assert all(moved)
    assert scores["r2_mean"] < 0.5  # noise cannot be read from noise
    assert set(scores) == {"loss", "r2_mean", "r2_median"}


def test_training_again_gives_the_same_weights():
    frames, weights = made_up()
    first, second = (
        pretrain.train(frames, weights, 16, TINY, still=frames[:32])[0] for _ in range(2)
    )
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_last_layer_whitens_how_each_face_changes():
    frames, _ = made_up(n=800, size=32)
    torch.manual_seed(0)
    encoder, features = create_encoder(SMALL, pretrained="none")
    encoder.train()(torch.rand(64, 3, 32, 32))  # batch statistics that spread the features
    whiten_output(encoder, frames, size=TINY.size, together=8)
    with torch.inference_mode():
        seen = torch.cat([encoder(evaluate(part, size=32)) for part in frames.split(256)]).double()
    faces = seen.unflatten(0, (-1, 8))
    torch.testing.assert_close(seen.mean(0), torch.zeros(features).double(), atol=1e-2, rtol=0)
    changes = (faces - faces.mean(1, keepdim=True)).flatten(0, 1)
    within = changes.T @ changes / (800 - 100)
    torch.testing.assert_close(within, torch.eye(features).double(), atol=0.05, rtol=0)


def test_relighting_keeps_half_of_the_pictures_and_the_range():
    frames, _ = made_up(n=200)
    seen = pretrain_faces.relight(frames, torch.Generator().manual_seed(1))
    assert seen.shape == frames.shape and seen.dtype == torch.uint8
    untouched = (seen == frames).flatten(1).all(1).float().mean()
    assert 0.4 < untouched < 0.6


def test_training_can_go_on_from_the_shipped_weights():
    frames, weights = made_up()
    settings = dataclasses.replace(TINY, start="faces", lr=1e-6)
    encoder, _ = pretrain.train(frames, weights, 16, settings, still=frames[:32])
    shipped, _ = create_encoder(SMALL, pretrained="faces")
    near = [
        torch.allclose(a, b.cpu(), atol=1e-3)
        for (name, a), b in zip(shipped.named_parameters(), encoder.parameters(), strict=True)
        if not name.startswith("fc.")
    ]
    assert all(near)


def test_degrading_keeps_the_shape_and_leaves_most_pictures_alone():
    pictures = torch.rand(200, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    seen = pretrain_faces.degrade(pictures, torch.Generator().manual_seed(1))
    assert seen.shape == pictures.shape and torch.isfinite(seen).all()
    untouched = (seen == pictures).flatten(1).all(1).float().mean()
    assert 0.5 < untouched < 0.85


def test_main_writes_the_weights_and_what_made_them(tmp_path, monkeypatch):
    frames, weights = made_up()
    monkeypatch.setattr(
        pretrain, "render_faces", lambda **ask: (frames[: 32 + ask["held_out"] * 16], weights, 16)
    )
    out = tmp_path / "encoder.safetensors"
    assert not pretrain.is_made(out, TINY)
    scores = pretrain.main(out, TINY, workers=1)
    note = read_json(tmp_path / "encoder.json")
    assert note["scores"] == scores and note["settings"] == dataclasses.asdict(TINY)
    assert pretrain.is_made(out, TINY)
    assert not pretrain.is_made(out, dataclasses.replace(TINY, epochs=2))
    create_encoder(SMALL, pretrained="faces", weights=out)
    out.unlink()
    assert not pretrain.is_made(out, TINY)


def test_held_out_identities_are_never_trained_on(monkeypatch):
    jobs = []

    def render(job):
        jobs.append(job)
        return np.zeros((1, 4, 4, 3), np.uint8), np.zeros((1, 52), np.float32)

    class Here:
        """A pool of workers without processes."""

        def __init__(self, workers):
            assert workers == 3

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def map(self, work, jobs, chunksize):
            return map(work, jobs)

    monkeypatch.setattr(pretrain_faces, "render_face", render)
    monkeypatch.setattr(pretrain_faces, "ProcessPoolExecutor", Here)
    frames, weights, held = pretrain_faces.render_faces(
        faces=300, held_out=100, size=36, seed=20, workers=3
    )
    assert len(frames) == len(weights) == 400 and held == 100 * pretrain_faces.FRAMES_A_FACE
    who = [job.identity for job in jobs]
    low, high = PRETRAIN_IDENTITIES
    assert min(who) >= low and max(who) < high
    assert max(who[:300]) < min(who[300:])
    assert len({(job.seed, job.index) for job in jobs}) == 400  # each draws from a seed of its own


def job(size, *, still=False):
    who = PRETRAIN_IDENTITIES[0]
    return pretrain_faces.Job(1, 0, who, size, still, pretrain_faces.random_shapes)


def test_a_rendered_face_is_as_asked():
    size = 24
    frames, weights = pretrain_faces.render_face(job(size))
    n = pretrain_faces.FRAMES_A_FACE
    assert frames.shape == (n, size, size, 3) and frames.dtype == np.uint8
    assert weights.shape == (n, 52)
    assert len(np.unique(frames.reshape(n, -1), axis=0)) == n


def test_a_still_head_changes_the_pose_and_nothing_else(monkeypatch):
    seen = []

    class Renderer:
        def __init__(self, size):
            self.size = size

        def render(self, identity, weights, pose, light):
            seen.append((weights, pose))
            return np.zeros((len(pose), self.size, self.size, 3), np.uint8)

    monkeypatch.setattr(pretrain_faces, "Renderer", Renderer)
    for still in (False, True):
        pretrain_faces.render_face(job(8, still=still))
    (weights, pose), (same, held) = seen
    np.testing.assert_array_equal(weights, same)
    np.testing.assert_array_equal(held, pose[:1].repeat(32, axis=0))
    assert len(np.unique(pose, axis=0)) == 32

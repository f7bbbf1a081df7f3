"""Pre-training of an encoder: what it is shown, what it learns, what is kept."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from torch import nn

from rdfer.base.errors import UserError
from rdfer.base.files import read_json
from rdfer.data.manifest import CLASSES
from rdfer.faces import pretrain
from rdfer.faces.head import BLENDSHAPES
from rdfer.faces.pretrain import Pretraining, whiten_output
from rdfer.faces.pretrain_pictures import class_weights
from rdfer.method.encoders import SMALL, create_encoder
from rdfer.method.transforms import evaluate

TINY = Pretraining(faces=1, held_out=1, size=32, render_size=36, epochs=1, batch=16)


def made_up(n=48, size=36):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, size, size, 3), generator=generator, dtype=torch.uint8)
    return frames, torch.rand(n, len(BLENDSHAPES), generator=generator)


def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides():
    order = pretrain.mirror_index()
    assert sorted(order) == list(range(len(BLENDSHAPES)))
    assert [order[k] for k in order] == list(range(len(BLENDSHAPES)))
    partner = dict(zip(BLENDSHAPES, (BLENDSHAPES[k] for k in order), strict=True))
    assert partner["mouthSmileLeft"] == "mouthSmileRight"
    assert partner["jawLeft"] == "jawRight"
    assert partner["jawOpen"] == "jawOpen"


def test_r_squared_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40, 52))
    guess = truth + rng.normal(size=(40, 52)) * np.linspace(0, 2, 52)
    found = pretrain.r_squared(torch.from_numpy(truth), torch.from_numpy(guess))
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


STILL = dataclasses.replace(TINY, task="classes")


def made_up_classes(n=48):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, 36, 36, 3), generator=generator, dtype=torch.uint8)
    return frames, torch.randint(0, len(CLASSES), (n,), generator=generator)


def test_training_moves_the_encoder_and_names_classes_of_held_out_frames():
    frames, classes = made_up_classes()
    encoder, scores = pretrain.train(frames, classes, 16, STILL, still=frames[:32])
    torch.manual_seed(STILL.seed)
    start, _ = create_encoder(SMALL, pretrained="none")
    pairs = zip(start.parameters(), encoder.parameters(), strict=True)
    assert all(not torch.equal(a, b.cpu()) for a, b in pairs)
    assert set(scores) == {"loss", "accuracy"} and 0 <= scores["accuracy"] <= 1


def test_what_tells_the_classes_apart_is_learnt():
    # each class is a brightness of its own
    classes = torch.arange(len(CLASSES)).repeat(8)
    frames = (30 * classes)[:, None, None, None].expand(-1, 36, 36, 3).to(torch.uint8)
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 32), nn.ReLU())
    task = pretrain.TASKS["classes"]
    model = nn.Sequential(encoder, pretrain.read_out(32, task.outputs))
    seen, held = (frames[:42], classes[:42]), (frames[42:], classes[42:])
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    draws, losses = torch.Generator().manual_seed(0), []
    for _ in range(150):
        model.train()
        loss = pretrain.loss_of(model, task, *seen, size=32, generator=draws)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.2
    assert pretrain.scores_of(model, task, *held, size=32)["accuracy"] > 2 / len(CLASSES)


@pytest.mark.parametrize("settings", [TINY, STILL])
def test_an_epoch_shows_every_frame_once_but_those_held_out(settings, monkeypatch):
    classes = torch.arange(48) % 7
    weights = torch.linspace(0, 1, 48)[:, None].repeat(1, len(BLENDSHAPES))
    targets = classes if settings is STILL else weights
    frames = torch.arange(48, dtype=torch.uint8)[:, None, None, None].expand(-1, 36, 36, 3)
    shown, true_picture = [], pretrain.picture

    def picture(frames, *rest, **options):
        shown.append(frames[:, 0, 0, 0].tolist())
        return true_picture(frames, *rest, **options)

    monkeypatch.setattr(pretrain, "picture", picture)
    pretrain.train(frames, targets, 16, settings, still=made_up()[0][:32])
    assert [len(rows) for rows in shown] == [16, 16]
    assert sorted(k for rows in shown for k in rows) == list(range(32))


def test_weights_that_saw_blendshapes_are_no_start():
    with pytest.raises(UserError, match=r"start = 'faces'.*never saw"):
        dataclasses.replace(STILL, start="faces")


def test_neither_the_frames_nor_those_that_whiten_are_told_blendshapes(tmp_path, monkeypatch):
    frames, classes = made_up_classes()
    asked = []

    def render(**options):
        asked.append(options)
        return frames[:32] if options.get("still") else frames, classes, 16

    monkeypatch.setattr(pretrain, "render_faces", render)
    out = tmp_path / "encoder.safetensors"
    pretrain.main(out, STILL, workers=1)
    assert [options["draw"] for options in asked] == [class_weights, class_weights]
    assert read_json(tmp_path / "encoder.json")["settings"]["task"] == "classes"
    assert pretrain.is_made(out, STILL)
    create_encoder(SMALL, pretrained="classes", weights=out)

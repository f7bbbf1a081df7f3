"""Pre-training on classes of still faces: what is drawn, what is told, what is learnt."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from rdfer.base.errors import UserError
from rdfer.base.files import read_json
from rdfer.data.manifest import CLASSES
from rdfer.faces import pretrain
from rdfer.faces.pretrain import Pretraining
from rdfer.faces.recipes import RECIPES
from rdfer.faces.still_classes import FAINTEST, StillClasses, class_weights
from rdfer.method.encoders import SMALL, create_encoder

TINY = Pretraining(task="classes", faces=1, held_out=1, size=32, render_size=36, epochs=1, batch=16)


def made_up(n=48):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, 36, 36, 3), generator=generator, dtype=torch.uint8)
    return frames, torch.randint(0, len(CLASSES), (n,), generator=generator)


def test_frames_show_recipes_of_the_development_pool_at_some_intensity():
    weights, classes = class_weights(np.random.default_rng(0), 600)
    assert weights.dtype == np.float32 and weights.min() >= 0 and weights.max() <= 1
    assert set(classes.tolist()) == set(range(len(CLASSES)))
    assert not weights[classes == CLASSES.index("Neutral")].any()
    shown = {c: [] for c in CLASSES}
    for r in RECIPES:
        if "development" in r.pools and not r.twin:
            shown[r.label].append(r.weights().clip(0, 1000) / 1000)
    for row, number in zip(weights, classes, strict=True):
        if CLASSES[number] == "Neutral":
            continue
        # a multiple of one recipe of its class, and of none that only the other pool has
        ratios = [row[full > 0] / full[full > 0] for full in shown[CLASSES[number]]
                  if (row[full == 0] == 0).all()]  # fmt: skip
        assert any(np.ptp(r) < 1e-5 and FAINTEST <= r[0] <= 1 for r in ratios)


def test_draws_depend_on_the_generator_alone():
    one, two = (class_weights(np.random.default_rng(5), 9) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_training_moves_the_encoder_and_names_classes_of_held_out_frames():
    frames, classes = made_up()
    encoder, scores = pretrain.train(frames, classes, 16, TINY, still=frames[:32])
    torch.manual_seed(TINY.seed)
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
    task = StillClasses(encoder, 32, frames, classes, held=14, size=32, batch=42)
    assert sorted(torch.cat(task.batches(torch.Generator())).tolist()) == list(range(42))
    optimizer = torch.optim.Adam(task.model.parameters(), lr=2e-2)
    draws, losses = torch.Generator().manual_seed(0), []
    for _ in range(150):
        task.model.train()
        loss = task.loss(torch.arange(42), draws)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.2
    assert task.scores()["accuracy"] > 2 / len(CLASSES)


def test_weights_that_saw_blendshapes_are_no_start():
    with pytest.raises(UserError, match=r"start = 'faces'.*never saw"):
        dataclasses.replace(TINY, start="faces")


def test_neither_the_frames_nor_those_that_whiten_are_told_blendshapes(tmp_path, monkeypatch):
    frames, classes = made_up()
    asked = []

    def render(**options):
        asked.append(options)
        return frames[:32] if options.get("still") else frames, classes, 16

    monkeypatch.setattr(pretrain, "render_faces", render)
    out = tmp_path / "encoder.safetensors"
    pretrain.main(out, TINY, workers=1)
    assert [options["draw"] for options in asked] == [class_weights, class_weights]
    assert read_json(tmp_path / "encoder.json")["settings"]["task"] == "classes"
    assert pretrain.is_made(out, TINY)
    create_encoder(SMALL, pretrained="classes", weights=out)

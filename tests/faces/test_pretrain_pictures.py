"""What pre-training sees: who is rendered, with which shapes, and how pictures are spoilt."""

import numpy as np
import torch

from rdfer.data.manifest import CLASSES
from rdfer.faces import pretrain_pictures
from rdfer.faces.head import BLENDSHAPES
from rdfer.faces.pretrain_pictures import FAINTEST, class_weights
from rdfer.faces.recipes import RECIPES
from rdfer.faces.scenario import PRETRAIN_IDENTITIES


def test_random_weights_are_sparse_and_favour_no_blendshape():
    weights = pretrain_pictures.random_weights(np.random.default_rng(0), 2000)
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
        pretrain_pictures.random_weights(np.random.default_rng(seed), 5) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_frames_show_recipes_of_the_development_pool_at_some_intensity():
    weights, classes = class_weights(np.random.default_rng(0), 600)
    assert weights.dtype == np.float32 and weights.min() >= 0 and weights.max() <= 1
    assert set(classes.tolist()) == set(range(len(CLASSES)))
    assert not weights[classes == CLASSES.index("Neutral")].any()
    shown = {c: [] for c in CLASSES}
    for r in RECIPES:
        if "development" in r.pools and not r.lookalike:
            shown[r.label].append(r.weights().clip(0, 1000) / 1000)
    for row, number in zip(weights, classes, strict=True):
        if CLASSES[number] == "Neutral":
            continue
        # a multiple of one recipe of its class, and of none that only the other pool has
        ratios = [row[full > 0] / full[full > 0] for full in shown[CLASSES[number]]
                  if (row[full == 0] == 0).all()]  # fmt: skip
        assert any(np.ptp(r) < 1e-5 and FAINTEST <= r[0] <= 1 for r in ratios)


def test_drawn_classes_depend_on_the_generator_alone():
    one, two = (class_weights(np.random.default_rng(5), 9) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_relighting_keeps_half_of_the_pictures_and_the_range():
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (200, 36, 36, 3), generator=generator, dtype=torch.uint8)
    seen = pretrain_pictures.relight(frames, torch.Generator().manual_seed(1))
    assert seen.shape == frames.shape and seen.dtype == torch.uint8
    untouched = (seen == frames).flatten(1).all(1).float().mean()
    assert 0.4 < untouched < 0.6


def test_degrading_keeps_the_shape_and_leaves_most_pictures_alone():
    pictures = torch.rand(200, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    seen = pretrain_pictures.degrade(pictures, torch.Generator().manual_seed(1))
    assert seen.shape == pictures.shape and torch.isfinite(seen).all()
    untouched = (seen == pictures).flatten(1).all(1).float().mean()
    assert 0.5 < untouched < 0.85


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

    monkeypatch.setattr(pretrain_pictures, "render_face", render)
    monkeypatch.setattr(pretrain_pictures, "ProcessPoolExecutor", Here)
    frames, weights, held = pretrain_pictures.render_faces(
        faces=300, held_out=100, size=36, seed=20, workers=3
    )
    assert len(frames) == len(weights) == 400 and held == 100 * pretrain_pictures.FRAMES_A_FACE
    who = [job.identity for job in jobs]
    low, high = PRETRAIN_IDENTITIES
    assert min(who) >= low and max(who) < high
    assert max(who[:300]) < min(who[300:])
    assert len({(job.seed, job.index) for job in jobs}) == 400  # each draws from a seed of its own


def job(size, *, still=False):
    who = PRETRAIN_IDENTITIES[0]
    return pretrain_pictures.Job(1, 0, who, size, still, pretrain_pictures.random_shapes)


def test_a_rendered_face_is_as_asked():
    size = 24
    frames, weights = pretrain_pictures.render_face(job(size))
    n = pretrain_pictures.FRAMES_A_FACE
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

    monkeypatch.setattr(pretrain_pictures, "Renderer", Renderer)
    for still in (False, True):
        pretrain_pictures.render_face(job(8, still=still))
    (weights, pose), (same, held) = seen
    np.testing.assert_array_equal(weights, same)
    np.testing.assert_array_equal(held, pose[:1].repeat(32, axis=0))
    assert len(np.unique(pose, axis=0)) == 32

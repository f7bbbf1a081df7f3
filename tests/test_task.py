import numpy as np
import pytest

from rdfer.errors import UserError
from rdfer.manifest import CLASSES, Clip, Manifest
from rdfer.settings import Settings, override
from rdfer.task import draw_task


def manifest(per_class=4, *, test_classes=CLASSES):
    clips = [
        Clip(id=f"{split}-{name}-{k}", path="", label=name, given=name, split=split)
        for split, names in (("train", CLASSES), ("val", CLASSES), ("test", test_classes))
        for name in names
        for k in range(per_class)
    ]
    return Manifest(clips=tuple(clips))


def settings(**changes):
    base = {"data.train": 28, "data.per_seed": 21, "noise.rate": 0.2}
    return override(Settings(), {**base, **{k.replace("__", "."): v for k, v in changes.items()}})


def test_a_seed_draws_its_own_subset_in_the_classes_proportions():
    one, again, other = (draw_task(manifest(), settings(), seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.train.videos, again.train.videos)
    np.testing.assert_array_equal(one.train.given, again.train.given)
    assert set(one.train.videos) != set(other.train.videos)
    assert np.bincount(one.train.true).tolist() == [3] * 7


def test_train_and_validation_carry_exactly_the_noise_and_the_test_part_none():
    task = draw_task(manifest(10), settings(data__train=70, data__per_seed=70), seed=3)
    assert task.train.noisy.sum() == round(0.2 * 70)
    assert task.val.noisy.sum() == round(0.2 * 70)
    assert task.test.noisy.sum() == 0


def test_the_parts_share_no_video():
    task = draw_task(manifest(), settings(), seed=0)
    rows = [set(part.videos.tolist()) for part in (task.train, task.val, task.test)]
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])


def test_a_class_without_samples_is_refused():
    with pytest.raises(UserError, match="class 'Fear': has no sample in the test part"):
        draw_task(manifest(test_classes=CLASSES[:-1]), settings(), seed=0)


def test_more_than_the_pool_holds_is_refused():
    with pytest.raises(UserError, match=r"data.per_seed = 29: the pool has 28"):
        draw_task(manifest(), settings(data__train=40, data__per_seed=29), seed=0)

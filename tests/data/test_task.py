from dataclasses import replace

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES, Manifest, Video
from rdfer.data.task import draw_task
from rdfer.settings.schema import Settings, override


def manifest(per_class=4, *, test_classes=CLASSES):
    videos = [
        Video(id=f"{split}-{name}-{k}", path="", label=name, given=name, split=split)
        for split, names in (("train", CLASSES), ("val", CLASSES), ("test", test_classes))
        for name in names
        for k in range(per_class)
    ]
    return Manifest(videos=tuple(videos))


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
    with pytest.raises(UserError, match="class 'Fear': has no video in the test part"):
        draw_task(manifest(test_classes=CLASSES[:-1]), settings(), seed=0)


def test_more_than_the_pool_holds_is_refused():
    with pytest.raises(UserError, match=r"data.per_seed = 29: the pool has 28"):
        draw_task(manifest(), settings(data__train=40, data__per_seed=29), seed=0)


def real(**changes):
    changes = {"data.source": "dfew", "noise.rate": 0.0, **changes}
    return override(Settings(), changes)


def real_manifest(classes=CLASSES):
    """As readers give it: the truth of test clips alone is known."""
    videos = [
        Video(f"{split}-{name}-{k}", "", name if split == "test" else "", name, split)
        for split in ("train", "val", "test")
        for name in classes
        for k in range(3)
    ]
    return Manifest(tuple(videos), tuple(classes), "a real set")


def test_a_real_sets_labels_are_given_and_its_truth_unknown():
    found = real_manifest()
    task = draw_task(found, real(), seed=0)
    for part in (task.train, task.val):
        assert (part.true == -1).all() and not part.noisy.any()
    given = found.given()
    np.testing.assert_array_equal(task.train.given, given[task.train.videos])
    np.testing.assert_array_equal(task.test.true, given[task.test.videos])
    assert len(task.train) == 21 and len(task.lost) == 0
    other = draw_task(found, real(), seed=1)
    np.testing.assert_array_equal(task.train.videos, other.train.videos)


def test_clips_without_frames_are_lost_to_the_test_and_left_out_of_training():
    found = real_manifest()
    first = [c for c in found.videos if c.id not in ("test-Sad-2", "train-Fear-0")]
    behind = [c for c in found.videos if c.id in ("test-Sad-2", "train-Fear-0")]
    moved = replace(found, videos=(*first, *behind))
    task = draw_task(moved, real(), seed=0, stored=len(first))
    assert [moved.videos[v].id for v in task.lost.videos] == ["test-Sad-2"]
    assert task.lost.true.tolist() == [CLASSES.index("Sad")]
    assert len(task.train) == 20 and len(task.test) == 20


def test_noise_is_added_to_a_real_set_only_where_asked_by_name():
    found = real_manifest()
    task = draw_task(found, real(**{"noise.rate": 0.2}), seed=0)
    given = found.given()
    assert (task.train.given != given[task.train.videos]).sum() == round(0.2 * 21)
    assert (task.train.true == -1).all()
    np.testing.assert_array_equal(task.test.given, task.test.true)


@pytest.mark.parametrize(("classes", "kind"), [(CLASSES, "instance"), (("A", "B"), "symmetric")])
def test_noise_that_a_real_set_cannot_have_is_refused(classes, kind):
    changes = {"noise.rate": 0.2, "noise.kind": kind}
    with pytest.raises(UserError, match="cannot be added to a real set"):
        draw_task(real_manifest(classes), real(**changes), seed=0)


def test_a_class_that_a_real_part_lacks_is_named():
    found = real_manifest()
    videos = tuple(c for c in found.videos if c.id[:8] not in ("val-Fear", "test-Sad"))
    with pytest.raises(UserError, match="class 'Fear': has no video in the val part"):
        draw_task(replace(found, videos=videos), real(), seed=0)
    with pytest.raises(UserError, match="class 'Sad': has no video in the test part"):
        draw_task(replace(found, videos=videos), real(**{"training.choose": "last"}), seed=0)

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest
from rdfer.datasets.splits import cut_validation, fold_of_videos, in_fold
from rdfer.datasets.tree import make_video

CLASSES = ("Happy", "Sad", "Fear")


def videos(n, groups=0, split="train"):
    return [
        make_video(
            f"{split}{k}", "", CLASSES[k % 3], split, group=f"g{k % groups}" if groups else ""
        )
        for k in range(n)
    ]


def manifest(*parts):
    return Manifest(videos=tuple(video for part in parts for video in part), classes=CLASSES)


@settings(deadline=None)
@given(st.integers(15, 60), st.integers(5, 15), st.integers(0, 9))
@example(39, 6, 0)  # stratified, one fold would be empty
def test_folds_keep_groups_together_and_cover_all(n, groups, seed):
    rows = videos(n, groups)
    fold = fold_of_videos(rows, folds=5, seed=seed)
    assert set(fold) == {1, 2, 3, 4, 5}
    of_group = {video.group: set() for video in rows}
    for video, k in zip(rows, fold, strict=True):
        of_group[video.group].add(int(k))
    assert all(len(found) == 1 for found in of_group.values())
    np.testing.assert_array_equal(fold, fold_of_videos(rows, folds=5, seed=seed))


def test_folds_are_stratified():
    table = Counter(
        zip(fold_of_videos(videos(60)).tolist(), [c.given for c in videos(60)], strict=True)
    )
    assert set(table.values()) == {4} and len(table) == 15
    assert (fold_of_videos(videos(60)) != fold_of_videos(videos(60), seed=1)).any()


@pytest.mark.parametrize(
    ("rows", "folds", "message"),
    [
        (videos(30, 4), 5, r"folds = 5: must be 2\.\.4, as there are 4 groups"),
        (videos(9), 5, r"folds = 5: must be 2\.\.3, as there are 3 videos of the smallest class"),
        (videos(30), 1, "folds = 1: must be 2"),
        (videos(9, 3) + videos(3, split="test"), 3, "video test0: has no group, while others have"),
    ],
)
def test_what_cannot_be_divided(rows, folds, message):
    with pytest.raises(UserError, match=message):
        fold_of_videos(rows, folds=folds)


def test_own_folds_keep_apart_what_the_official_ones_share():
    official = manifest(videos(30, 10), videos(12, 10, split="test"))
    tested = []
    for fold in range(1, 6):
        own = manifest(in_fold(official.videos, fold=fold))
        train, test = own.select(split="train"), own.select(split="test")
        assert not {c.group for c in train.videos} & {c.group for c in test.videos}
        assert all(c.label == c.given for c in test.videos)
        assert not any(c.label for c in train.videos)
        tested += [c.id for c in test.videos]
    assert sorted(tested) == sorted(c.id for c in official.videos)


@pytest.mark.parametrize("groups", [0, 20])
def test_a_validation_part_of_the_training_part(groups):
    whole = manifest(videos(300, groups), videos(30, groups, split="test"))
    cut = cut_validation(whole, share=0.1, seed=3)
    val, train = cut.select(split="val"), cut.select(split="train")
    assert len(val) == 30 and len(train) == 270
    assert Counter(video.given for video in val.videos) == dict.fromkeys(CLASSES, 10)
    assert cut.select(split="test").videos == whole.select(split="test").videos
    assert {c.id for c in cut.videos} == {c.id for c in whole.videos}
    if groups:
        assert not {c.group for c in val.videos} & {c.group for c in train.videos}
        alone = cut_validation(whole, share=0.1, seed=3, grouped=False)
        assert len({video.group for video in alone.select(split="val").videos}) > 2
    assert cut_validation(whole, share=0.1, seed=3) == cut
    assert cut_validation(whole, share=0.1, seed=4) != cut


def test_what_cannot_be_cut():
    whole = manifest(videos(30), videos(3, split="test"))
    for share in (0, 0.6):
        with pytest.raises(UserError, match=r"share = .*must lie in \(0, 0\.5\]"):
            cut_validation(whole, share=share)
    with pytest.raises(UserError, match="has a validation part already"):
        cut_validation(cut_validation(whole))
    with pytest.raises(UserError, match="no training videos"):
        cut_validation(manifest(videos(3, split="test")))
    with pytest.raises(UserError, match="videos of the smallest class"):
        cut_validation(whole, share=0.05)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.4, 0.45, 0.5])
def test_a_validation_part_has_the_share_that_it_says(share):
    whole = manifest(videos(120), videos(30, split="test"))
    cut = cut_validation(whole, share=share, seed=3)
    taken = sum(video.split == "val" for video in cut.videos)
    assert taken == round(share * 120)

"""Lists of full size: the published counts of every part and class, from every reader."""

from collections import Counter

import pytest

from rdfer.datasets import DATASETS, read, scan
from rdfer.datasets.check import check
from rdfer.datasets.reading import get_dataset
from tests.datasets import trees


def counts(clips, split=None):
    return Counter(video.given for video in clips if split in (None, video.split))


def known(name, split):
    (found,) = (k for k in get_dataset(name).known if k.split == split)
    return dict(found.classes)


def wrong(report):
    return [f"{f.what}: {f.found}, not {f.known}" for f in report.findings if f.state == "wrong"]


@pytest.fixture(scope="module")
def dfew(tmp_path_factory):
    folds = trees.dfew_folds()
    root = trees.write_dfew(tmp_path_factory.mktemp("DFEW"), folds)
    trees.write_votes(root, folds)
    trees.touch(root / "Clip/original", (f"{n}.mp4" for part in folds.values() for n in part))
    return root


def test_dfew(dfew):
    tested = []
    for fold, size in enumerate(trees.DFEW_TESTS, start=1):
        manifest = read("dfew", dfew, fold=fold)
        test = manifest.select(split="test")
        assert (len(manifest), len(test)) == (11697, size)
        assert counts(test.videos)["Disgust"] == 29
        assert counts(manifest.videos) == known("dfew", "all")
        tested += [video.id for video in test.videos]
    assert len(set(tested)) == len(tested) == 11697


def test_dfew_as_a_whole_can_be_run(dfew):
    report = check("dfew", dfew)
    assert wrong(report) == [] and report.runnable
    found = {f.what: f for f in report.findings}
    assert found["tested exactly once"].found == "11697"
    assert found["videos with votes"].found == "11697"
    assert found["fold 5, train"].found == found["fold 5, train"].known == "9361"


def test_dfew_in_the_lists_of_other_projects(dfew, tmp_path):
    lists = trees.write_lists(tmp_path / "annotation", trees.dfew_folds())
    order = DATASETS["dfew"].classes
    manifest = read("dfew", dfew, fold=2, lists=lists, order=order)
    assert manifest.select(split="test").given().tolist() == [
        n - 1 for n in trees.dfew_folds()[2].values()
    ]
    assert {video.n_frames for video in manifest.videos} == {70}


def test_ferv39k(tmp_path):
    root = trees.write_ferv39k(tmp_path, trees.ferv39k_rows())
    tree = scan("ferv39k", root)
    assert len(tree.videos) == 38935
    assert counts(tree.videos, "train") == known("ferv39k", "train")
    assert counts(tree.videos, "test").total() == 7847
    assert len({video.group for video in tree.videos}) == 22
    assert len(tree.missing) == 38935  # only the lists were written
    report = check("ferv39k", root)
    assert wrong(report) == ["missing videos: 38935, not 0"]


def test_mafw(tmp_path):
    root = trees.write_mafw(tmp_path, trees.mafw_folds())
    trees.touch(root / "data/clips", (f"{n:05d}.mp4" for n in range(25, 25 + 9172)))
    report = check("mafw", root)
    assert wrong(report) == []
    for fold, size in enumerate(trees.MAFW_TESTS, start=1):
        manifest = read("mafw", root, fold=fold)
        assert len(manifest) == 9172
        assert len(manifest.select(split="test")) == size


def test_cremad(tmp_path):
    root = trees.write_cremad(tmp_path, trees.cremad_clips())
    report = check("cremad", root)
    assert wrong(report) == []
    manifest = read("cremad", root, fold=5)
    assert counts(manifest.videos) == known("cremad", "all")
    assert len({video.group for video in manifest.videos}) == 91
    # of three kinds of raters, those who saw the face alone
    assert {video.votes for video in manifest.videos} == {(2, 0, 0, 5, 0, 2)}


def test_ravdess(tmp_path):
    root = trees.write_ravdess(tmp_path, trees.ravdess_clips())
    report = check("ravdess", root)
    assert wrong(report) == []
    manifest = read("ravdess", root)
    assert len(manifest) == 1440
    assert counts(manifest.videos) == known("ravdess", "all")
    assert len({video.group for video in manifest.videos}) == 24
    # folds are drawn by scikit-learn: these must be the same ones everywhere
    tested = {video.group for video in manifest.select(split="test").videos}
    assert tested == {"01", "02", "07", "10", "12"}


def test_afew(tmp_path):
    sizes = {k.split: dict(k.classes) for k in get_dataset("afew").known}
    for part, split in (("Train_AFEW", "train"), ("Val_AFEW", "test")):
        for name, count in sizes[split].items():
            trees.touch(tmp_path / part / name, (f"{n:09d}.avi" for n in range(count)))
    assert wrong(check("afew", tmp_path)) == []
    manifest = read("afew", tmp_path)
    assert counts(manifest.videos, "train") == sizes["train"]
    assert len(manifest.select(split="test")) == 383

import pytest

from rdfer.base.errors import UserError
from rdfer.datasets import DATASETS, read, scan
from tests.datasets import trees


@pytest.fixture
def dfew(tmp_path):
    folds = trees.small_folds()
    root = trees.write_dfew(tmp_path / "DFEW", folds)
    trees.touch(root / "Clip/original", (f"{n}.mp4" for part in folds.values() for n in part))
    return root


def films(root, *, names="{}", count=14):
    """A csv file with the film of each clip; no film is in one official fold alone."""
    clips = [(names.format(n), i % count) for part in trees.small_folds().values()
             for i, n in enumerate(part)]  # fmt: skip
    lines = [f"{video},film {film}" for video, film in clips]
    return trees.write(root.parent / "films.csv", "clip,group\n" + "\n".join(lines))


@pytest.mark.parametrize("names", ["{}", "{:05d}", "{}.mp4"])
def test_a_file_of_groups(dfew, names):
    manifest = read("dfew", dfew, fold=2, groups=films(dfew, names=names))
    plain = read("dfew", dfew, fold=2)
    assert [c.split for c in manifest.videos] == [c.split for c in plain.videos]
    assert len({video.group for video in manifest.videos}) == 14
    assert {video.group for video in plain.videos} == {""}


def test_folds_that_keep_films_apart(dfew):
    tested = []
    for fold in range(1, 6):
        manifest = read("dfew", dfew, fold=fold, groups=films(dfew), grouped=True)
        parts = {s: {c.group for c in manifest.select(split=s).videos} for s in ("train", "test")}
        assert not parts["train"] & parts["test"]
        assert {video.fold for video in manifest.videos} == {fold}
        tested += [video.id for video in manifest.select(split="test").videos]
    assert len(tested) == len(set(tested)) == 70


def test_own_folds_need_groups(dfew):
    with pytest.raises(
        UserError, match=r"--grouped: DFEW does not tell what its videos have in common; .*--groups"
    ):
        read("dfew", dfew, grouped=True)


def test_every_clip_needs_a_group(dfew):
    file = trees.write(dfew.parent / "g.csv", "clip,group\n1003,x\n")
    with pytest.raises(UserError, match=r"video .* has no group there \(69 of 70 have none\)"):
        read("dfew", dfew, groups=file)


def test_actors_given_by_a_file_replace_those_of_the_names(tmp_path):
    clips = trees.cremad_clips()
    trees.write_cremad(tmp_path, clips, votes=False)
    lines = [f"{video},{int(video[:4]) % 6}" for video in clips]
    groups = trees.write(tmp_path / "g.csv", "clip,group\n" + "\n".join(lines))
    test = read("cremad", tmp_path, groups=groups).select(split="test")
    assert len({video.group for video in test.videos}) <= 2


def test_unknown_names_and_options(dfew):
    with pytest.raises(UserError, match="data set = 'dfw': unknown; did you mean 'dfew'"):
        read("dfw", dfew)
    with pytest.raises(UserError, match="option 'clip': DFEW has none such; did you mean 'clips'"):
        read("dfew", dfew, clip="original")
    with pytest.raises(UserError, match="fold = 2: FERV39k has one split, fold 1"):
        read("ferv39k", dfew, fold=2)
    with pytest.raises(UserError, match="fold = 6: FERV39k has folds 1 to 5"):
        read("ferv39k", dfew, fold=6, grouped=True)


@pytest.mark.parametrize("name", DATASETS)
def test_a_root_that_is_not_there_or_not_it(tmp_path, name):
    with pytest.raises(UserError, match=r"root = .*absent': no such folder"):
        read(name, tmp_path / "absent")
    with pytest.raises(UserError, match="root = "):
        read(name, tmp_path)


def test_a_root_nearby_is_named(dfew):
    with pytest.raises(UserError, match=r"did you mean '.*/DFEW'"):
        read("dfew", dfew.parent)
    with pytest.raises(UserError, match=r"did you mean '.*/DFEW'"):
        read("dfew", dfew / "EmoLabel_DataSplit")


def test_clips_without_a_video_are_in_a_scan_alone(dfew):
    (dfew / "Clip/original/1003.mp4").unlink()
    tree = scan("dfew", dfew)
    assert len(tree.videos) == 70 and [video.id for video in tree.missing] == ["01003"]
    with pytest.raises(UserError, match=r"video 01003 is not there \(1 of 70 are not\)"):
        read("dfew", dfew)


def test_lengths_of_folders_of_frames(tmp_path):
    for name in ("no", "yes"):
        for k in range(5):
            names = [f"{n}.jpg" for n in range(1, 12 + k)]
            trees.touch(tmp_path / name / f"{k}", names)
    assert {video.n_frames for video in read("folders", tmp_path).videos} == {0}
    counted = read("folders", tmp_path, lengths=True)
    assert sorted({video.n_frames for video in counted.videos}) == [11, 12, 13, 14, 15]

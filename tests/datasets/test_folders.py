import shutil

import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.commands import cli
from rdfer.data.manifest import Manifest
from rdfer.datasets import read, scan
from rdfer.datasets.afew import CLASSES as AFEW_CLASSES
from tests.datasets import trees


@pytest.mark.parametrize("inner", ["", "AlignedFaces_LBPTOP_Points"])
def test_afew(tmp_path, inner):
    trees.write_afew(tmp_path, inner=inner)
    manifest = read("afew", tmp_path)
    assert manifest.classes == AFEW_CLASSES
    # the same numbers are in both parts, of other films
    ids = [video.id for video in manifest.videos]
    assert ids[::14] == ["train/Angry/000000040", "test/Angry/000000040"]
    test = manifest.select(split="test")
    assert [video.label for video in test.videos] == [name for name in AFEW_CLASSES for _ in "12"]


def test_afew_with_a_part_or_a_class_amiss(tmp_path):
    trees.write_afew(tmp_path)
    trees.touch(tmp_path / "Val_AFEW/Bored", ["1.avi"])
    with pytest.raises(UserError, match="Bored: class = 'Bored': unknown"):
        read("afew", tmp_path)
    (tmp_path / "Val_AFEW").rename(tmp_path / "Test_AFEW")
    with pytest.raises(UserError, match="Val_AFEW: no such folder; unpack this part"):
        read("afew", tmp_path)


def test_afew_with_videos_in_one_part_and_frames_in_the_other(tmp_path):
    trees.write_afew(tmp_path)
    for folder in (tmp_path / "Val_AFEW").glob("*"):
        shutil.rmtree(folder)
        trees.touch(folder, ["000000040.avi"])
    with pytest.raises(UserError, match="two layouts are mixed: keep one of them"):
        read("afew", tmp_path)


@pytest.fixture
def root(tmp_path):
    """Ten videos of two classes each, five people."""
    for name in ("yes", "no"):
        trees.touch(tmp_path / "D" / name, (f"p{k % 5}_{k}.mp4" for k in range(10)))
    return tmp_path / "D"


def test_a_random_split_is_stratified_and_covers_all(root):
    tested = []
    for fold in range(1, 6):
        manifest = read("folders", root, fold=fold)
        assert manifest.classes == ("no", "yes")
        test = manifest.select(split="test")
        assert sorted(video.label for video in test.videos) == ["no"] * 2 + ["yes"] * 2
        tested += [video.id for video in test.videos]
    assert len(set(tested)) == 20 and tested[0].startswith("no/p")
    assert read("folders", root, order=("yes", "no")).classes == ("yes", "no")


def test_groups_stay_together_in_a_random_split(root):
    lines = [f"{name}/p{k % 5}_{k},{k % 5}" for name in ("yes", "no") for k in range(10)]
    groups = trees.write(root.parent / "g.csv", "clip,group\n" + "\n".join(lines))
    for fold in range(1, 6):
        manifest = read("folders", root, fold=fold, groups=groups)
        assert len({video.group for video in manifest.select(split="test").videos}) == 1


def test_divided_by_folder(root):
    for part in ("Train", "test"):
        for name in ("yes", "no"):
            trees.touch(root.parent / "P" / part / name, ["1.avi", "2.avi"])
    manifest = read("folders", root.parent / "P")
    assert [video.id for video in manifest.select(split="test").videos] == [
        *("test/no/1", "test/no/2", "test/yes/1", "test/yes/2")
    ]
    with pytest.raises(UserError, match=r"fold = 2: .* is divided already"):
        read("folders", root.parent / "P", fold=2)
    trees.touch(root.parent / "P" / "yes", ["3.avi"])
    with pytest.raises(UserError, match="holds train, test beside yes"):
        read("folders", root.parent / "P")


def split_file(root, *rows):
    lines = ["clip,split,group", "yes/p0_0.mp4,train,a", "no/p0_0,train,a", *rows]
    return trees.write(root.parent / "split.csv", "\n".join(lines) + "\n")


def test_divided_by_a_file(root):
    file = split_file(root, "yes/p1_1.mp4,test,b", "no/p2_2.mp4,val,c")
    clips = {video.id: video for video in read("folders", root, split=file).videos}
    assert {id: video.split for id, video in clips.items()} == {
        "yes/p0_0": "train", "no/p0_0": "train", "yes/p1_1": "test", "no/p2_2": "val",
    }  # fmt: skip
    assert clips["yes/p1_1"].label == "yes" and clips["no/p2_2"].label == ""
    assert [video.group for video in clips.values()] == ["a", "a", "b", "c"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("yes/p9_0.mp4,test,b", r"line 4: clip = 'yes/p9_0\.mp4': is not below"),
        ("../D/yes/p1_1.mp4,test,b", "line 4: path = .*leaves the root"),
        ("/yes/p1_1.mp4,test,b", "line 4: path = .*leaves the root"),
        ("yes/p1_1.mp4,tset,b", "line 4: split = 'tset': must be one of train, val, test"),
        ("yes/p0_0,test,b", "line 4: video yes/p0_0 is given a second time"),
    ],
)
def test_bad_lines_of_a_split_file(root, row, message):
    with pytest.raises(UserError, match=message):
        read("folders", root, split=split_file(root, row))


def test_what_is_no_folder_of_classes(root):
    with pytest.raises(UserError, match="no such folder"):
        read("folders", root / "absent")
    with pytest.raises(UserError, match="holds 0 folders of classes"):
        read("folders", root / "yes")
    for name in ("a", "b"):
        (root.parent / "E" / name).mkdir(parents=True)
    with pytest.raises(UserError, match="hold no videos"):
        read("folders", root.parent / "E")
    with pytest.raises(UserError, match="class = 'no': unknown"):
        read("folders", root, order=("yes", "nay"))


def test_a_video_and_a_folder_of_one_name_are_two_of_one_clip(root):
    trees.touch(root / "yes", ["p0_0/"])
    with pytest.raises(UserError, match="is video yes/p0_0 a second time"):
        read("folders", root)


def test_classes_of_videos_and_of_frames_are_not_mixed(root):
    for video in (root / "no").iterdir():
        video.unlink()
    trees.touch(root / "no", [f"{k}/" for k in range(10)])
    with pytest.raises(UserError, match="two layouts are mixed: keep one of them"):
        read("folders", root)


@pytest.mark.parametrize("form", ["{}.mp4", "{}/"])
def test_a_root_nearby_is_named(tmp_path, form):
    for name in ("yes", "no"):
        trees.touch(tmp_path / "x/D" / name, [form.format(k) for k in range(3)])
    for wrong in ("x", "x/D/yes"):
        if form == "{}/" and wrong != "x":
            continue  # folders of frames can be taken for classes
        with pytest.raises(UserError, match=r"at least two .* did you mean '.*/x/D'"):
            read("folders", tmp_path / wrong)


def test_too_few_videos_for_folds_are_decoded_all_the_same(tmp_path, capsys):
    for name in ("yes", "no"):
        for k in range(2):
            (tmp_path / "D" / name / f"{k}").mkdir(parents=True)
            Image.new("L", (16, 16)).save(tmp_path / "D" / name / f"{k}/1.png")
    argv = ["ingest", "folders", str(tmp_path / "D"), "--out", str(tmp_path / "B")]
    assert cli.main([*argv, "--size", "16", "--frames", "1", "--workers", "0"]) == 0
    told = capsys.readouterr().err
    assert "folds = 5: must be 2..2" in told and "all videos are decoded" in told
    assert {v.split for v in Manifest.load(tmp_path / "B/manifest.json").videos} == {"train"}


def test_one_name_in_two_parts_is_noted(tmp_path):
    for part, names in (("train", "abc"), ("test", "cd")):
        for name in ("yes", "no"):
            trees.touch(tmp_path / part / name, [f"{n}.mp4" for n in names])
    (note,) = scan("folders", tmp_path).notes
    assert note == "2 names are in several parts, no/c for one: are they one video?"

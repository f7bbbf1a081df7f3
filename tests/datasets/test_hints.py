"""What somebody is told who points at a wrong folder or lacks a part: one line, with a way out."""

import os

import pytest

from rdfer.base.errors import UserError
from rdfer.commands.cli import main
from rdfer.datasets import DATASETS, read, scan
from tests.datasets import trees

CLIPS = [f"{a}_IEO_{c}_HI" for a in range(1001, 1006) for c in ("ANG", "DIS", "FEA", "HAP")]


@pytest.fixture
def dfew(tmp_path):
    folds = trees.small_folds()
    root = trees.write_dfew(tmp_path / "DFEW", folds)
    trees.touch(root / "Clip/original", (f"{c}.mp4" for part in folds.values() for c in part))
    return root


@pytest.fixture
def mafw(tmp_path):
    folds = trees.small_mafw()
    root = trees.write_mafw(tmp_path / "MAFW", folds)
    trees.touch(root / "data/frames", (f"{c:05d}/" for part in folds.values() for c in part))
    return root


@pytest.fixture
def ferv39k(tmp_path):
    root = tmp_path / "FERV39k"
    rows = {"train": [("Crime/Angry/0001", "Angry")], "test": [("Crime/Angry/0002", "Angry")]}
    trees.touch(root / "2_ClipsforFaceCrop/Crime/Angry", ["0001/", "0002/"])
    return trees.write_ferv39k(root, rows)


def told(name, root, **options):
    with pytest.raises(UserError) as error:
        read(name, root, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("dfew", "Clip"),
        ("dfew", "Clip/original"),
        ("dfew", "EmoLabel_DataSplit"),
        ("dfew", "EmoLabel_DataSplit/test(single-labeled)"),
        ("mafw", "split"),
        ("mafw", "split/single/no_caption/set_1"),
        ("mafw", "data"),
        ("mafw", "data/frames"),
        ("ferv39k", "4_setups"),
        ("ferv39k", "4_setups/All_scenes"),
        ("ferv39k", "2_ClipsforFaceCrop"),
        ("ferv39k", "2_ClipsforFaceCrop/Crime"),
    ],
)
def test_a_folder_inside_a_set_names_the_root(request, monkeypatch, name, inner):
    root = request.getfixturevalue(name)
    message = told(name, root / inner)
    assert message.startswith(f"root = '{root / inner}': ")
    assert message.endswith(f"did you mean '{root}'?") and len(message) < 120 + 3 * len(str(root))
    # also to somebody who is in it
    monkeypatch.chdir(root / inner)
    assert f"did you mean '{os.path.realpath(root)}'?" in told(name, ".")
    assert len(scan(name, root).videos) > 1


def test_a_fold_without_its_list_names_those_that_have_theirs(dfew, mafw, tmp_path):
    (dfew / "EmoLabel_DataSplit/test(single-labeled)/set_3.csv").unlink()
    (mafw / "split/single/no_caption/set_2/train.txt").unlink()
    rest = "unpack the lists again, or look at another fold alone (--fold 1; in a run -p fold 1)"
    assert told("dfew", dfew, fold=3) == (
        f"{dfew}/EmoLabel_DataSplit/test(single-labeled)/set_3.csv: no such list, while folds "
        f"1, 2, 4, 5 have theirs; {rest}"
    )
    assert told("mafw", mafw, fold=2) == (
        f"{mafw}/split/single/no_caption/set_2/train.txt: no such list, while folds 1, 3, 4, 5 "
        f"have theirs; {rest}"
    )
    assert len(read("dfew", dfew, fold=1)) == 70 and len(read("mafw", mafw, fold=1)) == 55


def test_without_any_list_or_in_the_other_layout(dfew, tmp_path):
    for file in (dfew / "EmoLabel_DataSplit").glob("train*/*.csv"):
        if file.name != "set_4.csv":
            file.unlink()
    assert "set_1.csv: no such list, while fold 4 has; unpack" in told("dfew", dfew)
    (dfew / "EmoLabel_DataSplit/train(single-labeled)/set_4.csv").unlink()
    assert told("dfew", dfew).endswith("set_1.csv: no such list; unpack the archive of the lists")
    other = trees.touch(tmp_path / "single_label", ["data/"])
    trees.write(other / "label/single_trainset_2.csv", "video_name,label\n1,1\n")
    message = told("dfew", tmp_path)
    assert "label/single_trainset_1.csv: no such list, while fold 2 has;" in message


def test_the_check_of_one_fold_does_not_need_the_lists_of_others(dfew, monkeypatch, capsys):
    monkeypatch.setitem(DATASETS, "dfew", trees.small_dfew(trees.small_folds()))
    (dfew / "EmoLabel_DataSplit/test(single-labeled)/set_3.csv").unlink()
    assert main(["check", "dfew", str(dfew)]) == 1
    assert "while folds 1, 2, 4, 5 have theirs" in capsys.readouterr().out
    assert main(["check", "dfew", str(dfew), "--fold", "1"]) == 0


def test_ferv39k_without_one_of_its_lists(ferv39k):
    (ferv39k / "4_setups/All_scenes/test_All.csv").unlink()
    assert told("ferv39k", ferv39k) == (
        f"{ferv39k}/4_setups/All_scenes/test_All.csv: no such list; unpack FERV39k's 4_setups, "
        "which has both"
    )


@pytest.mark.parametrize("end", [".mp4", "/"])
def test_cremad_in_another_form_names_the_option(tmp_path, end):
    trees.touch(tmp_path / "converted", (video + end for video in CLIPS))
    trees.touch(tmp_path / "AudioMP3", (f"{video}.mp3" for video in CLIPS))
    way = "--clips converted, or make reproduce .. READ='--clips converted'"
    for made in (False, True):
        if made:
            (tmp_path / "VideoFlash").mkdir()
        assert told("cremad", tmp_path) == (
            f"{tmp_path}/VideoFlash: holds no videos of CREMA-D, while there are some in "
            f"converted; take them with {way}"
        )
    assert f"some in converted; take them with {way}" in told("cremad", tmp_path, clips="mp4")
    assert told("cremad", tmp_path / "converted") == (
        f"root = '{tmp_path}/converted': holds the videos themselves; give '{tmp_path}', with {way}"
    )
    assert told("cremad", tmp_path / "converted", clips="converted").endswith(
        f"holds the videos themselves; give '{tmp_path}'"
    )
    assert len(scan("cremad", tmp_path, clips="converted").videos) == len(CLIPS)


@pytest.mark.parametrize("inner", ["Actor_{}", "Video_Speech_Actor_{}/Actor_{}"])
def test_one_actor_of_ravdess_names_the_folder_of_all(tmp_path, inner):
    clips = {inner.replace("{}", f[-2:]): names for f, names in trees.ravdess_clips().items()}
    root = trees.write_ravdess(tmp_path / "RAVDESS", clips)
    one = root / inner.replace("{}", "01")
    assert told("ravdess", one) == (
        f"root = '{one}': holds one actor alone; did you mean '{root}'?"
    )


def test_too_few_actors_for_the_folds(tmp_path):
    clips = dict(list(trees.ravdess_clips().items())[:3])
    root = trees.write_ravdess(tmp_path, clips)
    assert told("ravdess", root) == (
        f"{root}: holds videos of 3 actors; 5 folds by actor need at least 5; unpack those of the "
        "others"
    )

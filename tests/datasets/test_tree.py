import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets.lists import check_disjoint, class_name
from rdfer.datasets.tree import (
    WrongRoot,
    by_number,
    find_videos,
    locate,
    make_video,
    nearby,
    subfolders,
)
from tests.datasets import trees


def test_videos_and_folders_by_number(tmp_path):
    trees.touch(tmp_path / "a", ["00001.avi", "2.MP4", "10.mkv", "x.mp4", "3.txt", "._4.mp4"])
    trees.touch(tmp_path / "b", ["00007/", "notes/", ".hidden/"])
    found = find_videos([tmp_path / "a"], by_number)
    assert {k: path[len(str(tmp_path)) :] for k, path in found.paths.items()} == {
        "00001": "/a/00001.avi",
        "00002": "/a/2.MP4",
        "00010": "/a/10.mkv",
    }
    assert found.notes == (f"1 passed over: .mp4 ({tmp_path / 'a/x.mp4'} for one)",)
    paths = {"00007": str(tmp_path / "b/00007")}
    assert find_videos([tmp_path / "b"], by_number) == (paths, ())


def test_two_of_one_number_and_mixed_layouts_are_refused(tmp_path):
    trees.touch(tmp_path / "a", ["1.mp4", "01.mp4"])
    with pytest.raises(UserError, match=r"1\.mp4: is video 00001 a second time, beside .*01\.mp4"):
        find_videos([tmp_path / "a"], by_number)
    trees.touch(tmp_path / "b", ["1.mp4", "2/"])
    with pytest.raises(UserError, match="two layouts are mixed: keep one of them"):
        find_videos([tmp_path / "b"], by_number)


def test_folders_that_may_not_be_looked_into_are_passed_over(tmp_path):
    trees.touch(tmp_path, ["a/", "b/"])

    def holds(folder):
        if folder.name == "a":
            raise PermissionError
        return folder.name == "b"

    assert nearby(tmp_path, holds) == f"did you mean '{tmp_path / 'b'}'?"


def test_subfolders_without_what_archivers_leave(tmp_path):
    trees.touch(tmp_path, ["b/", "a/", ".git/", "__MACOSX/", "file.txt"])
    assert [folder.name for folder in subfolders(tmp_path)] == ["a", "b"]


def test_a_root_by_its_marks(tmp_path):
    trees.touch(tmp_path / "x/D", ["Clip/"])
    assert locate(tmp_path / "x/D", ("Clips", "Clip"), "D") == tmp_path / "x/D"
    for wrong in (tmp_path / "x", tmp_path / "x/D/Clip"):
        with pytest.raises(WrongRoot, match=r"not the root of D: .* did you mean '.*x/D'"):
            locate(wrong, ("Clips", "Clip"), "D")
    with pytest.raises(WrongRoot, match="holds no Clips; see the layout"):
        locate(tmp_path, ("Clips",), "D")
    with pytest.raises(WrongRoot, match="no such folder"):
        locate(tmp_path / "absent", ("Clips",), "D")


@pytest.mark.parametrize(
    ("text", "name"),
    [("Happy", "Happy"), (" happiness ", "Happy"), ("ANGER", "Angry"), ("Fearful", "Fear")],
)
def test_names_of_classes(text, name):
    assert class_name("", text, CLASSES) == name


def test_a_name_of_the_data_set_goes_before_its_synonym():
    assert class_name("", "anger", ("Anger", "Angry")) == "Anger"
    with pytest.raises(UserError, match="here: class = 'Bored': unknown; known: Angry"):
        class_name("here", "Bored", CLASSES)


def test_no_clip_is_in_two_parts():
    check_disjoint({"train": ["1", "2"], "test": ["3"]}, "fold 1")
    with pytest.raises(
        UserError, match=r"video 2: is in the train and the test part of fold 1, .*delete one"
    ):
        check_disjoint({"train": ["1", "2"], "test": ["2"]}, "fold 1")


def test_only_a_test_clip_has_a_label():
    assert make_video("1", "p", "Sad", "test").label == "Sad"
    assert make_video("1", "p", "Sad", "train").label == ""

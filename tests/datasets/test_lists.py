from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.datasets.lists import Row, find_list, name_rows, read_list

CLASSES = ("Happy", "Sad", "Fear")


def key(parts):
    return parts[-1]


@pytest.mark.parametrize(
    ("name", "split", "fold"),
    [
        ("DFEW_set_1_train.txt", "train", 1),
        ("DFEW_train_set1.txt", "train", 1),
        ("test_set_1.csv", "test", 1),
        ("MAFW_set_1_test_faces.txt", "test", 1),
        ("set_1/test.txt", "test", 1),
        ("split01/train.csv", "train", 1),
        ("FERV39K_train.txt", "train", None),
        ("test_All.csv", "test", None),
    ],
)
def test_a_list_is_found_by_its_name(tmp_path, name, split, fold):
    names = [name, name.replace("1", "2"), name.replace("1", "11")] if fold else [name]
    other = "test" if split == "train" else "train"
    left = {f"{Path(n).parent}/._{Path(n).name}" for n in names}
    for file in {*names, *left, *(n.replace(split, other) for n in names), "pretraining.txt"}:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert find_list(tmp_path, split=split, fold=fold) == tmp_path / name


def test_no_or_several_lists_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        find_list(tmp_path / "absent", split="train", fold=1)
    with pytest.raises(
        UserError, match=r"0 files look like the train list of fold 1 \(nothing\).*set_1_train\.txt"
    ):
        find_list(tmp_path, split="train", fold=1)
    for name in ("set_1_train.txt", "set_1_train_faces.txt"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"2 files look like .*set_1_train_faces"):
        find_list(tmp_path, split="train", fold=1)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("/data/x/clip/00017 144 3", Row("00017", "3", 144)),
        ("Crime/Angry/0063 Angry", Row("0063", "Angry", 0)),
        ("00025.mp4,anger", Row("00025.mp4", "anger", 0)),
        ("C:\\My Data\\clip\\00017 9 0", Row("00017", "0", 9)),
        ("00025.mp4\tanger\tA man, 3 times.\t皱眉", Row("00025.mp4", "anger", 0)),
        ("a/b\t12\t5", Row("b", "5", 12)),
    ],
)
def test_lines(tmp_path, line, row):
    file = tmp_path / "l.txt"
    file.write_text(f"\n{line}\n", encoding="utf-8")
    assert read_list(file, key) == [row]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/1 3 0\n b/1 3 0\n", "line 2: video 1 is given a second time"),
        ("a/1\n", "line 1 = 'a/1': must be a video's path"),
        ("a/../../1 3 0\n", r"line 1: path = 'a/\.\./\.\./1': leaves the root"),
        ("", "names no videos"),
    ],
)
def test_damaged_lists_are_named(tmp_path, text, message):
    file = tmp_path / "l.txt"
    file.write_text(text)
    with pytest.raises(UserError, match=r"l\.txt.*" + message):
        read_list(file, key)


@given(st.lists(st.integers(0, 2), min_size=1), st.permutations(CLASSES))
def test_indices_mean_what_the_order_says(indices, order):
    rows = [Row(str(k), str(index), 0) for k, index in enumerate(indices)]
    names = name_rows("f", rows, CLASSES, order=order)
    assert list(names.values()) == [order[index] for index in indices]


def test_paths_that_name_the_class_tell_the_order(tmp_path):
    rows = [Row("Sad/1", "0", 0), Row("Fear/1", "1", 0), Row("Sad/2", "0", 0)]
    names = name_rows(tmp_path, rows, CLASSES, order=None, told=lambda id: id.split("/")[0])
    assert list(names.values()) == ["Sad", "Fear", "Sad"]
    with pytest.raises(UserError, match="given as Happy, but its path says Sad"):
        name_rows(tmp_path, rows, CLASSES, order=CLASSES, told=lambda id: id.split("/")[0])
    rows.append(Row("Happy/1", "1", 0))
    with pytest.raises(UserError, match="given as Fear, but its path says Happy"):
        name_rows(tmp_path, rows, CLASSES, order=None, told=lambda id: id.split("/")[0])


def test_labels_out_of_range_and_unknown_names_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"label of video 1 = 3: must be 0\.\.2; these start at 1"):
        name_rows(tmp_path, [Row("1", "3", 0)], CLASSES, order=CLASSES)
    with pytest.raises(UserError, match=r"label of video 1 = 9: must be 0\.\.2; take the official"):
        name_rows(tmp_path, [Row("1", "9", 0)], CLASSES, order=CLASSES)
    with pytest.raises(UserError, match="class = 'Hapy': unknown; did you mean 'Happy'"):
        name_rows(tmp_path, [Row("1", "Hapy", 0)], CLASSES, order=None)
    with pytest.raises(UserError, match="labels are bare numbers"):
        name_rows(tmp_path, [Row("1", "0", 0)], CLASSES, order=None)


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "l.txt"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        rows = read_list(file, key)
        names = name_rows(file, rows, CLASSES, order=CLASSES)
        assert set(names.values()) <= set(CLASSES)
    except UserError as error:
        assert "\n" not in str(error)

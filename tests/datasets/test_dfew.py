import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets import read, scan
from rdfer.datasets.dfew import read_split
from tests.datasets import trees

TRAIN = {n: (n - 1) % 7 + 1 for n in range(1, 15)}
TEST = {n: (n - 1) % 7 + 1 for n in range(15, 22)}


def csv(labels, header="video_name,label", name="{}"):
    lines = [header] if header else []
    return "\n".join(lines + [f"{name.format(n)},{label}" for n, label in labels.items()]) + "\n"


def write_splits(root, train=TRAIN, test=TEST, fold=1, **more):
    for name, labels in (("train", train), ("test", test)):
        folder = root / "EmoLabel_DataSplit" / f"{name}(single-labeled)"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"set_{fold}.csv").write_text(csv(labels, **more))


def write_clips(root, folder="original", name="{}.mp4", numbers=range(1, 22)):
    place = root / "Clip" / folder
    place.mkdir(parents=True, exist_ok=True)
    for n in numbers:
        if name.endswith("/"):
            (place / name.format(n)).mkdir(exist_ok=True)
        else:
            (place / name.format(n)).touch()
    return place


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("original", "{}.mp4"),
        ("clip_224x224_avi", "{:05d}.avi"),
        ("clip_224x224", "{:05d}/"),
        ("clip_224x224_16f", "{:05d}/"),
    ],
)
def test_reads_every_kind_of_clips(tmp_path, folder, name):
    write_splits(tmp_path, fold=3)
    place = write_clips(tmp_path, folder, name)
    (place / "readme.txt").touch()
    manifest = read("dfew", tmp_path, fold=3)
    assert manifest.classes == CLASSES and len(manifest) == 21
    assert [video.id for video in manifest.videos] == [f"{n:05d}" for n in range(1, 22)]
    assert [video.path for video in manifest.videos] == [
        str(place / name.format(n)) for n in range(1, 22)
    ]
    assert {video.fold for video in manifest.videos} == {3}
    train, test = manifest.select(split="train"), manifest.select(split="test")
    np.testing.assert_array_equal(train.given(), [label - 1 for label in TRAIN.values()])
    np.testing.assert_array_equal(train.labels(), -1)
    np.testing.assert_array_equal(test.labels(), [label - 1 for label in TEST.values()])


def test_the_official_order_of_classes(tmp_path):
    file = tmp_path / "set_1.csv"
    file.write_text("video_name,label\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n")
    assert list(read_split(file).values()) == [
        "Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["\ufeff{}", "{}\n\n"])
@pytest.mark.parametrize("name", ["{}", "{:05d}", "{}.mp4", "{:05d}.avi"])
def test_harmless_differences_are_accepted(tmp_path, text, name):
    file = tmp_path / "set_1.csv"
    file.write_text(text.format(csv(TRAIN, name=name)).replace("\n", "\r\n"), encoding="utf-8")
    assert list(read_split(file)) == list(TRAIN)


@given(labels=st.dictionaries(st.integers(0, 99999), st.integers(1, 7), min_size=1))
def test_what_is_written_is_read(labels, tmp_path_factory):
    file = tmp_path_factory.mktemp("split") / "set_1.csv"
    file.write_text(csv(labels))
    assert read_split(file) == {n: CLASSES[label - 1] for n, label in labels.items()}


def test_labels_from_zero_are_refused_unless_asked_for(tmp_path):
    shifted = {n: label - 1 for n, label in TRAIN.items()}
    file = tmp_path / "set_1.csv"
    file.write_text(csv(shifted))
    with pytest.raises(
        UserError, match=r"set_1\.csv: labels = 0\.\.6: the official ones are 1\.\.7"
    ):
        read_split(file)
    assert read_split(file, zero_based=True) == {n: CLASSES[i] for n, i in shifted.items()}
    file.write_text(csv(TRAIN))
    with pytest.raises(UserError, match=r"labels = 1\.\.7: must be 0\.\.6; leave --zero-based"):
        read_split(file, zero_based=True)


def test_a_file_without_header_is_refused(tmp_path):
    file = tmp_path / "set_1.csv"
    file.write_text(csv(TRAIN, header=""))
    with pytest.raises(UserError, match="first line = '1,1': must be 'video_name,label'"):
        read_split(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line = ''"),
        ("video_name,label\n", "names no videos"),
        ("video_name,label\n1,8\n", r"labels = 8\.\.8: must be 1\.\.7; take the off"),
        ("video_name,label\n1,0\n2,7\n", r"labels = 0\.\.7: must be 1\.\.7"),
        (
            "video_name,label\n1,1\n1,2\n",
            "line 3: video 1 is given a second time; take the official",
        ),
        ("video_name,label\n1,1\n2\n", "line 3 = '2'"),
        ("video_name,label\n1,1,3\n", "line 2 = '1,1,3'"),
        ("video_name,label\nx,1\n", "line 2 = 'x,1'"),
        ("video_name,label\n1,Happy\n", "line 2 = '1,Happy'"),
        ("video_name,label\n1,-1\n", "line 2 = '1,-1'"),
        ("video_name,label\n²,1\n", "line 2 = '²,1'"),
    ],
)
def test_a_damaged_split_file_is_named(tmp_path, text, message):
    file = tmp_path / "set_1.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"set_1\.csv.*" + message):
        read_split(file)


def test_binary_and_missing_split_files_are_named(tmp_path):
    file = tmp_path / "set_1.csv"
    with pytest.raises(UserError, match="no such list"):
        read_split(file)
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UserError, match="is not text"):
        read_split(file)


def test_missing_clips_are_named(tmp_path):
    write_splits(tmp_path)
    with pytest.raises(UserError, match="Clip: no folder of the set's clips"):
        read("dfew", tmp_path, fold=1)
    write_clips(tmp_path, numbers=range(1, 20))
    with pytest.raises(UserError, match=r"video 00020 is not there \(2 of 21 are not"):
        read("dfew", tmp_path, fold=1)


def test_several_folders_of_clips_need_a_name(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    avi = write_clips(tmp_path, "clip_224x224_avi", "{:05d}.avi")
    with pytest.raises(UserError, match=r"holds clip_224x224_avi, original; name the one .*READ='"):
        read("dfew", tmp_path, fold=1)
    with pytest.raises(UserError, match=r"clips = 'orginal'"):
        read("dfew", tmp_path, fold=1, clips="orginal")
    manifest = read("dfew", tmp_path, fold=1, clips="clip_224x224_avi")
    assert manifest.videos[0].path == str(avi / "00001.avi")


def test_a_clip_in_both_splits_is_refused(tmp_path):
    write_splits(tmp_path, test={**TEST, 14: 7})
    write_clips(tmp_path)
    with pytest.raises(UserError, match="video 00014: is in the train and the test part of fold 1"):
        read("dfew", tmp_path, fold=1)


def test_two_videos_of_one_number_are_refused(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    write_clips(tmp_path, name="{:05d}.mp4", numbers=[3])
    with pytest.raises(UserError, match="is video 00003 a second time"):
        read("dfew", tmp_path, fold=1)


@pytest.mark.parametrize("fold", [0, 6])
def test_a_fold_outside_is_named(tmp_path, fold):
    with pytest.raises(UserError, match=f"fold = {fold}: DFEW has folds 1 to 5"):
        read("dfew", tmp_path, fold=fold)


def test_a_class_without_training_clips_is_named(tmp_path):
    write_splits(tmp_path, train={n: label for n, label in TRAIN.items() if label != 6})
    write_clips(tmp_path)
    with pytest.raises(UserError, match="'Disgust': has no training video"):
        read("dfew", tmp_path, fold=1)


def test_the_other_layout_is_read_too(tmp_path):
    for name, labels in (("train", TRAIN), ("test", TEST)):
        file = tmp_path / f"single_label/label/single_{name}set_2.csv"
        trees.write(file, csv(labels, name="{:05d}"))
    trees.touch(tmp_path / "single_label/data", (f"{n:05d}/" for n in range(1, 22)))
    manifest = read("dfew", tmp_path, fold=2)
    assert manifest.videos == read("dfew", tmp_path / "single_label", fold=2).videos
    assert manifest.select(split="test").labels().tolist() == [n - 1 for n in TEST.values()]
    assert manifest.videos[0].path.endswith("single_label/data/00001")


def test_parts_of_the_archive_are_one(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path, "clip_224x224_part_1", "{:05d}/", range(1, 12))
    write_clips(tmp_path, "clip_224x224_part_2", "{:05d}/", range(12, 22))
    manifest = read("dfew", tmp_path)
    assert len(manifest) == 21 and "part_2" in manifest.videos[-1].path
    write_clips(tmp_path, "original/data_part_1-2-3", "{}.mp4", range(1, 12))
    write_clips(tmp_path, "original/data_part_4-5-6", "{}.mp4", range(12, 22))
    with pytest.raises(UserError, match="holds clip_224x224, original; name the one"):
        read("dfew", tmp_path)
    assert len(read("dfew", tmp_path, clips="original")) == 21
    write_clips(tmp_path, "clip_224x224_part_2", "{:05d}/", [3])
    with pytest.raises(UserError, match="is video 00003 a second time"):
        read("dfew", tmp_path, clips="clip_224x224")


def test_a_folder_in_the_folder_of_its_name(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path, "clip_224x224_16f/clip_224x224_16f", "{:05d}/")
    assert len(read("dfew", tmp_path)) == 21


@pytest.mark.parametrize("name", ["train(single_labeled)", "train"])
def test_names_of_the_folder_of_splits(tmp_path, name):
    write_splits(tmp_path)
    write_clips(tmp_path)
    place = tmp_path / "EmoLabel_DataSplit"
    (place / "train(single-labeled)").rename(place / name)
    assert len(read("dfew", tmp_path).select(split="train")) == 14


def test_mixed_layouts_are_refused(tmp_path):
    write_splits(tmp_path)
    place = write_clips(tmp_path)
    trees.write(tmp_path / "label/single_trainset_1.csv", csv(TRAIN))
    with pytest.raises(UserError, match="two layouts are mixed; name the folder of the lists"):
        read("dfew", tmp_path)
    assert len(read("dfew", tmp_path, lists=tmp_path / "EmoLabel_DataSplit")) == 21
    trees.touch(place, ["00030/"])
    with pytest.raises(UserError, match="two layouts are mixed: keep one of them"):
        read("dfew", tmp_path, lists=tmp_path / "EmoLabel_DataSplit")


def test_two_layouts_beside_each_other_are_refused(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    trees.touch(tmp_path / "single_label/data", ["00001/"])
    with pytest.raises(UserError, match=r"single_label beside EmoLabel_DataSplit.*as the root, or"):
        read("dfew", tmp_path)
    (tmp_path / "single_label/data").rename(tmp_path / "data")
    (tmp_path / "single_label").rmdir()
    with pytest.raises(UserError, match=r"holds original, data; name the one .*--clips original"):
        read("dfew", tmp_path)
    assert len(read("dfew", tmp_path, clips="original")) == 21


def test_the_official_lists_in_the_root_tell_another_order(tmp_path):
    folds = trees.small_folds()
    trees.write_dfew(tmp_path, folds)
    write_clips(tmp_path, numbers=[c for part in folds.values() for c in part])
    lists = trees.write_lists(tmp_path / "annotation", folds)
    assert scan("dfew", tmp_path, lists=lists, order=CLASSES).notes == ()
    with pytest.raises(UserError, match=r"video 02003: is Neutral by --lists, but Sad .*--order"):
        read("dfew", tmp_path, lists=lists, order=(CLASSES[0], *CLASSES[2:], CLASSES[1]))
    file = tmp_path / "EmoLabel_DataSplit/train(single-labeled)/set_1.csv"
    file.write_text("1,1\n")
    (note,) = scan("dfew", tmp_path, lists=lists, order=CLASSES).notes
    assert note.startswith("--lists cannot be compared with the official lists:")


def test_lists_of_other_projects(tmp_path):
    folds = trees.small_folds()
    write_clips(tmp_path, "clip_224x224", "{:05d}/", [c for part in folds.values() for c in part])
    lists = trees.write_lists(tmp_path / "annotation", folds, frames=33)
    with pytest.raises(UserError, match=r"labels are bare numbers.*--order Happy,Sad"):
        read("dfew", tmp_path, lists=lists)
    names = "happiness,sadness,neutral,anger,surprise,disgust,fear".split(",")
    test = read("dfew", tmp_path, fold=4, lists=lists, order=names).select(split="test")
    assert {int(c.id): CLASSES.index(c.given) + 1 for c in test.videos} == folds[4]
    assert {video.n_frames for video in test.videos} == {33}
    with pytest.raises(UserError, match="must be all classes, each once"):
        read("dfew", tmp_path, lists=lists, order=names[1:])


def test_csv_lists_of_other_projects_start_at_0(tmp_path):
    write_clips(tmp_path)
    for name, labels in (("train", TRAIN), ("test", TEST)):
        shifted = {n: label - 1 for n, label in labels.items()}
        trees.write(tmp_path / f"lists/{name}_set_1.csv", csv(shifted, name="{:05d}"))
    with pytest.raises(UserError, match=r"test_set_1\.csv|train_set_1\.csv: labels = 0\.\.6"):
        read("dfew", tmp_path, lists=tmp_path / "lists")
    manifest = read("dfew", tmp_path, lists=tmp_path / "lists", zero_based=True)
    assert manifest.select(split="test").labels().tolist() == [n - 1 for n in TEST.values()]


def test_votes(tmp_path):
    folds = trees.small_folds()
    trees.write_dfew(tmp_path, folds)
    trees.write_votes(tmp_path, folds)
    write_clips(tmp_path, numbers=[c for part in folds.values() for c in part])
    for video in read("dfew", tmp_path, fold=2).videos:
        label = CLASSES.index(video.given)
        assert video.votes is not None and sum(video.votes) == 10
        assert video.votes[label] == 7 and video.votes[(label + 1) % 7] == 3


def test_votes_tell_of_labels_in_another_order(tmp_path):
    folds = trees.small_folds()
    trees.write_dfew(tmp_path, folds)
    write_clips(tmp_path, numbers=[c for part in folds.values() for c in part])
    turned = {k: {c: n % 7 + 1 for c, n in part.items()} for k, part in folds.items()}
    trees.write_votes(tmp_path, turned)
    with pytest.raises(UserError, match="is Sad in the train file of fold 1, but Neutral"):
        read("dfew", tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["1happy", "order"], [3, 1]], "1happy .. 7fear, order and label are needed"),
        ([], "its first sheet is empty"),
        (
            [["1happy", "2sad", "3neutral", "4angry", "5surprise", "6disgust", "7fear", "order",
              "label"], [3, 0, 0, 0, 0, 0, 7, 1, 8]],
            "row .*whole numbers are needed, and a label of 0",
        ),
    ],
)  # fmt: skip
def test_a_damaged_sheet_of_votes_is_named(tmp_path, rows, message):
    write_splits(tmp_path)
    write_clips(tmp_path)
    trees.write_workbook(tmp_path / "Annotation/annotation.xlsx", rows)
    with pytest.raises(UserError, match=r"annotation\.xlsx.*" + message):
        read("dfew", tmp_path)


def vote_rows(*rows):
    head = [f"{k}{name.lower()}" for k, name in enumerate(CLASSES, start=1)]
    return [[*head, "order", "label"], *rows]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 0, 10, 0, 0, 0, 0, 1, 0], "video 1 is there twice; take the official file"),
        ([0, 0, 10, 0, 0, 0, 0, None, 3], "'order' is empty; take the official file"),
    ],
)
def test_a_row_of_votes_is_of_one_clip(tmp_path, row, message):
    write_splits(tmp_path)
    write_clips(tmp_path)
    rows = vote_rows([10, 0, 0, 0, 0, 0, 0, 1, 1], row)
    trees.write_workbook(tmp_path / "Annotation/annotation.xlsx", rows)
    with pytest.raises(UserError, match=r"annotation\.xlsx.*" + message):
        read("dfew", tmp_path)


def test_votes_that_are_partly_missing_are_noted(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    assert scan("dfew", tmp_path).notes == ()
    rows = vote_rows([10, None, 0, 0, 0, 0, 0, 1, 1], [0, 10, 0, 0, 0, 0, 0, 2, 2])
    trees.write_workbook(tmp_path / "Annotation/annotation.xlsx", rows)
    tree = scan("dfew", tmp_path)
    assert tree.videos[0].votes == (10, 0, 0, 0, 0, 0, 0)
    assert tree.notes == (
        "annotation.xlsx: 1 of 2 rows have empty cells, read as 0",
        "19 of 21 videos have no votes of annotators",
    )


@given(st.text(st.sampled_from("0123456789,.\n vidxeo_namlb-"), max_size=60))
def test_any_lines_are_read_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "set_1.csv"
    file.write_text("video_name,label\n" + text)
    try:
        assert set(read_split(file).values()) <= set(CLASSES)
    except UserError as error:
        assert "\n" not in str(error)

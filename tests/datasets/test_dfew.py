import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.datasets import read_dfew
from rdfer.datasets.dfew import read_split
from rdfer.errors import UserError
from rdfer.manifest import CLASSES

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
            (place / name.format(n)).mkdir()
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
    manifest = read_dfew(tmp_path, fold=3)
    assert manifest.classes == CLASSES and len(manifest) == 21
    assert [clip.id for clip in manifest.clips] == [f"{n:05d}" for n in range(1, 22)]
    assert [clip.path for clip in manifest.clips] == [
        str(place / name.format(n)) for n in range(1, 22)
    ]
    assert {clip.fold for clip in manifest.clips} == {3}
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
    with pytest.raises(UserError, match=r"labels = 1\.\.7: must be 0\.\.6"):
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
        ("video_name,label\n", "names no clips"),
        ("video_name,label\n1,8\n", r"labels = 8\.\.8: must be 1\.\.7"),
        ("video_name,label\n1,0\n2,7\n", r"labels = 0\.\.7: must be 1\.\.7"),
        ("video_name,label\n1,1\n1,2\n", "line 3: clip 1 is given a second time"),
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
    with pytest.raises(UserError, match="no such split file"):
        read_split(file)
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UserError, match="is not text"):
        read_split(file)


def test_missing_clips_are_named(tmp_path):
    write_splits(tmp_path)
    with pytest.raises(UserError, match="Clip: no folder of clips"):
        read_dfew(tmp_path, fold=1)
    write_clips(tmp_path, numbers=range(1, 20))
    with pytest.raises(UserError, match=r"clip 20 has no video \(2 of 7 have none\)"):
        read_dfew(tmp_path, fold=1)


def test_several_folders_of_clips_need_a_name(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    avi = write_clips(tmp_path, "clip_224x224_avi", "{:05d}.avi")
    with pytest.raises(UserError, match="holds clip_224x224_avi, original; name the one"):
        read_dfew(tmp_path, fold=1)
    with pytest.raises(UserError, match=r"clips = 'orginal'"):
        read_dfew(tmp_path, fold=1, clips="orginal")
    manifest = read_dfew(tmp_path, fold=1, clips="clip_224x224_avi")
    assert manifest.clips[0].path == str(avi / "00001.avi")


def test_a_clip_in_both_splits_is_refused(tmp_path):
    write_splits(tmp_path, test={**TEST, 14: 7})
    write_clips(tmp_path)
    with pytest.raises(UserError, match="clip 00014: is in the training and the test file"):
        read_dfew(tmp_path, fold=1)


def test_two_videos_of_one_number_are_refused(tmp_path):
    write_splits(tmp_path)
    write_clips(tmp_path)
    write_clips(tmp_path, name="{:05d}.mp4", numbers=[3])
    with pytest.raises(UserError, match="is clip 3 a second time"):
        read_dfew(tmp_path, fold=1)


@pytest.mark.parametrize("fold", [0, 6])
def test_a_fold_outside_is_named(tmp_path, fold):
    with pytest.raises(UserError, match=f"fold = {fold}: DFEW has folds 1 to 5"):
        read_dfew(tmp_path, fold=fold)


def test_a_class_without_training_clips_is_named(tmp_path):
    write_splits(tmp_path, train={n: label for n, label in TRAIN.items() if label != 6})
    write_clips(tmp_path)
    with pytest.raises(UserError, match="'Disgust': has no training clip"):
        read_dfew(tmp_path, fold=1)

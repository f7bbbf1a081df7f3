import pytest

from rdfer.base.errors import UserError
from rdfer.datasets import read, scan
from rdfer.datasets.mafw import CLASSES
from tests.datasets import trees


@pytest.fixture
def root(tmp_path):
    folds = trees.small_mafw()
    trees.touch(tmp_path / "data/frames", (f"{n:05d}/" for part in folds.values() for n in part))
    return tmp_path


@pytest.mark.parametrize("captions", [False, True])
def test_reads_crlf_and_captions_in_gbk(root, captions):
    trees.write_mafw(root, trees.small_mafw(), captions=captions)
    manifest = read("mafw", root, fold=3)
    assert manifest.classes == CLASSES
    test = manifest.select(split="test")
    assert [video.id for video in test.videos] == [f"{300 + 2 * n:05d}" for n in range(11)]
    assert [video.label for video in test.videos] == [
        *("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"),
        *("Contempt", "Anxiety", "Helplessness", "Disappointment"),
    ]
    assert test.videos[0].path == str(root / "data/frames/00300")


def test_other_places_of_lists_and_clips(root):
    trees.write_mafw(root, trees.small_mafw())
    (root / "split").rename(root / "Train & Test Set")
    (root / "data/frames").rename(root / "frames")
    assert len(read("mafw", root)) == 55


def test_clips_must_be_chosen_where_there_are_several(root):
    trees.write_mafw(root, trees.small_mafw())
    numbers = [n for part in trees.small_mafw().values() for n in part]
    trees.touch(root / "data/clips", (f"{n:05d}.mp4" for n in numbers))
    with pytest.raises(UserError, match=r"data/frames and .*data/clips; name the one to take"):
        read("mafw", root)
    assert read("mafw", root, clips="clips").videos[0].path.endswith(".mp4")
    with pytest.raises(UserError, match="holds no folder crops"):
        read("mafw", root, clips="crops")


@pytest.mark.parametrize("name", ["..", "/tmp", "../data/frames"])
def test_clips_stay_below_the_root(root, name):
    trees.write_mafw(root, trees.small_mafw())
    with pytest.raises(UserError, match=r"--clips: path = .*leaves the root"):
        read("mafw", root, clips=name)


def test_two_folders_of_one_name_are_told_apart(root):
    trees.write_mafw(root, trees.small_mafw())
    trees.touch(root / "frames", ["00100/"])
    with pytest.raises(UserError, match=r"--clips data/frames, or make .*READ='--clips data/fr"):
        read("mafw", root, clips="frames")
    assert len(read("mafw", root, clips="data/frames")) == 55


def test_lists_in_several_places_are_noted(root):
    trees.write_mafw(root, trees.small_mafw())
    trees.write_mafw(root, trees.small_mafw(), captions=True)
    assert scan("mafw", root).notes == ()
    trees.write(root / "label/no_caption/set_1/train.txt", "00001.mp4 anger\n")
    (note,) = scan("mafw", root).notes
    assert note == (
        f"lists are in {root / 'split/single/no_caption'} and in {root / 'label/no_caption'}; "
        "the first was read"
    )


def test_the_official_lists_in_the_root_tell_another_order(root):
    folds = trees.small_mafw()
    trees.write_mafw(root, folds)
    words = sorted(trees.MAFW_WORDS)
    for split, part in (("test", folds[1]), ("train", {**folds[2], **folds[3]})):
        lines = [f"/home/x/MAFW/{n:05d} 50 {words.index(word)}\n" for n, word in part.items()]
        trees.write(root / f"annotation/MAFW_set_1_{split}.txt", "".join(lines))
    lists = root / "annotation"
    assert len(read("mafw", root, lists=lists, order=words)) == 33
    with pytest.raises(
        UserError, match=r"video 00200: is .* by --lists, but Angry by the official"
    ):
        read("mafw", root, lists=lists, order=words[::-1])


def test_lists_of_other_projects_need_their_order(root):
    words = sorted(trees.MAFW_WORDS)
    folds = trees.small_mafw()
    for split, part in (("test", folds[1]), ("train", {**folds[2], **folds[3]})):
        lines = [f"/home/x/MAFW/{n:05d} 50 {words.index(word)}\n" for n, word in part.items()]
        trees.write(root / f"annotation/MAFW_set_1_{split}.txt", "".join(lines))
    lists = root / "annotation"
    with pytest.raises(UserError, match="labels are bare numbers"):
        read("mafw", root, lists=lists)
    test = read("mafw", root, lists=lists, order=words).select(split="test")
    assert [video.label for video in test.videos] == list(CLASSES)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("00999.mp4 anger_disgust", "class = 'anger_disgust': unknown"),
        ("clip7.mp4 anger", "must be a video's path"),
        ("00200.mp4 anger", "video 00200: is in the train and the test part of fold 1"),
        ("../00999.mp4 anger", "leaves the root"),
    ],
)
def test_bad_lines_are_named(root, line, message):
    trees.write_mafw(root, trees.small_mafw())
    with (root / "split/single/no_caption/set_1/test.txt").open("a", newline="") as file:
        file.write(line + "\r\n")
    with pytest.raises(UserError, match=message):
        read("mafw", root)


def test_a_header_is_told(root):
    trees.write(root / "annotation/set_1_train.txt", "path n_frames label\n/home/x/00100 50 0\n")
    with pytest.raises(UserError, match=r"line 1 = 'path n_frames label': looks like a header"):
        read("mafw", root, lists=root / "annotation", order=CLASSES)

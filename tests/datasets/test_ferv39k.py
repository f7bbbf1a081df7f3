import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets import read, scan
from tests.datasets import trees


def rows(start, count=7):
    """Paths and classes; the number of a clip says which class it is of."""
    return [
        (f"{scene}/{CLASSES[n % 7]}/{n:04d}", CLASSES[n % 7])
        for n, scene in zip(range(start, start + count), ("Crime", "War") * count, strict=False)
    ]


@pytest.fixture
def root(tmp_path):
    parts = {"train": rows(0, 14), "test": rows(20)}
    trees.write_ferv39k(tmp_path, parts)
    for path, _ in (*parts["train"], *parts["test"]):
        trees.touch(tmp_path / "2_ClipsforFaceCrop", [path + "/"])
    return tmp_path


def test_reads_lists_and_crops(root):
    manifest = read("ferv39k", root)
    first = manifest.videos[0]
    assert (first.id, first.given, first.group) == ("Crime/Happy/0000", "Happy", "Crime")
    assert first.path == str(root / "2_ClipsforFaceCrop/Crime/Happy/0000")
    test = manifest.select(split="test")
    assert [video.label for video in test.videos] == [CLASSES[n % 7] for n in range(20, 27)]
    assert {video.label for video in manifest.select(split="train").videos} == {""}


def test_the_first_line_is_a_clip(root):
    assert len(read("ferv39k", root).select(split="train")) == 14


def test_raw_clips_and_a_folder_in_the_folder_of_its_name(root):
    for path, _ in (*rows(0, 14), *rows(20)):
        folder, _, name = path.rpartition("/")
        trees.touch(root / "0_7_labelClips" / folder, [f"{name}.mp4"])
    assert read("ferv39k", root).videos[0].path.endswith("FaceCrop/Crime/Happy/0000")
    raw = read("ferv39k", root, clips="0_7_labelClips")
    assert raw.videos[0].path.endswith("0_7_labelClips/Crime/Happy/0000.mp4")
    (root / "2_ClipsforFaceCrop").rename(root / "inner")
    (root / "2_ClipsforFaceCrop").mkdir()
    (root / "inner").rename(root / "2_ClipsforFaceCrop/2_ClipsforFaceCrop")
    assert len(read("ferv39k", root)) == 21
    assert len(read("ferv39k", root, clips="2_ClipsforFaceCrop")) == 21
    with pytest.raises(
        UserError,
        match=r"crops: no folder of the set's clips there; .*holds 0_7_labelClips, 2_Clips",
    ):
        read("ferv39k", root, clips="crops")


@pytest.mark.parametrize("name", ["..", "/tmp", "../2_ClipsforFaceCrop"])
def test_clips_stay_below_the_root(root, name):
    with pytest.raises(UserError, match=r"--clips: path = .*leaves the root"):
        read("ferv39k", root, clips=name)


def test_videos_beside_folders_of_frames_are_refused(root):
    trees.touch(root / "2_ClipsforFaceCrop/War/Sad", ["0500.mp4"])
    with pytest.raises(UserError, match="two layouts are mixed: keep one of them"):
        read("ferv39k", root)


def test_lists_in_two_places_are_noted(root):
    trees.write(root / "All_scenes/train_All.csv", "Crime/Happy/0000 Happy\n")
    (note,) = scan("ferv39k", root).notes
    assert "4_setups/All_scenes and in" in note and note.endswith("the first was read")


def test_a_header_is_told(root):
    file = root / "4_setups/All_scenes/test_All.csv"
    file.write_text("path label\n" + file.read_text())
    with pytest.raises(UserError, match=r"line 1 = 'path label': looks like a header.*delete"):
        read("ferv39k", root)


def test_lists_of_other_projects_tell_their_order(root):
    alphabetical = sorted(CLASSES)
    for split, part in (("train", rows(0, 14)), ("test", rows(20))):
        lines = [f"/home/x/FERV39K/{path} 28 {alphabetical.index(name)}\n" for path, name in part]
        trees.write(root / f"annotation/FERV39K_{split}.txt", "".join(lines))
    manifest = read("ferv39k", root, lists=root / "annotation")
    assert [c.given for c in manifest.videos] == [c.given for c in read("ferv39k", root).videos]
    assert {video.n_frames for video in manifest.videos} == {28}
    with pytest.raises(UserError, match=r"but its path says .*another order of classes"):
        read("ferv39k", root, lists=root / "annotation", order=CLASSES)


def append(root, split, line):
    with (root / f"4_setups/All_scenes/{split}_All.csv").open("a") as file:
        file.write(line + "\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Crime/Happy/0000 Happy", "video Crime/Happy/0000: is in the train and the test part"),
        ("Crime/Happy/0090 Sad", "is given as Sad, but its path says Happy"),
        ("Crime/Glad/0090 Happy", "test_All.csv, line 8: class = 'Glad': unknown"),
        ("Crime/Happy/0090 Glad", "test_All.csv, line 8: class = 'Glad': unknown"),
        ("Happy/0090 Happy", "must be a video's path"),
        ("path label", "must be a video's path"),
        ("Crime/../Happy/0090 Happy", "leaves the root"),
    ],
)
def test_bad_lines_are_named(root, line, message):
    append(root, "test", line)
    with pytest.raises(UserError, match=message):
        read("ferv39k", root)


def test_a_clip_twice_is_named(root):
    append(root, "train", "Crime/Happy/0000 Happy")
    with pytest.raises(UserError, match=r"line 15: video .*0.* is given a second time"):
        read("ferv39k", root)


def test_missing_lists_and_folders(root):
    (root / "4_setups/All_scenes/test_All.csv").unlink()
    with pytest.raises(UserError, match=r"test_All\.csv: no such list"):
        read("ferv39k", root)
    (root / "2_ClipsforFaceCrop").rename(root / "elsewhere")
    with pytest.raises(UserError, match="no folder of the set's clips there; unpack"):
        read("ferv39k", root)


def test_strange_scenes_are_noted(root):
    append(root, "test", "Casino/Happy/0090 Happy")
    tree = scan("ferv39k", root)
    assert tree.notes == ("scenes that FERV39k is not known to have: Casino",)
    assert [video.id for video in tree.missing] == ["Casino/Happy/0090"]

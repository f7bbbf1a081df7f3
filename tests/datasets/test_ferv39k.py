import pytest

from rdfer.datasets import read, scan
from rdfer.errors import UserError
from rdfer.manifest import CLASSES
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
    first = manifest.clips[0]
    assert (first.id, first.given, first.group) == ("Crime/Happy/0000", "Happy", "Crime")
    assert first.path == str(root / "2_ClipsforFaceCrop/Crime/Happy/0000")
    test = manifest.select(split="test")
    assert [clip.label for clip in test.clips] == [CLASSES[n % 7] for n in range(20, 27)]
    assert {clip.label for clip in manifest.select(split="train").clips} == {""}


def test_the_first_line_is_a_clip(root):
    assert len(read("ferv39k", root).select(split="train")) == 14


def test_raw_clips_and_a_folder_in_the_folder_of_its_name(root):
    for path, _ in (*rows(0, 14), *rows(20)):
        folder, _, name = path.rpartition("/")
        trees.touch(root / "0_7_labelClips" / folder, [f"{name}.mp4"])
    assert read("ferv39k", root).clips[0].path.endswith("FaceCrop/Crime/Happy/0000")
    raw = read("ferv39k", root, clips="0_7_labelClips")
    assert raw.clips[0].path.endswith("0_7_labelClips/Crime/Happy/0000.mp4")
    (root / "2_ClipsforFaceCrop").rename(root / "inner")
    (root / "2_ClipsforFaceCrop").mkdir()
    (root / "inner").rename(root / "2_ClipsforFaceCrop/2_ClipsforFaceCrop")
    assert len(read("ferv39k", root)) == 21
    with pytest.raises(
        UserError, match=r"crops: no folder of clips there; .*holds 0_7_labelClips, 2_Clips"
    ):
        read("ferv39k", root, clips="crops")


def test_lists_of_other_projects_tell_their_order(root):
    alphabetical = sorted(CLASSES)
    for split, part in (("train", rows(0, 14)), ("test", rows(20))):
        lines = [f"/home/x/FERV39K/{path} 28 {alphabetical.index(name)}\n" for path, name in part]
        trees.write(root / f"annotation/FERV39K_{split}.txt", "".join(lines))
    manifest = read("ferv39k", root, lists=root / "annotation")
    assert [c.given for c in manifest.clips] == [c.given for c in read("ferv39k", root).clips]
    assert {clip.n_frames for clip in manifest.clips} == {28}
    with pytest.raises(UserError, match=r"but its path says .*another order of classes"):
        read("ferv39k", root, lists=root / "annotation", order=CLASSES)


def append(root, split, line):
    with (root / f"4_setups/All_scenes/{split}_All.csv").open("a") as file:
        file.write(line + "\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Crime/Happy/0000 Happy", "clip Crime/Happy/0000: is in the train and the test part"),
        ("Crime/Happy/0090 Sad", "is given as Sad, but its path says Happy"),
        ("Crime/Glad/0090 Happy", "class = 'Glad': unknown"),
        ("Happy/0090 Happy", "must be a clip's path"),
        ("path label", "must be a clip's path"),
        ("Crime/../Happy/0090 Happy", "leaves the root"),
    ],
)
def test_bad_lines_are_named(root, line, message):
    append(root, "test", line)
    with pytest.raises(UserError, match=message):
        read("ferv39k", root)


def test_a_clip_twice_is_named(root):
    append(root, "train", "Crime/Happy/0000 Happy")
    with pytest.raises(UserError, match=r"line 15: clip .*0.* is given a second time"):
        read("ferv39k", root)


def test_missing_lists_and_folders(root):
    (root / "4_setups/All_scenes/test_All.csv").unlink()
    with pytest.raises(UserError, match=r"test_All\.csv: no such list"):
        read("ferv39k", root)
    (root / "2_ClipsforFaceCrop").rename(root / "elsewhere")
    with pytest.raises(UserError, match="no folder of clips there; unpack"):
        read("ferv39k", root)


def test_strange_scenes_are_noted(root):
    append(root, "test", "Casino/Happy/0090 Happy")
    tree = scan("ferv39k", root)
    assert tree.notes == ("scenes that FERV39k is not known to have: Casino",)
    assert [clip.id for clip in tree.missing] == ["Casino/Happy/0090"]

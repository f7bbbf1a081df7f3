import pytest

from rdfer.base.errors import UserError
from rdfer.datasets import read, scan
from rdfer.datasets.cremad import CLASSES as CREMAD_CLASSES
from rdfer.datasets.cremad import read_votes
from rdfer.datasets.ravdess import CLASSES as RAVDESS_CLASSES
from tests.datasets import trees

CLIPS = [
    f"{actor}_IEO_{code}_HI"
    for actor in range(1001, 1011)
    for code in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
]


def test_cremad_by_actor(tmp_path):
    # a clip of the archive ends with one X only
    trees.write_cremad(tmp_path, [*CLIPS, "1001_ITH_SAD_X"])
    tested = []
    for fold in range(1, 6):
        manifest = read("cremad", tmp_path, fold=fold)
        assert len(manifest) == 61
        parts = {s: {c.group for c in manifest.select(split=s).videos} for s in ("train", "test")}
        assert len(parts["test"]) == 2 and not parts["train"] & parts["test"]
        tested += sorted(parts["test"])
    assert sorted(tested) == [str(actor) for actor in range(1001, 1011)]


def test_cremad_names_and_votes(tmp_path):
    trees.write_cremad(tmp_path, CLIPS)
    found = {video.id: video for video in read("cremad", tmp_path).videos}
    assert [
        found[f"1004_IEO_{c}_HI"].given for c in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    ] == [*CREMAD_CLASSES]
    assert found["1004_IEO_ANG_HI"].path == str(tmp_path / "VideoFlash/1004_IEO_ANG_HI.flv")
    assert {video.votes for video in found.values()} == {(2, 0, 0, 5, 0, 2)}


def test_cremad_without_votes(tmp_path):
    tree = scan("cremad", trees.write_cremad(tmp_path, CLIPS, votes=False))
    assert {video.votes for video in tree.videos} == {None}
    assert tree.notes == ("60 of 60 videos have no votes of raters",)


def test_the_seed_draws_the_folds(tmp_path):
    trees.write_cremad(tmp_path, CLIPS)
    first, again, other = (read("cremad", tmp_path, seed=seed).videos for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['"",A,D,F,H,N,S,fileName', "100001,1,0,0,0,0,0,x"], "no votes on video alone"),
        (['"",A,D,F,H,N,S,fileName', *["200001,1,0,0,0,0,0,x"] * 2], "line 3: video x is there"),
        (['"",A,D,F,H,N,S,fileName', "200001,1,0,0.5,0,0,0,x"], "line 2: whole numbers"),
        (["A,D,F,H,N,S,fileName", "1,0,0,0,0,0,x"], "column '' is missing"),
        (['"",A,D,F,H,N,fileName', "200001,1,0,0,0,0,x"], "column 'S' is missing"),
    ],
)
def test_a_damaged_table_of_votes_is_named(tmp_path, rows, message):
    file = trees.write(tmp_path / "tabulatedVotes.csv", "\n".join(rows) + "\n")
    with pytest.raises(UserError, match=message):
        read_votes(file)


def test_cremad_elsewhere(tmp_path):
    with pytest.raises(UserError, match="is not the root of CREMA-D: holds no VideoFlash"):
        read("cremad", tmp_path)
    trees.touch(tmp_path / "VideoFlash", ["holiday.mp4"])
    with pytest.raises(UserError, match="holds no videos that are named as CREMA-D's are"):
        read("cremad", tmp_path)
    (tmp_path / "VideoFlash").rename(tmp_path / "mp4")
    trees.touch(tmp_path / "mp4", (f"{video}.mp4" for video in CLIPS))
    assert len(read("cremad", tmp_path, clips="mp4")) == 60


@pytest.mark.parametrize("name", ["..", "/tmp"])
def test_clips_stay_below_the_root(tmp_path, name):
    trees.write_cremad(tmp_path, CLIPS)
    with pytest.raises(UserError, match=r"--clips: path = .*leaves the root"):
        read("cremad", tmp_path, clips=name)


def test_ravdess(tmp_path):
    clips = trees.ravdess_clips()
    trees.write_ravdess(tmp_path, clips)
    trees.touch(tmp_path / "Audio_Speech_Actor_01", ["03-01-03-01-01-01-01.wav"])
    trees.touch(tmp_path / "Video_Song_Actor_01", ["01-02-03-01-01-01-01.mp4"])
    manifest = read("ravdess", tmp_path, fold=2)
    assert len(manifest) == 1440 and manifest.classes == RAVDESS_CLASSES
    for video in manifest.videos:
        fields = video.id.split("-")
        assert video.given == RAVDESS_CLASSES[int(fields[2]) - 1] and video.group == fields[6]
    assert not {c.group for c in manifest.select(split="train").videos} & {
        c.group for c in manifest.select(split="test").videos
    }


def test_ravdess_takes_one_of_two_forms_of_the_same_footage(tmp_path):
    trees.write_ravdess(tmp_path, trees.ravdess_clips(2))
    assert all(video.id.startswith("02-") for video in read("ravdess", tmp_path).videos)
    trees.write_ravdess(tmp_path, trees.ravdess_clips(1))
    tree = scan("ravdess", tmp_path)
    assert all(video.id.startswith("01-") for video in tree.videos) and len(tree.videos) == 1440
    assert tree.notes == ("1440 videos without sound are the same footage and were left out",)


@pytest.mark.parametrize("inner", ["Actor_{}", "Video_Speech_Actor_{}/Actor_{}"])
def test_ravdess_as_it_unpacks(tmp_path, inner):
    clips = {inner.replace("{}", f[-2:]): names for f, names in trees.ravdess_clips().items()}
    trees.write_ravdess(tmp_path, clips)
    assert len(read("ravdess", tmp_path)) == 1440
    trees.touch(tmp_path / "Actor_copy_Actor_02", ["01-01-01-01-01-01-02.mp4"])
    with pytest.raises(UserError, match="is video 01-01-01-01-01-01-02 a second time"):
        read("ravdess", tmp_path)


def test_ravdess_elsewhere(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        read("ravdess", tmp_path / "absent")
    with pytest.raises(UserError, match=r"holds no videos of speech .*; see the layout"):
        read("ravdess", tmp_path)
    root = trees.write_ravdess(tmp_path / "x/R", trees.ravdess_clips())
    for wrong in (root.parent, trees.touch(root / "notes", [])):
        with pytest.raises(UserError, match=r"did you mean '.*/x/R'"):
            read("ravdess", wrong)

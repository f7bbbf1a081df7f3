"""What the report says of whole copies, and of each trap."""

import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.commands import cli
from rdfer.data.manifest import CLASSES
from rdfer.datasets import DATASETS, read
from rdfer.datasets.check import check
from tests.datasets import trees


@pytest.fixture
def dfew(tmp_path, monkeypatch):
    """A DFEW of 70 clips, whose small counts are the known ones; Disgust is rare."""
    folds = trees.small_folds()
    for part in folds.values():
        part.pop(next(clip for clip, label in part.items() if label == 6))
    monkeypatch.setitem(DATASETS, "dfew", trees.small_dfew(folds))
    root = trees.write_dfew(tmp_path / "DFEW", folds)
    trees.touch(root / "Clip/original", (f"{n}.mp4" for part in folds.values() for n in part))
    return root


def found(report):
    return {finding.what.strip(): finding for finding in report.findings}


def wrong(report):
    return [f.what.strip() for f in report.findings if f.state == "wrong"]


def edit(root, change, *, part="train", fold=1):
    file = root / f"EmoLabel_DataSplit/{part}(single-labeled)/set_{fold}.csv"
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")


def test_a_whole_copy(dfew, capsys):
    report = check("dfew", dfew)
    assert wrong(report) == [] and report.runnable
    assert cli.main(["check", "dfew", str(dfew)]) == 0
    unpadded = found(report)["names without leading zeros"]
    assert (unpadded.found, unpadded.state) == ("65", "note")
    assert "2003.mp4 is not 02003" in unpadded.advice
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"DFEW in {dfew / 'Clip/original'}"
    assert "fold 1, train 52 52 right" in [" ".join(line.split()) for line in lines]
    assert cli.main(["check", "dfew", str(dfew), "--fold", "3"]) == 0
    shown = capsys.readouterr().out
    assert "fold 3, test" in shown and "fold 1" not in shown and "exactly once" not in shown


def test_labels_from_zero(dfew, capsys):
    def shift(lines):
        pairs = [line.split(",") for line in lines[1:]]
        return [lines[0], *(f"{clip},{int(label) - 1}" for clip, label in pairs)]

    for fold in range(1, 6):
        for part in ("train", "test"):
            edit(dfew, shift, part=part, fold=fold)
    report = check("dfew", dfew)
    assert wrong(report) == [f"fold {k}" for k in range(1, 6)]
    assert "labels = 0..6: the official ones are 1..7" in report.findings[0].advice
    assert cli.main(["check", "dfew", str(dfew)]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("error: DFEW: its protocol cannot be run on")
    assert "re-numbered copy" in told.out
    # asked for by name, it is the same set
    assert cli.main(["check", "dfew", str(dfew), "--zero-based"]) == 0


def test_a_lost_header(dfew):
    edit(dfew, lambda lines: lines[1:])
    report = check("dfew", dfew)
    assert wrong(report) == ["fold 1"]
    assert "without it is not an official one" in found(report)["fold 1"].advice


def test_a_clip_taken_for_a_header(dfew):
    edit(dfew, lambda lines: [lines[0], *lines[2:]])
    report = check("dfew", dfew)
    assert "fold 1, train" in wrong(report)
    assert "one fewer: the first line" in found(report)["fold 1, train"].advice


def test_another_order_of_classes(dfew):
    turned = {n: n % 7 + 1 for n in range(1, 8)}

    def turn(lines):
        pairs = [line.split(",") for line in lines[1:]]
        return [lines[0], *(f"{clip},{turned[int(label)]}" for clip, label in pairs)]

    for fold in range(1, 6):
        for part in ("train", "test"):
            edit(dfew, turn, part=part, fold=fold)
    report = check("dfew", dfew)
    assert {"Disgust", "Fear"} <= set(wrong(report)) and "fold 1, train" not in wrong(report)
    assert "labels are in another order" in found(report)["Fear"].advice


def test_folds_that_overlap(dfew):
    source = dfew / "EmoLabel_DataSplit"
    for part in ("train", "test"):
        text = (source / f"{part}(single-labeled)/set_1.csv").read_text()
        (source / f"{part}(single-labeled)/set_2.csv").write_text(text)
    report = check("dfew", dfew)
    assert wrong(report) == ["tested exactly once"]
    assert "overlap or leave videos out" in found(report)["tested exactly once"].advice


def test_clips_that_are_missing_or_broken(dfew):
    videos = sorted((dfew / "Clip/original").iterdir())
    videos[0].unlink()
    videos[1].write_bytes(b"")
    report = check("dfew", dfew)
    assert wrong(report) == ["missing videos"]
    assert found(report)["missing videos"].found == "1"
    broken = found(report)["videos that cannot be read"]
    assert (broken.found, broken.state) == ("1", "note")
    assert f"{videos[1]} is empty (0 bytes)" in broken.advice
    for video in videos[1:]:
        video.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "pointers of git lfs" in wrong(check("dfew", dfew))


def frames(root, folder, name, *, counts, side=64):
    """Replace the videos by folders of frames of these numbers in turn."""
    clips = [int(file.stem) for file in sorted((root / "Clip/original").iterdir())]
    for k, clip in enumerate(clips):
        place = root / "Clip" / folder / f"{clip:05d}"
        place.mkdir(parents=True)
        for n in range(1, counts[k % len(counts)] + 1):
            Image.new("L", (side, side)).save(place / name.format(clip=clip, n=n))


def test_traps_of_folders_of_frames(dfew):
    frames(dfew, "clip_224x224", "{clip:05d}_{n:05d}.jpg", counts=[20, 11, 17], side=256)
    report = check("dfew", dfew, clips="clip_224x224")
    assert report.runnable
    notes = found(report)
    assert notes["frames a video"].found == "11..20, median 17"
    assert notes["videos under 16 frames"].found == "22"
    assert notes["pixels of frames"].found == "256 x 256"
    assert "though named 224x224" in notes["pixels of frames"].advice
    assert "frames named 1, 2, .. 10" not in notes


def test_traps_of_sixteen_frames(dfew):
    frames(dfew, "clip_224x224_16f", "{n}.jpg", counts=[16], side=224)
    notes = found(check("dfew", dfew, clips="clip_224x224_16f"))
    assert notes["16 frames in every video"].found == "65"
    assert "as text, 10 comes before 2" in notes["frames named 1, 2, .. 10"].advice
    assert "pixels of frames" not in notes


def test_lists_that_over_report(dfew):
    frames(dfew, "clip_224x224", "{n:05d}.jpg", counts=[16])
    folds = {
        k: {
            int(clip): int(label)
            for clip, label in (
                line.split(",")
                for line in (dfew / f"EmoLabel_DataSplit/test(single-labeled)/set_{k}.csv")
                .read_text()
                .splitlines()[1:]
            )
        }
        for k in range(1, 6)
    }
    lists = trees.write_lists(dfew / "annotation", folds, frames=70)
    report = check("dfew", dfew, clips="clip_224x224", lists=lists, order=CLASSES)
    assert report.runnable and found(report)["lists say more frames"].found == "65"


def test_films_in_both_parts(dfew):
    names = sorted(int(file.stem) for file in (dfew / "Clip/original").iterdir())
    lines = [f"{clip},{k % 12}" for k, clip in enumerate(names)]
    films = trees.write(dfew.parent / "films.csv", "clip,group\n" + "\n".join(lines))
    report = check("dfew", dfew, groups=films)
    assert found(report)["groups in both parts"].found == "12"
    own = check("dfew", dfew, groups=films, grouped=True)
    assert own.runnable and "groups in both parts" not in found(own)
    assert found(own)["fold 1, train"].known == ""


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["check", "dfew", "absent"], "root = 'absent': no such folder"),
        (["check", "dfew", "."], "is not the root of DFEW"),
        (["check", "dfw", "."], "data set = 'dfw': unknown; did you mean 'dfew'?"),
        (["check", "dfew", ".", "--fold", "6"], "fold = 6: DFEW has folds 1 to 5"),
        (["check", "afew", ".", "--clips", "x"], "option 'clips': AFEW has none such"),
        (["datasets", "dfw"], "did you mean 'dfew'?"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path, monkeypatch, capsys, argv, told):
    monkeypatch.chdir(tmp_path)
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and told in line


def test_the_list_of_data_sets(capsys):
    assert cli.main(["datasets"]) == 0
    shown = capsys.readouterr().out
    assert all(dataset.title in shown for dataset in DATASETS.values())
    assert cli.main(["datasets", "mafw"]) == 0
    assert "FERV39k" not in capsys.readouterr().out


def test_orders_and_seeds_reach_the_reader(tmp_path):
    for name in ("yes", "no"):
        trees.touch(tmp_path / name, (f"{k}.mp4" for k in range(15)))
    argv = ["check", "folders", str(tmp_path), "--order", "yes,no", "--seed", "3"]
    assert cli.main(argv) == 0
    report = check("folders", tmp_path, order=["yes", "nay"])
    assert {f.state for f in report.findings} == {"wrong"}
    assert "class = 'no': unknown" in report.findings[0].advice


def test_a_class_that_is_never_trained_on(tmp_path):
    for part, name in (("train", "yes"), ("train", "no"), ("test", "yes"), ("test", "maybe")):
        trees.touch(tmp_path / part / name, ["1.mp4"])
    report = check("folders", tmp_path)
    assert not report.runnable
    assert "tested exactly once" not in found(report)
    (finding,) = (f for f in report.findings if f.found == "no manifest")
    assert "class = 'maybe': has no training video" in finding.advice


def test_actors_that_are_missing(tmp_path):
    clips = trees.ravdess_clips()
    clips.pop("Video_Speech_Actor_07")
    trees.write_ravdess(tmp_path, clips)
    report = check("ravdess", tmp_path)
    assert found(report)["groups"].found == "23" and "groups" in wrong(report)


def test_a_single_pointer_of_git_lfs_is_wrong(dfew, capsys):
    pointer = b"version https://git-lfs.github.com/spec/v1\n"
    (dfew / "Clip/original/1003.mp4").write_bytes(pointer)
    finding = found(check("dfew", dfew))["pointers of git lfs"]
    assert (finding.found, finding.state) == ("1", "wrong")
    assert "1003.mp4 is a pointer of git lfs, not a video; run `git lfs pull`" in finding.advice
    assert cli.main(["check", "dfew", str(dfew)]) == 1
    frames(dfew, "clip_224x224", "{n}.jpg", counts=[3])
    for frame in (dfew / "Clip/clip_224x224").rglob("*.jpg"):
        frame.write_bytes(pointer)
    assert wrong(check("dfew", dfew, clips="clip_224x224")) == [
        "frames that are pointers of git lfs"
    ]


def test_a_class_without_a_readable_clip(dfew):
    text = (dfew / "EmoLabel_DataSplit/test(single-labeled)/set_2.csv").read_text()
    (clip,) = (line.split(",")[0] for line in text.splitlines() if line.endswith(",6"))
    (dfew / f"Clip/original/{clip}.mp4").write_bytes(b"")
    report = check("dfew", dfew)
    assert wrong(report) == ["Disgust, test"]
    assert "no test video of Disgust can be read in fold 2" in found(report)["Disgust, test"].advice


def test_a_folder_that_is_too_small_for_a_validation_part(tmp_path):
    for name in ("yes", "no"):
        trees.touch(tmp_path / name, (f"{k}.mp4" for k in range(10)))
    report = check("folders", tmp_path)
    assert wrong(report) == [f"fold {k}, val" for k in range(1, 6)]
    assert "data.val_share = 0.1: folds = 10: must be 2..8" in report.findings[-1].advice
    assert "add training videos, or give a validation part" in report.findings[-1].advice
    # a run may cut a larger one, or none
    assert check("folders", tmp_path, val_share=0.25).runnable
    assert check("folders", tmp_path, val_share=0).runnable
    for part, count in (("train", 2), ("val", 1), ("test", 1)):
        for name in ("yes", "no"):
            trees.touch(tmp_path / "D" / part / name, (f"{part}{k}.mp4" for k in range(count)))
    assert check("folders", tmp_path / "D").runnable


def test_a_folder_that_is_too_small_for_folds(tmp_path):
    for name, count in (("yes", 20), ("no", 3)):
        trees.touch(tmp_path / name, (f"{k}.mp4" for k in range(count)))
    report = check("folders", tmp_path)
    assert wrong(report) == [f"fold {k}" for k in range(1, 6)]
    assert "folds = 5: must be 2..3" in report.findings[0].advice
    # what its videos look like is told all the same
    assert found(report)["missing videos"].found == "0"
    with pytest.raises(UserError, match=r"folds = 5: must be 2\.\.3"):
        read("folders", tmp_path)


def test_advice_fits_sets_without_lists(tmp_path):
    clips = trees.ravdess_clips()
    clips["Video_Speech_Actor_01"].pop()
    trees.write_ravdess(tmp_path, clips)
    assert found(check("ravdess", tmp_path))["all folds"].advice == (
        "not the whole set: unpack all of it"
    )
    trees.touch(tmp_path / "Actor_25", (f"01-01-01-01-0{k}-01-25.mp4" for k in (1, 2)))
    assert "move what is not of it" in found(check("ravdess", tmp_path))["all folds"].advice

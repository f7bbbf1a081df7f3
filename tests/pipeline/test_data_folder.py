"""The source of a run on a real data set: where it lies, its folds, the manifests of folds."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest, Video
from rdfer.datasets import DATASETS
from rdfer.pipeline import data_folder, preparation, steps, workflow
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import Data
from rdfer.studies import plan
from tests.datasets import trees

DFEW = Data(source="dfew")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Split files of five folds, two clips a class in each; the clips are files of one byte."""
    root = tmp_path_factory.mktemp("DFEW")
    folds = trees.small_folds()
    trees.touch(root / "Clip/original", (f"{c}.mp4" for part in folds.values() for c in part))
    return trees.write_dfew(root, folds)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The small set counts as whole."""
    monkeypatch.setitem(DATASETS, "dfew", trees.small_dfew(trees.small_folds()))


def test_a_folder_is_said_once(tmp_path, root):
    first = data_folder.settle(tmp_path, DFEW, root=str(root), reading={"clips": "original"})
    assert first.folds == (1, 2, 3, 4, 5) and first.official
    assert data_folder.settle(tmp_path, DFEW, reading={}) == first
    # the same folder again, without its options: they are remembered
    assert data_folder.settle(tmp_path, DFEW, root=str(root), reading={}) == first


def test_another_source_forgets_the_manifests(tmp_path, root):
    data_folder.settle(tmp_path, DFEW, root=str(root), reading={})
    old = data_folder.manifest_path(tmp_path, 1)
    old.parent.mkdir()
    old.write_text("{}")
    data_folder.settle(tmp_path, DFEW, root=str(root), reading={})
    assert old.exists()
    data_folder.settle(tmp_path, DFEW, root=str(root), reading={"clips": "original"})
    assert not old.exists()


@pytest.mark.parametrize(
    ("given", "reading", "told"),
    [
        ("", {}, "data = '': tell where DFEW lies: make reproduce PRESET=.. DATA=/path"),
        ("nowhere", {}, "nowhere': no such folder"),
        (".", {}, "EmoLabel_DataSplit"),
        ("root", {"clip": "original"}, "did you mean 'clips'"),
        ("root", {"grouped": True}, "give a file with the group of each"),
    ],
)
def test_what_cannot_be_read_is_told_and_not_noted(tmp_path, root, given, reading, told):
    run, empty = tmp_path / "run", tmp_path / "empty"
    empty.mkdir()
    where = {"": "", "nowhere": str(tmp_path / "nowhere"), ".": str(empty), "root": str(root)}
    with pytest.raises(UserError, match=told):
        data_folder.settle(run, DFEW, root=where[given], reading=reading)
    assert not run.exists()


def test_what_the_check_notes_is_logged_and_what_is_wrong_is_refused(tmp_path, root, capsys):
    copy = shutil.copytree(root, tmp_path / "a copy")
    data_folder.settle(tmp_path / "run", DFEW, root=str(copy), reading={})
    assert "DFEW: names without leading zeros 70: matched by number here" in capsys.readouterr().err
    (copy / "Clip/original/1003.mp4").unlink()
    with pytest.raises(UserError) as error:
        data_folder.settle(tmp_path / "new", DFEW, root=str(copy), reading={"clips": "original"})
    assert str(error.value) == (
        f"DFEW in {copy}/Clip/original: missing videos 1, known 0: unpack all of them, or "
        f"take another folder, 01003 for one (`rdfer check dfew '{copy}' --clips original` shows "
        "all)"
    )
    assert not (tmp_path / "new").exists()
    reading = {"zero_based": True, "order": ["a", "b"], "seed": 3}
    assert data_folder.DataFolder("dfew", "/x", reading).command == (
        "rdfer check dfew /x --zero-based --order a,b --seed 3"
    )


def test_one_fold_needs_the_lists_of_no_other(project, root, tmp_path, capsys):
    copy = shutil.copytree(root, tmp_path / "copy")
    lost = copy / "EmoLabel_DataSplit/test(single-labeled)/set_3.csv"
    lost.rename(tmp_path / "set_3.csv")
    missing = r"fold 3 unreadable: .*set_3\.csv: no such list, while folds 1, 2, 4, 5 have theirs"
    for fold in (0, 3):
        with pytest.raises(UserError, match=missing):
            assert steps.begin("dfew", fold=fold, data=str(copy)).data_folder
    context = steps.begin("dfew", fold=1, data=str(copy))
    assert not context.data_folder.whole
    assert "DFEW: fold 3 unreadable: " in capsys.readouterr().err
    # it is noted, and not looked at again for another fold that is there
    assert steps.begin("dfew", fold=2).data_folder == context.data_folder
    assert capsys.readouterr().err == ""
    with pytest.raises(UserError, match=missing):
        workflow.note_source("dfew")
    # what was made for the first fold stays when the others are there
    made = data_folder.manifest_path(context.folder, 1)
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    (tmp_path / "set_3.csv").rename(lost)
    assert workflow.note_source("dfew") == (1, 2, 3, 4, 5)
    assert steps.begin("dfew").data_folder.whole and made.exists()


def test_for_one_fold_what_is_wrong_with_its_clips_is_still_refused(project, root, tmp_path):
    copy = shutil.copytree(root, tmp_path / "copy")
    (copy / "EmoLabel_DataSplit/test(single-labeled)/set_3.csv").unlink()
    (copy / "Clip/original/1003.mp4").unlink()
    with pytest.raises(UserError, match="missing videos 1, known 0"):
        assert steps.begin("dfew", fold=1, data=str(copy)).data_folder


def test_a_folder_is_checked_for_the_validation_part_that_the_run_cuts(tmp_path):
    for name in ("yes", "no"):
        trees.touch(tmp_path / "D" / name, (f"{k}.mp4" for k in range(10)))
    place = {"root": str(tmp_path / "D"), "reading": {}}
    with pytest.raises(UserError, match=r"fold 1, val none: data\.val_share = 0\.1"):
        data_folder.settle(tmp_path / "run", Data(source="folders"), **place)
    data = Data(source="folders", val_share=0.25)
    assert data_folder.settle(tmp_path / "run", data, **place).folds == (1, 2, 3, 4, 5)


def test_clips_of_16_frames_and_other_labels_are_not_official(tmp_path):
    folds = trees.small_folds()
    trees.write_dfew(tmp_path / "D", folds)
    clips = tmp_path / "D/Clip/clip_224x224_16f"
    trees.touch(clips, (f"{c:05d}/" for part in folds.values() for c in part))
    source = data_folder.settle(tmp_path / "run", DFEW, root=str(tmp_path / "D"), reading={})
    assert not source.official
    # also when it is read from its note, and the disk is away
    shutil.rmtree(tmp_path / "D")
    assert not data_folder.recorded(tmp_path / "run", DFEW).official
    for reading in ({"clips": "clip_224x224_16f"}, {"zero_based": True}):
        assert not data_folder.DataFolder("dfew", "/x", reading).official
    assert data_folder.DataFolder("dfew", "/x", {"clips": "clip_224x224"}).official


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"preset": "smoke", "fold": 1}, "fold = 1: this preset renders its own videos"),
        ({"preset": "smoke", "data": "/x"}, "data = '/x': this preset renders its own videos"),
        ({"preset": "dfew", "fold": 6}, "fold = 6: DFEW has folds 1 to 5"),
        ({"preset": "dfew", "fold": -1}, "fold = -1: DFEW has folds 1 to 5"),
        ({"preset": "ferv39k", "fold": 2}, "fold = 2: FERV39k has one split, fold 1"),
        ({"preset": "dfew", "fold": "1"}, "fold = '1': must be of type int"),
        ({"preset": "dfew", "data": 1}, "data = 1: must be of type str"),
    ],
)
def test_wrong_parameters_of_a_run_are_refused(project, call, told):
    with pytest.raises(UserError, match=told):
        steps.begin(**call)


def test_a_run_needs_its_fold_and_a_prepared_one(project, root):
    workflow.note_source("dfew", data=str(root))
    with pytest.raises(UserError, match="name one of the folds 1, 2, 3, 4, 5"):
        steps.load(steps.begin("dfew"))
    with pytest.raises(UserError, match=r"fold = 2: not prepared in .*data notebook first"):
        steps.load(steps.begin("dfew", fold=2))


def test_the_folds_of_a_run_are_those_of_its_set(project, root):
    assert workflow.note_source("smoke") == ()
    assert workflow.note_source("dfew", data=str(root)) == (1, 2, 3, 4, 5)
    assert steps.begin("dfew").folds == (1, 2, 3, 4, 5)
    assert steps.begin("dfew", fold=3).folds == (3,)
    assert steps.begin("dfew", fold=3).experiment("train") == "train-fold3"
    assert steps.begin("smoke").experiment("train") == "train"
    with pytest.raises(UserError, match="studies = 'all': they need videos whose truth is known"):
        workflow.reproduce("dfew", studies="all")


def test_every_fold_and_method_is_expected(project, root):
    with pytest.raises(UserError, match="tell where DFEW lies"):
        plan.expected_runs("dfew")
    workflow.note_source("dfew", data=str(root))
    runs = plan.expected_runs("dfew")
    assert len({run.path for run in runs}) == 5 * len(steps.methods(steps.begin("dfew")))
    assert {run.experiment for run in runs} == {f"train-fold{k}" for k in range(1, 6)}
    assert {run.state() for run in runs} == {"missing"}


def test_runs_that_store_the_same_frames_share_a_bank(project):
    base = steps.begin("dfew")
    assert base.bank == base.folder / "bank"
    assert steps.begin("dfew", {"training.choose": "test"}).bank == base.bank
    for changes in ({"data.size": 64}, {"data.source": "mafw"}):
        other = steps.begin("dfew", changes)
        assert other.bank == other.folder / "bank" != base.bank
    smoke = steps.begin("smoke")
    assert steps.begin("smoke", {"training.epochs": 3}).bank == smoke.bank == smoke.folder / "bank"
    for changes in ({"data.size": 64}, {"data.balance": "dfew"}, {"data.test": 140}):
        rendered = steps.begin("smoke", changes)
        assert rendered.bank == rendered.folder / "bank" != smoke.bank


def test_real_sets_have_no_ceiling_of_right_labels(project):
    names = set(steps.methods(steps.begin("dfew")))
    assert "clean" not in names and {"plain", "vote", "ours"} <= names
    assert "clean" in steps.methods(steps.begin("smoke"))


def clips(split, *, group=lambda k: "", n=12):
    return [Video(f"{split}{k:02d}", "", "", "AB"[k % 2], split, group=group(k)) for k in range(n)]


def test_a_validation_part_keeps_groups_together_where_there_are_enough():
    many = Manifest(tuple(clips("train", group=lambda k: f"g{k // 2}")), ("A", "B"), "set")
    parts = {}
    for video in preparation.cut(many, 0.25).videos:
        parts.setdefault(video.group, set()).add(video.split)
    assert all(len(splits) == 1 for splits in parts.values())
    few = Manifest(tuple(clips("train", group=lambda k: f"g{k // 6}")), ("A", "B"), "set")
    cut = preparation.cut(few, 0.25)
    assert sum(video.split == "val" for video in cut.videos) == 3
    assert "share groups" in cut.name
    with pytest.raises(UserError, match=r"data\.val_share = 0\.1: folds = 10: must be 2\.\.6"):
        preparation.cut(Manifest(tuple(clips("train")), ("A", "B"), "set"), 0.1)


def test_rows_are_the_banks_and_behind_them_what_cannot_be_read():
    manifest = Manifest(tuple(clips("train", n=4)), ("A", "B"), "set")
    bank = SimpleNamespace(ids=("train02", "train00", "train03"), counts=np.array([9, 8, 7]))
    ordered = preparation.in_bank_order(manifest, bank)
    assert [(c.id, c.n_frames) for c in ordered.videos] == [
        ("train02", 9), ("train00", 8), ("train03", 7), ("train01", 0)
    ]  # fmt: skip
    bank.ids = ("train02", "other", "train03")
    with pytest.raises(UserError, match="lacks clip 'other'"):
        preparation.in_bank_order(manifest, bank)


def test_the_key_of_a_manifest_is_its_content_and_not_its_place():
    one, moved, other = (
        Manifest((Video("a", path, "", given, "train"), Video("b", path, "", "B", "train"),
                  Video("c", path, "", "A", "train")), ("A", "B"), "set")
        for path, given in (("/x", "A"), ("/y", "A"), ("/x", "B"))
    )  # fmt: skip
    assert preparation.content_key(one) == preparation.content_key(moved)
    assert preparation.content_key(one) != preparation.content_key(other)


def test_another_sets_note_is_refused(tmp_path, root):
    data_folder.settle(tmp_path, DFEW, root=str(root), reading={})
    with pytest.raises(UserError, match="is not about mafw; delete it"):
        data_folder.recorded(tmp_path, Data(source="mafw"))


def test_real_presets_add_no_noise():
    for name in ("dfew", "ferv39k", "mafw", "cremad", "ravdess"):
        settings = get_preset(name).settings
        assert settings.noise.rate == 0 and settings.data.source == name
        assert settings.training.choose == "validation"

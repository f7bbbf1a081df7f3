"""Scores over folds: by hand, with clips that cannot be read, and what reaches real.json."""

from types import SimpleNamespace

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest, Video
from rdfer.pipeline import data_folder
from rdfer.report import scores
from rdfer.settings.schema import Settings, override
from rdfer.studies import fold_results
from rdfer.studies.flops import clip_cost
from rdfer.studies.fold_results import Predictions, comparison, real_rows
from rdfer.studies.real_results import load_real

CLASSES = ("A", "B")
# fold 1: A A B, fold 2: A B B
TRUE = {1: "AAB", 2: "ABB"}
SETTINGS = override(Settings(), {"data.source": "dfew", "noise.rate": 0.0})


def manifest(fold, *, group=""):
    """Two training clips, then the test clips of a fold."""
    train = [Video(f"t{name}", "", "", name, "train", fold, group) for name in CLASSES]
    test = [
        Video(f"{fold}{k}", "", name, name, "test", fold, f"{group}{k % 2}" if group else "")
        for k, name in enumerate(TRUE[fold])
    ]
    return Manifest((*train, *test), CLASSES, f"set, fold {fold}")


class Run:
    """What a run has recorded: one prediction a letter, ``?`` for a clip that cannot be read."""

    def __init__(self, said, settings=SETTINGS):
        self.settings, self.said = settings, said

    def arrays(self):
        rows = [2 + k for k, letter in enumerate(self.said) if letter != "?"]
        lost = [2 + k for k, letter in enumerate(self.said) if letter == "?"]
        found = {
            "test_videos": np.array(rows),
            "test_probs": np.eye(2)[["AB".index(letter) for letter in self.said if letter != "?"]],
        }
        return found | ({"lost_videos": np.array(lost)} if lost else {})

    def metrics(self):
        return {"passes": 7}


def compared(runs, settings=SETTINGS, **options):
    folds = {1: manifest(1, **options), 2: manifest(2, **options)}
    made = {
        name: {k: [Run(said, settings)] for k, said in of_fold.items()}
        for name, of_fold in runs.items()
    }
    return comparison(made, folds, draws=50)


def test_the_mean_over_folds_and_the_pooled_value_differ():
    main = compared({"plain": {1: "ABB", 2: "ABA"}})
    (row,) = main["rows"]
    # fold 1: recalls 1/2 and 1; fold 2: 1 and 1/2; pooled: 2/3 and 2/3
    assert row["uar_by_fold"] == [0.75, 0.75] and row["uar_mean"] == 0.75
    assert row["uar_pooled"] == pytest.approx(2 / 3)
    assert row["war_mean"] == row["war_pooled"] == pytest.approx(2 / 3)
    assert main["per_class"]["plain"] == pytest.approx({"A": 2 / 3, "B": 2 / 3})
    assert main["confusion"]["plain"] == [[2, 1], [1, 2]]
    assert main["classes"] == list(CLASSES) and main["folds"] == [1, 2]


def test_a_clip_that_cannot_be_read_counts_as_wrong():
    (row,) = compared({"plain": {1: "A?B", 2: "ABB"}})["rows"]
    assert row["unreadable"] == 1 and row["n_clips"] == 6
    assert row["war_mean"] == pytest.approx((2 / 3 + 1) / 2)
    assert row["uar_mean"] == pytest.approx((0.75 + 1) / 2)


def test_a_clip_that_was_not_predicted_is_an_error():
    with pytest.raises(UserError, match="fold 2: its test videos were not each predicted once"):
        compared({"plain": {1: "ABB", 2: "AB"}})


def test_methods_are_compared_clip_by_clip():
    main = compared({"plain": {1: "ABB", 2: "ABA"}, "ours": {1: "AAB", 2: "ABB"}})
    found = {(d["a"], d["b"], d["metric"]): d for d in main["differences"]}
    assert found["ours", "plain", "uar"]["mean"] == pytest.approx(0.25)
    assert found["ours", "plain", "war"]["mean"] == pytest.approx(1 / 3)
    assert len(found) == 2


def test_groups_are_drawn_as_one_where_all_are_known():
    assert compared({"plain": {1: "ABB", 2: "ABA"}})["intervals"] == "bootstrap over clips"
    main = compared({"plain": {1: "ABB", 2: "ABA"}}, group="film")
    assert main["intervals"] == "bootstrap over groups of clips"


def test_an_interval_holds_the_mean_over_folds():
    rng = np.random.default_rng(0)
    true = np.tile([0, 1], 40)
    clips = Predictions(
        fold=np.repeat([0, 1], 40),
        true=true,
        said=np.where(rng.random((2, 80)) < 0.7, true, 1 - true),
        classes=2,
        groups=np.full(80, ""),
    )
    low, high = clips.ends(lambda rows: clips.mean("uar", rows), 100)
    assert low < clips.mean("uar") < high
    assert clips.fold_scores("uar").shape == (2, 2)


def test_every_table_says_where_the_epoch_was_chosen_on_the_test_part():
    settings = override(SETTINGS, {"training.choose": "test"})
    main = compared({"plain": {1: "ABB", 2: "ABA"}, "ours": {1: "AAB", 2: "ABB"}}, settings)
    results = {"main": main}
    for table in (
        scores.main_table,
        scores.brief_table,
        scores.difference_table,
        scores.per_class_table,
        scores.fold_table,
    ):
        assert "epoch chosen on the test part" in table(results), table.__name__


def context(settings=SETTINGS, **reading):
    return SimpleNamespace(
        data_folder=data_folder.DataFolder("dfew", "/x", reading),
        settings=settings,
        preset=SimpleNamespace(name="dfew"),
        overrides={"training.batch": 32},
    )


def test_only_the_protocol_of_the_set_reaches_the_comparison(tmp_path):
    main = compared({"plain": {1: "ABB", 2: "ABA"}, "ours": {1: "AAB", 2: "ABB"}})
    meta = {"seeds": [0], "date": "2000-01-01"}
    rows = real_rows(context(), main, meta)
    path = tmp_path / "real.json"
    import json

    path.write_text(json.dumps({"rows": rows}))
    plain, ours = load_real(path)
    assert (plain.method, plain.data, plain.folds, plain.epoch) == (
        *("Plain", "DFEW", (1, 2)),
        "validation",
    )
    assert ours.uar == pytest.approx(1) and not ours.complete
    # sixteen frames of the synopsis and four detail clips of four, as large as they are stored
    cost = clip_cost(SETTINGS, classes=2)
    assert (plain.seen, plain.gflops) == ("32 × 64 px", cost.gflops) == (ours.seen, ours.gflops)
    assert plain.run == "dfew, training.batch = 32"
    assert real_rows(context(override(SETTINGS, {"noise.rate": 0.2})), main, meta) == []
    for reading in (
        {"grouped": True},
        {"lists": "/y"},
        {"zero_based": True},
        {"clips": "clip_224x224_16f"},
    ):
        assert real_rows(context(**reading), main, meta) == []


def test_a_fold_without_a_class_has_no_uar():
    with pytest.raises(UserError, match="a class has no video in 1 folds"):
        fold_results.score(np.array([[[[1, 0, 0], [0, 0, 0]]]]), "uar")


def test_an_epoch_chosen_on_the_test_part_is_said_in_its_row():
    settings = override(SETTINGS, {"training.choose": "test"})
    main = compared({"plain": {1: "ABB", 2: "ABA"}}, settings)
    (row,) = real_rows(context(settings), main, {"seeds": [0], "date": "2000-01-01"})
    assert (row["method"], row["epoch"]) == ("Plain", "test")

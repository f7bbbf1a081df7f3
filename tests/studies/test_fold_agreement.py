"""Agreement of training clips over folds: each clip once, by class, beside votes."""

import numpy as np
import pytest

from rdfer.data.manifest import Manifest, Video
from rdfer.report import detection, tables
from rdfer.studies.fold_agreement import clip_scores, summary

CLASSES = ("A", "B")
CERTAIN, SPLIT = [[0.9, 0.1]] * 2, [[0.8, 0.2], [0.3, 0.7]]


class Run:
    """A run that has recorded one sweep of two clips of each training video."""

    def __init__(self, clips, given):
        self.clips, self.given = clips, given

    def arrays(self):
        return {
            "sweep_clips": np.array([self.clips], np.float32),
            "train_given": np.array(self.given),
            "train_videos": np.arange(len(self.given)),
        }


def manifest(*names, votes=None):
    rows = [
        Video(n, "", "", "AB"[k % 2], "train", votes=None if votes is None else votes[n])
        for k, n in enumerate(names)
    ]
    return Manifest(tuple(rows), CLASSES)


def test_a_clip_of_several_folds_counts_once_with_the_mean_of_what_they_say():
    runs = {1: [Run([CERTAIN, SPLIT], [0, 1])], 2: [Run([SPLIT, CERTAIN], [0, 1])]}
    folds = {1: manifest("x", "y"), 2: manifest("x", "z")}
    table = clip_scores(runs, folds)
    assert table.index.tolist() == ["x", "y", "z"]
    assert table["agreement"].tolist() == [0.75, 0.5, 1.0]
    assert table["given"].tolist() == ["A", "B", "B"]
    # z is certainly A by its clips, against its label B
    assert table.loc["z", "contrary"] == pytest.approx(0.8)
    found = summary(table, CLASSES)
    assert found["classes"] == [
        {"class": "A", "clips": 1, "agreement": 0.75, "unanimous": 0.0},
        {"class": "B", "clips": 2, "agreement": 0.75, "unanimous": 0.5},
    ]
    assert sum(found["histogram"]["clips"]) == 3
    assert found["quality"] == []


def test_votes_are_the_reference_where_a_clip_has_some():
    votes = {"x": (9, 1), "y": (5, 5), "z": (6, 4), "w": None, "u": (0, 0)}
    clips = [CERTAIN, SPLIT, [[0.6, 0.4], [0.45, 0.55]], CERTAIN, CERTAIN]
    runs = {1: [Run(clips, [0, 1, 0, 1, 0])]}
    folds = {1: manifest("x", "y", "z", "w", "u", votes=votes)}
    found = summary(clip_scores(runs, folds), CLASSES, draws=20)
    rows = {row["score"]: row for row in found["quality"]}
    assert rows["scatter"]["n"] == 3 and rows["scatter"]["low_consensus"] == 2
    assert rows["scatter"]["auroc"] == 1 and rows["scatter"]["spearman"] > 0.8
    table = detection.quality_table({"labels": found})
    assert "Disagreement of the vote (no label)" in table
    assert detection.quality_table({"labels": None}) == "*not run here*\n"


def test_counts_by_fold_and_part_name_what_cannot_be_read():
    clips = [
        Video("a", "", "", "A", "train", n_frames=9),
        Video("b", "", "", "B", "train", n_frames=9),
        Video("c", "", "A", "A", "test", n_frames=0),
    ]
    table = tables.count_table({3: Manifest(tuple(clips), CLASSES)})
    assert table.loc[(3, "train")].to_dict() == {"videos": 2, "A": 1, "B": 1, "unreadable": 0}
    assert table.loc[(3, "test")].to_dict() == {"videos": 1, "A": 1, "B": 0, "unreadable": 1}
    assert table.loc[(3, "val"), "videos"] == 0

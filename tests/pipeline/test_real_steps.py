"""DFEW from its folder to the table: its own layout with rendered faces, two folds of five."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rdfer.base.files import read_json
from rdfer.data.manifest import CLASSES
from rdfer.datasets import DATASETS
from rdfer.faces.export import export
from rdfer.faces.scenario import make_split
from rdfer.pipeline import preparation, steps
from rdfer.report import book, detection, tables
from rdfer.report.included import draw_all
from rdfer.report.scores import fold_table
from rdfer.settings.variants import METHODS
from rdfer.studies import fold_agreement, fold_results
from tests.datasets import trees

TINY = {
    "data.source": "dfew",
    "data.frames": 16,
    "data.size": 32,
    "data.val_share": 0.34,
    "network.hidden": 8,
    "network.heads": 2,
    "training.epochs": 2,
    "training.warmup": 1,
    "agreement.clips": 3,
    "agreement.start": 1,
    "agreement.every": 1,
}
PRESET = "ravdess"  # any real one with a frozen encoder; its set is replaced
LOST, TWIN = 1, 36


def write_votes(root, folds):
    """Ten votes a clip, six to ten of them for its label."""
    head = [*(f"{c}{name.lower()}" for c, name in enumerate(CLASSES, start=1)), "order", "label"]
    rows = [head]
    for part in folds.values():
        for video, label in part.items():
            votes = [0] * 7
            votes[label - 1] = 6 + video % 5
            votes[label % 7] = 4 - video % 5
            rows.append([*votes, video, label])
    trees.write_workbook(root / "Annotation/annotation.xlsx", rows)


def read_folds(root):
    """Label by clip of each test part."""
    folds = {}
    for k in range(1, 6):
        file = root / f"EmoLabel_DataSplit/test(single-labeled)/set_{k}.csv"
        rows = (line.split(",") for line in file.read_text().splitlines()[1:])
        folds[k] = {int(video): int(label) for video, label in rows}
    return folds


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Five folds with a clip a class in each; the first is an empty file, and has a twin."""
    root = tmp_path_factory.mktemp("exported") / "DFEW"
    samples = make_split("development", "test", 35, frames=16)
    export(samples, root, layout="dfew", size=32)
    for file in (root / "EmoLabel_DataSplit").rglob("set_*.csv"):
        rows = list(csv.reader(file.read_text().splitlines()))
        rows += [[str(TWIN), label] for video, label in rows if video == str(LOST)]
        file.write_text("".join(f"{video},{label}\n" for video, label in rows))
    (root / f"Clip/original/{LOST}.mp4").rename(root / f"Clip/original/{TWIN}.mp4")
    (root / f"Clip/original/{LOST}.mp4").write_bytes(b"")
    write_votes(root, read_folds(root))
    return root


@pytest.fixture(autouse=True)
def small(root, monkeypatch):
    """The small set counts as whole."""
    monkeypatch.setitem(DATASETS, "dfew", trees.small_dfew(read_folds(root)))


def test_from_the_folder_to_the_table(project, root, monkeypatch):
    whole = steps.begin(PRESET, TINY, data=str(root))
    steps.prepare(whole, workers=0)
    manifests = fold_results.manifests(whole)
    counts = tables.count_table(manifests)
    assert counts["videos"].groupby("fold").sum().tolist() == [36] * 5
    (lost,) = {fold for fold, part in counts.index if counts.loc[(fold, part), "unreadable"]
               and part == "test"}  # fmt: skip
    folds = sorted({lost, lost % 5 + 1})

    variants = [METHODS["plain"], METHODS["ours"]]
    for fold in folds:
        context = steps.begin(PRESET, TINY, fold=fold)
        table = steps.train_runs(context, "train", variants, seed=0)
        assert table["how"].tolist() == ["trained", "trained"]
        run = steps.gather(context, "train", variants, [0])["plain"][0]
        arrays, metrics = run.arrays(), run.metrics()
        # nothing that rests on the truth is there
        assert not {"train_hard", "train_ambiguous"} & set(arrays)
        assert (arrays["train_true"] == -1).all() and metrics["history"]["memorised"] == []
        assert not {"key", "uar_easy", "uar_hard"} & set(metrics)
        assert metrics.get("unreadable", 0) == (fold == lost)
        again = steps.train_runs(context, "train", variants, seed=0)
        assert again["how"].tolist() == ["skipped: fresh"] * 2

    monkeypatch.setenv("RDFER_RUNS", str(project / "runs"))
    # of five folds two were run here
    monkeypatch.setattr(steps.Context, "folds", property(
        lambda self: (self.fold,) if self.fold else tuple(folds)))  # fmt: skip
    monkeypatch.setattr(steps, "methods", lambda context: {v.name: v for v in variants})
    main = fold_results.evaluate(whole)
    plain = main["rows"][0]
    assert plain["n_clips"] == 15 and plain["unreadable"] == 1
    assert np.sum(main["confusion"]["plain"]) == 14
    assert plain["war_mean"] == pytest.approx(np.mean(plain["war_by_fold"]))
    assert "Fold" in fold_table({"main": main})
    real = read_json(whole.folder / "results" / "real.json")["rows"]
    assert [(r["method"], r["data"], r["folds"]) for r in real] == [
        ("Plain", "DFEW", folds),
        ("RDFER (ours)", "DFEW", folds),
    ]

    scores, labels = fold_agreement.evaluate(whole)
    learnt = {c.id for k in folds for c in manifests[k].videos if c.split == "train" and c.n_frames}
    assert set(scores.index) == learnt and sum(labels["histogram"]["clips"]) == len(learnt)
    assert sum(row["clips"] for row in labels["classes"]) == len(learnt)
    assert {row["n"] for row in labels["quality"]} == {len(learnt)}
    assert all(0 < row["low_consensus"] < len(learnt) for row in labels["quality"])
    table = detection.quality_table({"labels": labels})
    assert "Spearman" in table and "Gap against the given label" in table
    drawn = draw_all(whole.folder / "results", whole.folder / "results" / "figures")
    assert set(drawn) == {"main_comparison", "per_class", "confusion"}
    assert str(root) not in json.dumps(read_json(whole.folder / "results" / "meta.json"))

    # one fold stands beside the whole, which stays as it was
    alone = fold_results.evaluate(steps.begin(PRESET, TINY, fold=lost))
    assert alone["folds"] == [lost]
    assert read_json(whole.folder / "results" / f"fold{lost}" / "main.json") == alone
    assert read_json(whole.folder / "results" / "main.json") == main

    stage_book(project, whole, folds)


def stage_book(project, run, folds):
    """The book of the run: its folds, and its scores on the page of comparisons."""
    shutil.copytree(run.folder / "results", project / "runs" / PRESET / "results")
    stage = book.stage(Path(__file__).parents[2], preset=PRESET, out=project / "stage")
    tables = stage / "generated" / "tables"
    header, _, plain, *_ = (tables / "folds.md").read_text().splitlines()
    assert all(f"Fold {k}" in header for k in folds) and plain.startswith("| Plain |")
    assert "on a real set" in (stage / "book" / "results" / "main.md").read_text()
    assert f"fold {', '.join(map(str, folds))} alone" in (tables / "peers.md").read_text()


def test_a_fold_is_prepared_when_its_folder_is_named(project, root, monkeypatch):
    made = []
    prepare = preparation.prepare
    monkeypatch.setattr(
        preparation,
        "prepare",
        lambda context: (made.append(context.fold), prepare(context, workers=0)),
    )
    context = steps.begin(PRESET, TINY, fold=2, data=str(root))
    steps.ensure(context)
    steps.ensure(context)
    assert made == [2]
    manifest, inputs, key = steps.load(steps.begin(PRESET, TINY, fold=2))
    assert len(inputs.lengths) == 35 and len(manifest) == 36
    other = steps.begin(PRESET, TINY, fold=3, data=str(root))
    steps.ensure(other)
    assert made == [2, 3] and steps.load(other)[2] != key

"""Tables of runs on real data sets: what a fold holds, scores by fold, label quality."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rdfer.data.manifest import Manifest
from rdfer.report.readout import Results, percent, rows_of
from rdfer.report.tables import markdown

SPLITS = ("train", "val", "test")


def count_table(of_fold: Mapping[int, Manifest]) -> pd.DataFrame:
    """Clips by fold and part (rows) and class (columns), and how many of them cannot be read."""
    rows = {}
    for fold, manifest in of_fold.items():
        for split in SPLITS:
            part = [video for video in manifest.videos if video.split == split]
            counts = {name: sum(c.given == name for c in part) for name in manifest.classes}
            lost = sum(video.n_frames == 0 for video in part)
            rows[fold, split] = {"clips": len(part), **counts, "unreadable": lost}
    return pd.DataFrame(rows).T.rename_axis(["fold", "part"])


def fold_table(results: Results) -> str:
    """One row a method: UAR / WAR of each fold, their mean, and the value of all clips pooled."""
    folds = (results.get("main") or {}).get("folds") or []
    header = ["UAR / WAR, %", *(f"Fold {k}" for k in folds), "Mean over folds", "Pooled"]
    body = [
        [
            row["name"],
            *map(_pair, row["uar_by_fold"], row["war_by_fold"]),
            _pair(row["uar_mean"], row["war_mean"]),
            _pair(row["uar_pooled"], row["war_pooled"]),
        ]
        for row in rows_of(results, "main")
        if "uar_by_fold" in row
    ]
    return markdown(header, body)


def _pair(uar: float, war: float) -> str:
    return f"{percent(uar)} / {percent(war)}"


def quality_table(results: Results) -> str:
    """Scores of clips beside the agreement of annotators."""
    header = ["Score", "Spearman with annotators", "AUROC, low consensus", "Clips", "Low consensus"]
    body = [
        [
            row["name"],
            _interval(row, "spearman"),
            _interval(row, "auroc"),
            str(row["n"]),
            str(row["low_consensus"]),
        ]
        for row in rows_of(results, "labels", "quality")
    ]
    return markdown(header, body)


def _interval(row: Mapping[str, Any], name: str) -> str:
    values = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
    if values[0] is None:
        return "–"
    mean, low, high = (None if v is None else f"{v:.2f}" for v in values)
    return f"{mean}" if low is None or high is None else f"{mean} [{low}, {high}]"

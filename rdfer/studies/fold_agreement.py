"""What the clips of training videos say where the truth is not known: agreement and label quality.

A clip of a real set is a training clip in most folds. What its sweeps say is averaged over the
folds and seeds in which it is, so that every clip counts once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rdfer.data.manifest import Manifest
from rdfer.method import agreement
from rdfer.metrics.label_quality import quality
from rdfer.pipeline import steps
from rdfer.pipeline.context import Context
from rdfer.pipeline.runs import plain
from rdfer.settings.variants import METHODS
from rdfer.studies.fold_results import OfFold, gather, manifests
from rdfer.studies.suspicion import SCORE_NAMES

#: Scores shown, as :func:`rdfer.method.agreement.noise_scores` names them: without the given label,
#: and with it.
FREE, KNOWING = ("scatter", "jsd", "margin"), ("vote", "contrary", "loss")
NAMES = {**SCORE_NAMES, "contrary": "Gap against the given label", "vote": "Wrong vote"}
BINS = 10


def clip_scores(runs: OfFold, of_fold: Mapping[int, Manifest]) -> pd.DataFrame:
    """One row a training clip: id, given class, group, votes, and the mean of each score.

    ``agreement`` is the share A of the majority class among its clips in the last sweep.
    """
    parts = []
    for fold, group in runs.items():
        manifest = of_fold[fold]
        for arrays in (run.arrays() for run in group):
            last = arrays["sweep_clips"][-1].astype(np.float64)
            scores = agreement.noise_scores(last, arrays["train_given"])
            ids = [manifest.videos[v].id for v in arrays["train_videos"]]
            table = {"id": ids, "agreement": 1 - scores["scatter"]}
            parts.append(pd.DataFrame({**table, **{k: scores[k] for k in (*FREE, *KNOWING)}}))
    means = pd.concat(parts).groupby("id", sort=True).mean()
    videos = {c.id: c for m in of_fold.values() for c in m.videos}
    for place, told in enumerate(("given", "group", "votes")):
        values = [getattr(videos[name], told) for name in means.index]
        means.insert(place, told, pd.Series(values, means.index, object))
    return means


def summary(table: pd.DataFrame, classes: Sequence[str], *, draws: int = 200) -> dict[str, Any]:
    """Agreement by class and as a histogram; label quality where there are votes.

    Args:
        table: as :func:`clip_scores` gives it.
        classes: in their order.
        draws: resamples of the bootstrap.
    """
    agreed = dict(iter(table.groupby("given")["agreement"]))
    rows = [
        {
            "class": name,
            "clips": len(agreed[name]),
            "agreement": agreed[name].mean(),
            "unanimous": (agreed[name] >= 1).mean(),
        }
        for name in classes
        if name in agreed
    ]
    counts, edges = np.histogram(table["agreement"], np.linspace(0, 1, BINS + 1))
    voted = table[[votes is not None and sum(votes) > 0 for votes in table["votes"]]]
    found: list[dict[str, Any]] = []
    if len(voted):
        groups = voted["group"].to_numpy(str)
        found = quality(
            {name: voted[name].to_numpy() for name in (*FREE, *KNOWING)},
            np.array(voted["votes"].tolist(), np.int64),
            generator=np.random.default_rng(0),
            groups=groups if (groups != "").all() else None,
            draws=draws,
        )
        found = [{**row, "name": NAMES[row["score"]]} for row in found]
    histogram = {"edges": edges, "clips": counts}
    return plain({"classes": rows, "histogram": histogram, "quality": found})


def evaluate(context: Context) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Scores of every training clip under plain training, and their summary.

    Writes ``labels`` of the results.

    Raises:
        UserError: a run is missing or stale.
    """
    runs, of_fold = gather(context, "train", [METHODS["plain"]])["plain"], manifests(context)
    table = clip_scores(runs, of_fold)
    found = summary(table, next(iter(of_fold.values())).classes)
    steps.write_result(context, "labels", found)
    return table, found

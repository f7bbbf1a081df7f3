"""From runs to results where the videos are a real data set: folds in place of seeds.

A method's score is the mean over folds (and seeds), as the literature reports it, with the value of
all folds' clips pooled beside it. Every test clip is in it once; one that could not be read is
wrong. Intervals are of the bootstrap over test clips, or over their groups where those are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest
from rdfer.metrics.bootstrap import bootstrap_ends
from rdfer.pipeline import steps
from rdfer.pipeline.context import Context, choice_note
from rdfer.pipeline.runs import Run, plain
from rdfer.settings.variants import Variant
from rdfer.studies import results
from rdfer.studies.real_rows import real_rows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Method to fold to runs, one a seed.
FoldRuns = Mapping[str, Mapping[int, Sequence[Run]]]
PAIRS = (
    *(("ours", "plain"), ("ours", "plain-matched"), ("ours", "elr"), ("ours", "elr-matched")),
    *(("vote", "plain"), ("ours", "vote")),
)


@dataclass(frozen=True)
class Predictions:
    """The test clips of all folds, and what one method says of them.

    Attributes:
        fold: int64 [V], place of the clip's fold in 0 .. F - 1.
        true: int64 [V], official classes.
        said: int64 [S, V], predictions of each seed; C stands for a clip that cannot be read.
        classes: C.
        groups: [V], "" where unknown.
    """

    fold: Ints
    true: Ints
    said: Ints
    classes: int
    groups: NDArray[Any]

    def counts(self, rows: Ints | None = None) -> Ints:
        """Clips of a fold and class (row) predicted as each class or not, int64 [S, F, C, C+1]."""
        rows = np.arange(len(self.true)) if rows is None else rows
        folds, c = int(self.fold.max()) + 1, self.classes
        place = (self.fold[rows] * c + self.true[rows]) * (c + 1)
        size = folds * c * (c + 1)
        tables = [np.bincount(place + said[rows], minlength=size) for said in self.said]
        return np.stack(tables).reshape(len(tables), folds, c, c + 1)

    def fold_scores(self, name: str, rows: Ints | None = None) -> Floats:
        """UAR or WAR of every seed and fold, float64 [S, F]."""
        return score(self.counts(rows), name)

    def mean(self, name: str, rows: Ints | None = None) -> float:
        """Mean over folds and seeds."""
        return float(self.fold_scores(name, rows).mean())

    def pooled(self, name: str) -> float:
        """The score of all folds' clips at once, mean over seeds."""
        return float(score(self.counts().sum(1, keepdims=True), name).mean())


def score(counts: Ints, name: str) -> Floats:
    """UAR or WAR of tables ``[..., C, C + 1]``, float64 ``[...]``.

    Raises:
        UserError: a class has no clip in one of them, so it has no recall.
    """
    right, clips = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1)
    if (clips.sum(-1) == 0).any():
        raise UserError("fold scores: a fold has no clip")
    if name == "war":
        found: Floats = right.sum(-1) / clips.sum(-1)
        return found
    if (clips == 0).any():
        raise UserError(f"fold scores: a class has no clip in {int((clips == 0).sum())} folds")
    return np.asarray((right / clips).mean(-1), np.float64)


def gather(
    context: Context, experiment: str, variants: Sequence[Variant]
) -> dict[str, dict[int, list[Run]]]:
    """The runs of every fold that is meant; all must be fresh.

    Raises:
        UserError: a run is missing or stale.
    """
    found: dict[str, dict[int, list[Run]]] = {variant.name: {} for variant in variants}
    for fold in context.folds:
        runs = steps.gather(context.of_fold(fold), experiment, variants, context.preset.seeds)
        for name, group in runs.items():
            found[name][fold] = group
    return found


def manifests(context: Context) -> dict[int, Manifest]:
    """The manifest of every fold that is meant."""
    return {k: Manifest.load(context.of_fold(k).manifest_file) for k in context.folds}


def tested(runs: Mapping[int, Sequence[Run]], of_fold: Mapping[int, Manifest]) -> Predictions:
    """The test clips of all folds under one method.

    Raises:
        UserError: a clip is tested twice in a fold, or one that should be tested is not.
    """
    folds, true, said, groups = [], [], [], []
    for place, (fold, group) in enumerate(runs.items()):
        manifest = of_fold[fold]
        stores = [run.arrays() for run in group]
        first = stores[0]
        lost = first.get("lost_videos", np.zeros(0, np.int64))
        videos = np.concatenate([first["test_videos"], lost])
        wanted = [k for k, video in enumerate(manifest.videos) if video.split == "test"]
        if sorted(videos.tolist()) != wanted:
            raise UserError(f"fold {fold}: its test clips were not each predicted once")
        folds.append(np.full(len(videos), place))
        true.append(manifest.labels()[videos])
        nothing = np.full(len(lost), len(manifest.classes))
        said.append(np.stack([np.append(a["test_probs"].argmax(1), nothing) for a in stores]))
        groups.append([manifest.videos[v].group for v in videos])
    classes = len(next(iter(of_fold.values())).classes)
    return Predictions(
        fold=np.concatenate(folds),
        true=np.concatenate(true),
        said=np.concatenate(said, axis=1).astype(np.int64),
        classes=classes,
        groups=np.concatenate(groups),
    )


def comparison(
    runs: FoldRuns,
    of_fold: Mapping[int, Manifest],
    titles: Mapping[str, str],
    *,
    draws: int = 500,
) -> dict[str, Any]:
    """Rows of the main table, paired differences, recall per class, summed confusion.

    Of the form of :func:`rdfer.studies.results.main_comparison`, so that the same tables and
    figures show it; besides, scores by fold and pooled.
    """
    seen = {name: tested(group, of_fold) for name, group in runs.items()}
    first = next(iter(seen.values()))
    classes = next(iter(of_fold.values())).classes
    over = "clips" if _groups(first) is None else "groups of clips"
    any_run = next(iter(next(iter(runs.values())).values()))[0]
    note = choice_note(any_run.settings)
    rows = [
        _row(name, titles[name] + note, seen[name], group, draws) for name, group in runs.items()
    ]
    differences = [
        {"a": a, "b": b, "metric": metric, "n_seeds": len(first.said), **_difference(
            seen[a], seen[b], metric, draws
        )}
        for a, b in PAIRS
        if a in seen and b in seen
        for metric in ("uar", "war")
    ]  # fmt: skip
    tables = {name: t.counts().sum(1) for name, t in seen.items()}  # [S, C, C + 1]
    recalls = {
        name: (np.diagonal(t, axis1=1, axis2=2) / t.sum(-1)).mean(0) for name, t in tables.items()
    }
    found = {
        "rows": rows,
        "differences": differences,
        "classes": classes,
        "folds": list(of_fold),
        "intervals": f"bootstrap over {over}",
        "epoch": any_run.settings.training.choose,
        "per_class": {n: dict(zip(classes, r, strict=True)) for n, r in recalls.items()},
        "confusion": {name: t.sum(0)[:, :-1] for name, t in tables.items()},
    }
    return dict(plain(found))


def _groups(clips: Predictions) -> NDArray[Any] | None:
    return clips.groups if (clips.groups != "").all() else None


def _row(
    method: str, title: str, clips: Predictions, runs: Mapping[int, Sequence[Run]], draws: int
) -> dict[str, Any]:
    every = [run for group in runs.values() for run in group]
    row: dict[str, Any] = {"method": method, "name": title, "n_seeds": len(clips.said)}
    for name in ("uar", "war"):
        by_fold = clips.fold_scores(name).mean(0)
        low, high = _ends(clips, partial(clips.mean, name), draws)
        row |= {
            f"{name}_mean": clips.mean(name),
            f"{name}_low": low,
            f"{name}_high": high,
            f"{name}_pooled": clips.pooled(name),
            f"{name}_by_fold": by_fold,
        }
    return row | {
        "n_clips": len(clips.true),
        "unreadable": int((clips.said[0] == clips.classes).sum()),
        "epochs": every[0].settings.training.epochs,
        "forward_passes": float(np.mean([run.metrics()["passes"] for run in every])),
    }


def _difference(a: Predictions, b: Predictions, name: str, draws: int) -> dict[str, Any]:
    low, high = _ends(a, lambda rows: a.mean(name, rows) - b.mean(name, rows), draws)
    return {"mean": a.mean(name) - b.mean(name), "low": low, "high": high}


def _ends(clips: Predictions, statistic: Any, draws: int) -> tuple[float | None, float | None]:
    """Ends of the interval; none where resamples of so few clips lack a class too often."""
    return bootstrap_ends(
        statistic,
        size=len(clips.true),
        generator=np.random.default_rng(0),
        groups=_groups(clips),
        draws=draws,
    )


def evaluate(context: Context) -> dict[str, Any]:
    """The main comparison of a real set; writes ``main``, ``meta`` and ``real`` of the results.

    Those of one fold are written beside those of all folds, which stay.

    Raises:
        UserError: a run of one of the folds is missing or stale.
    """
    variants = list(steps.methods(context).values())
    runs, of_fold = gather(context, "train", variants), manifests(context)
    main = comparison(runs, of_fold, {v.name: v.title for v in variants})
    every = {name: [c for g in group.values() for c in g] for name, group in runs.items()}
    meta = results.meta(context, every) | _about(context, of_fold)
    steps.write_result(context, "main", main)
    steps.write_result(context, "meta", meta)
    steps.write_result(context, "real", {"rows": real_rows(context, main, meta)})
    return main


def _about(context: Context, of_fold: Mapping[int, Manifest]) -> dict[str, Any]:
    """What a run on a real set is, where it differs from one on rendered videos."""
    noise = context.settings.noise
    manifest = next(iter(of_fold.values()))
    added = {"kind": f"{noise.kind}, added to the labels' own", "rate": noise.rate}
    return {
        "data": context.data_folder.dataset.title,
        "pool": f"{context.data_folder.dataset.title}, {context.data_folder.dataset.protocol}",
        "noise": added if noise.rate else {"kind": "none added", "rate": 0.0},
        "folds": list(of_fold),
        "epoch": context.settings.training.choose,
        **{s: sum(c.split == s for c in manifest.videos) for s in ("train", "val", "test")},
    }

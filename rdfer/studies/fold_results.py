"""From runs to results where the videos are a real data set: folds as well as seeds.

A method's score is the mean over folds (and seeds), as the literature reports it, with the value of
all folds' test videos pooled beside it. Every test video is in it once; one that could not be read
is wrong. Intervals are of the bootstrap over test videos, or over their groups where those are
known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest
from rdfer.metrics.bootstrap import bootstrap_ends
from rdfer.pipeline import steps
from rdfer.pipeline.context import Context, choice_note
from rdfer.pipeline.runs import Run, plain
from rdfer.settings.schema import settings_hash
from rdfer.settings.variants import METHODS, Variant, variant_settings
from rdfer.studies import results
from rdfer.studies.flops import clip_cost
from rdfer.studies.real_results import FOLDS, OWN, RealResult

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
#: Fold -> runs of one method, one a seed.
OfFold: TypeAlias = Mapping[int, Sequence[Run]]


@dataclass(frozen=True)
class Predictions:
    """The test videos of all folds, and what one method says of them.

    Attributes:
        fold: int64 [V], place of the video's fold in 0 .. F - 1.
        true: int64 [V], official classes.
        said: int64 [S, V], predictions of each seed; C stands for a video that cannot be read.
        classes: C.
        groups: [V], "" where unknown.
    """

    fold: Ints
    true: Ints
    said: Ints
    classes: int
    groups: NDArray[Any]

    def counts(self, rows: Ints | None = None) -> Ints:
        """Videos of a fold and class (row) predicted as each class or not, int64 [S, F, C, C+1]."""
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

    @property
    def drawn(self) -> NDArray[Any] | None:
        """What the bootstrap draws as one; None: each video is its own."""
        return self.groups if (self.groups != "").all() else None

    def ends(
        self, statistic: Callable[[Ints], float], draws: int
    ) -> tuple[float | None, float | None]:
        """Ends of an interval (:func:`rdfer.metrics.bootstrap.bootstrap_ends`)."""
        return bootstrap_ends(
            statistic,
            size=len(self.true),
            generator=np.random.default_rng(0),
            groups=self.drawn,
            draws=draws,
        )


def score(counts: Ints, name: str) -> Floats:
    """UAR or WAR of tables ``[..., C, C + 1]``, float64 ``[...]``.

    Raises:
        UserError: a class has no video in one of them, so it has no recall.
    """
    right, videos = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1)
    if (videos.sum(-1) == 0).any():
        raise UserError("fold scores: a fold has no video")
    if name == "war":
        found: Floats = right.sum(-1) / videos.sum(-1)
        return found
    if (videos == 0).any():
        raise UserError(f"fold scores: a class has no video in {int((videos == 0).sum())} folds")
    return np.asarray((right / videos).mean(-1), np.float64)


def gather(
    context: Context, experiment: str, variants: Sequence[Variant]
) -> dict[str, dict[int, list[Run]]]:
    """The runs of every fold that is meant, by variant; all must be fresh.

    Raises:
        UserError: a run is missing or stale.
    """
    of_fold = {
        fold: steps.gather(context.of_fold(fold), experiment, variants, context.preset.seeds)
        for fold in context.folds
    }
    return {v.name: {fold: runs[v.name] for fold, runs in of_fold.items()} for v in variants}


def manifests(context: Context) -> dict[int, Manifest]:
    """The manifest of every fold that is meant."""
    return {k: Manifest.load(context.of_fold(k).manifest_file) for k in context.folds}


def tested(runs: OfFold, of_fold: Mapping[int, Manifest]) -> Predictions:
    """The test videos of all folds under one method.

    Raises:
        UserError: a video is tested twice in a fold, or one that should be tested is not.
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
            raise UserError(f"fold {fold}: its test videos were not each predicted once")
        folds.append(np.full(len(videos), place))
        true.append(manifest.labels()[videos])
        nothing = np.full(len(lost), len(manifest.classes))
        said.append(np.stack([np.append(a["test_probs"].argmax(1), nothing) for a in stores]))
        groups.append([manifest.videos[v].group for v in videos])
    return Predictions(
        fold=np.concatenate(folds),
        true=np.concatenate(true),
        said=np.concatenate(said, axis=1).astype(np.int64),
        classes=len(next(iter(of_fold.values())).classes),
        groups=np.concatenate(groups),
    )


def comparison(
    runs: Mapping[str, OfFold], of_fold: Mapping[int, Manifest], *, draws: int = 500
) -> dict[str, Any]:
    """Rows of the main table, paired differences, recall per class, summed confusion.

    Of the form of :func:`rdfer.studies.results.main_comparison`, so that the same tables and
    figures show it; besides, scores by fold and pooled.
    """
    seen = {name: tested(group, of_fold) for name, group in runs.items()}
    tables = {name: said.counts().sum(1) for name, said in seen.items()}  # [S, C, C + 1]
    first = next(iter(seen.values()))
    classes = next(iter(of_fold.values())).classes
    settings = _every(next(iter(runs.values())))[0].settings

    def row(method: str) -> dict[str, Any]:
        said, every = seen[method], _every(runs[method])
        found: dict[str, Any] = {
            "name": METHODS[method].title + choice_note(settings),
            "n_seeds": len(said.said),
            "n_clips": len(said.true),
            "unreadable": (said.said[0] == said.classes).sum(),
            "epochs": every[0].settings.training.epochs,
            "forward_passes": np.mean([run.metrics()["passes"] for run in every]),
        }
        for metric in ("uar", "war"):
            low, high = said.ends(partial(said.mean, metric), draws)
            found |= {
                f"{metric}_mean": said.mean(metric),
                f"{metric}_low": low,
                f"{metric}_high": high,
                f"{metric}_pooled": score(tables[method][:, None], metric).mean(),
                f"{metric}_by_fold": said.fold_scores(metric).mean(0),
            }
        return found

    def difference(a: str, b: str, metric: str) -> dict[str, Any]:
        def less(rows: Ints | None = None) -> float:
            return seen[a].mean(metric, rows) - seen[b].mean(metric, rows)

        low, high = seen[a].ends(less, draws)
        return {"n_seeds": len(first.said), "mean": less(), "low": low, "high": high}

    recalls = {
        name: (np.diagonal(table, axis1=1, axis2=2) / table.sum(-1)).mean(0)
        for name, table in tables.items()
    }
    return plain(
        {
            **results.comparison({name: row(name) for name in runs}, difference),
            "per_class": {k: dict(zip(classes, each, strict=True)) for k, each in recalls.items()},
            "confusion": {name: table.sum(0)[:, :-1] for name, table in tables.items()},
            "classes": classes,
            "folds": list(of_fold),
            "intervals": f"bootstrap over {'clips' if first.drawn is None else 'groups of clips'}",
            "epoch": settings.training.choose,
        }
    )


def _every(runs: OfFold) -> list[Run]:
    return [run for group in runs.values() for run in group]


def evaluate(context: Context) -> dict[str, Any]:
    """The main comparison of a real set; writes ``main``, ``meta`` and ``real`` of the results.

    Those of one fold are written beside those of all folds, which stay.

    Raises:
        UserError: a run of one of the folds is missing or stale.
    """
    runs = gather(context, "train", list(steps.methods(context).values()))
    of_fold = manifests(context)
    main = comparison(runs, of_fold)
    meta = results.meta(context, {name: _every(of) for name, of in runs.items()}) | _about(
        context, of_fold
    )
    steps.write_result(context, "main", main)
    steps.write_result(context, "meta", meta)
    steps.write_result(context, "real", {"rows": real_rows(context, main, meta)})
    return main


def _about(context: Context, of_fold: Mapping[int, Manifest]) -> dict[str, Any]:
    """What results of a real set are, where they differ from those of rendered videos."""
    noise = context.settings.noise
    manifest = next(iter(of_fold.values()))
    added = {"kind": f"{noise.kind}, added to the labels' own", "rate": noise.rate}
    return {
        "data": context.data_folder.dataset.title,
        "pool": f"{context.data_folder.dataset.title}, {context.data_folder.dataset.protocol}",
        "noise": added if noise.rate else {"kind": "none added", "rate": 0.0},
        "folds": list(of_fold),
        "epoch": context.settings.training.choose,
        **{s: sum(v.split == s for v in manifest.videos) for s in ("train", "val", "test")},
    }


def real_rows(context: Context, main: Mapping[str, Any], meta: Mapping[str, Any]) -> list[Any]:
    """Rows of ``real.json`` for the page of comparisons, with the cost of each method's network.

    None where the numbers are not of the set's own protocol: folds of one's own, or added noise.

    Args:
        context: of the results.
        main: their main comparison, as :func:`comparison` gives it.
        meta: their seeds and date.
    """
    title, settings = context.data_folder.dataset.title, context.settings
    if title not in FOLDS or not context.data_folder.official or settings.noise.rate:
        return []
    rows = []
    for row in main["rows"]:
        method = METHODS[row["method"]]
        if method.title in OWN:
            cost = clip_cost(variant_settings(method, settings), classes=len(main["classes"]))
            found = RealResult(
                method=method.title,
                data=title,
                preset=context.preset.name,
                changes=dict(context.overrides),
                folds=main["folds"],
                seeds=meta["seeds"],
                uar=row["uar_mean"],
                war=row["war_mean"],
                epoch=settings.training.choose,
                settings_hash=settings_hash(settings),
                date=meta["date"],
                **vars(cost),
            )
            rows.append(found.model_dump())
    return rows

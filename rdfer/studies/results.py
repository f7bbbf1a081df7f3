"""From runs to the results that the book shows: numbers by seed, then rows with intervals.

What is returned for a result file holds plain numbers and lists, as its JSON does, so that a
notebook and a reader of the file have the same in hand. Only fresh runs come in here.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer import __version__
from rdfer.base import machine
from rdfer.data.manifest import CLASSES
from rdfer.method import agreement
from rdfer.metrics.detection import auroc
from rdfer.metrics.intervals import Interval, mean_interval, paired_interval
from rdfer.pipeline.context import Context
from rdfer.pipeline.provenance import now
from rdfer.pipeline.runs import Run, plain
from rdfer.settings.schema import settings_hash
from rdfer.settings.variants import ABLATIONS, METHODS
from rdfer.studies.design import PAIRS
from rdfer.studies.suspicion import SCORES, Arrays, kinds, noisy, scoring_masks, suspicion_scores

#: Runs by method or ablation, one a seed.
Runs: TypeAlias = Mapping[str, Sequence[Run]]


def ends(name: str, found: Interval) -> dict[str, float]:
    """``{name_mean, name_low, name_high}``."""
    return {f"{name}_mean": found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def over_seeds(name: str, values: ArrayLike) -> dict[str, float]:
    """Mean and 95 % t interval over seeds, as :func:`ends` names them."""
    return ends(name, mean_interval(values))


def comparison(
    rows: Mapping[str, Mapping[str, Any]],
    difference: Callable[[str, str, str], Mapping[str, Any]],
) -> dict[str, Any]:
    """Rows of methods and their paired differences, whatever is paired: seeds, or videos of folds.

    Args:
        rows: what the main table shows of each method.
        difference: of two methods in a metric, ``uar`` or ``war``.
    """
    pairs = [pair for pair in PAIRS if set(pair) <= set(rows)]
    return {
        "rows": [{"method": k, "name": METHODS[k].title, **row} for k, row in rows.items()],
        "differences": [
            {"a": a, "b": b, "metric": metric, **difference(a, b, metric)}
            for a, b in pairs
            for metric in ("uar", "war")
        ],
    }


def main_comparison(runs: Runs) -> dict[str, Any]:
    """Rows of the main table, paired differences, recall per class, summed confusion."""
    measured = {name: [run.metrics() for run in group] for name, group in runs.items()}

    def row(method: str) -> dict[str, Any]:
        seen = measured[method]
        # not every data set knows which videos are hard
        shown = [m for m in ("uar", "war", "uar_hard", "uar_easy") if m in seen[0]]
        found: dict[str, Any] = {}
        for metric in shown:
            found |= over_seeds(metric, _values(seen, metric))
        return found | {
            "n_seeds": len(seen),
            "uar_by_seed": _values(seen, "uar"),
            "war_by_seed": _values(seen, "war"),
            "epochs": runs[method][0].settings.training.epochs,
            "forward_passes": _values(seen, "passes").mean(),
        }

    def difference(a: str, b: str, metric: str) -> dict[str, Any]:
        found = paired_interval(_values(measured[a], metric), _values(measured[b], metric))
        return {"mean": found.mean, "low": found.low, "high": found.high, "n_seeds": found.n}

    return plain(
        comparison({name: row(name) for name in runs}, difference)
        | {
            "per_class": {
                name: {c: np.mean([m["recall"][c] for m in seen]) for c in CLASSES}
                for name, seen in measured.items()
            },
            "confusion": {
                name: np.sum([m["confusion"] for m in seen], axis=0)
                for name, seen in measured.items()
            },
        }
    )


def _values(measured: Sequence[Mapping[str, Any]], metric: str) -> NDArray[np.float64]:
    return np.array([m[metric] for m in measured], np.float64)


def ablation(runs: Runs) -> dict[str, Any]:
    """One row a variant: UAR, and the paired difference to the whole method."""
    uars = {name: _values([r.metrics() for r in group], "uar") for name, group in runs.items()}
    rows = [
        {
            "variant": name,
            "name": ABLATIONS[name].title,
            "part": ABLATIONS[name].part,
            "n_seeds": len(uar),
            **over_seeds("uar", uar),
            **({} if name == "ours" else ends("delta", paired_interval(uar, uars["ours"]))),
        }
        for name, uar in uars.items()
    ]
    return plain({"rows": rows})


def key_expression(runs: Sequence[Run]) -> dict[str, Any]:
    """Hit rate of the detail clips by length of the key segment, mean over seeds."""
    strata = zip(*(run.metrics()["key"] for run in runs), strict=True)
    rows = [
        {
            "stratum": seeds[0]["stratum"],
            "videos": seeds[0]["videos"],
            **{m: float(_values(seeds, m).mean()) for m in ("hit_rate", "chance", "tiou")},
        }
        for seeds in strata
    ]
    return plain({"rows": rows})


def dynamics(runs: Runs) -> dict[str, Any]:
    """Mean training loss, validation UAR (noisy labels) and memorisation by epoch."""
    out = {}
    for name, group in runs.items():
        history = [run.metrics()["history"] for run in group]
        out[name] = {
            "epoch": list(range(1, len(history[0]["train_loss"]) + 1)),
            "train_loss": np.mean([h["train_loss"] for h in history], axis=0),
            "val_uar": np.mean([h["val_uar"] for h in history], axis=0),
            "memorised_epoch": history[0]["sweep_epochs"],
            "memorised": np.mean([h["memorised"] for h in history], axis=0),
        }
    return plain(out)


def meta(context: Context, runs: Runs) -> dict[str, Any]:
    """Of which preset, code, machine and data the results are."""
    every = [run for group in runs.values() for run in group]
    settings, preset = context.settings, context.preset
    data, noise = settings.data, settings.noise
    found = {
        "preset": preset.name,
        "overrides": dict(context.overrides),
        "date": now(),
        "version": __version__,
        "settings_hash": settings_hash(settings),
        "machine": machine.describe(),
        "seeds": preset.seeds,
        "ablation_seeds": preset.ablation_seeds,
        "wall_s": float(sum(run.provenance()["wall_s"] for run in every)),
        "pool": data.pool,
        "noise": {"kind": noise.kind, "rate": noise.rate},
        "train": data.per_seed,
        **{name: getattr(data, name) for name in ("val", "test", "frames", "size")},
        "clips": settings.agreement.clips,
        "epochs": settings.training.epochs,
        "encoder": settings.network.encoder,
    }
    return plain(found)


def agreement_results(runs: Sequence[Run]) -> dict[str, Any]:
    """AUROC of every score and selection over seeds, histograms by kind, AUROC sweep by sweep."""
    stores = [run.arrays() for run in runs]
    wrong = [noisy(arrays) for arrays in stores]
    masks = [scoring_masks(arrays) for arrays in stores]
    scores = {over: [suspicion_scores(arrays, over) for arrays in stores] for over in masks[0]}
    rows = []
    for name, over in product(SCORES, scores):
        parts = [
            (w[m[over]], s[name][m[over]])
            for w, m, s in zip(wrong, masks, scores[over], strict=True)
        ]
        if all(w.any() and not w.all() for w, _ in parts):
            row = {"score": name, "name": SCORES[name].title, "over": over, "n_seeds": len(stores)}
            rows.append(row | over_seeds("auroc", [auroc(*part) for part in parts]))
    votes = [agreement.vote(arrays["sweep_clips"][-1])[0] for arrays in stores]
    gaps = [found["gap-averaged"] for found in scores["all"]]
    found = {
        "scores": rows,
        "histogram": {
            "vote": _histogram(stores, votes, np.linspace(0, 1, 11)),
            "gap-averaged": _histogram(stores, gaps, np.linspace(-1, 1, 21)),
        },
        "counts": {kind: int(mask.sum()) for kind, mask in kinds(stores[0]).items()},
        "by_sweep": _by_sweep(stores),
    }
    return plain(found)


def _histogram(
    stores: Sequence[Arrays], values: Sequence[NDArray[Any]], edges: NDArray[np.float64]
) -> dict[str, Any]:
    """Number of each kind's videos by score, pooled over seeds."""
    masks = [kinds(arrays) for arrays in stores]
    of_kind = {
        kind: np.concatenate([v[m[kind]] for v, m in zip(values, masks, strict=True)])
        for kind in masks[0]
    }
    return {"edges": edges, **{kind: np.histogram(v, edges)[0] for kind, v in of_kind.items()}}


def _by_sweep(stores: Sequence[Arrays]) -> list[dict[str, float]]:
    """AUROC (noisy against all) of the gap after each sweep: that sweep alone, and the mean."""
    means = [arrays["sweep_clips"].astype(np.float64).mean(2) for arrays in stores]

    def mean_auroc(sweeps: slice) -> float:
        found = []
        for arrays, each in zip(stores, means, strict=True):
            sure = ~arrays["train_ambiguous"]
            gap = agreement.contrary(each[sweeps].mean(0)[:, None], arrays["train_given"])
            found.append(auroc(noisy(arrays)[sure], gap[sure]))
        return float(np.mean(found))

    return [
        {
            "epoch": int(epoch),
            "last": mean_auroc(slice(k, k + 1)),
            "mean": mean_auroc(slice(0, k + 1)),
        }
        for k, epoch in enumerate(stores[0]["sweep_epochs"])
    ]

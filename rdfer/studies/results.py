"""From runs to results: the aggregates that the book shows. Only fresh runs come in here.

What is returned for a result file holds plain numbers and lists, as its JSON does, so that a
notebook and a reader of the file have the same in hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer import __version__
from rdfer.base import machine
from rdfer.data.manifest import CLASSES
from rdfer.method import agreement
from rdfer.metrics import detection, intervals
from rdfer.pipeline.provenance import now
from rdfer.pipeline.runs import Run, plain
from rdfer.pipeline.steps import Context, metric
from rdfer.report.readout import SCORE_NAMES
from rdfer.settings.schema import settings_hash
from rdfer.settings.variants import ABLATIONS, METHODS

HIGH_LOSS = 0.4  # share of the training videos that counts as "high loss"
Runs = Mapping[str, Sequence[Run]]


def interval(values: NDArray[np.float64], name: str) -> dict[str, float]:
    """``{name_mean, name_low, name_high}``: mean and 95 % t interval over seeds."""
    found = intervals.mean_interval(values)
    return {f"{name}_mean": found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def main_comparison(runs: Runs) -> dict[str, Any]:
    """Rows of the main table, paired differences, recall per class, summed confusion."""
    rows = []
    for name, group in runs.items():
        uar, war = metric(group, "uar"), metric(group, "war")
        rows.append(
            {
                "method": name,
                "name": METHODS[name].title,
                **interval(uar, "uar"),
                **interval(war, "war"),
                **_optional(group, "uar_hard"),
                **_optional(group, "uar_easy"),
                "n_seeds": len(group),
                "uar_by_seed": uar,
                "war_by_seed": war,
                "epochs": group[0].settings.training.epochs,
                "forward_passes": float(metric(group, "passes").mean()),
            }
        )
    pairs = [
        ("ours", "plain"),
        ("ours", "plain-matched"),
        ("ours", "elr"),
        ("ours", "elr-matched"),
        ("vote", "plain"),
        ("ours", "vote"),
        ("clean", "plain"),
    ]
    differences = [
        difference(runs[a], runs[b], a, b, name) for a, b in pairs for name in ("uar", "war")
    ]
    per_class = {
        name: {c: np.mean([m["recall"][c] for m in _metrics(group)]) for c in CLASSES}
        for name, group in runs.items()
    }
    confusion = {
        name: np.sum([m["confusion"] for m in _metrics(group)], axis=0)
        for name, group in runs.items()
    }
    return plain(
        {"rows": rows, "differences": differences, "per_class": per_class, "confusion": confusion}
    )


def _metrics(group: Sequence[Run]) -> list[dict[str, Any]]:
    return [run.metrics() for run in group]


def _optional(group: Sequence[Run], name: str) -> dict[str, float]:
    """The interval of a metric that not every data set has."""
    return interval(metric(group, name), name) if all(name in m for m in _metrics(group)) else {}


def difference(
    a: Sequence[Run], b: Sequence[Run], name_a: str, name_b: str, name: str
) -> dict[str, Any]:
    """Paired difference over seeds, a minus b, with its 95 % t interval."""
    found = intervals.paired_interval(metric(a, name), metric(b, name))
    return {
        "a": name_a,
        "b": name_b,
        "metric": name,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "n_seeds": len(a),
    }


def ablation(runs: Runs) -> dict[str, Any]:
    """One row a variant: UAR, and the paired difference to the whole method."""
    whole = runs["ours"]
    rows = []
    for name, group in runs.items():
        row = {
            "variant": name,
            "name": ABLATIONS[name].title,
            "part": ABLATIONS[name].part,
            **interval(metric(group, "uar"), "uar"),
            "n_seeds": len(group),
        }
        if name != "ours":
            delta = intervals.paired_interval(metric(group, "uar"), metric(whole, "uar"))
            row |= {"delta_mean": delta.mean, "delta_low": delta.low, "delta_high": delta.high}
        rows.append(row)
    return plain({"rows": rows})


def key_expression(runs: Sequence[Run]) -> dict[str, Any]:
    """Hit rate of the detail clips by length of the key segment, mean over seeds."""
    strata = [m["key"] for m in _metrics(runs)]
    rows = []
    for k, first in enumerate(strata[0]):
        values = {name: [s[k][name] for s in strata] for name in ("hit_rate", "chance", "tiou")}
        rows.append(
            {
                "stratum": first["stratum"],
                "videos": first["videos"],
                **{name: float(np.mean(v)) for name, v in values.items()},
            }
        )
    return plain({"rows": rows})


def dynamics(runs: Runs) -> dict[str, Any]:
    """Mean training loss, validation UAR (noisy labels) and memorisation by epoch."""
    out = {}
    for name, group in runs.items():
        history = [m["history"] for m in _metrics(group)]
        out[name] = {
            "epoch": list(range(1, len(history[0]["train_loss"]) + 1)),
            "train_loss": np.mean([h["train_loss"] for h in history], axis=0),
            "val_uar": np.mean([h["val_uar"] for h in history], axis=0),
            "memorised_epoch": history[0]["sweep_epochs"],
            "memorised": np.mean([h["memorised"] for h in history], axis=0),
        }
    return plain(out)


def meta(context: Context, runs: Runs) -> dict[str, Any]:
    """What run this is."""
    every = [run for group in runs.values() for run in group]
    data, noise = context.settings.data, context.settings.noise
    found = {
        "preset": context.preset.name,
        "overrides": dict(context.overrides),
        "date": now(),
        "version": __version__,
        "settings_hash": settings_hash(context.settings),
        "machine": machine.describe(),
        "seeds": list(context.preset.seeds),
        "ablation_seeds": list(context.preset.ablation_seeds),
        "wall_s": float(sum(run.provenance()["wall_s"] for run in every)),
        "pool": data.pool,
        "noise": {"kind": noise.kind, "rate": noise.rate},
        "train": data.per_seed,
        "val": data.val,
        "test": data.test,
        "frames": data.frames,
        "size": data.size,
        "clips": context.settings.agreement.clips,
        "epochs": context.settings.training.epochs,
        "encoder": context.settings.network.encoder,
    }
    return plain(found)


def suspicion_scores(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Scores of one run's training videos by name, higher is more suspicious: float64 [V] each."""
    given = arrays["train_given"]
    clips = arrays["sweep_clips"].astype(np.float64)
    last, mean = clips[-1], clips.mean((0, 2))[:, None]
    single = agreement.noise_scores(last, given)
    return {
        "vote": single["vote"],
        "gap": single["contrary"],
        "gap-averaged": agreement.contrary(mean, given),
        "loss-one-clip": agreement.clip_loss(last[:, :1], given),
        "loss": single["loss"],
        "loss-averaged": agreement.clip_loss(mean, given),
        "scatter": single["scatter"],
        "jsd": single["jsd"],
        "margin": single["margin"],
    }


def scoring_masks(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Which videos a score is judged on.

    ``all``: every one but the ambiguous. ``high-loss``: of those, noisy ones and hard ones with
    a right label among the highest losses of a clip that no score uses (the first of the last
    sweep serves ``loss-one-clip``, so the selection takes the second).
    """
    noisy = arrays["train_given"] != arrays["train_true"]
    sure = ~arrays["train_ambiguous"]
    loss = agreement.clip_loss(
        arrays["sweep_clips"][-1, :, 1:2].astype(np.float64), arrays["train_given"]
    )
    high = loss >= np.quantile(loss, 1 - HIGH_LOSS)
    return {"all": sure, "high-loss": sure & high & (noisy | arrays["train_hard"])}


def agreement_results(runs: Sequence[Run]) -> dict[str, Any]:
    """AUROC of every score over seeds, histograms by kind, and AUROC sweep by sweep."""
    aurocs: dict[tuple[str, str], list[float]] = {}
    stores = [run.arrays() for run in runs]
    for arrays in stores:
        noisy = arrays["train_given"] != arrays["train_true"]
        masks = scoring_masks(arrays)
        for score, values in suspicion_scores(arrays).items():
            for over, mask in masks.items():
                if len(set(noisy[mask].tolist())) == 2:
                    auroc = detection.auroc(noisy[mask], values[mask])
                    aurocs.setdefault((score, over), []).append(auroc)
    scores = [
        {"score": s, "name": SCORE_NAMES[s], "over": over, "n_seeds": len(v)}
        | interval(np.array(v), "auroc")
        for (s, over), v in aurocs.items()
        if len(v) == len(stores)
    ]
    found = {
        "scores": scores,
        "histogram": {name: histogram(stores, name) for name in ("vote", "gap-averaged")},
        "counts": counts(stores),
        "by_sweep": by_sweep(stores),
    }
    return plain(found)


def kinds(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Clean (easy, right label), hard (right label) and noisy videos; ambiguous ones in none."""
    noisy = arrays["train_given"] != arrays["train_true"]
    sure, hard = ~arrays["train_ambiguous"], arrays["train_hard"]
    return {"clean": sure & ~noisy & ~hard, "hard": sure & ~noisy & hard, "noisy": sure & noisy}


def counts(stores: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, int]:
    """Training videos of each kind in the first seed."""
    return {name: int(mask.sum()) for name, mask in kinds(stores[0]).items()}


def histogram(stores: Sequence[Mapping[str, NDArray[Any]]], score: str) -> dict[str, Any]:
    """Number of each kind's videos by score, pooled over seeds: agreement A, or the signed gap."""
    values: dict[str, list[NDArray[Any]]] = {"clean": [], "hard": [], "noisy": []}
    for arrays in stores:
        if score == "vote":
            what = agreement.vote(arrays["sweep_clips"][-1])[0]
        else:
            what = suspicion_scores(arrays)[score]
        for kind, mask in kinds(arrays).items():
            values[kind].append(what[mask])
    edges = np.linspace(0, 1, 11) if score == "vote" else np.linspace(-1, 1, 21)
    heights = {kind: np.histogram(np.concatenate(v), edges)[0] for kind, v in values.items()}
    return plain({"edges": edges} | heights)


def by_sweep(stores: Sequence[Mapping[str, NDArray[Any]]]) -> list[dict[str, float]]:
    """AUROC (noisy against all) of the gap after each sweep: that sweep alone, and the mean."""
    rows = []
    for k, epoch in enumerate(stores[0]["sweep_epochs"]):
        alone: list[float] = []
        averaged: list[float] = []
        for arrays in stores:
            sure = ~arrays["train_ambiguous"]
            noisy = (arrays["train_given"] != arrays["train_true"])[sure]
            given, means = arrays["train_given"], arrays["sweep_clips"].astype(np.float64).mean(2)
            for into, p in ((alone, means[k]), (averaged, means[: k + 1].mean(0))):
                into.append(detection.auroc(noisy, agreement.contrary(p[:, None], given)[sure]))
        rows.append(
            {"epoch": int(epoch), "last": float(np.mean(alone)), "mean": float(np.mean(averaged))}
        )
    return rows

"""From the studies' runs to result files: noise, factorial, rivals, streams, cost.

A row is over all its seeds or it is *missing*: it then has no numbers and names what it lacks.
Only the runs of one preset come in here, and a stale run counts as missing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rdfer.settings.presets import Preset
from rdfer.settings.variants import METHODS, RIVALS
from rdfer.studies.claims import Reading
from rdfer.studies.design import COMPARED, USUAL, WORLD_METHODS, WORST, Condition, noise_seeds
from rdfer.studies.evidence import METHOD_NAMES, Bench, Lacking
from rdfer.studies.results import interval
from rdfer.studies.suspicion import CROSSED, EPOCHS, PASSES

#: Scores of rivals by the names of ``claims.yml``; confident learning's need networks of folds.
RIVAL_SCORES = (
    *("loss of one clip", "loss of the mean over clips", "loss of the mean over clips and sweeps"),
    *("small-loss mixture", "AUM", "cartography confidence", "cartography variability"),
    *("forgetting events", "EL2N", "self-confidence", "normalised margin"),
    *("entropy-weighted confidence", "dropout agreement", "augmentation disagreement"),
)
CLIPS = (1, 2, 4, 8, 16)
_NAMES = {variant: said for said, variant in METHOD_NAMES.items()}


def row_over(measure: Callable[[int], float], seeds: Sequence[int], name: str) -> dict[str, Any]:
    """Mean and interval over seeds, or what is lacking: nothing is averaged over the rest."""
    values, lacking = [], []
    for seed in seeds:
        try:
            values.append(measure(seed))
        except Lacking as error:
            lacking.append(str(error))
    if lacking or len(values) < 2:
        return {f"{name}_mean": None, "n_seeds": len(values), "lacking": lacking[:3]}
    return {**interval(np.array(values), name), "n_seeds": len(values), f"{name}_by_seed": values}


def together(*rows: Mapping[str, Any]) -> dict[str, Any]:
    """One row of several metrics: what any of them lacks, the row lacks."""
    row: dict[str, Any] = {}
    for one in rows:
        row |= one
    lacking = dict.fromkeys(text for one in rows for text in one.get("lacking", ()))
    row |= {"n_seeds": min(one["n_seeds"] for one in rows)}
    return {**row, "lacking": list(lacking)[:3]} if lacking else row


def noise_rows(bench: Bench, preset: Preset) -> list[dict[str, Any]]:
    """UAR of every method under every kind and rate of noise that the study has."""
    titles = {name: v.title for name, v in {**METHODS, **RIVALS}.items()}
    rows = []
    for kind in preset.noise_kinds:
        for rate in (0.0, *preset.noise_rates):
            for method in COMPARED:
                seeds = noise_seeds(method, Condition(kind, rate), preset)
                if not seeds:
                    continue
                reading = Reading(what=_NAMES[method], kind=kind, rate=rate, over="test")
                rows.append(
                    {
                        "method": method,
                        "name": titles[method],
                        "kind": kind,
                        "rate": rate,
                        **row_over(_measure(bench, reading, "uar"), seeds, "uar"),
                    }
                )
    return rows


def _measure(bench: Bench, reading: Reading, metric: str) -> Callable[[int], float]:
    return lambda seed: bench.measure(reading, metric, seed).value


def factorial_rows(
    bench: Bench, preset: Preset, condition: Condition = USUAL
) -> list[dict[str, Any]]:
    """AUROC of every score, view and averaging, over all videos and those of high loss."""
    return [
        {
            "score": score,
            "passes": passes,
            "epochs": epochs,
            "over": over,
            **_auroc(
                bench,
                preset.study_seeds,
                score,
                condition,
                over,
                {"passes": passes, "epochs": epochs},
            ),
        }
        for over in ("high-loss", "all")
        for score in CROSSED
        for passes in PASSES
        for epochs in EPOCHS
    ]


def _auroc(
    bench: Bench,
    seeds: Sequence[int],
    what: str,
    condition: Condition,
    over: str,
    setting: Mapping[str, str | int],
) -> dict[str, Any]:
    reading = Reading(
        what=what, kind=condition.kind, rate=condition.rate, over=over, setting=setting
    )
    return row_over(_measure(bench, reading, "auroc"), seeds, "auroc")


def rival_rows(bench: Bench, preset: Preset) -> list[dict[str, Any]]:
    """How every rival, the vote and the averaged gap find wrong labels, by kind of noise."""
    own: list[tuple[str, dict[str, str | int]]] = [
        ("wrong vote", {"passes": "clips", "epochs": "last"}),
        ("gap", {"passes": "clips", "epochs": "mean"}),
    ]
    usual: dict[str, str | int] = {"passes": "own", "epochs": "own"}
    others = [(name, usual) for name in RIVAL_SCORES]
    rows = []
    for kind in preset.noise_kinds:
        seeds = preset.study_seeds if kind == USUAL.kind else preset.few_seeds
        for what, setting in [*own, *others]:
            metrics = []
            for over, metric in (
                ("high-loss", "auroc"),
                ("all", "auroc"),
                ("all", "auprc"),
                ("all", "found at budget"),
            ):
                reading = Reading(what=what, kind=kind, rate=USUAL.rate, over=over, setting=setting)
                name = f"{metric}_{over}".replace(" ", "_").replace("-", "_")
                metrics.append(row_over(_measure(bench, reading, metric), seeds, name))
            named = {"score": what, "kind": kind, "own": (what, setting) in own}
            rows.append({**named, **together(*metrics)})
    return rows


def cost_rows(bench: Bench, preset: Preset) -> list[dict[str, Any]]:
    """AUROC among videos of high loss by the number of clips, for the gap and the vote."""
    rows = []
    for what, epochs in (("gap", "mean"), ("gap", "last"), ("wrong vote", "last")):
        for clips in CLIPS:
            if clips == 1 and what == "wrong vote":
                continue  # one clip has no vote
            setting: dict[str, str | int] = {"passes": "clips", "epochs": epochs, "clips": clips}
            found = _auroc(bench, preset.study_seeds, what, USUAL, "high-loss", setting)
            rows.append({"score": what, "epochs": epochs, "clips": clips, **found})
    return rows


def stream_rows(bench: Bench, preset: Preset) -> list[dict[str, Any]]:
    """UAR of both streams and each alone, with the course in time intact and destroyed."""
    return [
        {
            "streams": streams,
            "input": seen,
            **_uar_row(bench, preset, {"streams": streams, "input": seen}),
        }
        for streams in ("both", "long", "short")
        for seen in ("intact", "frames shuffled", "clips shuffled", "frozen")
    ]


def detail_rows(bench: Bench, preset: Preset) -> list[dict[str, Any]]:
    """UAR by stratum for re-sampled, even and random detail clips."""
    return [
        {"detail": detail, "over": over, **_uar_row(bench, preset, {"detail": detail}, over)}
        for over in (
            "test",
            "short key",
            "middle key",
            "long key",
            "no distractor",
            "strong distractor",
        )
        for detail in ("resampled", "even", "random")
    ]


def _uar_row(
    bench: Bench, preset: Preset, setting: Mapping[str, str | int], over: str = "test"
) -> dict[str, Any]:
    reading = Reading(
        what="RDFER (ours)", kind=USUAL.kind, rate=USUAL.rate, over=over, setting=setting
    )
    return row_over(_measure(bench, reading, "uar"), preset.few_seeds, "uar")


def world_rows(benches: Mapping[str, Bench], preset: Preset) -> list[dict[str, Any]]:
    """The headline comparisons world by world, the usual one first.

    UAR at the highest rate of symmetric noise; AUROC among high losses of the averaged gap, and of
    the rival that is best there. A world that was not run has no numbers.
    """
    return [
        {
            "world": world,
            "rate": WORST.rate,
            **(_world_row(benches[world], preset) if world in benches else {}),
        }
        for world in ("usual", *preset.worlds)
    ]


def _world_row(bench: Bench, preset: Preset) -> dict[str, Any]:
    seeds = preset.few_seeds
    scored = []
    for method in WORLD_METHODS:
        reading = Reading(what=_NAMES[method], kind=WORST.kind, rate=WORST.rate, over="test")
        scored.append(row_over(_measure(bench, reading, "uar"), seeds, f"uar_{method}"))
    own: Mapping[str, str | int] = {"passes": "clips", "epochs": "mean"}
    gap = _auroc(bench, seeds, "gap", USUAL, "high-loss", own)
    usual: Mapping[str, str | int] = {"passes": "own", "epochs": "own"}
    others = {name: _auroc(bench, seeds, name, USUAL, "high-loss", usual) for name in RIVAL_SCORES}
    row = together(*scored, gap, *others.values())
    row = {k: v for k, v in row.items() if not k.startswith("auroc_")}
    if any(other["auroc_mean"] is None for other in others.values()):
        # the best of those that are there need not be the best
        return {**row, **_ends("gap", gap), "auroc_rival_mean": None}
    best = max(others, key=lambda name: others[name]["auroc_mean"])
    return {**row, **_ends("gap", gap), **_ends("rival", others[best]), "rival": best}


def _ends(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"auroc_{name}_{end}": row.get(f"auroc_{end}") for end in ("mean", "low", "high")}

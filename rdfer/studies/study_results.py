"""From the studies' runs to result files: noise, factorial, rivals, streams, detail, cost, worlds.

A row is over all its seeds or it is *missing*: it then has no numbers and names what it lacks.
Only the runs of one preset come in here, and a stale run counts as missing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rdfer.settings.presets import Preset
from rdfer.studies.bench import METHOD_NAMES, Bench, Lacking
from rdfer.studies.claims import Reading
from rdfer.studies.design import COMPARED, USUAL, WORLD_METHODS, WORST, Condition, noise_seeds
from rdfer.studies.results import over_seeds
from rdfer.studies.suspicion import CROSSED, EPOCHS, PASSES

#: Scores of rivals by the names of ``claims.yml``; confident learning's need networks of folds.
RIVAL_SCORES = (
    *("loss of one clip", "loss of the mean over clips", "loss of the mean over clips and sweeps"),
    *("small-loss mixture", "AUM", "cartography confidence", "cartography variability"),
    *("forgetting events", "EL2N", "self-confidence", "normalised margin"),
    *("entropy-weighted confidence", "dropout agreement", "augmentation disagreement"),
)
CLIPS = (1, 2, 4, 8, 16)
VOTE = {"what": "wrong vote", "passes": "clips", "epochs": "last"}
GAP = {"what": "gap", "passes": "clips", "epochs": "mean"}
_NAMES = {variant: said for said, variant in METHOD_NAMES.items()}

Rows = list[dict[str, Any]]


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
    return {**over_seeds(name, values), "n_seeds": len(values), f"{name}_by_seed": values}


def together(*rows: Mapping[str, Any]) -> dict[str, Any]:
    """One row of several metrics: what any of them lacks, the row lacks."""
    row: dict[str, Any] = {}
    for one in rows:
        row |= one
    lacking = dict.fromkeys(text for one in rows for text in one.get("lacking", ()))
    row |= {"n_seeds": min(one["n_seeds"] for one in rows)}
    return {**row, "lacking": list(lacking)[:3]} if lacking else row


def read_over(
    bench: Bench,
    metric: str,
    seeds: Sequence[int],
    fields: Mapping[str, Any],
    *,
    at: Condition = USUAL,
    name: str = "",
) -> dict[str, Any]:
    """A reading over seeds; ``fields`` are those of :class:`rdfer.studies.claims.Reading`."""
    reading = Reading.model_validate({"kind": at.kind, "rate": at.rate, **fields})
    return row_over(lambda seed: bench.measure(reading, metric, seed).value, seeds, name or metric)


def noise_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR of every method under every kind and rate of noise that the study has."""
    rows = []
    for kind in preset.noise_kinds:
        for rate in (0.0, *preset.noise_rates):
            for method, variant in COMPARED.items():
                at = Condition(kind, rate)
                seeds = noise_seeds(method, at, preset)
                if seeds:
                    said = {"method": method, "name": variant.title, "kind": kind, "rate": rate}
                    uar = read_over(
                        bench, "uar", seeds, {"what": _NAMES[method], "over": "test"}, at=at
                    )
                    rows.append({**said, **uar})
    return rows


def factorial_rows(bench: Bench, preset: Preset) -> Rows:
    """AUROC of every score, view and averaging, over all videos and those of high loss."""
    rows = []
    for over in ("high-loss", "all"):
        for score in CROSSED:
            for passes in PASSES:
                for epochs in EPOCHS:
                    how = {"passes": passes, "epochs": epochs, "over": over}
                    found = read_over(bench, "auroc", preset.study_seeds, {"what": score, **how})
                    rows.append({"score": score, **how, **found})
    return rows


def rival_rows(bench: Bench, preset: Preset) -> Rows:
    """How every rival, the vote and the averaged gap find wrong labels, by kind of noise."""
    rows = []
    for kind in preset.noise_kinds:
        at = Condition(kind, USUAL.rate)
        seeds = preset.study_seeds if kind == USUAL.kind else preset.few_seeds
        for score in (VOTE, GAP, *({"what": name} for name in RIVAL_SCORES)):
            metrics = (
                read_over(bench, metric, seeds, {"over": over, **score}, at=at, name=name)
                for metric, over, name in (
                    ("auroc", "high-loss", "auroc_high_loss"),
                    ("auroc", "all", "auroc_all"),
                    ("auprc", "all", "auprc_all"),
                    ("found at budget", "all", "found_at_budget_all"),
                )
            )
            named = {"score": score["what"], "kind": kind, "own": score in (VOTE, GAP)}
            rows.append({**named, **together(*metrics)})
    return rows


def cost_rows(bench: Bench, preset: Preset) -> Rows:
    """AUROC among videos of high loss by the number of clips, for the gap and the vote."""
    rows = []
    for what, epochs in (("gap", "mean"), ("gap", "last"), ("wrong vote", "last")):
        for clips in CLIPS:
            if clips == 1 and what == "wrong vote":
                continue  # one clip has no vote
            how = {"what": what, "epochs": epochs, "clips": clips, "passes": "clips"}
            found = read_over(bench, "auroc", preset.study_seeds, {"over": "high-loss", **how})
            rows.append({"score": what, "epochs": epochs, "clips": clips, **found})
    return rows


def stream_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR of both streams and each alone, with the order in time intact and destroyed."""
    return [
        {"streams": streams, "input": seen, **_ours(bench, preset, streams=streams, input=seen)}
        for streams in ("both", "long", "short")
        for seen in ("intact", "frames shuffled", "clips shuffled", "frozen")
    ]


def detail_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR by stratum for re-sampled, even and random detail clips."""
    thirds, distractors = ("short key", "middle key", "long key"), ("no", "strong")
    return [
        {"detail": detail, "over": over, **_ours(bench, preset, detail=detail, over=over)}
        for over in ("test", *thirds, *(f"{how} distractor" for how in distractors))
        for detail in ("resampled", "even", "random")
    ]


def _ours(bench: Bench, preset: Preset, *, over: str = "test", **fields: str) -> dict[str, Any]:
    return read_over(
        bench, "uar", preset.few_seeds, {"what": "RDFER (ours)", "over": over, **fields}
    )


def world_rows(benches: Mapping[str, Bench], preset: Preset) -> Rows:
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
    scored = [
        read_over(
            bench,
            "uar",
            seeds,
            {"what": _NAMES[method], "over": "test"},
            at=WORST,
            name=f"uar_{method}",
        )
        for method in WORLD_METHODS
    ]
    gap = read_over(bench, "auroc", seeds, {"over": "high-loss", **GAP})
    others = {
        name: read_over(bench, "auroc", seeds, {"over": "high-loss", "what": name})
        for name in RIVAL_SCORES
    }
    row = together(*scored, gap, *others.values())
    row = {k: v for k, v in row.items() if not k.startswith("auroc_")} | _of("gap", gap)
    if any(other["auroc_mean"] is None for other in others.values()):
        # the best of those that are there need not be the best
        return {**row, "auroc_rival_mean": None}
    best = max(others, key=lambda name: others[name]["auroc_mean"])
    return {**row, **_of("rival", others[best]), "rival": best}


def _of(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"auroc_{name}_{end}": row.get(f"auroc_{end}") for end in ("mean", "low", "high")}

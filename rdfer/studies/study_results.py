"""From the studies' runs to result files: noise, factorial, rivals, streams, detail, cost, worlds.

A row is over all its seeds or it is *missing*: it then has no numbers and names what it lacks.
Only the runs of one preset come in here, and a stale run counts as missing.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

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
COSTS = (("gap", "mean"), ("gap", "last"), ("wrong vote", "last"))  # over so many clips
VOTE = {"what": "wrong vote", "passes": "clips", "epochs": "last"}
GAP = {"what": "gap", "passes": "clips", "epochs": "mean"}
_NAMES = {variant: said for said, variant in METHOD_NAMES.items()}

Rows: TypeAlias = list[dict[str, Any]]
#: The number of a seed; raises :class:`rdfer.studies.bench.Lacking` where a run is not there.
Measure: TypeAlias = Callable[[int], float]


def row_over(seeds: Sequence[int], measures: Mapping[str, Measure]) -> dict[str, Any]:
    """Mean and interval over seeds of each measure, by its name.

    Where a seed is lacking there is no mean: nothing is averaged over the rest. What any of the
    measures lacks, the row lacks.
    """
    row: dict[str, Any] = {"n_seeds": len(seeds)}
    for name, measure in measures.items():
        values, lacking = [], []
        for seed in seeds:
            try:
                values.append(measure(seed))
            except Lacking as error:
                lacking.append(str(error))
        row["n_seeds"] = min(row["n_seeds"], len(values))
        if lacking or len(values) < 2:
            row[f"{name}_mean"] = None
            row["lacking"] = [*dict.fromkeys((*row.get("lacking", ()), *lacking[:3]))][:3]
        else:
            row |= {**over_seeds(name, values), f"{name}_by_seed": values}
    return row


def read_over(
    bench: Bench,
    seeds: Sequence[int],
    at: Condition,
    asked: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> dict[str, Any]:
    """:func:`row_over` of readings under some label noise.

    Args:
        bench: the runs.
        seeds: of the row.
        at: label noise.
        asked: name -> metric, and the other fields of a :class:`rdfer.studies.claims.Reading`.
    """

    def measure(metric: str, fields: Mapping[str, Any]) -> Measure:
        reading = Reading.model_validate({"kind": at.kind, "rate": at.rate, **fields})
        return lambda seed: bench.measure(reading, metric, seed).value

    return row_over(seeds, {name: measure(*one) for name, one in asked.items()})


def noise_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR of every method under every kind and rate of noise that the study has."""
    rows = []
    rates = (0.0, *preset.noise_rates)
    for kind, rate, (method, variant) in product(preset.noise_kinds, rates, COMPARED.items()):
        at = Condition(kind, rate)
        if seeds := noise_seeds(method, at, preset):
            said = {"method": method, "name": variant.title, "kind": kind, "rate": rate}
            rows.append({**said, **read_over(bench, seeds, at, {"uar": _uar(method)})})
    return rows


def _uar(method: str) -> tuple[str, dict[str, str]]:
    return "uar", {"what": _NAMES[method], "over": "test"}


def factorial_rows(bench: Bench, preset: Preset) -> Rows:
    """AUROC of every score, view and averaging, over all videos and those of high loss."""
    rows = []
    for over, score, passes, epochs in product(("high-loss", "all"), CROSSED, PASSES, EPOCHS):
        how = {"passes": passes, "epochs": epochs, "over": over}
        asked = {"auroc": ("auroc", {"what": score, **how})}
        found = read_over(bench, preset.study_seeds, USUAL, asked)
        rows.append({"score": score, **how, **found})
    return rows


def rival_rows(bench: Bench, preset: Preset) -> Rows:
    """How every rival, the vote and the averaged gap find wrong labels, by kind of noise."""
    rows = []
    own = (VOTE, GAP)
    for kind, score in product(preset.noise_kinds, (*own, *({"what": n} for n in RIVAL_SCORES))):
        every = {"over": "all", **score}
        asked = {
            "auroc_high_loss": ("auroc", {"over": "high-loss", **score}),
            "auroc_all": ("auroc", every),
            "auprc_all": ("auprc", every),
            "found_at_budget_all": ("found at budget", every),
        }
        seeds = preset.study_seeds if kind == USUAL.kind else preset.few_seeds
        found = read_over(bench, seeds, Condition(kind, USUAL.rate), asked)
        rows.append({"score": score["what"], "kind": kind, "own": score in own, **found})
    return rows


def cost_rows(bench: Bench, preset: Preset) -> Rows:
    """AUROC among videos of high loss by the number of clips, for the gap and the vote."""
    rows = []
    for (what, epochs), clips in product(COSTS, CLIPS):
        if clips > 1 or what == "gap":  # one clip has no vote
            how = {"epochs": epochs, "clips": clips}
            fields = {"what": what, "passes": "clips", "over": "high-loss", **how}
            found = read_over(bench, preset.study_seeds, USUAL, {"auroc": ("auroc", fields)})
            rows.append({"score": what, **how, **found})
    return rows


def stream_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR of both streams and each alone, with the order in time intact and destroyed."""
    return [
        _ours(bench, preset, streams=streams, input=seen)
        for streams in ("both", "long", "short")
        for seen in ("intact", "frames shuffled", "clips shuffled", "frozen")
    ]


def detail_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR by stratum for re-sampled, even and random detail clips."""
    thirds, distractors = ("short key", "middle key", "long key"), ("no", "strong")
    return [
        _ours(bench, preset, detail=detail, over=over)
        for over in ("test", *thirds, *(f"{how} distractor" for how in distractors))
        for detail in ("resampled", "even", "random")
    ]


def _ours(bench: Bench, preset: Preset, **said: str) -> dict[str, Any]:
    asked = {"uar": ("uar", {"what": "RDFER (ours)", "over": "test", **said})}
    return {**said, **read_over(bench, preset.few_seeds, USUAL, asked)}


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
    uars = {f"uar_{method}": _uar(method) for method in WORLD_METHODS}
    row = read_over(bench, preset.few_seeds, WORST, uars)
    scores = {"gap": GAP, **{name: {"what": name} for name in RIVAL_SCORES}}
    asked = {name: ("auroc", {"over": "high-loss", **score}) for name, score in scores.items()}
    found = read_over(bench, preset.few_seeds, USUAL, asked)
    means = {name: found[f"{name}_mean"] for name in RIVAL_SCORES}
    shown = {"gap": "gap"}
    if None in means.values():
        row["auroc_rival_mean"] = None  # the best of those that are there need not be the best
    else:
        shown["rival"] = row["rival"] = max(means, key=means.__getitem__)
    for name, score in shown.items():
        ends = {end: found.get(f"{score}_{end}") for end in ("mean", "low", "high")}
        row |= {f"auroc_{name}_{end}": value for end, value in ends.items()}
    row["n_seeds"] = min(row["n_seeds"], found["n_seeds"])
    lacking = [*dict.fromkeys((*row.get("lacking", ()), *found.get("lacking", ())))][:3]
    return {**row, "lacking": lacking} if lacking else row

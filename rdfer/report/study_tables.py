"""Tables of the studies, as Markdown.

A dash stands where a study is not meant to have a row, :data:`rdfer.report.readout.MISSING` where
it is and the runs lack it; the text of :func:`rdfer.report.tables.markdown` where nothing was run.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from rdfer.report.detection_figures import COSTS, EPOCHS, PASSES, rival_name, sorted_rivals
from rdfer.report.drawing import Look
from rdfer.report.readout import (
    DASH,
    NOT_RUN,
    POINTS,
    SHARE,
    Results,
    Row,
    percent,
    round_percent,
    rows_of,
    study,
)
from rdfer.report.score_figures import DETAILS, INPUTS, KINDS, STRATA, STREAMS
from rdfer.report.sensitivity_figures import value_name
from rdfer.report.tables import NAME, SEEDS, Columns, each, pivot, table
from rdfer.settings.variants import METHODS, RIVALS
from rdfer.studies.design import WORLD_METHODS

#: Worlds -> what tables call them.
WORLDS: Mapping[str, str] = {
    "usual": "the benchmark as it is",
    "no blendshapes": "encoder that never saw blendshapes",
    "dfew": "class proportions of DFEW",
    "end to end": "trained end to end, on a small subset",
}
TITLES = {name: variant.title for name, variant in {**METHODS, **RIVALS}.items()}


def _called(key: str, names: Mapping[str, str]) -> Callable[[Row], str]:
    """What a row's value is called, itself where it has no name."""
    return lambda row: names.get(row[key], row[key])


NOISE = _called("kind", KINDS)


def noise_table(results: Results) -> str:
    """UAR by kind of label noise and method (rows) and rate (columns)."""
    rows = rows_of(results, "noise")
    rates = sorted({row["rate"] for row in rows})
    across = {f"{round_percent(rate)} % flipped": {"rate": rate} for rate in rates}
    lead: Columns = {"Noise": NOISE, "Method": NAME}
    return pivot(rows, ("kind", "method"), lead, across, each(study, "uar"))


def factorial_table(results: Results) -> str:
    """AUROC by score and passes (rows), averaging and which videos (columns)."""
    across = {
        f"{said}, {averaged}": {"over": over, "epochs": epochs}
        for over, said in {"high-loss": "High loss", "all": "All"}.items()
        for epochs, averaged in EPOCHS.items()
    }
    lead: Columns = {
        "Score": itemgetter("score"),
        "Passes": lambda row: PASSES[row["passes"]].label,
    }
    rows = rows_of(results, "factorial")
    return pivot(rows, ("score", "passes"), lead, across, each(study, "auroc", SHARE))


def rival_table(results: Results) -> str:
    """Every score under every kind of noise, in the order of the AUROC among high losses."""
    rows = rows_of(results, "rivals")
    kinds = dict.fromkeys(row["kind"] for row in rows)
    columns: Columns = {
        "Noise": NOISE,
        "Score": lambda row: f"**{rival_name(row)}**" if row["own"] else rival_name(row),
        "AUROC, high loss": each(study, "auroc_high_loss", SHARE),
        "AUROC, all": each(study, "auroc_all", SHARE),
        "AUPRC, all": each(study, "auprc_all", SHARE),
        "Found at budget, %": each(study, "found_at_budget_all"),
    }
    return table((row for kind in kinds for row in sorted_rivals(rows, kind)), columns)


def stream_table(results: Results) -> str:
    """UAR by streams (rows) and input (columns)."""
    return _uar_table(rows_of(results, "streams"), "streams", STREAMS, "input", INPUTS)


def detail_table(results: Results) -> str:
    """UAR by stratum (rows) and choice of the detail clips (columns)."""
    return _uar_table(rows_of(results, "detail"), "over", STRATA, "detail", DETAILS)


def _uar_table(
    rows: list[Row], along: str, names: Mapping[str, str], by: str, looks: Mapping[str, Look]
) -> str:
    across = {look.label.capitalize(): {by: value} for value, look in looks.items()}
    return pivot(rows, (along,), {"UAR, %": _called(along, names)}, across, each(study, "uar"))


def cost_table(results: Results) -> str:
    """AUROC among high losses by score (rows) and number of clips (columns)."""
    rows = rows_of(results, "cost")
    counts = sorted({row["clips"] for row in rows})
    across = {f"{n} clip{'' if n == 1 else 's'}": {"clips": n} for n in counts}
    lead: Columns = {"AUROC, high loss": lambda row: COSTS[row["score"], row["epochs"]].label}
    return pivot(rows, ("score", "epochs"), lead, across, each(study, "auroc", SHARE))


def world_table(results: Results) -> str:
    """UAR of methods, and AUROC of the averaged gap beside the best rival, by world (rows)."""

    def cell(*arguments: Any) -> Callable[[Row], str]:
        return lambda row: study(row, *arguments) if "auroc_gap_mean" in row else NOT_RUN

    columns: Columns = {
        "World": _called("world", WORLDS),
        **{f"UAR, {TITLES[method]}": cell(f"uar_{method}") for method in WORLD_METHODS},
        "AUROC, averaged gap": cell("auroc_gap", SHARE),
        "best rival": cell("auroc_rival", SHARE),
        "which": lambda row: row.get("rival", DASH),
    }
    return table(rows_of(results, "worlds"), columns)


def sensitivity_table(results: Results) -> str:
    """Each value of each setting: UAR, its difference to the usual one, what sweeps know."""
    columns: Columns = {
        "Setting": value_name,
        "UAR, %": each(study, "uar"),
        "Difference, points": lambda row: DASH if row["usual"] else study(row, "delta", POINTS),
        "AUROC of the gap": each(study, "auroc", SHARE),
        "Spread of clips": each(study, "spread", SHARE),
        "Seeds": SEEDS,
    }
    return table(rows_of(results, "sensitivity"), columns)


def tuning_table(results: Results) -> str:
    """UAR of every method's trials on the development pool, the chosen one in bold."""
    methods = (results.get("tuning") or {}).get("methods") or {}

    def trial(k: int) -> Callable[[tuple[str, Row]], str]:
        def cell(item: tuple[str, Row]) -> str:
            uar = percent(item[1]["trials"][k])
            return f"**{uar}**" if k == item[1]["best"] else uar

        return cell

    def chosen(item: tuple[str, Row]) -> str:
        changes = item[1]["changes"].items()
        return ", ".join(f"`{name.partition('.')[2]}` {value}" for name, value in changes)

    most = max((len(entry["trials"]) for entry in methods.values()), default=0)
    columns: Columns = {
        "Method": lambda item: TITLES[item[0]],
        **{f"Trial {k + 1}": trial(k) for k in range(most)},
        "Chosen": chosen,
    }
    return table(methods.items(), columns)

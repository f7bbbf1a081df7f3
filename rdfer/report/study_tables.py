"""Tables of the studies, as Markdown.

A dash stands where a study has no such run by design, :data:`rdfer.report.readout.MISSING` where
it has one and the runs lack it; the text of :func:`rdfer.report.tables.markdown` where nothing was
run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rdfer.report.detection_figures import COSTS, EPOCHS, PASSES, rival_name, sorted_rivals
from rdfer.report.readout import (
    NOT_RUN,
    Results,
    find,
    percent,
    rows_of,
    study_percent,
    study_points,
    study_share,
)
from rdfer.report.sensitivity_figures import value_name
from rdfer.report.study_figures import DETAILS, INPUTS, KINDS, STRATA, STREAMS
from rdfer.report.tables import markdown
from rdfer.settings.variants import METHODS, RIVALS
from rdfer.studies.design import WORLD_METHODS

#: Worlds -> what tables call them.
WORLDS: Mapping[str, str] = {
    "usual": "the benchmark as it is",
    "no blendshapes": "encoder that never saw blendshapes",
    "dfew": "class proportions of DFEW",
    "end to end": "trained end to end, on a small subset",
}


def noise_table(results: Results) -> str:
    """UAR by kind of label noise and method (rows) and rate (columns)."""
    rows = rows_of(results, "noise")
    rates = sorted({row["rate"] for row in rows})
    pairs = dict.fromkeys((row["kind"], row["method"], row["name"]) for row in rows)
    body = [
        [KINDS.get(kind, kind), name]
        + [study_percent(find(rows, kind=kind, method=method, rate=r), "uar") for r in rates]
        for kind, method, name in pairs
    ]
    header = [f"{percent(rate).removesuffix('.0')} % flipped" for rate in rates]
    return markdown(["Noise", "Method", *header], body)


def factorial_table(results: Results) -> str:
    """AUROC by score and passes (rows), averaging and which videos (columns)."""
    rows = rows_of(results, "factorial")
    pairs = dict.fromkeys((row["score"], row["passes"]) for row in rows)
    columns = [(over, epochs) for over in ("high-loss", "all") for epochs in EPOCHS]
    body = [
        [score, PASSES[passes].label]
        + [
            study_share(find(rows, score=score, passes=passes, over=o, epochs=e), "auroc")
            for o, e in columns
        ]
        for score, passes in pairs
    ]
    said = {"high-loss": "high loss", "all": "all"}
    header = [f"{said[over]}, {EPOCHS[epochs]}" for over, epochs in columns]
    return markdown(["Score", "Passes", *(text.capitalize() for text in header)], body)


def rival_table(results: Results) -> str:
    """Every score under every kind of noise, in the order of the AUROC among high losses."""
    rows = rows_of(results, "rivals")
    body = [
        [
            KINDS.get(kind, kind),
            f"**{rival_name(row)}**" if row["own"] else rival_name(row),
            study_share(row, "auroc_high_loss"),
            study_share(row, "auroc_all"),
            study_share(row, "auprc_all"),
            study_percent(row, "found_at_budget_all"),
        ]
        for kind in dict.fromkeys(row["kind"] for row in rows)
        for row in sorted_rivals(rows, kind)
    ]
    header = ["AUROC, high loss", "AUROC, all", "AUPRC, all", "Found at budget, %"]
    return markdown(["Noise", "Score", *header], body)


def stream_table(results: Results) -> str:
    """UAR by streams (rows) and input (columns)."""
    columns = {name: look.label for name, look in INPUTS.items()}
    return _uar_table(rows_of(results, "streams"), "streams", STREAMS, "input", columns)


def detail_table(results: Results) -> str:
    """UAR by stratum (rows) and choice of the detail clips (columns)."""
    columns = {name: look.label for name, look in DETAILS.items()}
    return _uar_table(rows_of(results, "detail"), "over", STRATA, "detail", columns)


def _uar_table(
    rows: Sequence[Mapping[str, Any]],
    along: str,
    titles: Mapping[str, str],
    by: str,
    columns: Mapping[str, str],
) -> str:
    body = [
        [titles.get(group, group)]
        + [study_percent(find(rows, **{along: group, by: series}), "uar") for series in columns]
        for group in dict.fromkeys(row[along] for row in rows)
    ]
    return markdown(["UAR, %", *(text.capitalize() for text in columns.values())], body)


def cost_table(results: Results) -> str:
    """AUROC among high losses by score (rows) and number of clips (columns)."""
    rows = rows_of(results, "cost")
    clips = sorted({row["clips"] for row in rows})
    body = [
        [COSTS[score, epochs].label]
        + [study_share(find(rows, score=score, epochs=epochs, clips=n), "auroc") for n in clips]
        for score, epochs in dict.fromkeys((row["score"], row["epochs"]) for row in rows)
    ]
    header = [f"{n} clip{'' if n == 1 else 's'}" for n in clips]
    return markdown(["AUROC, high loss", *header], body)


def world_table(results: Results) -> str:
    """UAR of methods, and AUROC of the averaged gap beside the best rival, by world (rows)."""
    rows = rows_of(results, "worlds")
    titles = {name: v.title for name, v in {**METHODS, **RIVALS}.items()}
    body = []
    for row in rows:
        cells = [NOT_RUN] * (len(WORLD_METHODS) + 2) + ["–"]
        if "auroc_gap_mean" in row:
            cells = [study_percent(row, f"uar_{method}") for method in WORLD_METHODS]
            cells += [study_share(row, f"auroc_{score}") for score in ("gap", "rival")]
            cells += [row.get("rival", "–")]
        body.append([WORLDS.get(row["world"], row["world"]), *cells])
    trained = [f"UAR, {titles[method]}" for method in WORLD_METHODS]
    return markdown(["World", *trained, "AUROC, averaged gap", "best rival", "which"], body)


def sensitivity_table(results: Results) -> str:
    """Each value of each setting: UAR, its difference to the usual one, what sweeps know."""
    body = [
        [
            value_name(row),
            study_percent(row, "uar"),
            "–" if row["usual"] else study_points(row, "delta"),
            study_share(row, "auroc"),
            study_share(row, "spread"),
            str(row["n_seeds"]),
        ]
        for row in rows_of(results, "sensitivity")
    ]
    header = [
        "Setting",
        "UAR, %",
        "Difference, points",
        "AUROC of the gap",
        "Spread of clips",
        "Seeds",
    ]
    return markdown(header, body)


def tuning_table(results: Results) -> str:
    """UAR of every method's trials on the development pool, the chosen one in bold."""
    tuning = results.get("tuning")
    if tuning is None:
        return markdown(["Method", "Chosen"], [])
    titles = {name: v.title for name, v in {**METHODS, **RIVALS}.items()}
    body = []
    for name, entry in tuning["methods"].items():
        trials = [percent(uar) for uar in entry["trials"]]
        trials[entry["best"]] = f"**{trials[entry['best']]}**"
        chosen = ", ".join(
            f"`{key.partition('.')[2]}` {value}" for key, value in entry["changes"].items()
        )
        body.append([titles[name], *trials, chosen])
    numbers = [f"Trial {k + 1}" for k in range(max(len(row) for row in body) - 2)]
    return markdown(["Method", *numbers, "Chosen"], body)

"""Results -> tables of the book, as Markdown.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns a table, or
the text :data:`rdfer.report.readout.NOT_RUN` where the result is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rdfer.report.readout import (
    CEILING,
    MISSING,
    NOT_RUN,
    Results,
    auroc,
    balanced,
    ceiling,
    class_names,
    duration,
    find,
    method_names,
    percent,
    rivals,
    rows_of,
    score_name,
    score_order,
    verdict,
    with_interval,
)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, columns of numbers right aligned; no rows -> not run."""
    body = [list(row) for row in rows]
    if not body:
        return f"*{NOT_RUN}*\n"
    rule = ["--:" if all(map(_is_number, column)) else ":--" for column in zip(*body, strict=True)]
    lines = ("| " + " | ".join(row) + " |" for row in (header, rule, *body))
    return "\n".join(lines) + "\n"


def _is_number(cell: str) -> bool:
    return cell in (NOT_RUN, MISSING) or cell.lstrip("+\N{MINUS SIGN}")[:1].isdigit() or cell == "–"


def main_table(results: Results) -> str:
    """One row a method: UAR and WAR with intervals, seeds, cost; the ceiling comes last."""
    top = ceiling(results)
    body = [
        [
            f"*Ceiling: {row['name']}*" if row is top else row["name"],
            with_interval(row["uar_mean"], row.get("uar_low"), row.get("uar_high")),
            with_interval(row["war_mean"], row.get("war_low"), row.get("war_high")),
            str(row["n_seeds"]),
            _count(row.get("forward_passes")),
        ]
        for row in [*rivals(results), *([] if top is None else [top])]
    ]
    header = ["Method", "UAR, %", "WAR, %", "Seeds", "Forward passes"]
    return markdown(header, body)


def brief_table(results: Results) -> str:
    """The cover's table: method and UAR only, without the ceiling."""
    body = [[row["name"], percent(row["uar_mean"])] for row in rivals(results)]
    return markdown(["Method", "UAR, %"], body)


def difference_table(results: Results) -> str:
    """Paired differences with their intervals, and whether these exclude zero.

    In UAR alone where the test part is balanced; else in WAR as well, which the row says.
    """
    names = method_names(results)
    scores = ("uar",) if balanced(results) else ("uar", "war")
    body = [
        [
            f"{names.get(row['a'], row['a'])} − {names.get(row['b'], row['b'])}"
            + ("" if len(scores) == 1 else f", {row['metric'].upper()}"),
            with_interval(row["mean"], row.get("low"), row.get("high"), signed=True),
            str(row["n_seeds"]),
            verdict(row.get("low"), row.get("high")),
        ]
        for row in rows_of(results, "main", "differences")
        if row["metric"] in scores
    ]
    points = "Points of UAR [95 %]" if len(scores) == 1 else "Points [95 %]"
    return markdown(["Difference", points, "Seeds", "Reading"], body)


def difficulty_table(results: Results) -> str:
    """UAR apart for easy and for hard test videos."""
    body = [
        [row["name"]]
        + [
            with_interval(*(row.get(f"uar_{kind}_{end}") for end in ("mean", "low", "high")))
            for kind in ("easy", "hard")
        ]
        for row in rows_of(results, "main")
        if "uar_hard_mean" in row
    ]
    return markdown(["UAR, %", "Easy videos", "Hard videos"], body)


def per_class_table(results: Results) -> str:
    """Recall per class (rows) and method (columns), without the ceiling."""
    names = method_names(results)
    recalls: Mapping[str, Mapping[str, float]] = (results.get("main") or {}).get("per_class") or {}
    methods = [method for method in names if method in recalls and method != CEILING]
    body = [[c, *(percent(recalls[m].get(c)) for m in methods)] for c in class_names(results)]
    return markdown(["Recall, %", *(names[m] for m in methods)], body if methods else [])


def agreement_table(results: Results) -> str:
    """Detection of noisy labels: AUROC of every score, over all and among the high losses."""
    rows = rows_of(results, "agreement", "scores")
    body = []
    for score in score_order(rows):
        cells = (find(rows, score=score, over=over) for over in ("all", "high-loss"))
        body.append([score_name(results, score), *(auroc(cell) for cell in cells)])
    return markdown(["Score", "Noisy against all", "Noisy against hard, high loss"], body)


def ablation_table(results: Results) -> str:
    """Every variant: what was changed, UAR, and the paired difference to the full method."""
    body = [
        [
            row["name"],
            row.get("part", ""),
            with_interval(row["uar_mean"], row.get("uar_low"), row.get("uar_high")),
            with_interval(
                row.get("delta_mean"), row.get("delta_low"), row.get("delta_high"), signed=True
            )
            if row.get("delta_mean") is not None
            else "–",
            str(row["n_seeds"]),
        ]
        for row in rows_of(results, "ablation")
    ]
    return markdown(["Variant", "Part", "UAR, %", "Difference, points", "Seeds"], body)


def key_table(results: Results) -> str:
    """How often re-sampling finds the key segment, beside places spread evenly."""
    body = [
        [
            row["stratum"],
            percent(row["hit_rate"]),
            percent(row.get("chance")),
            _two(row.get("tiou")),
        ]
        for row in rows_of(results, "key")
    ]
    return markdown(["Videos", "Hit rate, %", "Spread evenly, %", "Temporal IoU"], body)


def meta_table(results: Results) -> str:
    """How the numbers came about: preset, seeds, machine, time."""
    meta = results.get("meta")
    if meta is None:
        return markdown(["", ""], [])
    machine, noise = meta["machine"], meta.get("noise") or {}
    rate = percent(noise.get("rate")).removesuffix(".0")
    facts = {
        "Preset": f"`{meta['preset']}`",
        "Pool": str(meta.get("pool", NOT_RUN)),
        "Label noise": f"{noise.get('kind', '?')}, {rate} %",
        "Seeds": ", ".join(str(seed) for seed in meta["seeds"]),
        "Date": str(meta["date"])[:10],
        "Version": str(meta["version"]),
        "Settings": f"`{str(meta['settings_hash'])[:12]}`",
        "Machine": f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, "
        f"{machine.get('gpu') or 'no GPU'}",
        "Training time, all runs": duration(meta["wall_s"]),
    }
    return markdown(["Run", ""], [[key, value] for key, value in facts.items()])


def _count(value: Any) -> str:
    return NOT_RUN if value is None else f"{int(value):,}".replace(",", "\N{THIN SPACE}")


def _two(value: Any) -> str:
    return NOT_RUN if value is None else f"{value:.2f}"

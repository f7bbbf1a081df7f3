"""The writer of every table, and the tables of the main comparison, the scores and the ablation.

A table is a list of rows and, for each of its columns, a title and what a row says there. Functions
that take the results (:func:`rdfer.report.readout.load_results`) return Markdown: a table, or the
text :data:`rdfer.report.readout.NOT_RUN` where the result is missing. Notebooks show it with
``IPython.display.Markdown``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import pandas as pd

from rdfer.data.manifest import Manifest
from rdfer.report.readout import (
    CEILING,
    DASH,
    MISSING,
    NOT_RUN,
    POINTS,
    RANK,
    SHARE,
    Results,
    Row,
    balanced,
    ceiling,
    class_names,
    duration,
    find,
    interval,
    method_names,
    number,
    percent,
    rivals,
    round_percent,
    rows_of,
    score_name,
    score_order,
    verdict,
)
from rdfer.studies.suspicion import SELECTIONS

Columns: TypeAlias = Mapping[str, Callable[[Any], Any]]
"""Title of a column to what a row says there."""

NAME, SEEDS = itemgetter("name"), itemgetter("n_seeds")


def markdown(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table, columns of numbers right aligned; no rows -> not run."""
    body = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    if not body:
        return f"*{NOT_RUN}*\n"
    rule = ["--:" if all(map(_is_number, column)) else ":--" for column in zip(*body, strict=True)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *body)) + "\n"


def _is_number(cell: str) -> bool:
    return cell in (NOT_RUN, MISSING, DASH) or cell.lstrip("+\N{MINUS SIGN}")[:1].isdigit()


def table(rows: Iterable[Any], columns: Columns) -> str:
    """One line a row, in these columns."""
    return markdown([*columns], ([cell(row) for cell in columns.values()] for row in rows))


def pivot(
    rows: Sequence[Row],
    by: Sequence[str],
    lead: Columns,
    across: Mapping[str, Row],
    cell: Callable[[Any], str],
) -> str:
    """One line for all rows that are alike in some keys, and a column for each way they differ.

    Args:
        rows: of a result.
        by: keys whose values make a line.
        lead: columns that say which line it is.
        across: title of each further column to the values that its row has.
        cell: what is told of that row, or of None where there is none.
    """
    firsts: dict[Any, Row] = {}
    for row in rows:
        firsts.setdefault(tuple(row[key] for key in by), row)

    def column(wanted: Row) -> Callable[[Row], str]:
        return lambda first: cell(find(rows, **{key: first[key] for key in by}, **wanted))

    return table(firsts.values(), {**lead, **{title: column(w) for title, w in across.items()}})


def each(shown: Callable[..., str], *arguments: Any) -> Callable[[Any], str]:
    """What a function of the readout shows of a row: ``each(interval, "uar")``."""
    return lambda row: shown(row, *arguments)


def main_table(results: Results) -> str:
    """One row a method: UAR and WAR with intervals, seeds, cost; the ceiling comes last."""
    top = [row for row in [ceiling(results)] if row]
    columns: Columns = {
        "Method": lambda row: f"*Ceiling: {NAME(row)}*" if row in top else NAME(row),
        "UAR, %": each(interval, "uar"),
        "WAR, %": each(interval, "war"),
        "Seeds": SEEDS,
        "Forward passes": lambda row: _count(row.get("forward_passes")),
    }
    return table([*rivals(results), *top], columns)


def _count(value: Any) -> str:
    return NOT_RUN if value is None else f"{int(value):,}".replace(",", "\N{THIN SPACE}")


def brief_table(results: Results) -> str:
    """The cover's table: method and UAR only, without the ceiling."""
    return table(rivals(results), {"Method": NAME, "UAR, %": lambda row: percent(row["uar_mean"])})


def difference_table(results: Results) -> str:
    """Paired differences with their intervals, and whether these exclude zero.

    In UAR alone where the test part is balanced; else in WAR as well, which the row says.
    """
    names, alone = method_names(results), balanced(results)

    def title(row: Row) -> str:
        pair = " − ".join(names.get(row[side], str(row[side])) for side in "ab")
        return pair if alone else f"{pair}, {row['metric'].upper()}"

    rows = rows_of(results, "main", "differences")
    return table(
        [row for row in rows if row["metric"] == "uar" or not alone],
        {
            "Difference": title,
            "Points of UAR [95 %]" if alone else "Points [95 %]": each(interval, "", POINTS),
            "Seeds": SEEDS,
            "Reading": lambda row: verdict(row.get("low"), row.get("high")),
        },
    )


def difficulty_table(results: Results) -> str:
    """UAR apart for easy and for hard test videos."""
    rows = [row for row in rows_of(results, "main") if "uar_hard_mean" in row]
    columns: Columns = {
        "UAR, %": NAME,
        "Easy videos": each(interval, "uar_easy"),
        "Hard videos": each(interval, "uar_hard"),
    }
    return table(rows, columns)


def per_class_table(results: Results) -> str:
    """Recall per class (rows) and method (columns), without the ceiling."""
    names = method_names(results)
    recalls: Mapping[str, Row] = (results.get("main") or {}).get("per_class") or {}
    methods = [method for method in names if method in recalls and method != CEILING]
    body = [[c, *(percent(recalls[m].get(c)) for m in methods)] for c in class_names(results)]
    return markdown(["Recall, %", *(names[m] for m in methods)], body if methods else [])


def fold_table(results: Results) -> str:
    """One row a method: UAR / WAR of each fold, their mean, and the value of all videos pooled."""
    folds = (results.get("main") or {}).get("folds") or []

    def pair(uar: float, war: float) -> str:
        return f"{percent(uar)} / {percent(war)}"

    body = [
        [
            row["name"],
            *map(pair, row["uar_by_fold"], row["war_by_fold"]),
            *(pair(row[f"uar_{end}"], row[f"war_{end}"]) for end in ("mean", "pooled")),
        ]
        for row in rows_of(results, "main")
        if "uar_by_fold" in row
    ]
    return markdown(
        ["UAR / WAR, %", *(f"Fold {k}" for k in folds), "Mean over folds", "Pooled"], body
    )


def agreement_table(results: Results) -> str:
    """Detection of noisy labels: AUROC of every score, over all and among the high losses.

    The high losses are those of one clip, which the scores use too or which they leave out.
    """
    rows = rows_of(results, "agreement", "scores")

    def auroc(over: str) -> Callable[[str], str]:
        return lambda score: interval(find(rows, score=score, over=over), "auroc", SHARE)

    columns: Columns = {
        "Score": lambda score: score_name(results, score),
        **{f"Noisy against {said}": auroc(over) for over, said in SELECTIONS.items()},
    }
    return table(score_order(rows), columns)


def quality_table(results: Results) -> str:
    """Scores of videos beside the agreement of annotators."""

    def cell(name: str) -> Callable[[Row], str]:
        return lambda row: interval({**row, f"{name}_mean": row[name]}, name, RANK, DASH)

    columns: Columns = {
        "Score": NAME,
        "Spearman with annotators": cell("spearman"),
        "AUROC, low consensus": cell("auroc"),
        "Videos": itemgetter("n"),
        "Low consensus": itemgetter("low_consensus"),
    }
    return table(rows_of(results, "labels", "quality"), columns)


def ablation_table(results: Results) -> str:
    """Every variant: what was changed, UAR, and the paired difference to the full method."""
    columns: Columns = {
        "Variant": NAME,
        "Part": lambda row: row.get("part", ""),
        "UAR, %": each(interval, "uar"),
        "Difference, points": each(interval, "delta", POINTS, DASH),
        "Seeds": SEEDS,
    }
    return table(rows_of(results, "ablation"), columns)


def key_table(results: Results) -> str:
    """How often re-sampling finds the key segment, beside places spread evenly."""
    columns: Columns = {
        "Videos": itemgetter("stratum"),
        "Hit rate, %": lambda row: percent(row["hit_rate"]),
        "Spread evenly, %": lambda row: percent(row.get("chance")),
        "Temporal IoU": lambda row: number(row.get("tiou"), RANK),
    }
    return table(rows_of(results, "key"), columns)


def meta_table(results: Results) -> str:
    """How the numbers came about: preset, seeds, machine, time."""
    meta = results.get("meta")
    if meta is None:
        return markdown(["Run", ""], [])
    machine, noise = meta["machine"], meta.get("noise") or {}
    facts = {
        "Preset": f"`{meta['preset']}`",
        "Pool": meta.get("pool", NOT_RUN),
        "Label noise": f"{noise.get('kind', '?')}, {round_percent(noise.get('rate'))} %",
        "Seeds": ", ".join(map(str, meta["seeds"])),
        "Date": str(meta["date"])[:10],
        "Version": meta["version"],
        "Settings": f"`{str(meta['settings_hash'])[:12]}`",
        "Machine": f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, "
        f"{machine.get('gpu') or 'no GPU'}",
        "Training time, all runs": duration(meta["wall_s"]),
    }
    return markdown(["Run", ""], facts.items())


def count_table(of_fold: Mapping[int, Manifest]) -> pd.DataFrame:
    """Videos by fold and part (rows) and class (columns), and how many of them cannot be read."""
    rows = {}
    for fold, manifest in of_fold.items():
        for split in ("train", "val", "test"):
            part = [video for video in manifest.videos if video.split == split]
            counts = {name: sum(v.given == name for v in part) for name in manifest.classes}
            lost = sum(video.n_frames == 0 for video in part)
            rows[fold, split] = {"videos": len(part), **counts, "unreadable": lost}
    return pd.DataFrame(rows).T.rename_axis(["fold", "part"])

"""The writer of every table, and the tables of the run and of its videos.

A table is a list of rows and, for each of its columns, a title and what a row says there. Functions
that take the results (:func:`rdfer.report.readout.load_results`) return Markdown: a table, or the
text :data:`rdfer.report.readout.NOT_RUN` where the result is missing. In a study's table a dash
stands where the study is not meant to have a row, :data:`rdfer.report.readout.MISSING` where it is
and the runs lack it. Notebooks show a table with ``IPython.display.Markdown``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from rdfer.data.manifest import Manifest
from rdfer.report.readout import DASH, MISSING, NOT_RUN, Results, Row, duration, find, round_percent

Columns: TypeAlias = Mapping[str, str | Callable[[Any], Any]]
"""Title of a column to what a row says there, or to the key of that."""


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
    cells = columns.values()
    return markdown(
        [*columns], ([row[c] if isinstance(c, str) else c(row) for c in cells] for row in rows)
    )


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


def called(key: str, names: Mapping[str, str]) -> Callable[[Row], str]:
    """What a row's value is called, itself where it has no name."""
    return lambda row: names.get(row[key], row[key])


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

"""Figures of the studies that score test videos: kinds of noise, streams, detail clips.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows. A row that lacks runs is drawn as missing, never left out
silently.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rdfer.report.drawing import (
    SOFT,
    Drawn,
    Look,
    draw_series,
    error_bars,
    label_rows,
    method_style,
    shifts,
    subplots,
)
from rdfer.report.readout import MISSING, Results, find, is_missing, percent, rows_of
from rdfer.studies.design import EVERY_SEED

Rows = Sequence[Mapping[str, Any]]

RIVAL_LOOKS = (("<", ":"), ("x", "-."), (">", "--"), ("+", "-"), ("d", ":"), ("*", "--"))
STREAMS: Mapping[str, str] = {
    "both": "both streams",
    "long": "long-term alone",
    "short": "short-term alone",
}
INPUTS: Mapping[str, Look] = {
    "intact": Look("intact", "#222222", "o"),
    "frames shuffled": Look("frames shuffled", "#D55E00", "s"),
    "clips shuffled": Look("clips shuffled", "#0072B2", "^"),
    "frozen": Look("frozen", "#009E73", "D"),
}
DETAILS: Mapping[str, Look] = {
    "resampled": Look("re-sampled", "#0072B2", "o"),
    "even": Look("even", "#767676", "D"),
    "random": Look("random", "#D55E00", "s"),
}
KINDS: Mapping[str, str] = {"instance": "instance-dependent"}
STRATA: Mapping[str, str] = {"test": "all test videos"}


def noise(results: Results) -> Drawn:
    """UAR against the rate of label noise, one panel a kind: four methods strong, rivals thin."""
    rows = rows_of(results, "noise")
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    names = {row["method"]: row["name"] for row in rows}
    figure, axes = subplots(
        len(kinds), 1, height=1.0 + 2.7 * len(kinds), sharex=True, squeeze=False
    )
    looks = _method_looks(names)
    said = []
    for axis, kind in zip(axes.flat, kinds, strict=True):
        here = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["rate"])
        # rivals first, so that they lie below
        for method in sorted(names, key=lambda name: name in EVERY_SEED):
            points = [row for row in here if row["method"] == method]
            _curve(axis, points, looks[method], strong=method in EVERY_SEED)
        axis.set(title=f"{KINDS.get(kind, kind)} noise", ylabel="UAR on the test videos, %")
        lacking = sum(is_missing(row, "uar") for row in here)
        if lacking:
            note = f"{lacking} of {len(here)} marks missing"
            axis.set_title(note, loc="right", fontsize=9, color=SOFT)
        said.append(_said(here, kind))
    handles = {look.label: handle for look, handle in _handles(axes.flat[0], looks, names)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=3, fontsize=9.5)
    axes.flat[-1].set_xlabel("flipped training labels, %")
    return figure, f"UAR against the rate of label noise. {' '.join(said)}"


def _method_looks(names: Mapping[str, str]) -> dict[str, Look]:
    """The methods of every seed have colours; rivals are grey, with markers and lines that differ.

    Raises:
        ValueError: more rivals than :data:`RIVAL_LOOKS`.
    """
    rivals = [method for method in names if method not in EVERY_SEED]
    grey = dict(zip(rivals, RIVAL_LOOKS[: len(rivals)], strict=True))
    return {
        method: Look(name, SOFT, *grey[method])
        if method in grey
        else Look(name, *method_style(method))
        for method, name in names.items()
    }


def _curve(axis: Axes, points: Rows, look: Look, *, strong: bool) -> None:
    """A line over the rates, broken where a row is missing; intervals only where it is strong."""
    shown = [np.nan if is_missing(row, "uar") else 100 * row["uar_mean"] for row in points]
    bars = [[[0.0], [0.0]] if is_missing(row, "uar") else error_bars(row, "uar") for row in points]
    axis.errorbar(
        [100 * row["rate"] for row in points],
        shown,
        yerr=np.hstack(bars) if strong and points else None,
        color=look.colour,
        marker=look.marker,
        ls=look.line,
        lw=2.0 if strong else 0.9,
        ms=7 if strong else 5,
        mfc=look.colour if strong else "white",
        elinewidth=1.2,
        capsize=3,
        zorder=3 if strong else 2,
        label=look.label,
    )


def _handles(axis: Axes, looks: Mapping[str, Look], names: Mapping[str, str]) -> list[Any]:
    """Legend entries with the strong methods first."""
    handles, labels = axis.get_legend_handles_labels()
    drawn = dict(zip(labels, handles, strict=True))
    order = sorted(names, key=lambda name: name not in EVERY_SEED)
    return [(looks[method], drawn[names[method]]) for method in order]


def _said(here: Rows, kind: str) -> str:
    """The scores of the methods of every seed at the highest rate of a kind."""
    highest = max(row["rate"] for row in here)
    scores = "; ".join(
        f"{row['name']} {_score(row)}"
        for row in here
        if row["rate"] == highest and row["method"] in EVERY_SEED
    )
    rate = percent(highest).removesuffix(".0")
    return f"At {rate} % {KINDS.get(kind, kind)} noise: {scores}."


def _score(row: Mapping[str, Any]) -> str:
    return MISSING if is_missing(row, "uar") else f"{percent(row['uar_mean'])} %"


def streams(results: Results) -> Drawn:
    """UAR of both streams and of each alone, by what is left of the course in time."""
    rows = rows_of(results, "streams")
    groups = list(dict.fromkeys(row["streams"] for row in rows))
    return _grouped(rows, "streams", groups, [STREAMS.get(g, g) for g in groups], "input", INPUTS)


def detail(results: Results) -> Drawn:
    """UAR by stratum of the test videos, for each way to choose the detail clips."""
    rows = rows_of(results, "detail")
    groups = list(dict.fromkeys(row["over"] for row in rows))
    return _grouped(rows, "over", groups, [STRATA.get(g, g) for g in groups], "detail", DETAILS)


def _grouped(
    rows: Rows,
    along: str,
    groups: Sequence[str],
    titles: Sequence[str],
    by: str,
    looks: Mapping[str, Look],
) -> Drawn:
    """A row of marks a group, with a mark a series in it."""
    figure, axis = subplots(1, 1, height=1.2 + 0.17 * (len(looks) + 1) * len(groups))
    for shift, (series, look) in zip(shifts(len(looks)), looks.items(), strict=True):
        found = [find(rows, **{along: group, by: series}) for group in groups]
        draw_series(axis, found, "uar", look, shift=shift)
    label_rows(axis, titles)
    for border in range(1, len(groups)):
        axis.axhline(border - 0.5, color=SOFT, lw=0.5)
    axis.set_xlabel("UAR, % (mean and 95 % interval over seeds)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper left", ncols=4)
    said = "; ".join(
        f"{title}: "
        + ", ".join(
            f"{looks[row[by]].label} {_score(row)}"
            for row in rows
            if row[along] == group and row[by] in looks
        )
        for group, title in zip(groups, titles, strict=True)
    )
    return figure, f"UAR with 95 % intervals. {said}."

"""Figures of how well scores find wrong labels: the factorial, the rivals, the number of clips.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows. A row that lacks runs is drawn as missing, never left out
silently.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from rdfer.report.drawing import (
    INK,
    OTHER_STYLE,
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
from rdfer.report.readout import MISSING, Results, find, is_missing, rows_of
from rdfer.report.study_figures import KINDS

Rows = Sequence[Mapping[str, Any]]

PASSES: Mapping[str, Look] = {
    "clips": Look("clips", "#0072B2", "o"),
    "augmentations": Look("augmentations", "#D55E00", "s"),
    "dropout": Look("dropout", "#009E73", "^"),
}
EPOCHS: Mapping[str, str] = {"last": "last sweep", "mean": "mean over sweeps"}
#: Scores of the factorial that see no label, said beside their names.
UNLABELLED = frozenset({"agreement", "JSD", "margin"})
#: Score and averaging of the cost study.
COSTS: Mapping[tuple[str, str], Look] = {
    ("gap", "mean"): Look("gap, mean over sweeps", *method_style("ours")),
    ("gap", "last"): Look("gap, last sweep", *OTHER_STYLE, "--"),
    ("wrong vote", "last"): Look("wrong vote, last sweep", *method_style("vote"), ":"),
}
#: The two own scores are written with the method that they belong to.
OWN: Mapping[str, str] = {
    "wrong vote": "wrong vote, RDFER (vote)",
    "gap": "averaged gap",
}
HIGH_LOSS = "AUROC, noisy against hard among high losses"


def factorial(results: Results) -> Drawn:
    """What the clips add: AUROC by score, passes and averaging among videos of high loss."""
    rows = [row for row in rows_of(results, "factorial") if row["over"] == "high-loss"]
    scores = list(dict.fromkeys(row["score"] for row in rows))
    figure, axes = subplots(1, 2, height=1.4 + 0.62 * len(scores), sharey=True, sharex=True)
    for axis, (epochs, title) in zip(axes, EPOCHS.items(), strict=True):
        for shift, (passes, look) in zip(shifts(len(PASSES)), PASSES.items(), strict=True):
            found = [find(rows, score=s, passes=passes, epochs=epochs) for s in scores]
            draw_series(axis, found, "auroc", look, shift=shift, scale=1)
        axis.axvline(0.5, color=SOFT, ls=":", lw=1.3)
        for border in range(1, len(scores)):
            axis.axhline(border - 0.5, color=SOFT, lw=0.5)
        axis.set_title(title)
    labels = [f"{score}\n(no label)" if score in UNLABELLED else score for score in scores]
    label_rows(axes[0], labels)
    axes[1].grid(False, axis="y")
    figure.supxlabel(f"{HIGH_LOSS} (dotted: chance)", fontsize=10.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    said = "; ".join(
        f"{score}, {title}: "
        + ", ".join(
            f"{look.label} {_two(find(rows, score=score, passes=passes, epochs=epochs))}"
            for passes, look in PASSES.items()
        )
        for score in scores
        for epochs, title in EPOCHS.items()
    )
    return figure, f"{HIGH_LOSS}. {said}."


def rivals(results: Results) -> Drawn:
    """AUROC among high losses of every score under the first kind of noise, the best one on top."""
    rows = rows_of(results, "rivals")
    kind = rows[0]["kind"] if rows else ""
    shown = sorted_rivals(rows, kind)
    figure, axis = subplots(1, 1, height=1.3 + 0.38 * len(shown))
    groups = (
        (False, Look("rival", SOFT, "o")),
        (True, Look("score of agreement", method_style("ours")[0], "^")),
    )
    for own, look in groups:
        found = [row if bool(row["own"]) is own else None for row in shown]
        draw_series(axis, found, "auroc_high_loss", look, scale=1)
    axis.axvline(0.5, color=SOFT, ls=":", lw=1.3)
    label_rows(axis, [textwrap.fill(rival_name(row), 28) for row in shown])
    for text, row in zip(axis.get_yticklabels(), shown, strict=True):
        text.set(color=method_style("ours")[0] if row["own"] else INK, linespacing=1.0)
    axis.set_xlabel(f"{HIGH_LOSS}\n(dotted: chance)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    said = "; ".join(f"{rival_name(row)} {_two(row, 'auroc_high_loss')}" for row in shown)
    return figure, f"{HIGH_LOSS}, {KINDS.get(kind, kind)} noise: {said}."


def sorted_rivals(rows: Rows, kind: str) -> list[Mapping[str, Any]]:
    """The rows of a kind of noise by AUROC among high losses, the highest first, missing last."""
    here = [row for row in rows if row["kind"] == kind]
    return sorted(here, key=lambda row: -(row["auroc_high_loss_mean"] or 0.0))


def rival_name(row: Mapping[str, Any]) -> str:
    """Name of a score; the own ones with their method."""
    return OWN[row["score"]] if row["own"] else str(row["score"])


def cost(results: Results) -> Drawn:
    """AUROC among high losses against the number of clips."""
    rows = rows_of(results, "cost")
    clips = sorted({row["clips"] for row in rows})
    figure, axis = subplots(1, 1, height=3.6)
    missing = []
    for shift, ((score, epochs), look) in zip(shifts(3, room=0.08), COSTS.items(), strict=True):
        points = [row for n in clips if (row := find(rows, score=score, epochs=epochs, clips=n))]
        _cost_curve(axis, points, look, shift)
        missing += [f"{look.label}, {r['clips']} clips" for r in points if is_missing(r, "auroc")]
    axis.axhline(0.5, color=SOFT, ls=":", lw=1.3, label="chance")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator(clips))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="clips a sweep", ylabel="AUROC among high losses")
    if missing:
        axis.set_title(f"missing: {', '.join(missing)}", loc="right", fontsize=9, color=SOFT)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    said = "; ".join(
        f"{COSTS[row['score'], row['epochs']].label}, {row['clips']}: {_two(row)}" for row in rows
    )
    return figure, f"{HIGH_LOSS}, by the number of clips. {said}."


def _cost_curve(axis: Axes, points: Rows, look: Look, shift: float) -> None:
    """A line over the numbers of clips, broken where a row is missing."""
    shown = [np.nan if is_missing(r, "auroc") else r["auroc_mean"] for r in points]
    none = [[0.0], [0.0]]
    bars = [none if is_missing(r, "auroc") else error_bars(r, "auroc", scale=1) for r in points]
    axis.errorbar(
        [r["clips"] * 2**shift for r in points],
        shown,
        yerr=np.hstack(bars) if points else None,
        color=look.colour,
        marker=look.marker,
        ls=look.line,
        capsize=3,
        label=look.label,
    )


def _two(row: Mapping[str, Any] | None, name: str = "auroc") -> str:
    if row is None or is_missing(row, name):
        return MISSING
    return f"{row[f'{name}_mean']:.2f}"

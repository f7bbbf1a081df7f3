"""Figures of how well scores find wrong labels: by sample, sweep, rival and cost.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter

from rdfer.report.drawing import (
    BLUE,
    DOTTED,
    GREEN,
    INK,
    KIND_STYLE,
    ORANGE,
    SOFT,
    Drawn,
    Look,
    Rows,
    draw_curve,
    draw_groups,
    draw_line,
    draw_marks,
    label_rows,
    legend_above,
    method_look,
    shifts,
    subplots,
)
from rdfer.report.readout import (
    MISSING,
    RANK,
    Results,
    find,
    is_missing,
    number,
    rows_of,
    score_name,
    score_order,
)
from rdfer.report.score_figures import KINDS
from rdfer.studies.suspicion import LABEL_FREE, SELECTIONS

#: What a histogram's axis is called where the score's name would say something else.
AXIS_NAMES = {
    "vote": "agreement A of the votes, last sweep",
    "gap-averaged": "signed gap, mean over sweeps (above 0: against the label)",
}
#: Scores on two short lines, so that the text is large enough on a phone.
SHORT_NAMES = {
    "vote": "wrong vote,\nlast sweep",
    "gap": "gap,\nlast sweep",
    "gap-averaged": "gap,\nall sweeps",
    "loss-one-clip": "loss,\none clip",
    "loss": "loss,\nlast sweep",
    "loss-averaged": "loss,\nall sweeps",
    "scatter": "split vote",
    "jsd": "Jensen–\nShannon",
    "margin": "small\nmargin",
}
#: Colour and mark of the videos that a score is judged on.
SELECTION_MARKS: Mapping[str, tuple[str, str]] = {
    "all": (BLUE, "o"),
    "high-loss": (ORANGE, "s"),
    "high-loss-apart": (GREEN, "^"),
}
PASSES: Mapping[str, Look] = {
    "clips": Look("clips", BLUE, "o"),
    "augmentations": Look("augmentations", ORANGE, "s"),
    "dropout": Look("dropout", GREEN, "^"),
}
EPOCHS: Mapping[str, str] = {"last": "last sweep", "mean": "mean over sweeps"}
#: Scores of the factorial that see no label, said beside their names.
UNLABELLED = frozenset({"agreement", "JSD", "margin"})
#: Score and averaging of the cost study.
COSTS: Mapping[tuple[str, str], Look] = {
    ("gap", "mean"): Look("gap, mean over sweeps", BLUE, "^"),
    ("gap", "last"): Look("gap, last sweep", GREEN, "v", "--"),
    ("wrong vote", "last"): Look("wrong vote, last sweep", ORANGE, "s", ":"),
}
#: The two own scores are written with the method that they belong to.
OWN: Mapping[str, str] = {"wrong vote": "wrong vote, RDFER (vote)", "gap": "averaged gap"}
HIGH_LOSS = "AUROC, noisy against hard among high losses"


def agreement_histogram(results: Results) -> Drawn:
    """For every score, how clean, hard and noisy samples spread over it."""
    stored = results["agreement"]["histogram"]
    order = score_order(rows_of(results, "agreement", "scores"))
    shown = {
        score: AXIS_NAMES.get(score) or score_name(results, score)
        for score in sorted(stored, key=[*order, *stored].index)
    }
    figure, axes = subplots(len(shown), 1, height=0.9 + 1.9 * len(shown), squeeze=False)
    for axis, (score, name) in zip(axes.flat, shown.items(), strict=True):
        for kind, (colour, line) in KIND_STYLE.items():
            counts = np.asarray(stored[score].get(kind, []), float)
            if counts.sum():
                look = {
                    "color": colour,
                    "lw": 2,
                    "ls": line,
                    "label": f"{kind} ({counts.sum():.0f})",
                }
                axis.stairs(100 * counts / counts.sum(), stored[score]["edges"], **look)
        axis.set(xlabel=name, ylabel="% of the kind")
    # the same videos in every panel, so one legend serves them all
    legend_above(figure, axes.flat[0])
    scores = ", ".join(shown.values())
    return figure, f"Histograms of clean, hard and noisy training samples over: {scores}."


def agreement_auroc(results: Results) -> Drawn:
    """AUROC of every score for noisy labels: over all samples, and where the loss is high.

    The high losses are those of one clip, which the scores use too or which they leave out.
    Scores that do not look at the label are a group of their own, below the others.
    """
    rows = [r for r in rows_of(results, "agreement", "scores") if r.get("auroc_mean") is not None]
    names = score_order(rows_of(results, "agreement", "scores"))
    known = [score for score in names if score not in LABEL_FREE]
    free = [score for score in names if score in LABEL_FREE]
    places = {score: float(k) for k, score in enumerate(known)}
    places |= {score: len(known) + 0.6 + k for k, score in enumerate(free)}
    figure, axis = subplots(1, 1, width=5.2, height=1.9 + 0.48 * len(names))
    there = [over for over in SELECTIONS if find(rows, over=over)]
    for shift, over in zip(shifts(len(there), room=0.19 * len(there)), there, strict=True):
        look = Look(f"against {SELECTIONS[over]}", *SELECTION_MARKS[over])
        shown = [row for row in rows if row["over"] == over]
        at = [places[row["score"]] for row in shown]
        draw_marks(axis, shown, "auroc", look, at=at, shift=shift, scale=1)
    axis.set_yticks(list(places.values()), [SHORT_NAMES.get(s, s) for s in places])
    axis.set_ylim(max(places.values(), default=0) + 0.5, -0.5)
    axis.grid(False, axis="y")
    low, high = axis.get_xlim()
    axis.set_xlim(max(min(low, 0.48), 0.0), min(high, 1.0))  # it ends where an AUROC does
    axis.axvline(0.5, **DOTTED)
    if known and free:
        border = len(known) - 0.2
        axis.axhline(border, color=SOFT, lw=0.8)
        place = (0.99, border + 0.04)
        right = axis.get_yaxis_transform()
        axis.annotate("without the label", place, xycoords=right, ha="right", va="top", fontsize=9)
    axis.set_xlabel("AUROC of the noisy labels (dotted: chance)")
    legend_above(figure, axis, columns=1)
    said = "; ".join(
        f"{score_name(results, r['score'])} {r['auroc_mean']:.2f}"
        for score in names
        for r in rows
        if r["score"] == score and r["over"] == "all"
    )
    return figure, f"How well each score ranks noisy labels, AUROC over all samples: {said}."


def agreement_by_sweep(results: Results) -> Drawn:
    """AUROC of the gap after each sweep: that sweep alone, and the mean of all so far."""
    rows = rows_of(results, "agreement", "by_sweep")
    figure, axis = subplots(1, 1, height=3.1)
    epochs = [row["epoch"] for row in rows]
    looks = {
        "mean": method_look("ours", "mean of the sweeps so far"),
        "last": Look("this sweep alone", GREEN, "v", "--"),
    }
    for part, look in looks.items():
        draw_line(axis, epochs, [row[part] for row in rows], look)
    axis.axhline(0.5, label="chance", **DOTTED)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel="epoch of the sweep", ylabel="AUROC of the gap")
    legend_above(figure, axis)
    if not rows:
        return figure, "No sweep was made."
    ends = (
        f"epoch {row['epoch']}: {row['last']:.2f} alone, {row['mean']:.2f} averaged"
        for row in (rows[0], rows[-1])
    )
    return figure, f"AUROC of the gap by sweep. {'; '.join(ends)}."


def factorial(results: Results) -> Drawn:
    """What the clips add: AUROC by score, passes and averaging among videos of high loss."""
    rows = [row for row in rows_of(results, "factorial") if row["over"] == "high-loss"]
    scores = list(dict.fromkeys(row["score"] for row in rows))
    figure, axes = subplots(1, 2, height=1.4 + 0.62 * len(scores), sharey=True, sharex=True)
    told = {}
    for axis, (epochs, title) in zip(axes, EPOCHS.items(), strict=True):
        here = [row for row in rows if row["epochs"] == epochs]
        groups = "score", {score: score for score in scores}
        told[title] = draw_groups(
            axis, here, "auroc", groups=groups, series=("passes", PASSES), say=_two, scale=1
        )
        axis.axvline(0.5, **DOTTED)
        axis.set_title(title)
    label_rows(axes[0], [f"{s}\n(no label)" if s in UNLABELLED else s for s in scores])
    figure.supxlabel(f"{HIGH_LOSS} (dotted: chance)", fontsize=10.5)
    legend_above(figure, axes[0])
    said = "; ".join(f"{s}, {title}: {told[title][s]}" for s in scores for title in told)
    return figure, f"{HIGH_LOSS}. {said}."


def rivals(results: Results) -> Drawn:
    """AUROC among high losses of every score under the first kind of noise, the best one on top."""
    rows = rows_of(results, "rivals")
    kind = rows[0]["kind"] if rows else ""
    shown = sorted_rivals(rows, kind)
    figure, axis = subplots(1, 1, height=1.3 + 0.38 * len(shown))
    groups = {False: Look("rival", SOFT, "o"), True: Look("score of agreement", BLUE, "^")}
    for own, look in groups.items():
        found = [row if bool(row["own"]) is own else None for row in shown]
        draw_marks(axis, found, "auroc_high_loss", look, scale=1)
    axis.axvline(0.5, **DOTTED)
    label_rows(axis, [textwrap.fill(rival_name(row), 28) for row in shown])
    for text, row in zip(axis.get_yticklabels(), shown, strict=True):
        text.set(color=BLUE if row["own"] else INK, linespacing=1.0)
    axis.set_xlabel(f"{HIGH_LOSS}\n(dotted: chance)")
    legend_above(figure, axis)
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
        at = [row["clips"] * 2**shift for row in points]
        draw_curve(axis, at, points, "auroc", look, scale=1)
        missing += [f"{look.label}, {r['clips']} clips" for r in points if is_missing(r, "auroc")]
    axis.axhline(0.5, label="chance", **DOTTED)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator(clips))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="clips a sweep", ylabel="AUROC among high losses")
    if missing:
        axis.set_title(f"missing: {', '.join(missing)}", loc="right", fontsize=9, color=SOFT)
    legend_above(figure, axis, columns=2)
    said = "; ".join(
        f"{COSTS[row['score'], row['epochs']].label}, {row['clips']}: {_two(row)}" for row in rows
    )
    return figure, f"{HIGH_LOSS}, by the number of clips. {said}."


def _two(row: Mapping[str, Any], name: str = "auroc") -> str:
    return number(row[f"{name}_mean"], RANK, MISSING)

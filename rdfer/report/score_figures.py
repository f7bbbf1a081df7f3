"""Figures of scores: methods against each other, by class, by ablation.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rdfer.report.drawing import INK, SOFT, Drawn, error_bars, label_rows, method_style, subplots
from rdfer.report.readout import (
    CEILING,
    POINTS,
    Results,
    ceiling,
    class_names,
    interval,
    method_names,
    percent,
    rivals,
    rows_of,
)

MINUS = "\N{MINUS SIGN}"
#: From falling over white to rising, told apart without colour vision.
CHANGE = LinearSegmentedColormap.from_list("change", ["#E69F00", "#ffffff", "#56B4E9"])


def main_comparison(results: Results) -> Drawn:
    """UAR and WAR of every method: mean, interval, a small dot a seed or fold; the ceiling a line.

    The ceiling is plain training without label noise, which no method is a rival of.
    """
    rows, top = rivals(results), ceiling(results)
    figure, axes = subplots(1, 2, height=1.1 + 0.45 * len(rows), sharey=True)
    for axis, metric in zip(axes, ("uar", "war"), strict=True):
        for y, row in enumerate(rows):
            colour, marker = method_style(row["method"])
            single = row.get(f"{metric}_by_seed", row.get(f"{metric}_by_fold", []))
            seeds = 100 * np.asarray(single, float)
            axis.plot(seeds, np.full(len(seeds), y + 0.22), ".", color=colour, alpha=0.5, ms=5)
            axis.errorbar(
                100 * row[f"{metric}_mean"],
                y,
                xerr=error_bars(row, metric),
                color=colour,
                marker=marker,
                ms=7,
                capsize=3,
            )
        if top is not None:
            colour, _ = method_style(CEILING)
            line = axis.axvline(100 * top[f"{metric}_mean"], color=colour, ls="--", lw=1.3)
            line.set_label(f"ceiling: {top['name']}")
        axis.set_xlabel(f"{metric.upper()} on the test videos, %")
        label_rows(axis, [row["name"] for row in rows])
    if top is not None:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right")
    said = "; ".join(
        f"{r['name']} UAR {percent(r['uar_mean'])} %, WAR {percent(r['war_mean'])} %"
        for r in [*rows, *([] if top is None else [top])]
    )
    over = (results["main"].get("intervals") or "seeds").removeprefix("bootstrap over ")
    return figure, f"Mean and 95 % interval over {over}. {said}."


def per_class(results: Results) -> Drawn:
    """Recall per class, one marker a method, without the ceiling."""
    names, classes = method_names(results), class_names(results)
    stored = results["main"]["per_class"]
    recalls = {m: stored[m] for m in names if m in stored and m != CEILING}
    figure, axis = subplots(1, 1, height=4.0)
    for method, by_class in recalls.items():
        colour, marker = method_style(method)
        hollow = "white" if method.endswith("-matched") else colour
        axis.plot(
            [100 * by_class[c] for c in classes],
            range(len(classes)),
            marker,
            color=colour,
            mfc=hollow,
            ms=7,
            label=names.get(method, method),
        )
    label_rows(axis, classes)
    axis.grid(True, axis="y")
    axis.set_xlabel("recall on the test videos, %")
    axis.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    lowest = {m: min(by, key=by.__getitem__) for m, by in recalls.items()}
    said = ", ".join(f"{names.get(m, m)} lowest in {c.lower()}" for m, c in lowest.items())
    return figure, f"Recall of the {len(classes)} classes for each method: {said}."


def confusion(results: Results) -> Drawn:
    """Where the videos of each class go with plain training, and what the method changes in it."""
    names, classes = method_names(results), class_names(results)
    shares = {method: _shares(counts) for method, counts in results["main"]["confusion"].items()}
    first = "plain" if "plain" in shares else next(iter(shares))
    both = first == "plain" and "ours" in shares
    count = 2 if both else 1
    figure, axes = subplots(count, 1, width=5.2, height=4.4 * count, squeeze=False)
    _matrix(axes[0, 0], shares[first], classes, fmt=".0f", vmin=0, vmax=100, cmap="Blues")
    axes[0, 0].set_title(f"{names.get(first, first)}: % of each true class")
    said = f"Share of each true class predicted as each class, for {names.get(first, first)}"
    if both:
        change = shares["ours"] - shares["plain"]
        widest = max(float(np.abs(change).max()), 1.0)
        # a sign beside the colour; orange falls, blue rises
        _matrix(
            axes[1, 0],
            change,
            classes,
            fmt="+.0f",
            vmin=-widest,
            vmax=widest,
            cmap=CHANGE,
            annot_kws={"color": INK},
        )
        pair = f"{names.get('ours', 'ours')} − {names.get('plain', 'plain')}"
        axes[1, 0].set_title(f"{pair}, in points")
        rises = ", ".join(
            f"{c.lower()} {percent(float(d) / 100, signed=True)}"
            for c, d in zip(classes, np.diag(change), strict=True)
        )
        said += (
            f", and what changes with {names.get('ours', 'ours')}; named rightly: {rises} points"
        )
    return figure, said + "."


def _shares(counts: Any) -> NDArray[np.float64]:
    """Percent of each true class (row) predicted as each class, [C, C]."""
    table = np.asarray(counts, float)
    return 100 * table / np.maximum(table.sum(1, keepdims=True), 1)


def _matrix(
    axis: Axes, values: NDArray[np.float64], names: Sequence[str], *, fmt: str, **look: Any
) -> None:
    """Numbers on a shade; what rounds to zero has no number, the diagonal has a frame."""
    seaborn.heatmap(
        values,
        ax=axis,
        annot=[
            [format(v, fmt).replace("-", MINUS) if abs(v) >= 0.5 else "" for v in row]
            for row in values
        ],
        fmt="",
        square=True,
        cbar=False,
        xticklabels=names,
        yticklabels=names,
        **look,
    )
    for k in range(len(names)):
        axis.add_patch(Rectangle((k, k), 1, 1, fill=False, ec=INK, lw=1.2))
    axis.grid(False)
    axis.tick_params(left=False, bottom=False)
    axis.tick_params("x", rotation=45)
    axis.tick_params("y", rotation=0)
    axis.set(xlabel="predicted", ylabel="true")


def ablation(results: Results) -> Drawn:
    """Paired difference of every variant to the full method."""
    rows = [r for r in rows_of(results, "ablation") if r.get("delta_mean") is not None]
    figure, axis = subplots(1, 1, height=0.9 + 0.34 * len(rows))
    for y, row in enumerate(rows):
        axis.errorbar(
            100 * row["delta_mean"],
            y,
            xerr=error_bars(row, "delta"),
            color="#0072B2",
            marker="o",
            capsize=3,
        )
    axis.axvline(0, color=SOFT, lw=1)
    label_rows(axis, [row["name"] for row in rows])
    axis.set_xlabel("UAR, difference to the full method, points")
    said = "; ".join(f"{r['name']} " + interval(r, "delta", POINTS) for r in rows)
    return figure, f"Paired differences in points of UAR with 95 % intervals: {said}."

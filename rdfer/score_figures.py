"""Figures of scores: methods against each other, by class, by ablation, by noise.

Every function takes the results (:func:`rdfer.readout.load_results`) and returns the figure and a
text that says what it shows.
"""

import numpy as np
import seaborn

from rdfer.drawing import SOFT, Drawn, error_bars, label_rows, method_style, subplots
from rdfer.manifest import CLASSES
from rdfer.readout import Results, method_names, percent, rows_of, with_interval


def main_comparison(results: Results) -> Drawn:
    """UAR and WAR of every method: mean, interval, and every seed as a small dot."""
    rows = rows_of(results, "main")
    figure, axes = subplots(1, 2, height=0.9 + 0.45 * len(rows), sharey=True)
    for axis, metric in zip(axes, ("uar", "war"), strict=True):
        for y, row in enumerate(rows):
            colour, marker = method_style(row["method"])
            seeds = 100 * np.asarray(row.get(f"{metric}_by_seed", []), float)
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
        axis.set_xlabel(f"{metric.upper()} on the test videos, %")
        label_rows(axis, [row["name"] for row in rows])
    said = "; ".join(
        f"{r['name']} UAR {percent(r['uar_mean'])} %, WAR {percent(r['war_mean'])} %" for r in rows
    )
    return figure, f"Mean and 95 % interval over seeds. {said}."


def per_class(results: Results) -> Drawn:
    """Recall per class, one marker a method."""
    names = method_names(results)
    stored = results["main"]["per_class"]
    recalls = {m: stored[m] for m in names if m in stored}
    figure, axis = subplots(1, 1, height=4.0)
    for method, by_class in recalls.items():
        colour, marker = method_style(method)
        hollow = "white" if method == "plain-matched" else colour
        axis.plot(
            [100 * by_class[c] for c in CLASSES],
            range(len(CLASSES)),
            marker,
            color=colour,
            mfc=hollow,
            ms=7,
            label=names.get(method, method),
        )
    label_rows(axis, CLASSES)
    axis.grid(True, axis="y")
    axis.set_xlabel("recall on the test videos, %")
    axis.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    lowest = {m: min(by, key=by.__getitem__) for m, by in recalls.items()}
    said = ", ".join(f"{names.get(m, m)} lowest in {c.lower()}" for m, c in lowest.items())
    return figure, f"Recall of the seven classes for each method: {said}."


def confusion(results: Results) -> Drawn:
    """Row-normalised confusion of plain and the best variant, as numbers on a shade."""
    names = method_names(results)
    matrices = results["main"]["confusion"]
    shown = [m for m in ("plain", "ours") if m in matrices] or list(matrices)[:1]
    figure, axes = subplots(len(shown), 1, width=5.2, height=4.4 * len(shown), squeeze=False)
    for axis, method in zip(axes.flat, shown, strict=True):
        counts = np.asarray(matrices[method], float)
        share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
        seaborn.heatmap(
            share,
            ax=axis,
            annot=True,
            fmt=".0f",
            square=True,
            cbar=False,
            vmin=0,
            vmax=100,
            cmap="Blues",
            xticklabels=CLASSES,
            yticklabels=CLASSES,
        )
        axis.grid(False)
        axis.tick_params(left=False, bottom=False)
        axis.tick_params("x", rotation=45)
        axis.tick_params("y", rotation=0)
        axis.set(
            title=f"{names.get(method, method)}: % of each true class",
            xlabel="predicted",
            ylabel="true",
        )
    shown_names = " and ".join(names.get(m, m) for m in shown)
    return figure, f"Share of each true class predicted as each class, for {shown_names}."


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
    said = "; ".join(
        f"{r['name']} "
        + with_interval(r["delta_mean"], r.get("delta_low"), r.get("delta_high"), signed=True)
        for r in rows
    )
    return figure, f"Paired differences in points of UAR with 95 % intervals: {said}."


def noise(results: Results) -> Drawn:
    """UAR against the rate of label noise, one panel a kind."""
    names, rows = method_names(results), rows_of(results, "noise")
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    figure, axes = subplots(
        len(kinds), 1, height=0.5 + 2.3 * len(kinds), sharex=True, squeeze=False
    )
    for axis, kind in zip(axes.flat, kinds, strict=True):
        for method in dict.fromkeys(row["method"] for row in rows):
            points = sorted(
                (r for r in rows if r["kind"] == kind and r["method"] == method),
                key=lambda row: row["rate"],
            )
            colour, marker = method_style(method)
            error = np.hstack([error_bars(row, "uar") for row in points]) if points else None
            axis.errorbar(
                [100 * r["rate"] for r in points],
                [100 * r["uar_mean"] for r in points],
                yerr=error,
                color=colour,
                marker=marker,
                capsize=3,
                label=names.get(method, method),
            )
        axis.set(title=f"{kind} noise", ylabel="UAR, %")
    axes.flat[0].legend(fontsize=9)
    axes.flat[-1].set_xlabel("flipped training labels, %")
    return figure, f"UAR against the rate of label noise, for these kinds: {', '.join(kinds)}."

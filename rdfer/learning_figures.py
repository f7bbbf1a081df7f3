"""Figures of what happens inside: agreement, memorisation, key expressions.

Every function takes the results (:func:`rdfer.readout.load_results`) and returns the figure and a
text that says what it shows.
"""

import numpy as np

from rdfer.drawing import (
    KIND_STYLE,
    SOFT,
    Drawn,
    error_bars,
    label_rows,
    method_style,
    subplots,
)
from rdfer.readout import Results, method_names, percent, rows_of, score_name

#: What a histogram's axis is called where the score's name would say something else.
AXIS_NAMES = {"vote": "agreement A of the votes, last sweep"}


def agreement_histogram(results: Results) -> Drawn:
    """For every score, how clean, hard and noisy samples spread over it."""
    order = [row["score"] for row in rows_of(results, "agreement", "scores")]
    stored = results["agreement"]["histogram"]
    histograms = {s: stored[s] for s in sorted(stored, key=[*order, *stored].index)}
    figure, axes = subplots(len(histograms), 1, height=0.6 + 1.9 * len(histograms), squeeze=False)
    for axis, (score, histogram) in zip(axes.flat, histograms.items(), strict=True):
        for kind, (colour, line) in KIND_STYLE.items():
            counts = np.asarray(histogram.get(kind, []), float)
            if counts.sum() == 0:
                continue
            axis.stairs(
                100 * counts / counts.sum(),
                histogram["edges"],
                color=colour,
                lw=2,
                ls=line,
                label=f"{kind} ({int(counts.sum())})",
            )
        axis.set(xlabel=AXIS_NAMES.get(score) or score_name(results, score), ylabel="% of the kind")
        axis.legend(fontsize=9)
    scores = ", ".join(AXIS_NAMES.get(s) or score_name(results, s) for s in histograms)
    return figure, f"Histograms of clean, hard and noisy training samples over: {scores}."


def agreement_auroc(results: Results) -> Drawn:
    """AUROC of every score for noisy labels: over all samples, and where the loss is high."""
    rows = rows_of(results, "agreement", "scores")
    scores = list(dict.fromkeys(row["score"] for row in rows))
    figure, axis = subplots(1, 1, height=1.2 + 0.42 * len(scores))
    groups = {
        "all": ("#0072B2", "o", "noisy against all"),
        "high-loss": ("#D55E00", "s", "noisy against hard, high loss"),
    }
    for shift, (over, (colour, marker, label)) in zip((-0.12, 0.12), groups.items(), strict=True):
        shown = [r for r in rows if r["over"] == over and r.get("auroc_mean") is not None]
        for index, row in enumerate(shown):
            axis.errorbar(
                row["auroc_mean"],
                scores.index(row["score"]) + shift,
                color=colour,
                xerr=error_bars(row, "auroc", scale=1),
                marker=marker,
                capsize=3,
                label=label if index == 0 else None,
            )
    axis.axvline(0.5, color=SOFT, ls=":", lw=1)
    label_rows(axis, [score_name(results, score) for score in scores])
    axis.set_xlabel("AUROC (0.5 = chance)")
    axis.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    said = "; ".join(f"{r['score']} {r['auroc_mean']:.2f}" for r in rows if r["over"] == "all")
    return figure, f"How well each score ranks noisy labels, AUROC over all samples: {said}."


def agreement_by_sweep(results: Results) -> Drawn:
    """AUROC of the gap after each sweep: that sweep alone, and the mean of all so far."""
    rows = rows_of(results, "agreement", "by_sweep")
    figure, axis = subplots(1, 1, height=2.9)
    epochs = [row["epoch"] for row in rows]
    for part, label, colour, look in (
        ("mean", "mean of the sweeps so far", "#0072B2", "^-"),
        ("last", "this sweep alone", SOFT, "o--"),
    ):
        axis.plot(epochs, [row[part] for row in rows], look, color=colour, label=label)
    axis.set(xlabel="epoch of the sweep", ylabel="AUROC, noisy against all")
    axis.legend()
    if not rows:
        return figure, "No sweep was made."
    ends = (
        f"epoch {row['epoch']}: {row['last']:.2f} alone, {row['mean']:.2f} averaged"
        for row in (rows[0], rows[-1])
    )
    return figure, f"AUROC of the gap by sweep. {'; '.join(ends)}."


def dynamics(results: Results) -> Drawn:
    """Training loss, noisy validation score and memorised labels over the epochs."""
    names, stored = method_names(results), results["dynamics"]
    curves = {m: stored[m] for m in sorted(stored, key=[*names, *stored].index)}
    panels = (
        ("train_loss", "epoch", "training loss", 1.0),
        ("val_uar", "epoch", "UAR on the noisy validation part, %", 100.0),
        ("memorised", "memorised_epoch", "wrong labels learnt, %", 100.0),
    )
    figure, axes = subplots(3, 1, height=6.6, sharex=True)
    for axis, (name, at, title, scale) in zip(axes, panels, strict=True):
        for method, curve in curves.items():
            colour, marker = method_style(method)
            values = scale * np.asarray(curve.get(name, []), float)
            axis.plot(
                curve.get(at, curve["epoch"])[: len(values)],
                values,
                color=colour,
                marker=marker,
                ms=4,
                markevery=max(len(values) // 8, 1),
                ls="--" if method == "plain-matched" else "-",
                label=names.get(method, method),
            )
        axis.set_title(title)
    axes[-1].set_xlabel("epoch")
    axes[0].legend(fontsize=9)
    return figure, "Curves over the epochs: " + ", ".join(panel[2] for panel in panels) + "."


def key(results: Results) -> Drawn:
    """Share of videos whose detail clips meet the key segment, beside chance."""
    rows = rows_of(results, "key")
    figure, axis = subplots(1, 1, height=1.2 + 0.42 * len(rows))
    for y, row in enumerate(rows):
        axis.plot(100 * row["chance"], y, "|", color=SOFT, ms=14, mew=2)
        axis.plot(100 * row["hit_rate"], y, "o", color="#0072B2", ms=7)
    axis.plot([], [], "o", color="#0072B2", label="found")
    axis.plot([], [], "|", color=SOFT, ms=12, mew=2, label="found by chance")
    label_rows(axis, [row["stratum"] for row in rows])
    axis.set(xlabel="videos whose key segment is hit, %", xlim=(0, 103))
    axis.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    said = "; ".join(f"{r['stratum']} {percent(r['hit_rate'])} %" for r in rows)
    return figure, f"Hit rate of key-expression re-sampling: {said}."

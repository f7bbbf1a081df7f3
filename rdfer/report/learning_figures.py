"""Figures of what happens inside: agreement, memorisation, key expressions.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rdfer.report.drawing import (
    INK,
    KIND_STYLE,
    OTHER_STYLE,
    SOFT,
    Drawn,
    error_bars,
    label_rows,
    method_style,
    subplots,
)
from rdfer.report.readout import (
    CEILING,
    Results,
    method_names,
    percent,
    rows_of,
    score_name,
    score_order,
)
from rdfer.studies.suspicion import LABEL_FREE

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


def agreement_histogram(results: Results) -> Drawn:
    """For every score, how clean, hard and noisy samples spread over it."""
    stored = results["agreement"]["histogram"]
    order = score_order(rows_of(results, "agreement", "scores"))
    histograms = {s: stored[s] for s in sorted(stored, key=[*order, *stored].index)}
    figure, axes = subplots(len(histograms), 1, height=0.9 + 1.9 * len(histograms), squeeze=False)
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
    # the same videos in every panel, so one legend serves them all
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    scores = ", ".join(AXIS_NAMES.get(s) or score_name(results, s) for s in histograms)
    return figure, f"Histograms of clean, hard and noisy training samples over: {scores}."


def agreement_auroc(results: Results) -> Drawn:
    """AUROC of every score for noisy labels: over all samples, and where the loss is high.

    Scores that do not look at the label are a group of their own, below the others.
    """
    rows = rows_of(results, "agreement", "scores")
    names = score_order(rows)
    free = [score for score in names if score in LABEL_FREE]
    known = [score for score in names if score not in LABEL_FREE]
    places = {score: float(k) for k, score in enumerate(known)}
    places |= {score: len(known) + 0.6 + k for k, score in enumerate(free)}
    figure, axis = subplots(1, 1, width=5.2, height=1.5 + 0.48 * len(names))
    groups = {
        "all": ("#0072B2", "o", "against all"),
        "high-loss": ("#D55E00", "s", "against hard, high loss"),
    }
    for shift, (over, (colour, marker, label)) in zip((-0.14, 0.14), groups.items(), strict=True):
        shown = [r for r in rows if r["over"] == over and r.get("auroc_mean") is not None]
        for index, row in enumerate(shown):
            axis.errorbar(
                row["auroc_mean"],
                places[row["score"]] + shift,
                color=colour,
                xerr=error_bars(row, "auroc", scale=1),
                marker=marker,
                capsize=3,
                label=label if index == 0 else None,
            )
    _label_groups(axis, places, known, free)
    axis.set_xlabel("AUROC of the noisy labels (dotted: chance)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    said = "; ".join(
        f"{score_name(results, r['score'])} {r['auroc_mean']:.2f}"
        for score in names
        for r in rows
        if r["score"] == score and r["over"] == "all"
    )
    return figure, f"How well each score ranks noisy labels, AUROC over all samples: {said}."


def _label_groups(
    axis: Axes, places: dict[str, float], known: Sequence[str], free: Sequence[str]
) -> None:
    """Rows by name, the label-free ones below a line; the axis ends where an AUROC does."""
    axis.set_yticks(list(places.values()), [SHORT_NAMES.get(s, s) for s in places])
    axis.set_ylim(max(places.values(), default=0) + 0.5, -0.5)
    axis.grid(False, axis="y")
    low, high = axis.get_xlim()
    axis.set_xlim(max(min(low, 0.48), 0.0), min(high, 1.0))
    axis.axvline(0.5, color=SOFT, ls=":", lw=1.3)
    if known and free:
        border = len(known) - 0.2
        axis.axhline(border, color=SOFT, lw=0.8)
        axis.text(
            0.99,
            border + 0.04,
            "without the label",
            transform=axis.get_yaxis_transform(),
            ha="right",
            va="top",
            fontsize=9,
            color=INK,
        )


def agreement_by_sweep(results: Results) -> Drawn:
    """AUROC of the gap after each sweep: that sweep alone, and the mean of all so far."""
    rows = rows_of(results, "agreement", "by_sweep")
    figure, axis = subplots(1, 1, height=3.1)
    epochs = [row["epoch"] for row in rows]
    for part, label, (colour, marker), line in (
        ("mean", "mean of the sweeps so far", method_style("ours"), "-"),
        ("last", "this sweep alone", OTHER_STYLE, "--"),
    ):
        scores = [row[part] for row in rows]
        axis.plot(epochs, scores, line, color=colour, marker=marker, label=label)
    axis.axhline(0.5, color=SOFT, lw=1.3, ls=":", label="chance")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel="epoch of the sweep", ylabel="AUROC of the gap")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper left", ncols=3)
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
        ("val_uar", "epoch", "UAR on the validation part (as noisy as training), %", 100.0),
        ("memorised", "memorised_epoch", "wrong labels learnt, %", 100.0),
    )
    figure, axes = subplots(3, 1, height=7.0, sharex=True)
    for axis, (name, at, title, scale) in zip(axes, panels, strict=True):
        for method, curve in curves.items():
            values = scale * np.asarray(curve.get(name, []), float)
            # where no label is wrong, none is memorised
            if not values.size or (name == "memorised" and method == CEILING):
                continue
            colour, marker = method_style(method)
            axis.plot(
                curve.get(at, curve["epoch"])[: len(values)],
                values,
                color=colour,
                marker=marker,
                ms=4,
                markevery=max(len(values) // 8, 1),
                ls="--" if method in ("plain-matched", CEILING) else "-",
                label=names.get(method, method),
            )
        axis.set_title(title)
    sweeps = [min(c["memorised_epoch"]) for c in curves.values() if c.get("memorised_epoch")]
    if sweeps:
        for axis in axes:
            axis.axvline(min(sweeps), color=SOFT, lw=1.3, ls=":", label="first sweep")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1].set_xlabel("epoch")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure, "Curves over the epochs: " + ", ".join(panel[2] for panel in panels) + "."


def key(results: Results) -> Drawn:
    """Share of videos whose detail clips meet the key segment, beside places spread evenly."""
    rows = rows_of(results, "key")
    figure, axis = subplots(1, 1, height=1.2 + 0.42 * len(rows))
    for y, row in enumerate(rows):
        axis.plot(100 * row["chance"], y, "|", color=SOFT, ms=14, mew=2)
        axis.plot(100 * row["hit_rate"], y, "o", color="#0072B2", ms=7)
    axis.plot([], [], "o", color="#0072B2", label="re-sampled")
    axis.plot([], [], "|", color=SOFT, ms=12, mew=2, label="spread evenly")
    label_rows(axis, [row["stratum"] for row in rows])
    axis.set(xlabel="videos whose key segment is hit, %", xlim=(0, 103))
    axis.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    said = "; ".join(f"{r['stratum']} {percent(r['hit_rate'])} %" for r in rows)
    return figure, f"Hit rate of key-expression re-sampling: {said}."

"""Figures of what happens inside: learning, wrong labels learnt by heart, key expressions.

Every function of the book takes the results (:func:`rdfer.report.readout.load_results`) and returns
the figure and a text that says what it shows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rdfer.report.drawing import (
    BLUE,
    DOTTED,
    SOFT,
    Drawn,
    Look,
    draw_line,
    label_rows,
    legend_above,
    method_look,
    style,
    subplots,
)
from rdfer.report.readout import CEILING, Results, method_names, percent, rows_of


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
            # where no label is wrong, none is memorised
            if name != "memorised" or method != CEILING:
                epochs = curve.get(at, curve["epoch"])
                _curve(axis, epochs, curve.get(name, []), method, names.get(method, method), scale)
        axis.set_title(title)
    sweeps = [min(c["memorised_epoch"]) for c in curves.values() if c.get("memorised_epoch")]
    if sweeps:
        for axis in axes:
            axis.axvline(min(sweeps), label="first sweep", **DOTTED)
    axes[-1].set_xlabel("epoch")
    legend_above(figure, axes[0])
    return figure, "Curves over the epochs: " + ", ".join(panel[2] for panel in panels) + "."


def _curve(axis: Axes, epochs: Any, values: Any, method: str, title: str, scale: float) -> None:
    """A method's curve over whole epochs; nothing where it has no values."""
    shown = scale * np.asarray(values, float)
    if not shown.size:
        return
    look = method_look(method, title)
    every = max(len(shown) // 8, 1)
    draw_line(axis, epochs[: len(shown)], shown, look, ms=4, markevery=every)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def show_histories(
    histories: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    *,
    scored: str = "noisy validation part",
) -> Figure:
    """UAR by epoch, and share of memorised wrong labels by sweep where it is known.

    Args:
        histories: metrics' ``history`` by method name.
        titles: how each method is called.
        scored: the part that chooses the epoch, of which the UAR is.
    """
    known = any(history["memorised"] for history in histories.values())
    with style():
        figure, axes = subplots(1, 1 + known, width=9.0, height=3.2, squeeze=False)
        left, right = axes[0, 0], axes[0, -1]
        for name, history in histories.items():
            epochs = np.arange(1, len(history["val_uar"]) + 1)
            _curve(left, epochs, history["val_uar"], name, titles[name], 100.0)
            sweeps = history["sweep_epochs"]
            _curve(right, sweeps, history["memorised"], name, titles[name], 100.0)
        right.set(xlabel="epoch", ylabel="wrong labels learnt, %")
        left.set(xlabel="epoch", ylabel=f"UAR, {scored}, %")
        left.legend(fontsize=9)
    return figure


def key(results: Results) -> Drawn:
    """Share of videos whose detail clips meet the key segment, beside places spread evenly."""
    rows = rows_of(results, "key")
    figure, axis = subplots(1, 1, height=1.2 + 0.42 * len(rows))
    hit, chance = ([100 * row[name] for row in rows] for name in ("hit_rate", "chance"))
    places = range(len(rows))
    draw_line(axis, hit, places, Look("re-sampled", BLUE, "o", ""), ms=7)
    draw_line(axis, chance, places, Look("spread evenly", SOFT, "|", ""), ms=14, mew=2)
    label_rows(axis, [row["stratum"] for row in rows])
    axis.set(xlabel="videos whose key segment is hit, %", xlim=(0, 103))
    legend_above(figure, axis)
    said = "; ".join(f"{r['stratum']} {percent(r['hit_rate'])} %" for r in rows)
    return figure, f"Hit rate of key-expression re-sampling: {said}."

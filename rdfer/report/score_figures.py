"""Figures of scores on test videos: methods against each other, by class, by part, under noise.

Every function takes the results (:func:`rdfer.report.readout.load_results`) and returns the figure
and a text that says what it shows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rdfer.report.drawing import (
    BLUE,
    GREEN,
    INK,
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
    subplots,
)
from rdfer.report.readout import (
    CEILING,
    MISSING,
    POINTS,
    Results,
    ceiling,
    class_names,
    interval,
    is_missing,
    method_names,
    percent,
    rivals,
    round_percent,
    rows_of,
)
from rdfer.studies.design import EVERY_SEED

MINUS = "\N{MINUS SIGN}"
#: From falling over white to rising, told apart without colour vision.
CHANGE = LinearSegmentedColormap.from_list("change", ["#E69F00", "#ffffff", "#56B4E9"])
#: Markers and lines of other methods for noisy labels, which are all grey.
RIVAL_LOOKS = (("<", ":"), ("x", "-."), (">", "--"), ("+", "-"), ("d", ":"), ("*", "--"))
STRONG = {"lw": 2.0, "ms": 7, "zorder": 3, "elinewidth": 1.2}
THIN = {"lw": 0.9, "ms": 5, "mfc": "white"}
KINDS: Mapping[str, str] = {"instance": "instance-dependent"}
STREAMS: Mapping[str, str] = {
    "both": "both streams",
    "long": "long-term alone",
    "short": "short-term alone",
}
INPUTS: Mapping[str, Look] = {
    "intact": Look("intact", INK, "o"),
    "frames shuffled": Look("frames shuffled", ORANGE, "s"),
    "clips shuffled": Look("clips shuffled", BLUE, "^"),
    "frozen": Look("frozen", GREEN, "D"),
}
DETAILS: Mapping[str, Look] = {
    "resampled": Look("re-sampled", BLUE, "o"),
    "even": Look("even", SOFT, "D"),
    "random": Look("random", ORANGE, "s"),
}
STRATA: Mapping[str, str] = {"test": "all test videos"}


def main_comparison(results: Results) -> Drawn:
    """UAR and WAR of every method: mean, interval, a small dot a seed or fold; the ceiling a line.

    The ceiling is plain training without label noise, which no method is a rival of.
    """
    rows, top = rivals(results), ceiling(results)
    figure, axes = subplots(1, 2, height=1.1 + 0.45 * len(rows), sharey=True)
    for axis, metric in zip(axes, ("uar", "war"), strict=True):
        for y, row in enumerate(rows):
            look = method_look(row["method"])
            single = row.get(f"{metric}_by_seed", row.get(f"{metric}_by_fold", []))
            dots = 100 * np.asarray(single, float)
            axis.plot(dots, np.full(len(dots), y + 0.22), ".", color=look.colour, alpha=0.5, ms=5)
            draw_marks(axis, [row], metric, look, shift=y)
        if top is not None:
            mean, look = 100 * top[f"{metric}_mean"], method_look(CEILING)
            name = f"ceiling: {top['name']}"
            axis.axvline(mean, color=look.colour, ls=look.line, lw=1.3, label=name)
        axis.set_xlabel(f"{metric.upper()} on the test videos, %")
        label_rows(axis, [row["name"] for row in rows])
    if top is not None:
        legend_above(figure, axes[0], loc="outside upper right")
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
        look = method_look(method, names[method])
        face = "white" if method.endswith("-matched") else look.colour
        shown = [100 * by_class[c] for c in classes]
        draw_line(axis, shown, range(len(classes)), look, ls="", mfc=face, ms=7)
    label_rows(axis, classes)
    axis.grid(True, axis="y")
    axis.set_xlabel("recall on the test videos, %")
    legend_above(figure, axis, columns=2)
    lowest = {m: min(by, key=by.__getitem__) for m, by in recalls.items()}
    said = ", ".join(f"{names[m]} lowest in {c.lower()}" for m, c in lowest.items())
    return figure, f"Recall of the {len(classes)} classes for each method: {said}."


def confusion(results: Results) -> Drawn:
    """Where the videos of each class go with plain training, and what the method changes in it."""
    names, classes = method_names(results), class_names(results)
    counts = {m: np.asarray(table, float) for m, table in results["main"]["confusion"].items()}
    # percent of each true class (row) predicted as each class
    shares = {m: 100 * n / np.maximum(n.sum(1, keepdims=True), 1) for m, n in counts.items()}
    first = "plain" if "plain" in shares else next(iter(shares))
    both = first == "plain" and "ours" in shares
    count = 2 if both else 1
    figure, axes = subplots(count, 1, width=5.2, height=4.4 * count, squeeze=False)
    _matrix(axes[0, 0], shares[first], classes, fmt=".0f", vmin=0, vmax=100, cmap="Blues")
    axes[0, 0].set_title(f"{names.get(first, first)}: % of each true class")
    said = f"Share of each true class predicted as each class, for {names.get(first, first)}"
    if both:
        change, ours = shares["ours"] - shares["plain"], names.get("ours", "ours")
        widest = max(float(np.abs(change).max()), 1.0)
        # a sign beside the colour; orange falls, blue rises
        look = {"vmin": -widest, "vmax": widest, "cmap": CHANGE, "annot_kws": {"color": INK}}
        _matrix(axes[1, 0], change, classes, fmt="+.0f", **look)
        axes[1, 0].set_title(f"{ours} {MINUS} {names.get('plain', 'plain')}, in points")
        rises = ", ".join(
            f"{c.lower()} {percent(float(d) / 100, signed=True)}"
            for c, d in zip(classes, np.diag(change), strict=True)
        )
        said += f", and what changes with {ours}; named rightly: {rises} points"
    return figure, said + "."


def _matrix(
    axis: Axes, values: NDArray[np.float64], names: Sequence[str], *, fmt: str, **look: Any
) -> None:
    """Numbers on a shade; what rounds to zero has no number, the diagonal has a frame."""
    texts = [
        [format(v, fmt).replace("-", MINUS) if abs(v) >= 0.5 else "" for v in row] for row in values
    ]
    ticks = {"xticklabels": names, "yticklabels": names}
    seaborn.heatmap(values, ax=axis, annot=texts, fmt="", square=True, cbar=False, **ticks, **look)
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
    draw_marks(axis, rows, "delta", Look("", BLUE, "o"))
    axis.axvline(0, color=SOFT, lw=1)
    label_rows(axis, [row["name"] for row in rows])
    axis.set_xlabel("UAR, difference to the full method, points")
    said = "; ".join(f"{row['name']} {interval(row, 'delta', POINTS)}" for row in rows)
    return figure, f"Paired differences in points of UAR with 95 % intervals: {said}."


def noise(results: Results) -> Drawn:
    """UAR against the rate of label noise, one panel a kind: four methods strong, rivals thin.

    Raises:
        ValueError: more rivals than :data:`RIVAL_LOOKS`.
    """
    rows = rows_of(results, "noise")
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    names = {row["method"]: row["name"] for row in rows}
    strong = {m: method_look(m, name) for m, name in names.items() if m in EVERY_SEED}
    others = [m for m in names if m not in EVERY_SEED]
    grey = zip(others, RIVAL_LOOKS[: len(others)], strict=True)
    looks = {**strong, **{m: Look(names[m], SOFT, *look) for m, look in grey}}
    height = 1.0 + 2.7 * len(kinds)
    figure, axes = subplots(len(kinds), 1, height=height, sharex=True, squeeze=False)
    said = []
    for axis, kind in zip(axes.flat, kinds, strict=True):
        here = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["rate"])
        for method, look in looks.items():
            points = [row for row in here if row["method"] == method]
            thick = method in strong
            rates = [100 * row["rate"] for row in points]
            weight: Mapping[str, Any] = STRONG if thick else THIN
            draw_curve(axis, rates, points, "uar", look, bars=thick, **weight)
        axis.set(title=f"{KINDS.get(kind, kind)} noise", ylabel="UAR on the test videos, %")
        lacking = sum(is_missing(row, "uar") for row in here)
        if lacking:
            note = f"{lacking} of {len(here)} marks missing"
            axis.set_title(note, loc="right", fontsize=9, color=SOFT)
        highest = [row for row in here if row["rate"] == here[-1]["rate"]]
        scores = (f"{r['name']} {_score(r)}" for r in highest if r["method"] in strong)
        rate = round_percent(here[-1]["rate"])
        said.append(f"At {rate} % {KINDS.get(kind, kind)} noise: {'; '.join(scores)}.")
    legend_above(figure, axes.flat[0], fontsize=9.5)
    axes.flat[-1].set_xlabel("flipped training labels, %")
    return figure, f"UAR against the rate of label noise. {' '.join(said)}"


def streams(results: Results) -> Drawn:
    """UAR of both streams and of each alone, by what is left of the order in time."""
    return _grouped(rows_of(results, "streams"), ("streams", STREAMS), ("input", INPUTS))


def detail(results: Results) -> Drawn:
    """UAR by stratum of the test videos, for each way to choose the detail clips."""
    return _grouped(rows_of(results, "detail"), ("over", STRATA), ("detail", DETAILS))


def _grouped(
    rows: Rows, groups: tuple[str, Mapping[str, str]], series: tuple[str, Mapping[str, Look]]
) -> Drawn:
    """A row of marks a group, with a mark a series in it."""
    along, titles = groups
    found = {row[along]: titles.get(row[along], row[along]) for row in rows}
    figure, axis = subplots(1, 1, height=1.2 + 0.17 * (len(series[1]) + 1) * len(found))
    told = draw_groups(axis, rows, "uar", groups=(along, found), series=series, say=_score)
    axis.set_xlabel("UAR, % (mean and 95 % interval over seeds)")
    legend_above(figure, axis, columns=4)
    said = "; ".join(f"{title}: {told[group]}" for group, title in found.items())
    return figure, f"UAR with 95 % intervals. {said}."


def _score(row: Mapping[str, Any], name: str = "uar") -> str:
    return MISSING if is_missing(row, name) else f"{percent(row[f'{name}_mean'])} %"

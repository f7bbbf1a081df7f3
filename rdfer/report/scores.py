"""How well methods do on test videos: against each other, by class, by part, under label noise.

Every function takes the results (:func:`rdfer.report.readout.load_results`). One without ending
returns a figure and a text that says what it shows, ``..._table`` returns Markdown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rdfer.report import drawing, readout
from rdfer.report.drawing import INK, SOFT, Drawn, Look
from rdfer.report.readout import CEILING, NOT_RUN, POINTS, SCORE, Results, Row, interval, percent
from rdfer.report.tables import Columns, called, each, markdown, pivot, table
from rdfer.studies.design import EVERY_SEED

MINUS = "\N{MINUS SIGN}"
#: From falling over white to rising, told apart without colour vision.
CHANGE = LinearSegmentedColormap.from_list("change", ["#E69F00", "#ffffff", "#56B4E9"])
#: Markers and lines of other methods for noisy labels, which are all grey.
RIVAL_LOOKS = (("<", ":"), ("x", "-."), (">", "--"), ("+", "-"), ("d", ":"), ("*", "--"))
STRONG = {"lw": 2.0, "ms": 7, "zorder": 3, "elinewidth": 1.2}
THIN = {"lw": 0.9, "ms": 5, "mfc": "white"}
#: Kinds of label noise that are not called by their own name.
KINDS: Mapping[str, str] = {"instance": "instance-dependent"}


def main_comparison(results: Results) -> Drawn:
    """UAR and WAR of every method: mean, interval, a small dot a seed or fold; the ceiling a line.

    The ceiling is plain training without label noise, which no method is a rival of.
    """
    rows, top = readout.rivals(results), readout.ceiling(results)
    figure, axes = drawing.subplots(1, 2, height=1.1 + 0.45 * len(rows), sharey=True)
    for axis, metric in zip(axes, ("uar", "war"), strict=True):
        for y, row in enumerate(rows):
            look = drawing.method_look(row["method"])
            single = row.get(f"{metric}_by_seed", row.get(f"{metric}_by_fold", []))
            dots = 100 * np.asarray(single, float)
            axis.plot(dots, np.full(len(dots), y + 0.22), ".", color=look.colour, alpha=0.5, ms=5)
            drawing.marks(axis, [row], metric, look, shift=y)
        if top is not None:
            mean, look = 100 * top[f"{metric}_mean"], drawing.method_look(CEILING)
            name = f"ceiling: {top['name']}"
            axis.axvline(mean, color=look.colour, ls=look.line, lw=1.3, label=name)
        axis.set_xlabel(f"{metric.upper()} on the test videos, %")
        drawing.label_rows(axis, [row["name"] for row in rows])
    if top is not None:
        drawing.legend(figure, axes[0], loc="outside upper right")
    said = "; ".join(
        f"{r['name']} UAR {percent(r['uar_mean'])} %, WAR {percent(r['war_mean'])} %"
        for r in [*rows, *([] if top is None else [top])]
    )
    over = (results["main"].get("intervals") or "seeds").removeprefix("bootstrap over ")
    return figure, f"Mean and 95 % interval over {over}. {said}."


def main_table(results: Results) -> str:
    """One row a method: UAR and WAR with intervals, seeds, cost; the ceiling comes last."""

    def passes(row: Row) -> str:
        count = row.get("forward_passes")
        return NOT_RUN if count is None else f"{int(count):,}".replace(",", "\N{THIN SPACE}")

    def name(row: Row) -> str:
        return f"*Ceiling: {row['name']}*" if row["method"] == CEILING else str(row["name"])

    columns: Columns = {
        "Method": name,
        "UAR, %": each(interval, "uar"),
        "WAR, %": each(interval, "war"),
        "Seeds": "n_seeds",
        "Forward passes": passes,
    }
    return table(
        sorted(readout.rows_of(results, "main"), key=lambda row: row["method"] == CEILING), columns
    )


def brief_table(results: Results) -> str:
    """The cover's table: method and UAR only, without the ceiling."""
    uar: Columns = {"Method": "name", "UAR, %": lambda row: percent(row["uar_mean"])}
    return table(readout.rivals(results), uar)


def difference_table(results: Results) -> str:
    """Paired differences with their intervals, and whether these exclude zero.

    In UAR alone where the test part is balanced; else in WAR as well, which the row says.
    """
    names, alone = readout.method_names(results), readout.balanced(results)

    def title(row: Row) -> str:
        pair = " − ".join(names.get(row[side], str(row[side])) for side in "ab")
        return pair if alone else f"{pair}, {row['metric'].upper()}"

    rows = readout.rows_of(results, "main", "differences")
    columns: Columns = {
        "Difference": title,
        "Points of UAR [95 %]" if alone else "Points [95 %]": each(interval, "", POINTS),
        "Seeds": "n_seeds",
        "Reading": lambda row: readout.verdict(row.get("low"), row.get("high")),
    }
    return table([row for row in rows if row["metric"] == "uar" or not alone], columns)


def difficulty_table(results: Results) -> str:
    """UAR apart for easy and for hard test videos."""
    rows = [row for row in readout.rows_of(results, "main") if "uar_hard_mean" in row]
    easy, hard = each(interval, "uar_easy"), each(interval, "uar_hard")
    return table(rows, {"UAR, %": "name", "Easy videos": easy, "Hard videos": hard})


def fold_table(results: Results) -> str:
    """One row a method: UAR / WAR of each fold, their mean, and the value of all videos pooled."""
    folds = (results.get("main") or {}).get("folds") or []

    def pair(uar: float, war: float) -> str:
        return f"{percent(uar)} / {percent(war)}"

    body = [
        [
            row["name"],
            *map(pair, row["uar_by_fold"], row["war_by_fold"]),
            *(pair(row[f"uar_{end}"], row[f"war_{end}"]) for end in ("mean", "pooled")),
        ]
        for row in readout.rows_of(results, "main")
        if "uar_by_fold" in row
    ]
    header = ["UAR / WAR, %", *(f"Fold {k}" for k in folds), "Mean over folds", "Pooled"]
    return markdown(header, body)


def per_class(results: Results) -> Drawn:
    """Recall per class, one marker a method, without the ceiling."""
    names, classes = readout.method_names(results), readout.class_names(results)
    stored = results["main"]["per_class"]
    recalls = {m: stored[m] for m in names if m in stored and m != CEILING}
    figure, axis = drawing.subplots(1, 1, height=4.0)
    for method, by_class in recalls.items():
        look = drawing.method_look(method, names[method])
        face = "white" if method.endswith("-matched") else look.colour
        shown = [100 * by_class[c] for c in classes]
        drawing.line(axis, shown, range(len(classes)), look, ls="", mfc=face, ms=7)
    drawing.label_rows(axis, classes)
    axis.grid(True, axis="y")
    axis.set_xlabel("recall on the test videos, %")
    drawing.legend(figure, axis, columns=2)
    lowest = {m: min(by, key=by.__getitem__) for m, by in recalls.items()}
    said = ", ".join(f"{names[m]} lowest in {c.lower()}" for m, c in lowest.items())
    return figure, f"Recall of the {len(classes)} classes for each method: {said}."


def per_class_table(results: Results) -> str:
    """Recall per class (rows) and method (columns), without the ceiling."""
    names = readout.method_names(results)
    recalls: Mapping[str, Row] = (results.get("main") or {}).get("per_class") or {}
    methods = [method for method in names if method in recalls and method != CEILING]
    classes = readout.class_names(results)
    body = [[c, *(percent(recalls[m].get(c)) for m in methods)] for c in classes]
    return markdown(["Recall, %", *(names[m] for m in methods)], body if methods else [])


def confusion(results: Results) -> Drawn:
    """Where the videos of each class go with plain training, and what the method changes in it."""
    names, classes = readout.method_names(results), readout.class_names(results)
    counts = {m: np.asarray(table, float) for m, table in results["main"]["confusion"].items()}
    # percent of each true class (row) predicted as each class
    shares = {m: 100 * n / np.maximum(n.sum(1, keepdims=True), 1) for m, n in counts.items()}
    first = "plain" if "plain" in shares else next(iter(shares))
    both = first == "plain" and "ours" in shares
    count = 2 if both else 1
    figure, axes = drawing.subplots(count, 1, width=5.2, height=4.4 * count, squeeze=False)
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


def noise(results: Results) -> Drawn:
    """UAR against the rate of label noise, one panel a kind: four methods strong, rivals thin.

    Raises:
        ValueError: more rivals than :data:`RIVAL_LOOKS`.
    """
    rows = readout.rows_of(results, "noise")
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    names = {row["method"]: row["name"] for row in rows}
    strong = {m: drawing.method_look(m, name) for m, name in names.items() if m in EVERY_SEED}
    others = [m for m in names if m not in EVERY_SEED]
    grey = zip(others, RIVAL_LOOKS[: len(others)], strict=True)
    looks = {**strong, **{m: Look(names[m], SOFT, *look) for m, look in grey}}
    height = 1.0 + 2.7 * len(kinds)
    figure, axes = drawing.subplots(len(kinds), 1, height=height, sharex=True, squeeze=False)
    said = []
    for axis, kind in zip(axes.flat, kinds, strict=True):
        here = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["rate"])
        for method, look in looks.items():
            points = [row for row in here if row["method"] == method]
            thick = method in strong
            rates = [100 * row["rate"] for row in points]
            weight: Mapping[str, Any] = STRONG if thick else THIN
            drawing.curve(axis, rates, points, "uar", look, bars=thick, **weight)
        axis.set(title=f"{KINDS.get(kind, kind)} noise", ylabel="UAR on the test videos, %")
        lacking = sum(readout.is_missing(row, "uar") for row in here)
        if lacking:
            note = f"{lacking} of {len(here)} marks missing"
            axis.set_title(note, loc="right", fontsize=9, color=SOFT)
        highest = [row for row in here if row["rate"] == here[-1]["rate"]]
        scores = (
            f"{r['name']} {readout.mean(r, 'uar', SCORE)}" for r in highest if r["method"] in strong
        )
        rate = readout.round_percent(here[-1]["rate"])
        said.append(f"At {rate} % {KINDS.get(kind, kind)} noise: {'; '.join(scores)}.")
    drawing.legend(figure, axes.flat[0], fontsize=9.5)
    axes.flat[-1].set_xlabel("flipped training labels, %")
    return figure, f"UAR against the rate of label noise. {' '.join(said)}"


def noise_table(results: Results) -> str:
    """UAR by kind of label noise and method (rows) and rate (columns)."""
    rows = readout.rows_of(results, "noise")
    rates = sorted({row["rate"] for row in rows})
    across = {f"{readout.round_percent(rate)} % flipped": {"rate": rate} for rate in rates}
    lead: Columns = {"Noise": called("kind", KINDS), "Method": "name"}
    return pivot(rows, ("kind", "method"), lead, across, each(readout.study, "uar"))

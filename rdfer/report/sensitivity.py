"""Sensitivity: what hangs on the numbers that somebody had to choose.

Each function takes the results (:func:`rdfer.report.readout.load_results`). One without ending
returns a figure and a text that says what it shows, ``..._table`` returns Markdown; the numbers are
those of :mod:`rdfer.studies.sensitivity`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes

from rdfer.report import drawing
from rdfer.report.drawing import BLUE, GREEN, INK, KIND_STYLE, SOFT, Drawn, Look
from rdfer.report.readout import DASH, POINTS, SHARE, Results, is_missing, percent, rows_of, study
from rdfer.report.tables import Columns, each, table
from rdfer.settings.variants import JUDGED, VOTE

#: Setting -> what figures and tables call it.
NAMES: Mapping[str, str] = {
    "agreement.wrong": "share taken for wrong",
    "agreement.clips": "clips of a sweep",
    "agreement.span": "part that a clip covers",
    "agreement.start": "first sweep, epoch",
    "sampling.clip_frames": "frames of a clip",
}
BELIEFS: Mapping[str, Look] = {
    "one clip": Look("one clip", SOFT, "o", ":"),
    "clips": Look("clips", "#E69F00", "s", "--"),
    "clips and sweeps": Look("clips and sweeps", GREEN, "v", "-."),
    "ours, unweighed": Look("RDFER (ours), unweighed", BLUE, "D", ":"),
    "RDFER (ours)": drawing.method_look("ours", "RDFER (ours)"),
}
#: Rule -> title, what is on the axis, and the threshold that methods of the package use.
RULES: Mapping[str, tuple[str, str, float]] = {
    "vote": ("Vote, last sweep", "agreement A at least", VOTE["agreement.threshold"]),
    "gap": (
        "Gap, mean over sweeps",
        "gap with its sign, at least",
        JUDGED["agreement.score_threshold"],
    ),
}


def value_name(row: Mapping[str, Any]) -> str:
    """``clips of a sweep 4``; the usual value is marked."""
    usual = " (usual)" if row["usual"] else ""
    return f"{NAMES[row['setting']]} {row['value']:g}{usual}"


def sensitivity(results: Results) -> Drawn:
    """UAR, and AUROC of the averaged gap, for each value of each setting."""
    rows = rows_of(results, "sensitivity")
    figure, axes = drawing.subplots(1, 2, height=0.9 + 0.31 * len(rows), sharey=True)
    look = drawing.method_look("ours", "RDFER (ours)")
    panels = (("uar", 100.0, "UAR on the test videos, %"), ("auroc", 1.0, "AUROC of the gap"))
    others = [y for y in range(1, len(rows)) if rows[y]["setting"] != rows[y - 1]["setting"]]
    for axis, (name, scale, title) in zip(axes, panels, strict=True):
        drawing.label_rows(axis, [value_name(row) for row in rows], borders=others)
        drawing.marks(axis, rows, name, look, scale=scale)
        for y, row in enumerate(rows):
            if row["usual"] and not is_missing(row, name):
                axis.axhspan(y - 0.45, y + 0.45, color="#eef4f9", zorder=0)
        axis.set_xlabel(title)
    said = "; ".join(f"{value_name(row)}: {study(row, 'uar')}" for row in rows)
    return figure, f"UAR in percent with 95 % intervals: {said}."


def sensitivity_table(results: Results) -> str:
    """Each value of each setting: UAR, its difference to the usual one, what sweeps know."""
    columns: Columns = {
        "Setting": value_name,
        "UAR, %": each(study, "uar"),
        "Difference, points": lambda row: DASH if row["usual"] else study(row, "delta", POINTS),
        "AUROC of the gap": each(study, "auroc", SHARE),
        "Spread of clips": each(study, "spread", SHARE),
        "Seeds": "n_seeds",
    }
    return table(rows_of(results, "sensitivity"), columns)


def choices(results: Results) -> Drawn:
    """Thresholds of both rules, the first sweep, and the reliability of stated probabilities."""
    stored = results["sensitivity"]
    figure, axes = drawing.subplots(2, 2, height=6.6)
    said = [
        _thresholds(axis, [r for r in stored["thresholds"] if r["rule"] == rule], rule)
        for axis, rule in zip(axes[0], RULES, strict=True)
    ]
    axes[0, 0].set_ylabel("called noisy, %")
    axes[0, 0].legend(fontsize=9)
    said += [_warmup(axes[1, 0], stored["warmup"]), _reliability(axes[1, 1], stored["calibration"])]
    return figure, " ".join(said)


def _thresholds(axis: Axes, rows: drawing.Rows, rule: str) -> str:
    title, label, in_use = RULES[rule]
    rows = [row for row in rows if not is_missing(row, "noisy")]
    at = [row["threshold"] for row in rows]
    for kind, (colour, line) in KIND_STYLE.items():
        shares = [100 * row[f"{kind}_mean"] for row in rows]
        axis.plot(at, shares, line, color=colour, lw=2, label=f"{kind} videos")
    axis.axvline(in_use, color=SOFT, lw=1.3)
    axis.set(title=title, xlabel=label, ylim=(0, 100))
    if not rows:
        return f"{title}: missing."
    ends = (
        f"{row['threshold']:g}: {percent(row['noisy_mean'])} % of the noisy and "
        f"{percent(row['hard_mean'])} % of the hard"
        for row in (rows[0], rows[-1])
    )
    return f"{title}, called noisy at threshold " + ", at ".join(ends) + "."


def _warmup(axis: Axes, rows: drawing.Rows) -> str:
    rows = [row for row in rows if not is_missing(row, "delta")]
    epochs = [row["epoch"] for row in rows]
    drawing.curve(axis, epochs, rows, "delta", Look("", GREEN, "v", ""), scale=1)
    axis.axhline(0, color=SOFT, lw=1)
    axis.set_title("Without the first sweeps")
    axis.set(xlabel="epoch of the first sweep used", ylabel="AUROC, difference")
    if not rows:
        return "Without the first sweeps: missing."
    said = ", ".join(f"from epoch {row['epoch']} on {row['delta_mean']:+.3f}" for row in rows)
    return f"AUROC of the averaged gap, difference to that of all sweeps: {said}."


def _reliability(axis: Axes, rows: drawing.Rows) -> str:
    axis.plot([0, 100], [0, 100], color=INK, lw=0.8, label="as stated")
    said = []
    for row in rows:
        if is_missing(row, "brier"):
            continue
        look, score = BELIEFS[row["belief"]], f"{row['brier_mean']:.3f}"
        stated, found = ([100 * p for p in row[name]] for name in ("predicted", "wrong"))
        drawing.line(axis, stated, found, replace(look, label=f"{look.label}: {score}"), ms=4)
        said.append(f"{look.label} {score}")
    axis.set(title="Is it a probability?", xlabel="stated: label is wrong, %", ylabel="is wrong, %")
    axis.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.36, -0.2))
    return "Brier scores of the stated probability that a label is wrong: " + (
        ", ".join(said) + "." if said else "missing."
    )

"""How well scores find wrong labels: by sample, sweep, rival and cost.

Every function takes the results (:func:`rdfer.report.readout.load_results`). One without ending
returns a figure and a text that says what it shows, ``..._table`` returns Markdown.
"""

import textwrap
from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter

from rdfer.report import drawing, readout
from rdfer.report.drawing import BLUE, DOTTED, GREEN, INK, KIND_STYLE, ORANGE, SOFT, Drawn, Look
from rdfer.report.readout import DASH, RANK, SHARE, Results, Row, find, interval, mean, rows_of
from rdfer.report.scores import KINDS
from rdfer.report.tables import Columns, called, each, pivot, table
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
#: Score and averaging of the cost readout.study.
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
    order = readout.score_order(rows_of(results, "agreement", "scores"))
    shown = {
        score: AXIS_NAMES.get(score) or readout.score_name(results, score)
        for score in sorted(stored, key=[*order, *stored].index)
    }
    figure, axes = drawing.subplots(len(shown), 1, height=0.9 + 1.9 * len(shown), squeeze=False)
    for axis, (score, name) in zip(axes.flat, shown.items(), strict=True):
        for kind, (colour, line) in KIND_STYLE.items():
            counts = np.asarray(stored[score].get(kind, []), float)
            if total := counts.sum():
                look = {"color": colour, "lw": 2, "ls": line, "label": f"{kind} ({total:.0f})"}
                axis.stairs(100 * counts / total, stored[score]["edges"], **look)
        axis.set(xlabel=name, ylabel="% of the kind")
    # the same videos in every panel, so one legend serves them all
    drawing.legend(figure, axes.flat[0])
    scores = ", ".join(shown.values())
    return figure, f"Histograms of clean, hard and noisy training samples over: {scores}."


def agreement_auroc(results: Results) -> Drawn:
    """AUROC of every score for noisy labels: over all samples, and where the loss is high.

    The high losses are those of one clip, which the scores use too or which they leave out.
    Scores that do not look at the label are a group of their own, below the others.
    """
    stored = rows_of(results, "agreement", "scores")
    rows = [row for row in stored if row.get("auroc_mean") is not None]
    names = readout.score_order(stored)
    known = [score for score in names if score not in LABEL_FREE]
    free = [score for score in names if score in LABEL_FREE]
    places = {score: float(k) for k, score in enumerate(known)}
    places |= {score: len(known) + 0.6 + k for k, score in enumerate(free)}
    figure, axis = drawing.subplots(1, 1, width=5.2, height=1.9 + 0.48 * len(names))
    there = [over for over in SELECTIONS if find(rows, over=over)]
    shifts = drawing.shifts(len(there), room=0.19 * len(there))
    for shift, over in zip(shifts, there, strict=True):
        look = Look(f"against {SELECTIONS[over]}", *SELECTION_MARKS[over])
        shown = [row for row in rows if row["over"] == over]
        at = [places[row["score"]] for row in shown]
        drawing.marks(axis, shown, "auroc", look, at=at, shift=shift, scale=1)
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
    drawing.legend(figure, axis, columns=1)
    said = "; ".join(
        f"{readout.score_name(results, score)} {row['auroc_mean']:.2f}"
        for score in names
        if (row := find(rows, score=score, over="all"))
    )
    return figure, f"How well each score ranks noisy labels, AUROC over all samples: {said}."


def agreement_table(results: Results) -> str:
    """Detection of noisy labels: AUROC of every score, over all and among the high losses.

    The high losses are those of one clip, which the scores use too or which they leave out.
    """
    rows = rows_of(results, "agreement", "scores")

    def auroc(over: str) -> Callable[[str], str]:
        return lambda score: interval(find(rows, score=score, over=over), "auroc", SHARE)

    columns: Columns = {
        "Score": lambda score: readout.score_name(results, score),
        **{f"Noisy against {said}": auroc(over) for over, said in SELECTIONS.items()},
    }
    return table(readout.score_order(rows), columns)


def quality_table(results: Results) -> str:
    """Scores of videos beside the agreement of annotators."""

    def cell(name: str) -> Callable[[Row], str]:
        return lambda row: interval({**row, f"{name}_mean": row[name]}, name, RANK, DASH)

    columns: Columns = {
        "Score": "name",
        "Spearman with annotators": cell("spearman"),
        "AUROC, low consensus": cell("auroc"),
        "Videos": "n",
        "Low consensus": "low_consensus",
    }
    return table(rows_of(results, "labels", "quality"), columns)


def agreement_by_sweep(results: Results) -> Drawn:
    """AUROC of the gap after each sweep: that sweep alone, and the mean of all so far."""
    rows = rows_of(results, "agreement", "by_sweep")
    figure, axis = drawing.subplots(1, 1, height=3.1)
    looks = {
        "mean": drawing.method_look("ours", "mean of the sweeps so far"),
        "last": Look("this sweep alone", GREEN, "v", "--"),
    }
    for part, look in looks.items():
        drawing.line(axis, [row["epoch"] for row in rows], [row[part] for row in rows], look)
    axis.axhline(0.5, label="chance", **DOTTED)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel="epoch of the sweep", ylabel="AUROC of the gap")
    drawing.legend(figure, axis)
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
    scores = {row["score"]: row["score"] for row in rows}
    figure, axes = drawing.subplots(1, 2, height=1.4 + 0.62 * len(scores), sharey=True, sharex=True)
    told = {}
    for axis, (epochs, title) in zip(axes, EPOCHS.items(), strict=True):
        here = [row for row in rows if row["epochs"] == epochs]
        told[title] = drawing.grouped(
            axis, here, "auroc", groups=("score", scores), series=("passes", PASSES), form=RANK
        )
        axis.axvline(0.5, **DOTTED)
        axis.set_title(title)
    drawing.label_rows(axes[0], [f"{s}\n(no label)" if s in UNLABELLED else s for s in scores])
    figure.supxlabel(f"{HIGH_LOSS} (dotted: chance)", fontsize=10.5)
    drawing.legend(figure, axes[0])
    said = "; ".join(f"{s}, {title}: {told[title][s]}" for s in scores for title in told)
    return figure, f"{HIGH_LOSS}. {said}."


def factorial_table(results: Results) -> str:
    """AUROC by score and passes (rows), averaging and which videos (columns)."""
    across = {
        f"{said}, {averaged}": {"over": over, "epochs": epochs}
        for over, said in {"high-loss": "High loss", "all": "All"}.items()
        for epochs, averaged in EPOCHS.items()
    }
    lead: Columns = {"Score": "score", "Passes": lambda row: PASSES[row["passes"]].label}
    rows = rows_of(results, "factorial")
    return pivot(rows, ("score", "passes"), lead, across, each(readout.study, "auroc", SHARE))


def rivals(results: Results) -> Drawn:
    """AUROC among high losses of every score under the first kind of noise, the best one on top."""
    rows = rows_of(results, "rivals")
    kind = rows[0]["kind"] if rows else ""
    shown = sorted_rivals(rows, kind)
    figure, axis = drawing.subplots(1, 1, height=1.3 + 0.38 * len(shown))
    looks = {False: Look("rival", SOFT, "o"), True: Look("score of agreement", BLUE, "^")}
    for own, look in looks.items():
        found = [row if bool(row["own"]) is own else None for row in shown]
        drawing.marks(axis, found, "auroc_high_loss", look, scale=1)
    axis.axvline(0.5, **DOTTED)
    drawing.label_rows(axis, [textwrap.fill(rival_name(row), 28) for row in shown])
    for text, row in zip(axis.get_yticklabels(), shown, strict=True):
        text.set(color=BLUE if row["own"] else INK, linespacing=1.0)
    axis.set_xlabel(f"{HIGH_LOSS}\n(dotted: chance)")
    drawing.legend(figure, axis)
    said = "; ".join(f"{rival_name(row)} {mean(row, 'auroc_high_loss', RANK)}" for row in shown)
    return figure, f"{HIGH_LOSS}, {KINDS.get(kind, kind)} noise: {said}."


def sorted_rivals(rows: drawing.Rows, kind: str) -> list[Row]:
    """The rows of a kind of noise by AUROC among high losses, the highest first, missing last."""
    here = [row for row in rows if row["kind"] == kind]
    return sorted(here, key=lambda row: -(row["auroc_high_loss_mean"] or 0.0))


def rival_name(row: Row) -> str:
    """Name of a score; the own ones with their method."""
    return OWN[row["score"]] if row["own"] else str(row["score"])


def rival_table(results: Results) -> str:
    """Every score under every kind of noise, in the order of the AUROC among high losses."""
    rows = rows_of(results, "rivals")

    def name(row: Row) -> str:
        return f"**{rival_name(row)}**" if row["own"] else rival_name(row)

    kinds = dict.fromkeys(row["kind"] for row in rows)
    columns: Columns = {
        "Noise": called("kind", KINDS),
        "Score": name,
        "AUROC, high loss": each(readout.study, "auroc_high_loss", SHARE),
        "AUROC, all": each(readout.study, "auroc_all", SHARE),
        "AUPRC, all": each(readout.study, "auprc_all", SHARE),
        "Found at budget, %": each(readout.study, "found_at_budget_all"),
    }
    return table((row for kind in kinds for row in sorted_rivals(rows, kind)), columns)


def cost(results: Results) -> Drawn:
    """AUROC among high losses against the number of clips."""
    rows = rows_of(results, "cost")
    clips = sorted({row["clips"] for row in rows})
    figure, axis = drawing.subplots(1, 1, height=3.6)
    missing = []
    for shift, (key, look) in zip(drawing.shifts(3, room=0.08), COSTS.items(), strict=True):
        here = [row for row in rows if (row["score"], row["epochs"]) == key]
        here.sort(key=lambda row: row["clips"])
        at = [row["clips"] * 2**shift for row in here]
        drawing.curve(axis, at, here, "auroc", look, scale=1)
        missing += [
            f"{look.label}, {r['clips']} clips" for r in here if readout.is_missing(r, "auroc")
        ]
    axis.axhline(0.5, label="chance", **DOTTED)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator(clips))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="clips a sweep", ylabel="AUROC among high losses")
    if missing:
        axis.set_title(f"missing: {', '.join(missing)}", loc="right", fontsize=9, color=SOFT)
    drawing.legend(figure, axis, columns=2)
    said = "; ".join(
        f"{COSTS[row['score'], row['epochs']].label}, {row['clips']}: {mean(row, 'auroc', RANK)}"
        for row in rows
    )
    return figure, f"{HIGH_LOSS}, by the number of clips. {said}."


def cost_table(results: Results) -> str:
    """AUROC among high losses by score (rows) and number of clips (columns)."""
    rows = rows_of(results, "cost")
    counts = sorted({row["clips"] for row in rows})
    across = {f"{n} clip{'' if n == 1 else 's'}": {"clips": n} for n in counts}
    lead: Columns = {"AUROC, high loss": lambda row: COSTS[row["score"], row["epochs"]].label}
    return pivot(rows, ("score", "epochs"), lead, across, each(readout.study, "auroc", SHARE))

"""What each part of the method brings, and what happens inside while it learns.

Every function of the book takes the results (:func:`rdfer.report.readout.load_results`). One
without ending returns a figure and a text that says what it shows, ``..._table`` returns Markdown.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rdfer.report import drawing, readout
from rdfer.report.drawing import BLUE, DOTTED, GREEN, INK, ORANGE, SOFT, Drawn, Look
from rdfer.report.readout import CEILING, DASH, NOT_RUN, POINTS, RANK, SHARE, Results, Row, study
from rdfer.report.tables import Columns, called, each, markdown, pivot, table
from rdfer.settings.variants import METHODS, RIVALS
from rdfer.studies.design import WORLD_METHODS


class Grid(NamedTuple):
    """How the rows of a study are laid out: its name, what makes a line, what stands in one."""

    study: str
    along: str
    titles: Mapping[str, str]
    by: str
    looks: Mapping[str, Look]


STREAMS = Grid(
    *("streams", "streams"),
    {"both": "both streams", "long": "long-term alone", "short": "short-term alone"},
    "input",
    {
        "intact": Look("intact", INK, "o"),
        "frames shuffled": Look("frames shuffled", ORANGE, "s"),
        "clips shuffled": Look("clips shuffled", BLUE, "^"),
        "frozen": Look("frozen", GREEN, "D"),
    },
)
DETAILS = Grid(
    *("detail", "over"),
    {"test": "all test videos"},
    "detail",
    {
        "resampled": Look("re-sampled", BLUE, "o"),
        "even": Look("even", SOFT, "D"),
        "random": Look("random", ORANGE, "s"),
    },
)
#: Worlds -> what tables call them.
WORLDS: Mapping[str, str] = {
    "usual": "the benchmark as it is",
    "no blendshapes": "encoder that never saw blendshapes",
    "dfew": "class proportions of DFEW",
    "end to end": "trained end to end, on a small subset",
}
TITLES = {name: variant.title for name, variant in {**METHODS, **RIVALS}.items()}


def ablation(results: Results) -> Drawn:
    """Paired difference of every variant to the full method."""
    rows = [r for r in readout.rows_of(results, "ablation") if r.get("delta_mean") is not None]
    figure, axis = drawing.subplots(1, 1, height=0.9 + 0.34 * len(rows))
    drawing.marks(axis, rows, "delta", Look("", BLUE, "o"))
    axis.axvline(0, color=SOFT, lw=1)
    drawing.label_rows(axis, [row["name"] for row in rows])
    axis.set_xlabel("UAR, difference to the full method, points")
    said = "; ".join(f"{row['name']} {readout.interval(row, 'delta', POINTS)}" for row in rows)
    return figure, f"Paired differences in points of UAR with 95 % intervals: {said}."


def ablation_table(results: Results) -> str:
    """Every variant: what was changed, UAR, and the paired difference to the full method."""
    columns: Columns = {
        "Variant": "name",
        "Part": lambda row: row.get("part", ""),
        "UAR, %": each(readout.interval, "uar"),
        "Difference, points": each(readout.interval, "delta", POINTS, DASH),
        "Seeds": "n_seeds",
    }
    return table(readout.rows_of(results, "ablation"), columns)


def streams(results: Results) -> Drawn:
    """UAR of both streams and of each alone, by what is left of the order in time."""
    return _grid_figure(results, STREAMS)


def stream_table(results: Results) -> str:
    """UAR by streams (rows) and input (columns)."""
    return _grid_table(results, STREAMS)


def detail(results: Results) -> Drawn:
    """UAR by stratum of the test videos, for each way to choose the detail clips."""
    return _grid_figure(results, DETAILS)


def detail_table(results: Results) -> str:
    """UAR by stratum (rows) and choice of the detail clips (columns)."""
    return _grid_table(results, DETAILS)


def _grid_figure(results: Results, grid: Grid) -> Drawn:
    rows = readout.rows_of(results, grid.study)
    titles = {row[grid.along]: called(grid.along, grid.titles)(row) for row in rows}
    figure, axis = drawing.subplots(1, 1, height=1.2 + 0.17 * (len(grid.looks) + 1) * len(titles))
    groups, series = (grid.along, titles), (grid.by, grid.looks)
    told = drawing.grouped(axis, rows, "uar", groups=groups, series=series, form=readout.SCORE)
    axis.set_xlabel("UAR, % (mean and 95 % interval over seeds)")
    drawing.legend(figure, axis, columns=4)
    said = "; ".join(f"{title}: {told[group]}" for group, title in titles.items())
    return figure, f"UAR with 95 % intervals. {said}."


def _grid_table(results: Results, grid: Grid) -> str:
    across = {look.label.capitalize(): {grid.by: value} for value, look in grid.looks.items()}
    lead = {"UAR, %": called(grid.along, grid.titles)}
    return pivot(
        readout.rows_of(results, grid.study), (grid.along,), lead, across, each(study, "uar")
    )


def key(results: Results) -> Drawn:
    """Share of videos whose detail clips meet the key segment, beside places spread evenly."""
    rows = readout.rows_of(results, "key")
    figure, axis = drawing.subplots(1, 1, height=1.2 + 0.42 * len(rows))
    hit, chance = ([100 * row[name] for row in rows] for name in ("hit_rate", "chance"))
    places = range(len(rows))
    drawing.line(axis, hit, places, Look("re-sampled", BLUE, "o", ""), ms=7)
    drawing.line(axis, chance, places, Look("spread evenly", SOFT, "|", ""), ms=14, mew=2)
    drawing.label_rows(axis, [row["stratum"] for row in rows])
    axis.set(xlabel="videos whose key segment is hit, %", xlim=(0, 103))
    drawing.legend(figure, axis)
    said = "; ".join(f"{r['stratum']} {readout.percent(r['hit_rate'])} %" for r in rows)
    return figure, f"Hit rate of key-expression re-sampling: {said}."


def key_table(results: Results) -> str:
    """How often re-sampling finds the key segment, beside places spread evenly."""
    columns: Columns = {
        "Videos": "stratum",
        "Hit rate, %": lambda row: readout.percent(row["hit_rate"]),
        "Spread evenly, %": lambda row: readout.percent(row.get("chance")),
        "Temporal IoU": lambda row: readout.number(row.get("tiou"), RANK),
    }
    return table(readout.rows_of(results, "key"), columns)


def dynamics(results: Results) -> Drawn:
    """Training loss, noisy validation score and memorised labels over the epochs."""
    names, stored = readout.method_names(results), results["dynamics"]
    curves = {m: stored[m] for m in sorted(stored, key=[*names, *stored].index)}
    panels = (
        ("train_loss", "epoch", "training loss", 1.0),
        ("val_uar", "epoch", "UAR on the validation part (as noisy as training), %", 100.0),
        ("memorised", "memorised_epoch", "wrong labels learnt, %", 100.0),
    )
    figure, axes = drawing.subplots(3, 1, height=7.0, sharex=True)
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
    drawing.legend(figure, axes[0])
    return figure, "Curves over the epochs: " + ", ".join(panel[2] for panel in panels) + "."


def _curve(axis: Axes, epochs: Any, values: Any, method: str, title: str, scale: float) -> None:
    """A method's curve over whole epochs; nothing where it has no values."""
    shown = scale * np.asarray(values, float)
    if not shown.size:
        return
    look = drawing.method_look(method, title)
    every = max(len(shown) // 8, 1)
    drawing.line(axis, epochs[: len(shown)], shown, look, ms=4, markevery=every)
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
    with drawing.style():
        figure, axes = drawing.subplots(1, 1 + known, width=9.0, height=3.2, squeeze=False)
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


def world_table(results: Results) -> str:
    """UAR of methods, and AUROC of the averaged gap beside the best rival, by world (rows)."""

    def cell(*arguments: Any) -> Callable[[Row], str]:
        return lambda row: study(row, *arguments) if "auroc_gap_mean" in row else NOT_RUN

    columns: Columns = {
        "World": called("world", WORLDS),
        **{f"UAR, {TITLES[method]}": cell(f"uar_{method}") for method in WORLD_METHODS},
        "AUROC, averaged gap": cell("auroc_gap", SHARE),
        "best rival": cell("auroc_rival", SHARE),
        "which": lambda row: row.get("rival", DASH),
    }
    return table(readout.rows_of(results, "worlds"), columns)


def tuning_table(results: Results) -> str:
    """UAR of every method's trials on the development pool, the chosen one in bold."""
    methods: Mapping[str, Row] = (results.get("tuning") or {}).get("methods") or {}
    most = max((len(entry["trials"]) for entry in methods.values()), default=0)
    body = []
    for method, entry in methods.items():
        trials = [readout.percent(uar) for uar in entry["trials"]]
        trials[entry["best"]] = f"**{trials[entry['best']]}**"
        changes = (f"`{n.partition('.')[2]}` {value}" for n, value in entry["changes"].items())
        body.append([TITLES[method], *trials, ", ".join(changes)])
    return markdown(["Method", *(f"Trial {k + 1}" for k in range(most)), "Chosen"], body)

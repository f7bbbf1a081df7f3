"""The peers' figure: UAR on DFEW against the cost of a clip, every mark with its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from rdfer.base.files import sha256_file, write_json
from rdfer.report.comparison import PAPER, Peers, Runs, placed
from rdfer.report.drawing import INK, SOFT, Drawn, save, style, subplots
from rdfer.report.labels import FONT, Label, place_labels
from rdfer.report.reported import INPUTS, load_reported

NAME = "peers"  # file stem of the figure
#: What a method sees -> colour and marker; this project's own runs come last.
LOOKS: Mapping[str, tuple[str, str]] = {
    "V": ("#0072B2", "o"),
    "V+T": ("#B84A00", "s"),
    "A+V": ("#117755", "^"),
    "own": (INK, "*"),
}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROOM = 2.2  # the axis of costs goes on by this factor at both ends


@dataclass(frozen=True)
class Mark:
    """One method or run in the figure: cost in GFLOPs, UAR in percent, a key of :data:`LOOKS`."""

    name: str
    cost: float
    uar: float
    kind: str
    hollow: bool = False


def marks_of(peers: Peers, runs: Runs) -> list[Mark]:
    """What can be drawn: the methods and whole runs on DFEW of which cost and UAR are known."""
    marks = [
        Mark(peer.method, cost, uar, peer.inputs, hollow=bool(peer.cost_leaves_out))
        for peer, cost, uar in placed(peers)
    ]
    return marks + [
        Mark(f"{run.method}, run here ({run.run})", run.gflops, 100 * run.uar, "own")
        for run in runs
        if run.data == "DFEW" and run.complete and run.epoch != "test" and run.gflops is not None
    ]


def draw(peers: Peers, runs: Runs) -> Drawn:
    """UAR on DFEW against GFLOPs.

    A hollow mark stands for a cost that leaves a part out. The paper's method, whose cost is not
    known, is a line across all costs.
    """
    marks = marks_of(peers, runs)
    paper = peers[PAPER].dfew_uar if PAPER in peers else None
    figure, axis = subplots(1, 1, height=4.9)
    for mark in marks:
        colour, marker = LOOKS[mark.kind]
        size = 11 if mark.kind == "own" else 7.5
        face = "white" if mark.hollow else colour
        axis.plot(mark.cost, mark.uar, marker, color=colour, mfc=face, mew=1.6, ms=size, zorder=3)
    _axes(axis, [mark.cost for mark in marks])
    _legend(axis, marks)
    if paper is not None:
        axis.axhline(paper, color=SOFT, ls="--", lw=1.3, zorder=1)
    # labels are placed in pixels, so nothing may move any more
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    taken = [] if paper is None else _line_label(axis, paper)
    labels = [Label(mark.name, mark.cost, mark.uar, LOOKS[mark.kind][0]) for mark in marks]
    place_labels(axis, labels, taken)
    told = "; ".join(f"{mark.name} {mark.cost:g} GFLOPs, UAR {mark.uar:.2f}" for mark in marks)
    line = "" if paper is None else f" A line marks {PAPER}, cost not known, at UAR {paper:.2f}."
    return (
        figure,
        f"UAR on DFEW in percent against the cost of a clip. {told or 'No method'}.{line}",
    )


def _axes(axis: Axes, costs: Sequence[float]) -> None:
    low, high = min(costs, default=1.0) / ROOM, max(costs, default=100.0) * ROOM
    inside = [tick for tick in TICKS if low <= tick <= high]
    axis.set(xscale="log", xlim=(low, high))
    axis.set_xticks(inside, [f"{tick:g}" for tick in inside])
    axis.minorticks_off()
    axis.margins(y=0.12)
    axis.set(xlabel="cost of a clip, GFLOPs (logarithmic)", ylabel="UAR on DFEW, %")


def _legend(axis: Axes, marks: Sequence[Mark]) -> None:
    present = {mark.kind for mark in marks}
    names = {**INPUTS, "own": "run by this project"}
    looks = [(*look, look[0], names[kind]) for kind, look in LOOKS.items() if kind in present]
    if any(mark.hollow for mark in marks):
        looks.append((SOFT, "o", "white", "part of the cost"))
    handles = [
        Line2D([], [], color=colour, marker=marker, mfc=face, mew=1.6, ls="", ms=7.5, label=name)
        for colour, marker, face, name in looks
    ]
    axis.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=len(handles) if len(handles) <= 4 else 3,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _line_label(axis: Axes, value: float) -> list[Bbox]:
    """Name the paper's line at its left end; returns what line and name cover, in pixels."""
    text = axis.annotate(
        f"{PAPER}, cost not known",
        (0, value),
        (4, 3),
        xycoords=axis.get_yaxis_transform(),
        textcoords="offset points",
        fontsize=FONT,
        color="#555555",
    )
    frame, (_, y) = axis.get_window_extent(), axis.transData.transform((1, value))
    return [text.get_window_extent(), Bbox.from_extents(frame.x0, y - 1, frame.x1, y + 1)]


def draw_peers(reported: Path, runs: Runs, out: Path) -> Path:
    """Draw the figure into a directory, as ``peers.svg`` with its provenance in ``peers.json``.

    Args:
        reported: file of the literature's numbers (:func:`rdfer.report.reported.load_reported`).
        runs: this project's (:func:`rdfer.studies.real_results.gather_real`).
        out: the directory.

    Returns:
        The figure's file.

    Raises:
        UserError: what the file holds cannot be used.
    """
    with style():
        figure, said = draw(load_reported(reported), runs)
    path = out / f"{NAME}.svg"
    save(figure, path)
    write_json(
        path.with_suffix(".json"),
        {
            "name": NAME,
            "alt": said,
            "drawn_by": f"{__name__}.draw",
            "code": sha256_file(__file__),
            "results": {reported.name: sha256_file(reported)},
            "runs": sorted({f"{run.run}: {run.settings_hash}" for run in runs}),
        },
    )
    return path

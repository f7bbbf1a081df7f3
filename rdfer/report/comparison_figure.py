"""The peers' figure: UAR on DFEW against the cost of a clip, every mark with its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adjustText import adjust_text
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from rdfer.base.files import sha256_file
from rdfer.report import drawing
from rdfer.report.comparison import PAPER, Peers, Runs, placed
from rdfer.report.drawing import INK, SOFT, Drawn, Look
from rdfer.report.reported import INPUTS, load_reported

#: What a method sees -> colour and marker; this project's own runs come last.
LOOKS: Mapping[str, tuple[str, str]] = {
    "V": ("#0072B2", "o"),
    "V+T": ("#B84A00", "s"),
    "A+V": ("#117755", "^"),
    "own": (INK, "*"),
}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROOM = 2.2  # the axis of costs goes on by this factor at both ends
FONT = 10.0  # points
MARK = 6.0  # half of what names keep free around a mark, in pixels


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
    figure, axis = drawing.subplots(1, 1, height=4.9)
    names = {**INPUTS, "own": "run by this project"}
    for mark in marks:
        look = Look("", *LOOKS[mark.kind], "")
        size, face = 11 if mark.kind == "own" else 7.5, "white" if mark.hollow else look.colour
        drawing.line(axis, [mark.cost], [mark.uar], look, mfc=face, mew=1.6, ms=size, zorder=3)
    for kind in (kind for kind in LOOKS if any(mark.kind == kind for mark in marks)):
        drawing.line(axis, [], [], Look(names[kind], *LOOKS[kind], ""), ms=7.5)
    if any(mark.hollow for mark in marks):
        part = Look("part of the cost", SOFT, "o", "")
        drawing.line(axis, [], [], part, mfc="white", mew=1.6, ms=7.5)
    _axes(axis, [mark.cost for mark in marks])
    if marks:
        drawing.legend(figure, axis, columns=4, handletextpad=0.2, columnspacing=1.2)
    taken: list[Artist] = []
    if paper is not None:
        line = axis.axhline(paper, color=SOFT, ls="--", lw=1.3, zorder=1)
        name = axis.text(0.006, paper, f"{PAPER}, cost not known", color="#555555", fontsize=FONT)
        name.set(va="bottom", transform=axis.get_yaxis_transform())
        taken = [line, name]
    # names are placed in pixels, so nothing may move any more
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    _place_names(axis, marks, taken)
    told = "; ".join(f"{mark.name} {mark.cost:g} GFLOPs, UAR {mark.uar:.2f}" for mark in marks)
    said = f"UAR on DFEW in percent against the cost of a clip. {told or 'No method'}."
    if paper is not None:
        said += f" A line marks {PAPER}, cost not known, at UAR {paper:.2f}."
    return figure, said


def _axes(axis: Axes, costs: Sequence[float]) -> None:
    low, high = min(costs, default=1.0) / ROOM, max(costs, default=100.0) * ROOM
    inside = [tick for tick in TICKS if low <= tick <= high]
    axis.set(xscale="log", xlim=(low, high))
    axis.set_xticks(inside, [f"{tick:g}" for tick in inside])
    axis.minorticks_off()
    axis.margins(y=0.12)
    axis.set(xlabel="cost of a clip, GFLOPs (logarithmic)", ylabel="UAR on DFEW, %")


def _place_names(axis: Axes, marks: Sequence[Mark], taken: Sequence[Artist]) -> None:
    """Write every name beside its mark, so that it covers no other name and no mark.

    Names start on their marks, which push them away; without adjustText's first blast, which throws
    lonely names far. Its steps are limited and not their time, so that the same numbers give the
    same picture.
    """
    texts = [
        axis.text(mark.cost, mark.uar, mark.name, fontsize=FONT, color=LOOKS[mark.kind][0])
        for mark in marks
    ]
    points = [axis.transData.transform((mark.cost, mark.uar)) for mark in marks]
    boxes = [Bbox([point - MARK, point + MARK]) for point in points]
    boxes += [artist.get_window_extent() for artist in taken]
    # adjustText wants boxes in the units of the data
    to_data = axis.transData.inverted()
    adjust_text(
        texts,
        ax=axis,
        objects=[Bbox(to_data.transform(box.get_points())) for box in boxes] or None,
        avoid_self=False,
        iter_lim=300,
        explode_radius=0,
        force_text=(0.3, 0.5),
        force_static=(0.2, 0.4),
        expand=(1.05, 1.3),
        arrowprops={"arrowstyle": "-", "color": SOFT, "lw": 0.7},
    )


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
    made_of = {reported.name: sha256_file(reported)}
    of_runs = sorted({f"{run.run}: {run.settings_hash}" for run in runs})
    peers = load_reported(reported)
    return drawing.draw_file(out / "peers", draw, peers, runs, results=made_of, runs=of_runs)

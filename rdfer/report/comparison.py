"""The comparison page: what others report on the real sets, beside this project's own runs there.

The literature's numbers come from :mod:`rdfer.report.reported`, this project's from
:mod:`rdfer.studies.real_results`. Scores on the embedded benchmark have no way in here. The figure
shows UAR on DFEW against the cost of a clip, every mark with its name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adjustText import adjust_text
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.report import drawing
from rdfer.report.drawing import INK, SOFT, Drawn, Look
from rdfer.report.readout import DASH, NOT_RUN
from rdfer.report.reported import INPUTS, SCORES, SETS, Peer, load_reported
from rdfer.report.tables import Columns, markdown, table
from rdfer.studies.real_results import EPOCHS, FOLDS, OWN, RealResult

PAPER = "RDFER"  # the paper's method, as its authors report it
#: How a run's epoch was chosen -> as tables say it, in the order of :data:`EPOCHS`.
CHOSEN = dict(
    zip(EPOCHS, ("the last one", "on a validation part", "**on the test fold**"), strict=True)
)
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

Peers = Mapping[str, Peer]
Runs = Sequence[RealResult]


def ordered(peers: Peers) -> list[Peer]:
    """By what they see, then by UAR on DFEW; without one last in their group."""

    def place(peer: Peer) -> tuple[int, float]:
        uar = peer.dfew_uar
        return list(INPUTS).index(peer.inputs), 101.0 if uar is None else uar

    return sorted(peers.values(), key=place)


def score_table(peers: Peers, runs: Runs) -> str:
    """One row a method: input, reported scores, this project's own, then year, size and cost.

    Raises:
        UserError: there are runs of a method that has no row.
    """
    known = (*peers, *OWN)
    for run in runs:
        if run.method not in known:
            raise UserError(f"method = {run.method!r}: must be one of {', '.join(known)}")
    scores = [f"{name} {score}" for name in SETS.values() for score in ("UAR", "WAR")]
    header = ["Method", "Input", *scores, "This project", "Year", "Params, M", "GFLOPs"]
    return markdown(
        header, [*(_row(peer, runs) for peer in ordered(peers)), *(_own(n, runs) for n in OWN)]
    )


def _row(peer: Peer, runs: Runs) -> list[str]:
    return [
        f"**{peer.method}**" if peer.method == PAPER else peer.method,
        peer.inputs,
        *(peer.score(column) or DASH for column in SCORES),
        own_cell(peer.method, runs),
        DASH if peer.year is None else f"{{cite:year}}`{peer.cite}`",
        _size(peer.params_m) + ("\\*" if peer.params_of else ""),
        _size(peer.gflops) + ("†" if peer.cost_leaves_out else ""),
    ]


def _own(method: str, runs: Runs) -> list[str]:
    shown = shown_runs(method, runs)
    seen = _listed((run.seen for run in shown), "; ")
    cost = _listed(map(_cost, shown), "; ")
    blank = [DASH] * len(SCORES)
    first = [f"*{method}*", f"V, {seen}" if seen else "V", *blank, own_cell(method, runs)]
    return [*first, DASH, DASH, cost or DASH]


def _size(value: float | None) -> str:
    return DASH if value is None else f"{value:g}"


def own_cell(method: str, runs: Runs) -> str:
    """This project's scores of one method: ``DFEW 56.10 / 69.20 (dfew)``, run after run."""
    told = []
    for run in shown_runs(method, runs):
        part = "" if run.complete else f", fold {_folds(run)} alone"
        told.append(f"{run.data} {_percent(run.uar)} / {_percent(run.war)} ({run.run}{part})")
    return "; ".join(told) or NOT_RUN


def shown_runs(method: str, runs: Runs) -> list[RealResult]:
    """The runs of one method that stand beside the literature.

    Those whose epoch was chosen on the test fold are left out: :func:`run_table` has them.
    """
    return [
        run
        for run in arranged(runs)
        if run.method == method and run.data in SETS.values() and run.epoch != "test"
    ]


def _folds(run: RealResult) -> str:
    return ", ".join(map(str, run.folds))


def _percent(score: float) -> str:
    return f"{100 * score:.2f}"


def arranged(runs: Runs) -> list[RealResult]:
    """By set, method and preset; runs that differ in the choice of the epoch follow each other."""

    def place(run: RealResult) -> tuple[int, int, str, str, int]:
        own = OWN.index(run.method) if run.method in OWN else len(OWN)
        others = {name: run.changes[name] for name in run.changes if name != "training.choose"}
        return list(FOLDS).index(run.data), own, run.preset, str(others), EPOCHS.index(run.epoch)

    return sorted(runs, key=place)


def run_table(runs: Runs) -> str:
    """One row a method and run on a real set."""
    columns: Columns = {
        "Set": lambda run: run.data,
        "Method": lambda run: run.method,
        "Run": lambda run: run.run,
        "Epoch chosen": lambda run: CHOSEN[run.epoch],
        "Folds": lambda run: _folds(run) + ("" if run.complete else " alone"),
        "UAR, %": lambda run: _percent(run.uar),
        "WAR, %": lambda run: _percent(run.war),
        "Input": lambda run: run.seen or DASH,
        "GFLOPs": lambda run: _cost(run) or DASH,
        "Date": lambda run: run.date[:10],
    }
    return table(arranged(runs), columns)


def _cost(run: RealResult) -> str:
    """A run's own cost, which is counted, to three digits; "" where it was not."""
    return "" if run.gflops is None else f"{run.gflops:.3g}"


def source_table(peers: Peers) -> str:
    """One row a method: publication, where its scores were seen, licence of its code, notes."""

    def seen(peer: Peer) -> str:
        if not peer.checked_in:
            return "*source not checked*"
        return "the source" if peer.checked_in == peer.cite else f"{{cite:t}}`{peer.checked_in}`"

    columns: Columns = {
        "Method": lambda peer: peer.method,
        "Source": lambda peer: f"{{cite:t}}`{peer.cite}`",
        "Scores seen in": seen,
        "Licence of the code": lambda peer: peer.licence or DASH,
        "Note": lambda peer: peer.note or DASH,
    }
    return table(ordered(peers), columns)


def placed(peers: Peers) -> list[tuple[Peer, float, float]]:
    """The methods that can be drawn, with their cost and UAR on DFEW: both are known."""
    return [
        (peer, peer.gflops, uar)
        for peer in ordered(peers)
        if peer.gflops is not None and (uar := peer.dfew_uar) is not None
    ]


def phrases(peers: Peers) -> dict[str, str]:
    """What captions quote: the methods that are not drawn, and costs that leave a part out."""
    drawn = [peer for peer, *_ in placed(peers)]
    left_out = [p.method for p in ordered(peers) if p not in drawn and p.method != PAPER]
    partial = [f"{p.method} without {p.cost_leaves_out}" for p in drawn if p.cost_leaves_out]
    return {
        "peers_not_drawn": _listed(left_out) or "none",
        "peers_part_of_cost": _listed(partial) or "none",
    }


def _listed(told: Iterable[str], sign: str = ", ") -> str:
    """What is told, each once, in its order."""
    return sign.join(dict.fromkeys(filter(None, told)))


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

"""The comparison page: what others report on the real sets, beside this project's own runs there.

The literature's numbers come from :mod:`rdfer.report.reported`, this project's from
:mod:`rdfer.studies.real_results`. Scores on the embedded benchmark have no way in here.
"""

from collections.abc import Iterable, Mapping, Sequence

from rdfer.base.errors import UserError
from rdfer.report.readout import NOT_RUN
from rdfer.report.reported import INPUTS, SCORES, SETS, Peer
from rdfer.report.tables import markdown
from rdfer.studies.real_results import EPOCHS, FOLDS, OWN, RealResult

PAPER = "RDFER"  # the paper's method, as its authors report it
NOT_CHECKED = "source not checked"
NOT_KNOWN = "–"
#: How a run's epoch was chosen -> as tables say it, in the order of :data:`EPOCHS`.
CHOSEN = dict(
    zip(EPOCHS, ("the last one", "on a validation part", "**on the test fold**"), strict=True)
)

Peers = Mapping[str, Peer]
Runs = Sequence[RealResult]


def ordered(peers: Peers) -> list[Peer]:
    """By what they see, then by UAR on DFEW; without one last in their group."""

    def place(peer: Peer) -> tuple[int, float]:
        uar = peer.scores["dfew_uar"]
        return list(INPUTS).index(peer.inputs), 101.0 if uar is None else uar

    return sorted(peers.values(), key=place)


def check_runs(peers: Peers, runs: Runs) -> None:
    """Refuse runs of methods that have no row.

    Raises:
        UserError: there is such a run.
    """
    known = (*peers, *OWN)
    for run in runs:
        if run.method not in known:
            raise UserError(f"method = {run.method!r}: must be one of {', '.join(known)}")


def score_table(peers: Peers, runs: Runs) -> str:
    """One row a method: input, reported scores, this project's own, then year, size and cost."""
    check_runs(peers, runs)
    columns = [f"{name} {score}" for name in SETS.values() for score in ("UAR", "WAR")]
    header = ["Method", "Input", *columns, "This project", "Year", "Params, M", "GFLOPs"]
    body = [
        [
            f"**{peer.method}**" if peer.method == PAPER else peer.method,
            peer.inputs,
            *(peer.score(column) or NOT_KNOWN for column in SCORES),
            own_cell(peer.method, runs),
            NOT_KNOWN if peer.year is None else f"{{cite:year}}`{peer.cite}`",
            _size(peer.params_m) + ("\\*" if peer.params_of else ""),
            _size(peer.gflops) + ("†" if peer.cost_leaves_out else ""),
        ]
        for peer in ordered(peers)
    ]
    blank = [NOT_KNOWN] * len(SCORES)
    for name in OWN:
        shown = shown_runs(name, runs)
        seen = _each(run.seen for run in shown)
        cost = _each(_cost(run) for run in shown)
        body.append(
            [
                *(f"*{name}*", f"V, {seen}" if seen else "V", *blank, own_cell(name, runs)),
                *(NOT_KNOWN, NOT_KNOWN, cost or NOT_KNOWN),
            ]
        )
    return markdown(header, body)


def own_cell(method: str, runs: Runs) -> str:
    """This project's scores of one method: ``DFEW 56.10 / 69.20 (dfew)``, run after run."""
    return "; ".join(map(_own_scores, shown_runs(method, runs))) or NOT_RUN


def shown_runs(method: str, runs: Runs) -> list[RealResult]:
    """The runs of one method that stand beside the literature.

    Those whose epoch was chosen on the test fold are left out: :func:`run_table` has them.
    """
    return [
        run
        for run in arranged(runs)
        if run.method == method and run.data in SETS.values() and run.epoch != "test"
    ]


def _own_scores(run: RealResult) -> str:
    part = "" if run.complete else f", fold {_folds(run)} alone"
    return f"{run.data} {_percent(run.uar)} / {_percent(run.war)} ({run.run}{part})"


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
    """One row a method and run on a real set.

    Columns: how the epoch was chosen, folds, UAR, WAR, what is seen of a video and its cost, date.
    """
    body = [
        [
            run.data,
            run.method,
            run.run,
            CHOSEN[run.epoch],
            _folds(run) + ("" if run.complete else " alone"),
            _percent(run.uar),
            _percent(run.war),
            run.seen or NOT_KNOWN,
            _cost(run) or NOT_KNOWN,
            run.date[:10],
        ]
        for run in arranged(runs)
    ]
    header = ["Set", "Method", "Run", "Epoch chosen", "Folds", "UAR, %", "WAR, %"]
    return markdown([*header, "Input", "GFLOPs", "Date"], body)


def _cost(run: RealResult) -> str:
    """A run's own cost, which is counted, to three digits; "" where it was not."""
    return "" if run.gflops is None else f"{run.gflops:.3g}"


def _each(told: Iterable[str]) -> str:
    """What is told, each once, in its order."""
    return "; ".join(dict.fromkeys(filter(None, told)))


def source_table(peers: Peers) -> str:
    """One row a method: publication, where its scores were seen, licence of its code, notes."""
    body = [
        [
            peer.method,
            f"{{cite:t}}`{peer.cite}`",
            _checked(peer),
            peer.licence or NOT_KNOWN,
            peer.note or NOT_KNOWN,
        ]
        for peer in ordered(peers)
    ]
    return markdown(["Method", "Source", "Scores seen in", "Licence of the code", "Note"], body)


def _checked(peer: Peer) -> str:
    if not peer.checked_in:
        return f"*{NOT_CHECKED}*"
    return "the source" if peer.checked_in == peer.cite else f"{{cite:t}}`{peer.checked_in}`"


def placed(peers: Peers) -> list[tuple[Peer, float, float]]:
    """The methods that can be drawn, with their cost and UAR on DFEW: both are known."""
    return [
        (peer, peer.gflops, uar)
        for peer in ordered(peers)
        if peer.gflops is not None and (uar := peer.scores["dfew_uar"]) is not None
    ]


def phrases(peers: Peers) -> dict[str, str]:
    """What captions quote: the methods that are not drawn, and costs that leave a part out."""
    drawn = [peer for peer, *_ in placed(peers)]
    left_out = [p.method for p in ordered(peers) if p not in drawn and p.method != PAPER]
    partial = [f"{p.method} without {p.cost_leaves_out}" for p in drawn if p.cost_leaves_out]
    return {"peers_not_drawn": _listed(left_out), "peers_part_of_cost": _listed(partial)}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _size(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:g}"

"""The comparison page: what others report on the real sets, beside this project's own runs there.

The literature's numbers come from :mod:`rdfer.report.reported`, this project's from
:mod:`rdfer.studies.real_results`. Scores on the embedded benchmark have no way in here.
"""

from collections.abc import Iterable, Mapping, Sequence

from rdfer.base.errors import UserError
from rdfer.report.readout import DASH, NOT_RUN
from rdfer.report.reported import INPUTS, SCORES, SETS, Peer
from rdfer.report.tables import Columns, markdown, table
from rdfer.studies.real_results import EPOCHS, FOLDS, OWN, RealResult

PAPER = "RDFER"  # the paper's method, as its authors report it
#: How a run's epoch was chosen -> as tables say it, in the order of :data:`EPOCHS`.
CHOSEN = dict(
    zip(EPOCHS, ("the last one", "on a validation part", "**on the test fold**"), strict=True)
)

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

"""Results -> the single numbers and phrases that pages quote as ``{{ name }}``.

Pages hold no numbers. They name one of these, so a book built from another run says other numbers,
and a number that does not exist reads :data:`rdfer.report.readout.NOT_RUN`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rdfer.report import readout
from rdfer.report.claim_tables import phrases as claim_phrases
from rdfer.report.comparison import CHOSEN, Runs, phrases
from rdfer.report.readout import CEILING, NOT_RUN, POINTS, SAME, SHARE, Results, Row, find, interval
from rdfer.report.reported import Peer, identifier
from rdfer.settings.variants import METHODS
from rdfer.studies.claims import load_claims
from rdfer.studies.design import PAIRS
from rdfer.studies.judging import FILE, check_content
from rdfer.studies.suspicion import SCORE_NAMES


def substitutions(
    results: Results, reported: Mapping[str, Peer], runs: Runs = ()
) -> dict[str, str]:
    """Everything that pages may quote.

    Args:
        results: as :func:`rdfer.report.readout.load_results` gives them.
        reported: the literature's numbers, as :mod:`rdfer.report.reported` gives them.
        runs: this project's scores on the real sets.
    """
    claims, judged = load_claims(), results.get("claims")
    return {
        **_meta(results, runs),
        **_main(results),
        **_detection(results),
        **_benchmark(results),
        "networks_say": _networks(results),
        **{
            f"reported_{identifier(method)}_{key}": peer.score(key) or "not reported"
            for method, peer in reported.items()
            for key in ("dfew_uar", "dfew_war", "ferv39k_uar", "ferv39k_war")
        },
        **phrases(reported),
        **claim_phrases(claims, judged and check_content(FILE, judged, claims)),
    }


def _word(value: Any) -> str:
    return NOT_RUN if value is None else str(value)


def _meta(results: Results, runs: Runs) -> dict[str, str]:
    """How the numbers came about; and which real sets were run, by this run or by others."""
    meta, main = results.get("meta") or {}, results.get("main") or {}
    noise, machine, seeds = meta.get("noise") or {}, meta.get("machine"), meta.get("seeds")
    sets = [*filter(None, [meta.get("data")]), *(run.data for run in runs)]
    return {
        **{name: _word(meta.get(name)) for name in ("preset", "date", "pool")},
        **{f"n_{part}": _word(meta.get(part)) for part in ("train", "val", "test")},
        "seeds": _word(None if seeds is None else len(seeds)),
        "noise_kind": _word(noise.get("kind")),
        "noise_rate": readout.round_percent(noise.get("rate")),
        "wall": readout.duration(meta["wall_s"]) if "wall_s" in meta else NOT_RUN,
        "machine": f"{machine.get('cores', '?')} CPU cores, {machine.get('gpu') or 'no GPU'}"
        if machine
        else NOT_RUN,
        "data_set": _word(meta.get("data")),
        "folds": ", ".join(map(str, main.get("folds") or [])) or NOT_RUN,
        "interval_kind": _word(main.get("intervals")),
        "epoch_chosen": CHOSEN.get(main.get("epoch", ""), NOT_RUN),
        "real_sets_run": ", ".join(dict.fromkeys(sets)) or "none",
    }


def _main(results: Results) -> dict[str, str]:
    values: dict[str, str] = {}
    for method in [name for name in METHODS if name != CEILING]:
        row = find(readout.rows_of(results, "main"), method=method)
        for metric in ("uar", "war"):
            name = identifier(f"{metric}_{method}")
            values[name] = readout.percent((row or {}).get(f"{metric}_mean"))
            values[f"{name}_ci"] = interval(row, metric)
    folds = (results.get("main") or {}).get("folds") or []
    for a, b in [pair for pair in PAIRS if CEILING not in pair]:
        row = find(readout.rows_of(results, "main", "differences"), a=a, b=b, metric="uar") or {}
        name = identifier(f"gain_{a}_{b}")
        values[name] = readout.number(row.get("mean"), POINTS)
        values[f"{name}_ci"] = interval(row, "", POINTS)
        values[f"{name}_says"] = sentence(a, b, row, folds)
    return values


def sentence(a: str, b: str, row: Row, folds: Sequence[int] = ()) -> str:
    """What the paired difference of two methods shows, in one sentence; ``folds`` of a real set."""
    one, other = METHODS[a].title, METHODS[b].title
    if row.get("mean") is None:
        return f"{one} against {other}: {NOT_RUN}"
    reading = {
        "higher": f"{one} is above {other}",
        "lower": f"{one} is below {other}",
        SAME: f"{one} and {other} show {SAME}",
        "no interval": f"{one} against {other}, without an interval",
    }[readout.verdict(row.get("low"), row.get("high"))]
    count, unit = (len(folds), "fold") if folds else (row["n_seeds"], "seed")
    points = interval(row, "", POINTS)
    return f"{reading}: {points} points of UAR over {count} {unit}{'s' * (count != 1)}"


def _networks(results: Results) -> str:
    """What other networks reach in the place of the two streams, in one sentence."""
    said = []
    for row in readout.rows_of(results, "ablation"):
        if row.get("part") == "network":
            reading = readout.verdict(row.get("delta_low"), row.get("delta_high"))
            words = {"higher": "above", "lower": "below"}.get(reading, f"with {reading}")
            points = interval(row, "delta", POINTS)
            said.append(f"{row['name']} {words} ({points} points, {row['n_seeds']} seeds)")
    return "; ".join(said) or NOT_RUN


def _detection(results: Results) -> dict[str, str]:
    rows = readout.rows_of(results, "agreement", "scores")
    known = dict.fromkeys([*SCORE_NAMES, *(row["score"] for row in rows)])
    selections = {"all": "all", "high-loss": "high", "high-loss-apart": "high_apart"}
    return {
        f"auroc_{identifier(score)}_{short}": interval(
            find(rows, score=score, over=over), "auroc", SHARE
        )
        for score in known
        for over, short in selections.items()
    }


def _benchmark(results: Results) -> dict[str, str]:
    benchmark = results.get("benchmark") or {}
    identities = benchmark.get("identities")
    clean = find(readout.rows_of(results, "main"), method="clean") or {}
    cost = find(readout.rows_of(results, "main", "differences"), a="clean", b="plain", metric="uar")
    return {
        **{
            f"bench_{key}_{group}": readout.percent((benchmark.get(key) or {}).get(group))
            for key in ("oracle", "frame_bag")
            for group in ("overall", "hard")
        },
        "bench_hard": readout.percent(benchmark.get("hard")),
        "bench_ambiguous": readout.percent(benchmark.get("ambiguous")),
        "bench_clean_plain_uar": readout.percent(clean.get("uar_mean")),
        "bench_noise_cost": interval(cost),
        "n_identities": _word(None if identities is None else sum(identities.values())),
    }

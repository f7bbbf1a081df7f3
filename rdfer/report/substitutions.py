"""Results -> the single numbers and phrases that pages quote as ``{{ name }}``.

Pages hold no numbers. They name one of these, so a book built from another run says other numbers,
and a number that does not exist reads :data:`rdfer.report.readout.NOT_RUN`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rdfer.report.claim_tables import phrases as claim_phrases
from rdfer.report.comparison import CHOSEN, Runs, phrases
from rdfer.report.readout import (
    NOT_RUN,
    Results,
    auroc,
    duration,
    find,
    percent,
    rows_of,
    verdict,
    with_interval,
)
from rdfer.report.reported import Peer, identifier
from rdfer.studies.claims import load_claims
from rdfer.studies.judging import FILE, check_content
from rdfer.studies.suspicion import SCORE_NAMES

METHODS = {
    "plain": "Plain",
    "plain-matched": "Plain, compute-matched",
    "elr": "ELR",
    "elr-matched": "ELR, compute-matched",
    "vote": "RDFER (vote)",
    "ours": "RDFER (ours)",
}
PAIRS = (
    *(("ours", "plain"), ("ours", "plain-matched"), ("ours", "elr"), ("ours", "elr-matched")),
    *(("ours", "vote"), ("vote", "plain")),
)


def substitutions(
    results: Results, reported: Mapping[str, Peer], runs: Runs = ()
) -> dict[str, str]:
    """Everything that pages may quote.

    Args:
        results: as :func:`rdfer.report.readout.load_results` gives them.
        reported: the literature's numbers, as :mod:`rdfer.report.reported` gives them.
        runs: this project's scores on the real sets.
    """
    return {
        **_meta(results),
        **_main(results),
        **_detection(results),
        **_benchmark(results),
        "networks_say": _networks(results),
        **_real(results, runs),
        **_reported(reported),
        **phrases(reported),
        **_claims(results),
    }


def _claims(results: Results) -> dict[str, str]:
    claims, content = load_claims(), results.get("claims")
    return claim_phrases(claims, content and check_content(FILE, content, claims))


def _word(value: Any) -> str:
    return NOT_RUN if value is None else str(value)


def _meta(results: Results) -> dict[str, str]:
    meta = results.get("meta") or {}
    noise = meta.get("noise") or {}
    seeds = meta.get("seeds")
    return {
        "preset": _word(meta.get("preset")),
        "date": _word(meta.get("date")),
        "pool": _word(meta.get("pool")),
        "seeds": NOT_RUN if seeds is None else str(len(seeds)),
        "noise_kind": _word(noise.get("kind")),
        "noise_rate": percent(noise.get("rate")).removesuffix(".0"),
        "wall": duration(meta["wall_s"]) if "wall_s" in meta else NOT_RUN,
        **{f"n_{part}": _word(meta.get(part)) for part in ("train", "val", "test")},
        "machine": _machine(meta.get("machine")),
    }


def _machine(machine: Mapping[str, Any] | None) -> str:
    if not machine:
        return NOT_RUN
    cores = machine.get("cores", "?")
    return f"{cores} CPU cores, {machine.get('gpu') or 'no GPU'}"


def _real(results: Results, runs: Runs) -> dict[str, str]:
    """What is told of a run on a real set; and which sets were run, by this run or by others."""
    meta, main = results.get("meta") or {}, results.get("main") or {}
    here = [meta["data"]] if "data" in meta else []
    return {
        "data_set": _word(meta.get("data")),
        "folds": ", ".join(map(str, main.get("folds") or [])) or NOT_RUN,
        "interval_kind": _word(main.get("intervals")),
        "epoch_chosen": CHOSEN.get(main.get("epoch", ""), NOT_RUN),
        "real_sets_run": ", ".join(dict.fromkeys([*here, *(r.data for r in runs)])) or "none",
    }


def _main(results: Results) -> dict[str, str]:
    values: dict[str, str] = {}
    folds = (results.get("main") or {}).get("folds") or []
    rows = rows_of(results, "main")
    for method in METHODS:
        row = find(rows, method=method) or {}
        for metric in ("uar", "war"):
            mean, low, high = (row.get(f"{metric}_{part}") for part in ("mean", "low", "high"))
            name = f"{metric}_{method.replace('-', '_')}"
            values[name] = percent(mean)
            values[f"{name}_ci"] = with_interval(mean, low, high)
    for a, b in PAIRS:
        row = find(rows_of(results, "main", "differences"), a=a, b=b, metric="uar") or {}
        name = f"gain_{a}_{b}".replace("-", "_")
        mean, low, high = (row.get(part) for part in ("mean", "low", "high"))
        values[name] = percent(mean, signed=True)
        values[f"{name}_ci"] = with_interval(mean, low, high, signed=True)
        values[f"{name}_says"] = sentence(a, b, row, folds)
    return values


def sentence(a: str, b: str, row: Mapping[str, Any], folds: Sequence[int] = ()) -> str:
    """What the paired difference of two methods shows, in one sentence; ``folds`` of a real set."""
    if row.get("mean") is None:
        return f"{METHODS[a]} against {METHODS[b]}: {NOT_RUN}"
    points = with_interval(row["mean"], row.get("low"), row.get("high"), signed=True)
    reading = {
        "higher": f"{METHODS[a]} is above {METHODS[b]}",
        "lower": f"{METHODS[a]} is below {METHODS[b]}",
        "not told apart": f"{METHODS[a]} and {METHODS[b]} are not told apart",
        "no interval": f"{METHODS[a]} against {METHODS[b]}, without an interval",
    }[verdict(row.get("low"), row.get("high"))]
    count, unit = (len(folds), "fold") if folds else (row["n_seeds"], "seed")
    return f"{reading}: {points} points of UAR over {count} {unit}{'s' * (count != 1)}"


def _networks(results: Results) -> str:
    """What other networks reach in the place of the two streams, in one sentence."""
    said = []
    for row in rows_of(results, "ablation"):
        if row.get("part") == "network":
            ends = row.get("delta_low"), row.get("delta_high")
            reading = {"higher": "above", "lower": "below"}.get(verdict(*ends), verdict(*ends))
            points = with_interval(row.get("delta_mean"), *ends, signed=True)
            said.append(f"{row['name']} {reading} ({points} points, {row['n_seeds']} seeds)")
    return "; ".join(said) or NOT_RUN


def _detection(results: Results) -> dict[str, str]:
    rows = rows_of(results, "agreement", "scores")
    names = dict.fromkeys([*SCORE_NAMES, *(row["score"] for row in rows)])
    return {
        f"auroc_{_name(score)}_{short}": auroc(find(rows, score=score, over=over))
        for score in names
        for short, over in (("all", "all"), ("high", "high-loss"))
    }


def _name(text: str) -> str:
    """An identifier made of a score's key."""
    return "".join(letter if letter.isalnum() else "_" for letter in text)


def _benchmark(results: Results) -> dict[str, str]:
    benchmark = results.get("benchmark") or {}
    identities = benchmark.get("identities")
    clean = find(rows_of(results, "main"), method="clean") or {}
    cost = find(rows_of(results, "main", "differences"), a="clean", b="plain", metric="uar") or {}
    values = {
        f"bench_{key}_{group}": percent((benchmark.get(key) or {}).get(group))
        for key in ("oracle", "frame_bag")
        for group in ("overall", "hard")
    }
    return values | {
        "bench_hard": percent(benchmark.get("hard")),
        "bench_ambiguous": percent(benchmark.get("ambiguous")),
        "bench_clean_plain_uar": percent(clean.get("uar_mean")),
        "bench_noise_cost": with_interval(*(cost.get(k) for k in ("mean", "low", "high"))),
        "n_identities": NOT_RUN if identities is None else str(sum(identities.values())),
    }


def _reported(reported: Mapping[str, Peer]) -> dict[str, str]:
    return {
        f"reported_{identifier(method)}_{key}": peer.score(key) or "not reported"
        for method, peer in reported.items()
        for key in ("dfew_uar", "dfew_war", "ferv39k_uar", "ferv39k_war")
    }

"""The claims with their predictions and verdicts, for the book and for the terminal."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rdfer.metrics.verdict import ALPHA, VERDICTS, decide
from rdfer.report.readout import DASH, POINTS, interval
from rdfer.report.tables import Columns, table
from rdfer.studies.claims import HEADLINE_SEEDS, MARGINS, SEEDS, WHERE, Claim, Claims

NOT_JUDGED = "not judged yet"
Rows = Mapping[str, Mapping[str, Any]] | None
"""Verdicts by id of the claim; None where none was judged."""


def verdict_cell(claim: Claim, rows: Rows) -> str:
    """The verdict; marked where the bootstrap alone would say otherwise."""
    if rows is None:
        return NOT_JUDGED
    row = rows[claim.id]
    said: str = row["verdict"]
    if said == "missing" or row["resampled"] is None:
        return said
    low, high = row["resampled"]
    return said if decide(low, high, claim.margin) == said else f"{said}†"


def effect_cell(claim: Claim, rows: Rows) -> str:
    """Effect and interval, in points: hundredths of the metric."""
    row = {} if rows is None else rows[claim.id]
    return interval({**row, "mean": row.get("effect")}, "", POINTS, DASH)


def family_table(claims: Claims, family: str, rows: Rows) -> str:
    """A family's claims for the book, one row each."""
    columns: Columns = {
        "Claim": lambda claim: claim.id,
        "About": lambda claim: claim.about,
        f"Said {WHERE}": lambda claim: claim.statement,
        "Margin": _margin,
        "Predicted": lambda claim: f"*{claim.prediction}*: {claim.reason}",
        "Verdict": lambda claim: verdict_cell(claim, rows),
        "Effect, points": lambda claim: effect_cell(claim, rows),
    }
    return table(claims.of(family), columns)


def _margin(claim: Claim) -> str:
    """The margin and its measure, abbreviations as they are written."""
    short = claim.metric in ("uar", "auroc", "auprc")
    number = f"{claim.margin:g}".replace("-", "\N{MINUS SIGN}")
    return f"{number} {claim.metric.upper() if short else claim.metric}"


def all_tables(claims: Claims, rows: Rows) -> str:
    """Every family: heading and table, as one piece of Markdown."""
    return "\n".join(
        f"### {family}: {title}\n\n{seeds_of(claims.of(family))}\n\n"
        f":::{{div}} wide-table claims\n{family_table(claims, family, rows)}:::\n"
        for family, title in claims.titles.items()
    )


def brief_table(claims: Claims, rows: Rows) -> str:
    """How many claims of each family came out how, for the cover."""

    def counted(family: str) -> str:
        found = Counter((rows or {})[claim.id]["verdict"] for claim in claims.of(family))
        return ", ".join(f"{found[said]} {said}" for said in VERDICTS if found[said])

    columns: Columns = {
        "Claims": lambda family: f"{family}: {claims.titles[family]}",
        "Verdicts": counted,
    }
    return table([] if rows is None else claims.titles, columns)


def seeds_of(group: Sequence[Claim]) -> str:
    """How many claims and seeds a family has, in a sentence."""
    counts = Counter(claim.seeds for claim in group)
    if len(counts) == 1:
        return f"{len(group)} claims, {group[0].seeds} seeds each."
    said = [f"{n} with {seeds} seeds" for seeds, n in sorted(counts.items(), reverse=True)]
    return f"{len(group)} claims, {' and '.join(said)}."


def terminal(claims: Claims, rows: Rows, *, width: int = 100) -> list[str]:
    """Lines for a terminal: id, prediction, verdict, effect, and the statement wrapped beside."""
    found = [("claim", "predicted", "verdict", "" if rows is None else "effect, points")]
    for claim in claims.claims:
        effect = "" if rows is None else effect_cell(claim, rows)
        found.append((claim.id, claim.prediction, verdict_cell(claim, rows), effect))
    sizes = [max(map(len, column)) for column in zip(*found, strict=True)]
    lines = []
    for row, text in zip(found, ["", *(claim.text for claim in claims.claims)], strict=True):
        head = "".join(f"{cell:{size}}  " for cell, size in zip(row, sizes, strict=True) if size)
        first, *others = textwrap.wrap(text, max(30, width - len(head))) or [""]
        lines += [head + first, *(" " * len(head) + other for other in others)]
    return [line.rstrip() for line in lines]


def phrases(claims: Claims, rows: Rows) -> dict[str, str]:
    """What pages quote: the rule's constants, and how many claims there are of each kind."""
    said = [claim.prediction for claim in claims.claims]
    verdicts = {c.id: NOT_JUDGED if rows is None else rows[c.id]["verdict"] for c in claims.claims}
    right = "no claim is judged yet"
    if rows is not None:
        decided = [c for c in claims.claims if verdicts[c.id] != "missing"]
        hits = sum(claim.prediction == verdicts[claim.id] for claim in decided)
        right = f"{hits} of {len(decided)} predictions came true"
    return {
        "rule_alpha": f"{100 * ALPHA:g}",
        "rule_level": f"{100 * (1 - ALPHA):g}",
        "rule_margin_uar": f"{MARGINS['uar']:g}",
        "rule_margin_auroc": f"{MARGINS['auroc']:g}",
        "rule_seeds": str(SEEDS),
        "rule_headline_seeds": str(HEADLINE_SEEDS),
        "claims_count": str(len(said)),
        **{
            f"claims_predicted_{kind}": str(said.count(kind)) for kind in ("holds", "fails", "open")
        },
        "claims_came_true": right,
        **{f"verdict_{claim}": verdict for claim, verdict in verdicts.items()},
    }

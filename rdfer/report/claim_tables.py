"""The claims with their predictions and verdicts, for the book and for the terminal."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rdfer.metrics.verdict import ALPHA, VERDICTS, decide
from rdfer.report.readout import JOIN
from rdfer.report.tables import markdown
from rdfer.studies.claims import HEADLINE_SEEDS, MARGINS, SEEDS, WHERE, Claim, Claims

NOT_JUDGED = "not judged yet"
MINUS = "\N{MINUS SIGN}"

Rows = Mapping[str, Mapping[str, Any]] | None


def verdict_cell(claim: Claim, rows: Rows) -> str:
    """The verdict; marked where the bootstrap alone would say otherwise."""
    if rows is None:
        return NOT_JUDGED
    row = rows[claim.id]
    mark = ""
    if row["verdict"] != "missing" and row["resampled"] is not None:
        low, high = row["resampled"]
        mark = "†" if decide(low, high, claim.margin) != row["verdict"] else ""
    return f"{row['verdict']}{mark}"


def effect_cell(claim: Claim, rows: Rows) -> str:
    """Effect and interval, in points: hundredths of the metric."""
    row = None if rows is None else rows[claim.id]
    if row is None or row["effect"] is None:
        return "–"
    mean, low, high = (_points(row[key]) for key in ("effect", "low", "high"))
    return f"{mean} [{low}{JOIN}{high}]"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", MINUS)


def family_table(claims: Claims, family: str, rows: Rows) -> str:
    """A family's claims for the book, one row each."""
    body = [
        [
            claim.id,
            claim.about,
            claim.statement.replace("|", "\\|"),
            _margin(claim),
            f"*{claim.prediction}*: {claim.reason}",
            verdict_cell(claim, rows),
            effect_cell(claim, rows),
        ]
        for claim in claims.of(family)
    ]
    header = ["Claim", "About", f"Said {WHERE}", "Margin", "Predicted", "Verdict", "Effect, points"]
    return markdown(header, body)


def _margin(claim: Claim) -> str:
    sign = MINUS if claim.margin < 0 else ""
    return f"{sign}{abs(claim.margin):g} {measure(claim.metric)}"


def measure(metric: str) -> str:
    """Abbreviations as they are written."""
    return metric.upper() if metric in ("uar", "auroc", "auprc") else metric


def all_tables(claims: Claims, rows: Rows) -> str:
    """Every family: heading and table, as one piece of Markdown."""
    return "\n".join(
        f"### {family}: {title}\n\n{seeds_of(claims.of(family))}\n\n"
        f":::{{div}} wide-table claims\n{family_table(claims, family, rows)}:::\n"
        for family, title in claims.titles.items()
    )


def brief_table(claims: Claims, rows: Rows) -> str:
    """How many claims of each family came out how, for the cover."""
    header = ["Claims", "Verdicts"]
    if rows is None:
        return markdown(header, [])
    body = []
    for family, title in claims.titles.items():
        found = Counter(rows[claim.id]["verdict"] for claim in claims.of(family))
        said = (f"{found[verdict]} {verdict}" for verdict in VERDICTS if found[verdict])
        body.append([f"{family}: {title}", ", ".join(said)])
    return markdown(header, body)


def seeds_of(group: Sequence[Claim]) -> str:
    """How many claims and seeds a family has, in a sentence."""
    counts = Counter(claim.seeds for claim in group)
    if len(counts) == 1:
        return f"{len(group)} claims, {group[0].seeds} seeds each."
    said = [f"{n} with {seeds} seeds" for seeds, n in sorted(counts.items(), reverse=True)]
    return f"{len(group)} claims, {' and '.join(said)}."


def terminal(claims: Claims, rows: Rows, *, width: int = 100) -> list[str]:
    """Lines for a terminal: id, prediction, verdict, effect, and the statement wrapped beside."""
    found = [("claim", "predicted", "verdict", "effect, points")]
    for claim in claims.claims:
        cells = (verdict_cell(claim, rows), effect_cell(claim, rows))
        found.append((claim.id, claim.prediction, *cells))
    if rows is None:
        found = [(*row[:3], "") for row in found]
    texts = ["", *(claim.text for claim in claims.claims)]
    sizes = [max(map(len, column)) for column in zip(*found, strict=True)]
    lines = []
    for row, text in zip(found, texts, strict=True):
        head = "".join(f"{c:{n}}  " for c, n in zip(row, sizes, strict=True) if n)
        parts = textwrap.wrap(text, max(30, width - len(head))) or [""]
        lines += [(head if k == 0 else " " * len(head)) + part for k, part in enumerate(parts)]
    return [line.rstrip() for line in lines]


def phrases(claims: Claims, rows: Rows) -> dict[str, str]:
    """What pages quote: the rule's constants, and how many claims there are of each kind."""
    said = [claim.prediction for claim in claims.claims]
    right = "no claim is judged yet"
    if rows is not None:
        pairs = [(claim.prediction, rows[claim.id]["verdict"]) for claim in claims.claims]
        decided = [pair for pair in pairs if pair[1] != "missing"]
        hits = sum(a == b for a, b in decided)
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
        **{
            f"verdict_{claim.id}": "not judged yet" if rows is None else rows[claim.id]["verdict"]
            for claim in claims.claims
        },
    }

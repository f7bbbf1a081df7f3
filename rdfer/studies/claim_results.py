"""``results/claims.json``: the verdicts on the claims, made once per tagged method.

    {"claims_hash": ..,   of claims.yml: verdicts on other claims are refused
     "method": ..,        tag of the method that was judged
     "pool": "confirmation",
     "date": .., "version": ..,
     "claims": [{"id", "verdict", "metric", "margin", "effect", "low", "high", "share", "p",
                 "n_seeds", "resampled": [low, high] or null, "runs": [..], "lacking": [..]}]}

``runs`` names the runs that a verdict rests on, ``lacking`` those that a missing one waits for.
Statements and predictions are not repeated: they stand in ``claims.yml``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rdfer import __version__
from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.metrics.verdict import ALPHA, VERDICTS, Evidence, Judgement, Trial, decide, judge
from rdfer.pipeline.provenance import now
from rdfer.studies.claims import Claim, Claims

POOL = "confirmation"
FILE = "claims.json"
NUMBERS = ("effect", "low", "high", "share", "p")
FIELDS = {"id", "verdict", "metric", "margin", "n_seeds", "resampled", "runs", "lacking", *NUMBERS}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured for one claim.

    Attributes:
        evidence: one a comparison, in the order of ``Claim.comparisons``, all
            over the same seeds; empty where something is lacking.
        runs: the runs that it rests on.
        lacking: runs that are missing or stale, with that word.
    """

    evidence: Sequence[Evidence] = ()
    runs: Sequence[str] = ()
    lacking: Sequence[str] = ()


def judged(claims: Claims, found: Mapping[str, Found], *, method: str) -> dict[str, Any]:
    """Judge every claim, family by family; one that nothing was found for is missing.

    Args:
        claims: all of them.
        found: by id of the claim, from fresh runs of the confirmation pool alone.
        method: tag of the method.

    Returns:
        The content of the file.

    Raises:
        UserError: something was found for a claim that there is not, or for another number of
            comparisons than it makes, or :func:`rdfer.metrics.verdict.judge` refuses.
    """
    unknown = sorted(found.keys() - claims.by_id.keys())
    if unknown:
        raise UserError(f"claim = {unknown[0]!r}: there is no such claim")
    rows = []
    for family in claims.titles:
        group = claims.of(family)
        evidence = {claim.id: found.get(claim.id, Found(lacking=("not run",))) for claim in group}
        trials = {claim.id: _trial(claim, evidence[claim.id]) for claim in group}
        verdicts = judge(trials)
        rows += [_row(claim, verdicts[claim.id], evidence[claim.id]) for claim in group]
    return {
        "claims_hash": claims.digest,
        "method": method,
        "pool": POOL,
        "date": now(),
        "version": __version__,
        "claims": rows,
    }


def _trial(claim: Claim, found: Found) -> Trial | None:
    """None where a run or a seed is lacking: nothing is averaged over what is left."""
    if found.lacking:
        return None
    wanted = len(claim.comparisons)
    if len(found.evidence) != wanted:
        raise UserError(f"{claim.id}: {len(found.evidence)} comparisons found, it makes {wanted}")
    trial = Trial(margin=claim.margin, comparisons=found.evidence)
    fewest = min(np.size(e.differences) for e in found.evidence)
    return None if fewest < claim.seeds else trial


def _row(claim: Claim, judgement: Judgement, found: Found) -> dict[str, Any]:
    lacking = list(found.lacking)
    if judgement.verdict == "missing" and not lacking:
        lacking = [f"seeds: fewer than {claim.seeds}"]
    ends = judgement.resampled
    return {
        "id": claim.id,
        "verdict": judgement.verdict,
        "metric": claim.metric,
        "margin": claim.margin,
        **{name: getattr(judgement, name) for name in NUMBERS},
        "n_seeds": judgement.n,
        "resampled": None if ends is None else list(ends),
        "runs": list(found.runs),
        "lacking": lacking,
    }


def write_results(path: str | Path, content: Mapping[str, Any], claims: Claims) -> None:
    """Write the file, whole or not at all.

    Raises:
        UserError: the content is not as it must be; or the same method was judged before, on
            every claim, with another outcome: a second look needs a tag of its own.
    """
    path = Path(path)
    check_content(str(path), content, claims)
    if path.exists():
        old = read_json(path)
        same = isinstance(old, dict) and old.get("method") == content["method"]
        if same and old.get("claims_hash") == claims.digest:
            rows = check_content(str(path), old, claims)
            complete = all(row["verdict"] != "missing" for row in rows.values())
            if complete and old["claims"] != content["claims"]:
                raise UserError(f"{path}: method {old['method']!r} was judged already; tag it anew")
    write_json(path, dict(content))


def read_results(path: str | Path, claims: Claims) -> dict[str, Any] | None:
    """The rows by id of the claim; None where there is no file.

    Raises:
        UserError: the file is not as it must be, or judges other claims than these.
    """
    return check_content(str(path), read_json(path), claims) if Path(path).exists() else None


def check_content(path: str, content: Any, claims: Claims) -> dict[str, Any]:
    """Check what a file holds; returns the rows by id of the claim.

    Args:
        path: names the file in errors.
        content: of the file.
        claims: that it must judge.

    Raises:
        UserError: it is not as it must be.
    """
    keys = {"claims_hash", "method", "pool", "date", "version", "claims"}
    if not isinstance(content, Mapping) or content.keys() != keys:
        raise UserError(f"{path}: must hold exactly {', '.join(sorted(keys))}")
    if content["claims_hash"] != claims.digest:
        raise UserError(f"{path}: judges other claims than those of claims.yml; judge them anew")
    if content["pool"] != POOL:
        raise UserError(f"{path}: pool = {content['pool']!r}: claims are judged on {POOL} alone")
    if not content["method"] or not isinstance(content["method"], str):
        raise UserError(f"{path}: method = {content['method']!r}: must be a tag")
    rows = content["claims"]
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"{path}: claims must be a list of objects")
    ids = [row.get("id") for row in rows]
    if ids != list(claims.by_id):
        raise UserError(f"{path}: must judge every claim once, in their order")
    for row in rows:
        _check_row(f"{path}: {row['id']}", row, claims.by_id[row["id"]])
    return {row["id"]: row for row in rows}


def _check_row(name: str, row: Mapping[str, Any], claim: Claim) -> None:
    if row.keys() != FIELDS:
        wrong = sorted(row.keys() ^ FIELDS)[0]
        raise UserError(f"{name}: {wrong} {'is missing' if wrong in FIELDS else 'is not known'}")
    if row["verdict"] not in VERDICTS:
        raise UserError(f"{name}: verdict = {row['verdict']!r}: one of {', '.join(VERDICTS)}")
    if (row["metric"], row["margin"]) != (claim.metric, claim.margin):
        raise UserError(f"{name}: judged in another metric or with another margin")
    values = [row[key] for key in NUMBERS]
    if row["verdict"] == "missing":
        if any(value is not None for value in values) or not row["lacking"]:
            raise UserError(f"{name}: is missing, so it has no numbers, and says what is lacking")
        return
    ends = row["resampled"]
    if not all(_is_number(value) for value in [*values, *(ends or [])]):
        raise UserError(f"{name}: {', '.join(NUMBERS)} and resampled must be finite numbers")
    if ends is not None and len(ends) != 2:
        raise UserError(f"{name}: resampled must be the two ends of an interval")
    if not row["low"] <= row["effect"] <= row["high"] or not 0 < row["share"] <= ALPHA:
        raise UserError(f"{name}: low, effect and high are not in order, or share is not one")
    if row["verdict"] != decide(row["low"], row["high"], claim.margin):
        raise UserError(f"{name}: verdict {row['verdict']} is not what its interval says")
    if row["n_seeds"] < claim.seeds or row["lacking"] or not row["runs"]:
        raise UserError(f"{name}: needs {claim.seeds} seeds and its runs, none of them lacking")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

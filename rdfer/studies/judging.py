"""From claims to evidence to verdicts: ``results/claims.json``, made once per tagged method.

    {"claims_hash": ..,   of claims.yml: verdicts on other claims are refused
     "method": ..,        tag of the method that was judged
     "pool": "confirmation",
     "date": .., "version": ..,
     "claims": [{"id", "verdict", "metric", "margin", "effect", "low", "high", "share", "p",
                 "n_seeds", "resampled": [low, high] or null, "runs": [..], "lacking": [..]}]}

``runs`` names the runs that a verdict rests on, ``lacking`` those that a missing one waits for.
Statements and predictions are not repeated: they stand in ``claims.yml``. Only results of the
confirmation pool can be judged: hyper-parameters are chosen on the development pool, so verdicts
from there would be of what was tuned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from rdfer import __version__
from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.base.progress import progress
from rdfer.metrics.bootstrap import replicates
from rdfer.metrics.verdict import ALPHA, Evidence, Judgement, Trial, Verdict, decide, judge
from rdfer.pipeline.provenance import now
from rdfer.studies.bench import Bench, Lacking, Measured
from rdfer.studies.claims import Claim, Claims, Comparison
from rdfer.studies.records import Record, read

if TYPE_CHECKING:  # it loads torch, which who reads verdicts has no use for
    from rdfer.pipeline.context import Context

POOL = "confirmation"
FILE = "claims.json"
DRAWS = 1000  # resamples of seeds and identities
NUMBERS = ("effect", "low", "high", "share", "p")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured for one claim.

    Attributes:
        evidence: one a comparison, in the order of ``Claim.comparisons``, all
            over the same seeds; empty where something is lacking.
        runs: that it rests on.
        lacking: runs that are missing or stale, with that word.
    """

    evidence: Sequence[Evidence] = ()
    runs: Sequence[str] = ()
    lacking: Sequence[str] = ()


def judge_claims(
    context: "Context",
    claims: Claims,
    worlds: Mapping[str, Bench],
    *,
    method: str,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Judge every claim that the runs allow; the others are missing, and say what they lack.

    Args:
        context: of the usual world.
        claims: all of them.
        worlds: benches by name (:func:`rdfer.studies.worlds.benches`).
        method: tag of what is judged.
        draws: resamples of seeds and identities.

    Returns:
        The content of ``claims.json``.

    Raises:
        UserError: the runs are not of the confirmation pool.
    """
    pool = context.settings.data.pool
    if pool != POOL:
        raise UserError(f"data.pool = {pool!r}: claims are judged on the {POOL} pool alone")
    found = {}
    for claim in progress(list(claims.claims), label="claims"):
        seeds = context.preset.study_seeds if claim.headline else context.preset.few_seeds
        found[claim.id] = evidence(claim, worlds, seeds, draws=draws)
    return judged(claims, found, method=method)


def evidence(
    claim: Claim, benches: Mapping[str, Bench], seeds: tuple[int, ...], *, draws: int = DRAWS
) -> Found:
    """What was measured for a claim, over its seeds.

    Args:
        claim: what is compared.
        benches: by world; one that is not there was not run.
        seeds: of the claim.
        draws: resamples of seeds and identities.
    """
    runs: set[str] = set()
    lacking: set[str] = set()
    found = []
    for comparison in claim.comparisons:
        try:
            seen = [_difference(comparison, claim.metric, benches, seed) for seed in seeds]
        except Lacking as error:
            lacking.add(str(error))
            continue
        runs.update(name for measured in seen for name in measured.runs)
        resampled = replicates(
            [measured.statistic for measured in seen],
            [measured.groups for measured in seen],
            generator=np.random.default_rng([len(seeds), draws]),
            draws=draws,
        )
        differences = np.array([measured.value for measured in seen])
        found.append(Evidence(differences=differences, replicates=resampled))
    if lacking:
        return Found(lacking=sorted(lacking))
    return Found(evidence=found, runs=sorted(runs))


def _difference(
    comparison: Comparison, metric: str, benches: Mapping[str, Bench], seed: int
) -> Measured:
    """What a comparison adds and subtracts with one seed."""
    c, d = comparison.beyond or (None, None)
    parts = []
    for sign, reading in ((1.0, comparison.a), (-1.0, comparison.b), (-1.0, c), (1.0, d)):
        if reading is not None:
            if reading.world not in benches:
                raise Lacking(f"{reading.world}: not run")
            parts.append((sign, benches[reading.world].measure(reading, metric, seed)))
    return Measured(
        lambda rows: sum(sign * one.statistic(rows) for sign, one in parts),
        parts[0][1].groups,
        tuple(name for _, one in parts for name in one.runs),
    )


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
        of = {claim.id: found.get(claim.id, Found(lacking=("not run",))) for claim in group}
        verdicts = judge({claim.id: _trial(claim, of[claim.id]) for claim in group})
        rows += [_row(claim, verdicts[claim.id], of[claim.id]) for claim in group]
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
    if min(np.size(e.differences) for e in found.evidence) < claim.seeds:
        return None
    return Trial(margin=claim.margin, comparisons=found.evidence)


def _row(claim: Claim, judgement: Judgement, found: Found) -> dict[str, Any]:
    few = [] if judgement.verdict != "missing" else [f"seeds: fewer than {claim.seeds}"]
    return {
        "id": claim.id,
        "verdict": judgement.verdict,
        "metric": claim.metric,
        "margin": claim.margin,
        **{name: getattr(judgement, name) for name in NUMBERS},
        "n_seeds": judgement.n,
        "resampled": judgement.resampled and list(judgement.resampled),
        "runs": list(found.runs),
        "lacking": list(found.lacking) or few,
    }


# the file


class _Row(Record):
    id: str
    verdict: Verdict
    metric: str
    margin: float
    effect: float | None
    low: float | None
    high: float | None
    share: float | None
    p: float | None
    n_seeds: int
    resampled: Annotated[list[float], Field(min_length=2, max_length=2)] | None
    runs: list[str]
    lacking: list[str]


class _File(Record):
    claims_hash: str
    method: Annotated[str, Field(min_length=1)]
    pool: str
    date: str
    version: str
    claims: list[dict[str, Any]]


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
        same = old.get("method") == content["method"]
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
    file = read(_File, content, path)
    if file.claims_hash != claims.digest:
        raise UserError(f"{path}: judges other claims than those of claims.yml; judge them anew")
    if file.pool != POOL:
        raise UserError(f"{path}: pool = {file.pool!r}: claims are judged on {POOL} alone")
    if [row.get("id") for row in file.claims] != list(claims.by_id):
        raise UserError(f"{path}: must judge every claim once, in their order")
    rows = {row["id"]: row for row in file.claims}
    for name, row in rows.items():
        place = f"{path}: {name}"
        _check_row(place, read(_Row, row, place), claims.by_id[name])
    return rows


def _check_row(name: str, row: _Row, claim: Claim) -> None:
    if (row.metric, row.margin) != (claim.metric, claim.margin):
        raise UserError(f"{name}: judged in another metric or with another margin")
    if row.verdict == "missing":
        if any(getattr(row, key) is not None for key in NUMBERS) or not row.lacking:
            raise UserError(f"{name}: is missing, so it has no numbers, and says what is lacking")
        return
    effect, low, high, share, p = (getattr(row, key) for key in NUMBERS)
    if None in (effect, low, high, share, p):
        raise UserError(f"{name}: {', '.join(NUMBERS)} must be finite numbers")
    if not low <= effect <= high or not 0 < share <= ALPHA:
        raise UserError(f"{name}: low, effect and high are not in order, or share is not one")
    if row.verdict != decide(low, high, claim.margin):
        raise UserError(f"{name}: verdict {row.verdict} is not what its interval says")
    if row.n_seeds < claim.seeds or row.lacking or not row.runs:
        raise UserError(f"{name}: needs {claim.seeds} seeds and its runs, none of them lacking")

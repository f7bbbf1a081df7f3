"""Judge the claims: from the studies' runs to ``claims.json``.

Only a run on the confirmation pool can be judged: hyper-parameters are chosen on the development
pool, so verdicts from there would be of what was tuned.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rdfer.base.errors import UserError
from rdfer.base.progress import progress
from rdfer.pipeline import steps
from rdfer.pipeline.runs import Run
from rdfer.settings.variants import Variant
from rdfer.studies.claim_results import POOL, judged
from rdfer.studies.claims import Claims
from rdfer.studies.design import runs_of
from rdfer.studies.evidence import DRAWS, Bench, Lacking, evidence

#: The variants that a run has of a study and a seed.
Runs: TypeAlias = Callable[[str, int], Sequence[Variant]]


def bench_of(context: steps.Context, runs: Runs | None = None) -> Bench:
    """The runs of a preset's studies, to be read one by one.

    Args:
        context: of the run.
        runs: those that it has; without it all of :func:`rdfer.studies.design.runs_of`.
    """
    manifest, _, data = steps.load(context)
    known_runs = runs or (lambda study, seed: runs_of(study, context.preset, seed))

    def find(study: str, variant: str, seed: int) -> Run:
        for known in known_runs(study, seed):
            if known.name == variant:
                return steps.run_of(context, study, known, seed=seed, data=data)
        raise Lacking(f"{study}/{variant}/seed{seed} not part of the study")

    return Bench(manifest, find)


def judge_claims(
    context: steps.Context,
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
        worlds: benches by name, see :func:`rdfer.studies.evidence.world_of`.
        method: tag of what is judged.
        draws: resamples of seeds and identities.

    Returns:
        The content of ``claims.json``.

    Raises:
        UserError: the run is not one of the confirmation pool.
    """
    pool = context.settings.data.pool
    if pool != POOL:
        raise UserError(f"data.pool = {pool!r}: claims are judged on the {POOL} pool alone")
    found = {}
    for claim in progress(list(claims.claims), label="claims"):
        seeds = context.preset.study_seeds if claim.headline else context.preset.few_seeds
        found[claim.id] = evidence(claim, worlds, seeds, draws=draws)
    return judged(claims, found, method=method)

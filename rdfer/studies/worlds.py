"""Worlds in which the headline claims are judged again (:mod:`rdfer.studies.design`).

Each has results of its own, so it has its own frames or features; what it repeats of the studies
says :func:`rdfer.studies.design.world_runs`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rdfer.base.errors import UserError, did_you_mean
from rdfer.pipeline import steps
from rdfer.pipeline.context import Context
from rdfer.pipeline.runs import Run
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import check_value
from rdfer.settings.variants import Variant
from rdfer.studies.bench import Bench, Lacking, run_name
from rdfer.studies.design import runs_of, world_runs

#: The variants that a world has of a study and a seed.
Variants: TypeAlias = Callable[[str, int], Sequence[Variant]]


def begin(
    preset: str, world: str, overrides: Mapping[str, Any] | None = None, **others: Any
) -> Context:
    """The context of a world: as the preset's, with the world's settings laid below.

    Raises:
        UserError: a world that the preset does not have, and what begin refuses.
    """
    known = get_preset(check_value("preset", preset, str)).worlds
    if check_value("world", world, str) not in known:
        raise UserError(f"world = {world!r}: unknown; {did_you_mean(world, known)}")
    return steps.begin(preset, {**known[world], **dict(overrides or {})}, **others)


def benches(context: Context) -> dict[str, Bench]:
    """The runs of the usual world, and of every other that was run."""
    preset = context.preset
    found = {"usual": bench_of(context, lambda study, seed: runs_of(study, preset, seed))}
    for name in preset.worlds:
        elsewhere = begin(preset.name, name, context.overrides)
        if elsewhere.manifest_file.exists():
            found[name] = bench_of(
                elsewhere, lambda study, seed: world_runs(preset, seed).get(study, [])
            )
    return found


def bench_of(context: Context, variants: Variants) -> Bench:
    """The runs of one world, to be read one by one."""
    manifest, _, data = steps.load(context)

    def find(study: str, variant: str, seed: int) -> Run:
        for known in variants(study, seed):
            if known.name == variant:
                return steps.run_of(context, study, known, seed=seed, data=data)
        raise Lacking(f"{run_name(study, variant, seed)} not part of the study")

    return Bench(manifest, find)

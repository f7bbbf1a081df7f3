"""Worlds: the preset with a few settings changed, where the headline claims are judged again.

Each is a run of its own, so it has its own frames or features; what it repeats of the studies says
:func:`rdfer.studies.design.world_runs`.
"""

from collections.abc import Mapping
from typing import Any

from rdfer.base.errors import UserError, did_you_mean
from rdfer.pipeline import steps
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import check_value
from rdfer.studies.design import world_runs
from rdfer.studies.evidence import Bench
from rdfer.studies.judging import bench_of


def begin(
    preset: str, world: str, overrides: Mapping[str, Any] | None = None, **others: Any
) -> steps.Context:
    """The context of a world: as the preset's, with the world's settings laid below.

    Raises:
        UserError: a world that the preset does not have, and what begin refuses.
    """
    known = get_preset(check_value("preset", preset, str)).worlds
    if check_value("world", world, str) not in known:
        raise UserError(f"world = {world!r}: unknown; {did_you_mean(world, known)}")
    return steps.begin(preset, {**known[world], **dict(overrides or {})}, **others)


def benches(context: steps.Context) -> dict[str, Bench]:
    """The runs of the usual world, and of every other that was trained."""
    preset = context.preset
    found = {"usual": bench_of(context)}
    for name in preset.worlds:
        elsewhere = begin(preset.name, name, context.overrides)
        if elsewhere.manifest_file.exists():
            found[name] = bench_of(
                elsewhere, lambda study, seed: world_runs(preset, seed).get(study, [])
            )
    return found

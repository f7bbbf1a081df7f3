"""The studies beyond the main comparison: which runs they have, seed by seed.

===============  ===============================================================================
study            runs
===============  ===============================================================================
``noise``        every method and rival over kinds and rates of label noise
``watch``        plain training watched in all views, with networks of other folds; and its twin
``parts``        RDFER (ours) with one part of key expression, streams or sweeps changed
``sensitivity``  RDFER (ours) with one number changed that somebody had to choose
===============  ===============================================================================

A study with ten seeds has its first five in common with those that have five, so that every
comparison is over seeds that both sides have.

A *world* is the benchmark with a few settings changed: other starting weights, other class
proportions, training from frames (``worlds`` of a :class:`rdfer.settings.presets.Preset`).
It repeats a few runs of ``noise`` and ``watch``, and has a folder of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rdfer.base.errors import UserError, did_you_mean
from rdfer.settings.presets import Preset
from rdfer.settings.schema import Settings
from rdfer.settings.variants import METHODS, OURS, RIVALS, TREATMENTS, Variant

STUDIES = ("noise", "watch", "parts", "sensitivity")
#: The rival that the development pool shows to be the strongest: it has as many seeds as ours.
STRONGEST = "elr"
FOLDS = 3  # of the networks that predict what they never saw
DROPOUT = 0.2  # of watched runs: passes with dropout need some
CLIPS = 16  # of watched runs: fewer are the first ones


#: Methods of the main comparison whose difference is shown, first minus second.
PAIRS = (
    ("ours", "plain"),
    ("ours", "plain-matched"),
    ("ours", "elr"),
    ("ours", "elr-matched"),
    ("vote", "plain"),
    ("ours", "vote"),
    ("clean", "plain"),
)


@dataclass(frozen=True)
class Condition:
    """A kind and a rate of label noise."""

    kind: str
    rate: float

    @property
    def name(self) -> str:
        """As paths have it."""
        return f"{self.kind}-{round(100 * self.rate)}"


def under(variant: Variant, condition: Condition) -> Variant:
    """The variant under that label noise."""
    noise = {"noise.kind": condition.kind, "noise.rate": condition.rate}
    named = f"{variant.name}@{condition.name}"
    return replace(variant, name=named, changes={**variant.changes, **noise})


USUAL = Condition("symmetric", 0.2)
CLEAN = Condition("symmetric", 0.0)
WORST = Condition("symmetric", 0.4)  # what methods are compared at in other worlds
#: Methods that have every seed where the noise is symmetric; else the first half of the seeds.
EVERY_SEED = ("plain", "vote", "ours", STRONGEST)
WORLD_METHODS = ("plain", STRONGEST, "ours")
COMPARED: Mapping[str, Variant] = {
    "plain": Variant(name="plain", title=METHODS["plain"].title),  # not watched here
    **{name: METHODS[name] for name in ("vote", "ours")},
    **RIVALS,
}


def conditions(preset: Preset) -> list[Condition]:
    """No noise, then every kind and rate of the preset."""
    return [CLEAN] + [Condition(k, r) for k in preset.noise_kinds for r in preset.noise_rates]


def noise_seeds(name: str, condition: Condition, preset: Preset) -> tuple[int, ...]:
    """Seeds that a method has under some label noise; none where it is not run."""
    fine = condition.rate not in (0.0, *preset.all_methods_at)
    if name not in EVERY_SEED:
        return () if fine else preset.few_seeds
    headline = not fine and (condition.kind == USUAL.kind or condition.rate == 0)
    return preset.study_seeds if headline else preset.few_seeds


def _noise(preset: Preset, seed: int) -> Iterator[Variant]:
    for condition in conditions(preset):
        for name, variant in COMPARED.items():
            if seed in noise_seeds(name, condition, preset):
                yield under(variant, condition)
        if condition.kind == USUAL.kind and condition.rate in preset.all_methods_at:
            yield under(METHODS["plain-matched"], condition)
            if seed in preset.few_seeds:
                yield under(METHODS["elr-matched"], condition)
    if seed in preset.few_seeds:
        for variant in TREATMENTS.values():
            yield under(variant, USUAL)


def _watch(preset: Preset, seed: int) -> Iterator[Variant]:
    views = {"agreement.clips": CLIPS, "agreement.watch": "views", "data.folds": FOLDS}
    alone = {"agreement.clips": 1, "agreement.watch": "clips", "training.twin": 1}
    for kind in preset.noise_kinds:
        if kind == USUAL.kind or seed in preset.few_seeds:
            for name, title, changes in (
                ("watched", "Plain, watched in all views", views),
                ("twin", "Plain, its twin", alone),
            ):
                changes = {"network.dropout": DROPOUT, **changes}
                variant = Variant(name=name, title=title, changes=changes)
                yield under(variant, Condition(kind, USUAL.rate))


def _parts(preset: Preset, seed: int) -> Iterator[Variant]:
    if seed not in preset.few_seeds:
        return
    for name, title, changes in (
        ("ours", "RDFER (ours)", {}),
        ("even", "detail clips spread evenly", {"sampling.key_rule": "uniform"}),
        ("random", "detail clips at random places", {"sampling.key_rule": "random"}),
        ("long", "long-term stream alone", {"network.streams": "long"}),
        ("short", "short-term stream alone", {"network.streams": "short"}),
        ("one-clip", "one clip a sweep", {"agreement.clips": 1}),
    ):
        probed = {**OURS, **changes, "data.probes": True}
        yield under(Variant(name=name, title=title, changes=probed), USUAL)


def other_values(base: Settings) -> dict[str, list[float]]:
    """Setting -> the values beside the usual one that ``sensitivity`` trains with."""
    clips, frames = base.agreement.clips, base.sampling.clip_frames
    epochs = base.training.epochs
    return {
        "agreement.wrong": [0.05, 0.2, 0.4],
        # two at least: one clip is a row of `parts`, and there are no differences between clips
        "agreement.clips": sorted({n for n in (clips // 4, clips // 2) if n >= 2}),
        "agreement.span": [0.25, 0.5],
        "agreement.start": [round(0.45 * epochs), round(0.7 * epochs)],
        "sampling.clip_frames": [n for n in (frames // 2, 2 * frames) if n <= base.data.frames],
    }


def changed_variant(setting: str, value: float) -> Variant:
    """RDFER (ours) with one setting changed, under the usual noise."""
    leaf, changes = setting.partition(".")[2], {**OURS, setting: value}
    title = f"{leaf} = {value:g}"
    return under(Variant(name=f"{leaf}-{value:g}", title=title, changes=changes), USUAL)


def _sensitivity(preset: Preset, seed: int) -> Iterator[Variant]:
    if seed not in preset.few_seeds:
        return
    for setting, values in other_values(preset.settings).items():
        for value in values:
            yield changed_variant(setting, value)


_RUNS = {"noise": _noise, "watch": _watch, "parts": _parts, "sensitivity": _sensitivity}


def runs_of(study: str, preset: Preset, seed: int) -> list[Variant]:
    """The variants that a study runs with a seed.

    Raises:
        UserError: no such study, or a seed that the preset does not have.
    """
    if study not in _RUNS:
        raise UserError(f"study = {study!r}: unknown; {did_you_mean(str(study), _RUNS)}")
    if seed not in preset.study_seeds:
        raise UserError(f"seed = {seed!r}: the studies have the seeds {preset.study_seeds}")
    return list(_RUNS[study](preset, seed))


def of_kind(variants: Sequence[Variant], kind: str) -> list[Variant]:
    """Those under one kind of label noise, or under none; all of them for an empty string.

    Raises:
        UserError: a kind that none of them has.
    """
    kinds = {str(variant.changes["noise.kind"]) for variant in variants}
    if kind and kind not in kinds:
        raise UserError(f"kind = {kind!r}: unknown; {did_you_mean(kind, kinds)}")
    return [v for v in variants if not kind or v.changes["noise.kind"] == kind]


def world_runs(preset: Preset, seed: int) -> dict[str, list[Variant]]:
    """What every world repeats of the studies with a seed, study by study.

    Raises:
        UserError: a seed that the worlds do not have.
    """
    if seed not in preset.few_seeds:
        raise UserError(f"seed = {seed!r}: the worlds have the seeds {preset.few_seeds}")
    trained = [under(COMPARED[name], WORST) for name in WORLD_METHODS]
    watched = [v for v in _watch(preset, seed) if v.name.endswith(f"@{USUAL.name}")]
    return {"noise": trained, "watch": watched}


def world_slug(name: str) -> str:
    """A world's name as paths and jobs have it."""
    return name.replace(" ", "-")

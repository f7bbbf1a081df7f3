"""The studies beyond the main comparison: which cells they have, seed by seed.

==========  ====================================================================================
study       cells
==========  ====================================================================================
``noise``   every method and rival over kinds and rates of label noise
``watch``   plain training watched in all views, with networks of other folds; and its twin
``parts``   RDFER (ours) with one part of key expression or streams changed
==========  ====================================================================================

A study with ten seeds has its first five in common with those that have five, so that every
comparison is over seeds that both sides have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rdfer.errors import UserError
from rdfer.settings import Preset, did_you_mean
from rdfer.variants import METHODS, OURS, RIVALS, TREATMENTS, Variant

STUDIES = ("noise", "watch", "parts")
#: The rival that the development pool shows to be the strongest: it has as many seeds as ours.
STRONGEST = "elr"
FOLDS = 3  # of the networks that predict what they never saw
DROPOUT = 0.2  # of watched runs: passes with dropout need some
CLIPS = 16  # of watched runs: fewer are the first ones


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
    return Variant(
        name=f"{variant.name}@{condition.name}",
        title=variant.title,
        part=variant.part,
        changes={**variant.changes, **noise},
        matched=variant.matched,
    )


USUAL = Condition("symmetric", 0.2)
CLEAN = Condition("symmetric", 0.0)
#: Methods that every seed has; the others have the first half of the seeds.
EVERY_SEED = ("plain", "vote", "ours", STRONGEST)
COMPARED: Mapping[str, Variant] = {
    name: variant
    for name, variant in {**METHODS, **RIVALS}.items()
    if name not in ("clean", "plain-matched")
}


def conditions(preset: Preset) -> list[Condition]:
    """No noise, then every kind and rate of the preset."""
    return [CLEAN] + [Condition(k, r) for k in preset.noise_kinds for r in preset.noise_rates]


def _noise(preset: Preset, seed: int) -> Iterator[Variant]:
    few = seed in preset.few_seeds
    for condition in conditions(preset):
        fine = condition.rate not in (0.0, *preset.all_methods_at)
        for name, variant in COMPARED.items():
            every = name in EVERY_SEED
            if (every and few) or (few and not fine) or (every and not fine):
                yield under(variant, condition)
        if condition.kind == "symmetric" and condition.rate in preset.all_methods_at:
            yield under(METHODS["plain-matched"], condition)
    if few:
        for variant in TREATMENTS.values():
            yield under(variant, USUAL)


def _watch(preset: Preset, seed: int) -> Iterator[Variant]:
    changes = {
        "network.dropout": DROPOUT,
        "agreement.clips": CLIPS,
        "agreement.watch": "views",
        "data.folds": FOLDS,
    }
    watched = Variant(name="watched", title="Plain, watched in all views", changes=changes)
    twin = Variant(
        name="twin",
        title="Plain, its twin",
        changes={
            "network.dropout": DROPOUT,
            "agreement.watch": "clips",
            "agreement.clips": 1,
            "training.twin": 1,
        },
    )
    few = seed in preset.few_seeds
    for kind in preset.noise_kinds:
        if few or kind == USUAL.kind:
            for variant in (watched, twin):
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
    ):
        yield under(Variant(name=name, title=title, changes={**OURS, **changes}), USUAL)


_CELLS = {"noise": _noise, "watch": _watch, "parts": _parts}


def cells_of(study: str, preset: Preset, seed: int) -> list[Variant]:
    """The variants that a study runs with a seed.

    Raises:
        UserError: no such study, or a seed that the preset does not have.
    """
    if study not in _CELLS:
        raise UserError(f"study = {study!r}: unknown; {did_you_mean(str(study), _CELLS)}")
    if seed not in preset.study_seeds:
        raise UserError(f"seed = {seed!r}: the studies have the seeds {preset.study_seeds}")
    return list(_CELLS[study](preset, seed))

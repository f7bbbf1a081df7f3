"""Worlds: runs of their own, in which the headline comparisons are made again."""

import pytest

from rdfer import road, worlds
from rdfer.claims import SETTING, load_claims
from rdfer.errors import UserError
from rdfer.evidence import world_of
from rdfer.presets import PRESETS
from rdfer.settings import override
from rdfer.studies import WORLD_METHODS, world_cells, world_slug
from rdfer.variants import variant_settings


def test_a_world_is_the_preset_with_its_changes_in_a_run_of_its_own(project):
    usual, other = road.begin("laptop"), worlds.begin("laptop", "dfew", seed=20)
    assert other.settings == override(usual.settings, {"data.balance": "dfew"})
    assert other.run != usual.run and other.bank != usual.bank
    # the frames of an encoder that saw no blendshapes are those of the usual world
    unseen = worlds.begin("laptop", "no blendshapes")
    assert unseen.bank == usual.bank and unseen.features != usual.features
    assert unseen.encoder_weights is not None and usual.encoder_weights is None
    with pytest.raises(UserError, match="world = 'dfw': unknown; did you mean 'dfew'"):
        worlds.begin("laptop", "dfw")


def test_every_world_that_a_claim_speaks_of_is_one_of_the_laptop_preset():
    told = {world_of(r) for c in load_claims().claims for p in c.comparisons for r in (p.a, p.b)}
    assert told - {"usual"} == set(PRESETS["laptop"].worlds)
    named = {v for name in ("encoder", "training", "balance") for v in SETTING[name]}
    assert named == set(PRESETS["laptop"].worlds)
    assert len({world_slug(world) for world in named}) == len(named)


@pytest.mark.parametrize("preset", ["smoke", "laptop", "gpu"])
def test_what_a_world_repeats_is_valid_there_and_part_of_the_usual_studies(preset):
    chosen = PRESETS[preset]
    for changes in chosen.worlds.values():
        base = override(chosen.settings, changes)
        for seed in chosen.few_seeds:
            cells = world_cells(chosen, seed)
            assert [v.name.partition("@")[0] for v in cells["noise"]] == list(WORLD_METHODS)
            assert {v.name for v in cells["watch"]} == {
                "watched@symmetric-20", "twin@symmetric-20",
            }  # fmt: skip
            for variants in cells.values():
                for variant in variants:
                    variant_settings(variant, base)
    with pytest.raises(UserError, match="seed = 99: the worlds have the seeds"):
        world_cells(chosen, 99)


def test_only_worlds_that_were_run_have_a_bench_and_only_their_own_cells(project, monkeypatch):
    made = {}

    def bench_of(context, cells=None):
        made[context.run] = cells
        return context.run

    monkeypatch.setattr(worlds, "bench_of", bench_of)
    context = road.begin("laptop")
    assert worlds.benches(context) == {"usual": context.run}
    elsewhere = worlds.begin("laptop", "dfew")
    elsewhere.manifest_file.parent.mkdir(parents=True)
    elsewhere.manifest_file.write_text("{}")
    assert set(worlds.benches(context)) == {"usual", "dfew"}
    cells = made[elsewhere.run]
    assert [v.name for v in cells("watch", 20)] == ["watched@symmetric-20", "twin@symmetric-20"]
    assert cells("parts", 20) == []

"""Worlds: runs of their own, in which the headline comparisons are made again."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import recall_score

from rdfer.base.errors import UserError
from rdfer.pipeline import steps
from rdfer.report.parts import world_table
from rdfer.report.readout import MISSING
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import override
from rdfer.settings.variants import variant_settings
from rdfer.studies import worlds
from rdfer.studies.bench import Lacking
from rdfer.studies.claims import load_claims
from rdfer.studies.design import WORLD_METHODS, world_runs, world_slug
from rdfer.studies.study_results import rival_rows, row_over, world_rows
from tests.studies.test_bench import bench


def test_a_world_is_the_preset_with_its_changes_in_a_run_of_its_own(project):
    usual, other = steps.begin("laptop"), worlds.begin("laptop", "dfew", seed=20)
    assert other.settings == override(usual.settings, {"data.balance": "dfew"})
    assert other.folder != usual.folder and other.bank != usual.bank
    # the frames of an encoder that saw no blendshapes are those of the usual world
    unseen = worlds.begin("laptop", "no blendshapes")
    assert unseen.bank == usual.bank and unseen.features != usual.features
    assert unseen.encoder_weights is not None and usual.encoder_weights is None
    with pytest.raises(UserError, match="world = 'dfw': unknown; did you mean 'dfew'"):
        worlds.begin("laptop", "dfw")


def test_every_world_that_a_claim_speaks_of_is_one_of_the_laptop_preset():
    told = {r.world for c in load_claims().claims for p in c.comparisons for r in (p.a, p.b)}
    assert told - {"usual"} == set(PRESETS["laptop"].worlds)
    assert len({world_slug(world) for world in told}) == len(told)


@pytest.mark.parametrize("preset", ["smoke", "laptop", "gpu"])
def test_what_a_world_repeats_is_valid_there_and_part_of_the_usual_studies(preset):
    chosen = PRESETS[preset]
    for changes in chosen.worlds.values():
        base = override(chosen.settings, changes)
        for seed in chosen.few_seeds:
            runs = world_runs(chosen, seed)
            assert [v.name.partition("@")[0] for v in runs["noise"]] == list(WORLD_METHODS)
            assert {v.name for v in runs["watch"]} == {
                "watched@symmetric-20", "twin@symmetric-20",
            }  # fmt: skip
            for variants in runs.values():
                for variant in variants:
                    variant_settings(variant, base)
    with pytest.raises(UserError, match="seed = 99: the worlds have the seeds"):
        world_runs(chosen, 99)


def test_only_worlds_that_were_trained_have_a_bench_and_only_their_own_runs(project, monkeypatch):
    made = {}

    def bench_of(context, runs):
        made[context.folder] = runs
        return context.folder

    monkeypatch.setattr(worlds, "bench_of", bench_of)
    context = steps.begin("laptop")
    assert worlds.benches(context) == {"usual": context.folder}
    elsewhere = worlds.begin("laptop", "dfew")
    elsewhere.manifest_file.parent.mkdir(parents=True)
    elsewhere.manifest_file.write_text("{}")
    assert set(worlds.benches(context)) == {"usual", "dfew"}
    runs = made[elsewhere.folder]
    assert [v.name for v in runs("watch", 20)] == ["watched@symmetric-20", "twin@symmetric-20"]
    assert runs("parts", 20) == []


def test_a_row_has_what_was_measured_there_and_a_world_that_was_not_run_has_nothing():
    preset = dataclasses.replace(PRESETS["laptop"], study_seeds=(0, 1, 2, 3))
    here = bench()
    usual, *others = world_rows({"usual": here}, preset)
    assert [row["world"] for row in others] == list(preset.worlds)
    assert all(set(row) == {"world", "rate"} for row in others)
    expected = []
    for seed in preset.few_seeds:
        arrays = here.arrays("noise", "elr@symmetric-40", seed)
        said = arrays["test_probs"].argmax(1)
        expected.append(recall_score(arrays["test_true"], said, average="macro"))
    assert usual["uar_elr_mean"] == pytest.approx(np.mean(expected))
    # the best of the rivals, by the numbers of the rivals' own table
    table = {
        row["score"]: row["auroc_high_loss_mean"]
        for row in rival_rows(here, dataclasses.replace(preset, study_seeds=(0, 1)))
        if row["kind"] == "symmetric" and not row["own"]
    }
    assert usual["rival"] == max(table, key=table.__getitem__)
    assert usual["auroc_rival_mean"] == pytest.approx(table[usual["rival"]])


def test_a_row_that_lacks_runs_has_no_mean():
    preset = dataclasses.replace(PRESETS["laptop"], study_seeds=(0, 1, 2, 3))
    lacking = bench(missing={("noise/ours@symmetric-40", 1)})
    row = world_rows({"usual": lacking}, preset)[0]
    assert row["uar_ours_mean"] is None and row["uar_plain_mean"] is not None
    assert row["n_seeds"] == 1 and row["lacking"] == ["noise/ours@symmetric-40/seed1 stale"]
    assert row["rival"] and row["auroc_gap_mean"] is not None


def test_the_best_rival_is_not_chosen_among_those_that_happen_to_be_there():
    preset = dataclasses.replace(PRESETS["laptop"], study_seeds=(0, 1, 2, 3))
    lacking = bench(missing={("watch/twin@symmetric-20", 1)})
    row = world_rows({"usual": lacking}, preset)[0]
    assert row["auroc_rival_mean"] is None and "rival" not in row
    assert "twin@symmetric-20" in row["lacking"][0]
    shown = world_table({"worlds": {"rows": [row]}}).splitlines()[-1]
    assert shown.endswith(f"{MISSING} | {MISSING} | – |"), shown
    assert shown.count(MISSING) == 2, "what was measured is shown"


def test_a_row_of_several_metrics_lacks_what_any_of_them_lacks():
    def part(seed):
        if seed < 2:
            raise Lacking("xy"[seed])
        return 0.1

    whole = float
    for measures in ({"a": whole, "b": part}, {"b": part, "a": whole}):
        row = row_over(range(5), measures)
        assert row["n_seeds"] == 3 and row["lacking"] == ["x", "y"]
        assert (row["a_mean"], row["b_mean"]) == (2, None)
    assert "lacking" not in row_over(range(5), {"a": whole, "b": whole})

import pytest

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS
from rdfer.settings.variants import variant_settings
from rdfer.studies.design import STUDIES, conditions, of_kind, runs_of

LAPTOP = PRESETS["laptop"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("study", STUDIES)
def test_every_run_is_valid_and_has_a_place_of_its_own(study, preset):
    chosen = PRESETS[preset]
    for seed in chosen.study_seeds:
        variants = runs_of(study, chosen, seed)
        assert len({v.name for v in variants}) == len(variants)
        for variant in variants:
            settings = variant_settings(variant, chosen.settings)
            kind, _, rate = variant.name.rpartition("@")[2].rpartition("-")
            assert (settings.noise.kind, round(100 * settings.noise.rate)) == (kind, int(rate))


def test_headlines_have_ten_seeds_and_everything_five():
    names = {s: {v.name for v in runs_of("noise", LAPTOP, s)} for s in LAPTOP.study_seeds}
    first, last = LAPTOP.study_seeds[0], LAPTOP.study_seeds[-1]
    assert len(LAPTOP.study_seeds) == 10 and len(LAPTOP.few_seeds) == 5
    for method in ("plain", "vote", "ours", "elr"):
        for rate in (0, 20, 40):
            assert all(f"{method}@symmetric-{rate}" in names[s] for s in LAPTOP.study_seeds)
        for kind in LAPTOP.noise_kinds:
            for rate in (20, 40) if kind != "symmetric" else ():
                assert f"{method}@{kind}-{rate}" in names[first] - names[last]
            for rate in (10, 30):
                assert f"{method}@{kind}-{rate}" in names[first] - names[last]
    for method in ("scn", "small-loss", "loss-mixture", "label-smoothing"):
        assert f"{method}@asymmetric-40" in names[first] - names[last]
        assert f"{method}@asymmetric-30" not in names[first]
    assert "plain-matched@symmetric-40" in names[last]


def test_without_noise_there_is_one_condition_for_all_kinds():
    found = conditions(LAPTOP)
    assert [c.rate for c in found].count(0.0) == 1
    assert len(found) == 1 + 3 * 4 and len({c.name for c in found}) == len(found)


def test_the_watched_run_and_its_twin_differ_in_initialisation_and_share_the_task():
    variants = {v.name: v for v in runs_of("watch", LAPTOP, LAPTOP.study_seeds[0])}
    one, two = (
        variant_settings(variants[f"{name}@symmetric-20"], LAPTOP.settings)
        for name in ("watched", "twin")
    )
    assert one.training.twin != two.training.twin
    assert (one.data.per_seed, one.noise) == (two.data.per_seed, two.noise)
    assert one.network == two.network


@pytest.mark.parametrize(("study", "seed"), [("nois", 20), ("noise", 0)])
def test_an_unknown_study_or_seed_is_refused(study, seed):
    with pytest.raises(UserError, match=r"study = 'nois'|seed = 0"):
        runs_of(study, LAPTOP, seed)


def test_the_runs_of_one_kind_of_noise_are_those_and_no_others():
    preset = PRESETS["laptop"]
    every = runs_of("noise", preset, preset.study_seeds[0])
    kinds = {kind: of_kind(every, kind) for kind in preset.noise_kinds}
    assert sum(map(len, kinds.values())) == len(every) == len(of_kind(every, ""))
    assert {v.name.partition("@")[2].partition("-")[0] for v in kinds["instance"]} == {"instance"}
    with pytest.raises(UserError, match="kind = 'symetric': unknown; did you mean 'symmetric'"):
        of_kind(every, "symetric")

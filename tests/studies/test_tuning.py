import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import read_json
from rdfer.pipeline.runs import find_root
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import flat
from rdfer.settings.variants import METHODS, RIVALS, variant_settings
from rdfer.studies.tuning import SEEDS, TRIALS, check_pool, chosen, trials


def rows(**best):
    """Trials whose UAR rises with their number, but for the best one of a method."""
    return [
        {"variant": f"{name}-{k}", "seed": seed, "uar": 0.5 + 0.01 * k + (k == best.get(name))}
        for name in TRIALS
        for k in range(len(TRIALS[name]))
        for seed in SEEDS
    ]


def test_every_rival_and_both_methods_have_the_same_number_of_trials():
    assert set(TRIALS) == {*RIVALS, "vote", "ours"}
    assert len({len(group) for group in TRIALS.values()}) == 1
    assert all(len({tuple(t.items()) for t in group}) == len(group) for group in TRIALS.values())


def test_every_trial_is_valid_and_what_stands_in_the_variants_is_one_of_them():
    base = PRESETS["laptop"].settings
    assert len(trials()) == sum(map(len, TRIALS.values()))
    for variant in trials().values():
        variant_settings(variant, base)
    for name, group in TRIALS.items():
        method = {**METHODS, **RIVALS}[name]
        settings = variant_settings(method, base)
        laid_over = [
            variant_settings(
                type(method)(name="x", title="x", changes={**method.changes, **t}), base
            )
            for t in group
        ]
        assert settings in laid_over


def test_the_best_trial_is_taken_and_a_tie_goes_to_the_earlier():
    found = chosen(rows(elr=1), pool="development")
    assert found["elr"]["best"] == 1 and found["elr"]["changes"] == dict(TRIALS["elr"][1])
    assert found["scn"]["best"] == len(TRIALS["scn"]) - 1
    even = [{**row, "uar": 0.5} for row in rows()]
    assert {entry["best"] for entry in chosen(even, pool="development").values()} == {0}


def test_confirmation_data_cannot_reach_the_choice():
    with pytest.raises(UserError, match="chosen on the development pool alone"):
        chosen(rows(), pool="confirmation")
    with pytest.raises(UserError, match="chosen on the development pool alone"):
        check_pool("confirmation")


def test_a_missing_seed_is_named_and_an_unknown_method_refused():
    with pytest.raises(UserError, match="trial elr-0: seed 0 is missing"):
        chosen([r for r in rows() if (r["variant"], r["seed"]) != ("elr-0", 0)], pool="development")
    with pytest.raises(UserError, match="did you mean 'elr'"):
        trials("erl")


def test_the_package_has_what_the_recorded_trials_chose():
    recorded = read_json(find_root() / "results" / "tuning.json")["methods"]
    assert set(recorded) == set(TRIALS)
    for name, entry in recorded.items():
        assert entry["changes"] == dict(TRIALS[name][entry["best"]])
        settings = flat(variant_settings({**METHODS, **RIVALS}[name], PRESETS["laptop"].settings))
        assert {key: settings[key] for key in entry["changes"]} == entry["changes"]

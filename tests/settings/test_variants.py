import pytest

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import flat, override
from rdfer.settings.variants import (
    ABLATIONS,
    METHODS,
    OURS,
    RIVALS,
    ablations,
    find_variants,
    matched_epochs,
    variant_settings,
)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_variant_is_valid_in_every_preset(preset):
    base = PRESETS[preset].settings
    for variant in (*METHODS.values(), *ablations(base).values()):
        variant_settings(variant, base)


def test_every_table_names_the_methods_the_strongest_rival_and_the_ceiling():
    assert list(METHODS) == [
        "plain",
        "plain-matched",
        "elr",
        "elr-matched",
        "vote",
        "ours",
        "clean",
    ]
    assert METHODS["elr"] is RIVALS["elr"] and METHODS["elr"].changes.items() <= OURS.items()


def test_plain_is_the_preset_itself_and_does_nothing_about_its_sweeps():
    base = PRESETS["laptop"].settings
    watched = override(base, {"agreement.watch": "clips"})
    assert variant_settings(METHODS["plain"], base) == watched
    assert not base.agreement.treats


def test_plain_matched_differs_in_epochs_alone_and_costs_what_ours_costs():
    base = PRESETS["laptop"].settings
    matched = variant_settings(METHODS["plain-matched"], base)
    changed = {k for k, v in flat(matched).items() if flat(base)[k] != v}
    assert changed == {"training.epochs"}
    ours = variant_settings(METHODS["ours"], base)
    a, e = ours.agreement, ours.training.epochs
    sweeps = sum(1 for k in range(1, e + 1) if k >= a.start and (k - a.start) % a.every == 0)
    assert a.anew  # two networks
    assert abs(3 * matched.training.epochs - (2 * 3 * e + sweeps * a.clips)) <= 1.5
    assert matched_epochs(base, base) == base.training.epochs


def test_an_ablation_is_the_whole_method_with_something_changed():
    base = PRESETS["laptop"].settings
    whole = flat(variant_settings(METHODS["ours"], base))
    assert flat(variant_settings(ABLATIONS["ours"], base)) == whole
    for name, variant in ablations(base).items():
        changed = {k for k, v in flat(variant_settings(variant, base)).items() if whole[k] != v}
        assert bool(changed) == (name != "ours"), name
        assert set(OURS) <= set(variant.changes)


def test_only_a_preset_that_trains_its_encoder_has_the_network_that_sees_frames():
    """Elsewhere its settings are refused."""
    every, frozen = ablations(PRESETS["gpu"].settings), ablations(PRESETS["laptop"].settings)
    assert list(every) == list(ABLATIONS) and set(every) - set(frozen) == {"m3dfel"}
    seen = variant_settings(ABLATIONS["m3dfel"], PRESETS["gpu"].settings).network
    assert (seen.model, seen.encoder) == ("m3dfel", "r3d_18")
    with pytest.raises(UserError, match="m3dfel needs frames"):
        variant_settings(ABLATIONS["m3dfel"], PRESETS["laptop"].settings)


def test_variants_are_found_by_name_and_unknown_ones_refused():
    assert [v.name for v in find_variants("vote, ours", METHODS)] == ["vote", "ours"]
    assert find_variants("", METHODS) == list(METHODS.values())
    with pytest.raises(UserError, match="method = 'our': unknown; did you mean 'ours'"):
        find_variants("our", METHODS)

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS, get_preset
from rdfer.settings.schema import Settings, check_value, flat, override, settings_hash


def test_override_changes_only_what_is_named():
    changed = override(Settings(), {"agreement.clips": 5, "noise.rate": 0.4})
    assert changed.agreement.clips == 5 and changed.noise.rate == 0.4
    before, after = flat(Settings()), flat(changed)
    assert {k for k in before if before[k] != after[k]} == {"agreement.clips", "noise.rate"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agreement.clip": 5}, "did you mean 'agreement.clips'"),
        ({"agreement.clips": "5"}, "must be of type int, not str"),
        ({"agreement.average": "true"}, "must be of type bool, not str"),
        ({"agreement.clips": True}, "must be of type int, not bool"),
        ({"training.lr": "1e-4"}, "must be of type float, not str"),
        ({"training.lr": float("nan")}, "must be finite"),
        ({"noise.kind": "symetric"}, "must be one of symmetric, asymmetric, instance"),
        ({"noise.rate": 1.0}, "[0, 1)"),
        ({"data.per_seed": 2000}, "at most that many"),
        ({"network.heads": 7}, "multiple of network.heads"),
        ({"data.frames": 8}, "a clip needs"),
        ({"training.epochs": 0}, "at least 1"),
        (
            {"agreement.clips": 1, "agreement.score": "vote", "agreement.noisy": "drop"},
            "a vote needs 2 clips",
        ),
    ],
)
def test_bad_settings_are_refused_in_one_line(changes, words):
    with pytest.raises(UserError) as caught:
        override(Settings(), changes)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_an_int_serves_where_a_float_is_expected():
    assert check_value("x", 1, float) == 1.0
    assert type(check_value("x", 1, float)) is float


@given(st.integers(1, 99), st.floats(0, 0.9))
def test_the_hash_follows_the_values(clips, rate):
    one = override(Settings(), {"agreement.clips": clips, "noise.rate": rate})
    same = override(Settings(), {"noise.rate": rate, "agreement.clips": clips})
    other = override(one, {"agreement.clips": clips + 1})
    assert settings_hash(one) == settings_hash(same) != settings_hash(other)


def test_flat_is_the_inverse_of_override():
    for preset in PRESETS.values():
        assert override(Settings(), flat(preset.settings)) == preset.settings


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().noise.rate = 0.5


def test_an_unknown_preset_is_refused_with_a_hint():
    with pytest.raises(UserError, match="preset = 'labtop': unknown; did you mean 'laptop'"):
        get_preset("labtop")


def test_the_laptop_preset_is_as_large_as_promised():
    laptop = get_preset("laptop")
    assert laptop.settings.data.per_seed >= 1000 and laptop.settings.data.test >= 2000
    assert len(laptop.seeds) >= 3 and len(laptop.ablation_seeds) >= 3

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS, get_preset
from rdfer.settings.schema import (
    Agreement,
    Data,
    Network,
    Noise,
    Settings,
    Training,
    check_value,
    flat,
    override,
    settings_hash,
    to_dict,
)


def test_override_changes_only_what_is_named():
    changed = override(Settings(), {"agreement.clips": 5, "noise.rate": 0.4})
    assert changed.agreement.clips == 5 and changed.noise.rate == 0.4
    before, after = flat(Settings()), flat(changed)
    assert {k for k in before if before[k] != after[k]} == {"agreement.clips", "noise.rate"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Noise(rate=1.0), "noise.rate = 1.0: must lie in [0, 1)"),
        (lambda: Data(val_share=0.6), "data.val_share = 0.6: must lie in [0, 0.5]"),
        (lambda: Agreement(span=0.0), "agreement.span = 0.0: must lie in (0, 1]"),
        (lambda: Training(lr=0.0), "training.lr = 0.0: must be above 0"),
        (lambda: Training(twin=-1), "training.twin = -1: must be at least 0"),
        (lambda: Training(batch=True), "training.batch = True: must be of type int, not bool"),
        (lambda: Noise(rat=0.1), "noise.rat = 0.1: unknown; did you mean 'rate'?"),
        (lambda: Network(heads=7), "network.hidden = 64: must be a multiple of network.heads = 7"),
        (lambda: check_value("x", None, int | str), "x = None: must be of type int, not NoneType"),
    ],
)
def test_a_part_of_its_own_is_refused_in_the_same_words(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value) == message


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


def test_the_hash_is_that_of_the_plain_values():
    """So it does not hang on how settings are written, or on the library that checks them."""
    plain = json.loads(json.dumps(to_dict(Settings())))
    assert settings_hash(plain) == settings_hash(Settings())
    assert settings_hash({"b": 1, "a": [0.5, None]}) == "a0e9efb45133394c"


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="Instance is frozen"):
        Settings().noise.rate = 0.5


def test_an_unknown_preset_is_refused_with_a_hint():
    with pytest.raises(UserError, match="preset = 'labtop': unknown; did you mean 'laptop'"):
        get_preset("labtop")


def test_the_laptop_preset_is_as_large_as_promised():
    laptop = get_preset("laptop")
    assert laptop.settings.data.per_seed >= 1000 and laptop.settings.data.test >= 2000
    assert len(laptop.seeds) >= 3 and len(laptop.ablation_seeds) >= 3

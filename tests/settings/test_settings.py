import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rdfer.base.errors import UserError
from rdfer.settings.presets import PRESETS, get_preset
from rdfer.settings.schema import (
    Agreement,
    Data,
    Network,
    Noise,
    Seed,
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
        (
            lambda: Training(twin=-1),
            "training.twin = -1: must be at least 0, and at most 2147483647",
        ),
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


#: Every number: what lies just outside of its range, below and above; None where nothing does.
OUTSIDE = {
    **{
        f"{part}.{name}": (0, 2**31)
        for part, names in {
            "data": "train per_seed val test frames size",
            "sampling": "clip_frames keys key_frames key_stride",
            "network": "hidden layers heads",
            "training": "epochs checkpoint",
            "agreement": "clips start every",
            "robust": "forget_epochs",
        }.items()
        for name in names.split()
    },
    **{
        name: (-1e-9, 1.0)
        for name in (
            "noise.rate",
            "network.dropout",
            "training.label_smoothing",
            "agreement.memory",
            "agreement.wrong",
            "robust.elr_memory",
        )
    },
    **{
        name: (-1e-9, None)
        for name in (
            "training.lr_end",
            "training.weight_decay",
            "training.synopsis",
            "training.instances",
            "agreement.reinforce",
            "agreement.consensus",
            "robust.elr",
        )
    },
    "data.folds": (1, 2**31),
    "data.val_share": (-1e-9, 0.501),
    "training.warmup": (-1, 2**31),
    "training.batch": (1, 2**31),
    "training.lr": (0.0, None),
    "training.twin": (-1, 2**31),
    "agreement.span": (0.0, 1.001),
    "agreement.threshold": (0.0, 7),
    "agreement.score_threshold": (-1e-9, 1.001),
    "robust.forget": (-1e-9, 5.0),  # of a noise rate of 0.2: all of a batch
}


def test_no_number_is_without_its_range():
    numbers = {k for k, v in flat(Settings()).items() if type(v) in (int, float)}
    assert numbers == set(OUTSIDE)


@pytest.mark.parametrize("name", OUTSIDE)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_numbers_without_meaning_are_refused(data, name):
    low, high = OUTSIDE[name]
    kind = type(flat(Settings())[name])
    drawn = st.integers if kind is int else partial(st.floats, allow_nan=False)
    sides = [drawn(max_value=low) if low is not None else None]
    sides += [drawn(min_value=high)] if high is not None else []
    value = data.draw(st.one_of(*[side for side in sides if side is not None]))
    if name == "data.folds" and value == 0:
        return  # none
    with pytest.raises(UserError) as caught:
        override(Settings(), {name: value})
    told = str(caught.value)
    assert name in told and "\n" not in told and len(told) < 300


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sampling.keys": 17}, "a synopsis of sampling.clip_frames = 16 frames has at most"),
        ({"network.encoder": "../x"}, "network.encoder = '../x': must be a name of letters"),
        ({"network.encoder": ""}, "must be a name"),
        ({"network.encoder": "hf-hub:a/b"}, "must be a name"),
        ({"network.encoder": "resnet50\n"}, "must be a name"),
        ({"network.encoder": "r" * 9999}, "must be a name"),
        ({"network.pretrained": "kinetics"}, "which m3dfel alone sees"),
        ({"network.pretrained": "imagenet"}, "there are no such weights for 'faces-resnet'"),
        ({"agreement.anew": True, "training.epochs": 5}, "agreement.anew needs a sweep"),
        ({"robust.forget": 2.0, "noise.rate": 0.5}, "robust.forget = 2.0: times noise.rate"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(changes, words):
    with pytest.raises(UserError) as caught:
        override(Settings(), changes)
    told = str(caught.value)
    assert words in told and "\n" not in told and len(told) < 300


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", True, 10**40])
def test_a_seed_is_what_both_libraries_take(seed):
    with pytest.raises(UserError, match="seed = "):
        check_value("seed", seed, Seed)
    assert [check_value("seed", good, Seed) for good in (0, 2**32 - 1)] == [0, 2**32 - 1]


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

"""The presets: what each promises, and that it can be run at all."""

import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.settings.presets import PRESETS, REAL, get_preset
from rdfer.settings.schema import check_value, flat
from rdfer.settings.variants import METHODS, ablations, variant_settings
from rdfer.training.sweeps import is_due


def test_presets_go_by_their_names():
    rendered = ["smoke", "laptop", "gpu"]
    assert list(PRESETS) == [*rendered, *(preset.name for preset in REAL)]
    assert [preset.name for preset in RENDERED] == rendered
    for name in PRESETS:
        assert get_preset(name).name == name and get_preset(name).about


RENDERED = [preset for preset in PRESETS.values() if preset not in REAL]


@pytest.mark.parametrize("name", ["lapto", "", "Laptop", "../laptop"])
def test_other_names_are_refused(name):
    with pytest.raises(UserError, match="unknown"):
        get_preset(name)


@pytest.mark.parametrize("preset", RENDERED, ids=lambda p: p.name)
def test_an_interval_over_seeds_needs_two_of_them(preset):
    for seeds in (preset.seeds, preset.ablation_seeds):
        assert len(seeds) >= 2 and len(set(seeds)) == len(seeds)
    # rows of the ablation that repeat a method are copied from it, seed by seed
    assert set(preset.ablation_seeds) <= set(preset.seeds)


@pytest.mark.parametrize("preset", RENDERED, ids=lambda p: p.name)
def test_every_part_holds_every_class_equally(preset):
    data = preset.settings.data
    for name in ("train", "per_seed", "val", "test"):
        assert getattr(data, name) % len(CLASSES) == 0, name
    assert data.per_seed < data.train  # seeds draw different subsets


@pytest.mark.parametrize("preset", RENDERED, ids=lambda p: p.name)
def test_every_variant_that_is_swept_is_swept_at_least_twice(preset):
    swept = []
    for variant in (*METHODS.values(), *ablations(preset.settings).values()):
        settings = variant_settings(variant, preset.settings)
        epochs = range(1, settings.training.epochs + 1)
        sweeps = sum(is_due(settings, epoch) for epoch in epochs)
        assert sweeps >= 2 if settings.agreement.sweeps else sweeps == 0, variant.name
        swept.append(sweeps > 0)
    # all but compute-matched plain, ELR twice, the ceiling, and the two without a second network
    assert swept.count(False) == 6


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_values_are_of_their_types(preset):
    for name, value in flat(preset.settings).items():
        check_value(name, value, type(value))
        assert not isinstance(value, list), name


def test_the_default_preset_runs_without_a_gpu_and_without_a_download():
    for name in ("smoke", "laptop"):
        network = get_preset(name).settings.network
        assert network.frozen and network.encoder == "faces-resnet"


def test_a_preset_that_downloads_says_so_by_its_name():
    for preset in PRESETS.values():
        downloads = preset.settings.network.pretrained == "imagenet"
        assert downloads == preset.name.endswith("-imagenet") == ("download" in preset.about)


@pytest.mark.parametrize("preset", REAL, ids=lambda p: p.name)
def test_a_real_set_has_one_seed_a_fold_and_no_ablation(preset):
    assert preset.seeds == (0,) and preset.ablation_seeds == ()
    assert preset.settings.noise.rate == 0
    assert preset.settings.training.choose == "validation"
    for variant in METHODS.values():
        settings = variant_settings(variant, preset.settings)
        epochs = range(1, settings.training.epochs + 1)
        sweeps = sum(is_due(settings, epoch) for epoch in epochs)
        assert sweeps >= 2 or not settings.agreement.sweeps, variant.name

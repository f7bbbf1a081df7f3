"""The presets: named sizes of the whole road."""

from rdfer.errors import UserError
from rdfer.settings import Preset, Settings, did_you_mean, override

BASE = Settings()

SMOKE = override(
    BASE,
    {
        "data.train": 84,
        "data.per_seed": 70,
        "data.val": 28,
        "data.test": 70,
        "data.frames": 16,
        "data.size": 48,
        "training.epochs": 4,
        "training.warmup": 1,
        "training.checkpoint": 2,
        "agreement.start": 1,
        "agreement.every": 1,
        "agreement.clips": 4,
    },
)

# Dimensions of the precursor's settings; the encoder is trained end to end.
GPU = override(
    BASE,
    {
        "data.train": 4200,
        "data.per_seed": 3500,
        "data.val": 700,
        "data.size": 128,
        "network.encoder": "resnet50",
        "network.frozen": False,
        "network.shift": True,
        "network.hidden": 512,
        "network.layers": 2,
        "network.heads": 8,
        "network.pretrained": "faces",
        "training.epochs": 50,
        "training.warmup": 5,
        "training.lr": 2e-4,
        "training.lr_end": 5e-6,
        "training.batch": 64,
        "training.precision": "bf16-mixed",
        "training.checkpoint": 1,
        "agreement.start": 10,
        "agreement.every": 5,
    },
)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="smoke",
            about="the whole road in minutes on two cores; its numbers mean nothing",
            settings=SMOKE,
            seeds=(0, 1),
            ablation_seeds=(0, 1),
            study_seeds=(0, 1),
            noise_kinds=("symmetric", "asymmetric"),
            noise_rates=(0.2,),
            all_methods_at=(0.2,),
        ),
        Preset(
            name="laptop",
            about="the default: frozen encoder, cached features, two cores",
            settings=BASE,
            seeds=tuple(range(10, 18)),
            ablation_seeds=(10, 11, 12),
            study_seeds=tuple(range(10, 20)),
        ),
        Preset(
            name="gpu",
            about="112 px, ResNet-50 trained end to end, one GPU",
            settings=GPU,
            seeds=(0, 1, 2),
            ablation_seeds=(0, 1, 2),
            study_seeds=(0, 1, 2),
        ),
    )
}


def get_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UserError: no such preset.
    """
    if name not in PRESETS:
        raise UserError(f"preset = {name!r}: unknown; {did_you_mean(str(name), PRESETS)}")
    return PRESETS[name]

"""The presets: named sizes of the whole workflow, and the protocols of real data sets.

Presets of real sets add no label noise: what their labels have of their own nobody knows. ``dfew``,
``ferv39k`` and ``mafw`` have the settings of the paper's precursor as far as they are known, but
start from weights that the run makes itself from rendered faces, since no preset downloads anything
unless its name says so: ``dfew-imagenet``, ``ferv39k-imagenet`` and ``mafw-imagenet`` start from
ImageNet, as the precursor does. ``cremad`` and ``ravdess``, of which the paper has no results, are
for two cores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rdfer.base.errors import UserError, did_you_mean
from rdfer.settings.schema import Settings, override


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named size of the whole workflow: base settings and the seeds of its experiments."""

    name: str
    about: str
    settings: Settings
    seeds: tuple[int, ...]
    ablation_seeds: tuple[int, ...]
    study_seeds: tuple[int, ...] = ()
    noise_kinds: tuple[str, ...] = ("symmetric", "asymmetric", "instance")
    noise_rates: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4)
    all_methods_at: tuple[float, ...] = (0.2, 0.4)  # of these rates; at the others few methods
    # name -> changed settings: where else the headline claims are judged, each a run of its own
    worlds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def few_seeds(self) -> tuple[int, ...]:
        """The first half of the studies' seeds, two at least: what is no headline has these."""
        return self.study_seeds[: max(2, (len(self.study_seeds) + 1) // 2)]


BASE = Settings()
#: Worlds (the benchmark with a few settings changed) of the headline claims, as `claims.yml` names
#: them.
NO_BLENDSHAPES: dict[str, Any] = {"network.pretrained": "classes"}
DFEW_BALANCE: dict[str, Any] = {"data.balance": "dfew"}

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

# A small subset and short clips, since a network that learns from frames takes minutes where one
# that learns from features takes seconds. What it learns with was tried on the development pool.
END_TO_END: dict[str, Any] = {
    "network.frozen": False,
    "data.train": 280,
    "data.per_seed": 210,
    "data.val": 70,
    "data.test": 700,
    "data.frames": 32,
    "sampling.clip_frames": 8,
    "sampling.key_frames": 2,
    "training.epochs": 12,
    "training.warmup": 1,
    "training.batch": 16,
    "training.lr": 1e-3,
    "agreement.start": 6,
    "agreement.every": 6,
}

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

# Known of the paper's precursor: dimensions, learning rate, epochs, batch (there on four GPUs), the
# prediction by the detail stream, relabelling from the middle on. OURS: how often from there on.
PAPER: dict[str, Any] = {
    "data.frames": 64,
    "data.size": 128,  # crops of 112 are taken from it
    "noise.rate": 0.0,
    "network.encoder": "resnet50",
    "network.pretrained": "faces",
    "network.frozen": False,
    "network.separate_encoders": True,
    "network.shift": True,
    "network.hidden": 512,
    "network.layers": 2,
    "network.heads": 8,
    "network.fusion": "detail",
    "training.epochs": 100,
    "training.warmup": 10,
    "training.batch": 128,
    "training.lr": 5e-4,
    "training.lr_end": 5e-6,
    "training.weight_decay": 0.05,
    "training.precision": "bf16-mixed",
    "training.checkpoint": 1,
    "agreement.start": 50,
    "agreement.every": 10,
}
IMAGENET = {"network.pretrained": "imagenet"}
ACTED: dict[str, Any] = {"noise.rate": 0.0}
DOWNLOADS = "; starts from ImageNet weights, which are downloaded"


def _real(name: str, about: str, changes: dict[str, Any]) -> Preset:
    """The protocol of a real set: one seed, every fold, no ablation."""
    source = name.removesuffix("-imagenet")
    settings = override(BASE, {"data.source": source, **changes})
    return Preset(name=name, about=about, settings=settings, seeds=(0,), ablation_seeds=())


REAL = (
    _real("dfew", "DFEW, five folds, the precursor's settings; one large GPU", PAPER),
    _real("ferv39k", "FERV39k, one split, the precursor's settings; one large GPU", PAPER),
    _real("mafw", "MAFW, five folds, the precursor's settings; one large GPU", PAPER),
    _real("cremad", "CREMA-D, five folds by actor, frozen encoder; two cores", ACTED),
    _real("ravdess", "RAVDESS, five folds by actor, frozen encoder; two cores", ACTED),
    _real("dfew-imagenet", f"as dfew{DOWNLOADS}", {**PAPER, **IMAGENET}),
    _real("ferv39k-imagenet", f"as ferv39k{DOWNLOADS}", {**PAPER, **IMAGENET}),
    _real("mafw-imagenet", f"as mafw{DOWNLOADS}", {**PAPER, **IMAGENET}),
)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="smoke",
            about="the whole workflow in minutes on two cores; its numbers mean nothing",
            settings=SMOKE,
            seeds=(0, 1),
            ablation_seeds=(0, 1),
            study_seeds=(0, 1),
            noise_kinds=("symmetric", "asymmetric"),
            noise_rates=(0.2,),
            all_methods_at=(0.2,),
            worlds={"no blendshapes": NO_BLENDSHAPES},
        ),
        Preset(
            name="laptop",
            about="the default: frozen encoder, cached features, two cores",
            settings=BASE,
            seeds=tuple(range(10, 18)),
            ablation_seeds=(10, 11, 12),
            study_seeds=tuple(range(20, 30)),  # new ones, on the same test videos
            worlds={
                "no blendshapes": NO_BLENDSHAPES,
                "dfew": DFEW_BALANCE,
                "end to end": END_TO_END,
            },
        ),
        Preset(
            name="gpu",
            about="112 px, ResNet-50 trained end to end, one GPU",
            settings=GPU,
            seeds=(0, 1, 2),
            ablation_seeds=(0, 1, 2),
            study_seeds=(0, 1, 2),
            worlds={"no blendshapes": NO_BLENDSHAPES, "dfew": DFEW_BALANCE},
        ),
        *REAL,
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

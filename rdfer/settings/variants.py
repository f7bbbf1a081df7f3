"""Methods and ablations: each a name, a title and a set of overrides on a preset's settings.

No variant has code of its own. Two methods are kept apart by name everywhere: RDFER (vote) is
our plainest reading of the paper, RDFER (ours) the best version with several clips that was found
on the development pool.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rdfer.base.errors import UserError, did_you_mean
from rdfer.settings.schema import Settings, override


@dataclass(frozen=True)
class Variant:
    """A method or an ablation.

    Attributes:
        name: short, used in paths.
        title: as tables print it.
        part: the part of the method that it is about.
        changes: overrides on the preset's settings.
        matched: train as many epochs as cost what this other variant costs.
    """

    name: str
    title: str
    part: str = "method"
    changes: Mapping[str, Any] = field(default_factory=dict)
    matched: str = ""


VOTE: dict[str, Any] = {
    "agreement.score": "vote",
    "agreement.rule": "threshold",
    "agreement.threshold": 0.8,
    "agreement.average": False,
    "agreement.noisy": "drop",
    "agreement.reinforce": 0.5,
}
#: ELR's memory, as its trials chose it.
ELR: dict[str, Any] = {"robust.elr": 3.0, "robust.elr_memory": 0.9}
#: How :data:`TREATMENTS` tell clean, hard and noisy videos apart. RDFER (ours) draws no such line:
#: of this it uses that sweeps are averaged.
JUDGED: dict[str, Any] = {
    "agreement.score": "gap",
    "agreement.rule": "threshold",
    "agreement.score_threshold": 0.3,
    "agreement.average": True,
}
OURS: dict[str, Any] = {**JUDGED, **ELR, "agreement.anew": True, "agreement.wrong": 0.1}
SCN: dict[str, Any] = {
    "agreement.score": "gap",
    "agreement.rule": "threshold",
    "agreement.score_threshold": 0.6,
    "agreement.average": False,
    "agreement.noisy": "relabel",
    "agreement.clips": 1,
    "agreement.every": 1,
}
LOSS_MIXTURE: dict[str, Any] = {
    "agreement.score": "loss",
    "agreement.rule": "mixture",
    "agreement.start": 10,
    "agreement.average": False,
    "agreement.noisy": "drop",
    "agreement.clips": 1,
    "agreement.every": 1,
}


def _by_name(*variants: Variant) -> dict[str, Variant]:
    return {variant.name: variant for variant in variants}


#: Other people's training under label noise, each as its trials on the development pool chose it
#: (:mod:`rdfer.studies.tuning`). What is theirs beside the rule itself (two networks,
#: other weights of samples) is left out, so that they share network, epochs and clips. RDFER (ours)
#: costs more: it trains a second network.
RIVALS = _by_name(
    Variant("label-smoothing", "label smoothing", changes={"training.label_smoothing": 0.4}),
    Variant("small-loss", "small-loss selection", changes={"robust.forget": 1.0}),
    Variant("elr", "ELR", changes=ELR),
    Variant("scn", "SCN", changes=SCN),
    Variant("loss-mixture", "loss-mixture drop", changes=LOSS_MIXTURE),
)

METHODS = _by_name(
    # what its clips say is watched, and nothing is done about it
    Variant("plain", "Plain", changes={"agreement.watch": "clips"}),
    Variant("plain-matched", "Plain, compute-matched", matched="ours"),
    # the strongest rival, which RDFER (ours) contains
    RIVALS["elr"],
    Variant("elr-matched", "ELR, compute-matched", changes=ELR, matched="ours"),
    Variant("vote", "RDFER (vote)", changes=VOTE),
    Variant("ours", "RDFER (ours)", changes=OURS),
    # no rival: what plain training reaches where no label is wrong
    Variant("clean", "Plain, no label noise", changes={"noise.rate": 0.0}),
)

#: One treatment at a time, and all at once.
TREATMENTS = _by_name(
    Variant("reinforced", "hard reinforced", changes={**VOTE, "agreement.noisy": "keep"}),
    Variant("dropped", "noisy dropped", changes={**JUDGED, "agreement.noisy": "drop"}),
    Variant("relabelled", "noisy relabelled", changes={**JUDGED, "agreement.noisy": "relabel"}),
    Variant(
        "everything",
        "all treatments",
        changes={**JUDGED, "agreement.noisy": "relabel", "agreement.reinforce": 0.5},
    ),
)


def _ours(name: str, title: str, part: str, changes: Mapping[str, Any], **more: str) -> Variant:
    """RDFER (ours) with something changed."""
    return Variant(name, title, part, {**OURS, **changes}, **more)


def _network(model: str, title: str, **changes: Any) -> Variant:
    """A baseline in the place of the two streams: it has one encoder and fuses nothing."""
    changes = {"model": model, "separate_encoders": False, "fusion": "mean", **changes}
    return _ours(model, title, "network", {f"network.{k}": v for k, v in changes.items()})


#: RDFER (ours), and what becomes of it with one thing changed: a row added here is run and shown.
ABLATIONS = _by_name(
    _ours("ours", "RDFER (ours)", "whole", {}),
    _ours("once", "no second network", "weighing", {"agreement.anew": False}),
    _ours(
        "once-longer",
        "no second network, as many passes",
        "weighing",
        {"agreement.anew": False},
        matched="ours",
    ),
    _ours("trusted", "second network on the labels", "weighing", {"agreement.wrong": 0.0}),
    _ours("no-memory", "no memory of predictions", "weighing", {"robust.elr": 0.0}),
    _ours(
        "consensus",
        "pull to the consensus of clips, no memory",
        "weighing",
        {"robust.elr": 0.0, "agreement.consensus": 3.0},
    ),
    _ours(
        "reinforced",
        "hard samples reinforced as well",
        "treatment",
        {"agreement.reinforce": 0.5},
    ),
    _ours(
        "relabelled",
        "noisy samples relabelled as well",
        "treatment",
        {"agreement.noisy": "relabel"},
    ),
    _ours("dropped", "noisy samples dropped as well", "treatment", {"agreement.noisy": "drop"}),
    _ours("last-sweep", "the last sweep alone", "scoring", {"agreement.average": False}),
    _ours("one-clip", "one clip a sweep", "scoring", {"agreement.clips": 1}),
    _ours("local-clips", "clips from half of the video", "scoring", {"agreement.span": 0.5}),
    _ours(
        "no-resampling",
        "detail clips spread evenly",
        "key expression",
        {"sampling.key_rule": "uniform"},
    ),
    _ours("long-only", "long-term stream alone", "streams", {"network.streams": "long"}),
    _ours("short-only", "short-term stream alone", "streams", {"network.streams": "short"}),
    _ours(
        "detail-fusion",
        "prediction by the short-term stream",
        "streams",
        {"network.fusion": "detail"},
    ),
    _network("frame-average", "mean over single frames"),
    _network("recurrent", "one LSTM"),
    _network("transformer", "temporal transformer"),
    # from random weights: those of still faces do not fit a 3D CNN
    _network(
        "m3dfel",
        "M3DFEL (R3D-18, instance pooling)",
        encoder="r3d_18",
        pretrained="none",
        shift=False,
    ),
)


def ablations(base: Settings) -> dict[str, Variant]:
    """The ablations that a preset can run: M3DFEL needs frames, so not with a frozen encoder."""
    return {k: v for k, v in ABLATIONS.items() if not (k == "m3dfel" and base.network.frozen)}


def matched_epochs(base: Settings, other: Settings) -> int:
    """Epochs of plain training that cost what ``other`` costs with its sweeps, or twice trained.

    A training pass counts as three forward passes (forward, and twice that for backward), a
    clip predicted in a sweep as one. OURS: the paper does not speak of compute.
    """
    agreement = other.agreement
    if not (agreement.treats or agreement.anew):
        return base.training.epochs
    sweeps = len(range(agreement.start, other.training.epochs + 1, agreement.every))
    trained = base.training.epochs * (1 + agreement.anew)
    return trained + round(sweeps * agreement.clips / 3)


def variant_settings(variant: Variant, base: Settings) -> Settings:
    """The preset's settings with the variant laid over them."""
    settings = override(base, variant.changes)
    if variant.matched:
        other = override(settings, METHODS[variant.matched].changes)
        return override(settings, {"training.epochs": matched_epochs(settings, other)})
    return settings


def find_variants(names: str, table: Mapping[str, Variant]) -> list[Variant]:
    """Variants by comma-separated names, all of them for an empty string.

    Raises:
        UserError: an unknown name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(table)
    for name in wanted:
        if name not in table:
            raise UserError(f"method = {name!r}: unknown; {did_you_mean(name, table)}")
    return [table[name] for name in wanted]

"""Ranges of the settings: values that no run could mean are refused, each with its rule."""

from typing import TYPE_CHECKING

from rdfer.base.errors import UserError

if TYPE_CHECKING:
    from rdfer.settings.schema import Network, Settings


def rule(ok: bool, name: str, value: object, text: str) -> None:
    """Raise what, value and rule as one line where the rule is broken."""
    if not ok:
        raise UserError(f"{name} = {value!r}: {text}")


def check_ranges(s: "Settings") -> None:
    """Refuse values that no run could mean, each with its rule."""
    positive = {
        "data": ("train", "per_seed", "val", "test", "frames", "size"),
        "sampling": ("clip_frames", "keys", "key_frames", "key_stride"),
        "network": ("hidden", "layers", "heads"),
        "training": ("epochs", "batch", "checkpoint"),
        "agreement": ("clips", "every"),
        "robust": ("forget_epochs",),
    }
    for part, names in positive.items():
        for name in names:
            value = getattr(getattr(s, part), name)
            rule(value >= 1, f"{part}.{name}", value, "must be at least 1")
    rule(0 <= s.noise.rate < 1, "noise.rate", s.noise.rate, "must lie in [0, 1)")
    rule(0 <= s.data.val_share <= 0.5, "data.val_share", s.data.val_share, "must lie in [0, 0.5]")
    rule(
        s.data.val_share > 0 or s.training.choose != "validation",
        "data.val_share",
        s.data.val_share,
        'training.choose = "validation" needs a validation part',
    )
    rule(0 < s.agreement.span <= 1, "agreement.span", s.agreement.span, "must lie in (0, 1]")
    for name, share in (
        ("agreement.memory", s.agreement.memory),
        ("agreement.wrong", s.agreement.wrong),
        ("network.dropout", s.network.dropout),
        ("training.label_smoothing", s.training.label_smoothing),
        ("robust.elr_memory", s.robust.elr_memory),
    ):
        rule(0 <= share < 1, name, share, "must lie in [0, 1)")
    for name, size in (
        ("agreement.consensus", s.agreement.consensus),
        ("robust.forget", s.robust.forget),
        ("robust.elr", s.robust.elr),
        ("training.twin", s.training.twin),
        ("data.folds", s.data.folds),
    ):
        rule(size >= 0, name, size, "must be at least 0")
    if s.agreement.watch == "views":
        rule(
            s.network.dropout > 0,
            "network.dropout",
            s.network.dropout,
            'agreement.watch = "views" compares passes with dropout, so some is needed',
        )
    rule(s.training.lr > 0, "training.lr", s.training.lr, "must be above 0")
    rule(
        s.data.per_seed <= s.data.train,
        "data.per_seed",
        s.data.per_seed,
        f"a seed draws from the {s.data.train} training videos, so at most that many",
    )
    rule(
        s.network.hidden % s.network.heads == 0,
        "network.hidden",
        s.network.hidden,
        f"must be a multiple of network.heads = {s.network.heads}",
    )
    rule(
        s.data.frames >= s.sampling.clip_frames,
        "data.frames",
        s.data.frames,
        f"a clip needs sampling.clip_frames = {s.sampling.clip_frames} stored frames",
    )
    if s.agreement.treats and s.agreement.score == "vote":
        rule(s.agreement.clips >= 2, "agreement.clips", s.agreement.clips, "a vote needs 2 clips")


def check_network(n: "Network") -> None:
    """Refuse what a baseline could not use: it would read like a choice, and be none."""
    baseline, m3dfel = n.model != "dual-stream", n.model == "m3dfel"
    for applies, name, needed, why in (
        (baseline, "streams", ("both",), "a baseline has one stream, so leave it at 'both'"),
        (baseline, "fusion", ("mean",), "a baseline fuses nothing, so leave it at 'mean'"),
        (baseline, "separate_encoders", (False,), "a baseline has one encoder"),
        (m3dfel, "frozen", (False,), "m3dfel needs frames, so it must be false"),
        (m3dfel, "encoder", ("r3d_18",), "m3dfel is defined with 'r3d_18'"),
        (m3dfel, "pretrained", ("none", "kinetics"), "m3dfel has 'none' or 'kinetics'"),
        (m3dfel, "shift", (False,), "r3d_18 convolves over time, so it must be false"),
    ):
        value = getattr(n, name)
        rule(not applies or value in needed, f"network.{name}", value, why)

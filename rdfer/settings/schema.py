"""Settings: frozen dataclasses, the presets, and strict parsing.

A run is described by one :class:`Settings`. A method, an ablation or a user's override is a
flat mapping of dotted names to values (``{"agreement.clips": 5}``) laid over it with
:func:`override`, so that an ablation is a matter of settings and nothing else.

Status of each value in the paper (STATED, PRECURSOR, OURS) is told on the book's page
"What is stated, what is reconstructed".
"""

import dataclasses
import difflib
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from rdfer.base.errors import UserError
from rdfer.settings.ranges import check_network, check_ranges, rule

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which videos, and how they are stored. A seed draws ``per_seed`` of the ``train`` videos.

    A real data set (any other ``source``) has its own parts: of these sizes only ``frames`` and
    ``size`` hold there, and every seed learns from the whole training fold.
    """

    source: Literal["faces", "dfew", "ferv39k", "mafw", "cremad", "ravdess", "folders"] = "faces"
    pool: Literal["development", "confirmation"] = "confirmation"
    balance: Literal["balanced", "dfew"] = "balanced"
    train: int = 1400
    per_seed: int = 1050
    val: int = 350
    test: int = 2100
    folds: int = 0  # also predict each training video by networks of the other folds; 0: not
    probes: bool = False  # also predict the test videos with their course in time destroyed
    frames: int = 64  # stored a video: T of the paper's precursor
    size: int = 64  # pixels
    val_share: float = 0.1  # of a real set's training fold, to choose the epoch on; 0: none


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Label noise of the training and validation parts; the test part has none."""

    kind: Literal["symmetric", "asymmetric", "instance"] = "symmetric"
    rate: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Clips: the synopsis of the whole video, the detail clips around the key expression."""

    clip_frames: int = 16
    keys: int = 4
    key_frames: int = 4
    key_stride: int = 2
    key_rule: Literal["class-peaks", "uniform", "random"] = "class-peaks"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The network. ``frozen``: the encoder's features are cached once per frame.

    ``model`` is the dual-stream network, or a baseline (:mod:`rdfer.method.baselines`,
    :mod:`rdfer.method.m3dfel`) in its place with the same inputs, loop and loss. Baselines have one
    stream: what belongs to two keeps its default there. ``hidden``, ``layers`` and ``heads`` are
    theirs too, as far as they have such parts.
    """

    model: Literal["dual-stream", "frame-average", "recurrent", "transformer", "m3dfel"] = (
        "dual-stream"
    )
    encoder: str = "faces-resnet"
    pretrained: Literal["none", "faces", "classes", "imagenet", "kinetics"] = "faces"
    frozen: bool = True
    separate_encoders: bool = False
    shift: bool = False
    hidden: int = 64
    layers: int = 1
    heads: int = 4
    dropout: float = 0.0
    streams: Literal["both", "short", "long"] = "both"
    fusion: Literal["detail", "mean"] = "mean"

    def __post_init__(self) -> None:
        check_network(self)


@dataclass(frozen=True, kw_only=True)
class Training:
    """The loop. Loss = detail + ``synopsis`` x synopsis + ``instances`` x both instance losses."""

    epochs: int = 32
    warmup: int = 4
    batch: int = 64
    lr: float = 1e-3
    lr_end: float = 1e-5
    weight_decay: float = 0.05
    label_smoothing: float = 0.0
    synopsis: float = 0.1
    instances: float = 0.1
    balanced: bool = True
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    checkpoint: int = 10  # epochs between checkpoints
    # by what the epoch is chosen; "test" is a habit of others, there to show what it does
    choose: Literal["validation", "test", "last"] = "validation"
    twin: int = 0  # another network for the same task: other weights, order and clips


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement scoring and what is done about hard and noisy samples.

    Every ``every`` epochs from epoch ``start`` on, ``clips`` clips of each training video are
    predicted. ``score`` ranks the samples; ``rule`` turns it into P(noisy) (the vote needs no
    rule); ``noisy`` says what happens to noisy ones; ``reinforce`` is gamma in
    1 + gamma (1 - A) for hard ones; ``consensus`` is lambda of :mod:`rdfer.method.consensus`;
    ``anew`` and ``wrong`` are those of :mod:`rdfer.method.posterior`.
    """

    clips: int = 8
    span: float = 1.0
    start: int = 6
    every: int = 4
    average: bool = True  # mean over all sweeps so far; else the last sweep alone
    score: Literal["vote", "gap", "contrary", "loss"] = "contrary"
    rule: Literal["threshold", "mixture"] = "mixture"
    score_threshold: float = 0.2  # with rule "threshold": SCN's margin
    threshold: float = 0.8  # agreement from which on the clips agree
    reading: Literal["unanimous-noisy", "scattered-noisy"] = "unanimous-noisy"
    noisy: Literal["keep", "drop", "relabel", "soft"] = "keep"
    reinforce: float = 0.0
    consensus: float = 0.0  # lambda: pull toward the consensus of a video's clips
    memory: float = 0.5  # share that earlier sweeps keep in the consensus
    # then train a second network, on targets that weigh labels against what the clips said
    anew: bool = False
    wrong: float = 0.2  # share of wrong labels that this weighing assumes
    # sweeps of a run that does nothing about them; "views": of augmented copies and of passes with
    # dropout as well, and what training said of each video, epoch by epoch
    watch: Literal["nothing", "clips", "views"] = "nothing"

    @property
    def treats(self) -> bool:
        """Whether anything is done about hard or noisy samples while training goes on."""
        return self.noisy != "keep" or self.reinforce > 0 or self.consensus > 0

    @property
    def sweeps(self) -> bool:
        """Whether clips of the training videos are predicted at all."""
        return self.treats or self.anew or self.watch != "nothing"


@dataclass(frozen=True, kw_only=True)
class Robust:
    """Other people's remedies for label noise, off by default: see :mod:`rdfer.method.robust`."""

    # of each batch the highest losses are left out in the end: this many times the noise rate,
    # which is told
    forget: float = 0.0
    forget_epochs: int = 10  # epochs over which that share rises from 0
    elr: float = 0.0  # lambda of early-learning regularisation
    elr_memory: float = 0.7  # beta: share that past predictions keep


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a cell's numbers depend on, apart from its seed and the code."""

    data: Data = field(default_factory=Data)
    noise: Noise = field(default_factory=Noise)
    sampling: Sampling = field(default_factory=Sampling)
    network: Network = field(default_factory=Network)
    training: Training = field(default_factory=Training)
    agreement: Agreement = field(default_factory=Agreement)
    robust: Robust = field(default_factory=Robust)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named size of the whole road: base settings and the seeds of its experiments."""

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


def did_you_mean(name: str, known: typing.Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest known one, else the whole list."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(known)


def check_value(name: str, value: Any, expected: Any) -> Any:
    """Return ``value`` if it is of type ``expected``, an int also where a float is expected.

    Strings are never converted: papermill turns ``-p flag true`` into the string ``"true"``,
    and guessing would hide such mistakes.

    Raises:
        UserError: wrong type, or not one of the choices of a ``Literal``.
    """
    origin = typing.get_origin(expected)
    if origin is Literal:
        choices = typing.get_args(expected)
        rule(
            type(value) is str and value in choices,
            name,
            value,
            "must be one of " + ", ".join(map(str, choices)),
        )
        return value
    if origin is types.UnionType:
        if value is None and type(None) in typing.get_args(expected):
            return None
        expected = next(t for t in typing.get_args(expected) if t is not type(None))
    if expected is float and type(value) is int:
        return float(value)
    rule(
        type(value) is expected,
        name,
        value,
        f"must be of type {expected.__name__}, not {type(value).__name__}",
    )
    if expected is float:
        rule(value == value and abs(value) != float("inf"), name, value, "must be finite")
    return value


def override(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Lay dotted changes over ``settings``.

    >>> override(Settings(), {"agreement.clips": 5}).agreement.clips
    5

    Raises:
        UserError: an unknown name (with the nearest known one), a wrong type, a bad value.
    """
    known = {
        f"{part.name}.{leaf.name}": leaf
        for part in dataclasses.fields(Settings)
        for leaf in dataclasses.fields(getattr(settings, part.name))
    }
    parts: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        if name not in known:
            raise UserError(f"setting {name!r}: unknown; {did_you_mean(str(name), known)}")
        part, leaf = name.split(".")
        parts.setdefault(part, {})[leaf] = check_value(name, value, known[name].type)
    return dataclasses.replace(
        settings,
        **{p: dataclasses.replace(getattr(settings, p), **v) for p, v in parts.items()},
    )


def to_dict(settings: Any) -> dict[str, Any]:
    """Nested plain dictionary of a settings dataclass, fit for JSON."""
    return dataclasses.asdict(settings)


def flat(settings: Settings) -> dict[str, Any]:
    """Dotted dictionary, the inverse of :func:`override` on the defaults."""
    return {f"{p}.{k}": v for p, leaves in to_dict(settings).items() for k, v in leaves.items()}


def settings_hash(value: Any) -> str:
    """Hash of any settings dataclass or JSON value: 16 hex digits."""
    plain = to_dict(value) if dataclasses.is_dataclass(value) else value
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

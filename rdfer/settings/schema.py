"""Settings: what a run is told, with the ranges beside the values, and strict parsing.

A run is described by one :class:`Settings`. A method, an ablation or a user's override is a
flat mapping of dotted names to values (``{"agreement.clips": 5}``) laid over it with
:func:`override`, so that an ablation is a matter of settings and nothing else.

Status of each value in the paper (STATED, PRECURSOR, OURS) is told on the book's page
"What is stated, what is reconstructed".
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rdfer.base.errors import UserError, did_you_mean, short

STRICT = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

#: Beyond this no count of videos, frames, pixels or epochs means anything.
MOST = 2**31 - 1
Count = Annotated[int, Field(ge=1, le=MOST)]
#: What NumPy and PyTorch both take.
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Share = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """Frozen values, given by keyword; what is wrong with them is one line, a ``UserError``.

    Strings are never converted; an int is taken where a float is meant.
    """

    model_config = STRICT

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            leaf = str((*error.errors()[0]["loc"], "")[0])
            known = type(self).model_json_schema()["properties"]
            raise _one_line(error, f"{type(self).__name__.lower()}.{leaf}", known) from None


_TYPES = {
    "bool_type": "bool",
    "dict_type": "dict",
    "float_type": "float",
    "int_type": "int",
    "list_type": "list",
    "string_type": "str",
}


def _one_line(error: ValidationError, name: str, known: Mapping[str, Any]) -> UserError:
    """The first of pydantic's complaints as ``name = value: rule``; ``known``: JSON schemas."""
    first = error.errors(include_url=False)[0]
    kind, value, context = first["type"], first["input"], first.get("ctx", {})
    leaf = name.rpartition(".")[2]
    if kind == "value_error":  # a rule between fields, which is such a line itself
        return context["error"]
    if kind in _TYPES:
        text = f"must be of type {_TYPES[kind]}, not {type(value).__name__}"
    elif kind == "literal_error":
        text = "must be one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    elif kind == "finite_number":
        text = "must be finite"
    elif kind == "extra_forbidden":
        text = f"unknown; {did_you_mean(leaf, known)}"
    elif kind.startswith(("greater_than", "less_than")):
        text = _interval(known[leaf])
    elif kind == "string_pattern_mismatch":
        text = "must be a name of letters, digits, dots, dashes and underscores"
    else:
        text = first["msg"]
    return UserError(f"{name} = {short(repr(value))}: {text}")


def _interval(field: Mapping[str, Any]) -> str:
    """The range of a number, from the JSON schema of its field."""
    low, above = field.get("minimum"), field.get("exclusiveMinimum")
    high, below = field.get("maximum"), field.get("exclusiveMaximum")
    if high == MOST:
        return f"must be at least {low}, and at most {MOST}"
    if high is None and below is None:
        return f"must be above {above:g}" if low is None else f"must be at least {low:g}"
    start = f"({above:g}" if low is None else f"[{low:g}"
    return f"must lie in {start}, " + (f"{below:g})" if high is None else f"{high:.10g}]")


class Data(Part):
    """Which videos, and how they are stored. A seed draws ``per_seed`` of the ``train`` videos.

    A real data set (any other ``source``) has its own parts: of these sizes only ``frames`` and
    ``size`` hold there, and every seed learns from the whole training fold.
    """

    source: Literal["faces", "dfew", "ferv39k", "mafw", "cremad", "ravdess", "folders"] = "faces"
    pool: Literal["development", "confirmation"] = "confirmation"
    balance: Literal["balanced", "dfew"] = "balanced"
    train: Count = 1400
    per_seed: Count = 1050
    val: Count = 350
    test: Count = 2100
    # also predict each training video by networks of the other folds; 0: not
    folds: int = Field(default=0, ge=0, le=MOST)
    probes: bool = False  # also predict the test videos with their order in time destroyed
    frames: Count = 64  # stored a video: T of the paper's precursor
    size: Count = 64  # pixels
    # of a real set's training fold, to choose the epoch on; 0: none
    val_share: float = Field(default=0.1, ge=0, le=0.5)

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse to draw more videos than there are, and a single fold, which has no others."""
        if self.folds == 1:
            raise UserError("data.folds = 1: must be 0 (none) or at least 2")
        if self.per_seed > self.train:
            raise UserError(
                f"data.per_seed = {self.per_seed}: "
                f"a seed draws from the {self.train} training videos, so at most that many"
            )
        return self


class Noise(Part):
    """Label noise of the training and validation parts; the test part has none."""

    kind: Literal["symmetric", "asymmetric", "instance"] = "symmetric"
    rate: Share = 0.2


class Sampling(Part):
    """Clips: the synopsis of the whole video, the detail clips around the key expression."""

    clip_frames: Count = 16
    keys: Count = 4
    key_frames: Count = 4
    key_stride: Count = 2
    key_rule: Literal["class-peaks", "uniform", "random"] = "class-peaks"

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse more key frames than a synopsis has frames."""
        if self.keys > self.clip_frames:
            raise UserError(
                f"sampling.keys = {self.keys}: a synopsis of sampling.clip_frames = "
                f"{self.clip_frames} frames has at most that many"
            )
        return self


PICTURES = ("none", "faces", "classes", "imagenet")  # weights of encoders of single frames
SHIPPED = ("none", "faces", "classes")  # of the small encoder


class Network(Part):
    """The network. ``frozen``: the encoder's features are cached once per frame.

    ``model`` is the dual-stream network, or a baseline (:mod:`rdfer.method.baselines`) in its
    place with the same inputs, loop and loss. Baselines have one stream: what belongs to two keeps
    its default there. ``hidden``, ``layers`` and ``heads`` are theirs too, as far as they have such
    parts.
    """

    model: Literal["dual-stream", "frame-average", "recurrent", "transformer", "m3dfel"] = (
        "dual-stream"
    )
    # a model of timm, the small one that ships, or m3dfel's own; a plain name, never a place
    encoder: str = Field(default="faces-resnet", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    pretrained: Literal["none", "faces", "classes", "imagenet", "kinetics"] = "faces"
    frozen: bool = True
    separate_encoders: bool = False
    shift: bool = False
    hidden: Count = 64
    layers: Count = 1
    heads: Count = 4
    dropout: Share = 0.0
    streams: Literal["both", "short", "long"] = "both"
    fusion: Literal["detail", "mean"] = "mean"

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse what a baseline could not use: it would read like a choice, and be none."""
        if self.hidden % self.heads:
            raise UserError(
                f"network.hidden = {self.hidden}: "
                f"must be a multiple of network.heads = {self.heads}"
            )
        baseline, m3dfel = self.model != "dual-stream", self.model == "m3dfel"
        small = self.encoder == "faces-resnet"
        for applies, name, needed, why in (
            (baseline, "streams", ("both",), "a baseline has one stream, so leave it at 'both'"),
            (baseline, "fusion", ("mean",), "a baseline fuses nothing, so leave it at 'mean'"),
            (baseline, "separate_encoders", (False,), "a baseline has one encoder"),
            (m3dfel, "frozen", (False,), "m3dfel needs frames, so it must be false"),
            (m3dfel, "encoder", ("r3d_18",), "m3dfel is defined with 'r3d_18'"),
            (m3dfel, "pretrained", ("none", "kinetics"), "m3dfel has 'none' or 'kinetics'"),
            (m3dfel, "shift", (False,), "r3d_18 convolves over time, so it must be false"),
            (not m3dfel, "pretrained", PICTURES, "'kinetics' is of clips, which m3dfel alone sees"),
            (small, "pretrained", SHIPPED, "there are no such weights for 'faces-resnet'"),
        ):
            value = getattr(self, name)
            if applies and value not in needed:
                raise UserError(f"network.{name} = {value!r}: {why}")
        return self


class Training(Part):
    """The loop. Loss = detail + ``synopsis`` x synopsis + ``instances`` x both instance losses."""

    epochs: Count = 32
    warmup: int = Field(default=4, ge=0, le=MOST)
    # a batch of one is never trained on: it has nothing to be normalised over
    batch: int = Field(default=64, ge=2, le=MOST)
    lr: float = Field(default=1e-3, gt=0)
    lr_end: NotNegative = 1e-5
    weight_decay: NotNegative = 0.05
    label_smoothing: Share = 0.0
    synopsis: NotNegative = 0.1
    instances: NotNegative = 0.1
    balanced: bool = True
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    checkpoint: Count = 10  # epochs between checkpoints
    # by what the epoch is chosen; "test" is a habit of others, there to show what it does
    choose: Literal["validation", "test", "last"] = "validation"
    # another network for the same task: other weights, order and clips
    twin: int = Field(default=0, ge=0, le=MOST)


class Agreement(Part):
    """Agreement scoring and what is done about hard and noisy samples.

    Every ``every`` epochs from epoch ``start`` on, ``clips`` clips of each training video are
    predicted. ``score`` ranks the samples; ``rule`` turns it into P(noisy) (the vote needs no
    rule); ``noisy`` says what happens to noisy ones; ``reinforce`` is gamma in
    1 + gamma (1 - A) for hard ones; ``consensus`` is lambda of the pull to the consensus of clips
    (:mod:`rdfer.method.losses`); ``wrong`` is that of :func:`rdfer.method.treatment.posterior`,
    on which with ``anew`` a second network is trained.
    """

    clips: Count = 8
    span: float = Field(default=1.0, gt=0, le=1)
    start: Count = 6
    every: Count = 4
    average: bool = True  # mean over all sweeps so far; else the last sweep alone
    score: Literal["vote", "gap", "contrary", "loss"] = "contrary"
    rule: Literal["threshold", "mixture"] = "mixture"
    score_threshold: NotNegative = 0.2  # with rule "threshold": SCN's margin
    threshold: float = Field(default=0.8, gt=0, le=1)  # agreement from which on the clips agree
    reading: Literal["unanimous-noisy", "scattered-noisy"] = "unanimous-noisy"
    noisy: Literal["keep", "drop", "relabel", "soft"] = "keep"
    reinforce: NotNegative = 0.0
    consensus: NotNegative = 0.0  # lambda: pull toward the consensus of a video's clips
    memory: Share = 0.5  # share that earlier sweeps keep in the consensus
    # then train a second network, on targets that weigh labels against what the clips said
    anew: bool = False
    wrong: Share = 0.2  # share of wrong labels that this weighing assumes
    # sweeps of a run that does nothing about them; "views": of augmented copies and of passes with
    # dropout as well, and what training said of each video, epoch by epoch
    watch: Literal["nothing", "clips", "views"] = "nothing"

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse a vote of one, and a threshold that no score reaches."""
        if self.score != "loss" and self.score_threshold > 1:
            raise UserError(
                f"agreement.score_threshold = {self.score_threshold}: "
                f"must be at most 1, the largest {self.score}"
            )
        if self.treats and self.score == "vote" and self.clips < 2:
            raise UserError(f"agreement.clips = {self.clips}: a vote needs 2 clips")
        return self

    @property
    def treats(self) -> bool:
        """Whether anything is done about hard or noisy samples while training goes on."""
        return self.noisy != "keep" or self.reinforce > 0 or self.consensus > 0

    @property
    def sweeps(self) -> bool:
        """Whether clips of the training videos are predicted at all."""
        return self.treats or self.anew or self.watch != "nothing"


class Robust(Part):
    """Other people's remedies for label noise, off by default: see :mod:`rdfer.method.losses`."""

    # of each batch the highest losses are left out in the end: this many times the noise rate,
    # which is told
    forget: NotNegative = 0.0
    forget_epochs: Count = 10  # epochs over which that share rises from 0
    elr: NotNegative = 0.0  # lambda of early-learning regularisation
    elr_memory: Share = 0.7  # beta: share that past predictions keep


class Settings(Part):
    """Everything that a run's numbers depend on, apart from its seed and the code."""

    data: Data = Data()
    noise: Noise = Noise()
    sampling: Sampling = Sampling()
    network: Network = Network()
    training: Training = Training()
    agreement: Agreement = Agreement()
    robust: Robust = Robust()

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse parts that do not fit each other."""
        data, clip_frames = self.data, self.sampling.clip_frames
        if self.training.choose == "validation" and not data.val_share:
            raise UserError(
                f"data.val_share = {data.val_share}: "
                'training.choose = "validation" needs a validation part'
            )
        if self.agreement.watch == "views" and not self.network.dropout:
            raise UserError(
                f"network.dropout = {self.network.dropout}: "
                'agreement.watch = "views" compares passes with dropout, so some is needed'
            )
        share = self.robust.forget * self.noise.rate
        if share >= 1:
            raise UserError(
                f"robust.forget = {self.robust.forget}: "
                f"times noise.rate it is {share:g} of a batch; must leave some, so be below 1"
            )
        if self.agreement.anew and self.agreement.start > self.training.epochs:
            raise UserError(
                f"agreement.start = {self.agreement.start}: "
                "agreement.anew needs a sweep, so at most training.epochs = "
                f"{self.training.epochs}"
            )
        if data.frames < clip_frames:
            raise UserError(
                f"data.frames = {data.frames}: "
                f"a clip needs sampling.clip_frames = {clip_frames} stored frames"
            )
        return self


def check_value(name: str, value: Any, expected: Any) -> Any:
    """Return ``value`` if it is of type ``expected``, an int also where a float is expected.

    Strings are never converted: papermill turns ``-p flag true`` into the string ``"true"``,
    and guessing would hide such mistakes.

    Raises:
        UserError: wrong type, not one of the choices of a ``Literal``, out of the range of a
            number such as :data:`Seed`.
    """
    adapter = TypeAdapter(expected, config=STRICT)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise _one_line(error, name, {name: adapter.json_schema()}) from None


def override(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Lay dotted changes over ``settings``.

    >>> override(Settings(), {"agreement.clips": 5}).agreement.clips
    5

    Raises:
        UserError: an unknown name (with the nearest known one), a wrong type, a bad value.
    """
    known = flat(settings)
    for name in changes:
        if name not in known:
            raise UserError(f"setting {name!r}: unknown; {did_you_mean(str(name), known)}")
    values = {**known, **changes}
    return Settings(
        **{
            part: type(getattr(settings, part))(
                **{leaf: values[f"{part}.{leaf}"] for leaf in leaves}
            )
            for part, leaves in to_dict(settings).items()
        }
    )


def to_dict(settings: Part) -> dict[str, Any]:
    """Nested plain dictionary, fit for JSON."""
    return settings.model_dump()


def flat(settings: Settings) -> dict[str, Any]:
    """Dotted dictionary, the inverse of :func:`override` on the defaults."""
    return {f"{p}.{k}": v for p, leaves in to_dict(settings).items() for k, v in leaves.items()}


def settings_hash(value: Any) -> str:
    """Hash of settings or any JSON value: 16 hex digits."""
    plain = to_dict(value) if isinstance(value, Part) else value
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""The claims as data: what each says and compares, and what was expected of it beforehand.

They stand in ``claims.yml`` beside this module. A claim belongs to a family (C1 .. C6), whose
claims are adjusted together by :mod:`rdfer.metrics.verdict`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.studies.records import Record, read

FILE = Path(__file__).with_name("claims.yml")
WHERE = "on the embedded benchmark"  # what every claim says of itself
HEADLINE_SEEDS = 10
SEEDS = 5  # of every other claim

About = Literal["RDFER (vote)", "RDFER (ours)", "averaged gap", "treatments", "both"]
Metric = Literal["uar", "auroc", "auprc", "found at budget", "hit rate", "temporal IoU"]
#: What a difference must exceed to matter, fixed before the runs that judge. UAR is a share of the
#: test videos; the others tell how well something is found, and take the margin of AUROC.
MARGINS: Mapping[Metric, float] = {
    "uar": 0.01,
    "auroc": 0.02,
    "auprc": 0.02,
    "found at budget": 0.02,
    "hit rate": 0.02,
    "temporal IoU": 0.02,
}


class Reading(Record):
    """One number a seed; below ``over``, what differs from the usual.

    Attributes:
        what: a method, or a score of suspicion.
        kind: of label noise.
        rate: of label noise, in [0, 1).
        over: the test videos that it is measured on (:func:`rdfer.studies.bench.stratum`), or the
            training videos: all but the ambiguous, or those of high loss.
        passes: that a score compares, or ``one``; ``own``: as the score itself defines it.
        epochs: the last sweep, or all; ``own`` as above.
        clips: of a sweep.
        encoder, training, balance: the world (:mod:`rdfer.studies.design`), where another.
        detail: how the detail clips are chosen.
        streams: of the network.
        input: what the test videos look like.
    """

    what: str
    kind: Literal["symmetric", "asymmetric", "instance"]
    rate: Annotated[float, Field(ge=0, lt=1)]
    over: Literal[
        "test",
        "short key",
        "middle key",
        "long key",
        "strong distractor",
        "no distractor",
        "all",
        "high-loss",
    ]
    passes: Literal["clips", "augmentations", "dropout", "one", "own"] = "own"
    epochs: Literal["last", "mean", "own"] = "own"
    clips: Literal[1, 2, 4, 8, 16] | None = None
    encoder: Literal["no blendshapes"] | None = None
    training: Literal["end to end"] | None = None
    balance: Literal["dfew"] | None = None
    detail: Literal["resampled", "even", "random"] | None = None
    streams: Literal["both", "long", "short"] | None = None
    input: Literal["intact", "frames shuffled", "clips shuffled", "frozen"] = "intact"

    @property
    def world(self) -> str:
        """The usual one, or another encoder, way of training or balance of classes."""
        return self.encoder or self.training or self.balance or "usual"


class Comparison(Record):
    """A difference ``a - b``; with ``beyond = (c, d)`` the difference ``(a - b) - (c - d)``."""

    a: Reading
    b: Reading
    beyond: tuple[Reading, Reading] | None = None


class Claim(Record):
    """What is claimed, and what was expected.

    Attributes:
        id: family and letter.
        family: claims that are adjusted together.
        about: the method; ``both`` where the two share the part; or what neither acts on, the
            averaged gap and single treatments.
        statement: in words, without the benchmark, which :attr:`text` adds.
        metric: a key of :data:`MARGINS`.
        headline: 10 seeds, else 5.
        at_least: "not worse by more than the margin" in place of "better by the margin".
        comparisons: the claim is about the smallest of them.
        prediction: holds, fails or open.
        reason: for the prediction, one sentence.
    """

    id: str
    family: str
    about: About
    statement: str
    metric: Metric
    headline: bool
    at_least: bool = False
    comparisons: tuple[Comparison, ...]
    prediction: Literal["holds", "fails", "open"]
    reason: str

    @property
    def margin(self) -> float:
        """What the effect must exceed: negative where it may be a little smaller."""
        return -MARGINS[self.metric] if self.at_least else MARGINS[self.metric]

    @property
    def seeds(self) -> int:
        """How many seeds it must have."""
        return HEADLINE_SEEDS if self.headline else SEEDS

    @property
    def text(self) -> str:
        """The statement, with the method and the benchmark that it is about."""
        name = f"{self.about}, " if self.about.startswith("RDFER") else ""
        return f"{name}{WHERE}: {self.statement}"


@dataclass(frozen=True)
class Claims:
    """All claims, the titles of their families, and a hash of the file that they stand in."""

    claims: tuple[Claim, ...]
    titles: Mapping[str, str]
    digest: str

    def of(self, family: str) -> tuple[Claim, ...]:
        """The claims of one family."""
        return tuple(claim for claim in self.claims if claim.family == family)

    @cached_property
    def by_id(self) -> Mapping[str, Claim]:
        """Id -> claim, in the file's order."""
        return {claim.id: claim for claim in self.claims}


# the form of the file, which says itself what its keys mean

Fields = dict[str, Any]


class _Rivals(Record):
    scores: list[str]
    methods: list[str]


class _File(Record):
    rivals: _Rivals
    families: dict[str, Fields]


class _Family(Record):
    title: str
    metric: Metric
    headline: bool
    of: Fields
    claims: dict[str, Fields]


class _Compared(Record):
    of: Fields = Field(default={})
    against: str | list[Fields]
    each: list[Fields] = Field(default=[{}])
    beyond: Fields | None = None


def load_claims(path: str | Path = FILE) -> Claims:
    """Read and check the claims.

    Raises:
        UserError: the file is not as it must be; the message names the claim.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    file = read(_File, raw, str(path))
    rivals: dict[str, list[Fields]] = {
        "scores": [{"what": name, "passes": "own", "epochs": "own"} for name in file.rivals.scores],
        "methods": [{"what": name} for name in file.rivals.methods],
    }
    families = {name: read(_Family, entry, name) for name, entry in file.families.items()}
    found = tuple(
        _claim(name, title, entry, family, rivals)
        for title, family in families.items()
        for name, entry in family.claims.items()
    )
    if len({claim.id for claim in found}) < len(found):
        raise UserError(f"{path}: an id of a claim stands there twice")
    titles = {name: family.title for name, family in families.items()}
    return Claims(found, titles, sha256_file(path)[:16])


def _claim(
    name: str, family: str, raw: Fields, common: _Family, rivals: Mapping[str, Sequence[Fields]]
) -> Claim:
    if not name.startswith(family) or name == family:
        raise UserError(f"{name}: must begin with its family {family}, and a letter more")
    # what it compares, and the rest, which starts from what the family has in common
    parts: tuple[Fields, Fields] = {}, {"metric": common.metric, "headline": common.headline}
    for key, value in raw.items():
        parts[key not in _Compared.model_fields][key] = value
    entry = read(_Compared, parts[0], name)
    if isinstance(entry.against, str) and entry.against not in rivals:
        known = ", ".join(rivals)
        raise UserError(f"{name}: against = {entry.against!r}: must be a list, or one of {known}")
    against = rivals[entry.against] if isinstance(entry.against, str) else entry.against
    comparisons = tuple(
        _comparison(name, {**common.of, **entry.of, **place}, other, entry.beyond)
        for place in entry.each
        for other in against
    )
    if not comparisons:
        raise UserError(f"{name}: compares nothing")
    found = {"id": name, "family": family, "comparisons": comparisons, **parts[1]}
    return read(Claim, found, name)


def _comparison(name: str, one: Fields, other: Fields, elsewhere: Fields | None) -> Comparison:
    a, b = (read(Reading, fields, name) for fields in (one, {**one, **other}))
    beyond = None
    if elsewhere is not None:
        c, d = (read(Reading, {**fields, **elsewhere}, name) for fields in (one, {**one, **other}))
        beyond = (c, d)
    if a == b or beyond == (a, b):
        raise UserError(f"{name}: compares {a.what} with itself")
    return Comparison(a=a, b=b, beyond=beyond)

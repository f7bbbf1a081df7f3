"""The claims as data: what each says and compares, and what was expected of it beforehand.

They stand in ``claims.yml`` beside this module. A claim belongs to a family (C1 .. C6), whose
claims are adjusted together by :mod:`rdfer.metrics.verdict`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.metrics.verdict import VERDICTS

HEADLINE_SEEDS = 10
SEEDS = 5  # of every other claim
#: Metric -> what a difference must exceed to matter, fixed before the runs that judge. UAR is a
#: share of the test videos; the others tell how well something is found, and take the margin of
#: AUROC.
MARGINS: Mapping[str, float] = {
    "uar": 0.01,
    "auroc": 0.02,
    "auprc": 0.02,
    "found at budget": 0.02,
    "hit rate": 0.02,
    "temporal IoU": 0.02,
}
FILE = Path(__file__).with_name("claims.yml")
WHERE = "on the embedded benchmark"  # what every claim says of itself

About = Literal["RDFER (vote)", "RDFER (ours)", "averaged gap", "treatments", "both"]
ABOUT: tuple[str, ...] = get_args(About)
KINDS = ("symmetric", "asymmetric", "instance")
#: Videos on which something is measured.
OVER = (
    *("test", "all", "high-loss"),
    *("short key", "middle key", "long key", "strong distractor", "no distractor"),
)
#: What a reading may say besides, and its values; ``own``: as the score itself defines it.
SETTING: Mapping[str, tuple[str | int, ...]] = {
    "passes": ("clips", "augmentations", "dropout", "one", "own"),
    "epochs": ("last", "mean", "own"),
    "clips": (1, 2, 4, 8, 16),
    "encoder": ("no blendshapes",),
    "training": ("end to end",),
    "balance": ("dfew",),
    "detail": ("resampled", "even", "random"),
    "streams": ("both", "long", "short"),
    "input": ("intact", "frames shuffled", "clips shuffled", "frozen"),
}
OWN = {"passes": "own", "epochs": "own"}
PREDICTIONS = tuple(v for v in VERDICTS if v != "missing")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One number a seed.

    Attributes:
        what: a method, or a score of suspicion.
        kind: of label noise.
        rate: of label noise, in [0, 1).
        over: the videos it is measured on, one of :data:`OVER`.
        setting: what differs from the usual, see :data:`SETTING`.
    """

    what: str
    kind: str
    rate: float
    over: str
    setting: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A difference ``a - b``; with ``beyond = (c, d)`` the difference ``(a - b) - (c - d)``."""

    a: Reading
    b: Reading
    beyond: tuple[Reading, Reading] | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
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
    about: str
    statement: str
    metric: str
    headline: bool
    at_least: bool
    comparisons: tuple[Comparison, ...]
    prediction: str
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
    top = _keys(str(path), raw, {"rivals", "families"})
    rivals = {
        name: [{"what": what, **(OWN if name == "scores" else {})} for what in whats]
        for name, whats in _keys("rivals", top["rivals"], {"scores", "methods"}).items()
    }
    found: list[Claim] = []
    titles = {}
    for family, entry in top["families"].items():
        common = _keys(family, entry, {"title", "metric", "headline", "of", "claims"})
        titles[family] = str(common["title"])
        for name, claim in common["claims"].items():
            found.append(_claim(name, family, claim, common, rivals))
    if len({claim.id for claim in found}) < len(found):
        raise UserError(f"{path}: an id of a claim stands there twice")
    return Claims(tuple(found), titles, sha256_file(path)[:16])


def _claim(
    name: str,
    family: str,
    raw: Any,
    common: Mapping[str, Any],
    rivals: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Claim:
    needed = {"about", "statement", "against", "prediction", "reason"}
    entry = _keys(
        name, raw, needed, optional={"metric", "of", "each", "beyond", "at_least", "headline"}
    )
    if not name.startswith(family) or name == family:
        raise UserError(f"{name}: must begin with its family {family}, and a letter more")
    metric = entry.get("metric", common["metric"])
    for key, value, known in (
        ("about", entry["about"], ABOUT),
        ("metric", metric, tuple(MARGINS)),
        ("prediction", entry["prediction"], PREDICTIONS),
    ):
        if value not in known:
            raise UserError(f"{name}: {key} = {value!r}: must be one of {', '.join(known)}")
    return Claim(
        id=name,
        family=family,
        about=entry["about"],
        statement=entry["statement"],
        metric=metric,
        headline=entry.get("headline", common["headline"]),
        at_least=entry.get("at_least", False),
        comparisons=_comparisons(name, entry, common, rivals),
        prediction=entry["prediction"],
        reason=entry["reason"],
    )


def _comparisons(
    name: str,
    entry: Mapping[str, Any],
    common: Mapping[str, Any],
    rivals: Mapping[str, Sequence[Mapping[str, Any]]],
) -> tuple[Comparison, ...]:
    of = {**common["of"], **entry.get("of", {})}
    against = entry["against"]
    if isinstance(against, str):
        if against not in rivals:
            raise UserError(f"{name}: against = {against!r}: must be one of {', '.join(rivals)}")
        against = rivals[against]
    found = []
    for place in entry.get("each", [{}]):
        for other in against:
            pair = {**of, **place}, {**of, **place, **other}
            elsewhere = None
            if "beyond" in entry:
                c, d = ({**fields, **entry["beyond"]} for fields in pair)
                elsewhere = (_reading(name, c), _reading(name, d))
            a, b = (_reading(name, fields) for fields in pair)
            if a == b or elsewhere == (a, b):
                raise UserError(f"{name}: compares {a.what} with itself")
            found.append(Comparison(a=a, b=b, beyond=elsewhere))
    if not found:
        raise UserError(f"{name}: compares nothing")
    return tuple(found)


def _reading(name: str, fields: Mapping[str, Any]) -> Reading:
    place = ("what", "kind", "rate", "over")
    missing = [key for key in place if key not in fields]
    if missing:
        raise UserError(f"{name}: {missing[0]} is missing in what it compares")
    setting = {key: value for key, value in fields.items() if key not in place}
    checks = {"kind": KINDS, "over": OVER, **SETTING}
    for key, value in fields.items():
        if key in ("what", "rate"):
            continue
        if key not in checks or value not in checks[key]:
            raise UserError(f"{name}: {key} = {value!r}: must be one of {checks.get(key, ())}")
    if not 0 <= fields["rate"] < 1:
        raise UserError(f"{name}: rate = {fields['rate']!r}: must lie in [0, 1)")
    return Reading(**{key: fields[key] for key in place}, setting=setting)


def _keys(
    name: str, raw: Any, needed: set[str], *, optional: set[str] | None = None
) -> dict[str, Any]:
    """A mapping with exactly these keys."""
    if not isinstance(raw, dict):
        raise UserError(f"{name}: must be a mapping with {', '.join(sorted(needed))}")
    wrong = sorted(needed - raw.keys()) + sorted(raw.keys() - needed - (optional or set()))
    if wrong:
        state = "is missing" if wrong[0] in needed else "is not known"
        raise UserError(f"{name}: {wrong[0]} {state}")
    return raw

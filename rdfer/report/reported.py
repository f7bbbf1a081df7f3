"""What others report on the real sets: ``book/reported_results.csv``, read and checked.

One row a method, scores in percent as printed, an empty cell where a number is not known. Every row
names the publication it comes from (``cite``) and where its scores were seen (``checked_in``), both
by their keys in ``book/references.bib``.
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdfer.base.errors import UserError

#: Real sets as columns name them -> as people do.
SETS: Mapping[str, str] = {"dfew": "DFEW", "ferv39k": "FERV39k", "mafw": "MAFW"}
SCORES = tuple(f"{data}_{score}" for data in SETS for score in ("uar", "war"))
#: What a method sees -> how it is told, in the order of tables.
INPUTS: Mapping[str, str] = {"V": "video", "V+T": "video and text", "A+V": "audio and video"}
COLUMNS = (
    *("method", "year", "inputs", "params_m", "params_of", "gflops", "cost_leaves_out"),
    *SCORES,
    *("licence", "cite", "checked_in", "note"),
)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
KEY = re.compile(r"[A-Za-z][\w:-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One method of the literature; ``None`` or an empty text stands for what is not known.

    Attributes:
        method: its name, unlike any other.
        year: of the publication cited.
        inputs: a key of :data:`INPUTS`.
        params_m: parameters in millions.
        params_of: ``"trained"`` where those are the trained ones alone, else empty.
        gflops: cost of one clip as its authors count it, in 1e9 operations.
        cost_leaves_out: what that cost does not cover.
        scores: UAR and WAR in percent by column (:data:`SCORES`).
        licence: of the published code.
        cite: key of the method's publication in ``book/references.bib``.
        checked_in: key of where its scores were seen; empty if nobody checked them.
        note: what else a reader should know.
    """

    method: str
    year: int | None
    inputs: str
    params_m: float | None
    params_of: str
    gflops: float | None
    cost_leaves_out: str
    scores: Mapping[str, float | None]
    licence: str
    cite: str
    checked_in: str
    note: str

    def score(self, column: str) -> str | None:
        """A score as papers print it, two decimals."""
        value = self.scores[column]
        return None if value is None else f"{value:.2f}"


def identifier(method: str) -> str:
    """A method's name as pages spell it inside ``{{ }}``: ``DFER-CLIP`` -> ``dfer_clip``."""
    return re.sub(r"[^a-z0-9]", "_", method.lower())


def load_reported(path: str | Path) -> dict[str, Peer]:
    """Read the literature's numbers, by method, in the order of the file.

    Raises:
        UserError: the file is missing or is no CSV in UTF-8; a column is unknown, missing or there
            twice; a row has more or fewer cells than the header; a cell breaks the rule of its
            column; or two methods have one name.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a table in CSV and UTF-8 ({error})") from None
    header, *body = rows or [[]]
    _check_header(path, header)
    peers: dict[str, Peer] = {}
    for number, cells in enumerate(body, 1):
        place = f"{path}: row {number}"
        if len(cells) != len(header):
            raise UserError(f"{place}: {len(cells)} cells, but {len(header)} columns")
        peer = _Row(place, dict(zip(header, cells, strict=True))).peer()
        if identifier(peer.method) in map(identifier, peers):
            raise UserError(f"{place}: method = {peer.method!r}: there is one of this name already")
        peers[peer.method] = peer
    return peers


def _check_header(path: str | Path, header: Sequence[str]) -> None:
    for column in header:
        if column not in COLUMNS:
            raise UserError(f"{path}: column {column!r}: unknown; known are {', '.join(COLUMNS)}")
    for column in COLUMNS:
        if header.count(column) != 1:
            found = "missing" if column not in header else "there twice"
            raise UserError(f"{path}: column {column!r}: {found}")


@dataclass(frozen=True)
class _Row:
    """The cells of one row, each read by the rule of its column."""

    place: str
    cells: Mapping[str, str]

    def peer(self) -> Peer:
        return Peer(
            method=self.text("method", needed=True),
            year=self.year(),
            inputs=self.choice("inputs", tuple(INPUTS)),
            params_m=self.number("params_m", low=0.001),
            params_of=self.choice("params_of", ("", "trained")),
            gflops=self.number("gflops", low=0.001),
            cost_leaves_out=self.text("cost_leaves_out"),
            scores={column: self.number(column, high=100) for column in SCORES},
            licence=self.text("licence"),
            cite=self.key("cite", needed=True),
            checked_in=self.key("checked_in"),
            note=self.text("note"),
        )

    def error(self, column: str, rule: str) -> UserError:
        return UserError(f"{self.place}: {column} = {self.cells[column]!r}: {rule}")

    def text(self, column: str, *, needed: bool = False) -> str:
        value = self.cells[column].strip()
        if needed and not value:
            raise self.error(column, "must not be empty")
        if any(letter == "|" or not letter.isprintable() for letter in value):
            raise self.error(column, "must be one line without '|', since it goes into a table")
        return value

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        value = self.text(column)
        if value not in allowed:
            raise self.error(column, f"must be one of {', '.join(map(repr, allowed))}")
        return value

    def key(self, column: str, *, needed: bool = False) -> str:
        value = self.text(column, needed=needed)
        if value and not KEY.fullmatch(value):
            raise self.error(column, "must be one key of references.bib")
        return value

    def year(self) -> int | None:
        value = self.number("year", low=1900, high=2100)
        if value is not None and value % 1:
            raise self.error("year", "must be a whole number")
        return None if value is None else int(value)

    def number(self, column: str, *, low: float = 0, high: float = math.inf) -> float | None:
        text = self.text(column)
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            raise self.error(column, "not a number; leave it empty where it is not known")
        value = float(text)
        if not low <= value <= high:
            upper = "" if high == math.inf else f" and at most {high:g}"
            raise self.error(column, f"must be at least {low:g}{upper}")
        return value

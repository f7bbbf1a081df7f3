"""What others report on the real sets: ``book/reported_results.csv``, read and checked.

One row a method, scores in percent as printed, an empty cell where a number is not known. Every row
names the publication it comes from (``cite``) and where its scores were seen (``checked_in``), both
by their keys in ``book/references.bib``.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from rdfer.base.errors import UserError
from rdfer.studies.records import Record, read

#: Real sets as columns name them -> as people do.
SETS: Mapping[str, str] = {"dfew": "DFEW", "ferv39k": "FERV39k", "mafw": "MAFW"}
SCORES = tuple(f"{data}_{score}" for data in SETS for score in ("uar", "war"))
#: What a method sees -> how it is told, in the order of tables.
INPUTS: Mapping[str, str] = {"V": "video", "V+T": "video and text", "A+V": "audio and video"}


def _number(text: str) -> float | None:
    if text and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        raise ValueError("not a number; leave it empty where it is not known")
    return float(text) if text else None


def _whole(text: str) -> int | None:
    value = _number(text)
    if value is not None and value % 1:
        raise ValueError("must be a whole number")
    return None if value is None else int(value)


def _key(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z][\w:-]*", text, re.ASCII):
        raise ValueError("must be one key of references.bib")
    return text


Key = Annotated[str, AfterValidator(_key)]
Score = Annotated[float | None, Field(ge=0, le=100), BeforeValidator(_number)]
Size = Annotated[float | None, Field(ge=0.001), BeforeValidator(_number)]


class Peer(Record):
    """One method of the literature; ``None`` or an empty text stands for what is not known.

    Attributes:
        method: its name, unlike any other.
        year: of the publication cited.
        inputs: a key of :data:`INPUTS`.
        params_m: parameters in millions.
        params_of: ``"trained"`` where those are the trained ones alone, else empty.
        gflops: cost of one clip as its authors count it, in 1e9 operations.
        cost_leaves_out: what that cost does not cover.
        dfew_uar, dfew_war, ferv39k_uar, ferv39k_war, mafw_uar, mafw_war: scores in percent.
        licence: of the published code.
        cite: key of the method's publication in ``book/references.bib``.
        checked_in: key of where its scores were seen; empty if nobody checked them.
        note: what else a reader should know.
    """

    method: str = Field(min_length=1)
    year: Annotated[int | None, Field(ge=1900, le=2100), BeforeValidator(_whole)]
    inputs: Literal["V", "V+T", "A+V"]
    params_m: Size
    params_of: Literal["", "trained"]
    gflops: Size
    cost_leaves_out: str
    dfew_uar: Score
    dfew_war: Score
    ferv39k_uar: Score
    ferv39k_war: Score
    mafw_uar: Score
    mafw_war: Score
    licence: str
    cite: Key = Field(min_length=1)
    checked_in: Key
    note: str

    @field_validator("*", mode="before")
    @classmethod
    def _one_line(cls, cell: str) -> str:
        text = cell.strip()
        if "|" in text or not all(map(str.isprintable, text)):
            raise ValueError("must be one line without '|', since it goes into a table")
        return text

    def score(self, column: str) -> str | None:
        """A score as papers print it, two decimals."""
        value = getattr(self, column)
        return None if value is None else f"{value:.2f}"


COLUMNS = tuple(Peer.model_fields)


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
            header, *body = [row for row in csv.reader(file, strict=True) if row] or [[]]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a table in CSV and UTF-8 ({error})") from None
    _check_header(path, header)
    peers: dict[str, Peer] = {}
    for number, cells in enumerate(body, 1):
        place = f"{path}: row {number}"
        if len(cells) != len(header):
            raise UserError(f"{place}: {len(cells)} cells, but {len(header)} columns")
        peer = read(Peer, dict(zip(header, cells, strict=True)), place)
        if identifier(peer.method) in map(identifier, peers):
            raise UserError(f"{place}: method = {peer.method!r}: there is one of this name already")
        peers[peer.method] = peer
    return peers


def _check_header(path: str | Path, header: Sequence[str]) -> None:
    for column in (*header, *COLUMNS):
        if column not in COLUMNS:
            raise UserError(f"{path}: column {column!r}: unknown; known are {', '.join(COLUMNS)}")
        if header.count(column) != 1:
            found = "missing" if column not in header else "there twice"
            raise UserError(f"{path}: column {column!r}: {found}")

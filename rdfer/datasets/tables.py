"""Files of lines and tables: text in the encodings that occur, csv, and the sheet of a workbook.

Also what their cells hold: whole numbers, names, and paths that must stay below a root.
"""

import csv
import os
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers.expat import ParserCreate

from rdfer.base.errors import UserError, short
from rdfer.base.files import read_file

#: What a workbook may unpack to in bytes, and the rows and columns that are read: DFEW's votes
#: take 5 MB, 16,372 rows and 9 columns, and a file of a few kB may claim to be endless.
MAX_BYTES, MAX_ROWS, MAX_COLUMNS = 2**25, 2**17, 64


def number(text: str) -> int | None:
    """A whole number in plain digits, padded or not; None for anything else."""
    # isdecimal alone admits digits of other scripts
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def padded(name: str) -> str:
    """``17``, ``00017.mp4`` -> ``00017``; other names stay as they are."""
    found = number(Path(name).stem)
    return name if found is None else f"{found:05d}"


def as_text(name: str) -> str:
    """The name of a file as lists write it: composed (NFC), and GBK where it is not UTF-8.

    Some systems keep an accent apart from its letter (NFD); archives packed in China hold names
    in GBK, whose bytes Python keeps as surrogates.
    """
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            try:
                name = os.fsencode(name).decode("gb18030")
            except UnicodeError:
                return name
    return unicodedata.normalize("NFC", name)


def read_lines(file: Path) -> list[str]:
    """The lines of a list, in UTF-8 (a byte order mark is passed over) or GBK, LF or CRLF.

    Accents are composed with their letters (NFC), as names of files are when they are looked up.

    Raises:
        UserError: no such file, it is not text, or much larger than any list.
    """
    if not file.exists():
        raise UserError(f"{file}: no such list")
    content = read_file(file)
    if b"\0" not in content:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                # not str.splitlines, which also breaks at signs that captions may hold
                text = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
                text = unicodedata.normalize("NFC", text)
                return text.removesuffix("\n").split("\n") if text else []
            except UnicodeDecodeError:
                continue
    raise UserError(f"{file}: is not text; a list of videos and labels is needed")


def read_table(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of a csv file with a header; blank lines are passed over.

    Raises:
        UserError: no such file, a needed column is missing or there twice, or a row has another
            number of cells.
    """
    rows = csv.reader(read_lines(file), strict=True)
    try:
        yield from _cells(file, rows, needed)
    except csv.Error as error:
        raise UserError(f"{file}, line {rows.line_num}: is not csv ({error})") from None


def _cells(file: Path, rows: Any, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    header = [cell.strip() for cell in next(rows, [])]
    missing = [name for name in needed if name not in header]
    if missing:
        raise UserError(
            f"{file}: first line = {short(','.join(header))!r}: column {missing[0]!r} is missing; "
            f"{', '.join(needed)} are needed"
        )
    if len(set(header)) < len(header):
        raise UserError(
            f"{file}: first line = {short(','.join(header))!r}: a column is there twice"
        )
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise UserError(
                f"{file}, line {rows.line_num}: has {len(cells)} cells; the header has "
                f"{len(header)}"
            )
        yield rows.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))


def read_sheet(file: str | Path) -> list[dict[str, str]]:
    """Rows of a workbook's first sheet by the column names of its first row, as text.

    Empty cells are left out, and so are rows without any other; a formula is the value that the
    spreadsheet stored with it. The XML is read as a stream and by no library for spreadsheets:
    those build whole trees, which take a hundred times the memory of the file.

    Raises:
        UserError: no such file, not a workbook, a damaged one, or one of more than
            :data:`MAX_BYTES`, :data:`MAX_ROWS` or :data:`MAX_COLUMNS`.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    return _sheet(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _sheet(path: Path, _changed: int) -> list[dict[str, str]]:
    """Five folds ask for the same sheet, which takes a second to read."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > MAX_BYTES:
                raise UserError(
                    f"{path}: unpacks to {size / 1e6:.0f} MB; a workbook of at most "
                    f"{MAX_BYTES / 1e6:.0f} MB is read"
                )
            rows = list(_rows(archive, path))
    except UserError:
        raise
    except Exception as error:  # a damaged archive raises whatever its reader stumbles over
        told = short(" ".join(str(error).split()))
        raise UserError(f"{path}: is not an xlsx workbook that can be read ({told})") from None
    if not rows:
        raise UserError(f"{path}: its first sheet is empty; a row of column names is needed")
    header = {column: name.strip() for column, name in rows[0].items()}
    return [{header[c]: text for c, text in row.items() if c in header} for row in rows[1:]]


def _rows(archive: zipfile.ZipFile, path: Path) -> Iterator[dict[int, str]]:
    """Texts of the first sheet's cells by column number, one dictionary a row that has any."""
    targets = {
        at["Id"]: str(PurePosixPath("/xl", at["Target"]))[1:]
        for tag, at, _ in _elements(archive, "xl/_rels/workbook.xml.rels")
        if tag == "Relationship"
    }
    sheets = (at for tag, at, _ in _elements(archive, "xl/workbook.xml") if tag == "sheet")
    name = targets[next(text for key, text in next(sheets).items() if key.endswith(":id"))]
    strings: list[str] = []
    if "xl/sharedStrings.xml" in archive.namelist():
        strings = [
            text for tag, _, text in _elements(archive, "xl/sharedStrings.xml") if tag == "si"
        ]
    row: dict[int, str] = {}
    column = count = 0
    for tag, at, text in _elements(archive, name):
        if tag == "c":
            column = _column(at["r"]) if "r" in at else column + 1
            shown = strings[int(text)] if at.get("t") == "s" and text else text
            if shown and column > MAX_COLUMNS:
                raise UserError(
                    f"{path}: its first sheet has more columns than the {MAX_COLUMNS} allowed"
                )
            if shown:
                row[column] = shown
        elif tag == "row":
            count = int(at.get("r", count + 1))
            if count > MAX_ROWS:
                raise UserError(
                    f"{path}: its first sheet has more rows than the {MAX_ROWS} allowed"
                )
            if row:
                yield row
            row, column = {}, 0


def _column(cell: str) -> int:
    """``B7`` -> 2."""
    found = re.fullmatch(r"([A-Z]{1,3})[0-9]*", cell)
    if not found:
        raise ValueError(f"cell {short(cell)!r}")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column


def _elements(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Mapping[str, str], str]]:
    """Name, attributes and text of each element of a part of a workbook, as it ends.

    The text is that of a cell or a shared string: of the values and texts inside it.
    """
    ended: list[tuple[str, Mapping[str, str], str]] = []
    begun: list[tuple[str, Mapping[str, str]]] = []
    texts: list[str] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        begun.append((tag.rpartition(":")[2], attributes))
        if begun[-1][0] in ("c", "si"):
            texts.clear()

    def end(_: str) -> None:
        tag, attributes = begun.pop()
        ended.append((tag, attributes, "".join(texts) if tag in ("c", "si") else ""))

    def keep(text: str) -> None:
        # a formula stands beside its value, and how a word is spoken beside a text
        if begun and begun[-1][0] in ("v", "t") and "rPh" not in [tag for tag, _ in begun]:
            texts.append(text)

    def refuse(*_: Any) -> None:
        raise ValueError("it defines entities")

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = keep, refuse
    with archive.open(name) as file:
        while chunk := file.read(1 << 16):
            parser.Parse(chunk, False)
            yield from ended
            ended.clear()
            if len(begun) > 64:
                raise ValueError("elements are nested too deep")
    parser.Parse(b"", True)
    yield from ended


def below(place: str, text: str) -> tuple[str, ...]:
    """The parts of a relative path that a list names.

    Raises:
        UserError: it is empty, absolute, or leads out of the folder that it starts from.
    """
    parts = tuple(part for part in text.replace("\\", "/").split("/") if part not in ("", "."))
    if not parts or ".." in parts or text.startswith(("/", "\\", "~")) or ":" in parts[0]:
        raise UserError(
            f"{place}: path = {short(text)!r}: leaves the root or names nothing; only paths "
            "below the root are followed"
        )
    return parts


def read_groups(file: str | Path, key: Callable[[str], str]) -> dict[str, str]:
    """Group of each video from a csv file with the columns ``clip`` and ``group``.

    Args:
        file: say, the film or the person of each video.
        key: from what the file calls a video to its id.

    Raises:
        UserError: not such a file, or a video has two groups or none.
    """
    groups: dict[str, str] = {}
    for line, row in read_table(Path(file), ("clip", "group")):
        id, group = key(row["clip"]), row["group"]
        if not group or groups.setdefault(id, group) != group:
            raise UserError(
                f"{file}, line {line}: group = {short(group)!r}: video {short(row['clip'])!r} "
                "needs exactly one"
            )
    return groups

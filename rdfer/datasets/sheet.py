"""The first sheet of an xlsx workbook as rows of text: a zip file of XML, read as such."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

from rdfer.base.errors import UserError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

#: What is raised by a file that is no workbook, or a damaged or encrypted one.
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ElementTree.ParseError),
    *(EOFError, IndexError, KeyError, RuntimeError, ValueError),
)


def read_sheet(file: str | Path) -> list[dict[str, str]]:
    """Rows of the first sheet by the column names of its first row; empty cells are left out.

    Raises:
        UserError: no such file, or not a workbook.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    return _cached(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _cached(path: Path, _changed: int) -> list[dict[str, str]]:
    """Five folds ask for the same sheet, which takes a second to read."""
    try:
        with zipfile.ZipFile(path) as book:
            shared = _shared(book)
            rows = list(_rows(book, shared))
    except BROKEN as error:
        raise UserError(f"{path}: is not an xlsx workbook that can be read ({error})") from None
    if not rows:
        raise UserError(f"{path}: its first sheet is empty; a row of column names is needed")
    header = {column: name.strip() for column, name in rows[0].items()}
    return [{header[c]: text for c, text in row.items() if c in header} for row in rows[1:]]


def _shared(book: zipfile.ZipFile) -> list[str]:
    """Texts that cells refer to by number."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    return ["".join(t.text or "" for t in item.iter(f"{_MAIN}t")) for item in root]


def _rows(book: zipfile.ZipFile, shared: list[str]) -> Iterator[dict[str, str]]:
    """Texts of cells by column letters, one dictionary a row; rows without cells are left out."""
    sheets = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
    with book.open(sheets[0]) as file:
        for _, element in ElementTree.iterparse(file):
            if element.tag == f"{_MAIN}row":
                cells = {
                    re.sub(r"\d", "", cell.get("r", "")): _text(cell, shared) for cell in element
                }
                element.clear()
                if filled := {column: text for column, text in cells.items() if text}:
                    yield filled


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    value = cell.findtext(f"{_MAIN}v", "")
    if cell.get("t") == "s":
        return shared[int(value)]
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_MAIN}t"))
    return value

"""Files of lines and tables: text in the encodings that occur, csv, and the sheet of a workbook.

Also what their cells hold: whole numbers, and paths that must stay below a root.
"""

import csv
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError

#: What a workbook may unpack to in bytes, and the rows and columns that are read: DFEW's votes
#: take 5 MB, 16,372 rows and 9 columns, and a file of a few kB may claim to be endless.
MAX_BYTES, MAX_ROWS, MAX_COLUMNS = 2**26, 2**17, 64


def number(text: str) -> int | None:
    """A whole number in plain digits, padded or not; None for anything else."""
    # isdecimal alone admits digits of other scripts
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def read_lines(file: Path) -> list[str]:
    """The lines of a list, in UTF-8 (a byte order mark is passed over) or GBK, LF or CRLF.

    Raises:
        UserError: no such file, or it is not text.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such list")
    content = file.read_bytes()
    if b"\0" not in content:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                # not str.splitlines, which also breaks at signs that captions may hold
                text = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
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
            f"{file}: first line = {','.join(header)[:80]!r}: column {missing[0]!r} is missing; "
            f"{', '.join(needed)} are needed"
        )
    if len(set(header)) < len(header):
        raise UserError(f"{file}: first line = {','.join(header)[:80]!r}: a column is there twice")
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
    spreadsheet stored with it.

    Raises:
        UserError: no such file, not a workbook, a damaged one, or one of more than
            :data:`MAX_BYTES` or :data:`MAX_ROWS`.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    return _sheet(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _sheet(path: Path, _changed: int) -> list[dict[str, str]]:
    """Five folds ask for the same sheet, which takes a second to read."""
    from openpyxl import load_workbook  # slow to import, and only votes need it

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise UserError(
                f"{path}: unpacks to {size / 1e6:.0f} MB; a workbook of at most "
                f"{MAX_BYTES / 1e6:.0f} MB is read"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are not read
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
            with closing(book):
                rows = list(_filled(path, book.worksheets[0]))
    except UserError:
        raise
    except Exception as error:  # a damaged workbook raises whatever its parser stumbles over
        told = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: is not an xlsx workbook that can be read ({told})") from None
    if not rows:
        raise UserError(f"{path}: its first sheet is empty; a row of column names is needed")
    header = {column: name.strip() for column, name in rows[0].items()}
    return [{header[c]: text for c, text in row.items() if c in header} for row in rows[1:]]


def _filled(path: Path, sheet: Any) -> Iterator[dict[int, str]]:
    """Texts of cells by column number, one dictionary a row that has any."""
    sheet.reset_dimensions()  # what a file says of its own size may be wrong
    for count, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)):
        if count >= MAX_ROWS:
            raise UserError(f"{path}: its first sheet has more rows than the {MAX_ROWS} allowed")
        cells = {column: str(value) for column, value in enumerate(values) if value is not None}
        if filled := {column: text for column, text in cells.items() if text}:
            yield filled


def below(place: str, text: str) -> tuple[str, ...]:
    """The parts of a relative path that a list names.

    Raises:
        UserError: it is empty, absolute, or leads out of the folder that it starts from.
    """
    parts = tuple(part for part in text.replace("\\", "/").split("/") if part not in ("", "."))
    if not parts or ".." in parts or text.startswith(("/", "\\", "~")) or ":" in parts[0]:
        raise UserError(
            f"{place}: path = {text!r}: leaves the root or names nothing; only paths below the "
            "root are followed"
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
                f"{file}, line {line}: group = {group!r}: video {row['clip']!r} needs exactly one"
            )
    return groups

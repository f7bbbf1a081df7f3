"""Lists as text: lines in the encodings that occur, tables, numbers, and paths that stay below."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError


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
    raise UserError(f"{file}: is not text; a list of clips and labels is needed")


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
    """Group of each clip from a csv file with the columns ``clip`` and ``group``.

    Args:
        file: say, the film or the person of each clip.
        key: from what the file calls a clip to its id.

    Raises:
        UserError: not such a file, or a clip has two groups or none.
    """
    groups: dict[str, str] = {}
    for line, row in read_table(Path(file), ("clip", "group")):
        id, group = key(row["clip"]), row["group"]
        if not group or groups.setdefault(id, group) != group:
            raise UserError(
                f"{file}, line {line}: group = {group!r}: clip {row['clip']!r} needs exactly one"
            )
    return groups

"""DFEW's split files and votes: which clips are in which part of a fold, with which class.

Files with labels 0..6 or without the header are in circulation under the official names. Read as
official ones they shift every class by one, or lose a clip, without a sign: both are refused.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets.lists import Labels, find_list, name_rows, read_list
from rdfer.datasets.sheet import read_sheet
from rdfer.datasets.text import number, read_lines
from rdfer.datasets.tree import no_list

HEADER = "video_name,label"
OFFICIAL, OTHER = "EmoLabel_DataSplit", "label"
FOLDS = (1, 2, 3, 4, 5)


def split_file(root: Path, split: str, fold: int, *, lists: str | Path | None = None) -> Path:
    """The file that lists the ``split`` clips of a fold.

    Raises:
        UserError: there is none, or there are the files of two layouts.
    """
    names = [f"{split}(single-labeled)", f"{split}(single_labeled)", split]
    inside = [f"{name}/set_{fold}.csv" for name in names]
    other = f"single_{split}set_{fold}.csv"
    if lists is not None:
        known = [Path(lists) / name for name in (*inside, other)]
        found = [file for file in known if file.is_file()]
        return found[0] if found else find_list(lists, split=split, fold=fold)
    known = [*(root / OFFICIAL / name for name in inside), root / OTHER / other]
    found = [file for file in known if file.is_file()]
    if not found:
        raise UserError(_without(root, split, fold))
    if len(found) > 1:
        raise UserError(
            f"{found[0]} and {found[1]}: two layouts are mixed; name the folder of the lists to "
            "take with --lists"
        )
    return found[0]


def _without(root: Path, split: str, fold: int) -> str:
    """What to do where a fold's split file is not there, by the layout that is."""
    if (root / OTHER).is_dir() and not (root / OFFICIAL).is_dir():
        place, form = root / OTHER, f"single_{split}set_{{}}.csv"
    else:
        place, form = root / OFFICIAL, f"{split}(single-labeled)/set_{{}}.csv"
    file = place / form.format(fold)
    return no_list(file, fold, lambda k: place / form.format(k), FOLDS)


def read_labels(
    file: Path, *, order: Sequence[str] | None = None, zero_based: bool = False
) -> Labels[int]:
    """A split file, of the official form (:func:`read_split`) or ``path n_frames label``.

    Raises:
        UserError: see :func:`read_split` and :mod:`rdfer.datasets.lists`.
    """
    if file.suffix == ".csv" and "," in (read_lines(file) or [","])[0]:
        return Labels(read_split(file, zero_based=zero_based), {})
    rows = read_list(file, lambda parts: number(Path(parts[-1]).stem) if parts else None)
    names = name_rows(file, rows, CLASSES, order=order)
    return Labels(names, {row.key: row.n_frames for row in rows})


def read_split(file: Path, *, zero_based: bool = False) -> dict[int, str]:
    """Class names by clip number from a split file, in the order of its lines.

    Args:
        file: ``set_k.csv``.
        zero_based: labels are 0..6 instead of the official 1..7.

    Raises:
        UserError: no such file, no header, a line that is not ``number,label``, a clip given
            twice, or labels that start at another number than expected.
    """
    lines = read_lines(file)
    if not lines or [cell.strip() for cell in lines[0].split(",")] != HEADER.split(","):
        first = lines[0] if lines else ""
        raise UserError(
            f"{file}: first line = {first!r}: must be {HEADER!r}; a file without it is not an "
            "official one, and taking the first clip for a header would lose it; take the official "
            "file, or add the line"
        )
    numbers: dict[int, int] = {}
    for count, line in enumerate(lines[1:], start=2):
        if line.strip():
            clip, label = _parse(file, count, line)
            if clip in numbers:
                raise UserError(
                    f"{file}, line {count}: clip {clip} is given a second time; take the official "
                    "file, or keep one of its lines"
                )
            numbers[clip] = label
    _check_labels(file, set(numbers.values()), zero_based=zero_based)
    first_label = 0 if zero_based else 1
    return {clip: CLASSES[label - first_label] for clip, label in numbers.items()}


def read_votes(root: Path) -> tuple[dict[int, tuple[tuple[int, ...], str]], tuple[str, ...]]:
    """Votes (in the order of the classes) and single label ("" for none) by clip number, and notes.

    From ``Annotation/annotation.xlsx``: columns ``1happy`` .. ``7fear``, ``order`` (the clip) and
    ``label``. Nothing where the file is not there. Other empty cells than those of the clip count
    as 0, with a note.

    Raises:
        UserError: a column is missing, a cell is no number, or a row has no clip or one that
            another has.
    """
    places = (root / "Annotation/annotation.xlsx", root / "annotation.xlsx")
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return {}, ()
    rows = read_sheet(file)
    *names, clip = _columns(file, rows)
    votes: dict[int, tuple[tuple[int, ...], str]] = {}
    for row in rows:
        try:
            *cells, index, id = (_whole(row.get(name, "0")) for name in (*names, clip))
            label = ("", *CLASSES)[index]
        except (ValueError, IndexError):
            raise UserError(
                f"{file}: row {row}: whole numbers are needed, and a label of 0..{len(CLASSES)}; "
                "correct it, or move the file away: votes are optional"
            ) from None
        if clip not in row or id in votes:
            what = f"clip {id} is there twice" if clip in row else f"row {row}: {clip!r} is empty"
            raise UserError(f"{file}: {what}; take the official file, or keep one row a clip")
        votes[id] = tuple(cells), label
    gaps = sum(any(name not in row for name in names) for row in rows)
    return votes, (
        f"{file.name}: {gaps} of {len(rows)} rows have empty cells, read as 0",
    ) if gaps else ()


def _columns(file: Path, rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Names of the columns of the classes, the label and the clip."""
    # a row lacks the columns that are empty there
    columns = {c.strip("0123456789 ").lower(): c for row in rows for c in row}
    names = [columns.get(name.lower(), "") for name in CLASSES]
    clip = columns.get("order") or columns.get("clip_name", "")
    label = columns.get("label") or columns.get("annotation", "")
    if not all((*names, clip, label)):
        raise UserError(
            f"{file}: columns {', '.join(columns.values()) or 'none'}: 1happy .. 7fear, order and "
            "label are needed; take the official file, or move it away: votes are optional"
        )
    return (*names, label, clip)


def _whole(text: str) -> int:
    """A whole number from 0 on, which spreadsheets may write as 3.0."""
    value = number(text.removesuffix(".0"))
    if value is None:
        raise ValueError(text)
    return value


def _parse(file: Path, count: int, line: str) -> tuple[int, int]:
    """``00012.mp4,3`` -> (12, 3)."""
    cells = [cell.strip() for cell in line.split(",")]
    name = cells[0].removesuffix(Path(cells[0]).suffix)
    clip, label = number(name), number(cells[-1])
    if len(cells) != 2 or clip is None or label is None:
        raise UserError(
            f"{file}, line {count} = {line!r}: must be a clip's number and a label; "
            "take the official file"
        )
    return clip, label


def _check_labels(file: Path, labels: set[int], *, zero_based: bool) -> None:
    low, high = (0, 6) if zero_based else (1, 7)
    if not labels:
        raise UserError(f"{file}: names no clips; at least one is needed")
    if min(labels) >= low and max(labels) <= high:
        return
    if not zero_based and labels <= set(range(7)):
        raise UserError(
            f"{file}: labels = {min(labels)}..{max(labels)}: the official ones are 1..7, so this "
            "is a re-numbered copy; take the official file, or say --zero-based"
        )
    advice = "leave --zero-based out" if labels <= set(range(1, 8)) else "take the official file"
    raise UserError(
        f"{file}: labels = {min(labels)}..{max(labels)}: must be {low}..{high}; {advice}"
    )

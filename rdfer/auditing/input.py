"""Clip predictions and labels of anybody's model, read from npz, npy or csv files.

    predictions   npz: ``predictions`` [V, N, C], and if wanted ``ids`` [V], ``classes`` [C]
                  npy: [V, N, C]
                  csv: columns ``id``, ``clip`` and one a class; one row a clip, in any order
    labels        npz: ``labels`` [V], and if wanted ``ids`` [V], ``classes`` [C]
                  npy: [V]
                  csv: columns ``id`` and ``label``; others are passed over

A label is a class name or an index from 0. How the two are matched is :mod:`rdfer.auditing.match`.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError

Strings: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """What one file gives.

    Attributes:
        name: of the file, for messages.
        values: predictions [V, N, C], or labels [V] as integers or class names.
        ids: of the V videos, None where the file does not tell.
        classes: of the C columns, None where the file does not tell.
    """

    name: str
    values: NDArray[Any]
    ids: Strings | None = None
    classes: Strings | None = None


def read_predictions(path: str | Path) -> Given:
    """Read clip predictions, see the module's head.

    Raises:
        UserError: no such file, another kind of file, or not in the form told above.
    """
    return _read(Path(path), key="predictions", from_csv=_predictions_csv)


def read_labels(path: str | Path) -> Given:
    """Read given labels, see the module's head.

    Raises:
        UserError: no such file, another kind of file, or not in the form told above.
    """
    return _read(Path(path), key="labels", from_csv=_labels_csv)


def names(what: str, values: ArrayLike, *, count: int | None = None) -> Strings:
    """Ids or class names as strings without space around them.

    Raises:
        UserError: another number of them than ``count``, one that is empty, occurs twice, or is
            neither text nor a whole number.
    """
    array = np.asarray(values)
    if array.ndim != 1 or (count is not None and len(array) != count):
        raise UserError(f"{what} of shape {array.shape}: {count or 'a row of'} names are needed")
    items = array.tolist()
    if not all(isinstance(item, str | int) for item in items):
        raise UserError(f"{what} of type {array.dtype}: must be text or whole numbers")
    found = tuple(str(item).strip() for item in items)
    if "" in found:
        raise UserError(f"{what}[{found.index('')}] = '': must not be empty")
    seen: set[str] = set()
    for name in found:
        if name in seen:
            raise UserError(f"{what} = {name!r}: occurs twice; each must be unique")
        seen.add(name)
    return found


def _read(path: Path, *, key: str, from_csv: Callable[[Path], Given]) -> Given:
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    kind = path.suffix.lower()
    if kind == ".csv":
        return from_csv(path)
    if kind not in (".npy", ".npz"):
        raise UserError(f"{path}: must be a .npz, .npy or .csv file")
    arrays = _load(path, key)
    values = arrays[key]
    if values.ndim != (3 if key == "predictions" else 1):
        axes = "[videos, clips, classes]" if key == "predictions" else "[videos]"
        raise UserError(f"{path}: {key} of shape {values.shape}: must be {axes}")
    columns = values.shape[2] if key == "predictions" else None
    return Given(
        name=str(path),
        values=values,
        ids=_optional(path, arrays, "ids", len(values)),
        classes=_optional(path, arrays, "classes", columns),
    )


def _optional(
    path: Path, arrays: Mapping[str, NDArray[Any]], key: str, count: int | None
) -> Strings | None:
    return names(f"{path}: {key}", arrays[key], count=count) if key in arrays else None


def _load(path: Path, key: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file; the only one of an npy file is called ``key``. No pickles."""
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {key: loaded}
            if key not in loaded:
                held = ", ".join(loaded) or "nothing"
                raise UserError(f"{path}: holds {held}; an array {key!r} is needed")
            return {name: loaded[name] for name in (key, "ids", "classes") if name in loaded}
    except UserError:
        raise  # a ValueError too
    except Exception as error:  # of a broken file NumPy and the zip reader raise whatever comes up
        reason = str(error).splitlines()[0] if str(error) else "empty"
        raise UserError(f"{path}: cannot be read as plain arrays ({reason})") from None


def _table(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of a csv file with a header; blank lines are passed over."""
    try:
        # spreadsheets put a byte order mark in front
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if not set(needed) <= set(header):
                raise UserError(
                    f"{path}: columns {', '.join(header)[:80] or 'none'};"
                    f" {' and '.join(needed)} are needed, with commas between columns"
                )
            names(f"{path}: columns", header)
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise UserError(
                        f"{path}, line {reader.line_num}: has {len(cells)} cells;"
                        f" the header has {len(header)}"
                    )
                row = zip(header, cells, strict=True)
                yield reader.line_num, {name: cell.strip() for name, cell in row}
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as csv in UTF-8 ({error})") from None


def _labels_csv(path: Path) -> Given:
    rows = [row for _, row in _table(path, ("id", "label"))]
    return Given(
        name=str(path),
        values=np.array([row["label"] for row in rows], str),
        ids=names(f"{path}: id", [row["id"] for row in rows]),
    )


def _predictions_csv(path: Path) -> Given:
    videos: dict[str, dict[str, list[float]]] = {}
    classes: Strings = ()
    for line, row in _table(path, ("id", "clip")):
        video, clip = row.pop("id"), row.pop("clip")
        classes = tuple(row)
        clips = videos.setdefault(video, {})
        if clip in clips:
            raise UserError(f"{path}, line {line}: clip {clip!r} of {video!r} occurs twice")
        clips[clip] = [_number(f"{path}, line {line}", cell) for cell in row.values()]
    if not videos:
        raise UserError(f"{path}: has no rows")
    counts = {video: len(clips) for video, clips in videos.items()}
    first = next(iter(counts))
    for video, count in counts.items():
        if count != counts[first]:
            raise UserError(
                f"{path}: {video!r} has {count} clips, {first!r} {counts[first]}; every video"
                " needs equally many"
            )
    values = [[clips[clip] for clip in sorted(clips, key=_by_number)] for clips in videos.values()]
    ids = names(f"{path}: id", list(videos))
    return Given(name=str(path), values=np.array(values), ids=ids, classes=classes)


def _number(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{where}: {text!r}: must be a number") from None


def _by_number(text: str) -> tuple[bool, int, str]:
    """Whole numbers by size, before anything else by its letters."""
    number = text.isdecimal()
    return not number, int(text) if number else 0, text

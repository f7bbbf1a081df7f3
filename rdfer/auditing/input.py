"""Clip predictions and labels of anybody's model, read from npz, npy or csv files.

    predictions   npz: ``predictions`` [V, N, C], and if wanted ``ids`` [V], ``classes`` [C]
                  npy: [V, N, C]
                  csv: columns ``id``, ``clip`` and one a class; one row a clip, in any order;
                  a column without a name, as data frames are saved with, is passed over
    labels        npz: ``labels`` [V], and if wanted ``ids`` [V], ``classes`` [C]
                  npy: [V]
                  csv: columns ``id`` and ``label``; others are passed over

A label is a class name or an index from 0. How the two are matched is :mod:`rdfer.auditing.match`.
"""

import csv
import io
import math
import re
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError, short
from rdfer.base.files import read_file

Strings: TypeAlias = tuple[str, ...]

#: A larger array is not read; predictions of 40,000 videos, 10 clips and 7 classes have 22 MB.
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Given:
    """What one file gives.

    Attributes:
        name: of the file, for messages.
        values: predictions [V, N, C], or labels [V] as integers or class names.
        ids: of the V videos, None where the file does not tell.
        classes: of the C columns, None where the file does not tell.
        notes: what a reader should know of how it was read.
    """

    name: str
    values: NDArray[Any]
    ids: Strings | None = None
    classes: Strings | None = None
    notes: Strings = ()


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
            raise UserError(f"{what} = {short(name)!r}: occurs twice; each must be unique")
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
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return {key: _array(file, path.stat().st_size)}
            with zipfile.ZipFile(file) as archive:
                parts = {entry.filename.removesuffix(".npy"): entry for entry in archive.filelist}
                if key not in parts:
                    held = short(", ".join(parts)) or "nothing"
                    raise UserError(f"{path}: holds {held}; an array {key!r} is needed")
                return {
                    name: _array(archive.open(parts[name]), parts[name].file_size)
                    for name in (key, "ids", "classes")
                    if name in parts
                }
    except UserError:
        raise  # a ValueError too
    except Exception as error:  # of a broken file NumPy and the zip reader raise whatever comes up
        reason = short(str(error).splitlines()[0]) if str(error) else "empty"
        raise UserError(f"{path}: cannot be read as plain arrays ({reason})") from None


def _array(file: IO[bytes], size: int) -> NDArray[Any]:
    """One array of ``size`` bytes; nothing is allocated for one that promises more."""
    if size > MOST_BYTES:
        raise ValueError(f"unpacks to {size} bytes; at most {MOST_BYTES} are read")
    version = np.lib.format.read_magic(file)
    read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
    shape, _, dtype = read[version[0]](file)
    promised = math.prod(shape) * dtype.itemsize
    if promised > size or min(shape, default=0) < 0 or math.prod(shape) > size:
        raise ValueError(f"promises an array of shape {shape}, of which {size} bytes are there")
    file.seek(0)
    loaded: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    if loaded.dtype.kind == "U" and loaded.nbytes:  # NumPy does not look at what it calls text
        signs = np.ascontiguousarray(loaded).view(np.dtype("u4").newbyteorder(dtype.byteorder))
        if signs.max() > sys.maxunicode:
            raise ValueError("holds signs that are no text")
    return loaded


def _table(path: Path, needed: Sequence[str]) -> tuple[Strings, list[tuple[int, list[str]]]]:
    """Header, and line number and cells of each row of a csv file that are not blank."""
    try:
        # spreadsheets put a byte order mark in front
        text = read_file(path).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [cell.strip() for cell in next(reader, [])]
        if not set(needed) <= set(header):
            raise UserError(
                f"{path}: columns {short(', '.join(header)) or 'none'};"
                f" {' and '.join(needed)} are needed, with commas between columns"
            )
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise UserError(
                    f"{path}, line {reader.line_num}: has {len(cells)} cells;"
                    f" the header has {len(header)}"
                )
            rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except (csv.Error, UnicodeDecodeError) as error:
        told = short(error)
        raise UserError(f"{path}: cannot be read as csv in UTF-8 ({told})") from None
    return tuple(header), rows


def _labels_csv(path: Path) -> Given:
    header, rows = _table(path, ("id", "label"))
    for name in ("id", "label"):
        if header.count(name) > 1:
            raise UserError(f"{path}: columns = {name!r}: occurs twice; each must be unique")
    ids, labels = ([cells[header.index(name)] for _, cells in rows] for name in ("id", "label"))
    return Given(name=str(path), values=np.array(labels, str), ids=names(f"{path}: id", ids))


def _predictions_csv(path: Path) -> Given:
    header, rows = _table(path, ("id", "clip"))
    # that of a data frame, saved once or more often
    index = [c for c, name in enumerate(header) if re.fullmatch(r"(Unnamed: \d+)?", name)]
    notes = ("A column without a name was passed over.",) if index else ()
    header = names(f"{path}: columns", [name for c, name in enumerate(header) if c not in index])
    classes = tuple(name for name in header if name not in ("id", "clip"))
    videos: dict[str, dict[str, list[float]]] = {}
    for line, cells in rows:
        row = dict(zip(header, (x for c, x in enumerate(cells) if c not in index), strict=True))
        clips = videos.setdefault(row["id"], {})
        if row["clip"] in clips:
            clip, video = short(row["clip"]), short(row["id"])
            raise UserError(f"{path}, line {line}: clip {clip!r} of {video!r} occurs twice")
        clips[row["clip"]] = [_number(f"{path}, line {line}", name, row[name]) for name in classes]
    if not videos:
        raise UserError(f"{path}: has no rows")
    counts = {video: len(clips) for video, clips in videos.items()}
    first = next(iter(counts))
    for video, count in counts.items():
        if count != counts[first]:
            raise UserError(
                f"{path}: {short(video)!r} has {count} clips, {short(first)!r} {counts[first]};"
                " every video needs equally many"
            )
    values = [[clips[clip] for clip in sorted(clips, key=_by_number)] for clips in videos.values()]
    ids = names(f"{path}: id", list(videos))
    return Given(str(path), np.array(values), ids, classes, notes)


def _number(place: str, column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"{place}: {short(text)!r}: must be a number, as column {short(column)!r} is taken for"
            " a class; take it out if it is none"
        ) from None


def _by_number(text: str) -> tuple[bool, int, str]:
    """Whole numbers by size, before anything else by its letters."""
    found = text.isascii() and text.isdecimal() and len(text) < 19
    return not found, int(text) if found else 0, text

"""DFEW as its archive unpacks (https://dfew-dataset.github.io): five folds of seven classes.

::

    EmoLabel_DataSplit/train(single-labeled)/set_1.csv .. set_5.csv   header, labels 1..7
    EmoLabel_DataSplit/test(single-labeled)/set_1.csv .. set_5.csv
    Annotation/annotation.xlsx             votes of ten annotators, where it is there
    Clip/original/1.mp4                    names are not padded
    Clip/clip_224x224_avi/00001.avi
    Clip/clip_224x224/00001/00001_00001.jpg
    Clip/clip_224x224_16f/00001/1.jpg      sorts as a number: 2 before 10

Another layout holds the same: ``single_label/data/00001/`` with
``single_label/label/single_trainset_1.csv``. The archive comes in parts; folders of parts
(``clip_224x224_part_1``, ``original/data_part_1-2-3``) are read as one.

Files of the same name with labels 0..6 or without the header are in circulation. Read as the
official ones they shift every class by one, or lose a video, without a sign: both are refused.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rdfer.base.errors import UserError, short
from rdfer.data.manifest import CLASSES
from rdfer.datasets.dataset import AGREEMENT, DataSet, Known, Wanted, counts_of, folds_of
from rdfer.datasets.lists import (
    Label,
    against_official,
    check_disjoint,
    find_list,
    numbered,
    official_list,
    read_labels,
)
from rdfer.datasets.tables import number, padded, read_lines, read_sheet
from rdfer.datasets.tree import Found, Tree, choose, listed, locate, numbered_videos, subfolders

HEADER = "video_name,label"
OFFICIAL, OTHER = "EmoLabel_DataSplit", "label"
FOLDS = (1, 2, 3, 4, 5)
SPLITS = ("train", "test")
_PART = re.compile(r"_part_[\d-]+$")


def scan(wanted: Wanted) -> Tree:
    """One fold of DFEW; the test videos of fold k are those of ``set_k.csv``.

    Other lists are ``test_set_1.csv``, or of lines ``path n_frames label``, such as
    ``DFEW_set_1_test.txt``.

    Returns:
        Videos with five-digit ids, splits ``train`` and ``test``, votes where annotation.xlsx is.

    Raises:
        UserError: a file is missing, a split file is not what it should be, a video is in both
            splits, or the votes' sheet gives other labels.
    """
    fold, lists = wanted.fold, wanted.lists
    root = _home(wanted.root, lists)
    folder, found = _videos(root, wanted.clips)
    parts = {
        split: read_part(
            split_file(root, split, fold, lists=lists),
            order=wanted.order,
            zero_based=wanted.zero_based,
        )
        for split in SPLITS
    }
    check_disjoint(parts, f"fold {fold}")
    votes, labels, notes = read_votes(root)
    if lists is not None and any((root / place).is_dir() for place in (OFFICIAL, OTHER)):
        notes += against_official(
            parts, lambda: {split: read_part(split_file(root, split, fold)) for split in SPLITS}
        )
    _check_votes(parts, labels, fold)
    rows = listed(parts, found.paths, fold=fold, votes=votes)
    without = sum(row.votes is None for row in rows)
    if votes and without:
        notes += (f"{without} of {len(rows)} videos have no votes of annotators",)
    return Tree(rows, CLASSES, f"DFEW, fold {fold}", folder, (*notes, *found.notes))


def _check_votes(
    parts: Mapping[str, Mapping[str, Label]], labels: Mapping[str, str], fold: int
) -> None:
    """Refuse lists that call a video otherwise than the votes' sheet does."""
    for split, part in parts.items():
        for video, (name, _) in part.items():
            if labels.get(video, "") not in ("", name):
                raise UserError(
                    f"video {video}: is {name} in the {split} file of fold {fold}, but "
                    f"{labels[video]} in annotation.xlsx; the classes are in another order, or "
                    "numbered from 0: take the official files of both"
                )


def _home(root: Path, lists: Path | None) -> Path:
    """The folder with the videos and, unless other lists are named, the split files."""
    inner = root / "single_label"
    beside = [root / name for name in (OFFICIAL, "Clip") if (root / name).is_dir()]
    if inner.is_dir() and beside:
        raise UserError(
            f"root = '{root}': holds {inner.name} beside {beside[0].name}: two layouts are mixed; "
            f"give '{inner}' as the root, or move it elsewhere to read the other"
        )
    marks = (OFFICIAL, OTHER) if lists is None else ("Clip", "data")
    return inner if inner.is_dir() else locate(root, marks, "DFEW")


def _videos(root: Path, name: str | None) -> tuple[str, Found]:
    """The folder that the videos are taken from, and what it holds."""
    parent = root / "Clip"
    every = [*(subfolders(parent) if parent.is_dir() else ()), root / "data"]
    folders: dict[str, list[Path]] = {}
    for folder in every:
        if folder.is_dir():
            folders.setdefault(_PART.sub("", folder.name), []).append(folder)
    there = ", ".join(folders)
    if not folders:
        raise UserError(f"{parent}: no folder of the set's clips there; unpack DFEW's Clip archive")
    if name is None and len(folders) > 1:
        raise UserError(
            f"{parent}: holds {there}; name the one to take, as results depend on it: "
            f"{choose(next(iter(folders)))}"
        )
    if name is not None and name not in folders:
        raise UserError(
            f"clips = {short(name)!r}: {parent} holds {there}; name one of them (--clips)"
        )
    taken = folders[name or there]
    return str(taken[0].with_name(name or there)), numbered_videos(taken)


def split_file(root: Path, split: str, fold: int, *, lists: Path | None = None) -> Path:
    """The file that lists the ``split`` part of a fold.

    Raises:
        UserError: there is none, or there are the files of two layouts.
    """
    parts = [f"{split}(single-labeled)", f"{split}(single_labeled)", split]

    def places(fold: int) -> list[Path]:
        inside = [f"{part}/set_{fold}.csv" for part in parts]
        other = f"single_{split}set_{fold}.csv"
        if lists is not None:
            return [lists / name for name in (*inside, other)]
        return [*(root / OFFICIAL / name for name in inside), root / OTHER / other]

    found = [file for file in places(fold) if file.is_file()]
    if lists is not None:
        return found[0] if found else find_list(lists, split=split, fold=fold)
    if len(found) > 1:
        raise UserError(
            f"{found[0]} and {found[1]}: two layouts are mixed; name the folder of the lists to "
            "take with --lists"
        )
    # told of the layout that is there
    which = -1 if (root / OTHER).is_dir() and not (root / OFFICIAL).is_dir() else 0
    return found[0] if found else official_list(fold, lambda k: places(k)[which], FOLDS)


def read_part(
    file: Path, *, order: Sequence[str] | None = None, zero_based: bool = False
) -> dict[str, Label]:
    """A split file, of the official form (:func:`read_split`) or ``path n_frames label``.

    Raises:
        UserError: see :func:`read_split` and :mod:`rdfer.datasets.lists`.
    """
    if file.suffix == ".csv" and "," in (read_lines(file) or [","])[0]:
        names = read_split(file, zero_based=zero_based)
        return {f"{video:05d}": Label(name) for video, name in names.items()}
    return read_labels(file, numbered, CLASSES, order=order)


def read_split(file: Path, *, zero_based: bool = False) -> dict[int, str]:
    """Class names by number of the video, from a split file, in the order of its lines.

    Args:
        file: ``set_k.csv``.
        zero_based: labels are 0..6 instead of the official 1..7.

    Raises:
        UserError: no such file, no header, a line that is not ``number,label``, a video
            given twice, or labels that start at another number than expected.
    """
    lines = read_lines(file)
    if not lines or [cell.strip() for cell in lines[0].split(",")] != HEADER.split(","):
        first = lines[0] if lines else ""
        raise UserError(
            f"{file}: first line = {short(first)!r}: must be {HEADER!r}; a file without it is not "
            "an official one, and taking the first video for a header would lose it; take the "
            "official file, or add the line"
        )
    numbers: dict[int, int] = {}
    for count, line in enumerate(lines[1:], start=2):
        if line.strip():
            video, label = _parse(file, count, line)
            if video in numbers:
                raise UserError(
                    f"{file}, line {count}: video {video} is given a second time; take the "
                    "official file, or keep one of its lines"
                )
            numbers[video] = label
    _check_labels(file, set(numbers.values()), zero_based=zero_based)
    first_label = 0 if zero_based else 1
    return {video: CLASSES[label - first_label] for video, label in numbers.items()}


def read_votes(
    root: Path,
) -> tuple[dict[str, tuple[int, ...]], dict[str, str], tuple[str, ...]]:
    """Votes in the order of the classes, single label ("" for none), and notes.

    Votes and labels are by the video's id, from ``Annotation/annotation.xlsx``: columns
    ``1happy`` .. ``7fear``, ``order`` (the video) and ``label``. Nothing where the file is not
    there. Other empty cells than those of the video count as 0, with a note.

    Raises:
        UserError: a column is missing, a cell is no number, or a row has no video or one that
            another has.
    """
    votes: dict[str, tuple[int, ...]] = {}
    labels: dict[str, str] = {}
    places = (root / "Annotation/annotation.xlsx", root / "annotation.xlsx")
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return votes, labels, ()
    rows = read_sheet(file)
    *names, order = _columns(file, rows)
    for row in rows:
        try:
            *cells, index, video = (_whole(row.get(name, "0")) for name in (*names, order))
            label, id = ("", *CLASSES)[index], f"{video:05d}"
        except (ValueError, IndexError):
            raise UserError(
                f"{file}: row {short(row)}: whole numbers are needed, and a label of "
                f"0..{len(CLASSES)}; correct it, or move the file away: votes are optional"
            ) from None
        if order not in row or id in votes:
            empty = order not in row
            what = (
                f"row {short(row)}: {short(order)!r} is empty"
                if empty
                else f"video {video} is there twice"
            )
            raise UserError(f"{file}: {what}; take the official file, or keep one row a video")
        votes[id], labels[id] = tuple(cells), label
    gaps = sum(any(name not in row for name in names) for row in rows)
    told = f"{file.name}: {gaps} of {len(rows)} rows have empty cells, read as 0"
    return votes, labels, (told,) if gaps else ()


def _columns(file: Path, rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Names of the columns of the classes, the label and the video."""
    # a row lacks the columns that are empty there
    columns = {c.strip("0123456789 ").lower(): c for row in rows for c in row}
    names = [columns.get(name.lower(), "") for name in CLASSES]
    order = columns.get("order") or columns.get("clip_name", "")
    label = columns.get("label") or columns.get("annotation", "")
    if not all((*names, label, order)):
        raise UserError(
            f"{file}: columns {short(', '.join(columns.values())) or 'none'}: 1happy .. 7fear, "
            "order and label are needed; take the official file, or move it away: votes are "
            "optional"
        )
    return (*names, label, order)


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
    video, label = number(name), number(cells[-1])
    if len(cells) != 2 or video is None or label is None:
        raise UserError(
            f"{file}, line {count} = {short(line)!r}: must be a video's number and a label; "
            "take the official file"
        )
    return video, label


def _check_labels(file: Path, labels: set[int], *, zero_based: bool) -> None:
    low, high = (0, 6) if zero_based else (1, 7)
    if not labels:
        raise UserError(f"{file}: names no videos; at least one is needed")
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


DATASET = DataSet(
    name="dfew",
    title="DFEW",
    classes=CLASSES,
    folds=FOLDS,
    protocol="five official folds; they do not separate films or actors",
    licence="research and education only",
    access=AGREEMENT + ": https://dfew-dataset.github.io",
    layout=(
        "EmoLabel_DataSplit/train(single-labeled)/set_1.csv .. set_5.csv, test(...) alike",
        "Clip/clip_224x224/00001/00001_00001.jpg (the face crops of the literature), or instead",
        "Clip/original/1.mp4, Clip/clip_224x224_avi/00001.avi, Clip/clip_224x224_16f/00001/1.jpg",
        "Annotation/annotation.xlsx (votes, not needed)",
    ),
    scan=scan,
    options=("clips", "lists", "order", "zero_based"),
    known=(
        *folds_of((2341, 2341, 2340, 2339, 2336), 11697, {"Disgust": 29}),
        Known("all", 0, 11697, counts_of(CLASSES, 2445, 1894, 2669, 2173, 1469, 145, 902)),
    ),
    video_id=padded,
)

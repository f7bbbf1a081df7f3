"""Lists of videos and labels: where they lie, what a line says, and what its label means.

Official lists have a form of their own, or hold names. The lists that other projects derive from
them say ``path n_frames label``: their paths are those of another machine, so that only the end is
looked at, and their labels are bare indices from 0, in an order that differs from project to
project: either the paths name the classes, or the order must be given.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rdfer.base.errors import UserError, did_you_mean, short
from rdfer.datasets.tables import number, padded, read_lines

#: Other words for classes of this package: data sets and their lists do not agree on them.
SYNONYMS: Mapping[str, str] = {
    "happiness": "happy",
    "sadness": "sad",
    "neutrality": "neutral",
    "anger": "angry",
    "surprised": "surprise",
    "disgusted": "disgust",
    "fearful": "fear",
}


@dataclass(frozen=True)
class Row:
    """A line of a list: the video's id by its path, label, frames (0 where not said)."""

    id: str
    label: str
    n_frames: int
    place: str = field(default="", compare=False)


class Label(NamedTuple):
    """What a list says of a video: the name of its class, and its frames (0 where not said)."""

    name: str
    n_frames: int = 0


def official_list(fold: int, of_fold: Callable[[int], Path], folds: Sequence[int]) -> Path:
    """The official list of a fold; ``of_fold`` tells where the list of any would be.

    Raises:
        UserError: it is not there; says which folds have theirs.
    """
    file = of_fold(fold)
    if file.is_file():
        return file
    there = [k for k in folds if k != fold and of_fold(k).is_file()]
    if not there:
        raise UserError(f"{file}: no such list; unpack the archive of the lists")
    several = len(there) > 1
    have = f"folds {', '.join(map(str, there))} have theirs" if several else f"fold {there[0]} has"
    raise UserError(
        f"{file}: no such list, while {have}; unpack the lists again, or look at "
        f"another fold alone (--fold {there[0]}; in a run -p fold {there[0]})"
    )


def taken(root: Path, places: Sequence[str], what: str) -> tuple[Path, tuple[str, ...]]:
    """The first of the ``places`` below a root that is there, with a note where others are too.

    Places beside each other are forms of one thing, such as lists with and without captions.
    """
    there = [root / place for place in places if (root / place).is_dir()] or [root / places[0]]
    first = there[0]
    others = [str(place) for place in there if place.parent != first.parent]
    told = f"{what} are in {first} and in {' and '.join(others)}; the first was read"
    return first, (told,) if others else ()


def find_list(folder: str | Path, *, split: str, fold: int | None) -> Path:
    """The list of a split in a folder of lists, by its name: ``DFEW_set_1_train.txt`` and alike.

    Args:
        folder: holds the lists.
        split: train or test.
        fold: from 1; None where there is but one, so that names say no fold.

    Raises:
        UserError: there is none, or more than one.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"lists = '{folder}': no such folder; name the one that holds the lists")
    files = [
        f
        for f in sorted((*folder.glob("*"), *folder.glob("*/*")))
        if f.suffix.lower() in (".txt", ".csv") and f.name[0] != "."
    ]
    word = re.compile(rf"(?<![a-z]){split}(?![a-z])", re.IGNORECASE)
    named = [f for f in files if word.search(f.stem)]
    if fold is not None:
        # the names of data sets hold digits too, so a fold's comes after such a word
        mark = re.compile(rf"(?:set|fold|split)_?0?{fold}(?!\d)", re.IGNORECASE)
        named = [f for f in named if mark.search(f.relative_to(folder).as_posix())]
    if len(named) != 1:
        what = f"{split} list" + ("" if fold is None else f" of fold {fold}")
        held = short(", ".join(f.name for f in named or files), 200) or "nothing"
        raise UserError(
            f"lists = '{folder}': {len(named)} files look like the {what} ({held}); name a folder "
            f"with one, called {'' if fold is None else f'set_{fold}_'}{split}.txt, say"
        )
    return named[0]


def read_labels(
    file: Path,
    id: Callable[[tuple[str, ...]], str],
    classes: Sequence[str],
    *,
    order: Sequence[str] | None = None,
    told: Callable[[str], str] | None = None,
) -> dict[str, Label]:
    """What a list says, by video; see :func:`read_list` and :func:`name_rows`."""
    rows = read_list(file, id)
    names = name_rows(file, rows, classes, order=order, told=told)
    return {row.id: Label(names[row.id], row.n_frames) for row in rows}


def numbered(parts: tuple[str, ...]) -> str:
    """The id of sets whose videos are numbered: ``.../25.mp4`` -> ``00025``."""
    return padded(parts[-1]) if number(Path(parts[-1]).stem) is not None else ""


def read_list(file: Path, id: Callable[[tuple[str, ...]], str]) -> list[Row]:
    """The rows of a list: a path, if wanted a number of frames, a label; blanks between them.

    Args:
        file: the list.
        id: from the parts of a path to the video's, "" if they do not tell.

    Raises:
        UserError: a line of another form, or a video twice.
    """
    rows: list[Row] = []
    seen: set[str] = set()
    for count, line in enumerate(read_lines(file), start=1):
        if not line.strip():
            continue
        place = f"{file}, line {count}"
        path, label, frames = _cells(line)
        parts = tuple(part for part in re.split(r"[/\\]", path) if part)
        if ".." in parts:
            raise UserError(
                f"{place}: path = {short(path)!r}: leaves the root; only videos below it are read"
            )
        video = id(parts) if parts else ""
        if not video or not label:
            rule = (
                "must be a video's path, if wanted its number of frames, and a label, with blanks "
                "between them"
            )
            if not rows and not re.search(r"\d", line):
                rule = "looks like a header, which such lists do not have; delete this line"
            raise UserError(f"{place} = {short(line.strip())!r}: {rule}")
        if video in seen:
            raise UserError(
                f"{place}: video {short(video)} is given a second time; keep one of its lines, or "
                "take the official list"
            )
        seen.add(video)
        rows.append(Row(video, label, frames, place))
    if not rows:
        raise UserError(f"{file}: names no videos; at least one is needed")
    return rows


def _cells(line: str) -> tuple[str, str, int]:
    """Path, label, number of frames (0 where not said)."""
    if "\t" in line:  # captions may follow the label
        path, *rest = (cell.strip() for cell in line.split("\t"))
    else:
        path, *rest = re.split(r"[ ,]+", line.strip())
        while len(rest) > 1 and number(rest[0]) is None:  # the path holds blanks
            path = f"{path} {rest.pop(0)}"
    frames = number(rest[0]) if len(rest) > 1 else None
    label = rest[0 if frames is None else 1] if rest else ""
    return path, label, frames or 0


def name_rows(
    file: Path,
    rows: Sequence[Row],
    classes: Sequence[str],
    *,
    order: Sequence[str] | None,
    told: Callable[[str], str] | None = None,
) -> dict[str, str]:
    """Class name of each row.

    Args:
        file: for messages.
        rows: of :func:`read_list`.
        classes: of the data set.
        order: which class each index stands for, from 0; needed where nothing else tells.
        told: from a row's id to the word for its class that its path holds.

    Raises:
        UserError: labels are indices and nothing says what they mean; one out of range; or a label
            that contradicts the path or ``order``.
    """
    paths: dict[str, str] = {}
    if told is not None:
        paths = {row.id: class_name(row.place, told(row.id), classes) for row in rows}
    if all(number(row.label) is None for row in rows):
        names = {row.id: class_name(row.place, row.label, classes) for row in rows}
    elif order is None and told is None:
        raise UserError(
            f"{file}: labels are bare numbers, and projects differ in what they mean; give their "
            "order, the class of 0 first: --order " + ",".join(classes) + ", say"
        )
    else:
        names = _by_index(rows, classes, order=order, paths=paths)
    for row in rows:
        if paths.get(row.id, names[row.id]) != names[row.id]:
            raise UserError(
                f"{row.place}: video {short(row.id)}: is given as {names[row.id]}, but its path "
                f"says {paths[row.id]}; the list is in another order of classes (--order) or of "
                "videos"
            )
    return names


def _by_index(
    rows: Sequence[Row],
    classes: Sequence[str],
    *,
    order: Sequence[str] | None,
    paths: Mapping[str, str],
) -> dict[str, str]:
    """Names of indices: by the order given, else by the path of each index's first video."""
    name_of: dict[int, str] = {}
    if order is not None:
        named = [class_name("order", name, classes) for name in order]
        if sorted(named) != sorted(classes):
            raise UserError(
                f"order = {short(','.join(order))}: must be all classes, each once: "
                + ",".join(classes)
            )
        name_of = dict(enumerate(named))
    names: dict[str, str] = {}
    for row in rows:
        index = number(row.label)
        if index is None or index >= len(classes):
            why = "; these start at 1, it seems" if index == len(classes) else ""
            raise UserError(
                f"{row.place}: label of video {short(row.id)} = {short(row.label)}: must be "
                f"0..{len(classes) - 1}{why}; take the official lists"
            )
        if order is None:
            name_of.setdefault(index, paths[row.id])
        names[row.id] = name_of[index]
    return names


def class_name(place: str, text: str, classes: Sequence[str]) -> str:
    """One of ``classes`` by its name, in any case, or another word for it.

    Raises:
        UserError: none of them.
    """
    known = {name.lower(): name for name in classes}
    word = text.strip().lower()
    word = word if word in known else SYNONYMS.get(word, word)
    if word not in known:
        raise UserError(f"{place}: class = {short(text)!r}: unknown; {did_you_mean(text, classes)}")
    return known[word]


def check_disjoint(splits: Mapping[str, Iterable[str]], where: str) -> None:
    """Refuse a video that is in two splits.

    Raises:
        UserError: naming the video and the splits.
    """
    split_of: dict[str, str] = {}
    for split, ids in splits.items():
        for id in ids:
            if split_of.setdefault(id, split) != split:
                raise UserError(
                    f"video {short(id)}: is in the {split_of[id]} and the {split} part of {where}, "
                    "and may be in one alone; take the official lists, or delete one of its lines"
                )


def against_official(
    parts: Mapping[str, Mapping[str, Label]],
    official: Callable[[], Mapping[str, Mapping[str, Label]]],
) -> tuple[str, ...]:
    """Compare the classes of other lists with those of the official lists, which lie in the root.

    Args:
        parts: of the other lists.
        official: reads the official lists of a fold, each of which has all videos.

    Returns:
        A note where the official lists cannot be read, else nothing.

    Raises:
        UserError: naming the first video that is of another class.
    """
    try:
        known = {video: found.name for part in official().values() for video, found in part.items()}
    except UserError as error:
        return (f"--lists cannot be compared with the official lists: {error}",)
    for part in parts.values():
        for video, (name, _) in part.items():
            if known.get(video, name) != name:
                raise UserError(
                    f"video {short(video)}: is {name} by --lists, but {known[video]} by the "
                    "official lists in the root; the labels are in another order: correct --order, "
                    "or take the official lists"
                )
    return ()

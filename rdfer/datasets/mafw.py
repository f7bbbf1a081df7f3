"""MAFW as its archive unpacks (https://mafw-database.github.io/MAFW/): five folds, 11 classes.

::

    split/single/no_caption/set_1/train.txt, test.txt    CRLF; 00025.mp4 anger
    split/single/with_caption/set_1/train.txt            tabs; captions in GBK after the label
    data/frames/00025/*.png                              or data/clips/00025.mp4

Three orders of the classes are in use elsewhere; the official lists hold names, and of other lists
the order must be given.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.datasets.dataset import AGREEMENT, DataSet, Known, Wanted, folds_of
from rdfer.datasets.lists import (
    Label,
    against_official,
    check_disjoint,
    find_list,
    numbered,
    official_list,
    read_labels,
    taken,
)
from rdfer.datasets.tables import below, padded
from rdfer.datasets.tree import Tree, choose, listed, locate, numbered_videos, subfolders

CLASSES = (
    *("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"),
    *("Contempt", "Anxiety", "Helplessness", "Disappointment"),
)
FOLDS = (1, 2, 3, 4, 5)
SPLITS = ("train", "test")
#: Where copies of the archive hold the lists; captions make no difference to the labels.
LISTS = tuple(
    f"{place}{kind}"
    for kind in ("no_caption", "with_caption")
    for place in ("split/single/", "Train & Test Set/single/", "label/single/", "label/")
)
#: Where they hold the videos.
PLACES = ("data", ".")


def scan(wanted: Wanted) -> Tree:
    """One fold of the single-labelled videos of MAFW.

    Returns:
        Videos with five-digit ids, splits ``train`` and ``test``.

    Raises:
        UserError: a file is missing, a list is not what it should be, or a video is in both parts.
    """
    fold, lists = wanted.fold, wanted.lists
    root = locate(wanted.root, LISTS if lists is None else ("data", "frames", "clips"), "MAFW")
    folder = _folder(root, wanted.clips)
    place, notes = taken(root, LISTS, "lists")

    def in_set(split: str) -> Path:
        return official_list(fold, lambda k: place / f"set_{k}" / f"{split}.txt", FOLDS)

    def read(list_of: Callable[[str], Path], **order: Any) -> dict[str, dict[str, Label]]:
        return {split: read_labels(list_of(split), numbered, CLASSES, **order) for split in SPLITS}

    if lists is None:
        parts = read(in_set)
    else:
        parts = read(lambda split: find_list(lists, split=split, fold=fold), order=wanted.order)
        notes = against_official(parts, lambda: read(in_set)) if place.is_dir() else ()
    check_disjoint(parts, f"fold {fold}")
    found = numbered_videos([folder])
    rows = listed(parts, found.paths, fold=fold)
    return Tree(rows, CLASSES, f"MAFW, fold {fold}", str(folder), (*notes, *found.notes))


def _folder(root: Path, name: str | None) -> Path:
    """The folder of videos by its name, or the only one that is called as the archive's are."""
    names = ("frames", "faces", "clips") if name is None else ("/".join(below("--clips", name)),)
    there = [root / p / n for p in PLACES for n in names if (root / p / n).is_dir()]
    if not there:
        held = [f.name for p in PLACES if (root / p).is_dir() for f in subfolders(root / p)]
        raise UserError(
            f"{root / 'data'}: holds no folder {' or '.join(names)}; unpack MAFW's clips, or name "
            f"one of {', '.join(held) or 'those that you unpack'} (--clips)"
        )
    if len(there) > 1:
        one = there[0].relative_to(root).as_posix()
        raise UserError(
            f"there are {' and '.join(map(str, there))}; name the one to take, as results depend "
            f"on it: {choose(one)}"
        )
    return there[0]


DATASET = DataSet(
    name="mafw",
    title="MAFW",
    classes=CLASSES,
    folds=FOLDS,
    protocol="five official folds; fold 1 is harder than the others",
    licence="research only",
    access=AGREEMENT + ": https://mafw-database.github.io/MAFW",
    layout=(
        "split/single/no_caption/set_1/train.txt, test.txt .. set_5",
        "data/frames/00025/*.png, or data/clips/00025.mp4",
    ),
    scan=scan,
    options=("clips", "lists", "order"),
    known=(
        *folds_of((1839, 1837, 1833, 1832, 1831), 9172, {}),
        Known("all", 0, 9172),
    ),
    video_id=padded,
)

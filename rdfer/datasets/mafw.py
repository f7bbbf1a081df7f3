"""MAFW as its archive unpacks (https://mafw-database.github.io/MAFW/): five folds, 11 classes.

::

    split/single/no_caption/set_1/train.txt, test.txt    CRLF; 00025.mp4 anger
    split/single/with_caption/set_1/train.txt            tabs; captions in GBK after the label
    data/frames/00025/*.png                              or data/clips/00025.mp4

Three orders of the classes are in use elsewhere; the official lists hold names, and of other lists
the order must be given.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.datasets.lists import Labels, against_official, find_list, name_rows, read_list
from rdfer.datasets.text import below, number
from rdfer.datasets.tree import (
    Tree,
    check_disjoint,
    choose,
    locate,
    make_video,
    no_list,
    subfolders,
    taken,
    video_paths,
)

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
#: Where they hold the clips.
PLACES = ("data", ".")


def scan(
    root: str | Path,
    *,
    fold: int = 1,
    clips: str | None = None,
    lists: str | Path | None = None,
    order: Sequence[str] | None = None,
) -> Tree:
    """One fold of the single-labelled clips of MAFW.

    Args:
        root: folder that holds ``data`` and ``split``.
        fold: 1 to 5.
        clips: which folder of ``data`` to take; ``None`` takes the only one of frames and clips.
        lists: folder with other lists, such as ``MAFW_set_1_test.txt`` (``path n_frames label``).
        order: classes of the labels 0..10 of such lists, which do not tell.

    Returns:
        Clips with five-digit ids, splits ``train`` and ``test``.

    Raises:
        UserError: a file is missing, a list is not what it should be, or a clip is in both parts.
    """
    root = locate(root, LISTS if lists is None else ("data", "frames", "clips"), "MAFW")
    folder = _folder(root, clips)
    # copies of the archive come in parts, or one level deeper
    videos = video_paths([folder], number) or video_paths(subfolders(folder), number)
    place, notes = taken(root, LISTS, "lists")
    official = partial(_parts, lambda split: _official(place, fold, split))
    if lists is None:
        parts = official()
    else:
        parts = _parts(lambda split: find_list(lists, split=split, fold=fold), order)
        notes = against_official(parts, official) if place.is_dir() else ()
    check_disjoint({split: part.names for split, part in parts.items()}, f"fold {fold}")
    rows = [
        make_video(
            f"{video:05d}",
            videos.get(video, ""),
            name,
            split,
            fold=fold,
            n_frames=part.n_frames[video],
        )
        for split, part in parts.items()
        for video, name in part.names.items()
    ]
    return Tree(tuple(rows), CLASSES, f"MAFW, fold {fold}", str(folder), notes)


def _official(place: Path, fold: int, split: str) -> Path:
    """The list of a part of a fold.

    Raises:
        UserError: there is none.
    """

    def of_fold(k: int) -> Path:
        return place / f"set_{k}" / f"{split}.txt"

    if not of_fold(fold).is_file():
        raise UserError(no_list(of_fold(fold), fold, of_fold, FOLDS))
    return of_fold(fold)


def _parts(
    file: Callable[[str], Path], order: Sequence[str] | None = None
) -> dict[str, Labels[int]]:
    """The clips of each part of a fold, from the file of each."""
    parts = {}
    for split in SPLITS:
        path = file(split)
        rows = read_list(path, _key)
        names = name_rows(path, rows, CLASSES, order=order)
        parts[split] = Labels(names, {row.key: row.n_frames for row in rows})
    return parts


def _key(parts: tuple[str, ...]) -> int | None:
    """``.../00025.mp4`` -> 25."""
    return number(Path(parts[-1]).stem) if parts else None


def _folder(root: Path, name: str | None) -> Path:
    """The folder of clips by its name, or the only one that is called as the archive's are."""
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

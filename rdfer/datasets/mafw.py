"""MAFW as its archive unpacks (https://mafw-database.github.io/MAFW/): five folds, 11 classes.

::

    split/single/no_caption/set_1/train.txt, test.txt    CRLF; 00025.mp4 anger
    split/single/with_caption/set_1/train.txt            tabs; captions in GBK after the label
    data/frames/00025/*.png                              or data/clips/00025.mp4

Three orders of the classes are in use elsewhere; the official lists hold names, and of other lists
the order must be given.
"""

from collections.abc import Sequence
from pathlib import Path

from rdfer.datasets.lists import find_list, name_rows, read_list
from rdfer.datasets.text import number
from rdfer.datasets.tree import Tree, check_disjoint, clip_paths, locate, make_clip, subfolders
from rdfer.errors import UserError

CLASSES = (
    *("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"),
    *("Contempt", "Anxiety", "Helplessness", "Disappointment"),
)
FOLDS = (1, 2, 3, 4, 5)
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
    videos = clip_paths([folder], number) or clip_paths(subfolders(folder), number)
    rows, ids = [], {}
    for split in ("train", "test"):
        file = _file(root, split, fold, lists)
        listed = read_list(file, _key)
        frames = {row.key: row.n_frames for row in listed}
        names = name_rows(file, listed, CLASSES, order=order)
        ids[split] = list(names)
        rows += [
            make_clip(
                f"{clip:05d}",
                videos.get(clip, ""),
                name,
                split,
                fold=fold,
                n_frames=frames[clip],
            )
            for clip, name in names.items()
        ]
    check_disjoint(ids, f"fold {fold}")
    return Tree(tuple(rows), CLASSES, f"MAFW, fold {fold}", str(folder))


def _key(parts: tuple[str, ...]) -> int | None:
    """``.../00025.mp4`` -> 25."""
    return number(Path(parts[-1]).stem) if parts else None


def _file(root: Path, split: str, fold: int, lists: str | Path | None) -> Path:
    if lists is not None:
        return find_list(lists, split=split, fold=fold)
    files = [root / place / f"set_{fold}" / f"{split}.txt" for place in LISTS]
    return next((file for file in files if file.is_file()), files[0])


def _folder(root: Path, name: str | None) -> Path:
    """The folder of clips by its name, or the only one that is called as the archive's are."""
    names = ("frames", "faces", "clips") if name is None else (name,)
    there = [root / p / n for p in PLACES for n in names if (root / p / n).is_dir()]
    if not there:
        raise UserError(
            f"clips = {name!r}: {root / 'data'} holds no folder {' or '.join(names)}; unpack "
            "MAFW's clips"
        )
    if len(there) > 1:
        raise UserError(
            f"clips = {name!r}: there are {' and '.join(map(str, there))}; name the one to take "
            "(--clips), as results depend on it"
        )
    return there[0]

"""Any folder of videos by class: the class is the name of a folder.

::

    root/<class>/<video>.mp4               or folders of frames
    root/train/<class>/<video>.mp4         divided by folder: train, val, test
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rdfer.base.errors import UserError, short
from rdfer.data.manifest import Video
from rdfer.data.pictures import IMAGE_SUFFIXES
from rdfer.data.video import VIDEO_SUFFIXES
from rdfer.datasets.dataset import DataSet, Wanted
from rdfer.datasets.splits import drawn
from rdfer.datasets.tables import as_text, below, read_table
from rdfer.datasets.tree import Tree, WrongRoot, class_folders, nearby, subfolders

PARTS = ("train", "val", "test")


def scan(wanted: Wanted) -> Tree:
    """A folder of videos, or of folders of frames, by class.

    The root holds a folder for each class, or ``train`` and ``test`` with such folders. Where
    neither folders nor a file divide, a random split into five is drawn.

    Returns:
        Videos ``<class>/<video>``, with their group where the file gives one.

    Raises:
        UserError: there are no folders of classes, or the file is not what it should be.
    """
    root, fold, split = wanted.root, wanted.fold, wanted.split
    parts = _parts(root)
    folders = parts or {"": root}
    names = sorted({as_text(f.name) for part in folders.values() for f in subfolders(part)})
    if len(names) < 2:
        raise WrongRoot(
            f"root = '{root}': holds {len(names)} folders of classes; at least two are needed, "
            f"with videos or folders of frames in each; {nearby(root, _has_classes, up=1)}"
        )
    classes = tuple(wanted.order or names)
    rows, notes = class_folders(folders, classes)
    if not rows:
        raise UserError(
            f"root = '{root}': its folders hold no videos and no folders of frames; "
            f"{nearby(root, _has_classes, up=1)}"
        )
    given = split is not None or bool(parts)
    if fold != 1 and given:
        raise UserError(
            f"fold = {fold!r}: {root} is divided already, so there is one split, fold 1"
        )
    if split is not None:
        rows = _divide(rows, root, split, parts)
    notes += _of_one_name(rows) if parts else ()
    tree = Tree(tuple(rows), classes, root.resolve().name, str(root), notes)
    return tree if given else drawn(tree, fold=fold, seed=wanted.seed)


def _of_one_name(rows: Sequence[Video]) -> tuple[str, ...]:
    """A note where videos of one class and name are in several parts."""
    counts = Counter(row.id.partition("/")[2] for row in rows)
    several = [name for name, count in counts.items() if count > 1]
    if not several:
        return ()
    return (
        f"{len(several)} names are in several parts, {several[0]} for one: are they one video?",
    )


def _parts(root: Path) -> dict[str, Path]:
    """Folders of parts below the root, where it is divided by folder."""
    if not root.is_dir():
        raise WrongRoot(f"root = '{root}': no such folder; give the one that holds the classes")
    tops = {folder.name.lower(): folder for folder in subfolders(root)}
    parts = {name: tops[name] for name in PARTS if name in tops}
    if parts and len(parts) < len(tops):
        other = min(set(tops) - set(parts))
        raise UserError(
            f"{root}: holds {', '.join(parts)} beside {other}; either all folders are classes, "
            "or all are parts"
        )
    return parts


def _has_classes(folder: Path) -> bool:
    """Whether at least two folders there, or in its ``train``, hold videos or folders of frames."""

    def holds(place: Path, suffixes: Sequence[str]) -> bool:
        return any(file.suffix.lower() in suffixes for file in place.iterdir())

    places = [f for top in (folder, folder / "train") if top.is_dir() for f in subfolders(top)]
    full = (
        holds(place, VIDEO_SUFFIXES) or any(holds(f, IMAGE_SUFFIXES) for f in subfolders(place)[:1])
        for place in places
    )
    return sum(full) > 1


def _divide(rows: list[Video], root: Path, file: Path, parts: Mapping[str, Path]) -> list[Video]:
    """The videos that a split file names, in the parts and groups that it gives."""
    if parts:
        raise UserError(f"split = '{file}': {root} is divided into parts already; use one of both")
    known = {as_text(Path(row.path).relative_to(root).as_posix()): row for row in rows}
    known |= {path.removesuffix(_suffix(path)): row for path, row in known.items()}
    found: dict[str, Video] = {}
    for line, cells in read_table(file, ("clip", "split")):
        place = f"{file}, line {line}"
        path, split = "/".join(below(place, cells["clip"])), cells["split"].lower()
        if path not in known:
            raise UserError(
                f"{place}: clip = {short(cells['clip'])!r}: is not below {root}; correct or "
                "delete it"
            )
        if split not in PARTS:
            raise UserError(
                f"{place}: split = {short(cells['split'])!r}: must be one of {', '.join(PARTS)}"
            )
        row = known[path]
        if row.id in found:
            raise UserError(f"{place}: video {short(row.id)} is given a second time; keep one line")
        label = row.given if split == "test" else ""
        found[row.id] = replace(row, split=split, label=label, group=cells.get("group", ""))
    return list(found.values())


def _suffix(path: str) -> str:
    suffix = Path(path).suffix
    return suffix if suffix.lower() in VIDEO_SUFFIXES else ""


DATASET = DataSet(
    name="folders",
    title="any folder of videos by class",
    classes=(),
    folds=(1, 2, 3, 4, 5),
    protocol="by folder or by a csv file (clip,split,group), else five random folds",
    licence="yours",
    access="yours",
    layout=("<class>/<video>.mp4 or <class>/<video>/*.jpg", "or train/<class>/.., test/<class>/.."),
    scan=scan,
    options=("split", "order", "seed"),
)

"""FERV39k as its archive unpacks (https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html).

::

    4_setups/All_scenes/train_All.csv, test_All.csv    no header; Crime/Angry/0063 Angry
    2_ClipsforFaceCrop/Crime/Angry/0063/*.jpg          cropped frames
    0_7_labelClips/Crime/Angry/0063.mp4                raw clips

Two orders of the classes are in use elsewhere, so names alone are read: of the list and of the
folder, which must agree.
"""

from pathlib import Path

from rdfer.base.errors import UserError, short
from rdfer.data.manifest import CLASSES
from rdfer.datasets.dataset import AGREEMENT, DataSet, Known, Wanted, counts_of
from rdfer.datasets.lists import check_disjoint, find_list, read_labels, taken
from rdfer.datasets.tables import as_text, below, number
from rdfer.datasets.tree import Tree, WrongRoot, find_videos, listed, locate, subfolders

#: Folders of the set's clips, the cropped frames first.
FOLDERS = ("2_ClipsforFaceCrop", "0_7_labelClips")
LISTS = ("4_setups/All_scenes", "All_scenes")
SCENES = (
    *("Action", "Argue", "Business", "Conflict", "Contest", "Crime", "Crisis", "DailyLife"),
    *("ElegantArt", "Experiment", "History", "Interview", "Liveshow", "Medicine"),
    *("OfficialEvent", "ScholarReport", "School", "Social", "Speech", "Talkshow", "Terror", "War"),
)


def scan(wanted: Wanted) -> Tree:
    """The one split of FERV39k; ``order`` of other lists is checked, as the paths tell it.

    Returns:
        Videos ``Crime/Angry/0063``, splits ``train`` and ``test``, the scene as their group.

    Raises:
        UserError: a file is missing, a list is not what it should be, a label contradicts the
            folder, or a video is in both parts.
    """
    lists = wanted.lists
    root = _home(wanted.root, lists)
    folder = _folder(root, wanted.clips)
    place, notes = taken(root, LISTS, "lists")
    parts = {
        split: read_labels(
            _official(place, split) if lists is None else find_list(lists, split=split, fold=None),
            lambda parts: _id(*parts[-3:]) if len(parts) > 2 else "",
            CLASSES,
            order=wanted.order,
            told=lambda id: id.split("/")[1],
        )
        for split in ("train", "test")
    }
    check_disjoint(parts, "FERV39k")
    scenes = subfolders(folder)
    found = find_videos(
        [*scenes, *(emotion for scene in scenes for emotion in subfolders(scene))],
        lambda place, name: (
            _id(as_text(place.parent.name), as_text(place.name), name)
            if place.parent.parent == folder
            else ""
        ),
    )
    rows = listed(parts, found.paths, fold=1, group=lambda id: id.split("/")[0])
    strange = sorted({row.group for row in rows} - set(SCENES))
    notes = (*(() if lists is not None else notes), *found.notes)
    if strange:
        told = short(", ".join(strange))
        notes = (*notes, f"scenes that FERV39k is not known to have: {told}")
    return Tree(rows, CLASSES, "FERV39k", str(folder), notes)


def _home(root: Path, lists: Path | None) -> Path:
    """The folder with the videos and, unless other lists are named, the official ones."""
    given = root.absolute()
    # the folders of the lists look like a root, as some copies have the inner one there
    if lists is None and given.name in LISTS[0].split("/"):
        for above in given.parents[:2]:
            if any((above / folder).is_dir() for folder in FOLDERS):
                raise WrongRoot(
                    f"root = '{root}': holds FERV39k's lists alone; did you mean '{above}'?"
                )
    return locate(root, LISTS if lists is None else FOLDERS, "FERV39k")


def _official(place: Path, split: str) -> Path:
    file = place / f"{split}_All.csv"
    if not file.is_file():
        raise UserError(f"{file}: no such list; unpack FERV39k's 4_setups, which has both")
    return file


def _id(scene: str, emotion: str, name: str) -> str:
    """Crime, Angry, 63.mp4 -> ``Crime/Angry/0063``; "" where the name is no number."""
    video = number(Path(name).stem)
    return "" if video is None else f"{scene}/{emotion}/{video:04d}"


def _folder(root: Path, name: str | None) -> Path:
    names = FOLDERS if name is None else ("/".join(below("--clips", name)),)
    there = [root / folder for folder in names if (root / folder).is_dir()]
    if not there:
        held = ", ".join(folder.name for folder in subfolders(root)) or "no folders"
        raise UserError(
            f"{root / names[0]}: no folder of the set's clips there; unpack them, or name the "
            f"folder (--clips): {root} holds {held}"
        )
    # unpacked into a folder of its own name
    inner = there[0] / there[0].name
    return inner if inner.is_dir() else there[0]


DATASET = DataSet(
    name="ferv39k",
    title="FERV39k",
    classes=CLASSES,
    folds=(1,),
    protocol="one official split; scenes are in both parts",
    licence="research only",
    access=AGREEMENT + ": https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html",
    layout=(
        "4_setups/All_scenes/train_All.csv, test_All.csv",
        "2_ClipsforFaceCrop/<Scene>/<Class>/0001/*.jpg, or 0_7_labelClips/<Scene>/<Class>/0001.mp4",
    ),
    scan=scan,
    options=("clips", "lists", "order"),
    known=(
        Known("train", 1, 31088, counts_of(CLASSES, 5854, 5523, 7790, 5906, 2502, 1833, 1680)),
        Known("test", 1, 7847),
    ),
    groups=len(SCENES),
)

"""FERV39k as its archive unpacks (https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html).

::

    4_setups/All_scenes/train_All.csv, test_All.csv    no header; Crime/Angry/0063 Angry
    2_ClipsforFaceCrop/Crime/Angry/0063/*.jpg          cropped frames
    0_7_labelClips/Crime/Angry/0063.mp4                raw clips

Two orders of the classes are in use elsewhere, so names alone are read: of the list and of the
folder, which must agree.
"""

from collections.abc import Sequence
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets.lists import find_list, name_rows, read_list
from rdfer.datasets.text import below, number
from rdfer.datasets.tree import (
    Tree,
    WrongRoot,
    check_disjoint,
    locate,
    make_video,
    subfolders,
    taken,
    video_paths,
)

#: Folders of clips, the cropped frames first.
FOLDERS = ("2_ClipsforFaceCrop", "0_7_labelClips")
LISTS = ("4_setups/All_scenes", "All_scenes")
SCENES = (
    *("Action", "Argue", "Business", "Conflict", "Contest", "Crime", "Crisis", "DailyLife"),
    *("ElegantArt", "Experiment", "History", "Interview", "Liveshow", "Medicine"),
    *("OfficialEvent", "ScholarReport", "School", "Social", "Speech", "Talkshow", "Terror", "War"),
)

#: Scene, class and number: what a clip is called by.
Key = tuple[str, str, int]


def scan(
    root: str | Path,
    *,
    fold: int = 1,
    clips: str | None = None,
    lists: str | Path | None = None,
    order: Sequence[str] | None = None,
) -> Tree:
    """The one split of FERV39k.

    Args:
        root: folder that holds ``2_ClipsforFaceCrop`` and ``4_setups``.
        fold: 1, there is one split.
        clips: which folder of clips; ``None`` takes the cropped frames, else the raw clips.
        lists: folder with other lists, such as ``FERV39K_test.txt`` (``path n_frames label``).
        order: classes of the labels 0..6 of such lists; the paths tell them, so it is checked.

    Returns:
        Clips ``Crime/Angry/0063``, splits ``train`` and ``test``, the scene as their group.

    Raises:
        UserError: a file is missing, a list is not what it should be, a label contradicts the
            folder, or a clip is in both parts.
    """
    root = _home(root, lists)
    folder = _folder(root, clips)
    videos = _videos(folder)
    place, notes = taken(root, LISTS, "lists")
    parts = {
        split: _labels(
            _official(place, split) if lists is None else find_list(lists, split=split, fold=None),
            order,
        )
        for split in ("train", "test")
    }
    check_disjoint({split: map(_id, names) for split, (names, _) in parts.items()}, "FERV39k")
    rows = [
        make_video(
            _id(key),
            videos.get(key, ""),
            name,
            split,
            fold=1,
            group=key[0],
            n_frames=frames.get(key, 0),
        )
        for split, (names, frames) in parts.items()
        for key, name in names.items()
    ]
    strange = sorted({key[0] for names, _ in parts.values() for key in names} - set(SCENES))
    notes = notes if lists is None else ()
    if strange:
        notes += (f"scenes that FERV39k is not known to have: {', '.join(strange)}",)
    return Tree(tuple(rows), CLASSES, "FERV39k", str(folder), notes)


def _home(root: str | Path, lists: str | Path | None) -> Path:
    """The folder with the clips and, unless other lists are named, the official ones."""
    given = Path(root).absolute()
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


def _id(key: Key) -> str:
    return f"{key[0]}/{key[1]}/{key[2]:04d}"


def _key(parts: tuple[str, ...]) -> Key | None:
    """``.../Crime/Angry/0063`` -> Crime, Angry, 63."""
    video = number(Path(parts[-1]).stem) if len(parts) > 2 else None
    return None if video is None else (parts[-3], parts[-2], video)


def _labels(file: Path, order: Sequence[str] | None) -> tuple[dict[Key, str], dict[Key, int]]:
    """Class name and number of frames (0 where not said) of the clips of a part."""
    rows = read_list(file, _key)
    names = name_rows(file, rows, CLASSES, order=order, told=lambda key: key[1])
    return names, {row.key: row.n_frames for row in rows}


def _folder(root: Path, name: str | None) -> Path:
    names = FOLDERS if name is None else ("/".join(below("--clips", name)),)
    there = [root / folder for folder in names if (root / folder).is_dir()]
    if not there:
        held = ", ".join(folder.name for folder in subfolders(root)) or "no folders"
        raise UserError(
            f"{root / names[0]}: no folder of clips there; unpack FERV39k's clips, or name the "
            f"folder (--clips): {root} holds {held}"
        )
    # unpacked into a folder of its own name
    inner = there[0] / there[0].name
    return inner if inner.is_dir() else there[0]


def _videos(folder: Path) -> dict[Key, str]:
    found: dict[Key, str] = {}
    kinds: dict[str, str] = {}
    for scene in subfolders(folder):
        for emotion in subfolders(scene):

            def key(name: str, scene: str = scene.name, emotion: str = emotion.name) -> Key | None:
                video = number(name)
                return None if video is None else (scene, emotion, video)

            video_paths([emotion], key, into=found, kinds=kinds)
    return found

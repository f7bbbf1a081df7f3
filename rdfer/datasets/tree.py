"""What the readers of all data sets share: folders of clips, and the rows that come of them.

A reader never looks at one clip after another: it lists the folders that hold them once, and
looks the names of the lists up in what it found.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rdfer.base.errors import UserError, did_you_mean
from rdfer.data.manifest import Manifest, Video
from rdfer.data.video import VIDEO_SUFFIXES

K = TypeVar("K", bound=Hashable)

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


class WrongRoot(UserError):
    """The folder given is not the root of the data set."""


@dataclass(frozen=True)
class Tree:
    """What a reader found below a root.

    Attributes:
        clips: the rows; ``path`` is empty where a list names a clip that has no video.
        classes: class names in their order.
        name: data set and fold, for people.
        folder: the folder that the videos were taken from.
        notes: what is unusual but was read rightly, for people.
        drawn: the reader drew folds at random, as no split is given.
    """

    videos: tuple[Video, ...]
    classes: tuple[str, ...]
    name: str
    folder: str
    notes: tuple[str, ...] = ()
    drawn: bool = False

    @property
    def missing(self) -> tuple[Video, ...]:
        """The clips that have no video."""
        return tuple(video for video in self.videos if not video.path)

    def manifest(self) -> Manifest:
        """All clips as a manifest.

        Raises:
            UserError: a clip has no video, or the manifest breaks its rules.
        """
        if self.missing:
            raise UserError(
                f"{self.folder}: clip {self.missing[0].id} has no video there "
                f"({len(self.missing)} of {len(self.videos)} have none); unpack all clips, or name "
                "another folder"
            )
        return Manifest(videos=self.videos, classes=self.classes, name=self.name)


def make_video(
    id: str,
    path: str,
    name: str,
    split: str,
    *,
    fold: int = 0,
    group: str = "",
    n_frames: int = 0,
    votes: tuple[int, ...] | None = None,
) -> Video:
    """A row of a real data set.

    A test clip's label is the official one, since scores are computed against it; any other has
    only a given label, since nobody knows the true one.
    """
    label = name if split == "test" else ""
    return Video(id, path, label, name, split, fold, group, n_frames, votes)


def locate(root: str | Path, marks: Sequence[str], title: str) -> Path:
    """The root, if it holds at least one of ``marks`` (paths below it).

    Raises:
        WrongRoot: no such folder, or none of the marks is there; says where one was seen nearby.
    """
    root = Path(root)
    if not root.is_dir():
        raise WrongRoot(f"root = '{root}': no such folder; give the one that {title} unpacks to")

    def holds(folder: Path) -> bool:
        return any((folder / mark).exists() for mark in marks)

    if holds(root):
        return root
    # copies differ in what they call it, and two names are enough of them
    raise WrongRoot(
        f"root = '{root}': is not the root of {title}: holds no {' and no '.join(marks[:2])}; "
        f"{nearby(root, holds, up=4)}"
    )


def nearby(root: Path, holds: Callable[[Path], bool], *, up: int = 3) -> str:
    """What to do about a folder that is no root: one below or up to ``up`` above, or the layout."""
    for folder in (*subfolders(root), *root.absolute().parents[:up]):
        try:
            if holds(folder):
                return f"did you mean '{folder}'?"
        except OSError:  # somebody else's folder
            continue
    return "see the layout that `rdfer datasets` prints"


def choose(clips: str) -> str:
    """How a user names a folder of clips, on the command line and to make."""
    return f"--clips {clips}, or make reproduce .. READ='--clips {clips}'"


def no_list(file: Path, fold: int, of_fold: Callable[[int], Path], folds: Sequence[int]) -> str:
    """What to do where the list of a fold is not there; ``of_fold`` tells where one would be."""
    there = [k for k in folds if k != fold and of_fold(k).is_file()]
    if not there:
        return f"{file}: no such list; unpack the archive of the lists"
    several = len(there) > 1
    have = f"folds {', '.join(map(str, there))} have theirs" if several else f"fold {there[0]} has"
    return (
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


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted, without hidden ones and those that archivers leave behind."""
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir() and e.name[:1] not in "._")


def video_paths(
    folders: Iterable[Path],
    key: Callable[[str], K | None],
    *,
    into: dict[K, str] | None = None,
    kinds: dict[str, str] | None = None,
) -> dict[K, str]:
    """Video files and folders of frames by what ``key`` makes of their names.

    Args:
        folders: where to look; not below them.
        key: from a name without suffix; None passes it over.
        into: what was found elsewhere, which this is added to.
        kinds: an example of each kind of clip that was found elsewhere, which this is added to.

    Raises:
        UserError: two of one key, or both videos and folders of frames.
    """
    found = {} if into is None else into
    kinds = {} if kinds is None else kinds
    for folder in folders:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        for entry in entries:
            stem, suffix = os.path.splitext(entry.name)
            is_dir = entry.is_dir()
            if entry.name[0] == "." or not (is_dir or suffix.lower() in VIDEO_SUFFIXES):
                continue
            name = key(entry.name if is_dir else stem)
            if name is None:
                continue
            if name in found:
                raise UserError(
                    f"{entry.path}: is clip {name} a second time, beside {found[name]}; keep one"
                )
            found[name] = entry.path
            kinds.setdefault("folder of frames" if is_dir else "video", entry.path)
    if len(kinds) > 1:
        video, frames = kinds["video"], kinds["folder of frames"]
        raise UserError(
            f"{video}: is a video while {frames} is a folder of frames; two layouts are mixed: "
            "keep one of them below the root"
        )
    return found


def class_name(place: str, text: str, classes: Sequence[str]) -> str:
    """One of ``classes`` by its name, in any case, or another word for it.

    Raises:
        UserError: none of them.
    """
    known = {name.lower(): name for name in classes}
    word = text.strip().lower()
    word = word if word in known else SYNONYMS.get(word, word)
    if word not in known:
        raise UserError(f"{place}: class = {text!r}: unknown; {did_you_mean(text, classes)}")
    return known[word]


def check_disjoint(splits: Mapping[str, Iterable[Hashable]], where: str) -> None:
    """Refuse a clip that is in two splits.

    Raises:
        UserError: naming the clip and the splits.
    """
    split_of: dict[Hashable, str] = {}
    for split, ids in splits.items():
        for id in ids:
            if split_of.setdefault(id, split) != split:
                raise UserError(
                    f"clip {id}: is in the {split_of[id]} and the {split} part of {where}, and "
                    "may be in one alone; take the official lists, or delete one of its lines"
                )

"""What the readers of all data sets share: folders of videos, and the rows that come of them.

A reader never looks at one video after another: it lists the folders that hold them once, and
looks the names of the lists up in what it found.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest, Video
from rdfer.data.video import VIDEO_SUFFIXES
from rdfer.datasets.lists import Label, class_name
from rdfer.datasets.tables import number

K = TypeVar("K", bound=Hashable)


class WrongRoot(UserError):
    """The folder given is not the root of the data set."""


@dataclass(frozen=True)
class Tree:
    """What a reader found below a root.

    Attributes:
        videos: the rows; ``path`` is empty where a list names a video that is not there.
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
        """The videos that are listed and not there."""
        return tuple(video for video in self.videos if not video.path)

    def manifest(self) -> Manifest:
        """All videos as a manifest.

        Raises:
            UserError: a video is not there, or the manifest breaks its rules.
        """
        if self.missing:
            raise UserError(
                f"{self.folder}: video {self.missing[0].id} is not there "
                f"({len(self.missing)} of {len(self.videos)} are not); unpack all of them, or name "
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

    A test video's label is the official one, since scores are computed against it; any other has
    only a given label, since nobody knows the true one.
    """
    label = name if split == "test" else ""
    return Video(id, path, label, name, split, fold, group, n_frames, votes)


def listed(
    parts: Mapping[str, Mapping[K, Label]],
    paths: Mapping[K, str],
    *,
    fold: int,
    id: Callable[[K], str],
    group: Callable[[K], str] = lambda key: "",
    votes: Mapping[K, tuple[int, ...]] = {},
) -> tuple[Video, ...]:
    """The videos that the lists of each part name, with the path of each, "" if not there."""
    return tuple(
        make_video(
            id(key),
            paths.get(key, ""),
            name,
            split,
            fold=fold,
            group=group(key),
            n_frames=n_frames,
            votes=votes.get(key),
        )
        for split, part in parts.items()
        for key, (name, n_frames) in part.items()
    )


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
    """How a user names a folder of the set's clips, on the command line and to make."""
    return f"--clips {clips}, or make reproduce .. READ='--clips {clips}'"


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder, sorted, without hidden ones and those that archivers leave behind."""
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir() and e.name[:1] not in "._")


def video_paths(
    folders: Iterable[Path],
    key: Callable[[str], K | None],
    *,
    kinds: dict[str, str] | None = None,
) -> dict[K, str]:
    """Video files and folders of frames by what ``key`` makes of their names.

    Args:
        folders: where to look; not below them.
        key: from a name without suffix; None passes it over.
        kinds: an example of each kind of video that was found elsewhere, which this is added to.

    Raises:
        UserError: two of one key, or both videos and folders of frames.
    """
    found: dict[K, str] = {}
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
                    f"{entry.path}: is video {name} a second time, beside {found[name]}; keep one"
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


def numbered_paths(folders: Sequence[Path]) -> dict[int, str]:
    """Videos by number, in these folders or, as archives of parts unpack, one level deeper."""
    inner = (place for folder in folders for place in subfolders(folder))
    return video_paths(folders, number) or video_paths(inner, number)


def class_folders(
    folder: Path, split: str, classes: Sequence[str], kinds: dict[str, str]
) -> list[Video]:
    """The videos below folders that are called as their classes; any other folder is refused.

    Args:
        folder: holds the folders of the classes.
        split: of all of them, which their ids begin with; "" for no part (train, until divided).
        classes: of the set.
        kinds: as of :func:`video_paths`.
    """
    rows = []
    for inner in subfolders(folder):
        name = class_name(str(inner), inner.name, classes)
        prefix = f"{split}/{name}/" if split else f"{name}/"
        rows += [
            make_video(prefix + stem, path, name, split or "train", fold=1)
            for stem, path in video_paths([inner], str, kinds=kinds).items()
        ]
    return rows

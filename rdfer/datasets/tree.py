"""What the readers of all data sets share: folders of videos, and the rows that come of them.

A reader never looks at one video after another: it lists the folders that hold them once, and
looks the names of the lists up in what it found.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rdfer.base.errors import UserError, short
from rdfer.data.manifest import Manifest, Video
from rdfer.data.video import VIDEO_SUFFIXES
from rdfer.datasets.lists import Label, class_name
from rdfer.datasets.tables import as_text, number, padded

#: Suffixes of videos and pictures, read or not: what has one is never passed over in silence.
LOOKS = frozenset(
    ".3g2 .3gp .amv .asf .avi .avif .bmp .divx .dv .f4v .flv .gif .h264 .heic .heif .hevc .jfif "
    ".jp2 .jpe .jpeg .jpg .jxl .m1v .m2ts .m2v .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg .mpg "
    ".mts .mxf .ogm .ogv .pgm .png .ppm .qt .rm .rmvb .swf .tga .tif .tiff .ts .vob .webm .webp "
    ".wmv .y4m".split()
)


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
        undivided: why it could draw none, so that all videos are of the training part.
    """

    videos: tuple[Video, ...]
    classes: tuple[str, ...]
    name: str
    folder: str
    notes: tuple[str, ...] = ()
    drawn: bool = False
    undivided: str = ""

    @property
    def missing(self) -> tuple[Video, ...]:
        """The videos that are listed and not there."""
        return tuple(video for video in self.videos if not video.path)

    def manifest(self) -> Manifest:
        """All videos as a manifest.

        Raises:
            UserError: a video is not there, no folds could be drawn, or the manifest breaks its
                rules.
        """
        if self.undivided:
            raise UserError(self.undivided)
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
    parts: Mapping[str, Mapping[str, Label]],
    paths: Mapping[str, str],
    *,
    fold: int,
    group: Callable[[str], str] = lambda id: "",
    votes: Mapping[str, tuple[int, ...]] = {},
) -> tuple[Video, ...]:
    """The videos that the lists of each part name, with the path of each, "" if not there."""
    return tuple(
        make_video(
            id,
            paths.get(id, ""),
            name,
            split,
            fold=fold,
            group=group(id),
            n_frames=n_frames,
            votes=votes.get(id),
        )
        for split, part in parts.items()
        for id, (name, n_frames) in part.items()
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
    """Folders in a folder, sorted, without hidden ones and those that systems leave behind.

    None where it may not be looked into, which :func:`find_videos` tells.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if _is_dir(e) and not _is_left(e.name))
    except OSError:
        return []


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_left(name: str) -> bool:
    """Whether a name is hidden, or of what archivers and systems leave behind."""
    return name.startswith((".", "__MACOSX", "@eaDir", "$RECYCLE", "System Volume")) or (
        name.lower() in ("thumbs.db", "desktop.ini", "lost+found")
    )


class Found(NamedTuple):
    """Paths of videos by id, and what is to be told of what was passed over."""

    paths: dict[str, str]
    notes: tuple[str, ...]


def find_videos(folders: Iterable[Path], id: Callable[[Path, str], str]) -> Found:
    """Video files and folders of frames, by the id that their folder and name give.

    Args:
        folders: where to look; not below them.
        id: from the folder and the name without suffix; "" passes it over. Names come as lists
            write them (:func:`rdfer.datasets.tables.as_text`).

    Raises:
        UserError: two of one id, or both videos and folders of frames.
    """
    found: dict[str, str] = {}
    kinds: dict[bool, str] = {}
    passed: list[str] = []
    notes: list[str] = []
    for folder in folders:
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{folder} cannot be looked into ({error.strerror})")
            continue
        for entry in entries:
            if _is_left(entry.name):
                continue
            is_dir = _is_dir(entry)
            stem, suffix = (entry.name, "") if is_dir else os.path.splitext(entry.name)
            read = is_dir or suffix.lower() in VIDEO_SUFFIXES
            name = id(folder, as_text(stem)) if read else ""
            if not name:
                passed += [entry.path] if suffix.lower() in LOOKS else []
                continue
            if name in found:
                raise UserError(
                    f"{entry.path}: is video {short(name)} a second time, beside {found[name]}; "
                    "keep one"
                )
            found[name] = entry.path
            kinds.setdefault(is_dir, entry.path)
    if len(kinds) > 1:
        raise UserError(
            f"{kinds[False]}: is a video while {kinds[True]} is a folder of frames; two layouts "
            "are mixed: keep one of them below the root"
        )
    return Found(found, (*notes, *passed_over(passed)))


def passed_over(files: Sequence[str]) -> tuple[str, ...]:
    """How many files look like videos or pictures and are not read, and their suffixes, if any."""
    if not files:
        return ()
    suffixes = sorted({os.path.splitext(file)[1].lower() for file in files})
    return (f"{len(files)} passed over: {' '.join(suffixes)} ({files[0]} for one)",)


def by_number(_: Path, name: str) -> str:
    """The id of sets whose videos are numbered: ``17`` -> ``00017``."""
    return padded(name) if number(name) is not None else ""


def numbered_videos(folders: Sequence[Path]) -> Found:
    """Videos by number, in these folders or, as archives of parts unpack, one level deeper."""
    inner = [place for folder in folders for place in subfolders(folder)]
    found = find_videos(folders, by_number)
    return found if found.paths else find_videos([*folders, *inner], by_number)


def class_folders(
    parts: Mapping[str, Path], classes: Sequence[str]
) -> tuple[list[Video], tuple[str, ...]]:
    """The videos below folders that are called as their classes; any other folder is refused.

    Args:
        parts: the folder with the folders of the classes, by split; ids begin with the split,
            except for "", which is no part (train, until divided).
        classes: of the set.

    Returns:
        The videos, and what is to be told.
    """
    inside = {
        inner: (split, class_name(str(inner), as_text(inner.name), classes))
        for split, folder in parts.items()
        for inner in subfolders(folder)
    }

    def id(folder: Path, name: str) -> str:
        return "/".join((*filter(None, inside[folder]), name)) if folder in inside else ""

    found = find_videos([*parts.values(), *inside], id)
    rows = []
    for video, path in found.paths.items():
        split, name = inside[Path(path).parent]
        rows.append(make_video(video, path, name, split or "train", fold=1))
    return rows, found.notes

"""What videos look like without decoding them: whole or not, how many frames."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.progress import progress
from rdfer.data.containers import check_whole
from rdfer.data.manifest import Video
from rdfer.data.video import IMAGE_SUFFIXES, frame_files

#: What stands for a file that `git lfs` has not fetched.
POINTER = b"version https://git-lfs"
UNFETCHED = "is a pointer of git lfs, not a video; run `git lfs pull`"


@dataclass(frozen=True)
class Surveyed:
    """One video as seen from outside.

    Attributes:
        video: whose it is.
        problem: why it cannot be read, "" where nothing speaks against it.
        n_frames: images of a folder of frames, 0 for a video file (nobody knows before decoding).
        unpadded: names such as 2.jpg and 10.jpg, which sort wrongly as text.
    """

    video: Video
    problem: str = ""
    n_frames: int = 0
    unpadded: bool = False


def survey(videos: Sequence[Video]) -> list[Surveyed]:
    """Look at each video that is there: a listing of a folder, or the ends of a file."""
    there = [video for video in videos if video.path]
    return [_look(video) for video in progress(there, label="videos")]


def count_frames(path: str) -> int:
    """Images in a folder of frames, 0 for a video file."""
    return len(_images(path)) if os.path.isdir(path) else 0


def sample_frames(
    folders: Sequence[Surveyed],
) -> tuple[dict[tuple[int, int], str], list[str]]:
    """Width and height of frames by the heads of their files, without decoding them.

    Returns:
        An example of each size among first and last frames of some forty of these folders, and
        the files among them that are no pictures.
    """
    found: dict[tuple[int, int], str] = {}
    broken: list[str] = []
    for look in folders[:: max(1, len(folders) // 40)]:
        files = frame_files(Path(look.video.path))
        for file in (files[0], files[-1]):
            try:
                with Image.open(file) as image:
                    found.setdefault(image.size, str(file))
            except OSError:
                broken.append(str(file))
    return found, broken


def is_pointer(path: str) -> bool:
    """Whether a file is what `git lfs` keeps in the place of one that it has not fetched."""
    with open(path, "rb") as file:
        return file.read(len(POINTER)) == POINTER


def _images(folder: str) -> list[str]:
    names = (os.path.splitext(name) for name in os.listdir(folder))
    return [stem for stem, suffix in names if suffix.lower() in IMAGE_SUFFIXES]


def _look(video: Video) -> Surveyed:
    if os.path.isdir(video.path):
        stems = _images(video.path)
        # digits alone are told apart by length only: 1 .. 16, not 00001_00001
        bare = [stem for stem in stems if re.fullmatch(r"[0-9]+", stem)]
        unpadded = len({len(stem) for stem in bare}) > 1
        problem = "" if stems else "holds no frames"
        return Surveyed(video, problem, len(stems), unpadded)
    if is_pointer(video.path):
        return Surveyed(video, UNFETCHED)
    try:
        check_whole(Path(video.path))
    except UserError as error:
        return Surveyed(video, str(error).removeprefix(f"{video.path}: "))
    return Surveyed(video)

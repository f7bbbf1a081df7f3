"""What videos look like without decoding them: whole or not, how many frames."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from rdfer.base.errors import UserError, short
from rdfer.base.progress import progress
from rdfer.data.containers import POINTER, check_whole
from rdfer.data.manifest import Video
from rdfer.data.pictures import FORMATS, frame_files
from rdfer.datasets.tree import LOOKS


@dataclass(frozen=True)
class Surveyed:
    """One video as seen from outside.

    Attributes:
        video: whose it is.
        problem: why it cannot be read, "" where nothing speaks against it.
        n_frames: images of a folder of frames, 0 for a video file (nobody knows before decoding).
        unpadded: names such as 2.jpg and 10.jpg, which sort wrongly as text.
        passed: files beside the frames that look like videos or pictures.
    """

    video: Video
    problem: str = ""
    n_frames: int = 0
    unpadded: bool = False
    passed: tuple[str, ...] = ()


def survey(videos: Sequence[Video]) -> list[Surveyed]:
    """Look at each video that is there: a listing of a folder, or the ends of a file."""
    there = [video for video in videos if video.path]
    return [_look(video) for video in progress(there, label="videos")]


def count_frames(path: str) -> int:
    """Images in a folder of frames, 0 for a video file."""
    try:
        return len(frame_files(Path(path))) if os.path.isdir(path) else 0
    except UserError:
        return 0


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
                if not file.is_file():  # a pipe would be waited for
                    raise OSError
                with Image.open(file, formats=FORMATS) as image:
                    found.setdefault(image.size, str(file))
            # Pillow's readers of single formats do not agree on what they raise
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                broken.append(str(file))
    return found, broken


def is_pointer(path: str) -> bool:
    """Whether a file is what `git lfs` keeps in the place of one that it has not fetched."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(POINTER)) == POINTER


def _look(video: Video) -> Surveyed:
    path = Path(video.path)
    try:
        if path.is_dir():
            return _look_inside(video, path)
        if path.is_symlink() and not path.exists():
            return Surveyed(video, "is a link to nothing: not fetched (by git annex, say)")
        check_whole(path)
    except (UserError, OSError) as error:
        told = str(error).removeprefix(f"{short(path, len(video.path))}: ")
        return Surveyed(video, error.strerror or told if isinstance(error, OSError) else told)
    return Surveyed(video)


def _look_inside(video: Video, folder: Path) -> Surveyed:
    """Count the frames of a folder; raises as a listing does."""
    passed = {str(f) for f in folder.iterdir() if f.suffix.lower() in LOOKS and f.name[0] != "."}
    try:
        frames = frame_files(folder)
    except UserError:
        return Surveyed(video, "holds no frames", passed=tuple(sorted(passed)))
    passed -= set(map(str, frames))
    # digits alone are told apart by length only: 1 .. 16, not 00001_00001
    lengths = {len(file.stem) for file in frames if file.stem.isascii() and file.stem.isdecimal()}
    return Surveyed(
        video, n_frames=len(frames), unpadded=len(lengths) > 1, passed=tuple(sorted(passed))
    )

"""Frames of a video: of a file, or of a folder of pictures, in one array.

Some files make a decoder hang or crash: what reads files of others does so in a process that can be
ended (:mod:`rdfer.data.workers`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from rdfer.base.errors import UserError, short
from rdfer.data import decoding
from rdfer.data.pictures import Frames, frame_files, list_frames, middle, read_picture, short_side

Choice: TypeAlias = Callable[[int], npt.ArrayLike]

# part of every bank's key: another number whenever the same files give other frames than before
DECODING = 2
VIDEO_SUFFIXES = (
    *(".mp4", ".avi", ".mkv", ".mov", ".webm", ".flv", ".m4v", ".mpg", ".wmv", ".mpeg", ".3gp"),
    *(".3g2", ".ts", ".mts", ".m2ts", ".ogv", ".asf", ".gif"),
)


class Decoded(NamedTuple):
    """What was taken of a video.

    Attributes:
        frames: RGB, uint8 ``[T, H, W, 3]``, perhaps read-only.
        total: how many frames the video has.
        note: what is unusual about it; empty for most.
    """

    frames: Frames
    total: int
    note: str = ""


def n_frames(path: str | Path) -> int:
    """Number of frames of a video file, which is decoded for it, or of a folder of frames.

    Raises:
        UserError: it is missing, empty or cannot be decoded.
    """
    path = Path(path)
    return len(frame_files(path)) if path.is_dir() else decoding.count(path)


def read_frames(
    path: str | Path,
    indices: Sequence[int] | npt.NDArray[np.integer[Any]] | Choice | None = None,
    *,
    size: int | None = None,
) -> Frames:
    """Frames of a video file, or of a folder of images whose names sort as numbers.

    Frame i of a file is picture i, from 0, of what ``ffmpeg -fps_mode passthrough`` writes, as it
    is meant to be seen: turned and mirrored as the file says; with square pixels, the height kept;
    colours by the file's matrix and range; white behind transparent parts. What an edit list hides
    is no frame.

    Args:
        path: a video file, or a folder of frames (``1.jpg, 2.jpg, ... 10.jpg``).
        indices: which frames, from 0, in any order and repeated at will; or a function from the
            number of frames to them, which may be called twice; ``None`` takes all. Nothing is
            clamped here.
        size: side of the square wanted: the short side is resized to it and the middle cut out.
            ``None`` leaves the frames as they are.

    Returns:
        RGB, uint8 ``[T, H, W, 3]``, perhaps read-only.

    Raises:
        UserError: missing, empty, cut off or not decodable; the message names the file.
        IndexError: a frame that the video does not have.
    """
    return decode(path, indices, size=size).frames


def decode(
    path: str | Path,
    indices: Sequence[int] | npt.NDArray[np.integer[Any]] | Choice | None = None,
    *,
    size: int | None = None,
    skip_frames: bool = False,
) -> Decoded:
    """As :func:`read_frames`, with how many frames there are to choose from.

    With ``skip_frames`` a picture of a folder that cannot be read is no frame, which is noted.
    """
    path = Path(path)
    choose: Choice = indices if callable(indices) else _fixed(indices)
    if path.is_dir():
        return _read_folder(path, choose, size, skip_frames)
    return _read_file(path, choose, size)


def _fixed(indices: Sequence[int] | npt.NDArray[np.integer[Any]] | None) -> Choice:
    return lambda count: np.arange(count) if indices is None else indices


def _chosen(path: Path, choose: Choice, count: int) -> list[int]:
    if count == 0:
        raise UserError(f"{path}: has no frames; at least one is needed")
    wanted = np.asarray(choose(count), dtype=np.int64)
    if wanted.size == 0 or wanted.min() < 0 or wanted.max() >= count:
        raise IndexError(f"{path}: frames {wanted.tolist()} asked for; it has 0..{count - 1}")
    return [int(number) for number in wanted]


def _read_file(path: Path, choose: Choice, size: int | None) -> Decoded:
    """Frames of a file, taken on the way through it; once more where their number was wrong."""
    taken = decoding.take(path, lambda count: np.ravel(choose(count)).tolist(), size)
    wanted = _chosen(path, choose, taken.total)
    if not taken.frames.keys() >= set(wanted):
        taken = decoding.take(path, lambda _: wanted, size)
    notes = list(taken.notes)
    frames = [taken.frames[number] for number in wanted]
    return Decoded(
        _stacked(path, frames, taken.sizes, size, notes), taken.total, _told(path, notes)
    )


def _read_folder(folder: Path, choose: Choice, size: int | None, skip_frames: bool) -> Decoded:
    files, twice = list_frames(folder)
    notes = [twice] if twice else []
    images: dict[Path, Frames] = {}
    sizes: set[tuple[int, int]] = set()
    lost: list[str] = []
    wanted: list[Path] = []
    while not wanted or set(wanted) - images.keys():
        wanted = [files[i] for i in _chosen(folder, choose, len(files))]
        for file in sorted(set(wanted) - images.keys()):
            try:
                image = read_picture(file)
            except UserError:
                if not skip_frames:
                    raise
                lost.append(file.name)
                files.remove(file)
            else:
                sizes.add(image.size)
                images[file] = _scaled(image, size)
    if lost:
        notes.append(f"left out, as they cannot be read: {short(' '.join(sorted(lost)))}")
    frames = _stacked(folder, [images[file] for file in wanted], sizes, size, notes)
    return Decoded(frames, len(files), _told(folder, notes))


def _scaled(image: Image.Image, size: int | None) -> Frames:
    if size is None:
        return np.asarray(image)
    height, width = short_side(image.height, image.width, size)
    return middle(np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)), size)


def _stacked(
    path: Path,
    frames: Sequence[Frames],
    sizes: set[tuple[int, int]],
    size: int | None,
    notes: list[str],
) -> Frames:
    """Frames in one array; those of different sizes were scaled one by one, which is noted."""
    if len(sizes) > 1:
        seen = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        note = f"frames of different sizes ({seen})"
        if size is None:
            raise UserError(f"{path}: {note}; give a size")
        notes.append(f"{note}; each was scaled on its own")
    return np.stack(frames)


def _told(path: Path, notes: Sequence[str]) -> str:
    return f"{path}: {'; '.join(notes)}" if notes else ""

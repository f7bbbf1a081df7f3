"""From a video file or a folder of frames to an array: the only place that knows decord.

decord is opened inside the call with one thread, asked once, and closed: its readers cannot be
pickled, and an idle one keeps decoding ahead into memory. Some files make it hang for ever: what
reads files of others does so in a process that can be ended (:mod:`rdfer.data.workers`). Frame
folders are read with Pillow.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.data.containers import check_whole, picture_size

Frames: TypeAlias = npt.NDArray[np.uint8]
Choice: TypeAlias = Callable[[int], npt.ArrayLike]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# decord repeats the nearest frame for those that a container promises and does not hold (and of
# more than 128 never returns); some encoders end on a packet without a picture
REPEATED = 1
VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".flv", ".m4v", ".mpg", ".wmv")


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
    """Number of frames of a video file or a folder of frames.

    Raises:
        UserError: it is missing, empty or cannot be opened.
    """
    path = Path(path)
    if path.is_dir():
        return len(frame_files(path))
    with _Reader(path) as reader:
        return len(reader)


def read_frames(
    path: str | Path,
    indices: Sequence[int] | npt.NDArray[np.integer[Any]] | Choice | None = None,
    *,
    size: int | None = None,
) -> Frames:
    """Frames of a video file, or of a folder of images whose names sort as numbers.

    Args:
        path: a video file, or a folder of frames (``1.jpg, 2.jpg, ... 10.jpg``).
        indices: which frames, from 0, in any order and repeated at will; or a function from the
            number of frames to them; ``None`` takes all. Nothing is clamped here.
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
) -> Decoded:
    """As :func:`read_frames`, with how many frames there are to choose from."""
    path = Path(path)
    choose: Choice = indices if callable(indices) else _fixed(indices)
    if path.is_dir():
        return _read_folder(path, choose, size)
    return _read_file(path, choose, size)


def frame_files(folder: Path) -> list[Path]:
    """The images of a folder in the order of the numbers in their names: 1, 2, 10.

    Raises:
        UserError: there are none.
    """
    files = [f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES]
    if not files:
        raise UserError(
            f"{folder}: holds no frames; images ({' '.join(IMAGE_SUFFIXES)}) are needed"
        )
    return sorted(files, key=lambda file: (_numbers(file.stem), file.name))


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _fixed(indices: Sequence[int] | npt.NDArray[np.integer[Any]] | None) -> Choice:
    return lambda count: np.arange(count) if indices is None else indices


def _chosen(path: Path, choose: Choice, count: int) -> npt.NDArray[np.int64]:
    if count == 0:
        raise UserError(f"{path}: has no frames; at least one is needed")
    wanted = np.asarray(choose(count), dtype=np.int64)
    if wanted.size == 0 or wanted.min() < 0 or wanted.max() >= count:
        raise IndexError(f"{path}: frames {wanted.tolist()} asked for; it has 0..{count - 1}")
    return wanted


class _Reader:
    """decord's reader of one file for the length of a ``with``, its errors made ours."""

    def __init__(self, path: Path, *, width: int = -1, height: int = -1) -> None:
        self._path, self._width, self._height = path, width, height

    def __enter__(self) -> Any:
        check_whole(self._path)
        import decord

        # its complaints about a broken file come as an error of ours, not as lines from a library
        decord.logging.set_level(decord.logging.QUIET)
        try:
            self._reader: Any = decord.VideoReader(
                str(self._path),
                width=self._width,
                height=self._height,
                num_threads=1,
                fault_tol=REPEATED,
            )
        except (RuntimeError, decord.DECORDError) as error:
            raise self._refusal(str(error)) from None
        return self._reader

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import decord

        del self._reader
        if isinstance(error, decord.DECORDLimitReachedError):
            raise self._refusal("it promises more frames than it holds") from None
        if isinstance(error, RuntimeError | decord.DECORDError):
            raise self._refusal(str(error)) from None

    def _refusal(self, told: str) -> UserError:
        reason = told.strip().splitlines()[0][-160:] if told.strip() else "no reason"
        return UserError(f"{self._path}: cannot be decoded; a whole video is needed ({reason})")


def _read_file(path: Path, choose: Choice, size: int | None) -> Decoded:
    height = width = -1
    if size is not None:
        # scaling inside the decoder saves holding the frames in full size
        height, width = _short_side(*_full_size(path), size)
    with _Reader(path, width=width, height=height) as reader:
        count = len(reader)
        frames = _batch(reader, _chosen(path, choose, count))
    return Decoded(frames if size is None else _middle(frames, size), count)


def _full_size(path: Path) -> tuple[int, int]:
    """Height and width of a video's frames."""
    check_whole(path)
    size = picture_size(path)
    if size is None:
        with _Reader(path) as reader:
            height, width = reader[0].shape[:2]
        return int(height), int(width)
    return size


def _batch(reader: Any, wanted: npt.NDArray[np.int64]) -> Frames:
    """Frames by number.

    decord 0.6 takes the padded length of a row over its width for the number of channels. At 16,
    24, 48 and 72 pixels that gives four: a batch fails, and a single frame comes with its padding.
    """
    import decord

    try:
        frames: Frames = np.from_dlpack(_Shared(reader.get_batch(wanted))).view(np.uint8)
        return frames
    except decord.DECORDError:
        if reader[0].shape[2] == 3:
            raise
    return np.stack([_without_padding(reader[int(i)].asnumpy()) for i in wanted])


class _Shared:
    """Memory of decord's as NumPy takes it over, without the copy that ``asnumpy`` makes."""

    def __init__(self, frames: Any) -> None:
        self._frames = frames

    def __dlpack__(self, **_: Any) -> Any:
        return self._frames.to_dlpack()

    def __dlpack_device__(self) -> tuple[int, Literal[0]]:
        return 1, 0  # main memory


def _without_padding(frame: Frames) -> Frames:
    height, width, channels = frame.shape
    return frame.reshape(height, width * channels)[:, : width * 3].reshape(height, width, 3)


def _read_folder(folder: Path, choose: Choice, size: int | None) -> Decoded:
    files = frame_files(folder)
    wanted = [files[i] for i in _chosen(folder, choose, len(files))]
    shapes: dict[Path, tuple[int, int]] = {}
    images: dict[Path, Frames] = {}
    for file in dict.fromkeys(wanted):
        images[file], shapes[file] = _read_image(file, size)
    note = ""
    if len(set(shapes.values())) > 1:
        seen = ", ".join(f"{width} x {height}" for height, width in sorted(set(shapes.values())))
        note = f"{folder}: frames of different sizes ({seen})"
        if size is None:
            raise UserError(f"{note}; give a size")
        note += "; each was scaled on its own"
    return Decoded(np.stack([images[file] for file in wanted]), len(files), note)


def _read_image(file: Path, size: int | None) -> tuple[Frames, tuple[int, int]]:
    """An image, and the height and width it had before it was scaled."""
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
    # Pillow's readers of single formats do not agree on what they raise for a broken file
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{file}: cannot be read; a whole image is needed ({error})") from None
    full = (image.height, image.width)
    if size is None:
        return np.asarray(image), full
    height, width = _short_side(*full, size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return _middle(np.asarray(resized), size), full


def _short_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Height and width with the short side at ``size`` and the same proportions."""
    short = min(height, width)
    return round(height * size / short), round(width * size / short)


def _middle(frames: Frames, size: int) -> Frames:
    """The middle square of ``[..., H, W, 3]``."""
    top, left = (frames.shape[-3] - size) // 2, (frames.shape[-2] - size) // 2
    return np.ascontiguousarray(frames[..., top : top + size, left : left + size, :])

"""A few small frames of each video, as data addresses that a page can hold by itself.

Videos are those of others: they are decoded in processes that are watched, so that one which makes
a decoder crash or hang costs no more than its own frames.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.machine import threads
from rdfer.base.progress import progress
from rdfer.data.video import VIDEO_SUFFIXES, read_frames
from rdfer.data.workers import Lost, work

State: TypeAlias = Literal["shown", "missing", "unreadable"]
FRAMES, PIXELS, QUALITY = 5, 96, 80
# seconds for one video
TIMEOUT = 60.0


@dataclass(frozen=True)
class Film:
    """Frames of one video.

    Attributes:
        state: whether there are any, and if not, why.
        frames: ``data:image/jpeg;base64,...``, in the order of time.
        reason: what is wrong with an unreadable video.
    """

    state: State
    frames: tuple[str, ...] = ()
    reason: str = ""


def find_video(folder: str | Path, name: str) -> Path | None:
    """The video of an id: ``folder/id``, a file or a folder of frames, or ``folder/id.mp4`` etc.

    An id may hold slashes. None where there is nothing, or where it would lie outside ``folder``.
    """
    root = Path(folder).resolve()
    for suffix in ("", *VIDEO_SUFFIXES):
        try:
            path = (root / f"{name}{suffix}").resolve()
            if path != root and path.is_relative_to(root) and path.exists():
                return path
        except (OSError, ValueError):  # a name that no file can have
            continue
    return None


def films(
    folder: str | Path, ids: Sequence[str], *, frames: int = FRAMES, timeout: float = TIMEOUT
) -> list[Film]:
    """Frames of each video, evenly spread over it.

    A script that calls this must do its work under ``if __name__ == "__main__":``.

    Args:
        folder: with the videos.
        ids: of the videos, see :func:`find_video`.
        frames: of each.
        timeout: seconds after which a video is given up.

    Raises:
        UserError: ``folder`` is no folder. A video that is missing or cannot be read is no error.
    """
    if not Path(folder).is_dir():
        raise UserError(f"videos = '{folder}': no such folder")
    root = Path(folder).resolve()
    found = [Film("missing")] * len(ids)
    paths = [(k, path) for k, name in enumerate(ids) if (path := find_video(root, name))]
    outcomes = work(
        partial(_film, root, frames),
        [path for _, path in paths],
        workers=threads(),
        timeout=timeout,
    )
    for number, film in progress(outcomes, total=len(paths), label="frames of videos"):
        if isinstance(film, Lost):
            film = Film("unreadable", reason=f"its decoding {film.reason}")
        found[paths[number][0]] = film
    return found


def _film(root: Path, frames: int, path: Path) -> Film:
    try:
        pictures = read_frames(path, partial(_spread, frames=frames), size=PIXELS)
    except (UserError, OSError) as error:
        # a page is passed on: it need not tell where its maker keeps the videos
        return Film("unreadable", reason=str(error).replace(f"{root}/", ""))
    return Film("shown", tuple(_data_address(picture) for picture in pictures))


def _spread(count: int, frames: int) -> NDArray[np.int64]:
    """The middles of ``frames`` equal parts; all there are where there are fewer.

    >>> _spread(10, 5), _spread(3, 5)
    (array([1, 3, 5, 7, 9]), array([0, 1, 2]))
    """
    wanted = min(frames, count)
    return (2 * np.arange(wanted) + 1) * count // (2 * wanted)


def _data_address(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

"""A folder of pictures as a video: which files are its frames, in which order, what each shows."""

import os
import re
import warnings
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from rdfer.base.errors import UserError
from rdfer.data.containers import POINTER

Frames: TypeAlias = npt.NDArray[np.uint8]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# the kind of a picture is told by its first bytes, and only these are read: among Pillow's others
# are some that start programs, such as PostScript
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
# what shows through transparent pixels
BACKGROUND = (255, 255, 255)
# what a file manager adds to the name of a copy: "1 (1)", "1 - copy", "1 copy 2"
COPY = re.compile(r"(.*\d)(?: ?\(\d+\)| (?:- )?copy.*)")


def is_picture(name: str) -> bool:
    """Whether a file of this name is a frame: by its suffix, in any case, and not hidden."""
    return name[:1] != "." and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def frame_files(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of the numbers in their names: 1, 2, 10.

    Hidden files are passed over (``._1.jpg``). Of a frame that is there twice (``1.jpg`` beside
    ``1.png``, ``001.jpg`` or ``1 (1).jpg``) one file is taken, no copy, and JPEG before others.

    Raises:
        UserError: there are none.
    """
    return list_frames(folder)[0]


def list_frames(folder: Path) -> tuple[list[Path], str]:
    """As :func:`frame_files`, and what was passed over as being there twice, in words."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_picture(entry.name) and not entry.is_dir()]
    if not names:
        raise UserError(
            f"{folder}: holds no frames; images ({' '.join(IMAGE_SUFFIXES)}) are needed"
        )
    number = r"\d+(?:\.\d+)?" if _are_decimals(names) else r"\d+"
    plain = {name: _plain(os.path.splitext(name)[0], number) for name in names}
    copies = {name: found[1] for name in names if (found := COPY.fullmatch(plain[name]))}
    originals = set(plain.values())
    copies = {name: stem for name, stem in copies.items() if stem in originals}

    def preferred(name: str) -> tuple[bool, int, str]:
        suffix = os.path.splitext(name)[1].lower()
        return name in copies, IMAGE_SUFFIXES.index(suffix), name

    taken: dict[str, str] = {}
    twice = []
    for name in sorted(names, key=preferred):
        first = taken.setdefault(copies.get(name, plain[name]), name)
        if first != name:
            twice.append(f"{name} beside {first}")
    note = ""
    if twice:
        more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
        note = f"holds frames twice; passed over: {min(twice)}{more}"
    order = sorted(taken.values(), key=lambda name: (_numbers(name, number), name))
    return [folder / name for name in order], note


def _plain(stem: str, number: str) -> str:
    """A name in small letters, its numbers without zeros that change nothing."""
    return re.sub(number, lambda found: str(Fraction(found[0])), stem.lower())


def _numbers(name: str, number: str) -> list[Fraction]:
    return [Fraction(found) for found in re.findall(number, os.path.splitext(name)[0])]


def _are_decimals(names: Iterable[str]) -> bool:
    """Whether points in names are those of decimals: 0.04 0.08 0.12 0.2, but not 1.8 1.9 1.10.

    With equally many digits behind the points both readings give one order.
    """
    stems = (os.path.splitext(name)[0] for name in names)
    digits = [
        found for stem in stems for found in re.findall(r"(?<![\d.])\d+\.(\d+)(?!\.?\d)", stem)
    ]
    counted = any(len(found) > 1 and found.endswith("0") for found in digits)
    return len({len(found) for found in digits}) > 1 and not counted


def read_picture(file: Path) -> Image.Image:
    """A picture as it is meant to be seen, RGB: upright, grey of 16 bits by its high byte.

    Transparent parts show white.

    Raises:
        UserError: no picture of a kind that is read, damaged, or too large.
    """
    if not file.is_file():
        raise UserError(f"{file}: cannot be read; it is no regular file")
    try:
        with warnings.catch_warnings(), file.open("rb") as opened:
            # what Pillow warns of is no news, except of a picture of a hundred megapixels
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            start = opened.read(len(POINTER))
            if start == POINTER:
                raise UserError(
                    f"{file}: cannot be read; it is a pointer of git lfs; run `git lfs pull`"
                )
            opened.seek(0)
            with Image.open(opened, formats=FORMATS) as image:
                ImageOps.exif_transpose(image, in_place=True)
                return _rgb(image)
    except UserError:
        raise
    except UnidentifiedImageError:
        reason = f"its first bytes {start[:12]!r} are of no {', '.join(FORMATS)}"
    except Exception as error:  # Pillow's readers of single formats do not agree on what they raise
        reason = str(error).strip()[:160] or type(error).__name__
    raise UserError(f"{file}: cannot be read; a whole image is needed ({reason})")


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        below = Image.new("RGBA", image.size, BACKGROUND)
        image = Image.alpha_composite(below, image.convert("RGBA"))
    return image.convert("RGB")


def short_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Height and width with the short side at ``size`` and the same proportions."""
    short = min(height, width)
    return round(height * size / short), round(width * size / short)


def middle(frames: Frames, size: int) -> Frames:
    """The middle square of ``[..., H, W, 3]``, as a copy of its own."""
    top, left = (frames.shape[-3] - size) // 2, (frames.shape[-2] - size) // 2
    return np.ascontiguousarray(frames[..., top : top + size, left : left + size, :])

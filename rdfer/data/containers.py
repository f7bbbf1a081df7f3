"""What a container tells without decoding: whether the file is whole, how large its pictures are.

Decoders read a cut-off file to its last whole packet and say nothing, or hang; a short video then
looks like a short expression. The sizes in the container tell in a few bytes.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rdfer.base.errors import UserError

MATROSKA = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
# kinds of the pieces that a Flash video is made of: sound, picture, data
FLV_TAGS = (8, 9, 18)
# first pieces of an MPEG-4 or QuickTime file
BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
# the transformation of a track that is shown as it is stored: neither turned nor mirrored
UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
# a larger index than this is not read into memory
LARGEST_INDEX = 1 << 26


def check_whole(path: Path) -> None:
    """Refuse a video file that is missing, empty, or shorter than its container says.

    MPEG-4 and QuickTime, AVI, Matroska and WebM, and Flash are checked; of other containers only
    that they are not empty.

    Raises:
        UserError: naming the file and what it lacks.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such video file or folder of frames")
    size = path.stat().st_size
    if size == 0:
        raise UserError(f"{path}: is empty (0 bytes); a whole video file is needed")
    with open(path, "rb") as file:
        start = file.read(12)
        if start[4:8] in BOXES:
            needed = _boxes_end(path, file, size)
        elif start[:4] == b"RIFF" and start[8:12] == b"AVI ":
            needed = 8 + int(struct.unpack("<I", start[4:8])[0])
        elif start[:4] == MATROSKA:
            needed = _segment_end(file, size)
        elif start[:3] == b"FLV":
            needed = size if _last_tag_is_whole(file, size) else size + 1
        else:
            return
    if needed > size:
        raise UserError(
            f"{path}: is cut off after {size} bytes; its container promises more, "
            "and a whole video file is needed"
        )


def picture_size(path: Path) -> tuple[int, int] | None:
    """Height and width of the pictures of a video in pixels, where the container tells them simply.

    Only MPEG-4 and QuickTime with one picture track that is not rotated, and AVI whose first
    stream is the pictures, are looked into.

    Returns:
        Height and width, or None: open the file with a decoder to know.
    """
    with open(path, "rb") as file:
        start = file.read(188)
        if start[4:8] in BOXES:
            return _mp4_size(_moov(file, path.stat().st_size))
        if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
            return _avi_size(start)
    return None


def _avi_size(start: bytes) -> tuple[int, int] | None:
    """From the first 188 bytes, where encoders put the headers of the file and its first stream."""
    tags = (start[24:28], start[88:92], start[100:104], start[108:112], start[164:168])
    if tags != (b"avih", b"LIST", b"strh", b"vids", b"strf") or len(start) < 188:
        return None
    width, height = struct.unpack("<ii", start[176:184])
    return (abs(height), width) if width > 0 and height else None


def _mp4_size(moov: bytes) -> tuple[int, int] | None:
    sizes = []
    for track in _boxes(moov, b"trak"):
        media = b"".join(_boxes(track, b"mdia"))
        if b"".join(_boxes(media, b"hdlr"))[8:12] != b"vide":
            continue
        table = b"".join(_boxes(b"".join(_boxes(media, b"minf")), b"stbl"))
        entries = b"".join(_boxes(table, b"stsd"))
        upright = b"".join(_boxes(track, b"tkhd"))[-44:-8] == UPRIGHT
        if not upright or entries[4:8] != b"\0\0\0\1" or len(entries) < 44:
            return None
        width, height = struct.unpack(">HH", entries[40:44])
        sizes.append((height, width))
    return sizes[0] if len(sizes) == 1 and math.prod(sizes[0]) else None


def _moov(file: IO[bytes], size: int) -> bytes:
    """The content of the box with the index of the frames; empty where there is none."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            length, head = int.from_bytes(file.read(8), "big"), 16
        if kind == b"moov" and length <= LARGEST_INDEX:
            return file.read(length - head)
        if length < head:
            break
        position += length
    return b""


def _boxes(content: bytes, kind: bytes) -> Iterator[bytes]:
    """The contents of the boxes of one kind that lie directly in ``content``."""
    position = 0
    while position + 8 <= len(content):
        length, found = struct.unpack(">I4s", content[position : position + 8])
        if length < 8:
            return
        if found == kind:
            yield content[position + 8 : position + length]
        position += length


def _boxes_end(path: Path, file: IO[bytes], size: int) -> int:
    """Where the last of the boxes that an MPEG-4 file consists of ends."""
    position, kinds = 0, set()
    while position + 8 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:  # the length follows in 64 bits
            length = int.from_bytes(file.read(8), "big")
        elif length == 0:  # up to the end of the file
            length = size - position
        if length < 8:
            raise UserError(f"{path}: is damaged at byte {position}; a whole video is needed")
        kinds.add(kind)
        position += length
    # the index of the frames often comes last, so a file cut exactly before it ends well
    return position if b"moov" in kinds or b"moof" in kinds else max(position, size + 1)


def _segment_end(file: IO[bytes], size: int) -> int:
    """Where the segment of a Matroska file ends; ``size`` where it does not say."""
    file.seek(4)
    try:
        file.seek(_variable_number(file) or 0, 1)
        if _exactly(file, 4) != SEGMENT:
            return size
        length = _variable_number(file)
    except EOFError:
        return size + 1
    return size if length is None else file.tell() + length


def _variable_number(file: IO[bytes]) -> int | None:
    """A Matroska length: leading zero bits say how many bytes it has; all ones mean unknown."""
    first = _exactly(file, 1)
    if first[0] == 0:
        return None
    more = 8 - first[0].bit_length()
    bits = 7 * (more + 1)
    value = int.from_bytes(first + _exactly(file, more), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _exactly(file: IO[bytes], count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError
    return content


def _last_tag_is_whole(file: IO[bytes], size: int) -> bool:
    """Whether the four last bytes of a Flash video are the length of the tag before them."""
    if size < 15:
        return False
    file.seek(size - 4)
    length = int.from_bytes(file.read(4), "big")
    if not 11 <= length <= size - 4:
        return False
    file.seek(size - 4 - length)
    tag = file.read(4)
    return tag[0] & 0x1F in FLV_TAGS and int.from_bytes(tag[1:4], "big") + 11 == length

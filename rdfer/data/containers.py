"""What kind of file a video is, and whether it is whole: told by its bytes, without decoding.

A name says nothing: a list of addresses called ``a.mp4`` would make a decoder read other files. So
the kind is decided here, from a short list, by the first bytes. Decoders read a cut-off file to its
last whole packet and say nothing, and a short video then looks like a short expression; the lengths
that most containers hold tell in a few bytes.
"""

import struct
from pathlib import Path
from typing import IO

from rdfer.base.errors import UserError

# what stands for a file that git lfs has not fetched
POINTER = b"version https://git-lfs"
UNFETCHED = "is a pointer of git lfs, not a video; run `git lfs pull`"
MATROSKA = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
# kinds of the pieces that a Flash video is made of: sound, picture, data
FLV_TAGS = (8, 9, 18)
# first pieces of an MPEG-4 or QuickTime file, and those that may follow
BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"pnot", b"uuid")
LATER_BOXES = (*BOXES, b"sidx", b"mfra", b"meta", b"udta", b"emsg", b"prft", b"PICT", b"pdin")
# where the mark of a packet of MPEG-TS stands, and its length; a video camera's has four bytes more
TS_PACKETS = ((0, 188), (4, 192))
KNOWN = "MP4, MOV, 3GP, MKV, WebM, AVI, FLV, WMV, MPEG, MPEG-TS, Ogg, GIF"


def check_whole(path: Path) -> str:
    """Refuse a file that is missing, empty, no video, or shorter than its container says.

    Whether it is whole is told of MPEG-4 and QuickTime, AVI, Matroska and WebM, Flash, ASF (WMV),
    Ogg and GIF; MPEG streams have no length, and of MPEG-TS the last packet is looked at. Bytes
    after the end are no fault.

    Returns:
        The kind of container, as FFmpeg calls its reader.

    Raises:
        UserError: naming the file and what it lacks.
    """
    if not path.is_file():
        what = "is no regular file" if path.exists() else "no such video file or folder of frames"
        raise UserError(f"{path}: {what}")
    size = path.stat().st_size
    if size == 0:
        raise UserError(f"{path}: is empty (0 bytes); a whole video file is needed")
    with open(path, "rb") as file:
        kind = _kind(path, file.read(400))
        ends = {
            "mov": _boxes_end,
            "avi": _riff_end,
            "matroska": _segment_end,
            "flv": _tags_end,
            "asf": _asf_end,
            "ogg": _pages_end,
            "gif": _gif_end,
            "mpegts": _last_packet_end,
        }
        try:
            needed = ends[kind](file, size) if kind in ends else size
        except EOFError:
            needed = size + 1
        except _Damaged as error:
            raise UserError(
                f"{path}: is damaged at byte {error}; a whole video is needed"
            ) from None
    if needed > size:
        raise UserError(
            f"{path}: is cut off after {size} bytes; its container promises more, "
            "and a whole video file is needed"
        )
    return kind


class _Damaged(Exception):
    """Lengths that cannot be, at this byte."""


def _kind(path: Path, start: bytes) -> str:
    if start.startswith(POINTER):
        raise UserError(f"{path}: {UNFETCHED}")
    beginnings = {
        MATROSKA: "matroska",
        b"FLV": "flv",
        ASF: "asf",
        b"OggS": "ogg",
        b"GIF87a": "gif",
        b"GIF89a": "gif",
        b"\0\0\1\xba": "mpeg",
        b"\0\0\1\xb3": "mpegvideo",
    }
    for beginning, kind in beginnings.items():
        if start.startswith(beginning):
            return kind
    if start[4:8] in BOXES:
        return "mov"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "avi"
    if any(start[first::step][:2] == b"GG" for first, step in TS_PACKETS):
        return "mpegts"
    raise UserError(
        f"{path}: cannot be decoded; its first bytes {start[:12]!r} are of no video that "
        f"is read ({KNOWN}); a whole video is needed"
    )


def _boxes_end(file: IO[bytes], size: int) -> int:
    """Where the last of the boxes that an MPEG-4 file consists of ends."""
    position, kinds = 0, set()
    while position + 8 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        whole = b"moov" in kinds and (b"mdat" in kinds or b"moof" in kinds)
        if whole and kind not in LATER_BOXES:
            return position  # what follows is none of it
        if length == 1:  # the length follows in 64 bits
            length = int.from_bytes(file.read(8), "big")
        elif length == 0:  # up to the end of the file
            length = size - position
        if length < 8:
            raise _Damaged(position)
        kinds.add(kind)
        position += length
    # the index of the frames often comes last, so a file cut exactly before it ends well
    return position if b"moov" in kinds or b"moof" in kinds else max(position, size + 1)


def _riff_end(file: IO[bytes], size: int) -> int:
    """Where the last of the lists that an AVI consists of ends: one, and more beyond a gigabyte."""
    end = 0
    while end + end % 2 + 12 <= size:
        file.seek(end + end % 2)
        name, length, kind = struct.unpack("<4sI4s", _exactly(file, 12))
        if end and (name, kind) != (b"RIFF", b"AVIX"):
            break  # what follows is none of it
        end += end % 2 + 8 + length
    return end


def _segment_end(file: IO[bytes], size: int) -> int:
    """Where the segment of a Matroska file ends; ``size`` where it does not say."""
    file.seek(4)
    file.seek(_variable_number(file) or 0, 1)
    if _exactly(file, 4) != SEGMENT:
        return size
    length = _variable_number(file)
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


def _tags_end(file: IO[bytes], size: int) -> int:
    """Where the last piece of a Flash video ends; each is followed by its length."""
    file.seek(5)
    position = int.from_bytes(_exactly(file, 4), "big") + 4
    file.seek(position)
    while position < size:
        if _exactly(file, 1)[0] & 0x1F not in FLV_TAGS:
            return position  # what follows is none of it
        length = 11 + int.from_bytes(_exactly(file, 3), "big")
        position += length + 4
        file.seek(position - 4)
        if int.from_bytes(_exactly(file, 4), "big") not in (length, 0):
            raise _Damaged(position - 4)
    return position


def _asf_end(file: IO[bytes], size: int) -> int:
    """Where the header and the data of a Windows Media file end."""
    position = 0
    while position + 24 <= size:
        file.seek(position)
        kind, length = struct.unpack("<16sQ", file.read(24))
        if length < 24:  # a broadcast, which does not know how long it will be
            return size
        position += length
        if kind == ASF_DATA:
            return position
    return size + 1


def _pages_end(file: IO[bytes], size: int) -> int:
    """Where the last page of an Ogg file ends; past ``size`` where none says that it is last."""
    file.seek(max(0, size - (1 << 17)))
    start, tail = file.tell(), file.read()
    at = tail.rfind(b"OggS")
    page = tail[at:]
    if at < 0 or len(page) < 27 or len(page) < 27 + page[26]:
        return size + 1
    last = page[5] & 4
    return start + at + 27 + page[26] + sum(page[27 : 27 + page[26]]) if last else size + 1


def _last_packet_end(file: IO[bytes], size: int) -> int:
    """Where the last packet of an MPEG-TS file ends; what follows and is none is not looked at."""
    file.seek(0)
    start = file.read(400)
    first, step = next((f, s) for f, s in TS_PACKETS if start[f::s][:2] == b"GG")
    file.seek(size - size % step + first)
    return size + 1 if file.read(1) == b"G" else size


def _gif_end(file: IO[bytes], size: int) -> int:
    """Where a GIF's last byte is, behind blocks of blocks."""
    file.seek(10)
    flags = _exactly(file, 3)[0]
    file.seek(3 << (flags & 7) + 1 if flags & 0x80 else 0, 1)
    while (mark := _exactly(file, 1)) != b";":
        if mark == b",":
            flags = _exactly(file, 9)[8]
            file.seek((3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1, 1)
        elif mark == b"!":
            _exactly(file, 1)
        else:
            raise _Damaged(file.tell() - 1)
        while length := _exactly(file, 1)[0]:
            file.seek(length, 1)
    return file.tell()

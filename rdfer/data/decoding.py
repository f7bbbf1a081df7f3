"""The pictures of a video file, in order and as they are meant to be seen: what is done by PyAV.

A file is decoded from its first frame to its last, in one thread, and of the frames those that are
wanted are converted. Nothing is skipped on the way: after a jump decoders give other frames than in
a full read (open groups of pictures, pictures that point forward). No other file is ever opened,
whatever a container refers to.
"""

import re
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation, VideoReformatter

from rdfer.base.errors import UserError, short
from rdfer.data.containers import check_whole
from rdfer.data.pictures import BACKGROUND, Frames, middle, short_side

# a larger picture is refused: it is a hostile file's, and memory is short
PIXELS = 1 << 26
# wider or narrower pixels than this are a broken header's
WIDEST = 8
# so many pictures a header may promise in vain: some encoders end on packets without any
SPARE = 2
# how HDR codes brightness: PQ, HLG
HDR = (16, 18)
CONVERT = "convert it, such as with: ffmpeg -i IN -c:v libx264 -crf 18 OUT.mp4"


class Taken(NamedTuple):
    """Pictures of a video file.

    Attributes:
        frames: those that were wanted, by number, uint8 ``[H, W, 3]``.
        total: how many there are in all.
        sizes: width and height that they had before they were scaled.
        notes: what is unusual about them.
    """

    frames: dict[int, Frames]
    total: int
    sizes: set[tuple[int, int]]
    notes: list[str]


def count(path: Path) -> int:
    """How many pictures a file has, by decoding it.

    Raises:
        UserError: as :func:`take`.
    """
    with _opened(path) as (container, stream, _):
        return sum(1 for _ in _pictures(path, container, stream, []))


def take(path: Path, choose: Callable[[int], Collection[int]], size: int | None) -> Taken:
    """Decode a file and keep some of its pictures.

    How many there are is known at its end. Till then the number of packets stands for it.

    Args:
        path: of the file.
        choose: from the number of packets to the numbers of pictures to keep, from 0; those that
            the file does not have are missing in what is returned.
        size: as :func:`rdfer.data.video.read_frames` has it.

    Raises:
        UserError: missing, empty, cut off, or not decodable; the message names the file.
    """
    total, damaged = 0, 0
    seen: list[tuple[bool, bool]] = []
    frames: dict[int, Frames] = {}
    sizes: set[tuple[int, int]] = set()
    notes: set[str] = set()
    converter = VideoReformatter()
    with _opened(path) as (container, stream, told):
        numbers = set(choose(max(1, _shown_packets(path, stream))))
        for number, frame in enumerate(_pictures(path, container, stream, seen)):
            if number == 0:
                ratio, turn = _ratio(stream, notes), _turn(frame, notes)
                _odd(frame, notes)
            if number in numbers:
                width, height = max(1, round(frame.width * ratio)), int(frame.height)
                sizes.add((width, height))
                picture = turn(_converted(frame, converter, width, height, size))
                frames[number] = picture.copy() if size is None else middle(picture, size)
            damaged += frame.is_corrupt
            total = number + 1
        # some packets of VP8 are there to be pointed at, and never shown
        held = 0 if stream.codec_context.name == "vp8" else len(seen)
        promised = max(held, stream.frames - SPARE) - sum(hidden for hidden, _ in seen)
    if promised > total:
        notes.add(f"its container promises {promised} frames; it holds {total}")
    if lacking := sum(corrupt for _, corrupt in seen):
        notes.add(f"packets that lack some of their bytes: {lacking}")
    if damaged:
        notes.add(f"frames that were damaged and mended by the decoder: {damaged}")
    if told:
        notes.add(f"FFmpeg says: {short(told[0][2].strip())}")
    return Taken(frames, total, sizes, sorted(notes))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any, list[tuple[int, str, str]]]]:
    """A container, its pictures' stream, and what FFmpeg says of errors; PyAV's are made ours."""
    kind = check_whole(path)
    codec, level, once = "video", av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # what was said of another file is said again
    try:
        with (
            av.logging.Capture() as told,
            path.open("rb") as file,
            av.open(file, format=kind, io_open=_refuse, metadata_errors="replace") as container,
        ):
            stream = _stream(path, container)
            codec = stream.codec_context.name
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"max_pixels": str(PIXELS)}
            yield container, stream, told
    except av.FFmpegError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(
            f"{path}: cannot be decoded as {codec}; a whole video is needed ({short(reason)})"
        ) from None
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(once)


def _refuse(url: str, flags: int, options: object) -> Any:
    raise PermissionError(f"refers to another file, {short(url)}")


def _stream(path: Path, container: Any) -> Any:
    """The stream that shows the video: the default one, the largest; no cover picture."""
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        held = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise UserError(f"{path}: has no pictures (holds {held}); a video is needed")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        av.logging.set_level(av.logging.INFO)  # else there is no description
        name = re.search(r"Video: (?:none \()?([^\s,]+)", container.dumps_format())
        raise UserError(
            f"{path}: its codec ({short(name[1] if name else 'no name')}) cannot be decoded here; "
            f"{CONVERT}"
        )
    default = av.stream.Disposition.default
    return max(known, key=lambda one: (bool(one.disposition & default), one.width * one.height))


def _shown_packets(path: Path, stream: Any) -> int:
    """How many packets there are that no edit list hides: by the index, or by going through."""
    if 0 < stream.frames <= len(stream.index_entries) + SPARE:
        return sum(not entry.is_discard for entry in stream.index_entries)
    with _opened(path) as (container, again, _):
        return sum(not packet.is_discard for packet in _packets(container, again))


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets of a stream; empty ones, which say that nothing has changed, are passed over."""
    return (packet for packet in container.demux(stream) if packet.size)


def _pictures(
    path: Path, container: Any, stream: Any, seen: list[tuple[bool, bool]]
) -> Iterator[Any]:
    """All pictures in order; of each packet ``seen`` gets whether it is hidden, and lacks bytes."""
    packet = None
    for packet in _packets(container, stream):
        seen.append((packet.is_discard, packet.is_corrupt))
        yield from stream.codec_context.decode(packet)
    if packet is not None and packet.is_corrupt:
        raise UserError(f"{path}: is cut off in its last frame; a whole video file is needed")
    # dropped pictures are empty packets, a few in most files and in a damaged one all of a part
    if stream.frames - len(seen) > max(SPARE, stream.frames // 10):
        raise UserError(
            f"{path}: cannot be decoded; of {stream.frames} frames that its container promises "
            f"{len(seen)} are there, and a whole video is needed"
        )
    # of MPEG-4 that has no picture to come, newer FFmpeg repeats the last one here if it is to stay
    if stream.codec_context.name != "mpeg4" or stream.codec_context.has_b_frames:
        yield from stream.codec_context.decode(None)


def _ratio(stream: Any, notes: set[str]) -> float:
    """Width of a pixel over its height."""
    ratio = float(stream.sample_aspect_ratio or 1)
    if not 1 / WIDEST <= ratio <= WIDEST:
        notes.add(f"pixels of {ratio:g}:1 were taken as square")
        return 1.0
    return ratio


def _turn(frame: Any, notes: set[str]) -> Callable[[Frames], Frames]:
    """What turns and mirrors pictures as the display matrix says.

    The matrix takes column p and row q to column ``a p + c q`` and row ``b p + d q``.
    """
    side_data = frame.side_data
    if Type.DISPLAYMATRIX not in side_data:
        return lambda picture: picture
    a, b, _, c, d = struct.unpack("=5i", bytes(side_data[Type.DISPLAYMATRIX])[:20])
    if 100 * max(abs(b), abs(c)) <= max(abs(a), abs(d)):
        return lambda picture: picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    if 100 * max(abs(a), abs(d)) <= max(abs(b), abs(c)):
        return lambda picture: picture.transpose(1, 0, 2)[
            :: -1 if b < 0 else 1, :: -1 if c < 0 else 1
        ]
    notes.add("to be turned by an angle that is no quarter; shown as it is stored")
    return lambda picture: picture


def _odd(frame: Any, notes: set[str]) -> None:
    if frame.interlaced_frame:
        notes.add("interlaced; both fields are shown in one picture")
    if frame.color_trc in HDR:
        notes.add("HDR; its brightness was not mapped")


def _converted(
    frame: Any, converter: VideoReformatter, width: int, height: int, size: int | None
) -> Frames:
    """A picture as an array ``[H, W, 3]``, scaled on the way; perhaps memory of the decoder's."""
    if size is not None:
        height, width = short_side(height, width, size)
    parts = frame.format.components
    channels = 4 if frame.format.name == "pal8" or any(part.is_alpha for part in parts) else 3
    converted = converter.reformat(
        frame,
        width=width,
        height=height,
        format="rgba" if channels == 4 else "rgb24",
        interpolation=Interpolation.BILINEAR,
        threads=1,
    )
    plane = converted.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    picture = rows[:height, : width * channels].reshape(height, width, channels)
    return picture if channels == 3 else _on_background(picture)


def _on_background(picture: Frames) -> Frames:
    """Colours of ``[H, W, 4]`` over the background, by their opacity of 255 parts."""
    opacity = picture[..., 3:].astype(np.uint16)
    below = np.array(BACKGROUND, np.uint16) * (255 - opacity)
    return ((picture[..., :3] * opacity + below + 127) // 255).astype(np.uint8)

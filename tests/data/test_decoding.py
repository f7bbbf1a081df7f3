"""What the pictures of a file mean: turned, mirrored, stretched, coloured; and what is refused."""

import itertools
import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.data.video import decode, n_frames, read_frames

HEIGHT, WIDTH, COUNT = 48, 64, 4
UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def ramp():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 3 + 20, y * 4 + 30, 200 - x - y], -1).astype(np.uint8)


def write(path, *, codec="libx264", pictures=None, pix_fmt="yuv420p", options=None, **stream_has):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        for name, value in stream_has.items():
            setattr(stream.codec_context, name, value)
        for t, picture in enumerate([ramp()] * COUNT if pictures is None else pictures):
            frame = picture
            if not isinstance(picture, av.VideoFrame):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = t, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def off(frames, expected):
    assert frames.shape[1:] == expected.shape
    return np.abs(frames.astype(int) - expected).mean()


def with_matrix(tmp_path, a, b, c, d):
    """A video whose track is to be shown through this matrix."""
    path = write(tmp_path / "a.mp4")
    content = path.read_bytes()
    at = content.index(UPRIGHT, content.index(b"tkhd"))
    numbers = [int(part * (1 << 16)) for part in (a, b, 0, c, d, 0, 0, 0, 0)][:8]
    matrix = struct.pack(">9i", *numbers, 1 << 30)
    path.write_bytes(content[:at] + matrix + content[at + len(matrix) :])
    return path


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ((1, 0, 0, 1), lambda p: p),
        ((-1, 0, 0, 1), lambda p: p[:, ::-1]),
        ((1, 0, 0, -1), lambda p: p[::-1]),
        ((-1, 0, 0, -1), lambda p: p[::-1, ::-1]),
        ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
        ((0, -1, 1, 0), lambda p: np.rot90(p)),
        ((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda p: p.transpose(1, 0, 2)[::-1, ::-1]),
    ],
)
def test_pictures_are_turned_and_mirrored_as_the_file_says(tmp_path, matrix, seen):
    path = with_matrix(tmp_path, *matrix)
    decoded = decode(path)
    assert off(decoded.frames, seen(ramp())) < 4 and decoded.note == ""
    small = seen(read_frames(write(tmp_path / "b.mp4"), [0], size=24)[0])
    np.testing.assert_array_equal(read_frames(path, [0], size=24)[0], small)


def test_a_turn_that_is_no_quarter_is_told(tmp_path):
    decoded = decode(with_matrix(tmp_path, 0.7071, 0.7071, -0.7071, 0.7071))
    assert "to be turned by an angle that is no quarter" in decoded.note
    assert off(decoded.frames, ramp()) < 4


@pytest.mark.parametrize(
    ("ratio", "width", "told"),
    [
        ((2, 1), 128, ""),
        ((8, 9), 57, ""),
        ((1, 1), 64, ""),
        ((1, 2), 32, ""),
        ((10, 1), 64, "10:1"),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pixels_become_square(tmp_path, ratio, width, told, suffix):
    path = write(tmp_path / f"a{suffix}", sample_aspect_ratio=Fraction(*ratio))
    decoded = decode(path)
    assert decoded.frames.shape == (COUNT, HEIGHT, width, 3)
    assert told in decoded.note and bool(told) == bool(decoded.note)


RANGES, MATRICES = (1, 2), (1, 5, 6, 9)  # limited, full; BT.709, two names of 601, BT.2020


@pytest.mark.parametrize(("limits", "matrix"), list(itertools.product(RANGES, MATRICES)))
def test_colours_are_those_of_the_files_matrix_and_range(tmp_path, limits, matrix):
    path = tmp_path / "a.mp4"
    frame = av.VideoFrame.from_ndarray(ramp(), format="rgb24").reformat(
        format="yuv444p", dst_colorspace=matrix if matrix != 6 else 5, dst_color_range=limits
    )
    frame.colorspace, frame.color_range = matrix, limits
    write(
        path,
        pictures=[frame] * COUNT,
        pix_fmt="yuv444p",
        options={"crf": "4", "colorspace": str(matrix), "color_range": str(limits)},
    )
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0))
    assert (stored.colorspace, stored.color_range) == (matrix, limits)
    assert off(read_frames(path), ramp()) < 2


def test_white_shows_through_what_is_transparent(tmp_path):
    half = np.dstack([ramp(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    half[:, WIDTH // 2 :, 3] = 51
    frames = [av.VideoFrame.from_ndarray(half, format="rgba") for _ in range(COUNT)]
    for frame in frames:
        frame.pts = None
    path = write(
        tmp_path / "a.mov", codec="png", pictures=frames, pix_fmt="rgba", options={"pred": "none"}
    )
    expected = ramp().astype(float)
    expected[:, WIDTH // 2 :] = 0.2 * expected[:, WIDTH // 2 :] + 0.8 * 255
    assert off(read_frames(path), expected.round()) < 1


def test_what_is_not_honoured_is_told(tmp_path):
    fields = write(tmp_path / "fields.mp4", options={"x264-params": "tff=1"})
    assert decode(fields).note == f"{fields}: interlaced; both fields are shown in one picture"
    bright = write(tmp_path / "bright.mp4", options={"x264-params": "transfer=arib-std-b67"})
    assert decode(bright).note == f"{bright}: HDR; its brightness was not mapped"


def test_a_recording_of_a_browser_has_no_length_and_is_read(tmp_path):
    path = tmp_path / "a.webm"
    with av.open(str(path), "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(COUNT):
            frame = av.VideoFrame.from_ndarray(ramp(), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        assert container.duration is None
    assert decode(path).total == COUNT and decode(path).note == ""


def test_a_codec_that_is_unknown_is_named_with_a_remedy(tmp_path):
    path = write(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"free"))
    with pytest.raises(UserError, match=r"a\.mp4: its codec \(zzzz\) .*; convert it, .*ffmpeg -i"):
        read_frames(path)


def test_sound_alone_is_told(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UserError, match=r"a\.mp4: has no pictures \(holds audio\)"):
        n_frames(path)


def alias(path):
    """The record by which an old QuickTime file refers to a file that holds its frames."""
    place = os.fsencode(path)
    place += b"\0" * (len(place) % 2)
    head = bytes(10) + bytes(1 + 27) + bytes(12) + bytes(1 + 63) + bytes(16) + bytes(4) + bytes(16)
    entry = head + struct.pack(">HH", 2, len(place)) + place + b"\xff\xff\0\0"
    return struct.pack(">I4sI", 12 + len(entry), b"alis", 0) + entry


def test_no_other_file_is_opened(tmp_path):
    outside = write(tmp_path / "outside.mov")
    inside = tmp_path / "inside.mov"
    content = outside.read_bytes()
    at = content.index(b"dref") + 12
    own, other = content[at : at + 12], alias(outside)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = content.index(kind) - 4
        length = int.from_bytes(content[place : place + 4], "big") + len(other) - len(own)
        content = content[:place] + length.to_bytes(4, "big") + content[place + 4 :]
    inside.write_bytes(content[:at] + other + content[at + len(own) :])
    with pytest.raises(UserError, match=r"inside\.mov: "):
        decode(inside)


@pytest.mark.parametrize(
    "name", [b"\xc4\xe3.mp4", "\u7b11.mp4".encode(), b"http:x.mp4", b"a\nb.mp4"]
)
def test_names_of_every_kind(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = write(tmp_path / "made.mp4")
    path = Path(os.fsdecode(name))
    made.rename(path)
    assert n_frames(path) == COUNT


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("rdfer.data.decoding.PIXELS", 1000)
    with pytest.raises(UserError, match=r"a\.mp4: cannot be decoded as h264"):
        read_frames(write(tmp_path / "a.mp4"))


def test_nothing_of_the_libraries_is_printed(tmp_path, capfd):
    path = write(tmp_path / "a.mkv", codec="mpeg4", options={"g": "2"})
    content = bytearray(path.read_bytes())
    capfd.readouterr()
    for at in range(400, len(content) - 20, 200):
        content[at : at + 8] = b"\xff" * 8
        path.write_bytes(content)
        try:
            decode(path)
        except UserError:
            pass
    assert capfd.readouterr() == ("", "")

import struct

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.containers import UPRIGHT, check_whole, picture_size
from rdfer.data.video import n_frames, read_frames


def write_video(path, codec, options=None, height=32, width=32):
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuv420p"
        for shift in range(8):
            numbers = np.arange(height * width * 3, dtype=np.uint8)
            picture = np.roll(numbers.reshape(height, width, 3), shift, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "options", "unseen"),
    [
        ("a.mp4", "libx264", {}, 0),
        ("a.mov", "libx264", {}, 0),
        # its index comes first: a cut between two boxes behind it leaves a well-formed file
        ("fast.mp4", "libx264", {"movflags": "faststart"}, 3 * 8),
        ("a.mkv", "libx264", {}, 0),
        ("a.avi", "mpeg4", {}, 0),
        # a cut between two frames leaves a well-formed file
        ("a.flv", "flv", {}, 12),
    ],
)
def test_every_place_of_a_cut_is_seen(tmp_path, name, codec, options, unseen):
    path = write_video(tmp_path / name, codec, options)
    check_whole(path)
    content = path.read_bytes()
    passed = []
    for size in reversed(range(len(content))):
        with open(path, "r+b") as file:
            file.truncate(size)
        try:
            check_whole(path)
        except UserError as error:
            assert str(path) in str(error) and "whole" in str(error)
        else:
            passed.append(size)
    # the first bytes alone do not tell what kind of file it is; the decoder refuses those
    assert len([size for size in passed if size >= 16]) <= unseen


def test_large_boxes_and_boxes_up_to_the_end(tmp_path):
    path = tmp_path / "a.mp4"
    start = struct.pack(">I4s", 8, b"ftyp") + struct.pack(">I4s", 8, b"moov")
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 100)
    path.write_bytes(start + large + bytes(100))
    check_whole(path)
    path.write_bytes(start + large + bytes(99))
    with pytest.raises(UserError, match="is cut off after 131 bytes"):
        check_whole(path)
    path.write_bytes(start + struct.pack(">I4s", 0, b"mdat") + bytes(5))
    check_whole(path)
    path.write_bytes(start + struct.pack(">I4s", 3, b"mdat") + bytes(5))
    with pytest.raises(UserError, match="is damaged at byte 16"):
        check_whole(path)


@pytest.mark.parametrize(("length", "whole"), [(b"\x85", True), (b"\x86", False), (b"\xff", True)])
def test_a_matroska_segment_may_leave_its_length_open(tmp_path, length, whole):
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x82ab" + b"\x18\x53\x80\x67" + length + bytes(5))
    if whole:
        check_whole(path)
    else:
        with pytest.raises(UserError, match="is cut off"):
            check_whole(path)


def test_other_files_are_left_to_the_decoder(tmp_path):
    path = tmp_path / "a.mpg"
    path.write_bytes(b"\x00\x00\x01\xba" + bytes(100))
    check_whole(path)


@pytest.mark.parametrize(
    ("name", "codec", "options", "told"),
    [
        ("a.mp4", "libx264", {}, True),
        ("a.mp4", "mpeg4", {}, True),
        ("fast.mp4", "libx264", {"movflags": "faststart"}, True),
        ("a.mov", "libx264", {}, True),
        ("a.avi", "mpeg4", {}, True),
        ("a.mkv", "libx264", {}, False),
        ("a.flv", "flv", {}, False),
    ],
)
def test_the_size_that_a_container_tells_is_that_of_the_pictures(
    tmp_path, name, codec, options, told
):
    path = write_video(tmp_path / name, codec, options, height=34, width=50)
    assert picture_size(path) == ((34, 50) if told else None)
    assert read_frames(path, [0]).shape[1:3] == (34, 50)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    return [write_video(folder / "a.mp4", "libx264"), write_video(folder / "a.avi", "mpeg4")]


def test_a_turned_video_is_left_to_the_decoder(tmp_path):
    path = write_video(tmp_path / "a.mp4", "libx264", height=34, width=50)
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    content = path.read_bytes()
    at = content.index(UPRIGHT, content.index(b"tkhd"))
    path.write_bytes(content[:at] + quarter + content[at + len(quarter) :])
    assert picture_size(path) is None
    assert read_frames(path, [0], size=16).shape == (1, 16, 16, 3) and n_frames(path) == 8


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_damage_never_fails_to_be_survived(data, videos, tmp_path_factory):
    content = bytearray(data.draw(st.sampled_from(videos)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    path = tmp_path_factory.mktemp("damaged") / "a"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    size = picture_size(path)
    assert size is None or min(size) > 0

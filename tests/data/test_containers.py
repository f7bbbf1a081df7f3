import os
import struct
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data.containers import check_whole
from rdfer.data.video import n_frames

VIDEOS = Path(__file__).parent / "videos"


def write_video(path, codec, options=None, height=32, width=32):
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = height, width
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for shift in range(8):
            numbers = np.arange(height * width * 3, dtype=np.uint8)
            picture = np.roll(numbers.reshape(height, width, 3), shift, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


KINDS = [
    ("a.mp4", "libx264", {}, 0),
    ("a.mov", "libx264", {}, 0),
    # its index comes first: a cut between two boxes behind it leaves a well-formed file
    ("fast.mp4", "libx264", {"movflags": "faststart"}, 3 * 8),
    ("a.mkv", "libx264", {}, 0),
    ("a.avi", "mpeg4", {}, 0),
    # a cut between two frames leaves a well-formed file
    ("a.flv", "flv", {}, 12),
    # an index may follow, which is of no need
    ("a.wmv", "wmv2", {}, 90),
    ("a.gif", "gif", {}, 0),
]


@pytest.mark.parametrize(("name", "codec", "options", "unseen"), KINDS)
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


def test_a_cut_of_ogg_is_seen(tmp_path):
    content = (VIDEOS / "theora.ogv").read_bytes()
    path = tmp_path / "a.ogv"
    for size in range(40, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(UserError, match="is cut off"):
            check_whole(path)


@pytest.mark.parametrize("junk", [b"\0" * 300, b"junk" * 50, b"\xff" * 7, b"<!-- a web page -->"])
@pytest.mark.parametrize(("name", "codec", "options", "unseen"), KINDS)
def test_bytes_after_the_end_are_no_fault(tmp_path, name, codec, options, unseen, junk):
    path = write_video(tmp_path / name, codec, options)
    path.write_bytes(path.read_bytes() + junk)
    check_whole(path)
    assert n_frames(path) == 8


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


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\1\xba", "mpeg"),
        (b"\0\0\1\xb3", "mpegvideo"),
        (b"G" + bytes(187) + b"G" + bytes(187) + b"G", "mpegts"),
        (bytes(4) + b"G" + bytes(191) + b"G" + bytes(191) + b"G", "mpegts"),
    ],
)
def test_streams_have_no_length_to_check(tmp_path, start, kind):
    path = tmp_path / "a.mp4"  # the name says nothing
    path.write_bytes(start + bytes(300))
    assert check_whole(path) == kind


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a pointer of git lfs"),
        (b"<!DOCTYPE html><title>Quota exceeded", "first bytes b'<!DOCTYPE ht' are of no video"),
        (b"#EXTM3U\nother.mp4\n", "are of no video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "are of no video"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", "are of no video"),
        (b"PK\3\4" + bytes(40), "are of no video"),
        (b"G", "are of no video"),
    ],
)
def test_what_is_no_video_is_told_by_its_first_bytes(tmp_path, content, told):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        check_whole(path)


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(UserError, match=r"a\.mp4: is no regular file"):
        check_whole(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").symlink_to("nowhere.mp4")
    with pytest.raises(UserError, match=r"b\.mp4: no such video file"):
        check_whole(tmp_path / "b.mp4")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    made = [write_video(folder / name, codec, options) for name, codec, options, _ in KINDS]
    return [path.read_bytes() for path in (*made, VIDEOS / "theora.ogv")]


@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_damage_never_fails_to_be_survived(data, videos, tmp_path_factory):
    content = bytearray(data.draw(st.sampled_from(videos)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    path = tmp_path_factory.mktemp("damaged") / "a"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(UserError):
        check_whole(path)


def test_a_transport_stream_that_ends_in_a_packet_is_cut_off(tmp_path):
    path = tmp_path / "a.ts"
    packet = b"G" + bytes(187)
    path.write_bytes(packet * 4)
    assert check_whole(path) == "mpegts"
    path.write_bytes(packet * 4 + b"bytes behind the end")
    assert check_whole(path) == "mpegts"
    path.write_bytes(packet * 4 + packet[:80])
    with pytest.raises(UserError, match="is cut off after 832 bytes"):
        check_whole(path)

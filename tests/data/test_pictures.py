import io
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.data.pictures import frame_files, list_frames, read_picture
from rdfer.data.video import decode, read_frames

# what the eight EXIF orientations mean, by what has to be done to see the picture upright
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda a: np.rot90(a),
}


def ramp(height=12, width=20):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 12, y * 20, x + y], -1).astype(np.uint8)


def folder_of(tmp_path, *names):
    for name in names:
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    "names",
    [
        ["1.jpg", "2.jpg", "10.jpg"],
        ["0.04.png", "0.08.png", "0.12.png", "0.2.png", "0.36.png"],
        ["0.jpg", "0.5.jpg", "1.jpg", "1.25.jpg", "10.125.jpg"],
        ["t0.5s.png", "t0.75s.png", "t10.png"],
        # counted: a clip's number, a point, a frame's
        ["1.8.jpg", "1.9.jpg", "1.10.jpg", "1.11.jpg", "2.1.jpg"],
        ["00001_00009.jpg", "00001_00010.jpg", "00002_00001.jpg"],
        ["2024.01.31.9.jpg", "2024.01.31.10.jpg"],
        ["9007199254740992.png", "9007199254740993.png"],
        ["frame (1).JPG", "frame (2).Jpeg", "frame (10).PNG"],
        ["img.jpg", "img (1).jpg", "img (2).jpg"],
        ["a.jpg", "b.jpg"],
    ],
)
def test_names_are_ordered_by_their_numbers(tmp_path, names):
    folder_of(tmp_path, *reversed(names))
    assert [file.name for file in frame_files(tmp_path)] == names


def test_hidden_files_and_those_of_file_managers_are_no_frames(tmp_path):
    folder_of(tmp_path, "1.jpg", "2.JPG")
    for name in ("._1.jpg", ".2.jpg", "Thumbs.db", ".DS_Store", "desktop.ini", "1.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / "3.jpg").mkdir()
    assert [file.name for file in frame_files(tmp_path)] == ["1.jpg", "2.JPG"]


@pytest.mark.parametrize(
    ("names", "taken", "told"),
    [
        (
            ["001.jpg", "001.png", "002.jpg", "002.png"],
            ["001.jpg", "002.jpg"],
            "001.png beside 001.jpg and 1 more",
        ),
        (
            ["001.jpg", "001 (1).jpg", "002.jpg"],
            ["001.jpg", "002.jpg"],
            "001 (1).jpg beside 001.jpg",
        ),
        (
            ["1.png", "1 - Copy.png", "1 copy 2.png"],
            ["1.png"],
            "1 - Copy.png beside 1.png and 1 more",
        ),
        (["1.jpg", "001.jpg", "2.jpg"], ["001.jpg", "2.jpg"], "1.jpg beside 001.jpg"),
        (["1.JPG", "1.jpeg"], ["1.JPG"], "1.jpeg beside 1.JPG"),
        (["left_1.png", "right_1.png"], ["left_1.png", "right_1.png"], ""),
        (
            ["frame1.jpg", "frame1 (2).png", "frame2.jpg"],
            ["frame1.jpg", "frame2.jpg"],
            "frame1 (2).png beside frame1.jpg",
        ),
    ],
)
def test_a_frame_that_is_there_twice_is_taken_once_and_told(tmp_path, names, taken, told):
    folder_of(tmp_path, *names)
    files, note = list_frames(tmp_path)
    assert [file.name for file in files] == taken
    assert note == (told and f"holds frames twice; passed over: {told}")
    decoded = decode(tmp_path)
    assert decoded.total == len(taken) and bool(decoded.note) == bool(told)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_turned_as_their_exif_data_say(tmp_path, turn, kind):
    exif = Image.Exif()
    exif[0x112] = turn
    more = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    Image.fromarray(ramp()).save(tmp_path / "1.jpg", kind, exif=exif, **more)
    seen = np.asarray(read_picture(tmp_path / "1.jpg")).astype(int)
    expected = TURNS[turn](ramp())
    assert seen.shape == expected.shape and np.abs(seen - expected).mean() < 6


def saved(tmp_path, image, kind="PNG", **more):
    image.save(tmp_path / "1.png", kind, **more)
    return read_frames(tmp_path)[0]


def test_grey_of_16_bits_is_seen_by_its_high_byte(tmp_path):
    values = np.arange(0, 65536, 300, dtype=np.uint16).reshape(1, -1)
    grey = saved(tmp_path, Image.fromarray(values))
    np.testing.assert_array_equal(grey, np.repeat((values >> 8)[..., None], 3, 2))


def test_palettes_and_bits(tmp_path):
    colours = Image.new("P", (2, 1))
    colours.putpalette([10, 20, 30, 200, 100, 0])
    colours.putpixel((1, 0), 1)
    assert saved(tmp_path, colours).tolist() == [[[10, 20, 30], [200, 100, 0]]]
    bits = Image.new("1", (2, 1))
    bits.putpixel((1, 0), 1)
    assert saved(tmp_path, bits).tolist() == [[[0] * 3, [255] * 3]]


def test_cmyk_is_seen_in_its_colours(tmp_path):
    red = saved(tmp_path, Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    assert np.abs(red.astype(int) - [255, 0, 0]).max() < 12


def test_white_shows_through_what_is_transparent(tmp_path):
    half = Image.new("RGBA", (1, 2), (200, 0, 100, 0))
    half.putpixel((0, 1), (200, 0, 100, 51))
    assert saved(tmp_path, half).tolist() == [[[255] * 3], [[244, 204, 224]]]
    assert saved(tmp_path, Image.new("LA", (1, 1), (7, 0))).tolist() == [[[255] * 3]]
    hole = Image.new("P", (2, 1))
    hole.putpalette([10, 20, 30, 200, 100, 0])
    hole.putpixel((1, 0), 1)
    assert saved(tmp_path, hole, transparency=1).tolist() == [[[10, 20, 30], [255] * 3]]
    assert saved(tmp_path, Image.new("RGB", (1, 1), (9, 9, 9)), transparency=(9, 9, 9)).max() == 255


def test_the_kind_of_a_picture_is_told_by_its_bytes(tmp_path):
    frames = {}
    for number, kind in enumerate(("BMP", "PNG", "WEBP"), start=1):
        more = {"lossless": True} if kind == "WEBP" else {}
        Image.fromarray(ramp()).save(tmp_path / f"{number}.jpg", kind, **more)
        frames[number] = ramp()
    np.testing.assert_array_equal(read_frames(tmp_path), list(frames.values()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", r"first bytes b'%!PS-Adobe-3' are"),
        (b"GIF89a" + bytes(40), "are of no JPEG, PNG, BMP, WEBP"),
        (b"II*\0" + bytes(40), "are of no JPEG"),
        (b"", "are of no JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "are of no JPEG"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of git lfs"),
    ],
)
def test_other_kinds_are_refused_before_anything_opens_them(tmp_path, content, told):
    (tmp_path / "1.jpg").write_bytes(content)
    with pytest.raises(UserError, match=rf"1\.jpg: cannot be read; .*{told}"):
        read_frames(tmp_path)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    Image.new("1", (40, 30)).save(tmp_path / "1.png")
    with pytest.raises(UserError, match=r"1\.png: cannot be read; .*decompression bomb"):
        read_frames(tmp_path)


def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.jpg")
    with pytest.raises(UserError, match=r"1\.jpg: cannot be read; it is no regular file"):
        read_frames(tmp_path)


def contents():
    exif = Image.Exif()
    exif[0x112] = 6
    for kind in ("JPEG", "PNG", "BMP", "WEBP"):
        more = {"exif": exif} if kind in ("JPEG", "PNG") else {}
        buffer = io.BytesIO()
        Image.fromarray(ramp()).save(buffer, kind, **more)
        yield buffer.getvalue()


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damage_is_one_line_or_a_picture(data, tmp_path_factory):
    content = bytearray(data.draw(st.sampled_from(list(contents()))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    file = tmp_path_factory.mktemp("damaged") / "1.jpg"
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert read_picture(file).mode == "RGB"
    except UserError as error:
        assert str(error).startswith(f"{file}: cannot be read; ")

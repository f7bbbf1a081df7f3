import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.data.bank import FrameBank, VideoFile
from rdfer.data.video import n_frames, read_frames
from rdfer.method.sampling import stored_indices


def pictures(n, h=32, w=48):
    """Smooth pictures that move: something that a lossy coder keeps."""
    y, x = np.mgrid[:h, :w]
    waves = [
        127 + 100 * np.sin((x + 2 * t) / 9 + c) * np.cos(y / 7) for t in range(n) for c in range(3)
    ]
    return np.stack(waves).reshape(n, 3, h, w).transpose(0, 2, 3, 1).astype(np.uint8)


def write_video(path, frames, codec="libx264", options=None, stream_options=None):
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = stream_options or {}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def decoded(path):
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def reduced(frame, size):
    """Short side to ``size``, middle square, by Pillow."""
    height, width = frame.shape[:2]
    short = min(height, width)
    height, width = round(height * size / short), round(width * size / short)
    small = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC))
    top, left = (height - size) // 2, (width - size) // 2
    return small[top : top + size, left : left + size]


def write_folder(folder, frames, name="{}.png"):
    folder.mkdir()
    for i, frame in enumerate(frames, start=1):
        Image.fromarray(frame).save(folder / name.format(i))
    return folder


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.flv", "flv")],
)
def test_equals_another_decoder(tmp_path, name, codec):
    path = write_video(tmp_path / name, pictures(30), codec)
    expected = decoded(path)
    assert n_frames(path) == 30
    got = read_frames(path)
    assert got.dtype == np.uint8 and got.shape == (30, 32, 48, 3)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("width", [16, 24, 32, 48, 50, 64, 72, 112])
def test_equals_another_decoder_at_every_width(tmp_path, width):
    # rows of some widths come out of the decoder with padding
    path = write_video(tmp_path / "a.mp4", pictures(12, 32, width))
    wanted = [11, 0, 5, 6, 6]
    np.testing.assert_array_equal(read_frames(path, wanted), decoded(path)[wanted])
    for frame, full in zip(read_frames(path, wanted, size=24), decoded(path)[wanted], strict=True):
        assert frame.shape == (24, 24, 3)
        assert np.abs(frame.astype(int) - reduced(full, 24)).mean() < 4


def test_frames_in_any_order_and_repeated(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(30))
    wanted = [29, 0, 7, 7, 3]
    np.testing.assert_array_equal(read_frames(path, wanted), decoded(path)[wanted])


def test_a_size_keeps_the_proportions_and_takes_the_middle(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(3, h=64, w=96))
    got = read_frames(path, size=32)
    assert got.shape == (3, 32, 32, 3)
    for frame, full in zip(got, decoded(path), strict=True):
        assert np.abs(frame.astype(int) - reduced(full, 32)).mean() < 3


def test_folders_sort_as_numbers(tmp_path):
    frames = pictures(12)
    folder = write_folder(tmp_path / "clip", frames)
    (folder / "Thumbs.db").write_bytes(b"")
    assert n_frames(folder) == 12
    np.testing.assert_array_equal(read_frames(folder), frames)
    np.testing.assert_array_equal(read_frames(folder, [10, 1]), frames[[10, 1]])


def test_padded_names_with_the_clips_number_sort_as_well(tmp_path):
    frames = pictures(11)
    folder = write_folder(tmp_path / "00001", frames, name="00001_{:05d}.png")
    np.testing.assert_array_equal(read_frames(folder), frames)


def test_grey_and_transparent_images_become_rgb(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    Image.new("L", (8, 8), 100).save(folder / "1.png")
    Image.new("RGBA", (8, 8), (100, 100, 100, 255)).save(folder / "2.png")
    np.testing.assert_array_equal(read_frames(folder), np.full((2, 8, 8, 3), 100))


def test_images_of_different_sizes_need_a_size(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "1.png")
    Image.new("RGB", (16, 16)).save(folder / "2.png")
    with pytest.raises(UserError, match="different sizes"):
        read_frames(folder)
    assert read_frames(folder, size=4).shape == (2, 4, 4, 3)


@pytest.mark.parametrize("wanted", [[30], [-1], []])
def test_nothing_is_clamped(tmp_path, wanted):
    path = write_video(tmp_path / "a.mp4", pictures(30))
    with pytest.raises(IndexError, match=r"a\.mp4: frames .* 0\.\.29"):
        read_frames(path, wanted)
    with pytest.raises(IndexError):
        read_frames(write_folder(tmp_path / "clip", pictures(3)), wanted)


def test_missing_and_empty_are_named(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all, only words")
    (tmp_path / "folder").mkdir()
    for name, rule in {
        "none.mp4": "no such video",
        "empty.mp4": "is empty",
        "text.mp4": "cannot be decoded",
        "folder": "holds no frames",
    }.items():
        for call in (n_frames, read_frames):
            with pytest.raises(UserError, match=rule) as caught:
                call(tmp_path / name)
            assert str(tmp_path / name) in str(caught.value)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),
        ("fast.mp4", "libx264", {"movflags": "faststart"}),
        ("a.mov", "libx264", {}),
        ("a.mkv", "libx264", {}),
        ("a.avi", "mpeg4", {}),
        ("a.flv", "flv", {}),
    ],
)
def test_a_file_cut_off_anywhere_is_refused(tmp_path, name, codec, options):
    path = write_video(tmp_path / name, pictures(20), codec, options)
    whole = path.stat().st_size
    for share in (0.05, 0.3, 0.5, 0.8, 0.95):
        cut = tmp_path / f"cut{share}{path.suffix}"
        cut.write_bytes(path.read_bytes()[: int(whole * share)])
        with pytest.raises(UserError, match=r"cut0.* whole video"):
            read_frames(cut)


def test_damage_inside_a_video_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(20), options={"movflags": "faststart"})
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3 : -20] = b"\xff" * (len(content) - 20 - len(content) * 2 // 3)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mp4: cannot be decoded"):
        read_frames(path)


def test_a_damaged_image_is_named(tmp_path):
    folder = write_folder(tmp_path / "clip", pictures(3), name="{}.jpg")
    image = folder / "2.jpg"
    os.truncate(image, image.stat().st_size // 2)
    with pytest.raises(UserError, match=r"2\.jpg: cannot be read"):
        read_frames(folder)


def test_of_a_file_evenly_spread_frames_are_taken(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(30, 32, 32))
    loaded = VideoFile("a", str(path)).load(32, 12)
    assert loaded.total == 30
    np.testing.assert_array_equal(loaded.frames, read_frames(path)[stored_indices(30, 12)])


def test_a_file_shorter_than_what_is_stored_gives_each_frame_once(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(5, 32, 32))
    loaded = VideoFile("a", str(path)).load(32, 12)
    assert len(loaded.frames) == loaded.total == 5
    bank = FrameBank.build(tmp_path / "bank", [path], size=32, frames=12, workers=0)
    assert bank.ids == (str(path),) and bank.counts.tolist() == [5]
    expected = read_frames(path)[stored_indices(5, 12)]
    np.testing.assert_array_equal(bank.gather([0], [np.arange(12)])[0], expected)


def test_the_key_of_a_file_changes_with_it(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(5))
    folder = write_folder(tmp_path / "clip", pictures(3))

    def keys():
        paths = (path, folder, tmp_path / "none")
        return {VideoFile("a", str(path)).key for path in paths}

    before = keys()
    assert len(before) == 3 and keys() == before
    os.utime(path, ns=(1, 1))
    (folder / "3.png").unlink()
    assert len(keys() & before) == 1


def test_a_bank_of_videos_names_those_it_cannot_read(tmp_path):
    good = write_video(tmp_path / "a.mp4", pictures(5))
    (tmp_path / "b.mp4").touch()
    files = [good, tmp_path / "b.mp4", tmp_path / "c.mp4"]
    with pytest.raises(UserError, match=r"b\.mp4: is empty .*\(1 more cannot be read\)$"):
        FrameBank.build(tmp_path / "bank", files, size=16, workers=2)
    assert not (tmp_path / "bank").exists()


def test_one_module_decodes():
    package = Path(read_frames.__code__.co_filename).parent
    users = [f.name for f in package.rglob("*.py") if "import av" in f.read_text()]
    assert users == ["decoding.py"]

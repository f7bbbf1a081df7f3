"""Every codec and container: frames that are picked equal those of a full read, and of ffmpeg."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rdfer.data.video import decode, n_frames
from rdfer.method.sampling import stored_indices

COUNT, WIDTH, HEIGHT = 24, 64, 48
HERE = Path(__file__).parent / "videos"

# name of the file, codec, its options
WRITTEN = {
    "closed.mp4": ("libx264", {"g": "12", "bf": "2"}),
    "open.mp4": ("libx264", {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0"}),
    "open.mkv": ("libx264", {"x264-params": "open-gop=1:keyint=8:bframes=3:b-adapt=0"}),
    "fields.mp4": ("libx264", {"x264-params": "tff=1:keyint=10"}),
    "refresh.mp4": ("libx264", {"x264-params": "intra-refresh=1:keyint=10"}),
    "fragments.mp4": ("libx264", {"bf": "2", "g": "10"}),
    "h264.mov": ("libx264", {"bf": "2", "g": "10"}),
    "h264.avi": ("libx264", {"bf": "2", "g": "10"}),
    "h264.flv": ("libx264", {"bf": "2", "g": "10"}),
    "h264.ts": ("libx264", {"bf": "2", "g": "10"}),
    "h264.mts": ("libx264", {"bf": "2", "g": "10"}),
    "h264.mpg": ("libx264", {"bf": "2", "g": "10"}),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=8:bframes=3:open-gop=1:log-level=none"}),
    "hevc.mkv": ("libx265", {"x265-params": "keyint=8:bframes=3:open-gop=1:log-level=none"}),
    "hevc.ts": ("libx265", {"x265-params": "keyint=8:bframes=3:open-gop=0:log-level=none"}),
    "mpeg1.mpg": ("mpeg1video", {"bf": "2", "g": "9"}),
    "mpeg2.mpg": ("mpeg2video", {"bf": "2", "g": "9"}),
    "mpeg2.mkv": ("mpeg2video", {"bf": "2", "g": "9"}),
    "mpeg2.ts": ("mpeg2video", {"bf": "2", "g": "9"}),
    "mpeg4.mp4": ("mpeg4", {"bf": "2", "g": "9"}),
    "mpeg4.avi": ("mpeg4", {"bf": "2", "g": "9"}),
    "mpeg4.mkv": ("mpeg4", {"bf": "2", "g": "9"}),
    "msmpeg4.avi": ("msmpeg4", {"g": "9"}),
    "motion.avi": ("mjpeg", {}),
    "motion.mov": ("mjpeg", {}),
    "vp8.webm": ("libvpx", {"auto-alt-ref": "1", "lag-in-frames": "10", "g": "12"}),
    "vp9.webm": ("libvpx-vp9", {"auto-alt-ref": "1", "lag-in-frames": "10", "g": "12"}),
    "flash.flv": ("flv", {"g": "9"}),
    "media.wmv": ("wmv2", {"g": "9"}),
    "av1.mp4": ("libsvtav1", {"preset": "12", "svtav1-params": "keyint=12"}),
    "av1.mkv": ("libsvtav1", {"preset": "12", "svtav1-params": "keyint=12"}),
    "still.gif": ("gif", {}),
    "lossless.mkv": ("ffv1", {}),
    "prores.mov": ("prores_ks", {}),
}
FORMATS = {"motion": "yuvj420p", "still": "rgb8", "prores": "yuv422p10le"}
# what no encoder here writes: XviD with pictures that point forward, Theora; and an edit list that
# hides the first 20 pictures
HELD = sorted(path.name for path in HERE.glob("*.*"))


def pictures(count=COUNT):
    """Pictures of which no two are alike: a bright square on its way over a gradient."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    shown = np.stack([x * 2, y * 3, (x + y) * 2], -1).astype(np.uint8)[None].repeat(count, 0)
    for t, picture in enumerate(shown):
        top, left = 6 * (t * 7 % 6), 4 * (t * 5 % 13)
        picture[top : top + 16, left : left + 16] = 60 + 195 * (t % 2)
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


def written(folder, name):
    """A video; of times that are not even where the container can hold them."""
    path = folder / name
    if path.exists():
        return path
    codec, options = WRITTEN[name]
    stem, suffix = path.stem, path.suffix
    more = {"movflags": "frag_keyframe+empty_moov"} if stem == "fragments" else {}
    with av.open(str(path), "w", options=more) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = FORMATS.get(stem, "yuv420p")
        stream.codec_context.thread_count = 1
        for t, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 25), t
            if suffix == ".mkv":
                frame.pts = t + t * t // 4
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def in_full(path):
    with av.open(str(path)) as container:
        # an empty packet says that nothing has changed; PyAV takes it for the end
        packets = [packet for packet in container.demux(video=0) if packet.size]
        frames = [frame for packet in packets for frame in packet.decode()]
        frames += container.streams.video[0].codec_context.decode(None)
        return np.stack([frame.to_ndarray(format="rgb24") for frame in frames])


@pytest.mark.parametrize("name", [*WRITTEN, *HELD])
def test_frames_that_are_picked_are_those_of_a_full_read(folder, name):
    path = HERE / name if name in HELD else written(folder, name)
    expected = in_full(path)
    assert n_frames(path) == len(expected) and (name in HELD or len(expected) == COUNT)
    for count in (7, 16):
        taken = decode(path, lambda n, count=count: stored_indices(n, count))
        assert taken.total == len(expected)
        np.testing.assert_array_equal(taken.frames, expected[stored_indices(len(expected), count)])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
@pytest.mark.parametrize("name", [*WRITTEN, *HELD])
def test_frames_are_those_that_ffmpeg_writes(folder, name):
    path = HERE / name if name in HELD else written(folder, name)
    command = ["ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-pix_fmt", "rgb24"]
    run = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, capture_output=True)
    frames = decode(path).frames
    expected = np.frombuffer(run.stdout, np.uint8).reshape(-1, *frames.shape[1:])
    assert len(frames) == len(expected)
    # decoders of two versions; neighbours differ by more than 5
    assert np.abs(frames.astype(int) - expected).mean((1, 2, 3)).max() < 2

"""Clips as files: every container and kind of frames that official layouts hold, whole or amiss."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frames = NDArray[np.uint8]
FPS = 25
#: By suffix: the codec, and what keeps its losses small.
CODECS = {
    ".mp4": ("libx264", {"crf": "12"}),
    ".avi": ("mpeg4", {"qmin": "1", "qmax": "2"}),
    ".flv": ("flv", {"qmin": "1", "qmax": "2"}),
}
# a picture of MPEG-4 that says: the same as the one before; a decoder gives none for it
NOTHING_NEW = b"\0\0\1\xb6\x50\xc0\x7f"


def write_video(path: Path, frames: Frames, *, promised: int = 0) -> Path:
    """A video; one that promises more frames than it holds is MPEG-4, and ends on empty packets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec, options = CODECS[".avi"] if promised else CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
        for number in range(len(frames), promised):
            packet = av.Packet(NOTHING_NEW)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            container.mux(packet)
    return path


def write_frames(folder: Path, frames: Frames, name: str, *, side: int = 0) -> Path:
    """A folder of frames; ``name`` has a place ``{t}`` for their numbers from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, frame in enumerate(frames, start=1):
        image = Image.fromarray(frame)
        if side:
            image = image.resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / name.format(t=t), quality=95)
    return folder

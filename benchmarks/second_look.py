"""A video as the program ffmpeg decodes it, beside our frames of it."""

import subprocess
from pathlib import Path

import numpy as np

from rdfer.base.errors import UserError
from rdfer.data.containers import check_whole
from rdfer.data.video import decode

#: A picture of the second decoder may differ so much on average; neighbours differ by more.
DIFFERENCE = 2.0


def second_look(path: str) -> str:
    """A video by the program ffmpeg beside our frames of it.

    Returns:
        ``good``; ``differ``: equally many frames, neither says a word, and they are not alike (a
        flipped bit in a format without checksums); or what ffmpeg tells and we do not.
    """
    try:
        frames = decode(path).frames
    except UserError as error:  # frames of several sizes, where no size is given
        return "good" if "give a size" in str(error) else f"refused: {error}"
    height, width = frames.shape[1:3]
    command = ["ffmpeg", "-v", "repeat+error", "-nostdin", "-threads", "1"]
    command += ["-f", check_whole(Path(path)), "-i", path, "-fps_mode", "passthrough"]
    command += ["-vf", f"scale={width}:{height}:flags=bilinear"]  # where pixels are not square
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    run = subprocess.run(command, capture_output=True, check=False)
    lines = run.stderr.decode(errors="replace").splitlines()
    # what the writer says of times; and of bytes behind the end of a GIF
    told = [line for line in lines if "[rawvideo" not in line and "block label" not in line]
    if run.returncode or told:
        return f"ffmpeg: {told[-1:]}"
    if len(run.stdout) != frames.size:
        return f"ffmpeg has {len(run.stdout) / frames[0].size:g} frames, we have {len(frames)}"
    other = np.frombuffer(run.stdout, np.uint8).reshape(frames.shape)
    difference = np.abs(frames.astype(int) - other).mean((1, 2, 3)).max()
    return "good" if difference < DIFFERENCE else "differ"

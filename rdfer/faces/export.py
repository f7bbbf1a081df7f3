"""Write synthetic videos as real files, in the layouts in which data sets come.

``truth.json`` lies at the root of every export; nothing else in the tree tells the truth.
"""

import errno
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.base.files import no_space
from rdfer.base.progress import progress
from rdfer.data.manifest import CLASSES
from rdfer.faces.sample import VIDEO_MS, Sample
from rdfer.faces.truth import rows, save_rows
from rdfer.faces.video import render_sample

Frames = NDArray[np.uint8]
Layout = Literal["plain", "folders", "dfew", "dfew-frames", "ferv39k"]
LAYOUTS: tuple[str, ...] = get_args(Layout)

FOLDS = 5
#: Quality of H.264 (0 lossless .. 51) and of JPEG (..95): hardly visible losses.
CRF, JPEG_QUALITY = "18", 92
_SCENES = ("Argue", "Crime", "DailyLife", "School")


def export(
    samples: Sequence[Sample],
    out: str | Path,
    *,
    layout: str = "plain",
    size: int = 112,
    fps: int | None = None,
    given: Mapping[str, str] | None = None,
) -> None:
    """Render ``samples`` into a new folder ``out``.

    The layouts: ``plain`` (``videos/<id>.mp4``), ``folders`` (``<class>/<id>.mp4``), ``dfew``
    (``Clip/original/1.mp4`` and the split files of five folds), ``dfew-frames`` (JPEG frames in
    ``Clip/clip_224x224/00001/``, same split files) and ``ferv39k`` (JPEG frames by scene and
    class, ``4_setups/All_scenes/*.csv``). No person is in two folds; test videos of FERV39k are
    those of the test split, or of the first fold where there is but one split.

    Args:
        samples: the videos.
        out: a folder that does not exist or is empty; it appears when all is written.
        layout: one of :data:`LAYOUTS`.
        size: side of the frames in pixels; even for videos.
        fps: frames a second; by default a video lasts 2.56 s.
        given: given label of each id, where labels carry noise; else the true one.

    Raises:
        UserError: ``out`` holds something, an argument is out of range, or the device is full.
    """
    out = Path(out)
    _check(samples, out, layout, size)
    labels = given or {sample.id: sample.label for sample in samples}
    out.parent.mkdir(parents=True, exist_ok=True)
    # written beside and renamed, so that a broken export never looks like a whole one
    work = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        files = _files(samples, labels, layout)
        for sample in progress(samples, label="export"):
            frames = render_sample(sample, size)
            rate = fps or max(1, round(len(frames) * 1000 / VIDEO_MS))
            _write(work / files[sample.id], frames, rate)
        if layout.startswith("dfew"):
            _write_dfew(work, samples, labels)
        elif layout == "ferv39k":
            _write_ferv39k(work, samples, labels, files)
        save_rows(work / "truth.json", rows(samples, files=files, given=labels))
        work.chmod(0o755)
        if out.exists():
            out.rmdir()
        os.replace(work, out)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(out) from error
        raise


def folds(samples: Sequence[Sample]) -> dict[str, int]:
    """Fold 1..5 of each id: people stay together, classes are spread as evenly as that allows."""
    people: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        people[sample.identity].append(sample)
    held = [Counter[str]() for _ in range(FOLDS)]
    out: dict[str, int] = {}
    for group in people.values():
        shown = Counter(sample.label for sample in group)

        def crowd(k: int, shown: Counter[str] = shown) -> tuple[int, int]:
            return sum(held[k][name] * n for name, n in shown.items()), held[k].total()

        best = min(range(FOLDS), key=crowd)
        held[best] += shown
        out |= {sample.id: best + 1 for sample in group}
    return out


def write_video(path: Path, frames: Frames, *, fps: int) -> None:
    """Encode frames as H.264 in MP4, one thread, 4:2:0.

    Args:
        path: ends in ``.mp4``.
        frames: uint8 [T, H, W, 3] with even H and W.
        fps: frames a second.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": CRF})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def _check(samples: Sequence[Sample], out: Path, layout: str, size: int) -> None:
    if layout not in LAYOUTS:
        raise UserError(f"layout = {layout!r}: must be one of {LAYOUTS}")
    if not samples:
        raise UserError("samples = 0: there is nothing to export")
    if layout in ("plain", "folders", "dfew") and size % 2:
        raise UserError(f"size = {size!r}: must be even, as H.264 halves the colour planes")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"out = '{out}': exists and is not an empty folder")


def _files(samples: Sequence[Sample], labels: Mapping[str, str], layout: str) -> dict[str, str]:
    """Path of each id below the root: a video, or a folder of frames."""
    name: Mapping[str, Callable[[int, Sample], str]] = {
        "plain": lambda k, s: f"videos/{s.id}.mp4",
        "folders": lambda k, s: f"{labels[s.id]}/{s.id}.mp4",
        "dfew": lambda k, s: f"Clip/original/{k}.mp4",
        "dfew-frames": lambda k, s: f"Clip/clip_224x224/{k:05d}",
        "ferv39k": lambda k, s: (
            f"2_ClipsforFaceCrop/{_SCENES[s.identity % len(_SCENES)]}/{labels[s.id]}/{k:04d}"
        ),
    }
    return {sample.id: name[layout](k, sample) for k, sample in enumerate(samples, start=1)}


def _write(path: Path, frames: Frames, fps: int) -> None:
    if path.suffix == ".mp4":
        write_video(path, frames, fps=fps)
        return
    path.mkdir(parents=True)
    # DFEW repeats the folder's name in its frames; FERV39k's names are read in numeric order
    prefix = f"{path.name}_" if path.parent.name == "clip_224x224" else ""
    for t, frame in enumerate(frames, start=1):
        Image.fromarray(frame).save(path / f"{prefix}{t:05d}.jpg", quality=JPEG_QUALITY)


def _write_dfew(root: Path, samples: Sequence[Sample], labels: Mapping[str, str]) -> None:
    """``set_1.csv`` .. ``set_5.csv``: plain numbers, labels from 1, as DFEW has them."""
    fold = folds(samples)
    for part in ("train", "test"):
        folder = root / "EmoLabel_DataSplit" / f"{part}(single-labeled)"
        folder.mkdir(parents=True)
        for k in range(1, FOLDS + 1):
            lines = ["video_name,label"] + [
                f"{number},{CLASSES.index(labels[sample.id]) + 1}"
                for number, sample in enumerate(samples, start=1)
                if (fold[sample.id] == k) == (part == "test")
            ]
            (folder / f"set_{k}.csv").write_text("\n".join(lines) + "\n")


def _write_ferv39k(
    root: Path, samples: Sequence[Sample], labels: Mapping[str, str], files: Mapping[str, str]
) -> None:
    """``train_All.csv`` and ``test_All.csv``: no header, path and class with a space between."""
    tested = {sample.id for sample in samples if sample.split == "test"}
    if len(tested) in (0, len(samples)):
        fold = folds(samples)
        tested = {sample.id for sample in samples if fold[sample.id] == 1}
    folder = root / "4_setups" / "All_scenes"
    folder.mkdir(parents=True)
    for part in ("train", "test"):
        lines = [
            f"{files[sample.id].partition('/')[2]} {labels[sample.id]}\n"
            for sample in samples
            if (sample.id in tested) == (part == "test")
        ]
        (folder / f"{part}_All.csv").write_text("".join(lines))

"""From the videos of a manifest to a bank, with an account of those that cannot be read.

A bank that was made here is a directory that stands for itself::

    frames.npy, index.json    the frames, see rdfer.data.stored
    manifest.json             the videos that were asked for, with the frames that each has
    unreadable.csv            id, path and reason of the videos that are not in the bank, if any

All folds of a data set share one bank: it holds every video once, and does not depend on
which part a video is in.
"""

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from rdfer.base.files import as_cell, write_atomic
from rdfer.base.progress import log
from rdfer.data.bank import FrameBank, VideoFile
from rdfer.data.manifest import Manifest
from rdfer.data.stored import INDEX

MANIFEST = "manifest.json"
UNREADABLE = "unreadable.csv"
# so many videos are named one by one in the printed report
NAMED = 5


@dataclass(frozen=True)
class Ingested:
    """What came of it.

    Attributes:
        bank: the finished bank.
        manifest: as given, with ``n_frames`` of every video as decoded, 0 for unreadable ones.
    """

    bank: FrameBank
    manifest: Manifest

    def lines(self) -> list[str]:
        """The report for people, unreadable videos first."""
        bank, asked = self.bank, len(self.manifest)
        told: list[str] = []
        if bank.unreadable:
            told.append(
                f"{len(bank.unreadable)} of {asked} videos cannot be read: {bank.path / UNREADABLE}"
            )
            told += _first(list(bank.unreadable.values()))
        if bank.notes:
            told.append(f"unusual, but read: {len(bank.notes)} of {asked} videos")
            told += _first(list(bank.notes.values()))
        told.append(
            f"{bank.path}: {len(bank)} videos of {bank.frames} frames, {bank.size} px, "
            f"checksum {bank.checksum[:16]}"
        )
        return told


def ingest(
    manifest: Manifest,
    out: str | Path,
    *,
    size: int = 128,
    frames: int = 64,
    workers: int | None = None,
    timeout: float = 60.0,
    skip_frames: bool = False,
) -> Ingested:
    """Build the bank of a manifest's videos, or what is missing of it.

    Can be cut off at any point; the same call goes on from there and ends with the same bank.
    Unreadable videos are left out, and are tried again by a call that goes on.

    Args:
        manifest: the videos; paths are video files or folders of frames.
        out: directory of the bank: new, empty, or begun with the same videos and settings.
        size: side of a stored frame in pixels; 128 leaves room for random crops of 112.
        frames: stored of each video, ``floor(n i / frames)``; a shorter one repeats its own.
        workers: processes that decode; ``None`` takes the usable cores, 0 this process, which
            then cannot give a video up.
        timeout: seconds after which a video that does not load is given up.
        skip_frames: of folders of frames, whether a picture that cannot be read is left out and
            noted; otherwise the video is unreadable.

    Raises:
        UserError: no video can be read, ``out`` holds something else, a number is out of range, or
            no space is left.
    """
    out = Path(out)
    # the order of a fold's lists must not matter: all folds share the bank
    videos = sorted(manifest.videos, key=lambda video: video.id)
    if not (out / INDEX).exists():
        need = len(videos) * frames * size**2 * 3
        log(f"frames: {len(videos)} videos need {need / 1e9:.1f} GB{_free(out)}")
    bank = FrameBank.build(
        out,
        [VideoFile(video.id, video.path, skip_frames) for video in videos],
        size=size,
        frames=frames,
        workers=workers,
        timeout=timeout,
        skip_unreadable=True,
        replace=False,
    )
    counts = dict(zip(bank.ids, bank.counts.tolist(), strict=True))
    counted = tuple(replace(video, n_frames=counts.get(video.id, 0)) for video in manifest.videos)
    done = Ingested(bank, replace(manifest, videos=counted))
    done.manifest.save(out / MANIFEST)
    _write_unreadable(done)
    return done


def _free(out: Path) -> str:
    """How much space there is where the bank will be, as words."""
    there = next((folder for folder in out.absolute().parents if folder.exists()), None)
    return "" if there is None else f", {shutil.disk_usage(there).free / 1e9:.1f} GB are free"


def _write_unreadable(done: Ingested) -> None:
    file = done.bank.path / UNREADABLE
    if not done.bank.unreadable:
        file.unlink(missing_ok=True)
        return
    paths = {video.id: video.path for video in done.manifest.videos}
    with write_atomic(file, "w") as opened:
        rows = csv.writer(opened, lineterminator="\n")
        rows.writerow(("id", "path", "reason"))
        for id, reason in done.bank.unreadable.items():
            rows.writerow(map(as_cell, (id, paths[id], reason)))


def _first(lines: list[str]) -> list[str]:
    more = [f"  and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
    return [f"  {line}" for line in lines[:NAMED]] + more

"""Rendered faces as the clips of a tree in an official layout, with what archives have amiss.

A layout is a template for the paths of its clips, and a function that casts them and writes its
lists; those that there are stand in :mod:`tests.datasets.layouts`. Amiss are a clip shorter than
the others, one that is a file of no bytes (or holds one), and one broken in the way of its kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rdfer.data.manifest import CLASSES
from rdfer.datasets import DATASETS
from rdfer.datasets.dataset import DataSet, Known
from rdfer.faces.scenario import make_split
from rdfer.faces.video import render_sample
from tests.datasets.clips import Frames, write_frames, write_video

SIZE, LENGTH = 64, 16
#: What the faces show for classes that they do not have.
SHOWN = {
    "Calm": "Neutral",
    "Contempt": "Disgust",
    "Anxiety": "Fear",
    "Helplessness": "Sad",
    "Disappointment": "Sad",
}


@dataclass(frozen=True)
class Item:
    """One clip of a tree: what its manifest should say, and what its file holds.

    ``names`` fill in the template of the path. ``amiss`` is "" for a whole clip of
    :data:`LENGTH` frames; "short"; "promising" for a video that promises a frame more than it
    holds, which is read; "no bytes" and "broken" for those that cannot be read. ``count`` is how
    many frames there are to read.
    """

    id: str
    label: str
    split: str = ""  # of fold 1, "" where folds are drawn
    group: str = ""
    votes: tuple[int, ...] | None = None
    names: Mapping[str, Any] = field(default_factory=dict)
    amiss: str = ""
    path: str = ""
    frames: Frames | None = field(default=None, repr=False)
    count: int = 0


@dataclass(frozen=True)
class Layout:
    """A layout of a data set; ``notes`` is all that `rdfer check` notes, by what it looks at."""

    dataset: str
    path: str
    cast: Callable[[Path], list[Item]]
    notes: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    short: int = 11
    side: int = 0  # pixels of stored frames, 0: as rendered

    @property
    def kind(self) -> str:
        """mp4, avi, flv, or "" for folders of frames."""
        return "" if "{t" in self.path else self.path.rpartition(".")[2]

    @property
    def reasons(self) -> dict[str, str]:
        """Why a video that is amiss cannot be read, as ingesting tells it."""
        if not self.kind:
            return {"no bytes": "cannot be read; a whole image", "broken": "holds no frames"}
        broken = "is cut off" if self.kind == "flv" else "cannot be decoded"
        return {"no bytes": "is empty (0 bytes)", "broken": broken}


@cache
def _samples() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in CLASSES}
    for sample in make_split("development", "test", 15 * len(CLASSES), frames=LENGTH):
        found[sample.label].append(sample)
    return found


@cache
def film(label: str, take: int) -> Frames:
    """A rendered video of a class; no two classes or takes share one."""
    sharing = [name for name in SHOWN if SHOWN[name] == SHOWN.get(label)]
    turn = sharing.index(label) + 1 if sharing else 0
    return render_sample(_samples()[SHOWN.get(label, label)][take + 5 * turn], SIZE)


def plant(root: Path, layout: Layout) -> list[Item]:
    """Write a tree; returns its clips with their paths and frames, None where they are amiss."""
    takes: dict[str, int] = {}
    planted = []
    for item in layout.cast(root):
        take = takes[item.label] = takes.get(item.label, -1) + 1
        frames = film(item.label, take)[: layout.short if item.amiss == "short" else LENGTH]
        names = {**item.names, "t": "{t}", "tt": "{t:05d}"}
        path, count = root / layout.path.format(**names), len(frames)
        if layout.kind:
            _write_file(path, frames, item.amiss)
        else:
            path = _write_folder(path, frames, item.amiss, layout.side)
        if item.amiss in layout.reasons:
            count = 0
        planted.append(replace(item, path=str(path), frames=frames if count else None, count=count))
    return planted


def _write_file(path: Path, frames: Frames, amiss: str) -> None:
    promising = amiss == "promising" and path.suffix != ".flv"
    write_video(path, frames, promised=len(frames) + 1 if promising else 0)
    if amiss == "no bytes":
        path.write_bytes(b"")
    elif amiss == "broken" and path.suffix == ".flv":
        path.write_bytes(path.read_bytes()[:-100])
    elif amiss == "broken":  # whole by its container
        content = path.read_bytes()
        at, length = len(content) // 4, len(content) // 2
        path.write_bytes(content[:at] + b"\xff" * length + content[at + length :])


def _write_folder(path: Path, frames: Frames, amiss: str, side: int) -> Path:
    folder = write_frames(path.parent, frames, path.name, side=side)
    if amiss == "no bytes":
        (folder / path.name.format(t=len(frames))).write_bytes(b"")
    elif amiss == "broken":
        for file in folder.iterdir():
            file.unlink()
    return folder


def as_whole(layout: Layout, items: Sequence[Item]) -> DataSet:
    """The data set as if its published counts were those of a tree."""
    dataset = DATASETS[layout.dataset]
    counts = {name: sum(i.label == name for i in items) for name in dataset.classes}
    known, folds = [Known("all", 0, len(items), counts)], dataset.folds
    if any(item.split for item in items):
        folds = folds[:2]  # the second tests what the first trains on
        for fold, flip in zip(folds, ({}, {"train": "test", "test": "train"}), strict=False):
            splits = [flip.get(item.split, item.split) for item in items]
            known += [Known(s, fold, splits.count(s)) for s in ("train", "test")]
    return replace(dataset, known=tuple(known), folds=folds, groups=len({i.group for i in items}))

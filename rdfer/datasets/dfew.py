"""DFEW as its archive unpacks (https://dfew-dataset.github.io): five folds of seven classes.

::

    EmoLabel_DataSplit/train(single-labeled)/set_1.csv .. set_5.csv   header, labels 1..7
    EmoLabel_DataSplit/test(single-labeled)/set_1.csv .. set_5.csv
    Annotation/annotation.xlsx             votes of ten annotators, where it is there
    Clip/original/1.mp4                    names are not padded
    Clip/clip_224x224_avi/00001.avi
    Clip/clip_224x224/00001/00001_00001.jpg
    Clip/clip_224x224_16f/00001/1.jpg      sorts as a number: 2 before 10

Another layout holds the same: ``single_label/data/00001/`` with
``single_label/label/single_trainset_1.csv``. The archive comes in parts; folders of parts
(``clip_224x224_part_1``, ``original/data_part_1-2-3``) are read as one.

Files of the same name with labels 0..6 or without the header are in circulation. Read as the
official ones they shift every class by one, or lose a clip, without a sign: both are refused.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.datasets.dfew_lists import OFFICIAL, OTHER, read_labels, read_votes, split_file
from rdfer.datasets.lists import Labels, against_official
from rdfer.datasets.text import number
from rdfer.datasets.tree import (
    Tree,
    check_disjoint,
    choose,
    locate,
    make_video,
    subfolders,
    video_paths,
)

SPLITS = ("train", "test")
_PART = re.compile(r"_part_[\d-]+$")


def scan(
    root: str | Path,
    *,
    fold: int = 1,
    clips: str | None = None,
    lists: str | Path | None = None,
    order: Sequence[str] | None = None,
    zero_based: bool = False,
) -> Tree:
    """One fold of DFEW.

    Args:
        root: folder that holds ``Clip`` and ``EmoLabel_DataSplit``, or ``data`` and ``label``.
        fold: 1 to 5; the test clips of fold k are those of ``set_k.csv``.
        clips: which folder of ``Clip`` to take the videos from; ``None`` takes the only one.
        lists: folder with other split files: ``test_set_1.csv``, or lists ``path n_frames label``
            such as ``DFEW_set_1_test.txt``.
        order: classes of the labels 0..6 of such lists, which do not tell.
        zero_based: the csv files have labels 0..6 in the official order.

    Returns:
        Clips with five-digit ids, splits ``train`` and ``test``, votes where annotation.xlsx is.

    Raises:
        UserError: a file is missing, a split file is not what it should be, a clip is in both
            splits, or the votes' sheet gives other labels.
    """
    root = _home(root, lists)
    folder, videos = _videos(root, clips)
    parts = {
        split: read_labels(
            split_file(root, split, fold, lists=lists), order=order, zero_based=zero_based
        )
        for split in SPLITS
    }
    check_disjoint({split: part.names for split, part in parts.items()}, f"fold {fold}")
    votes, notes = read_votes(root)
    if lists is not None and any((root / place).is_dir() for place in (OFFICIAL, OTHER)):
        notes += against_official(parts, lambda: _official(root, fold))
    if fault := _contradiction(parts, votes):
        video, split, label = fault
        raise UserError(
            f"clip {video}: is {parts[split].names[video]} in the {split} file of fold {fold}, but "
            f"{label} in annotation.xlsx; the classes are in another order, or numbered from 0: "
            "take the official files of both"
        )
    rows = [
        make_video(
            f"{video:05d}",
            videos.get(video, ""),
            name,
            split,
            fold=fold,
            n_frames=part.n_frames.get(video, 0),
            votes=votes[video][0] if video in votes else None,
        )
        for split, part in parts.items()
        for video, name in part.names.items()
    ]
    without = sum(row.votes is None for row in rows)
    if votes and without:
        notes += (f"{without} of {len(rows)} clips have no votes of annotators",)
    return Tree(tuple(rows), CLASSES, f"DFEW, fold {fold}", folder, notes)


def _contradiction(
    parts: Mapping[str, Labels[int]], votes: Mapping[int, tuple[tuple[int, ...], str]]
) -> tuple[int, str, str] | None:
    """The first clip, its split and its label by the votes where the lists tell another."""
    for split, part in parts.items():
        for video, name in part.names.items():
            label = votes[video][1] if video in votes else ""
            if label not in ("", name):
                return video, split, label
    return None


def _official(root: Path, fold: int) -> dict[str, Labels[int]]:
    return {split: read_labels(split_file(root, split, fold)) for split in SPLITS}


def _home(root: str | Path, lists: str | Path | None) -> Path:
    """The folder with the clips and, unless other lists are named, the split files."""
    inner = Path(root) / "single_label"
    beside = [Path(root) / name for name in (OFFICIAL, "Clip") if (Path(root) / name).is_dir()]
    if inner.is_dir() and beside:
        raise UserError(
            f"root = '{root}': holds {inner.name} beside {beside[0].name}: two layouts are mixed; "
            f"give '{inner}' as the root, or move it elsewhere to read the other"
        )
    marks = (OFFICIAL, OTHER) if lists is None else ("Clip", "data")
    return inner if inner.is_dir() else locate(root, marks, "DFEW")


def _videos(root: Path, name: str | None) -> tuple[str, dict[int, str]]:
    """The folder that the videos are taken from, and path by clip number."""
    parent = root / "Clip"
    every = [*(subfolders(parent) if parent.is_dir() else ()), root / "data"]
    folders: dict[str, list[Path]] = {}
    for folder in every:
        if folder.is_dir():
            folders.setdefault(_PART.sub("", folder.name), []).append(folder)
    there = ", ".join(folders)
    if not folders:
        raise UserError(f"{parent}: no folder of clips there; unpack DFEW's Clip archive")
    if name is None and len(folders) > 1:
        raise UserError(
            f"{parent}: holds {there}; name the one to take, as results depend on it: "
            f"{choose(next(iter(folders)))}"
        )
    if name is not None and name not in folders:
        raise UserError(f"clips = {name!r}: {parent} holds {there}; name one of them (--clips)")
    taken = folders[name or there]
    # an archive of one part, or unpacked into a folder of its own name, lies one level deeper
    found = video_paths(taken, number) or video_paths(
        (inner for folder in taken for inner in subfolders(folder)), number
    )
    return str(taken[0].with_name(name or there)), found

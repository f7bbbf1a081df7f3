"""One way into all data sets: a name, a root and what there is to choose."""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError, did_you_mean
from rdfer.data.manifest import Manifest
from rdfer.datasets.splits import FOLDS, in_fold
from rdfer.datasets.survey import count_frames
from rdfer.datasets.table import DataSet, get_dataset
from rdfer.datasets.text import read_groups
from rdfer.datasets.tree import Tree


def read(
    name: str,
    root: str | Path,
    *,
    fold: int = 1,
    groups: str | Path | None = None,
    grouped: bool = False,
    seed: int = 0,
    lengths: bool = False,
    **options: Any,
) -> Manifest:
    """The clips of a data set as it lies unpacked in a folder.

    Args:
        name: of a data set, see :data:`rdfer.datasets.table.DATASETS`.
        root: the folder that its archive unpacks to.
        fold: which fold's clips are the test part.
        groups: csv file with the columns ``clip`` and ``group``: what must not be divided, such as
            the film that a clip is from.
        grouped: five folds of our own that keep groups apart, instead of the official ones.
        seed: of splits that are drawn.
        lengths: count the images of folders of frames; takes a listing of each.
        options: what the reader of this data set can be told besides; see its ``scan``.

    Returns:
        Every clip of the fold once, with path, class, split, fold, group ("" if unknown),
        and votes where a file tells them. The number of frames is what lists say, or with
        ``lengths`` what is there; 0 where neither tells.

    Raises:
        UserError: unknown name or option, not a folder of this data set, ``grouped`` where no
            group is known, a clip without a video, or one of the many faults that lists have; each
            says what to do.
    """
    tree = scan(name, root, fold=fold, groups=groups, grouped=grouped, seed=seed, **options)
    manifest = tree.manifest()
    if not lengths:
        return manifest
    counted = (replace(c, n_frames=count_frames(c.path) or c.n_frames) for c in manifest.videos)
    return replace(manifest, videos=tuple(counted))


def scan(
    name: str,
    root: str | Path,
    *,
    fold: int = 1,
    groups: str | Path | None = None,
    grouped: bool = False,
    seed: int = 0,
    **options: Any,
) -> Tree:
    """As :func:`read`, but clips that have no video are there too, with an empty path."""
    dataset = get_dataset(name)
    check_options(dataset, options)
    check_fold(dataset, fold, grouped=grouped)
    if "seed" in reader_options(dataset):
        options["seed"] = seed
    # any official fold holds all clips, and own folds are drawn from all
    tree = dataset.scan(root, fold=1 if grouped else fold, **options)
    if groups is not None:
        tree = _with_groups(tree, dataset, groups)
    if grouped and not any(video.group for video in tree.videos):
        raise UserError(
            f"--grouped: {dataset.title} does not tell what its clips have in common; give a "
            "file with the group of each (--groups)"
        )
    if grouped or (groups is not None and tree.drawn):
        clips = in_fold(tree.videos, fold=fold, seed=seed)
        tree = replace(tree, videos=clips, name=f"{dataset.title}, own fold {fold}, seed {seed}")
    return tree


def fold_numbers(dataset: DataSet, *, grouped: bool = False) -> tuple[int, ...]:
    """The folds of a data set: the official ones, or five of our own."""
    return tuple(range(1, FOLDS + 1)) if grouped else dataset.folds


def check_fold(dataset: DataSet, fold: int, *, grouped: bool = False) -> None:
    """Refuse a fold that a data set does not have.

    Raises:
        UserError: naming those that it has.
    """
    folds = fold_numbers(dataset, grouped=grouped)
    if fold not in folds:
        several = f"folds 1 to {folds[-1]}" if len(folds) > 1 else "one split, fold 1"
        raise UserError(f"fold = {fold!r}: {dataset.title} has {several}")


def check_options(dataset: DataSet, options: Mapping[str, Any]) -> None:
    """Refuse what neither :func:`read` nor the reader of a data set can be told.

    Raises:
        UserError: naming the option and the nearest one that there is.
    """
    known = {*reader_options(dataset), "groups", "grouped", "seed"}
    for option in options:
        if option not in known:
            raise UserError(
                f"option {option!r}: {dataset.title} has none such; {did_you_mean(option, known)}"
            )


def reader_options(dataset: DataSet) -> tuple[str, ...]:
    """Names of what the reader of a data set can be told besides root and fold."""
    return tuple(inspect.signature(dataset.scan).parameters)[2:]


def _with_groups(tree: Tree, dataset: DataSet, file: str | Path) -> Tree:
    groups: Mapping[str, str] = read_groups(file, dataset.clip_id)
    without = [video.id for video in tree.videos if video.id not in groups]
    if without:
        raise UserError(
            f"groups = '{file}': clip {without[0]} has no group there ({len(without)} of "
            f"{len(tree.videos)} have none); every clip needs one"
        )
    return replace(tree, videos=tuple(replace(c, group=groups[c.id]) for c in tree.videos))

"""One way into all data sets: a name, a root and what there is to choose."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError, did_you_mean, short
from rdfer.data.manifest import Manifest
from rdfer.datasets import afew, cremad, dfew, ferv39k, folders, mafw, ravdess
from rdfer.datasets.dataset import DataSet, Wanted
from rdfer.datasets.splits import FOLDS, in_fold
from rdfer.datasets.survey import count_frames
from rdfer.datasets.tables import read_groups
from rdfer.datasets.tree import Tree

#: Every data set by its name.
#:
#: :meta hide-value:
DATASETS: Mapping[str, DataSet] = {
    module.DATASET.name: module.DATASET
    for module in (dfew, ferv39k, mafw, cremad, ravdess, afew, folders)
}


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
    """The videos of a data set as it lies unpacked in a folder.

    Args:
        name: of a data set, one of :data:`DATASETS`.
        root: the folder that its archive unpacks to.
        fold: which fold's videos are the test part.
        groups: csv file with the columns ``clip`` and ``group``: what must not be divided, such as
            the film that a video is from.
        grouped: five folds of our own that keep groups apart, instead of the official ones.
        seed: of splits that are drawn.
        lengths: count the images of folders of frames; takes a listing of each.
        options: what the reader of this data set can be told besides, of
            :class:`rdfer.datasets.dataset.Wanted`.

    Returns:
        Every video of the fold once, with path, class, split, fold, group ("" if unknown),
        and votes where a file tells them. The number of frames is what lists say, or with
        ``lengths`` what is there; 0 where neither tells.

    Raises:
        UserError: unknown name or option, not a folder of this data set, ``grouped`` where no
            group is known, a video that is not there, or one of the many faults that lists have;
            each says what to do.
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
    """As :func:`read`, but listed videos that are not there are in it too, with an empty path."""
    dataset = get_dataset(name)
    check_options(dataset, options)
    check_fold(dataset, fold, grouped=grouped)
    for name in ("lists", "split"):
        if options.get(name) is not None:
            options[name] = Path(options[name])
    # any official fold holds all videos, and own folds are drawn from all
    wanted = Wanted(root=Path(root), fold=1 if grouped else fold, seed=seed, **options)
    tree = dataset.scan(wanted)
    if groups is not None:
        tree = _with_groups(tree, dataset, groups)
    if grouped and not any(video.group for video in tree.videos):
        raise UserError(
            f"--grouped: {dataset.title} does not tell what its videos have in common; give a "
            "file with the group of each (--groups)"
        )
    if grouped or (groups is not None and tree.drawn):
        videos = in_fold(tree.videos, fold=fold, seed=seed)
        name = f"{dataset.title}, own fold {fold}, seed {seed}"
        tree = replace(tree, videos=videos, name=name, undivided="")
    return tree


def get_dataset(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        UserError: no such data set.
    """
    if name not in DATASETS:
        raise UserError(f"data set = {short(name)!r}: unknown; {did_you_mean(name, DATASETS)}")
    return DATASETS[name]


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
    known = {*dataset.options, "groups", "grouped", "seed"}
    for option in options:
        if option not in known:
            raise UserError(
                f"option {short(option)!r}: {dataset.title} has none such; "
                + did_you_mean(option, known)
            )


def _with_groups(tree: Tree, dataset: DataSet, file: str | Path) -> Tree:
    groups = read_groups(file, dataset.video_id)
    without = [video.id for video in tree.videos if video.id not in groups]
    if without:
        raise UserError(
            f"groups = '{file}': video {short(without[0])} has no group there ({len(without)} of "
            f"{len(tree.videos)} have none); every video needs one"
        )
    return replace(tree, videos=tuple(replace(c, group=groups[c.id]) for c in tree.videos))

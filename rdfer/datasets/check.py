"""Whether a folder holds what a protocol needs: counts against the known ones, and traps.

Nothing is decoded. What is wrong would change the numbers, so that they could not be compared;
what is noted is read rightly here, or counted as wrong when it is tested, but has misled others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.data.manifest import SPLITS, Manifest, Video
from rdfer.datasets.check_videos import about_videos
from rdfer.datasets.findings import UNREADABLE, Finding, Report, compare, note
from rdfer.datasets.reading import (
    check_fold,
    check_options,
    fold_numbers,
    reader_options,
    scan,
)
from rdfer.datasets.splits import cut
from rdfer.datasets.survey import survey
from rdfer.datasets.table import DataSet, Known, get_dataset
from rdfer.datasets.tree import Tree, WrongRoot
from rdfer.settings.schema import Data

VAL_SHARE = Data().val_share


def check(
    name: str,
    root: str | Path,
    *,
    fold: int | None = None,
    val_share: float = VAL_SHARE,
    **options: Any,
) -> Report:
    """Compare a folder with what is known of a data set.

    Args:
        name: of the data set.
        root: the folder that its archive unpacks to.
        fold: look at this fold alone; ``None`` at all of them.
        val_share: of the training clips, that a run will cut a validation part from; 0: none.
        options: as for :func:`rdfer.datasets.read`.

    Raises:
        UserError: unknown data set, fold or option, or not a folder of this data set at all.
    """
    dataset = get_dataset(name)
    check_options(dataset, options)
    grouped = bool(options.get("grouped"))
    folds = fold_numbers(dataset, grouped=grouped)
    if fold is not None:
        check_fold(dataset, fold, grouped=grouped)
    trees: dict[int, Tree] = {}
    findings: list[Finding] = []
    for k in folds if fold is None else (fold,):
        try:
            trees[k] = scan(name, root, fold=k, **options)
        except WrongRoot:
            raise
        except UserError as error:
            findings.append(Finding(f"fold {k}", UNREADABLE, "", "wrong", str(error)))
        else:
            if not (dataset.known or trees[k].drawn or grouped):
                folds = (k,)  # the folder is divided already
                break
    folder = str(root)
    if trees:
        folder = next(iter(trees.values())).folder
        # a file of groups replaces those whose number is known
        groups = 0 if options.get("groups") else dataset.groups
        whole = set(trees) == set(folds)
        findings += _lists(dataset, trees, official=not grouped, whole=whole, groups=groups)
        findings += _videos(trees, val_share=0 if dataset.known else val_share)
    return Report(dataset.title, folder, tuple(findings))


def _lists(
    dataset: DataSet, trees: Mapping[int, Tree], *, official: bool, whole: bool, groups: int
) -> Iterable[Finding]:
    """What the lists and names of files say, against what is known."""
    listed = "lists" in reader_options(dataset)
    yield from _parts(dataset, trees, official=official, listed=listed)
    yield from _folds(trees, whole=whole)
    yield from _groups(trees.values(), groups)
    if votes := sum(video.votes is not None for video in next(iter(trees.values())).videos):
        yield Finding("clips with votes", str(votes))
    for text in dict.fromkeys(text for tree in trees.values() for text in tree.notes):
        yield note("note", "", text)


def _videos(trees: Mapping[int, Tree], *, val_share: float) -> Iterable[Finding]:
    """What the videos look like, and whether what can be read of them is enough."""
    videos = list({video.id: video for tree in trees.values() for video in tree.videos}.values())
    looks = survey(videos)
    yield from about_videos(videos, looks)
    readable = {look.video.id for look in looks if not look.problem}
    if readable:
        yield from _classes(trees, readable)
        if val_share:
            yield from _validation(trees, readable, val_share)


def _parts(
    dataset: DataSet, trees: Mapping[int, Tree], *, official: bool, listed: bool
) -> Iterable[Finding]:
    """Clips of each part and class, against the known ones where the split is the official one."""
    known = [k for k in dataset.known if k.split == "all" or (official and k.fold in trees)]
    for part in known:
        tree = trees.get(part.fold, next(iter(trees.values())))
        videos = [video for video in tree.videos if part.split in ("all", video.split)]
        yield from _part(part, videos, listed=listed)
    told = {(part.split, part.fold) for part in known}
    for k, tree in trees.items():
        found = Counter(video.split for video in tree.videos)
        for split in SPLITS:
            if found[split] and (split, k) not in told:
                yield Finding(f"fold {k}, {split}", str(found[split]))


def _part(known: Known, videos: Sequence[Video], *, listed: bool) -> Iterable[Finding]:
    what = "all folds" if known.split == "all" else f"fold {known.fold}, {known.split}"
    found = Counter(video.given for video in videos)
    yield compare(what, len(videos), known.clips, _other(len(videos), known.clips, listed=listed))
    differ = {name for name, count in known.classes.items() if found[name] != count}
    # the same counts under other names: nobody draws such numbers twice
    moved = Counter(known.classes.values()) == Counter(found[name] for name in known.classes)
    advice = "the numbers of another class: labels are in another order" if moved else ""
    for name, count in known.classes.items():
        yield compare(f"  {name}", found[name], count, advice if name in differ else "")


def _other(found: int, known: int, *, listed: bool) -> str:
    """What to do about another count, where clips are named by lists or by what lies there."""
    if not listed:
        fewer = "not the whole set: unpack all of it"
        return fewer if found < known else "more than the set has: move what is not of it elsewhere"
    if found == known - 1:
        return (
            "one fewer: the first line of a list without header was taken for one, or one was "
            "deleted; take the official list"
        )
    if found < known:
        return "not the whole set: take the official lists and unpack all clips"
    return "more than the set has: take the official lists"


def _folds(trees: Mapping[int, Tree], *, whole: bool) -> Iterable[Finding]:
    """Whether every clip is tested exactly once over the folds, and each fold is a manifest."""
    if whole and len(trees) > 1:
        tested = Counter(c.id for t in trees.values() for c in t.videos if c.split == "test")
        every = {video.id for tree in trees.values() for video in tree.videos}
        once = sum(count == 1 for count in tested.values())
        advice = "the test parts overlap or leave clips out: they are no folds of one division"
        yield compare("tested exactly once", once, len(every), advice)
    for k, tree in trees.items():
        if not tree.missing:
            try:
                tree.manifest()
            except UserError as error:
                yield Finding(f"fold {k}", "no manifest", "", "wrong", str(error))


def _classes(trees: Mapping[int, Tree], readable: Set[str]) -> Iterable[Finding]:
    """The classes that a fold cannot learn, or not test, as no clip of theirs can be read."""
    seen = {
        k: {(video.split, video.given) for video in tree.videos if video.id in readable}
        for k, tree in trees.items()
    }
    for split in ("train", "test"):
        for name in next(iter(trees.values())).classes:
            without = [str(k) for k, there in seen.items() if (split, name) not in there]
            if without:
                advice = (
                    f"no {split} clip of {name} can be read in fold {', '.join(without)}, so there "
                    "are no scores; every class needs one in each part"
                )
                yield Finding(f"{name}, {split}", "0", "", "wrong", advice)


def _validation(trees: Mapping[int, Tree], readable: Set[str], share: float) -> Iterable[Finding]:
    """The folds that a run could not cut a validation part from."""
    for k, tree in trees.items():
        videos = tuple(video for video in tree.videos if video.id in readable)
        if not any(video.split == "val" for video in videos):
            try:
                cut(Manifest(videos, tree.classes, tree.name, whole=False), share)
            except UserError as error:
                yield Finding(f"fold {k}, val", "none", "", "wrong", str(error))


def _groups(trees: Iterable[Tree], known: int) -> Iterable[Finding]:
    """How many groups there are, and how many are both trained and tested on."""
    first, *_ = trees = list(trees)
    groups = {video.group for video in first.videos} - {""}
    if known and groups:
        yield compare("groups", len(groups), known, "actors or scenes are missing")
    shared = max(len(_of(tree, "train") & _of(tree, "test")) for tree in trees)
    if shared:
        advice = "train and test share them (--grouped makes folds that do not)"
        yield note("groups in both parts", shared, advice)


def _of(tree: Tree, split: str) -> set[str]:
    return {video.group for video in tree.videos if video.split == split} - {""}

"""Whether a folder holds what a protocol needs: counts against the known ones, and traps.

Nothing is decoded. What is wrong would change the numbers, so that they could not be compared;
what is noted is read rightly here, or counted as wrong when it is tested, but has misled others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rdfer.datasets.check_videos import about_videos
from rdfer.datasets.findings import Finding, Report, compare, note
from rdfer.datasets.reading import check_fold, check_options, fold_numbers, scan
from rdfer.datasets.table import DataSet, Known, get_dataset
from rdfer.datasets.tree import Tree, WrongRoot
from rdfer.errors import UserError
from rdfer.manifest import SPLITS, Clip


def check(name: str, root: str | Path, *, fold: int | None = None, **options: Any) -> Report:
    """Compare a folder with what is known of a data set.

    Args:
        name: of the data set.
        root: the folder that its archive unpacks to.
        fold: look at this fold alone; ``None`` at all of them.
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
            findings.append(Finding(f"fold {k}", "unreadable", "", "wrong", str(error)))
        else:
            if not (dataset.known or trees[k].drawn or grouped):
                folds = (k,)  # the folder is divided already
                break
    if trees:
        first = next(iter(trees.values()))
        findings += _parts(dataset, trees, official=not grouped)
        findings += _folds(trees, whole=set(trees) == set(folds))
        # a file of groups replaces those whose number is known
        findings += _groups(trees.values(), 0 if options.get("groups") else dataset.groups)
        if votes := sum(clip.votes is not None for clip in first.clips):
            findings.append(Finding("clips with votes", str(votes)))
        findings += [note("note", "", text) for text in first.notes]
        findings += about_videos(list({c.id: c for t in trees.values() for c in t.clips}.values()))
    return Report(dataset.title, first.folder if trees else str(root), tuple(findings))


def _parts(dataset: DataSet, trees: Mapping[int, Tree], *, official: bool) -> Iterable[Finding]:
    """Clips of each part and class, against the known ones where the split is the official one."""
    known = [k for k in dataset.known if k.split == "all" or (official and k.fold in trees)]
    for part in known:
        tree = trees.get(part.fold, next(iter(trees.values())))
        clips = [clip for clip in tree.clips if part.split in ("all", clip.split)]
        yield from _part(part, clips)
    told = {(part.split, part.fold) for part in known}
    for k, tree in trees.items():
        found = Counter(clip.split for clip in tree.clips)
        for split in SPLITS:
            if found[split] and (split, k) not in told:
                yield Finding(f"fold {k}, {split}", str(found[split]))


def _part(known: Known, clips: Sequence[Clip]) -> Iterable[Finding]:
    what = "all folds" if known.split == "all" else f"fold {known.fold}, {known.split}"
    found = Counter(clip.given for clip in clips)
    yield compare(what, len(clips), known.clips, _fewer(len(clips), known.clips))
    differ = {name for name, count in known.classes.items() if found[name] != count}
    # the same counts under other names: nobody draws such numbers twice
    moved = Counter(known.classes.values()) == Counter(found[name] for name in known.classes)
    advice = "the numbers of another class: labels are in another order" if moved else ""
    for name, count in known.classes.items():
        yield compare(f"  {name}", found[name], count, advice if name in differ else "")


def _fewer(found: int, known: int) -> str:
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
        tested = Counter(c.id for t in trees.values() for c in t.clips if c.split == "test")
        every = {clip.id for tree in trees.values() for clip in tree.clips}
        once = sum(count == 1 for count in tested.values())
        advice = "the test parts overlap or leave clips out: they are no folds of one division"
        yield compare("tested exactly once", once, len(every), advice)
    for k, tree in trees.items():
        if not tree.missing:
            try:
                tree.manifest()
            except UserError as error:
                yield Finding(f"fold {k}", "no manifest", "", "wrong", str(error))


def _groups(trees: Iterable[Tree], known: int) -> Iterable[Finding]:
    """How many groups there are, and how many are both trained and tested on."""
    first, *_ = trees = list(trees)
    groups = {clip.group for clip in first.clips} - {""}
    if known and groups:
        yield compare("groups", len(groups), known, "actors or scenes are missing")
    shared = max(len(_of(tree, "train") & _of(tree, "test")) for tree in trees)
    if shared:
        advice = "train and test share them (--grouped makes folds that do not)"
        yield note("groups in both parts", shared, advice)


def _of(tree: Tree, split: str) -> set[str]:
    return {clip.group for clip in tree.clips if clip.split == split} - {""}

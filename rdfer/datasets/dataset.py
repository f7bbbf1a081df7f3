"""What is known of a data set: how to get it, what its folder must hold, what a whole copy has.

Counts are those that the authors published; a copy that has others is not the same set. Each set
says this of itself, beside its reader.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rdfer.datasets.tree import Tree

AGREEMENT = "an agreement signed with its authors"
BY_ACTOR = "no official split: five folds by actor, drawn from a seed"


@dataclass(frozen=True)
class Known:
    """What a part of a data set is known to hold.

    Attributes:
        split: train or test; "all" for every video of the set.
        fold: of the part, 0 for "all".
        videos: how many.
        classes: how many of a class, for the classes of which that is known.
    """

    split: str
    fold: int
    videos: int
    classes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a reader is asked for. Besides root and fold, each knows some of these.

    Attributes:
        root: the folder that the set's archive unpacks to.
        fold: whose videos are the test part.
        clips: which folder of the set's clips, where there are several; ``None`` the only one, or
            of FERV39k the cropped frames.
        lists: folder with other lists, of lines ``path n_frames label``.
        order: classes of the labels 0, 1, .. of such lists, which do not tell; of ``folders``,
            the classes in their order.
        zero_based: DFEW's split files have labels 0..6, as some copies do.
        split: of ``folders``, a csv file with the columns ``clip`` (path below the root) and
            ``split`` (train, val or test), if wanted ``group``; other videos are left out.
        seed: of folds that are drawn.
    """

    root: Path
    fold: int = 1
    clips: str | None = None
    lists: Path | None = None
    order: Sequence[str] | None = None
    zero_based: bool = False
    split: Path | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One data set.

    Attributes:
        name: on the command line.
        title: for people.
        classes: names in their order; empty where the folder tells them.
        folds: numbers of the folds.
        protocol: how it is divided, in a few words.
        licence: under which it is given.
        access: how to get it.
        layout: what the root must hold, one line each.
        known: what its parts hold, empty where nobody knows.
        groups: how many different groups its videos have, 0 where that is not known.
        scan: its reader.
        options: what it can be told of :class:`Wanted` besides root and fold.
        video_id: from what a list of groups may call a video to its id.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    folds: tuple[int, ...]
    protocol: str
    licence: str
    access: str
    layout: tuple[str, ...]
    scan: Callable[[Wanted], Tree]
    options: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    groups: int = 0
    video_id: Callable[[str], str] = str


def describe(dataset: DataSet) -> list[str]:
    """Lines that tell a person what a data set is and what its folder must hold."""
    whole = [known for known in dataset.known if known.split == "all"] or dataset.known
    counts = f"; {sum(known.videos for known in whole)} videos" if whole else ""
    rows = [
        ("classes", ", ".join(dataset.classes) or "the names of the folders"),
        ("protocol", dataset.protocol + counts),
        ("licence", dataset.licence),
        ("access", dataset.access),
        *zip(("in ROOT", *[""] * len(dataset.layout)), dataset.layout, strict=False),
    ]
    # those of all sets, such as --groups, are in the commands' help
    if dataset.options:
        options = " ".join(f"--{name.replace('_', '-')}" for name in dataset.options)
        rows.append(("options", options))
    return [f"{dataset.name:10}{dataset.title}", *(f"  {a:10}{b}" for a, b in rows)]


def folds_of(tested: tuple[int, ...], total: int, each: Mapping[str, int]) -> tuple[Known, ...]:
    """Training and test parts of folds whose test parts cover all videos; ``each``: a test part."""
    return tuple(
        known
        for k, n in enumerate(tested, start=1)
        for known in (Known("train", k, total - n), Known("test", k, n, each))
    )


def counts_of(classes: tuple[str, ...], *counts: int) -> dict[str, int]:
    """How many videos of each class."""
    return dict(zip(classes, counts, strict=True))

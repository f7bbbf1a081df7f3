"""The data sets: what they are called, how to get them, and what a whole copy holds.

Counts are those that their authors published; a copy that has others is not the same set.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path

from rdfer.base.errors import UserError, did_you_mean
from rdfer.data.manifest import CLASSES
from rdfer.datasets import acted, dfew, dfew_lists, ferv39k, folders, mafw
from rdfer.datasets.text import number
from rdfer.datasets.tree import Tree

AGREEMENT = "an agreement signed with its authors"


@dataclass(frozen=True)
class Known:
    """What a part of a data set is known to hold.

    Attributes:
        split: train or test; "all" for every clip of the set.
        fold: of the part, 0 for "all".
        clips: how many.
        classes: how many of a class, for the classes of which that is known.
    """

    split: str
    fold: int
    clips: int
    classes: Mapping[str, int] = field(default_factory=dict)


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
        groups: how many different groups its clips have, 0 where that is not known.
        scan: its reader.
        clip_id: from what a list of groups may call a clip to its id.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    folds: tuple[int, ...]
    protocol: str
    licence: str
    access: str
    layout: tuple[str, ...]
    scan: Callable[..., Tree]
    known: tuple[Known, ...] = ()
    groups: int = 0
    clip_id: Callable[[str], str] = str


def padded(clip: str) -> str:
    """``17``, ``00017.mp4`` -> ``00017``; other names stay as they are."""
    found = number(Path(clip).stem)
    return clip if found is None else f"{found:05d}"


def get_dataset(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        UserError: no such data set.
    """
    if name not in DATASETS:
        raise UserError(f"data set = {name!r}: unknown; {did_you_mean(name, DATASETS)}")
    return DATASETS[name]


def describe(dataset: DataSet) -> list[str]:
    """Lines that tell a person what a data set is and what its folder must hold."""
    whole = [known for known in dataset.known if known.split == "all"] or dataset.known
    counts = f"; {sum(known.clips for known in whole)} clips" if whole else ""
    rows = [
        ("classes", ", ".join(dataset.classes) or "the names of the folders"),
        ("protocol", dataset.protocol + counts),
        ("licence", dataset.licence),
        ("access", dataset.access),
        *zip(("in ROOT", *[""] * len(dataset.layout)), dataset.layout, strict=False),
    ]
    # those of all sets, such as --groups, are in the commands' help
    options = [name for name in signature(dataset.scan).parameters if name not in ("root", "fold")]
    if options:
        rows.append(("options", " ".join(f"--{name.replace('_', '-')}" for name in options)))
    return [f"{dataset.name:10}{dataset.title}", *(f"  {a:10}{b}" for a, b in rows)]


def _folds(tested: tuple[int, ...], total: int, each: Mapping[str, int]) -> tuple[Known, ...]:
    """Training and test parts of folds whose test parts cover all clips; ``each``: a test part."""
    return tuple(
        known
        for k, n in enumerate(tested, start=1)
        for known in (Known("train", k, total - n), Known("test", k, n, each))
    )


def _counts(classes: tuple[str, ...], *counts: int) -> dict[str, int]:
    return dict(zip(classes, counts, strict=True))


_ACTED = "no official split: five folds by actor, drawn from a seed"

_DFEW = DataSet(
    name="dfew",
    title="DFEW",
    classes=CLASSES,
    folds=dfew_lists.FOLDS,
    protocol="five official folds; they do not separate films or actors",
    licence="research and education only",
    access=AGREEMENT + ": https://dfew-dataset.github.io",
    layout=(
        "EmoLabel_DataSplit/train(single-labeled)/set_1.csv .. set_5.csv, test(...) alike",
        "Clip/clip_224x224/00001/00001_00001.jpg (the face crops of the literature), or instead",
        "Clip/original/1.mp4, Clip/clip_224x224_avi/00001.avi, Clip/clip_224x224_16f/00001/1.jpg",
        "Annotation/annotation.xlsx (votes, not needed)",
    ),
    scan=dfew.scan,
    known=(
        *_folds((2341, 2341, 2340, 2339, 2336), 11697, {"Disgust": 29}),
        Known("all", 0, 11697, _counts(CLASSES, 2445, 1894, 2669, 2173, 1469, 145, 902)),
    ),
    clip_id=padded,
)

_FERV39K = DataSet(
    name="ferv39k",
    title="FERV39k",
    classes=CLASSES,
    folds=(1,),
    protocol="one official split; scenes are in both parts",
    licence="research only",
    access=AGREEMENT + ": https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html",
    layout=(
        "4_setups/All_scenes/train_All.csv, test_All.csv",
        "2_ClipsforFaceCrop/<Scene>/<Class>/0001/*.jpg, or 0_7_labelClips/<Scene>/<Class>/0001.mp4",
    ),
    scan=ferv39k.scan,
    known=(
        Known("train", 1, 31088, _counts(CLASSES, 5854, 5523, 7790, 5906, 2502, 1833, 1680)),
        Known("test", 1, 7847),
    ),
    groups=len(ferv39k.SCENES),
)

_MAFW = DataSet(
    name="mafw",
    title="MAFW",
    classes=mafw.CLASSES,
    folds=mafw.FOLDS,
    protocol="five official folds; fold 1 is harder than the others",
    licence="research only",
    access=AGREEMENT + ": https://mafw-database.github.io/MAFW",
    layout=(
        "split/single/no_caption/set_1/train.txt, test.txt .. set_5",
        "data/frames/00025/*.png, or data/clips/00025.mp4",
    ),
    scan=mafw.scan,
    known=(
        *_folds((1839, 1837, 1833, 1832, 1831), 9172, {}),
        Known("all", 0, 9172),
    ),
    clip_id=padded,
)

_CREMAD = DataSet(
    name="cremad",
    title="CREMA-D",
    classes=acted.CREMAD_CLASSES,
    folds=(1, 2, 3, 4, 5),
    protocol=_ACTED,
    licence="ODbL",
    access="free to download (git lfs): https://github.com/CheyneyComputerScience/CREMA-D",
    layout=(
        "VideoFlash/1001_DFA_ANG_XX.flv",
        "processedResults/tabulatedVotes.csv (votes, not needed)",
    ),
    scan=acted.scan_cremad,
    known=(
        Known("all", 0, 7442, _counts(acted.CREMAD_CLASSES, 1271, 1271, 1271, 1271, 1087, 1271)),
    ),
    groups=91,
)

_RAVDESS = DataSet(
    name="ravdess",
    title="RAVDESS",
    classes=acted.RAVDESS_CLASSES,
    folds=(1, 2, 3, 4, 5),
    protocol=_ACTED,
    licence="CC BY-NC-SA 4.0",
    access="free to download (speech videos of 24 actors): https://zenodo.org/records/1188976",
    layout=("Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4 .. Video_Speech_Actor_24",),
    scan=acted.scan_ravdess,
    known=(Known("all", 0, 1440, _counts(acted.RAVDESS_CLASSES, 96, *[192] * 7)),),
    groups=24,
)

_AFEW = DataSet(
    name="afew",
    title="AFEW",
    classes=folders.AFEW_CLASSES,
    folds=(1,),
    protocol="training part, tested on the validation part, as the test labels are not public",
    licence="research only",
    access=AGREEMENT + ": https://cs.anu.edu.au/few/AFEW.html",
    layout=("Train_AFEW/<Class>/000046280/*.png, or 000046280.avi", "Val_AFEW alike"),
    scan=folders.scan_afew,
    known=(
        Known("train", 1, 773, _counts(folders.AFEW_CLASSES, 133, 74, 81, 150, 144, 117, 74)),
        Known("test", 1, 383, _counts(folders.AFEW_CLASSES, 64, 40, 46, 63, 63, 61, 46)),
    ),
)

_FOLDERS = DataSet(
    name="folders",
    title="any folder of videos by class",
    classes=(),
    folds=(1, 2, 3, 4, 5),
    protocol="by folder or by a csv file (clip,split,group), else five random folds",
    licence="yours",
    access="yours",
    layout=("<class>/<clip>.mp4 or <class>/<clip>/*.jpg", "or train/<class>/.., test/<class>/.."),
    scan=folders.scan_folders,
)

#: Every data set by its name.
#:
#: :meta hide-value:
DATASETS: Mapping[str, DataSet] = {
    dataset.name: dataset
    for dataset in (_DFEW, _FERV39K, _MAFW, _CREMAD, _RAVDESS, _AFEW, _FOLDERS)
}

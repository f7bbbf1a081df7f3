"""AFEW: the class is the name of a folder.

::

    Train_AFEW/Angry/000046280/*.png       or 000046280.avi
    Val_AFEW/Angry/..                      alike

Its test labels are not public: as in the literature, the validation part is the test part.
"""

from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.datasets.dataset import AGREEMENT, DataSet, Known, Wanted, counts_of
from rdfer.datasets.tree import Tree, class_folders, locate

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
#: Folders of the parts, as the archive and as copies of it call them, by our split.
PARTS = {"train": ("Train_AFEW", "train_afew"), "test": ("Val_AFEW", "val_afew")}
#: Where the challenge's archive holds the aligned faces of a part.
FACES = ("AlignedFaces_LBPTOP_Points", "AlignedFaces_LBPTOP_Points_Val")


def scan(wanted: Wanted) -> Tree:
    """AFEW's training part, and its validation part as the test part.

    Returns:
        Videos ``train/Angry/000046280``: numbers repeat between films, so they are no names alone.

    Raises:
        UserError: a part is missing, or a folder is no class of AFEW.
    """
    root = locate(wanted.root, [name for names in PARTS.values() for name in names], "AFEW")
    parts: dict[str, Path] = {}
    for split, names in PARTS.items():
        there = [root / name for name in names if (root / name).is_dir()]
        if not there:
            raise UserError(f"{root / names[0]}: no such folder; unpack this part of AFEW")
        parts[split] = _faces(there[0])
    rows, notes = class_folders(parts, CLASSES)
    return Tree(tuple(rows), CLASSES, "AFEW", str(root), notes)


def _faces(part: Path) -> Path:
    """Where a part of AFEW holds the folders of its classes."""
    for inner in FACES:
        if (part / inner).is_dir():
            faces = part / inner / "Faces"
            return faces if faces.is_dir() else part / inner
    return part


DATASET = DataSet(
    name="afew",
    title="AFEW",
    classes=CLASSES,
    folds=(1,),
    protocol="training part, tested on the validation part, as the test labels are not public",
    licence="research only",
    access=AGREEMENT + ": https://cs.anu.edu.au/few/AFEW.html",
    layout=("Train_AFEW/<Class>/000046280/*.png, or 000046280.avi", "Val_AFEW alike"),
    scan=scan,
    known=(
        Known("train", 1, 773, counts_of(CLASSES, 133, 74, 81, 150, 144, 117, 74)),
        Known("test", 1, 383, counts_of(CLASSES, 64, 40, 46, 63, 63, 61, 46)),
    ),
)

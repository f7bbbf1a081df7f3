"""CREMA-D: emotions acted before a camera, the labels in the names of the files.

::

    VideoFlash/1001_DFA_ANG_XX.flv          actor, sentence, emotion, level
    processedResults/tabulatedVotes.csv     what raters saw and heard in each video

It has no official split and is divided by actor, into five folds drawn from a seed. The label is
the emotion that was asked for; what was seen in the face may be another.
"""

import re
from pathlib import Path

from rdfer.base.errors import UserError, short
from rdfer.data.video import VIDEO_SUFFIXES
from rdfer.datasets.dataset import BY_ACTOR, DataSet, Known, Wanted, counts_of
from rdfer.datasets.splits import by_actor
from rdfer.datasets.tables import below, number, read_table
from rdfer.datasets.tree import (
    Tree,
    WrongRoot,
    choose,
    find_videos,
    locate,
    make_video,
    subfolders,
)

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad")
VOTES = "processedResults/tabulatedVotes.csv"
#: Raters who saw the video without its sound; 1 heard the voice alone, 3 had both.
VIDEO_ONLY = 2
_CODES = dict(zip(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), CLASSES, strict=True))
_NAME = re.compile(r"(\d{4})_[A-Z]{3}_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")


def scan(wanted: Wanted) -> Tree:
    """CREMA-D with the actors of one fold of five as the test part.

    Returns:
        Videos ``1001_DFA_ANG_XX``, the actor as group, and the votes of raters who saw the video
        without its sound, in the order of the classes, where the table of votes is there.

    Raises:
        UserError: no videos with such names, or the table is not what it should be.
    """
    clips = "/".join(below("--clips", wanted.clips or "VideoFlash"))
    if elsewhere := _elsewhere(wanted.root, clips):
        raise WrongRoot(elsewhere)
    root = locate(wanted.root, (clips,), "CREMA-D")
    found = find_videos([root / clips], lambda _, name: name if _NAME.fullmatch(name) else "")
    file = root / VOTES
    votes = read_votes(file) if file.is_file() else {}
    rows = []
    for id, path in found.paths.items():
        actor, _, code, _ = id.split("_")
        rows.append(make_video(id, path, _CODES[code], "train", group=actor, votes=votes.get(id)))
    without = sum(row.votes is None for row in rows)
    notes = (f"{without} of {len(rows)} videos have no votes of raters",) if without else ()
    tree = Tree(tuple(rows), CLASSES, "CREMA-D", str(root / clips), (*found.notes, *notes))
    return by_actor(tree, fold=wanted.fold, seed=wanted.seed)


def _elsewhere(root: Path, clips: str) -> str:
    """Which folder has the videos where the one that is asked for has none; "" if no other."""
    if not root.is_dir() or _has_videos(root / clips):
        return ""
    if _has_videos(root):
        here = root.absolute()
        more = "" if here.name == clips else f", with {choose(here.name)}"
        return f"root = '{root}': holds the videos themselves; give '{here.parent}'{more}"
    others = [folder.name for folder in subfolders(root) if _has_videos(folder)]
    if not others:
        return ""
    return (
        f"{root / clips}: holds no videos of CREMA-D, while there are some in "
        f"{' and in '.join(others)}; take them with {choose(others[0])}"
    )


def _has_videos(folder: Path) -> bool:
    """Whether a video, or a folder of frames, is named there as CREMA-D's are."""
    return folder.is_dir() and any(
        _NAME.fullmatch(entry.stem)
        for entry in folder.iterdir()
        if entry.suffix.lower() in VIDEO_SUFFIXES or entry.is_dir()
    )


def read_votes(file: Path) -> dict[str, tuple[int, ...]]:
    """Votes of CREMA-D's raters who saw the video alone, by id, in the order of the classes.

    From ``tabulatedVotes.csv``: columns A, D, F, H, N, S and fileName. Which raters a row is about
    stands in its unnamed first column, 100000 times the query type plus the video's number.

    Raises:
        UserError: not such a file, or a video is there twice.
    """
    letters = [name[0] for name in CLASSES]
    votes: dict[str, tuple[int, ...]] = {}
    for line, row in read_table(file, ("", "fileName", *letters)):
        kind, cells = number(row[""]), [number(row[letter]) for letter in letters]
        if kind is None or None in cells:
            raise UserError(
                f"{file}, line {line}: whole numbers are needed for row and votes; take the "
                "archive's file, or move this one away: votes are optional"
            )
        if kind // 100000 == VIDEO_ONLY:
            if row["fileName"] in votes:
                raise UserError(
                    f"{file}, line {line}: video {short(row['fileName'])} is there twice; "
                    "keep one line"
                )
            votes[row["fileName"]] = tuple(cell for cell in cells if cell is not None)
    if not votes:
        raise UserError(f"{file}: has no votes on video alone (rows 200001 and so on)")
    return votes


DATASET = DataSet(
    name="cremad",
    title="CREMA-D",
    classes=CLASSES,
    folds=(1, 2, 3, 4, 5),
    protocol=BY_ACTOR,
    licence="ODbL",
    access="free to download (git lfs): https://github.com/CheyneyComputerScience/CREMA-D",
    layout=(
        "VideoFlash/1001_DFA_ANG_XX.flv",
        "processedResults/tabulatedVotes.csv (votes, not needed)",
    ),
    scan=scan,
    options=("clips", "seed"),
    known=(Known("all", 0, 7442, counts_of(CLASSES, 1271, 1271, 1271, 1271, 1087, 1271)),),
    groups=91,
)

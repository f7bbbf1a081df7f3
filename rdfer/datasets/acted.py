"""CREMA-D and RAVDESS: emotions acted before a camera, the labels in the names of the files.

::

    CREMA-D   VideoFlash/1001_DFA_ANG_XX.flv          actor, sentence, emotion, level
              processedResults/tabulatedVotes.csv     what raters saw and heard in each clip
    RAVDESS   Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4
              modality-channel-emotion-intensity-statement-repetition-actor

Neither has an official split: both are divided by actor, into five folds drawn from a seed. The
label is the emotion that was asked for; what was seen in the face may be another.
"""

import re
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.data.manifest import Video
from rdfer.data.video import VIDEO_SUFFIXES
from rdfer.datasets.splits import FOLDS, in_fold
from rdfer.datasets.text import below, number, read_table
from rdfer.datasets.tree import (
    Tree,
    WrongRoot,
    choose,
    locate,
    make_video,
    nearby,
    subfolders,
    video_paths,
)

CREMAD_CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad")
RAVDESS_CLASSES = ("Neutral", "Calm", "Happy", "Sad", "Angry", "Fear", "Disgust", "Surprise")
VOTES = "processedResults/tabulatedVotes.csv"
#: Raters who saw the video without its sound; 1 heard the voice alone, 3 had both.
VIDEO_ONLY = 2
_CODES = dict(zip(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), CREMAD_CLASSES, strict=True))
_CREMAD = re.compile(r"(\d{4})_[A-Z]{3}_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")
_ACTOR = re.compile(r"Actor_\d\d$")
_RAVDESS = re.compile(r"0([12])-01-0([1-8])-0[12]-0[12]-0[12]-(\d\d)")


def scan_cremad(
    root: str | Path, *, fold: int = 1, clips: str = "VideoFlash", seed: int = 0
) -> Tree:
    """CREMA-D with the actors of one fold of five as the test part.

    Args:
        root: the repository's folder, which holds ``VideoFlash`` and ``processedResults``.
        fold: 1 to 5.
        clips: folder of the videos below the root.
        seed: of the draw of folds.

    Returns:
        Clips ``1001_DFA_ANG_XX``, the actor as group, and the votes of raters who saw the video
        without its sound, in the order of the classes, where the table of votes is there.

    Raises:
        UserError: no videos with such names, or the table is not what it should be.
    """
    clips = "/".join(below("--clips", clips))
    if elsewhere := _elsewhere(Path(root), clips):
        raise WrongRoot(elsewhere)
    root = locate(root, (clips,), "CREMA-D")
    videos = video_paths([root / clips], lambda name: name if _CREMAD.fullmatch(name) else None)
    file = root / VOTES
    votes = read_votes(file) if file.is_file() else {}
    rows = []
    for id, path in videos.items():
        actor, code, _ = _match(_CREMAD, id)
        rows.append(make_video(id, path, _CODES[code], "train", group=actor, votes=votes.get(id)))
    without = sum(row.votes is None for row in rows)
    notes = (f"{without} of {len(rows)} clips have no votes of raters",) if without else ()
    return _by_actor(rows, CREMAD_CLASSES, "CREMA-D", root / clips, fold, seed, notes)


def _elsewhere(root: Path, clips: str) -> str:
    """Which folder has CREMA-D's clips where the one that is asked for has none; "" if no other."""
    if not root.is_dir() or _has_cremad(root / clips):
        return ""
    if _has_cremad(root):
        here = root.absolute()
        more = "" if here.name == clips else f", with {choose(here.name)}"
        return f"root = '{root}': holds the clips themselves; give '{here.parent}'{more}"
    others = [folder.name for folder in subfolders(root) if _has_cremad(folder)]
    if not others:
        return ""
    return (
        f"{root / clips}: holds no clips of CREMA-D, while there are some in "
        f"{' and in '.join(others)}; take them with {choose(others[0])}"
    )


def _has_cremad(folder: Path) -> bool:
    """Whether a video, or a folder of frames, is named there as CREMA-D's clips are."""
    return folder.is_dir() and any(
        _CREMAD.fullmatch(entry.stem)
        for entry in folder.iterdir()
        if entry.suffix.lower() in VIDEO_SUFFIXES or entry.is_dir()
    )


def read_votes(file: Path) -> dict[str, tuple[int, ...]]:
    """Votes of CREMA-D's raters who saw the video alone, by clip, in the order of the classes.

    From ``tabulatedVotes.csv``: columns A, D, F, H, N, S and fileName. Which raters a row is about
    stands in its unnamed first column, 100000 times the query type plus the clip's number.

    Raises:
        UserError: not such a file, or a clip is there twice.
    """
    letters = [name[0] for name in CREMAD_CLASSES]
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
                    f"{file}, line {line}: clip {row['fileName']} is there twice; keep one line"
                )
            votes[row["fileName"]] = tuple(cell for cell in cells if cell is not None)
    if not votes:
        raise UserError(f"{file}: has no votes on video alone (rows 200001 and so on)")
    return votes


def scan_ravdess(root: str | Path, *, fold: int = 1, seed: int = 0) -> Tree:
    """The speech videos of RAVDESS with the actors of one fold of five as the test part.

    Args:
        root: folder that holds the actors' folders, ``Video_Speech_Actor_01`` or ``Actor_01``.
        fold: 1 to 5.
        seed: of the draw of folds.

    Returns:
        Clips of one modality, since with and without sound they are the same footage: those with
        it (01), or without (02) where there are only such. The actor is the group.

    Raises:
        UserError: no videos with such names, or one is there twice.
    """
    root = Path(root)
    if not root.is_dir():
        raise WrongRoot(f"root = '{root}': no such folder; give the one with RAVDESS's actors")
    folders = [f for f in subfolders(root) if _ACTOR.search(f.name)]
    deeper = [inner for f in folders for inner in subfolders(f) if _ACTOR.search(inner.name)]
    videos = video_paths(
        [root, *folders, *deeper], lambda name: name if _RAVDESS.fullmatch(name) else None
    )
    if not videos:
        raise WrongRoot(
            f"root = '{root}': holds no videos of speech such as "
            f"Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4; {nearby(root, _has_actors)}"
        )
    if _ACTOR.search(root.absolute().name) and len({_match(_RAVDESS, id)[2] for id in videos}) == 1:
        above = next(f for f in root.absolute().parents if not _ACTOR.search(f.name))
        raise WrongRoot(f"root = '{root}': holds one actor alone; did you mean '{above}'?")
    modality = min(_match(_RAVDESS, id)[0] for id in videos)
    rows = []
    for id, path in videos.items():
        kind, emotion, actor = _match(_RAVDESS, id)
        if kind == modality:
            name = RAVDESS_CLASSES[int(emotion) - 1]
            rows.append(make_video(id, path, name, "train", group=actor))
    more = len(videos) - len(rows)
    notes = (f"{more} videos without sound are the same footage and were left out",) if more else ()
    return _by_actor(rows, RAVDESS_CLASSES, "RAVDESS", root, fold, seed, notes)


def _has_actors(folder: Path) -> bool:
    return any(_ACTOR.search(inner.name) for inner in subfolders(folder))


def _match(pattern: re.Pattern[str], id: str) -> tuple[str, ...]:
    found = pattern.fullmatch(id)
    return tuple(found.groups()) if found else ()


def _by_actor(
    rows: list[Video],
    classes: tuple[str, ...],
    title: str,
    folder: Path,
    fold: int,
    seed: int,
    notes: tuple[str, ...],
) -> Tree:
    if not rows:
        raise UserError(
            f"{folder}: holds no videos that are named as {title}'s are; see the layout that "
            "`rdfer datasets` prints"
        )
    actors = len({row.group for row in rows})
    if actors < FOLDS:
        raise UserError(
            f"{folder}: holds clips of {actors} actors; {FOLDS} folds by actor need at least "
            f"{FOLDS}; unpack those of the others"
        )
    clips = in_fold(rows, fold=fold, seed=seed)
    name = f"{title}, fold {fold} of {FOLDS} by actor, seed {seed}"
    return Tree(clips, classes, name, str(folder), notes, drawn=True)

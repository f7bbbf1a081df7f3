"""RAVDESS: emotions acted before a camera, the labels in the names of the files.

::

    Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4
    modality-channel-emotion-intensity-statement-repetition-actor

It has no official split and is divided by actor, into five folds drawn from a seed. The label is
the emotion that was asked for; what was seen in the face may be another.
"""

import re
from pathlib import Path

from rdfer.datasets.dataset import BY_ACTOR, DataSet, Known, Wanted, counts_of
from rdfer.datasets.splits import by_actor
from rdfer.datasets.tree import Tree, WrongRoot, find_videos, make_video, nearby, subfolders

CLASSES = ("Neutral", "Calm", "Happy", "Sad", "Angry", "Fear", "Disgust", "Surprise")
_ACTOR = re.compile(r"Actor_\d\d$")
_NAME = re.compile(r"0[12]-01-0[1-8]-0[12]-0[12]-0[12]-\d\d")


def scan(wanted: Wanted) -> Tree:
    """The speech videos of RAVDESS with the actors of one fold of five as the test part.

    Returns:
        Videos of one modality, since with and without sound they are the same footage: those with
        it (01), or without (02) where there are only such. The actor is the group.

    Raises:
        UserError: no videos with such names, or one is there twice.
    """
    root = wanted.root
    if not root.is_dir():
        raise WrongRoot(f"root = '{root}': no such folder; give the one with RAVDESS's actors")
    folders = [f for f in subfolders(root) if _ACTOR.search(f.name)]
    deeper = [inner for f in folders for inner in subfolders(f) if _ACTOR.search(inner.name)]
    found = find_videos(
        [root, *folders, *deeper], lambda _, name: name if _NAME.fullmatch(name) else ""
    )
    if not found.paths:
        raise WrongRoot(
            f"root = '{root}': holds no videos of speech such as "
            f"Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4; {nearby(root, _has_actors)}"
        )
    if _ACTOR.search(root.absolute().name) and len({id[-2:] for id in found.paths}) == 1:
        above = next(f for f in root.absolute().parents if not _ACTOR.search(f.name))
        raise WrongRoot(f"root = '{root}': holds one actor alone; did you mean '{above}'?")
    modality = min(id[:2] for id in found.paths)
    rows = []
    for id, path in found.paths.items():
        kind, _, emotion, *_, actor = id.split("-")
        if kind == modality:
            rows.append(make_video(id, path, CLASSES[int(emotion) - 1], "train", group=actor))
    more = len(found.paths) - len(rows)
    notes = (f"{more} videos without sound are the same footage and were left out",) if more else ()
    tree = Tree(tuple(rows), CLASSES, "RAVDESS", str(root), (*found.notes, *notes))
    return by_actor(tree, fold=wanted.fold, seed=wanted.seed)


def _has_actors(folder: Path) -> bool:
    return any(_ACTOR.search(inner.name) for inner in subfolders(folder))


DATASET = DataSet(
    name="ravdess",
    title="RAVDESS",
    classes=CLASSES,
    folds=(1, 2, 3, 4, 5),
    protocol=BY_ACTOR,
    licence="CC BY-NC-SA 4.0",
    access="free to download (speech videos of 24 actors): https://zenodo.org/records/1188976",
    layout=("Video_Speech_Actor_01/01-01-03-01-01-01-01.mp4 .. Video_Speech_Actor_24",),
    scan=scan,
    options=("seed",),
    known=(Known("all", 0, 1440, counts_of(CLASSES, 96, *[192] * 7)),),
    groups=24,
)

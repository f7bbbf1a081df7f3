"""The manifest: one row a video, whatever data set it comes from.

A manifest says what there is to learn from and to be tested on. It holds no frames: noise in the
labels therefore lives here, and one bank of frames serves every noise level.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError, short
from rdfer.base.files import read_json, record, write_json

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
"""The seven classes in the order of DFEW, index 0..6 everywhere in the package."""

Split = Literal["train", "val", "test", "pretrain"]
SPLITS: tuple[str, ...] = get_args(Split)
FORMAT = "rdfer-manifest/2"


@dataclass(frozen=True)
class Distractor:
    """A second, weaker expression in a video: frames ``[start, end)``, peak in permille."""

    label: str
    variant: str
    start: int
    end: int
    intensity: int


@dataclass(frozen=True)
class Truth:
    """What is known about a synthetic video: one row of ``truth.json``, integers and strings only.

    Attributes:
        label: the true class name.
        variant: name of the recipe that was shown.
        key: key segment ``[start, end)`` in frames, None where nothing is shown (Neutral).
        onset: first frame with any of the expression, None for Neutral.
        apex: frame of the peak, None for Neutral.
        offset: first frame after the expression is gone, None for Neutral.
        intensity: the peak in permille (0..1000), 0 for Neutral.
        distractor: the second expression, None for most.
        degradations: ``(kind, strength in permille)``; a mild one makes no video hard.
        speech: whether the mouth moves as in speech.
        identity: the person, one integer.
        hard: whether at least one hard factor was drawn.
        reasons: the hard factors, empty where ``hard`` is false.
        strengths: how strong each reason is, in permille, in the order of ``reasons``.
        difficulty: one number for all of it in permille, 0 (easy) to 1000.
        ambiguous: the oracle, which sees the true tracks, misses this one.
    """

    label: str
    variant: str
    key: tuple[int, int] | None
    onset: int | None
    apex: int | None
    offset: int | None
    intensity: int
    distractor: Distractor | None
    degradations: tuple[tuple[str, int], ...]
    speech: bool
    identity: int
    hard: bool
    reasons: tuple[str, ...]
    strengths: tuple[int, ...]
    difficulty: int
    ambiguous: bool

    def to_row(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Video:
    """One video.

    Attributes:
        id: unique within the manifest.
        path: video file or folder of frames; ``faces:...`` for a synthetic video.
        label: true class name, or ``""`` where nobody knows it (in-the-wild sets).
        given: the label that training sees; it may be wrong.
        split: train, val, test or pretrain.
        fold: the official fold it belongs to, 0 where there are none.
        group: what must not be split (actor, film, identity); ``""`` where unknown.
        n_frames: number of frames.
        votes: votes of the annotators, in the order of the manifest's classes, where given.
        truth: everything else that is known of a synthetic video.
    """

    id: str
    path: str
    label: str
    given: str
    split: str
    fold: int = 0
    group: str = ""
    n_frames: int = 0
    votes: tuple[int, ...] | None = None
    truth: Truth | None = None

    @property
    def noisy(self) -> bool:
        """Whether the given label is known to be wrong."""
        return self.label != "" and self.given != self.label

    @property
    def hard(self) -> bool:
        """Whether the video is known to be hard; it may be noisy as well."""
        return self.truth is not None and self.truth.hard


@dataclass(frozen=True)
class Manifest:
    """Videos with their classes.

    Attributes:
        videos: the rows.
        classes: class names; their order is that of the class indices.
        name: what data set and what noise this is, for people.
        whole: False for a selection, which alone may lack classes.

    Raises:
        UserError: an id occurs twice, a label is none of the classes, a split is unknown, or a
            class has no training video (by given label) although there are training videos.
    """

    videos: tuple[Video, ...]
    classes: tuple[str, ...] = CLASSES
    name: str = ""
    whole: bool = True

    def __post_init__(self) -> None:
        _check_classes(self.classes)
        seen: set[str] = set()
        known = set(self.classes)
        for video in self.videos:
            if video.id in seen:
                raise UserError(f"video id = {short(video.id)!r}: occurs twice; ids must be unique")
            seen.add(video.id)
            _check_video(video, known)
        trained = {video.given for video in self.videos if video.split == "train"}
        missing = [name for name in self.classes if name not in trained]
        if self.whole and trained and missing:
            raise UserError(
                f"class = {missing[0]!r}: has no training video; every class needs at least one"
            )

    def __len__(self) -> int:
        return len(self.videos)

    def select(
        self,
        *,
        split: str | Sequence[str] | None = None,
        fold: int | None = None,
        ids: Iterable[str] | None = None,
    ) -> "Manifest":
        """The videos that meet every condition given, in their order.

        Raises:
            UserError: no video is left, or an id in ``ids`` is not in the manifest.
        """
        splits = None if split is None else {split} if isinstance(split, str) else set(split)
        wanted = None if ids is None else set(ids)
        unknown = set() if wanted is None else wanted - {video.id for video in self.videos}
        if unknown:
            raise UserError(f"video id = {min(unknown)!r}: not in manifest {self.name!r}")
        videos = tuple(
            video
            for video in self.videos
            if (splits is None or video.split in splits)
            and (fold is None or video.fold == fold)
            and (wanted is None or video.id in wanted)
        )
        if not videos:
            raise UserError(f"split = {split!r}, fold = {fold!r}: no video of {self.name!r}")
        return replace(self, videos=videos, whole=False)

    def labels(self) -> NDArray[np.int64]:
        """True class indices, int64 ``[len(self)]``; -1 where the true label is unknown."""
        index = {name: i for i, name in enumerate(self.classes)} | {"": -1}
        return np.array([index[video.label] for video in self.videos], dtype=np.int64)

    def given(self) -> NDArray[np.int64]:
        """Given class indices, int64 ``[len(self)]``: what training sees."""
        index = {name: i for i, name in enumerate(self.classes)}
        return np.array([index[video.given] for video in self.videos], dtype=np.int64)

    def save(self, path: str | Path) -> None:
        """Write the manifest as JSON, whole or not at all."""
        videos = [asdict(video) for video in self.videos]
        value: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "classes": self.classes,
            "videos": videos,
        }
        value["whole"] = self.whole
        write_json(path, value)

    @classmethod
    def load(cls, path: str | Path) -> "Manifest":
        """Read a manifest written by :meth:`save`.

        Raises:
            UserError: no such file, not a manifest, or one that breaks its rules.
        """
        value = read_json(path, format=str)
        if value.pop("format") != FORMAT:
            raise UserError(f"{path}: not a manifest of format {FORMAT!r}")
        return record(cls, value, str(path))


def _check_classes(classes: tuple[str, ...]) -> None:
    if len(set(classes)) != len(classes) or "" in classes or len(classes) < 2:
        raise UserError(f"classes = {short(classes)}: two or more different names, none empty")


def _check_video(video: Video, known: set[str]) -> None:
    id = repr(short(video.id))
    if video.given not in known:
        given = short(video.given)
        raise UserError(f"given label of {id} = {given!r}: not one of the classes")
    if video.label not in known and video.label != "":
        raise UserError(f"label of {id} = {short(video.label)!r}: not one of the classes")
    if video.split not in SPLITS:
        raise UserError(f"split of {id} = {short(video.split)!r}: must be one of {SPLITS}")
    if video.votes is not None and len(video.votes) != len(known):
        raise UserError(f"votes of {id} = {short(video.votes)}: one number a class is needed")
    if video.n_frames < 0:
        raise UserError(f"frames of {id} = {video.n_frames}: must not be negative")

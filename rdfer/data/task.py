"""What one seed learns and is tested on: a subset of the pool, and its label noise.

A seed redraws the training subset and the noise (and, in training, the initialisation); the
frames stay where they are, so one bank serves every seed and every kind of noise.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES, Manifest
from rdfer.data.noise import given_labels
from rdfer.settings.schema import Settings

Ints = NDArray[np.int64]

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Part:
    """One part (train, val or test) of a task.

    Attributes:
        videos: int64 [n], rows of the manifest and of the bank.
        true: int64 [n], true classes; -1 where unknown.
        given: int64 [n], the labels that training sees; equal to ``true`` in the test part.
            Of a real set the test part's official labels count as true, and no others.
    """

    videos: Ints
    true: Ints
    given: Ints

    def __len__(self) -> int:
        return len(self.videos)

    @property
    def noisy(self) -> NDArray[np.bool_]:
        """bool [n]: the given label is known to be wrong."""
        return (self.true >= 0) & (self.given != self.true)


def no_part() -> Part:
    """A part without videos."""
    none = np.zeros(0, np.int64)
    return Part(none, none, none)


@dataclass(frozen=True)
class Task:
    """Train, validation and test part of one seed.

    ``lost``: test videos that could not be read, with rows of the manifest behind the bank's last.
    Nobody can predict them, and they count as wrong.
    """

    train: Part
    val: Part
    test: Part
    classes: int
    lost: Part = field(default_factory=no_part)


def draw_task(
    manifest: Manifest, settings: Settings, *, seed: int, stored: int | None = None
) -> Task:
    """Draw the subset and the noise of ``seed``.

    Args:
        manifest: the videos; of a real set the parts and given labels are its own.
        settings: of the run.
        seed: of subset and noise.
        stored: how many of the manifest's rows have frames, the others could not be read;
            ``None`` is all.

    Raises:
        UserError: a class has no video in one of the parts; or noise is asked for that the set
            cannot have.
    """
    if settings.data.source != "faces":
        return _own_task(manifest, settings, seed=seed, stored=stored)
    labels, splits = manifest.labels(), _splits(manifest)
    difficulty = np.array(
        [video.truth.difficulty if video.truth else 0 for video in manifest.videos], np.int64
    )
    parts = {}
    for k, name in enumerate(PARTS):
        videos = np.flatnonzero(splits == name)
        if name == "train":
            rng = np.random.default_rng([seed, 1])
            videos = _stratified(videos, labels, settings.data.per_seed, rng)
        true = given = labels[videos]
        _check_classes(manifest, true, name)
        if name != "test":
            given = given_labels(
                true,
                kind=settings.noise.kind,
                rate=settings.noise.rate,
                seed=1000 * seed + k,
                difficulty=difficulty[videos],
            )
        parts[name] = Part(videos=videos, true=true, given=given)
    return Task(**parts, classes=len(manifest.classes))


def _own_task(manifest: Manifest, settings: Settings, *, seed: int, stored: int | None) -> Task:
    """Parts and labels as the manifest has them; synthetic flips on top where asked for."""
    true, given, splits = manifest.labels(), manifest.given(), _splits(manifest)
    readable = np.arange(len(manifest)) < (len(manifest) if stored is None else stored)
    parts = {}
    for k, name in enumerate(PARTS):
        videos = np.flatnonzero((splits == name) & readable)
        if name != "val" or settings.training.choose == "validation":
            # a class whose test videos are all lost is there, and has a recall of 0
            there = videos if name != "test" else np.flatnonzero(splits == name)
            _check_classes(manifest, given[there], name)
        labels = given[videos]
        if name != "test" and settings.noise.rate > 0:
            labels = _flipped(labels, manifest, settings, seed=1000 * seed + k)
        parts[name] = Part(videos=videos, true=true[videos], given=labels)
    lost = np.flatnonzero((splits == "test") & ~readable)
    return Task(**parts, classes=len(manifest.classes), lost=Part(lost, true[lost], given[lost]))


def _splits(manifest: Manifest) -> NDArray[np.str_]:
    return np.array([video.split for video in manifest.videos])


def _check_classes(manifest: Manifest, labels: Ints, part: str) -> None:
    missing = set(range(len(manifest.classes))) - set(labels.tolist())
    if missing:
        raise UserError(
            f"class {manifest.classes[min(missing)]!r}: has no video in the {part} part"
        )


def _flipped(given: Ints, manifest: Manifest, settings: Settings, *, seed: int) -> Ints:
    """Synthetic noise on top of labels whose own noise nobody knows."""
    noise = settings.noise
    if manifest.classes != CLASSES or noise.kind == "instance":
        raise UserError(
            f"noise.rate = {noise.rate}: noise of kind {noise.kind!r} cannot be added to "
            f"{manifest.name}; symmetric and asymmetric noise can, where the classes are "
            + ", ".join(CLASSES)
        )
    return given_labels(given, kind=noise.kind, rate=noise.rate, seed=seed)


def _stratified(rows: Ints, labels: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Draw ``n`` of ``rows`` without replacement, in the classes' proportions, sorted.

    Each class gives floor(n share); the remainder goes to the largest fractions.
    """
    if n > len(rows):
        raise UserError(f"data.per_seed = {n}: the pool has {len(rows)} training videos")
    groups = [rng.permutation(rows[labels[rows] == c]) for c in np.unique(labels[rows])]
    exact = np.array([len(group) * n / len(rows) for group in groups])
    take = np.floor(exact).astype(int)
    order = np.argsort(-(exact - take), kind="stable")
    take[order[: n - take.sum()]] += 1
    return np.sort(np.concatenate([g[:t] for g, t in zip(groups, take, strict=True)]))

"""What one seed learns and is tested on: a subset of the pool, and its label noise.

A seed redraws the training subset and the noise (and, in training, the initialisation); the
frames stay where they are, so one bank serves every seed and every kind of noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdfer.errors import UserError
from rdfer.faces.noise import given_labels
from rdfer.manifest import Manifest
from rdfer.settings import Settings

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """One part (train, val or test) of a task.

    Attributes:
        videos: int64 [n], rows of the manifest and of the bank.
        true: int64 [n], true classes; -1 where unknown.
        given: int64 [n], the labels that training sees; equal to ``true`` in the test part.
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


@dataclass(frozen=True)
class Task:
    """Train, validation and test part of one seed."""

    train: Part
    val: Part
    test: Part
    classes: int


def draw_task(manifest: Manifest, settings: Settings, *, seed: int) -> Task:
    """Draw the subset and the noise of ``seed``.

    Raises:
        UserError: a class has no sample in one of the parts.
    """
    labels = manifest.labels()
    splits = np.array([clip.split for clip in manifest.clips])
    difficulty = np.array(
        [clip.truth.difficulty if clip.truth else 0 for clip in manifest.clips], np.int64
    )
    train = _stratified(
        np.flatnonzero(splits == "train"),
        labels,
        settings.data.per_seed,
        np.random.default_rng([seed, 1]),
    )
    parts = {}
    for k, (name, videos) in enumerate(
        [
            ("train", train),
            ("val", np.flatnonzero(splits == "val")),
            ("test", np.flatnonzero(splits == "test")),
        ]
    ):
        true = labels[videos]
        missing = set(range(len(manifest.classes))) - set(true.tolist())
        if missing:
            name_of = manifest.classes[min(missing)]
            raise UserError(f"class {name_of!r}: has no sample in the {name} part")
        given = true
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

"""Parts of a data set: grouped folds, and a validation part cut from the training part.

What must not be split (an actor, a film) is a video's group. Where no video has one, videos are
drawn alone. All draws keep the classes' shares as far as groups allow, and depend on a seed only.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest, Video
from rdfer.datasets.tree import Tree

FOLDS = 5
VALIDATION_SEED = 0  # one validation part for all seeds, as one test part


def fold_of_videos(
    videos: Sequence[Video], *, folds: int = FOLDS, seed: int = 0
) -> NDArray[np.int64]:
    """Fold 1..``folds`` of each video, int64 [len(videos)]: groups together, classes spread evenly.

    Source: scikit-learn's ``StratifiedGroupKFold``, or ``StratifiedKFold`` where no video has a
    group. That first one can leave a fold empty where groups are few and of one class each; then
    it is ``GroupKFold``, which looks at sizes alone and fills every fold.

    Raises:
        UserError: fewer groups (or videos of a class) than folds, or only some have a group.
    """
    # slow to import, and only drawn splits need it
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

    labels = np.array([video.given for video in videos])
    groups = np.array([video.group for video in videos])
    grouped = _grouped(videos)
    least = len(set(groups)) if grouped else min(np.unique(labels, return_counts=True)[1])
    if not 2 <= folds <= least:
        what = "groups" if grouped else "videos of the smallest class"
        raise UserError(f"folds = {folds}: must be 2..{least}, as there are {least} {what}")
    splitter = (StratifiedGroupKFold if grouped else StratifiedKFold)(
        n_splits=folds, shuffle=True, random_state=seed
    )
    fold = _numbered(splitter, labels, groups)
    if len(set(fold.tolist())) < folds:
        fold = _numbered(GroupKFold(folds), labels, groups)
    return fold


def _numbered(splitter: Any, labels: NDArray[Any], groups: NDArray[Any]) -> NDArray[np.int64]:
    """The fold 1.. of each video, as a splitter of scikit-learn draws them."""
    fold = np.zeros(len(labels), np.int64)
    with warnings.catch_warnings():
        # a class with fewer videos than folds cannot be in all of them; the manifest checks that
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, tested) in enumerate(splitter.split(labels, labels, groups), start=1):
            fold[tested] = k
    return fold


def in_fold(videos: Sequence[Video], *, fold: int, seed: int = 0) -> tuple[Video, ...]:
    """The same videos in five folds of their own: one is tested, the others are trained on.

    Official folds may share what must not be shared, as DFEW's share films; these do not.

    Raises:
        UserError: as :func:`fold_of_videos`.
    """
    tested = fold_of_videos(videos, seed=seed) == fold
    return tuple(
        replace(
            video,
            split="test" if test else "train",
            label=video.given if test else "",
            fold=fold,
        )
        for video, test in zip(videos, tested, strict=True)
    )


def by_actor(tree: Tree, *, fold: int, seed: int) -> Tree:
    """A set without official split, whose groups are its actors, in five folds by actor.

    Raises:
        UserError: there are no videos.
    """
    if not tree.videos:
        raise UserError(
            f"{tree.folder}: holds no videos that are named as {tree.name}'s are; see the layout "
            "that `rdfer datasets` prints"
        )
    actors = len({video.group for video in tree.videos})
    if actors < FOLDS:
        told = (
            f"{tree.folder}: holds videos of {actors} actors; {FOLDS} folds by actor need at least "
            f"{FOLDS}; unpack those of the others"
        )
        return replace(tree, drawn=True, undivided=told)
    name = f"{tree.name}, fold {fold} of {FOLDS} by actor, seed {seed}"
    return drawn(replace(tree, name=name), fold=fold, seed=seed)


def drawn(tree: Tree, *, fold: int, seed: int) -> Tree:
    """A set in five folds of its own, or undivided where there are too few videos for them."""
    try:
        return replace(tree, videos=in_fold(tree.videos, fold=fold, seed=seed), drawn=True)
    except UserError as error:
        return replace(tree, drawn=True, undivided=str(error))


def cut_validation(
    manifest: Manifest, *, share: float = 0.1, seed: int = 0, grouped: bool = True
) -> Manifest:
    """Turn a part of the training videos into the validation part.

    Whole groups where the training videos have one, so that nobody is in both parts; stratified by
    class. The test videos stay as they are.

    Args:
        manifest: has training videos and no validation part.
        share: of the training videos, to a twentieth.
        seed: of the draw.
        grouped: keep groups together; without it videos are drawn alone.

    Raises:
        UserError: ``share`` is not in (0, 0.5], there is a validation part already, or a class or
            the groups are too few to be divided.
    """
    if not 0 < share <= 0.5:
        raise UserError(f"share = {share!r}: must lie in (0, 0.5]")
    if any(video.split == "val" for video in manifest.videos):
        raise UserError(f"{manifest.name}: has a validation part already")
    train = [video for video in manifest.videos if video.split == "train"]
    if not train:
        raise UserError(f"{manifest.name}: has no training videos to cut a validation part from")
    drawn = train if grouped else [replace(video, group="") for video in train]
    taken = _in_parts(share)
    fold = fold_of_videos(drawn, folds=taken.denominator, seed=seed)
    chosen = {video.id for video, k in zip(train, fold, strict=True) if k <= taken.numerator}
    videos = tuple(
        replace(video, split="val") if video.id in chosen else video for video in manifest.videos
    )
    return replace(manifest, videos=videos)


def _in_parts(share: float) -> Fraction:
    """A share as so many of so many equal parts: 0.3 is 3 of 10."""
    return Fraction(share).limit_denominator(20)


def cut(manifest: Manifest, share: float) -> Manifest:
    """The manifest with the validation part that a run cuts, by group where that is known.

    Where groups are so few that their part would lack a class, videos are drawn alone, and the
    manifest's name says so.

    Raises:
        UserError: a class has too few videos to give some of them away.
    """
    named = {video.group for video in manifest.videos if video.split == "train"}
    grouped = named == {""} or len(named) >= _in_parts(share).denominator
    try:
        divided = cut_validation(manifest, share=share, seed=VALIDATION_SEED, grouped=grouped)
    except UserError as error:
        raise UserError(
            f"data.val_share = {share}: {error}; add training videos, or give a validation part"
        ) from None
    told = "" if grouped else ", validation videos share groups with training"
    return replace(divided, name=divided.name + told)


def _grouped(videos: Sequence[Video]) -> bool:
    named = sum(video.group != "" for video in videos)
    if named not in (0, len(videos)):
        without = next(video.id for video in videos if not video.group)
        raise UserError(f"video {without}: has no group, while others have; every video needs one")
    return named > 0

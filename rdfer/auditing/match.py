"""Clip predictions and labels brought together, and checked.

Where both sides name their videos, rows are matched by that name alone; where one or none does,
by order, and only if there are equally many. Whatever is wrong is told by the name of the video.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.auditing.input import Given, Strings, names
from rdfer.base.errors import UserError
from rdfer.method import agreement


@dataclass(frozen=True)
class Matched:
    """Predictions [V, N, C] with the label of each video.

    Attributes:
        predictions: not checked yet.
        labels: integers or class names, [V].
        ids: of the videos, None where neither file tells.
        classes: of the columns, None where nothing tells.
        notes: what a reader should know of how the two were matched.
    """

    predictions: NDArray[Any]
    labels: NDArray[Any]
    ids: Strings | None
    classes: Strings | None
    notes: Strings


def match(predictions: Given, labels: Given, *, classes: Sequence[str] | None = None) -> Matched:
    """Give each predicted video its label.

    Args:
        predictions: of V videos.
        labels: of these, and possibly of more.
        classes: names of the columns, where the files do not tell; where they do, the same.

    Raises:
        UserError: a video without a label, ids that do not fit, class names that contradict
            one another.
    """
    told = [(s.name, s.classes) for s in (predictions, labels) if s.classes is not None]
    if classes is not None:
        told.insert(0, ("classes", names("classes", classes)))
    for name, others in told[1:]:
        if others != told[0][1]:
            raise UserError(
                f"classes of {name} = {', '.join(others or ())}: must be those of {told[0][0]},"
                f" in that order ({', '.join(told[0][1] or ())})"
            )
    rows, notes = _rows(predictions, labels)
    return Matched(
        predictions=predictions.values,
        labels=labels.values[rows],
        ids=predictions.ids or labels.ids,
        classes=told[0][1] if told else None,
        notes=notes,
    )


def probabilities(values: NDArray[Any], ids: Strings) -> NDArray[np.float64]:
    """Checked clip probabilities, float64 [V, N, C].

    Raises:
        UserError: as :func:`rdfer.method.agreement.check_probs`, with the name of the video.
    """
    if values.dtype.kind not in "fiu":
        raise UserError(f"predictions of type {values.dtype}: must be numbers")
    if values.ndim != 3 or values.shape[0] < 1 or values.shape[2] < 2:
        raise UserError(
            f"predictions of shape {values.shape}: must be [videos, clips, classes] with at least"
            " 1 video, 2 clips and 2 classes"
        )
    try:
        return agreement.check_probs(values, least_clips=2)
    except UserError as error:
        raise _named(error, values, ids) from None


def _named(error: UserError, values: NDArray[Any], ids: Strings) -> UserError:
    """The error with the name of the first video that it is about, if it is about one."""
    for name, video in zip(ids, values, strict=True):
        try:
            agreement.check_probs(video[None])
        except UserError as own:
            hint = "; logits need a softmax first" if np.isfinite(video).all() else ""
            return UserError(f"predictions of {name!r}: {own}{hint}")
    return error


def class_indices(
    labels: NDArray[Any], *, ids: Strings, classes: Strings, named: bool
) -> NDArray[np.int64]:
    """Class indices int64 [V] of labels that are names, or indices as numbers or text.

    Args:
        labels: [V]; all of one kind.
        ids: of the videos.
        classes: names of the classes.
        named: False where these names are but their numbers.

    Raises:
        UserError: another number of labels than videos, or one that is none of the classes.
    """
    if labels.shape != (len(ids),):
        raise UserError(f"labels of shape {labels.shape}: there are {len(ids)} videos")
    numbers = {str(c): c for c in range(len(classes))}
    if labels.dtype.kind in "iu":
        texts, index = [str(label) for label in labels], numbers
    elif all(isinstance(label, str) for label in labels.tolist()):
        texts = [label.strip() for label in labels.tolist()]
        index = {name: c for c, name in enumerate(classes)}
        if not index.keys() & set(texts):
            index = numbers
    else:
        raise UserError(f"labels of type {labels.dtype}: must be class names or whole numbers")
    for name, text in zip(ids, texts, strict=True):
        if text not in index:
            rule = f"0 to {len(classes) - 1}"
            rule = (
                f"one of {', '.join(classes)}, or all labels {rule}"
                if named
                else f"{rule}, as nothing tells the names of the classes"
            )
            raise UserError(f"label of {name!r} = {text!r}: must be {rule}")
    return np.array([index[text] for text in texts], np.int64)


def _rows(predictions: Given, labels: Given) -> tuple[NDArray[np.int64], Strings]:
    """Which label belongs to each predicted video, and what to say about it."""
    videos, given = len(predictions.values), len(labels.values)
    if predictions.ids is None or labels.ids is None:
        if videos != given:
            raise UserError(
                f"labels in {labels.name} = {given}: there are {videos} videos in"
                f" {predictions.name}; without ids in both files the numbers must be equal"
            )
        return np.arange(videos), ("Videos and labels are matched by their order in the files.",)
    where = {name: row for row, name in enumerate(labels.ids)}
    lacking = [name for name in predictions.ids if name not in where]
    if lacking:
        raise UserError(
            f"{labels.name}: has no label for {len(lacking)} of {videos} videos of"
            f" {predictions.name}, the first of them {lacking[0]!r}"
        )
    rows = np.array([where[name] for name in predictions.ids], np.int64)
    spare = given - videos
    return rows, (f"Labels without predictions, not shown: {spare}.",) if spare else ()

"""Clip predictions and labels brought together, and checked.

Where both sides name their videos, rows are matched by that name, if need be without suffix and
leading zeros; where one or none does, by order, and only if there are equally many. Whatever is
wrong is told by the name of the video.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.auditing.input import Given, Strings, names
from rdfer.base.errors import UserError, short
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
        first = told[0][1] or ()
        if [_index(other, first) for other in others or ()] != list(range(len(first))):
            raise UserError(
                f"classes of {name} = {short(', '.join(others or ()))}: must be those of "
                f"{told[0][0]}, in that order ({short(', '.join(first))})"
            )
    rows, notes = _rows(predictions, labels)
    return Matched(
        predictions=predictions.values,
        labels=labels.values[rows],
        ids=predictions.ids or labels.ids,
        classes=told[0][1] if told else None,
        notes=(*predictions.notes, *labels.notes, *notes),
    )


def probabilities(
    values: NDArray[Any], ids: Strings, classes: Strings | None = None
) -> tuple[NDArray[np.float64], Strings]:
    """Checked clip probabilities, float64 [V, N, C], and what was done to them.

    Rows that do not quite sum to 1, as those rounded to three decimals or from bfloat16, are
    divided by their sum.

    Raises:
        UserError: as :func:`rdfer.method.agreement.check_probs`, with the name of the video; or a
            column is no class.
    """
    if values.dtype.kind not in "fiu":
        raise UserError(f"predictions of type {values.dtype}: must be numbers")
    if values.ndim != 3 or values.shape[0] < 1 or values.shape[2] < 2:
        raise UserError(
            f"predictions of shape {values.shape}: must be [videos, clips, classes] with at least"
            " 1 video, 2 clips and 2 classes"
        )
    values = values.astype(np.float64)
    notes: Strings = ()
    sums = values.sum(-1, keepdims=True)
    if _off(values) > agreement.SUM_TOLERANCE and _nearly(values):
        values = values / sums
        notes = (
            f"Predictions sum to {sums.min():.4f} to {sums.max():.4f}, as rounded ones do: each"
            " row was divided by its sum.",
        )
    try:
        return agreement.check_probs(values, least_clips=2), notes
    except UserError as error:
        raise _named(error, values, ids, classes) from None


def _off(values: NDArray[np.float64]) -> float:
    """How far any row is from summing to 1; inf where a value is negative or none."""
    with np.errstate(all="ignore"):
        return float(np.abs(values.sum(-1) - 1).max()) if (values >= 0).all() else np.inf


def _nearly(values: NDArray[np.float64]) -> bool:
    """Whether rounding to three decimals or to bfloat16 (2^-7) explains the sums."""
    return _off(values) <= min(max(2**-7, 0.0005 * values.shape[-1]), 0.02)


def _named(
    error: UserError, values: NDArray[np.float64], ids: Strings, classes: Strings | None
) -> UserError:
    """The error with the column, or the first video that it is about, if it is about one."""
    columns = np.arange(values.shape[2])
    outside = (~((values >= 0) & (values <= 1))).any((0, 1))
    for spare in (outside, *(outside | (columns == c) for c in columns)):
        if spare.any() and (~spare).sum() > 1 and _nearly(values[..., ~spare]):
            told = ", ".join(repr(short(classes[c])) if classes else str(c) for c in columns[spare])
            return UserError(
                f"predictions: column {told} is no class: without it each row sums to 1; take it"
                " out"
            )
    for name, video in zip(ids, values, strict=True):
        try:
            agreement.check_probs(video[None])
        except UserError as own:
            hint = "; logits need a softmax first" if np.isfinite(video).all() else ""
            return UserError(f"predictions of {short(name)!r}: {own}{hint}")
    return error


def class_indices(
    labels: NDArray[Any], *, ids: Strings, classes: Strings, named: bool
) -> NDArray[np.int64]:
    """Class indices int64 [V] of labels that are names, or indices as numbers or text.

    Numbers are names where classes are called so, whatever file they stand in.

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
    items = labels.tolist()
    if labels.dtype.kind not in "iu" and not all(isinstance(item, str) for item in items):
        raise UserError(f"labels of type {labels.dtype}: must be class names or whole numbers")
    texts = [str(item).strip() for item in items]
    found = {text: _index(text, classes) for text in set(texts)}
    if all(c is None for c in found.values()):
        numbers = {str(c): c for c in range(len(classes))}
        found = {text: numbers.get(text) for text in found}
    for name, text in zip(ids, texts, strict=True):
        if found[text] is None:
            rule = f"0 to {len(classes) - 1}"
            rule = (
                f"one of {short(', '.join(classes), 200)}, or all labels {rule}"
                if named
                else f"{rule}, as nothing tells the names of the classes"
            )
            if found.keys() <= {str(c + 1) for c in range(len(classes))}:
                rule += "; these count from 1, it seems"
            raise UserError(f"label of {short(name)!r} = {short(text)!r}: must be {rule}")
    return np.array([found[text] for text in texts], np.int64)


def _index(text: str, classes: Strings) -> int | None:
    """Which class a name is, in any form that the readers of data sets know; None if none."""
    if text in classes:
        return classes.index(text)
    from rdfer.datasets.lists import class_name

    try:
        return classes.index(class_name("", text, classes))
    except UserError:
        return None


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
    wanted, there = list(predictions.ids), list(labels.ids)
    notes: Strings = ()
    lacking = sorted(set(wanted) - set(there), key=wanted.index)
    if lacking:
        plain, theirs = _plain(wanted), _plain(there)
        if set(plain) <= set(theirs) and len(set(plain)) == videos and len(set(theirs)) == given:
            same = there[theirs.index(_plain(lacking)[0])]
            notes = (
                "Videos are matched by their names without suffix and leading zeros:"
                f" {lacking[0]} is {same}.",
            )
            wanted, there = plain, theirs
        else:
            raise UserError(
                f"{labels.name}: has no label for {len(lacking)} of {videos} videos of"
                f" {predictions.name}, the first of them {short(lacking[0])!r} (names there are"
                f" such as {short(there[0] if there else '')!r})"
            )
    where = {name: row for row, name in enumerate(there)}
    spare = given - videos
    if spare:
        notes = (*notes, f"Labels without predictions, not shown: {spare}.")
    return np.array([where[name] for name in wanted], np.int64), notes


def _plain(names: Sequence[str]) -> list[str]:
    """``1``, ``00001`` and ``00001.mp4`` -> ``00001``; accents composed with their letters."""
    from rdfer.datasets.tables import as_text, padded
    from rdfer.datasets.tree import LOOKS

    stems = [os.path.splitext(as_text(name)) for name in names]
    plain = [stem if suffix.lower() in LOOKS else stem + suffix for stem, suffix in stems]
    return [padded(name) if name.isdecimal() else name for name in plain]

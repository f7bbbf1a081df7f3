"""Which labels of anybody's data to look at again, by the clip predictions of anybody's model.

    predictions [V, N, C], labels [V] -> a sheet of V rows, the most suspicious label first

A label is noisy where the gap of the mean softmax over clips reaches ``score_threshold``; of the
rest, a video is hard where fewer than ``threshold`` of its clips vote for the
given label, after RDFER (vote); else clean. How large a gap can be depends on how sure of itself a
model is, so the gap may also be judged by a mixture fitted to the data at hand (rule "mixture").
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.auditing.fit import check_order
from rdfer.auditing.input import Strings, names, read_labels, read_predictions
from rdfer.auditing.match import class_indices, match, probabilities
from rdfer.auditing.sheet import Rule, Sheet
from rdfer.base.errors import UserError, short
from rdfer.method import agreement
from rdfer.method import treatment as mitigation

# those of the treatments and of RDFER (vote), which a test holds equal: settings are not loaded
SCORE_THRESHOLD = 0.3
THRESHOLD = 0.8
RULES: tuple[str, ...] = get_args(Rule)
#: Scores are rounded here, so that the order of the clips, which a sum feels, changes nothing.
DECIMALS = 9


def audit(
    predictions: ArrayLike,
    labels: ArrayLike,
    *,
    ids: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    rule: Rule = "threshold",
    score_threshold: float = SCORE_THRESHOLD,
    threshold: float = THRESHOLD,
) -> Sheet:
    """Rank videos by how much the predictions of their clips speak against their label.

    >>> sheet = audit(
    ...     [[[0.9, 0.1], [0.8, 0.2]], [[0.9, 0.1], [0.7, 0.3]], [[0.8, 0.2], [0.3, 0.7]]],
    ...     ["sad", "happy", "happy"], ids=["a", "b", "c"], classes=["happy", "sad"])
    >>> sheet.ids, sheet.reason.tolist()
    (('a', 'c', 'b'), ['noisy', 'hard', 'clean'])

    Args:
        predictions: probabilities [V, N, C] of N >= 2 clips a video; logits need a softmax first.
            Lists, arrays, or tensors on any device; tensors with gradients are detached.
        labels: class names or indices from 0, [V]; these too.
        ids: names of the videos; by default their numbers from 0.
        classes: names of the columns; by default their numbers from 0.
        rule: "threshold" (a gap of ``score_threshold``), or "mixture" of two normal distributions
            fitted to the gaps of these videos: noisy where the upper one is the likelier.
        score_threshold: gap from which on a label is called noisy, in (0, 1].
        threshold: share of clips that must vote for the given label, in (0, 1]; where fewer do,
            what is not noisy is called hard.

    Raises:
        UserError: fewer than two clips; a value that is no probability; a row that does not sum
            to 1, but for what rounding does; another number of labels, ids or classes than there
            should be; a label that is none of the classes; labels that count from 1, or classes
            in another order (:mod:`rdfer.auditing.fit`).
    """
    if rule not in RULES:
        raise UserError(f"rule = {short(rule)!r}: must be one of {', '.join(RULES)}")
    for name, value in (("score_threshold", score_threshold), ("threshold", threshold)):
        if not 0 < value <= 1:
            raise UserError(f"{name} = {value!r}: must be above 0 and at most 1")
    values = _array("predictions", predictions)
    count = len(values) if values.ndim else 0
    videos = tuple(map(str, range(count))) if ids is None else names("ids", ids)
    if len(videos) != count:
        raise UserError(f"ids of length {len(videos)}: must be {count}, one a video")
    columns = None if classes is None else names("classes", classes)
    if columns is not None and values.ndim == 3 and len(columns) != values.shape[2]:
        told = short(", ".join(columns))
        raise UserError(f"classes = {told}: must name {values.shape[2]} columns")
    probs, notes = probabilities(values, videos, columns)
    columns = columns or tuple(map(str, range(probs.shape[2])))
    given = class_indices(
        _array("labels", labels), ids=videos, classes=columns, named=classes is not None
    )
    check_order(probs, given, columns)
    gap, contrary, peak, loss = (
        score.round(DECIMALS) + 0.0  # no negative zeros
        for score in (
            agreement.gap(probs, given),
            agreement.contrary(probs, given),
            agreement.max_mean_softmax(probs),
            agreement.clip_loss(probs, given),
        )
    )
    share, majority = agreement.vote(probs)
    order = np.array(sorted(range(count), key=lambda v: (-contrary[v], videos[v])), np.int64)
    # fitted to the ranked scores, so that the order of the rows changes nothing
    noisy = _noisy(gap[order], contrary[order], rule, score_threshold)
    support = (probs.argmax(2) == given[:, None]).mean(1)[order]
    return Sheet(
        ids=tuple(videos[v] for v in order),
        classes=columns,
        probs=probs[order],
        given=given[order],
        suspected=np.where(gap > 0, probs.mean(1).argmax(1), given)[order],
        reason=mitigation.partition_by_score(noisy, support, threshold=threshold),
        gap=gap[order],
        contrary=contrary[order],
        agreement=share[order],
        majority=majority[order],
        support=support,
        max_mean_softmax=peak[order],
        loss=loss[order],
        rule=rule,
        score_threshold=score_threshold,
        threshold=threshold,
        notes=(*notes, *_absent(given, columns), *_flat(gap, rule, score_threshold)),
    )


def audit_files(
    predictions: str | Path,
    labels: str | Path,
    *,
    classes: Sequence[str] | None = None,
    rule: Rule = "threshold",
    score_threshold: float = SCORE_THRESHOLD,
    threshold: float = THRESHOLD,
) -> Sheet:
    """As :func:`audit`, of files; :mod:`rdfer.auditing.input` has their formats.

    Raises:
        UserError: a file that cannot be used, or what :func:`audit` refuses.
    """
    matched = match(read_predictions(predictions), read_labels(labels), classes=classes)
    sheet = audit(
        matched.predictions,
        matched.labels,
        ids=matched.ids,
        classes=matched.classes,
        rule=rule,
        score_threshold=score_threshold,
        threshold=threshold,
    )
    return replace(sheet, notes=(*matched.notes, *sheet.notes))


def _noisy(
    gap: NDArray[np.float64], contrary: NDArray[np.float64], rule: Rule, threshold: float
) -> NDArray[np.float64]:
    """P(noisy) by the rule; a label that the clips do not contradict is never noisy."""
    if rule == "threshold":
        return mitigation.threshold_probability(gap, threshold)
    return np.where(gap > 0, mitigation.mixture_probability(contrary), 0.0)


def _flat(gap: NDArray[np.float64], rule: Rule, threshold: float) -> Strings:
    """A word of warning where the threshold is out of reach of this model's predictions."""
    top = float(gap.max())
    if rule != "threshold" or top == 0 or top >= threshold:
        return ()
    return (
        f"No gap reaches {threshold:g}; the largest is {top:.3f}. This model may be less sure of"
        " itself than the one that the threshold was chosen with: go by the ranking, or take the"
        " rule mixture.",
    )


def _absent(given: NDArray[np.int64], classes: Strings) -> Strings:
    missing = [name for c, name in enumerate(classes) if c not in set(given.tolist())]
    if not missing:
        return ()
    return (f"No video is labelled {', '.join(missing)}: nothing can be said of such labels.",)


def _array(name: str, values: Any) -> NDArray[Any]:
    """Numbers or names as an array; tensors are known by what they can do, not by loading torch."""
    if isinstance(values, list | tuple):
        values = [_array(name, item) if hasattr(item, "detach") else item for item in values]
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if values.is_floating_point():
            values = values.double()  # NumPy has no bfloat16
    try:
        return np.asarray(values)
    except ValueError:  # lists of different lengths
        raise UserError(f"{name}: must be an array; its rows are of different lengths") from None

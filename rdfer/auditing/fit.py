"""Whether labels count from 1, or classes are swapped: labels that fit better in another order.

Every video is then called noisy, which says nothing of any. The order that fits best is the
assignment of classes to classes under which most labels are the prediction (Hungarian method).
"""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from rdfer.auditing.input import Strings
from rdfer.base.errors import UserError, short

#: Fewer videos of moved classes tell nothing: some order fits any few labels by chance.
LEAST = 20


def check_order(probs: NDArray[np.float64], given: NDArray[np.int64], classes: Strings) -> None:
    """Refuse labels that fit the predictions much better in another order of the classes.

    Args:
        probs: clip probabilities [V, N, C].
        given: class indices [V].
        classes: names of the C classes.

    Raises:
        UserError: of at least :data:`LEAST` videos of the classes that would change places,
            clearly more than half would be labelled as predicted, at most half as many are now,
            and of two of these classes at least half: a model that always says the same fits no
            order.
    """
    from scipy.optimize import linear_sum_assignment

    count = len(classes)
    seen = np.zeros((count, count), np.int64)  # given, predicted
    np.add.at(seen, (given, probs.mean(1).argmax(1)), 1)
    # nothing changes places for nothing
    _, best = linear_sum_assignment(seen + 0.5 * np.eye(count), maximize=True)
    videos = seen.sum(1)
    moved = np.flatnonzero((best != np.arange(count)) & (videos > 0))
    fit, now, total = seen[moved, best[moved]], seen[moved, moved].sum(), videos[moved].sum()
    sure = (2 * fit >= videos[moved]).sum()
    if total < LEAST or 2 * now > fit.sum() or sure < 2:
        return
    # three standard deviations above an even chance
    if fit.sum() / total < 0.5 + 1.5 / np.sqrt(total):
        return
    pairs = [f"{short(classes[g])} as {short(classes[best[g]])}" for g in islice(moved, 4)]
    more = ", .." if len(moved) > 4 else ""
    shifted = len(moved) == (videos > 0).sum() and (best[moved] == moved - 1).all()
    raise UserError(
        f"labels: with {', '.join(pairs)}{more}, {fit.sum()} of {total} videos are labelled as "
        f"predicted, {now} as they are; "
        + (
            "they count from 1, it seems: subtract 1, or give names"
            if shifted
            else "classes are in another order, it seems: correct the labels or the columns' names"
        )
    )

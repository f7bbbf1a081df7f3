"""Out-of-fold predictions: each training video by a network that never saw it.

Confident learning needs them (Northcutt, Jiang, Chuang, JAIR 70, 2021, section 4.1).
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from rdfer.base.errors import UserError
from rdfer.data.inputs import Inputs
from rdfer.data.task import Part, Task
from rdfer.settings.schema import Settings, override
from rdfer.training.fit import fit
from rdfer.training.sweeps import sweep


def folds_of(given: NDArray[np.int64], folds: int, *, seed: int) -> NDArray[np.int64]:
    """The fold of each video, int64 [V] in 0 .. folds - 1, stratified by given label.

    Raises:
        UserError: fewer than 2 folds, or a class with fewer videos than folds.
    """
    rarest = int(np.bincount(given)[np.unique(given)].min())
    if not 2 <= folds <= rarest:
        raise UserError(f"folds = {folds}: must be 2 to {rarest}, the videos of the rarest class")
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    out = np.empty(len(given), np.int64)
    for k, (_, held) in enumerate(split.split(np.zeros(len(given)), given)):
        out[held] = k
    return out


def part_of(part: Part, rows: NDArray[np.bool_]) -> Part:
    """The videos of a part where ``rows`` [V] holds."""
    return Part(videos=part.videos[rows], true=part.true[rows], given=part.given[rows])


def out_of_fold(
    task: Task, inputs: Inputs, settings: Settings, *, seed: int, folds: int
) -> NDArray[np.float32]:
    """Clip probabilities of every training video by the network of the other folds.

    Args:
        task: its training part is divided; the epoch of each network is chosen on its validation
            part, as everywhere.
        inputs: cached features or frames.
        settings: of each of the trainings.
        seed: of folds and trainings.
        folds: how many.

    Returns:
        float32 ``[V, N, C]``, N = ``agreement.clips``, rows as in ``task.train``.
    """
    fold = folds_of(task.train.given, folds, seed=seed)
    unwatched = override(settings, {"agreement.watch": "nothing"})
    shape = (len(task.train), settings.agreement.clips, task.classes)
    probs = np.empty(shape, np.float32)
    for k in range(folds):
        others = dataclasses.replace(task, train=part_of(task.train, fold != k))
        fitted = fit(others, inputs, unwatched, seed=seed)
        held = part_of(task.train, fold == k)
        rng = np.random.default_rng([seed, 4, k])
        probs[fold == k] = sweep(fitted.model, inputs, held, settings, rng)
    return probs

"""Hyper-parameters: every method has the same number of trials, on the development pool alone.

A trial is a set of changes on a method's settings; each is trained with the same few seeds, and
the one of highest mean UAR on the development pool's test part is taken. What was found is in
:mod:`rdfer.settings.variants`; the trials of the reference are in ``results/tuning.json``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rdfer.base.errors import UserError, did_you_mean
from rdfer.settings.variants import METHODS, RIVALS, Variant
from rdfer.studies.design import USUAL, under

POOL = "development"
SEEDS = (0, 1)
#: Method -> its trials; the first is the one that the source names, or ours to begin with.
TRIALS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "label-smoothing": [{"training.label_smoothing": s} for s in (0.1, 0.05, 0.2, 0.4)],
    "small-loss": [
        {"robust.forget": forget, "robust.forget_epochs": epochs}
        for forget, epochs in ((1.0, 10), (1.0, 5), (0.5, 10), (1.5, 10))
    ],
    "elr": [
        {"robust.elr": strength, "robust.elr_memory": memory}
        for strength, memory in ((3.0, 0.7), (1.0, 0.7), (3.0, 0.9), (7.0, 0.7))
    ],
    "scn": [
        {"agreement.score_threshold": threshold, "agreement.start": start}
        for threshold, start in ((0.2, 10), (0.2, 6), (0.4, 6), (0.6, 6))
    ],
    "loss-mixture": [
        {"agreement.start": start, "agreement.average": average}
        for start, average in ((6, False), (10, False), (6, True), (4, True))
    ],
    "vote": [
        {"agreement.threshold": threshold, "agreement.noisy": noisy}
        for threshold, noisy in ((0.8, "relabel"), (1.0, "relabel"), (0.8, "drop"), (1.0, "drop"))
    ],
    "ours": [{"agreement.wrong": share} for share in (0.2, 0.1, 0.3, 0.5)],
}


def trials(methods: str = "") -> dict[str, Variant]:
    """The trials of some methods (comma-separated; empty: all) by the name of their runs.

    Raises:
        UserError: an unknown method.
    """
    wanted = [name.strip() for name in methods.split(",") if name.strip()] or list(TRIALS)
    known = {**METHODS, **RIVALS}
    found = {}
    for name in wanted:
        if name not in TRIALS:
            raise UserError(f"method = {name!r}: has no trials; {did_you_mean(name, TRIALS)}")
        for number, changes in enumerate(TRIALS[name]):
            method = known[name]
            variant = Variant(
                name=f"{name}-{number}",
                title=f"{method.title}, trial {number + 1}",
                changes={**method.changes, **changes},
            )
            found[variant.name] = under(variant, USUAL)
    return found


def check_pool(pool: str) -> None:
    """Refuse to choose by anything but the development pool.

    Raises:
        UserError: another pool.
    """
    if pool != POOL:
        raise UserError(
            f"data.pool = {pool!r}: hyper-parameters are chosen on the {POOL} pool alone"
        )


def chosen(rows: Sequence[Mapping[str, Any]], *, pool: str) -> dict[str, dict[str, Any]]:
    """The best trial of each method, and all of them.

    Args:
        rows: one a run, with ``variant`` (a key of :func:`trials`), ``seed`` and ``uar``.
        pool: that they were tested on.

    Returns:
        Method -> ``best`` (number of the trial), ``changes`` of it, and ``trials``: mean UAR of
        each. A tie goes to the earlier trial.

    Raises:
        UserError: another pool than development, or a trial without one of the seeds.
    """
    check_pool(pool)
    out = {}
    uars = {(str(row["variant"]), row["seed"]): row["uar"] for row in rows}
    for name in dict.fromkeys(variant.rpartition("-")[0] for variant, _ in uars):
        named = [f"{name}-{number}" for number in range(len(TRIALS[name]))]
        missing = [(trial, seed) for trial in named for seed in SEEDS if (trial, seed) not in uars]
        if missing:
            raise UserError(f"trial {missing[0][0]}: seed {missing[0][1]} is missing")
        means = [float(np.mean([uars[trial, seed] for seed in SEEDS])) for trial in named]
        best = int(np.argmax(means))
        out[name] = {"best": best, "changes": dict(TRIALS[name][best]), "trials": means}
    return out

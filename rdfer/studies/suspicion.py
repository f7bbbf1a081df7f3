"""Scores of suspicion from a watched run: every view, every epoch, every rival.

A run that is watched in all views (``agreement.watch = "views"``) keeps, sweep by sweep, the
predictions of several clips of a video, of one clip under as many augmentations, and of one clip
in as many passes with dropout: the same number of forward passes each. Crossed with the score and
with the averaging over sweeps they tell what the *clips* add with everything else held fixed.

Arrays are those of a run (:func:`rdfer.training.experiment.run_arrays`): ``train_given`` int [V],
``sweep_clips``, ``sweep_augmented``, ``sweep_dropout`` [S, V, N, C], ``sweep_logits`` [E, V, C].
Every score is float64 [V], higher is more suspicious.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from rdfer.base.errors import UserError
from rdfer.method import agreement
from rdfer.studies import rival_views, rivals

Floats: TypeAlias = NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, NDArray[Any]]

#: What a claim calls the passes that are compared -> the array that holds them.
PASSES: Mapping[str, str] = {
    "clips": "sweep_clips",
    "augmentations": "sweep_augmented",
    "dropout": "sweep_dropout",
}
EPOCHS = ("last", "mean")
#: Scores that are crossed with passes and epochs; agreement, JSD and margin see no label.
CROSSED = ("loss", "gap", "wrong vote", "agreement", "JSD", "margin")
USUAL = 8  # passes that every score has, as RDFER (ours) in training; more are watched for the cost
EARLY = 2  # sweeps: EL2N looks at an early epoch


def crossed_score(
    arrays: Arrays, score: str, *, passes: str, epochs: str, clips: int = USUAL
) -> Floats:
    """One entry of the factorial: a score of some passes, from the last sweep or from all.

    Over several sweeps, loss and gap are those of the mean softmax over sweeps and passes; a vote,
    a divergence or a margin is a property of one sweep and is averaged itself.

    Args:
        arrays: see the module.
        score: one of :data:`CROSSED`.
        passes: one of :data:`PASSES`, or ``one``: the first clip alone.
        epochs: ``last`` sweep, or ``mean`` over all.
        clips: only the first so many passes.

    Raises:
        UserError: an unknown name, or passes that were not watched.
    """
    name = PASSES.get("clips" if passes == "one" else passes)
    if name is None or epochs not in EPOCHS or score not in CROSSED:
        raise UserError(f"score = {(score, passes, epochs)!r}: not one of the factorial")
    if name not in arrays:
        raise UserError(f"passes = {passes!r}: this run was not watched so")
    probs = arrays[name].astype(np.float64)
    probs = probs[:, :, : 1 if passes == "one" else clips]
    if epochs == "last":
        probs = probs[-1:]
    given = arrays["train_given"]
    if score in ("loss", "gap"):
        mean = probs.mean((0, 2))[:, None]
        function = agreement.clip_loss if score == "loss" else agreement.contrary
        return function(mean, given)
    each = [_of_sweep(sweep, given, score) for sweep in probs]
    return np.mean(each, axis=0)


def _of_sweep(probs: Floats, given: NDArray[Any], score: str) -> Floats:
    """A score of one sweep; all but the wrong vote see no label.

    Noisy videos are those whose clips agree (against the label), hard ones those whose clips do
    not: so high agreement, low divergence and a high margin point to a wrong label.
    """
    if score == "JSD":
        return -agreement.jensen_shannon(probs)
    if score == "margin":
        return agreement.mean_margin(probs)
    share, majority = agreement.vote(probs)
    return share if score == "agreement" else agreement.wrong_vote(share, majority, given)


def rival_scores(arrays: Arrays, out_of_fold: NDArray[Any] | None = None) -> dict[str, Floats]:
    """Every rival of the list, by the names of ``claims.yml``.

    Args:
        arrays: see the module.
        out_of_fold: probabilities of networks that never saw the sample, [V, N, C]; without it the
            three scores of confident learning are left out.
    """
    given = arrays["train_given"]
    clips, augmented, dropout = (
        arrays[name][:, :, :USUAL].astype(np.float64) for name in PASSES.values()
    )
    logits = arrays["sweep_logits"].astype(np.float64)
    said = softmax(logits, axis=-1)
    early = clips[: min(EARLY, len(clips))].mean((0, 2))[None]
    cartography = rivals.cartography(said, given)
    found = {
        "loss of one clip": agreement.clip_loss(clips[-1][:, :1], given),
        "loss of the mean over clips": agreement.clip_loss(clips[-1], given),
        "loss of the mean over clips and sweeps": agreement.clip_loss(
            clips.mean((0, 2))[:, None], given
        ),
        "small-loss mixture": rivals.small_loss(said[-5:], given),
        "AUM": rivals.area_under_margin(logits, given),
        "cartography confidence": cartography["confidence"],
        "cartography variability": cartography["variability"],
        "forgetting events": rivals.forgetting(logits, given),
        "EL2N": rivals.el2n(early, given),
        "dropout agreement": rival_views.dropout_scores(dropout[-1], given)["gap"],
        "augmentation disagreement": rival_views.augmentation_disagreement(
            clips[-1][:, :1], augmented[-1]
        ),
    }
    if out_of_fold is not None:
        quality = rival_views.confident_learning(out_of_fold.astype(np.float64), given)
        found |= {
            "self-confidence": quality["self_confidence"],
            "normalised margin": quality["normalized_margin"],
            "entropy-weighted confidence": quality["weighted_entropy"],
        }
    return found

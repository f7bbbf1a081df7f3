"""How suspicious each training video of one run is: every score, and the videos it is judged on.

Arrays are those that a run records (:func:`rdfer.training.experiment.run_arrays`): ``train_given``
and ``train_true`` int [V], ``train_hard`` and ``train_ambiguous`` bool [V], ``sweep_clips``
[S, V, N, C] (N clips of every video in S sweeps). A run that is watched in all views
(``agreement.watch = "views"``) has as many passes over one clip under augmentations and with
dropout as well, ``sweep_augmented`` and ``sweep_dropout``, and what it said epoch by epoch,
``sweep_logits`` [E, V, C]. Every score is float64 [V], higher is more suspicious.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from rdfer.base.errors import UserError
from rdfer.method import agreement
from rdfer.studies import rivals

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, NDArray[Any]]

HIGH_LOSS = 0.4  # share of the training videos that counts as "high loss"
CHOOSER = 1  # the clip of the last sweep whose loss chooses where there is one network alone
#: Which videos a score is judged on there -> against which the noisy ones are set, in words.
SELECTIONS: Mapping[str, str] = {
    "all": "all",
    "high-loss": "hard, high loss of a clip that the scores use too",
    "high-loss-apart": "hard, high loss of a clip that the scores leave out",
}


class Score(NamedTuple):
    """A score of agreement, as :func:`suspicion_scores` gives it.

    Attributes:
        title: as tables print it.
        of: makes it of the last sweep [V, N, C], the mean over clips and sweeps [V, 1, C] and the
            given labels [V].
        sees_label: whether the given label is looked at.
    """

    title: str
    of: Callable[[Floats, Floats, NDArray[Any]], Floats]
    sees_label: bool = True


#: A new score is a row here; the order is that of tables.
SCORES: Mapping[str, Score] = {
    "vote": Score("Wrong vote, last sweep", lambda last, mean, given: _wrong_vote(last, given)),
    "gap": Score("Gap, last sweep", lambda last, mean, given: agreement.contrary(last, given)),
    "gap-averaged": Score(
        "Gap, mean over sweeps", lambda last, mean, given: agreement.contrary(mean, given)
    ),
    "loss-one-clip": Score(
        "Loss of one clip, last sweep",
        lambda last, mean, given: agreement.clip_loss(last[:, :1], given),
    ),
    "loss": Score(
        "Loss of the mean over clips, last sweep",
        lambda last, mean, given: agreement.clip_loss(last, given),
    ),
    "loss-averaged": Score(
        "Loss of the mean over clips and sweeps",
        lambda last, mean, given: agreement.clip_loss(mean, given),
    ),
    "scatter": Score(
        "Disagreement of the vote (no label)",
        lambda last, mean, given: 1 - agreement.vote(last)[0],
        sees_label=False,
    ),
    "jsd": Score(
        "Jensen–Shannon divergence (no label)",
        lambda last, mean, given: agreement.jensen_shannon(last),
        sees_label=False,
    ),
    "margin": Score(
        "Small margin (no label)",
        lambda last, mean, given: -agreement.mean_margin(last),
        sees_label=False,
    ),
}
SCORE_NAMES: Mapping[str, str] = {name: score.title for name, score in SCORES.items()}
LABEL_FREE = frozenset(name for name, score in SCORES.items() if not score.sees_label)

#: What a claim calls the passes that are compared -> the array that holds them.
PASSES: Mapping[str, str] = {
    "clips": "sweep_clips",
    "augmentations": "sweep_augmented",
    "dropout": "sweep_dropout",
}
EPOCHS = ("last", "mean")
#: Scores that are crossed with passes and epochs, of the probabilities of some passes [V, N, C] and
#: the given labels. Noisy videos are those whose clips agree (against the label), hard ones those
#: whose clips do not: so high agreement, low divergence and a high margin, which see no label,
#: point to a wrong one.
CROSSED: Mapping[str, Callable[[Floats, NDArray[Any]], Floats]] = {
    "loss": agreement.clip_loss,
    "gap": agreement.contrary,
    "wrong vote": lambda sweep, given: _wrong_vote(sweep, given),
    "agreement": lambda sweep, given: agreement.vote(sweep)[0],
    "JSD": lambda sweep, given: -agreement.jensen_shannon(sweep),
    "margin": lambda sweep, given: agreement.mean_margin(sweep),
}
OF_MEAN = ("loss", "gap")  # of the mean softmax; the others are a property of one sweep
USUAL = 8  # passes that every score has, as RDFER (ours) in training; more are watched for the cost
EARLY = 2  # sweeps: EL2N looks at an early epoch


# which videos


def noisy(arrays: Arrays) -> Bools:
    """Which given labels are wrong, [V]."""
    return np.asarray(arrays["train_given"] != arrays["train_true"])


def kinds(arrays: Arrays) -> dict[str, Bools]:
    """Clean (easy, right label), hard (right label) and noisy videos; ambiguous ones in none."""
    wrong, sure, hard = noisy(arrays), ~arrays["train_ambiguous"], arrays["train_hard"]
    return {"clean": sure & ~wrong & ~hard, "hard": sure & ~wrong & hard, "noisy": sure & wrong}


def high_loss(twin: Arrays) -> Bools:
    """Videos of the highest losses of one clip by a network that no score looks at, bool [V].

    Choosing by the same loss that is then judged would truncate that score, and no other.
    """
    return _highest(twin, clip=0)


def scoring_masks(arrays: Arrays) -> dict[str, Bools]:
    """Which videos a score is judged on where there is one network alone.

    ``all``: every one but the ambiguous. ``high-loss``: of those, noisy ones and hard ones with a
    right label whose second clip of the last sweep is among the highest losses. The scores of
    several clips use that clip too, so this selection truncates them; ``loss-one-clip`` alone,
    which takes the first clip, does not see it. ``high-loss-apart``: the same videos, for scores
    from which :func:`suspicion_scores` leaves the second clip out; only from three clips on, as a
    vote needs two. The studies select by another network (:func:`high_loss`).

    Returns:
        By the names of :data:`SELECTIONS`, bool [V] each.
    """
    sure = ~arrays["train_ambiguous"]
    high = sure & _highest(arrays, clip=CHOOSER) & (noisy(arrays) | arrays["train_hard"])
    masks = {"all": sure, "high-loss": high}
    return masks | ({"high-loss-apart": high} if arrays["sweep_clips"].shape[2] > 2 else {})


def _highest(arrays: Arrays, *, clip: int) -> Bools:
    last = arrays["sweep_clips"][-1, :, clip : clip + 1].astype(np.float64)
    loss = agreement.clip_loss(last, arrays["train_given"])
    return np.asarray(loss >= np.quantile(loss, 1 - HIGH_LOSS))


# scores


def suspicion_scores(arrays: Arrays, over: str = "all") -> dict[str, Floats]:
    """The scores of the main comparison, as :data:`SCORES` has them.

    Args:
        arrays: see the module.
        over: one of :data:`SELECTIONS`, on which they will be judged. For ``high-loss-apart`` the
            second clip of every sweep is left out; for the others all clips are used.
    """
    clips = arrays["sweep_clips"].astype(np.float64)
    if over == "high-loss-apart":
        clips = np.delete(clips, CHOOSER, axis=2)
    last, mean = clips[-1], clips.mean((0, 2))[:, None]
    return {name: s.of(last, mean, arrays["train_given"]) for name, s in SCORES.items()}


def crossed_score(
    arrays: Arrays, score: str, *, passes: str, epochs: str, clips: int = USUAL
) -> Floats:
    """A score of some passes, from the last sweep or from all: what the *clips* add by themselves.

    Clips, augmentations and dropout passes are as many forward passes, so everything else is held
    fixed. Over several sweeps, loss and gap are those of the mean softmax over sweeps and passes; a
    vote, a divergence or a margin is a property of one sweep and is averaged itself.

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
    probs = arrays[name][:, :, : 1 if passes == "one" else clips].astype(np.float64)
    if epochs == "last":
        probs = probs[-1:]
    if score in OF_MEAN:
        probs = probs.mean((0, 2))[None, :, None]
    return np.mean([CROSSED[score](sweep, arrays["train_given"]) for sweep in probs], axis=0)


def _wrong_vote(probs: Floats, given: NDArray[Any]) -> Floats:
    return agreement.wrong_vote(*agreement.vote(probs), given)


def rival_scores(arrays: Arrays, out_of_fold: NDArray[Any] | None = None) -> dict[str, Floats]:
    """Every rival of the list, by the names of ``claims.yml``.

    Args:
        arrays: of a run that was watched in all views.
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

    def loss(passes: str, epochs: str) -> Floats:
        return crossed_score(arrays, "loss", passes=passes, epochs=epochs)

    found = {
        "loss of one clip": loss("one", "last"),
        "loss of the mean over clips": loss("clips", "last"),
        "loss of the mean over clips and sweeps": loss("clips", "mean"),
        "small-loss mixture": rivals.small_loss(said[-5:], given),
        "AUM": rivals.area_under_margin(logits, given),
        "cartography confidence": cartography["confidence"],
        "cartography variability": cartography["variability"],
        "forgetting events": rivals.forgetting(logits, given),
        "EL2N": rivals.el2n(early, given),
        "dropout agreement": rivals.dropout_agreement(dropout[-1], given),
        "augmentation disagreement": rivals.augmentation_disagreement(
            clips[-1][:, :1], augmented[-1]
        ),
    }
    if out_of_fold is not None:
        quality = rivals.confident_learning(out_of_fold.astype(np.float64), given)
        found |= {
            "self-confidence": quality["self_confidence"],
            "normalised margin": quality["normalized_margin"],
            "entropy-weighted confidence": quality["weighted_entropy"],
        }
    return found

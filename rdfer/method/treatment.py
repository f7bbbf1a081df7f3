"""From agreement to action: clean, hard or noisy, and what training makes of each.

    score [V] -> P(noisy) [V] -> part: clean | hard | noisy -> weights [V], targets [V, C]

Without parts and thresholds: :func:`posterior` weighs each label against what the clips say, and
:func:`consensus` gives a prediction something to be pulled to (:mod:`rdfer.method.losses`).

Source: the paper states that hard samples are reinforced and noisy ones mitigated; how is our
reading, and every choice is a parameter. What is out of the ranges told raises ``UserError``.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.mixture import GaussianMixture

from rdfer.base.arrays import as_array, refuse
from rdfer.base.errors import UserError
from rdfer.method.agreement import Floats, check_labels

Reading: TypeAlias = Literal["unanimous-noisy", "scattered-noisy"]
Noisy: TypeAlias = Literal["keep", "drop", "relabel", "soft"]
Parts: TypeAlias = NDArray[np.str_]

CLEAN, HARD, NOISY = "clean", "hard", "noisy"


def partition(
    agreement: ArrayLike,
    majority: ArrayLike,
    given: ArrayLike,
    *,
    threshold: float = 1.0,
    reading: Reading = "unanimous-noisy",
) -> Parts:
    """Clean, hard and noisy samples by the vote alone.

    ======================  ==================  ====================
    the clips               unanimous-noisy     scattered-noisy
    ======================  ==================  ====================
    agree, with the label   clean               clean
    agree, against it       noisy               hard
    do not agree            hard                noisy
    ======================  ==================  ====================

    The first column is our reading of the paper; the second is the rival one, by which a
    stable prediction shows a reliable sample and a scattered one shows noise.

    >>> partition([1.0, 1.0, 0.5], [0, 0, 0], [0, 1, 1], threshold=0.8).tolist()
    ['clean', 'noisy', 'hard']
    >>> partition([1.0, 1.0, 0.5], [0, 0, 0], [0, 1, 1], reading="scattered-noisy").tolist()
    ['clean', 'hard', 'noisy']

    Args:
        agreement: A, ``[V]`` in [0, 1].
        majority: majority classes, int ``[V]``.
        given: given labels, int ``[V]``.
        threshold: A from which on the clips agree, in (0, 1].
        reading: which of the two columns.

    Returns:
        str ``[V]``.
    """
    share = _unit("agreement", agreement)
    if not 0 < threshold <= 1:
        raise UserError(f"threshold = {threshold!r}: must be above 0 and at most 1")
    if reading not in ("unanimous-noisy", "scattered-noisy"):
        raise UserError(f"reading = {reading!r}: must be one of unanimous-noisy, scattered-noisy")
    against, scattered = (NOISY, HARD) if reading == "unanimous-noisy" else (HARD, NOISY)
    # shares are multiples of 1/N and their means are rounded: a hair below counts as reached
    agree = share >= threshold - 1e-9
    voted, labels = as_array(majority), as_array(given)
    if voted.shape != share.shape or labels.shape != share.shape:
        raise UserError(
            f"majority of shape {voted.shape}, given of shape {labels.shape}:"
            f" there are {share.size} samples"
        )
    return np.where(agree, np.where(voted == labels, CLEAN, against), scattered)


def partition_by_score(p_noisy: ArrayLike, agreement: ArrayLike, *, threshold: float) -> Parts:
    """Noisy where P(noisy) is at least one half; of the rest hard where the clips disagree.

    >>> partition_by_score([0.9, 0.1, 0.1], [1.0, 1.0, 0.5], threshold=0.8).tolist()
    ['noisy', 'clean', 'hard']

    Args:
        p_noisy: ``[V]`` in [0, 1].
        agreement: A, or any label-free agreement in [0, 1], ``[V]``.
        threshold: agreement from which on a sample is not hard.
    """
    share = _unit("agreement", agreement)
    suspect = _unit("p_noisy", p_noisy, size=len(share))
    easy = share >= threshold - 1e-9
    return np.where(suspect >= 0.5, NOISY, np.where(easy, CLEAN, HARD))


def threshold_probability(score: ArrayLike, threshold: float) -> Floats:
    """P(noisy) by a fixed threshold: 1 where ``score >= threshold`` and ``score > 0``, else 0.

    A gap or a contrary vote of 0 says that the label is the prediction, so it is never noisy,
    not even with threshold 0.

    >>> threshold_probability([0.0, 0.3, 0.7], 0.3)
    array([0., 1., 1.])
    """
    s = _finite("score", score)
    return ((s >= threshold) & (s > 0)).astype(np.float64)


def mixture_probability(score: ArrayLike) -> Floats:
    """P(noisy) by a mixture of two normal distributions, fitted to the scores of all samples.

    The component of higher mean is the noisy one, as in DivideMix (Li, Socher, Hoi, ICLR 2020:
    scores scaled to [0, 1], ridge 5e-4 on the variances). Unlike there, scores beyond the two
    means count as at the nearer mean: a wide component would otherwise win at both ends, and
    call the best samples noisy. So P never falls as the score rises.

    >>> mixture_probability([0.0, 0.1, 0.1, 0.2, 1.8, 1.9, 2.0]).round(2)
    array([0., 0., 0., 0., 1., 1., 1.])

    Args:
        score: finite, ``[V]`` of 2 samples or more, higher is more suspicious. Where all are
            equal nothing stands out: P = 0.
    """
    s = _finite("score", score)
    if s.size < 2:
        raise UserError(f"score of {s.size} samples: a mixture of two needs at least 2")
    spread = float(np.ptp(s))
    if spread == 0:
        return np.zeros_like(s)
    x = ((s - s.min()) / spread)[:, None]
    # means that start at both ends make the fit repeatable; random_state only sets k-means
    # going, which is asked for the starting weights and widths
    mixture = GaussianMixture(
        2, means_init=[[0.0], [1.0]], reg_covar=5e-4, tol=1e-4, max_iter=500, random_state=0
    ).fit(x)
    means = mixture.means_[:, 0]
    between = np.clip(x, means.min(), means.max())
    p: Floats = mixture.predict_proba(between)[:, int(means.argmax())]
    return p


def treat(
    part: ArrayLike,
    *,
    given: ArrayLike,
    majority: ArrayLike,
    agreement: ArrayLike,
    classes: int,
    p_noisy: ArrayLike | None = None,
    noisy: Noisy = "keep",
    reinforce: float = 0.0,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Training weights and targets: reinforce the hard, mitigate the noisy.

    ===========  =============================================================
    ``noisy``    what becomes of a noisy sample
    ===========  =============================================================
    ``keep``     nothing
    ``drop``     weight 0
    ``relabel``  its target is the majority class
    ``soft``     weight 1 - P(noisy), for every sample, whatever its part
    ===========  =============================================================

    A hard sample's weight is multiplied by ``1 + reinforce (1 - A)``.

    >>> weights, targets = treat(
    ...     ["clean", "hard", "noisy"], given=[0, 1, 1], majority=[0, 0, 0],
    ...     agreement=[1.0, 0.6, 1.0], classes=2, noisy="relabel", reinforce=0.5)
    >>> weights.round(2).tolist(), targets.argmax(1).tolist()
    ([1.0, 1.2000000476837158, 1.0], [0, 1, 0])

    Args:
        part: "clean", "hard" or "noisy", ``[V]``.
        given: given labels, int ``[V]``.
        majority: classes that noisy samples are relabelled to, int ``[V]``.
        agreement: A, ``[V]`` in [0, 1].
        classes: C.
        p_noisy: ``[V]`` in [0, 1]; None: 1 for noisy parts, else 0.
        noisy: see above.
        reinforce: gamma, at least 0.

    Returns:
        Weights float32 ``[V]``, targets float32 ``[V, C]`` (rows sum to 1).
    """
    if noisy not in ("keep", "drop", "relabel", "soft"):
        raise UserError(f"noisy = {noisy!r}: must be one of keep, drop, relabel, soft")
    if not 0 <= reinforce < np.inf:
        raise UserError(f"reinforce = {reinforce!r}: must be at least 0, and finite")
    parts = np.asarray(part)
    unknown = ~np.isin(parts, (CLEAN, HARD, NOISY))
    if unknown.any():
        raise UserError(f"part = {str(parts[unknown][0])!r}: must be one of clean, hard, noisy")
    size = len(parts)
    labels = check_labels(given, videos=size, classes=classes)
    share = _unit("agreement", agreement, size=size)
    suspect = parts == NOISY
    weights = np.ones(size)
    if noisy == "drop":
        weights[suspect] = 0.0
    elif noisy == "soft":
        p = suspect.astype(float) if p_noisy is None else _unit("p_noisy", p_noisy, size=size)
        weights = 1 - p
    elif noisy == "relabel":
        labels = np.where(suspect, check_labels(majority, videos=size, classes=classes), labels)
    weights = np.where(parts == HARD, weights * (1 + reinforce * (1 - share)), weights)
    return weights.astype(np.float32), np.eye(classes, dtype=np.float32)[labels]


def consensus(means: Sequence[NDArray[np.float32]], *, memory: float) -> NDArray[np.float32]:
    """Exponential mean of the sweeps' mean softmax, so that later sweeps count more.

    >>> consensus([np.float32([[1, 0]]), np.float32([[0, 1]])], memory=0.25).tolist()
    [[0.25, 0.75]]

    Args:
        means: mean softmax over the clips, a float32 ``[V, C]`` for each of 1 sweep or more,
            oldest first.
        memory: share that what came before keeps at each sweep, in [0, 1).

    Returns:
        float32 ``[V, C]``, rows sum to 1.
    """
    if not 0 <= memory < 1:
        raise UserError(f"memory = {memory!r}: must lie in [0, 1)")
    if not means:
        raise UserError("means = []: at least one sweep is needed for a consensus")
    out = means[0].astype(np.float64)
    for mean in means[1:]:
        out = memory * out + (1 - memory) * mean
    return out.astype(np.float32)


def posterior(q: ArrayLike, given: ArrayLike, *, wrong: float) -> NDArray[np.float32]:
    """What a label is worth beside what the clips say: Bayes' rule, and no threshold.

    Of a video with given label y let q [C] be the mean softmax over its clips and sweeps, and let
    a share rho of all labels be wrong, each wrong class as likely as another, whatever the video
    shows. If q is taken for the probability of the true class before the label is seen, then
    afterwards

        P(c | q, y)  is proportional to  q_c (1 - rho)          for c = y,
                                         q_c rho / (C - 1)      for every other c.

    The label keeps more weight than a class c as long as q_c / q_y < (1 - rho) (C - 1) / rho.
    Where the clips agree with each other and never say y, the target moves: a noisy sample is
    mitigated. Where they disagree and some of them say y, the label stays: a hard sample is
    learnt as it is labelled. That is close to the paper's idea, without a measure of agreement of
    its own.

    By the same rule the probability that a label is wrong falls with q_y and depends on nothing
    else. So of all scores that see nothing but q, the loss of the mean, -log q_y, tells wrong
    from right labels best under symmetric noise, if q is calibrated; the gap, which sets q_y
    against the largest other q_c, can win only where it is not, or where the question is another:
    noisy against hard.

    It is not: q comes from a network that was trained on this very y, which so counts twice.

    Source: the idea is the paper's (STATED); the rule is Bayes' with the noise model of forward
    correction (Patrini et al., CVPR 2017); that q is of clips and sweeps, and that a second
    network is then trained on P, is OURS.

    >>> posterior([[0.9, 0.1], [0.6, 0.4]], [1, 1], wrong=0.2).round(2).tolist()
    [[0.6899999976158142, 0.3100000023841858], [0.27000001072883606, 0.7300000190734863]]

    Args:
        q: mean softmax over clips, ``[V, C]``, rows sum to 1.
        given: given labels, int ``[V]``.
        wrong: rho, in [0, 1); 0 trusts the labels.

    Returns:
        float32 ``[V, C]``, rows sum to 1.
    """
    if not 0 <= wrong < 1:
        raise UserError(f"wrong = {wrong!r}: must lie in [0, 1)")
    said = as_array(q, np.float64)
    if said.ndim != 2 or said.shape[1] < 2 or not np.isfinite(said).all() or (said < 0).any():
        raise UserError(
            f"q of shape {said.shape}: must be probabilities [V, C] of 2 classes or more"
        )
    labels = check_labels(given, videos=len(said), classes=said.shape[1])
    right = np.eye(said.shape[1])[labels]
    likelihood = (1 - wrong) * right + wrong / (said.shape[1] - 1) * (1 - right)
    # a probability of 0 in half precision is none: it would forbid the label itself
    joint = np.maximum(said, 1e-6) * likelihood
    return (joint / joint.sum(1, keepdims=True)).astype(np.float32)


def _finite(name: str, values: ArrayLike) -> Floats:
    checked = as_array(values, np.float64)
    if checked.ndim != 1:
        raise UserError(f"{name} of shape {checked.shape}: must be one number a sample")
    refuse(~np.isfinite(checked), name, checked, "must be finite")
    return checked


def _unit(name: str, values: ArrayLike, *, size: int | None = None) -> Floats:
    checked = _finite(name, values)
    if size is not None and len(checked) != size:
        raise UserError(f"{name} of {len(checked)} values: there are {size} samples")
    refuse((checked < 0) | (checked > 1 + 1e-6), name, checked, "must lie in [0, 1]")
    return np.minimum(checked, 1.0)

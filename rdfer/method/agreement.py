"""Agreement: how far the predictions on several clips of one video go together.

A clip is 16 frames drawn from the video; N clips of V videos give probabilities ``[V, N, C]``.
Agreement itself (:func:`vote`, :func:`max_mean_softmax`, :func:`jensen_shannon`,
:func:`mean_margin`) needs no label; set against the given label it separates wrong labels
(:func:`gap`, :func:`contrary`, :func:`clip_loss`, :func:`wrong_vote`) from hard samples. What is
then done about them is :mod:`rdfer.method.treatment`.

Source of every formula here: the paper states the idea; the formula is our reading. Averages
over sweeps: take :func:`running_mean` of the mean softmax ``[V, C]`` and pass it as
``mean[:, None]``, one "clip" a video, to the functions that need no vote.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from rdfer.base.arrays import as_array, refuse
from rdfer.base.errors import UserError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SUM_TOLERANCE = 1e-3  # half-precision softmaxes do not sum to 1 exactly


def check_probs(probs: ArrayLike, *, least_clips: int = 1) -> Floats:
    """Clip probabilities as float64 ``[V, N, C]``.

    Raises:
        UserError: not three axes, fewer than ``least_clips`` clips or 2 classes, NaN or
            negative values, a row that does not sum to 1 within 0.001.
    """
    p = as_array(probs, np.float64)
    if p.ndim != 3 or p.shape[0] < 1 or p.shape[2] < 2:
        raise UserError(f"probs of shape {p.shape}: must be [V, N, C] with V >= 1 and C >= 2")
    if p.shape[1] < least_clips:
        raise UserError(f"clips = {p.shape[1]}: must be at least {least_clips} here")
    refuse(~(p >= 0), "probs", p, "must be a probability")  # NaN is not at least 0 either
    total = p.sum(-1)
    off = np.argwhere(np.abs(total - 1) > SUM_TOLERANCE)
    if len(off):
        video, clip = off[0]
        raise UserError(f"probs[{video}, {clip}] sums to {total[video, clip]:.6g}: must sum to 1")
    return p


def check_labels(given: ArrayLike, *, videos: int, classes: int) -> Ints:
    """Labels as int64 ``[V]``.

    Raises:
        UserError: another number of labels than videos, not integers, outside 0 .. C - 1.
    """
    raw = as_array(given)
    if raw.shape != (videos,) or raw.dtype.kind not in "iu":
        raise UserError(f"given of shape {raw.shape}, type {raw.dtype}: must be {videos} integers")
    labels = raw.astype(np.int64)
    refuse((labels < 0) | (labels >= classes), "given", labels, f"must be 0 to {classes - 1}")
    return labels


def vote(probs: ArrayLike) -> tuple[Floats, Ints]:
    """Share of the majority class among the clips' predictions, and that class.

        A = (1/N) max_c sum_i 1[E_i = c],   E_i = argmax_c p_i(c)

    A tie goes to the class of higher mean probability, then to the lower index.

    >>> share, majority = vote([[[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]])
    >>> share.round(3), majority  # 2 of 3 clips say class 0
    (array([0.667]), array([0]))

    Args:
        probs: ``[V, N, C]``, at least 2 clips: one clip always agrees with itself.

    Returns:
        A, float64 ``[V]`` in [1/N, 1], and the majority, int64 ``[V]``.
    """
    p = check_probs(probs, least_clips=2)
    shares = (p.argmax(2)[..., None] == np.arange(p.shape[2])).mean(1)  # [V, C]
    # votes differ by at least 1/N; half of that, times a mean of at most 1, only breaks ties
    majority = (shares + p.mean(1) / (2 * p.shape[1])).argmax(1)
    return shares.max(1), majority


def max_mean_softmax(probs: ArrayLike) -> Floats:
    """Highest probability of the mean softmax, ``max_c pbar(c)``: a vote that weighs certainty.

    >>> max_mean_softmax([[[0.9, 0.1], [0.3, 0.7]]])  # the mean is (0.6, 0.4)
    array([0.6])

    Returns:
        float64 ``[V]`` in [1/C, 1].
    """
    top: Floats = check_probs(probs).mean(1).max(1)
    return top


def jensen_shannon(probs: ArrayLike) -> Floats:
    """Generalised Jensen-Shannon divergence of the clips' distributions, as a share of its bound.

        JSD = (H(pbar) - mean_i H(p_i)) / log min(N, C),   H(p) = -sum_c p(c) log p(c)

    With N equal weights the numerator is at most log N, and at most log C. For two clips this
    is the divergence in bits. 0: all clips say the same; 1: they exclude one another.

    >>> jensen_shannon([[[1.0, 0.0], [0.0, 1.0]], [[0.7, 0.3], [0.7, 0.3]]])
    array([1., 0.])

    Args:
        probs: ``[V, N, C]``, at least 2 clips.

    Returns:
        float64 ``[V]`` in [0, 1].
    """
    p = check_probs(probs, least_clips=2)
    divergence = entr(p.mean(1)).sum(-1) - entr(p).sum(-1).mean(1)
    bound = np.log(min(p.shape[1], p.shape[2]))
    # rounding alone can leave the range
    return np.clip(divergence / bound, 0.0, 1.0)


def mean_margin(probs: ArrayLike) -> Floats:
    """Mean lead of the video's class over the next one, clip by clip.

        m = (1/N) sum_i [p_i(c_hat) - max_{c != c_hat} p_i(c)],   c_hat = argmax_c pbar(c)

    A clip that predicts another class counts against.

    >>> mean_margin([[[0.9, 0.1], [0.3, 0.7]]]).round(3)  # (0.8 - 0.4) / 2
    array([0.2])

    Returns:
        float64 ``[V]`` in [-1, 1].
    """
    p = check_probs(probs)
    chosen = np.arange(p.shape[2]) == p.mean(1).argmax(1)[:, None, None]  # [V, 1, C]
    lead: Floats = np.where(chosen, p, 0).sum(2) - np.where(chosen, -1, p).max(2)
    return lead.mean(1)


def gap(probs: ArrayLike, given: ArrayLike) -> Floats:
    """By how much the mean softmax prefers another class to the given one.

        g = max_c pbar(c) - pbar(y)

    0 wherever the given label is the prediction. Between 0 and 1 it says at once that the
    clips agree and that they contradict the label.

    >>> gap([[[0.9, 0.1], [0.7, 0.3]]], [1]).round(3)  # 0.8 - 0.2
    array([0.6])

    Returns:
        float64 ``[V]`` in [0, 1].
    """
    mean, own = _own(probs, given)
    best: Floats = mean.max(1)
    return best - mean[own]


def contrary(probs: ArrayLike, given: ArrayLike) -> Floats:
    """The signed gap: the strongest *other* class against the given one.

        s = max_{c != y} pbar(c) - pbar(y)

    Equal to :func:`gap` where the label is contradicted; below 0, instead of 0, where it is
    the prediction, which a mixture model can be fitted to.

    >>> contrary([[[0.9, 0.1], [0.7, 0.3]]] * 2, [1, 0]).round(3)
    array([ 0.6, -0.6])

    Returns:
        float64 ``[V]`` in [-1, 1].
    """
    mean, own = _own(probs, given)
    strongest: Floats = np.where(own, -1, mean).max(1)
    return strongest - mean[own]


def clip_loss(probs: ArrayLike, given: ArrayLike) -> Floats:
    """Cross-entropy of the mean softmax, ``-log pbar(y)``, in nats.

    >>> clip_loss([[[0.9, 0.1], [0.7, 0.3]]], [1]).round(3)  # -log 0.2
    array([1.609])

    Returns:
        float64 ``[V]``, from 0 up; a probability of 0 counts as the smallest float32.
    """
    mean, own = _own(probs, given)
    return -np.log(np.maximum(mean[own], np.finfo(np.float32).tiny)) + 0.0


def wrong_vote(agreement: ArrayLike, majority: ArrayLike, given: ArrayLike) -> Floats:
    """The vote as a score of wrong labels: A where the majority contradicts the label, else 0.

    >>> wrong_vote([1.0, 0.8, 1.0], [0, 1, 2], [0, 0, 1])
    array([0. , 0.8, 1. ])
    """
    share = as_array(agreement, np.float64)
    return np.where(as_array(majority) != as_array(given), share, 0.0)


def noise_scores(probs: ArrayLike, given: ArrayLike) -> dict[str, Floats]:
    """All scores of this module, each turned so that higher means more suspicious.

    Returns:
        ``vote``, ``gap``, ``contrary``, ``loss`` (which look at the label), and the label-free
        ``scatter`` (1 - A), ``max_softmax`` (1 - it), ``jsd``, ``margin`` (minus it);
        float64 ``[V]`` each.
    """
    share, majority = vote(probs)
    return {
        "vote": wrong_vote(share, majority, given),
        "gap": gap(probs, given),
        "contrary": contrary(probs, given),
        "loss": clip_loss(probs, given),
        "scatter": 1 - share,
        "max_softmax": 1 - max_mean_softmax(probs),
        "jsd": jensen_shannon(probs),
        "margin": -mean_margin(probs),
    }


def running_mean(sweeps: Sequence[ArrayLike], *, decay: float = 1.0) -> Floats:
    """What was known after each sweep: the mean of that sweep and all before it.

    Sweeps draw new clips and see the network at another epoch, so their mean is steadier than
    the last one alone. With ``decay`` d, sweep k of K has weight d^(K - k).

    >>> running_mean([[2.0], [4.0], [9.0]]).ravel()
    array([2., 3., 5.])
    >>> running_mean([[2.0], [4.0]], decay=0.5).ravel().round(3)  # (1 + 4) / 1.5
    array([2.   , 3.333])

    Args:
        sweeps: S arrays of one shape ``[...]``.
        decay: in (0, 1]; 1 is equal weights.

    Returns:
        float64 ``[S, ...]``; the last row is the mean of all.
    """
    if not 0 < decay <= 1:
        raise UserError(f"decay = {decay!r}: must be above 0 and at most 1")
    if len(sweeps) == 0:
        raise UserError("sweeps: there must be at least one")
    means: list[Floats] = []
    total, weight = np.zeros(np.shape(sweeps[0])), 0.0
    for values in sweeps:
        total = decay * total + as_array(values, np.float64)
        weight = decay * weight + 1
        means.append(total / weight)
    return np.stack(means)


def _own(probs: ArrayLike, given: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean softmax ``[V, C]``, and where in it the given labels are: one true a row."""
    mean = check_probs(probs).mean(1)
    labels = check_labels(given, videos=mean.shape[0], classes=mean.shape[1])
    return mean, np.arange(mean.shape[1]) == labels[:, None]

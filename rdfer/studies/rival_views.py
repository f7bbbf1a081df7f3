"""The rivals that look at a sample in several ways: other networks, weights or copies.

As in :mod:`rdfer.studies.rivals`, higher means more suspicious. Where the project's own scores
compare clips of a video (:mod:`rdfer.method.agreement`), these compare

=================================  ======================================  ====================
score                              what is compared                        input
=================================  ======================================  ====================
:func:`confident_learning`         the label and networks that never saw   probs ``[V, N, C]``
                                   the sample
:func:`dropout_scores`             passes with dropout over one clip       probs ``[V, P, C]``
:func:`augmentation_disagreement`  a sample and augmented copies of it     probs ``[V, N, C]``
=================================  ======================================  ====================

V samples, N clips or copies, P passes, C classes. Labels are the given ones, int ``[V]``. All
functions raise :class:`~rdfer.base.errors.UserError` for what
:func:`rdfer.method.agreement.check_probs` and :func:`rdfer.method.agreement.check_labels` refuse.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from rdfer.base.errors import UserError
from rdfer.method.agreement import Floats, check_labels, check_probs, gap, max_mean_softmax

TINY = float(np.finfo(np.float32).tiny)  # what a probability of 0 counts as in a logarithm
FLOOR = 1e-6  # the least probability that cleanlab gets to see


def confident_learning(probs: ArrayLike, given: ArrayLike) -> dict[str, Floats]:
    """The label qualities of confident learning, each as 1 - quality, by the package cleanlab.

        self_confidence    1 - p(y)
        normalized_margin  1 - (p(y) - max_{c != y} p(c) + 1) / 2
        weighted_entropy   1 - log(1 + x) / x,   x = H(p) / (p(y) log C)

    The first orders samples as the loss of the mean softmax does, and the second as
    :func:`rdfer.method.agreement.contrary`: what is the rival's own is that p comes from networks
    that never saw the sample, trained on the other folds.

    Source: Northcutt, Jiang, Chuang, JAIR 70, 2021; the scores: Kuan and Mueller, ICML DataPerf
    Workshop 2022, and ``cleanlab.rank`` 2.9.

    >>> scores = confident_learning([[[0.6, 0.3, 0.1]]], [1])
    >>> {name: score.round(3).tolist() for name, score in scores.items()}
    {'self_confidence': [0.7], 'normalized_margin': [0.65], 'weighted_entropy': [0.517]}

    Args:
        probs: out-of-fold probabilities ``[V, N, C]``; their mean over the clips is p.
        given: int ``[V]``.

    Returns:
        The three, float64 ``[V]`` in [0, 1] each.

    Raises:
        UserError: also where cleanlab is not installed (the extra ``rivals``).
    """
    p = check_probs(probs).mean(1)
    labels = check_labels(given, videos=p.shape[0], classes=p.shape[1])
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        raise UserError("cleanlab: not installed; install rdfer[rivals]") from None
    # cleanlab takes x below 1e-6 for the worst quality, where the formula tends to the best: a
    # certain and right sample would come out as the most suspicious
    p = np.maximum(p, FLOOR)
    p /= p.sum(1, keepdims=True)
    methods = {
        "self_confidence": "self_confidence",
        "normalized_margin": "normalized_margin",
        "weighted_entropy": "confidence_weighted_entropy",
    }
    return {
        name: 1 - get_label_quality_scores(labels, p, method=method)
        for name, method in methods.items()
    }


def dropout_scores(probs: ArrayLike, given: ArrayLike) -> dict[str, Floats]:
    """Agreement of passes with dropout over one clip, instead of several clips.

    The arithmetic is that of the clips, :func:`rdfer.method.agreement.max_mean_softmax` and
    :func:`rdfer.method.agreement.gap`; what it tells is whether other clips say more than other
    weights. Source: Monte Carlo dropout, Gal and Ghahramani, ICML 2016.

    >>> scores = dropout_scores([[[0.9, 0.1], [0.7, 0.3]]], [1])
    >>> {name: score.round(3).tolist() for name, score in scores.items()}
    {'max_softmax': [0.2], 'gap': [0.6]}

    Args:
        probs: ``[V, P, C]``, at least 2 passes.
        given: int ``[V]``.

    Returns:
        ``max_softmax``, 1 - max_c pbar(c), which sees no label, and ``gap``, which does;
        float64 ``[V]`` in [0, 1] each.
    """
    p = check_probs(probs)
    if p.shape[1] < 2:
        raise UserError(f"passes = {p.shape[1]}: must be at least 2, one always agrees with itself")
    return {"max_softmax": 1 - max_mean_softmax(p), "gap": gap(p, given)}


def augmentation_disagreement(probs: ArrayLike, augmented: ArrayLike) -> Floats:
    """Relative entropy of the prediction to those on augmented copies; sees no label.

        (1/N) sum_i KL(p || q_i),   KL(p || q) = sum_c p(c) log(p(c) / q(c))

    Source: the local sensitivity of ALLSH (Zhang et al., Findings of NAACL 2022), made to choose
    samples for labelling; here without its search for the worst copy.

    >>> augmentation_disagreement([[[0.5, 0.5]]], [[[0.25, 0.75]]]).round(3)  # log(4 / 3) / 2
    array([0.144])

    Args:
        probs: plain copies ``[V, N, C]``; their mean is p.
        augmented: augmented copies ``[V, N, C]``, any number of them.

    Returns:
        float64 ``[V]`` in nats, from 0 up; a probability of 0 counts as the smallest float32.
    """
    p, q = check_probs(probs).mean(1, keepdims=True), check_probs(augmented)
    if (len(p), p.shape[2]) != (len(q), q.shape[2]):
        raise UserError(
            f"augmented of shape {q.shape}: must have the {len(p)} samples and {p.shape[2]}"
            " classes of probs"
        )
    divergence: Floats = (xlogy(p, p) - xlogy(p, np.maximum(q, TINY))).sum(2).mean(1)
    # rounding alone can leave the range
    return np.maximum(divergence, 0.0)

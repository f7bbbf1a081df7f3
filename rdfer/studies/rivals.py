"""Other people's scores for telling wrong labels, to be judged beside the project's own.

Every score is turned so that higher means more suspicious, as those of
:func:`rdfer.method.agreement.noise_scores` (whose :func:`~rdfer.method.agreement.clip_loss` is the
rival mean loss over clips). Some look at what the network said of its training samples epoch by
epoch, some at a sample in several ways, where the project's own scores compare clips of a video.

=================================  ========================================  ====================
score                              looks at                                  input
=================================  ========================================  ====================
:func:`small_loss`                 the loss of one or more epochs            probs ``[E, V, C]``
:func:`area_under_margin`          the epochs of one training                logits ``[E, V, C]``
:func:`cartography`                the epochs of one training                probs ``[E, V, C]``
:func:`forgetting`                 the epochs of one training                either ``[E, V, C]``
:func:`el2n`                       an early epoch of several runs            probs ``[E, V, C]``
:func:`confident_learning`         networks that never saw the sample        probs ``[V, N, C]``
:func:`dropout_agreement`          passes with dropout over one clip         probs ``[V, P, C]``
:func:`augmentation_disagreement`  a sample and augmented copies of it       probs ``[V, N, C]``
=================================  ========================================  ====================

E epochs, V samples, N clips or copies, P passes, C classes. Labels are the given ones, int ``[V]``.
All functions raise :class:`~rdfer.base.errors.UserError` for other shapes, for what is not finite,
for rows of probabilities that do not sum to 1 within 0.001, and for labels that are no class.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from rdfer.base.errors import UserError
from rdfer.method.agreement import Floats, Ints, check_labels, check_probs, gap
from rdfer.method.treatment import mixture_probability

TINY = float(np.finfo(np.float32).tiny)  # what a probability of 0 counts as in a logarithm
FLOOR = 1e-6  # the least probability that cleanlab gets to see


def small_loss(probs: ArrayLike, given: ArrayLike) -> Floats:
    """Probability of belonging to the mixture component of higher loss.

        l_e = -log p_e(y), scaled to [0, 1] over the samples;  P(high-mean component | mean_e l_e)

    Source: DivideMix (Li, Socher, Hoi, ICLR 2020), section 3.1; the authors' code takes one
    epoch, and the mean of the last five where noise is strongest. The mixture is
    :func:`rdfer.method.treatment.mixture_probability`: losses beyond the two means count as at the
    nearer mean, so that P never falls as the loss rises, and the fit goes on to convergence
    instead of ending after ten steps. With P rising as the loss does, samples are ranked as by
    the loss itself, but for ties; what the mixture adds is where to cut.

    >>> p = [0.9, 0.9, 0.8, 0.1, 0.05]  # of the given class
    >>> small_loss([[[x, 1 - x] for x in p]], [0, 0, 0, 0, 0]).round(2)
    array([0., 0., 0., 1., 1.])

    Args:
        probs: ``[E, V, C]``, at least 2 samples.
        given: int ``[V]``.

    Returns:
        float64 ``[V]`` in [0, 1]; 0 where all samples have the same loss.
    """
    own, _ = _own(_by_epoch(probs, kind="probs"), given)
    loss = -np.log(np.maximum(own, TINY))
    low, spread = loss.min(1, keepdims=True), np.ptp(loss, axis=1, keepdims=True)
    return mixture_probability(((loss - low) / np.where(spread > 0, spread, 1)).mean(0))


def area_under_margin(logits: ArrayLike, given: ArrayLike) -> Floats:
    """Minus the mean over the epochs of the given class's lead.

        -AUM = -(1/E) sum_e [z_e(y) - max_{c != y} z_e(c)]

    Source: Pleiss et al., NeurIPS 2020, the definition in section 3; theirs is low for wrong
    labels, so the sign is turned. On logits, as there: on probabilities it is another score.

    >>> area_under_margin([[[2.0, 1.0], [0.0, 3.0]], [[4.0, 1.0], [0.0, 1.0]]], [0, 0])
    array([-2.,  2.])

    Args:
        logits: ``[E, V, C]``, finite.
        given: int ``[V]``.

    Returns:
        float64 ``[V]``, any number.
    """
    return -_margins(logits, given, kind="logits").mean(0)


def cartography(probs: ArrayLike, given: ArrayLike) -> dict[str, Floats]:
    """Dataset cartography: how sure of the given label, and how steadily, over the epochs.

        mu = (1/E) sum_e p_e(y),   sigma = sqrt((1/E) sum_e (p_e(y) - mu)^2)

    Source: Swayamdipta et al., EMNLP 2020, section 2. Their map has easy samples (mu high,
    sigma low), ambiguous ones (sigma high) and hard ones (both low), among which they find
    wrong labels. So a high sigma makes a sample suspect of being ambiguous; of two samples of
    low mu, the one of *lower* sigma is the likelier to be wrong.

    >>> scores = cartography([[[0.2, 0.8]], [[0.6, 0.4]]], [0])
    >>> {name: score.round(3).tolist() for name, score in scores.items()}
    {'confidence': [0.6], 'variability': [0.2]}

    Args:
        probs: ``[E, V, C]``.
        given: int ``[V]``.

    Returns:
        ``confidence``, 1 - mu, in [0, 1], and ``variability``, sigma, in [0, 0.5]; float64
        ``[V]`` each.
    """
    own, _ = _own(_by_epoch(probs, kind="probs"), given)
    return {"confidence": 1 - own.mean(0), "variability": own.std(0)}


def forgetting(outputs: ArrayLike, given: ArrayLike) -> Floats:
    """How often the given label was predicted in one epoch and no longer in the next.

    Source: the forgetting events of Toneva et al., ICLR 2019. A sample that is never learnt
    counts as forgotten infinitely often there; as in the authors' code it gets the number of
    epochs, which no learnt sample reaches. A label that only ties with another class is not
    predicted.

    >>> right, wrong = [2.0, 1.0], [1.0, 2.0]
    >>> epochs = [[right, wrong], [wrong, wrong], [right, wrong], [wrong, wrong]]
    >>> forgetting(epochs, [0, 0])  # forgotten twice; never learnt
    array([2., 4.])

    Args:
        outputs: logits or probabilities ``[E, V, C]``, finite.
        given: int ``[V]``.

    Returns:
        float64 ``[V]``, whole numbers: 0 .. E / 2, or E.
    """
    right = _margins(outputs, given, kind="outputs") > 0  # [E, V]
    forgotten = (right[:-1] & ~right[1:]).sum(0)
    return np.where(right.any(0), forgotten, len(right)).astype(np.float64)


def el2n(probs: ArrayLike, given: ArrayLike) -> Floats:
    """Norm of the error vector, averaged over the first axis.

        EL2N = (1/E) sum_e || p_e - onehot(y) ||_2

    Source: Paul, Ganguli, Dziugaite, NeurIPS 2021, section 2. There the average is over ten
    trainings from other initial weights, each at one early epoch; over epochs of one training
    it is our cheaper reading.

    >>> el2n([[[0.6, 0.4], [1.0, 0.0]]], [1, 0]).round(3)  # sqrt(0.36 + 0.36), 0
    array([0.849, 0.   ])

    Args:
        probs: ``[E, V, C]``; E trainings at one epoch, or E epochs.
        given: int ``[V]``.

    Returns:
        float64 ``[V]`` in [0, sqrt 2].
    """
    p = _by_epoch(probs, kind="probs")
    labels = check_labels(given, videos=p.shape[1], classes=p.shape[2])
    norms: Floats = np.linalg.norm(p - np.eye(p.shape[2])[labels], axis=2)
    return norms.mean(0)


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
    methods = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
    return {
        name.removeprefix("confidence_"): 1 - get_label_quality_scores(labels, p, method=name)
        for name in methods
    }


def dropout_agreement(probs: ArrayLike, given: ArrayLike) -> Floats:
    """The gap (:func:`rdfer.method.agreement.gap`) of passes with dropout instead of clips.

    Whether other clips say more than other weights. Source: Monte Carlo dropout, Gal and
    Ghahramani, ICML 2016.

    >>> dropout_agreement([[[0.9, 0.1], [0.7, 0.3]]], [1]).round(3)
    array([0.6])

    Args:
        probs: ``[V, P, C]``, at least 2 passes.
        given: int ``[V]``.

    Returns:
        float64 ``[V]`` in [0, 1].
    """
    p = check_probs(probs)
    if p.shape[1] < 2:
        raise UserError(f"passes = {p.shape[1]}: must be at least 2, one always agrees with itself")
    return gap(p, given)


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


def _by_epoch(values: ArrayLike, *, kind: str) -> Floats:
    """Checked ``[E, V, C]``; ``probs`` are distributions, others finite numbers."""
    v = np.asarray(values, np.float64)
    if v.ndim != 3 or 0 in v.shape or v.shape[2] < 2:
        raise UserError(f"{kind} of shape {v.shape}: must be [epochs, V, C] with C >= 2")
    if kind == "probs":
        return check_probs(v)
    wrong = ~np.isfinite(v)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise UserError(f"{kind}{list(where)} = {v[where]}: must be finite")
    return v


def _own(values: Floats, given: ArrayLike) -> tuple[Floats, Ints]:
    """Values at the given labels ``[E, V]``, and the labels with two axes more ``[1, V, 1]``."""
    labels = check_labels(given, videos=values.shape[1], classes=values.shape[2])[None, :, None]
    own: Floats = np.take_along_axis(values, labels, 2)[..., 0]
    return own, labels


def _margins(outputs: ArrayLike, given: ArrayLike, *, kind: str) -> Floats:
    """Lead of the given class over the strongest other one, ``[E, V]``."""
    z = _by_epoch(outputs, kind=kind)
    own, labels = _own(z, given)
    others = np.where(np.arange(z.shape[2]) == labels, -np.inf, z)
    margins: Floats = own - others.max(2)
    return margins

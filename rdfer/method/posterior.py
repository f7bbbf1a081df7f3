"""What a label is worth beside what the clips of its video say: Bayes' rule, and no threshold.

Of a video with given label y let q [C] be the mean softmax over its clips and sweeps, and let a
share rho of all labels be wrong, each wrong class as likely as another, whatever the video shows.
If q is taken for the probability of the true class before the label is seen, then afterwards

    P(c | q, y)  is proportional to  q_c (1 - rho)          for c = y,
                                     q_c rho / (C - 1)      for every other c.

The label keeps more weight than a class c as long as q_c / q_y < (1 - rho) (C - 1) / rho. Where the
clips agree with each other and never say y, the target moves: a noisy sample is mitigated. Where
they disagree and some of them say y, the label stays: a hard sample is learnt as it is labelled.
That is close to the paper's idea, without a measure of agreement of its own.

By the same rule the probability that a label is wrong falls with q_y and depends on nothing else.
So of all scores that see nothing but q, the loss of the mean, -log q_y, tells wrong from right
labels best under symmetric noise, if q is calibrated; the gap, which sets q_y against the largest
other q_c, can win only where it is not, or where the question is another: noisy against hard.

It is not: q comes from a network that was trained on this very y, which so counts twice.

Source: the idea is the paper's (STATED); the rule is Bayes' with the noise model of forward
correction (Patrini et al., CVPR 2017); that q is of clips and sweeps, and that a second network is
then trained on P, is OURS.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rdfer.base.errors import UserError
from rdfer.method.agreement import check_labels


def posterior(q: ArrayLike, given: ArrayLike, *, wrong: float) -> NDArray[np.float32]:
    """Probabilities of the true class, of what the clips say and of the given label.

    >>> posterior([[0.9, 0.1], [0.6, 0.4]], [1, 1], wrong=0.2).round(2).tolist()
    [[0.6899999976158142, 0.3100000023841858], [0.27000001072883606, 0.7300000190734863]]

    Args:
        q: mean softmax over clips, ``[V, C]``, rows sum to 1.
        given: given labels, int ``[V]``.
        wrong: rho, in [0, 1); 0 trusts the labels.

    Returns:
        float32 ``[V, C]``, rows sum to 1.

    Raises:
        UserError: ``wrong`` out of its range, labels or probabilities that are none.
    """
    if not 0 <= wrong < 1:
        raise UserError(f"wrong = {wrong!r}: must lie in [0, 1)")
    said = np.asarray(q, np.float64)
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

"""What training makes of the sweeps: the weights and targets of the next epochs.

Joins :mod:`rdfer.method.agreement` (scores) and :mod:`rdfer.method.treatment` (what is done about
them) by the settings of a run. Source: idea STATED; every choice here is OURS and a parameter.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.method import agreement
from rdfer.method import treatment as mitigation
from rdfer.method.treatment import consensus, posterior
from rdfer.settings.schema import Agreement
from rdfer.training.sweeps import Sweeps

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Treatment:
    """Weights float32 [V], targets float32 [V, C] (rows sum to 1), P(noisy) float32 [V].

    ``consensus``: of each video's clips, float32 [V, C]; None before the first sweep.
    """

    weights: Floats
    targets: Floats
    p_noisy: Floats
    consensus: Floats | None = None

    @classmethod
    def none(cls, given: NDArray[np.int64], *, classes: int) -> "Treatment":
        """Every sample weighs 1 and is what its label says."""
        n = len(given)
        targets = np.eye(classes, dtype=np.float32)[given]
        return cls(np.ones(n, np.float32), targets, np.zeros(n, np.float32))


def mean_softmax(sweeps: Sweeps, *, average: bool) -> NDArray[np.float64]:
    """Mean softmax over clips [V, C], over all sweeps so far or of the last one."""
    return agreement.running_mean(sweeps.means if average else sweeps.means[-1:])[-1]


def suspicion(sweeps: Sweeps, given: NDArray[np.int64], settings: Agreement) -> NDArray[np.float64]:
    """The chosen label-aware score, higher is more suspicious: float64 [V]."""
    mean = mean_softmax(sweeps, average=settings.average)[:, None]
    score = {
        "gap": agreement.gap,
        "contrary": agreement.contrary,
        "loss": agreement.clip_loss,
    }[settings.score]
    return score(mean, given)


def treatment(sweeps: Sweeps, given: NDArray[np.int64], settings: Agreement) -> Treatment:
    """Decide anew about every sample.

    With ``score = "vote"`` the parts are the paper's plain reading: share of the majority and
    its class. Otherwise P(noisy) comes from the score by a threshold or a mixture, and what is
    not noisy is hard where the mean softmax over clips peaks below ``threshold``.

    Args:
        sweeps: at least one.
        given: given labels, int64 [V].
        settings: the agreement part of a run's settings.

    Raises:
        UserError: there is no sweep yet.
    """
    if sweeps.last is None:
        raise UserError("sweeps = []: at least one is needed before a sample can be judged")
    mean = mean_softmax(sweeps, average=settings.average)
    if settings.score == "vote":
        if settings.average:
            share, majority = np.mean(sweeps.votes, axis=0), mean.argmax(1)
        else:
            share, majority = agreement.vote(sweeps.last)
        part = mitigation.partition(
            share, majority, given, threshold=settings.threshold, reading=settings.reading
        )
        p_noisy = (part == mitigation.NOISY).astype(np.float64)
    else:
        score = suspicion(sweeps, given, settings)
        p_noisy = (
            mitigation.mixture_probability(score)
            if settings.rule == "mixture"
            else mitigation.threshold_probability(score, settings.score_threshold)
        )
        share, majority = agreement.max_mean_softmax(mean[:, None]), mean.argmax(1)
        part = mitigation.partition_by_score(p_noisy, share, threshold=settings.threshold)
    weights, targets = mitigation.treat(
        part,
        given=given,
        majority=majority,
        agreement=share,
        classes=mean.shape[1],
        p_noisy=p_noisy,
        noisy=settings.noisy,
        reinforce=settings.reinforce,
    )
    pull = consensus(sweeps.means, memory=settings.memory)
    return Treatment(weights, targets, p_noisy.astype(np.float32), pull)


def settled(
    before: Treatment, sweeps: Sweeps, given: NDArray[np.int64], settings: Agreement
) -> Treatment:
    """What a second network is trained on: labels weighed against what all the clips said.

    Args:
        before: of the first network's last epochs; its weights stay.
        sweeps: of the first network.
        given: given labels, int64 [V].
        settings: the agreement part of a run's settings.

    Raises:
        UserError: there is no sweep.
    """
    if sweeps.last is None:
        raise UserError("sweeps = []: at least one is needed before labels can be weighed")
    q = mean_softmax(sweeps, average=settings.average)
    targets = posterior(q, given, wrong=settings.wrong)
    return replace(before, targets=targets, p_noisy=1 - targets[np.arange(len(given)), given])

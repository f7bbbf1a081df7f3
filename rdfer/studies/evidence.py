"""From recorded runs to the evidence that a claim is judged by.

A :class:`rdfer.studies.claims.Reading` is one number a seed; here it is looked up in the runs of
the studies (:mod:`rdfer.studies.design`). With the number comes the same statistic as a function of
rows, so that seeds and identities can be resampled (:mod:`rdfer.metrics.bootstrap`). A run that is
missing or stale is named as lacking, never passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest
from rdfer.method import agreement, keyexpr
from rdfer.metrics.bootstrap import replicates
from rdfer.metrics.detection import MEASURES, found_on
from rdfer.metrics.verdict import Evidence
from rdfer.pipeline.runs import Run
from rdfer.settings.variants import RIVALS, TREATMENTS
from rdfer.studies import suspicion
from rdfer.studies.claim_results import Found
from rdfer.studies.claims import Claim, Comparison, Reading
from rdfer.studies.design import USUAL, Condition
from rdfer.studies.strata import stratum

Rows: TypeAlias = NDArray[np.int64]

DRAWS = 1000  # resamples of seeds and identities
HIGH_LOSS = 0.4  # share of the training videos that counts as "high loss"
#: What a claim calls a method -> the name of its variant.
METHOD_NAMES: Mapping[str, str] = {
    **{v.title: name for name, v in RIVALS.items()},
    **{v.title: name for name, v in TREATMENTS.items()},
    "RDFER (vote)": "vote",
    "RDFER (ours)": "ours",
    "plain": "plain",
    "plain, compute-matched": "plain-matched",
    "ELR, compute-matched": "elr-matched",
}
_INPUT = {"intact": "test_probs", "frames shuffled": "probe_frames",
          "clips shuffled": "probe_clips", "frozen": "probe_frozen"}  # fmt: skip
_DETAIL = {"resampled": "ours", "even": "even", "random": "random"}


class Lacking(Exception):
    """A run that a reading needs is missing or stale; the text names it."""


@dataclass(frozen=True)
class Measured:
    """One number, and what it is a number of.

    Attributes:
        value: the number.
        statistic: the same on other rows, repeated or left out.
        groups: identity of each row, ``[V]``.
        runs: the runs it rests on.
    """

    value: float
    statistic: Callable[[Rows], float]
    groups: NDArray[np.int64]
    runs: tuple[str, ...]


#: Looks a run up by study, variant and seed.
Find: TypeAlias = Callable[[str, str, int], Run]


class Bench:
    """The runs of one world (an encoder, a balance, a way of training), each read once."""

    def __init__(self, manifest: Manifest, find: Find) -> None:
        self.manifest, self._find = manifest, find
        self._arrays: dict[str, Mapping[str, NDArray[Any]]] = {}
        people = [video.group for video in manifest.videos]
        self.identity = np.unique(people, return_inverse=True)[1]

    def arrays(self, study: str, variant: str, seed: int) -> tuple[str, Mapping[str, NDArray[Any]]]:
        """Name and arrays of a run.

        Raises:
            Lacking: it is missing or stale.
        """
        name = f"{study}/{variant}/seed{seed}"
        if name not in self._arrays:
            run = self._find(study, variant, seed)
            state = run.state()
            if state != "fresh":
                raise Lacking(f"{name} {state}")
            self._arrays[name] = run.arrays()
        return name, self._arrays[name]

    def measure(self, reading: Reading, metric: str, seed: int) -> Measured:
        """A reading of one seed.

        Raises:
            Lacking: a run that it needs is missing or stale.
            UserError: nothing measures such a reading.
        """
        if metric == "uar":
            return self._uar(reading, seed)
        if metric in ("hit rate", "temporal IoU"):
            return self._key(reading, metric, seed)
        return self._detection(reading, metric, seed)

    def _uar(self, reading: Reading, seed: int) -> Measured:
        setting = reading.setting
        condition = Condition(reading.kind, reading.rate)
        if reading.rate == 0:
            condition = Condition(USUAL.kind, 0.0)
        study, variant = "noise", METHOD_NAMES[reading.what]
        if "detail" in setting:
            study, variant = "parts", _DETAIL[str(setting["detail"])]
        elif "streams" in setting:
            streams = str(setting["streams"])
            study, variant = "parts", "ours" if streams == "both" else streams
        elif "clips" in setting:
            clips = int(setting["clips"])
            study, variant = "parts", {1: "one-clip", suspicion.USUAL: "ours"}[clips]
        name, arrays = self.arrays(study, f"{variant}@{condition.name}", seed)
        probs = arrays[_INPUT[str(setting.get("input", "intact"))]]
        true, videos = arrays["test_true"], arrays["test_videos"]
        right = probs.argmax(1) == true
        inside = stratum(reading.over, self.manifest, videos)
        return Measured(
            *_measured(lambda rows: _uar_of(right, true, inside, rows), len(true)),
            self.identity[videos],
            (name,),
        )

    def _key(self, reading: Reading, metric: str, seed: int) -> Measured:
        condition = Condition(reading.kind, reading.rate)
        chosen = str(reading.setting["detail"])
        # of one and the same network: only the places of the detail clips differ
        variant = "ours" if chosen == "resampled" else _DETAIL[chosen]
        name, arrays = self.arrays("parts", f"{variant}@{condition.name}", seed)
        videos = arrays["test_videos"]
        segments = [c.truth.key if c.truth else None for c in self._clips(videos)]
        keyed = np.flatnonzero([s is not None for s in segments])
        truth = np.array([segments[k] for k in keyed], np.int64)
        detail = arrays["test_detail"][keyed].astype(np.int64)
        measure = keyexpr.hits if metric == "hit rate" else keyexpr.temporal_iou
        values = np.asarray(measure(detail, truth), np.float64)
        if values.ndim == 2:
            values = values.mean(1)
        return Measured(
            *_measured(lambda rows: float(values[rows].mean()), len(values)),
            self.identity[videos[keyed]],
            (name,),
        )

    def _clips(self, videos: NDArray[Any]) -> list[Any]:
        return [self.manifest.videos[v] for v in videos]

    def _detection(self, reading: Reading, metric: str, seed: int) -> Measured:
        condition = Condition(reading.kind, reading.rate)
        name, arrays = self.arrays("watch", f"watched@{condition.name}", seed)
        runs = [name]
        noisy = arrays["train_given"] != arrays["train_true"]
        inside = ~arrays["train_ambiguous"]
        if reading.over == "high-loss":
            other, twin = self.arrays("watch", f"twin@{condition.name}", seed)
            runs.append(other)
            inside &= high_loss(twin) & (noisy | arrays["train_hard"])
        score = _score(reading, arrays)
        measure = MEASURES[metric]
        return Measured(
            *_measured(lambda rows: found_on(measure, noisy, score, inside, rows), len(noisy)),
            self.identity[arrays["train_videos"]],
            tuple(runs),
        )


def high_loss(twin: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Videos of the highest losses of one clip by a network that no score looks at, bool [V].

    Choosing by the same loss that is then judged would truncate that score, and no other.
    """
    clips = twin["sweep_clips"][-1][:, :1].astype(np.float64)
    loss = agreement.clip_loss(clips, twin["train_given"])
    return np.asarray(loss >= np.quantile(loss, 1 - HIGH_LOSS))


def _measured(
    statistic: Callable[[Rows], float], size: int
) -> tuple[float, Callable[[Rows], float]]:
    return statistic(np.arange(size)), statistic


def _uar_of(
    right: NDArray[np.bool_], true: NDArray[Any], inside: NDArray[np.bool_], rows: Rows
) -> float:
    """UAR over the classes of a stratum; one of them lacking in a resample has no UAR."""
    classes = np.unique(true[inside])
    drawn = rows[inside[rows]]
    size = int(true.max()) + 1
    count = np.bincount(true[drawn], minlength=size)[classes]
    if (count == 0).any():
        raise UserError("resample: lacks a class")
    hit = np.bincount(true[drawn], weights=right[drawn], minlength=size)[classes]
    return float((hit / count).mean())


def _score(reading: Reading, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    setting = reading.setting
    passes, epochs = str(setting.get("passes", "own")), str(setting.get("epochs", "own"))
    if reading.what == "chance":
        return np.zeros(len(arrays["train_given"]))
    if passes == "own" or reading.what not in suspicion.CROSSED:
        return suspicion.rival_scores(arrays, arrays.get("out_of_fold"))[reading.what]
    clips = int(setting.get("clips", suspicion.USUAL))
    return suspicion.crossed_score(arrays, reading.what, passes=passes, epochs=epochs, clips=clips)


def evidence(
    claim: Claim, benches: Mapping[str, Bench], seeds: tuple[int, ...], *, draws: int = DRAWS
) -> Found:
    """What was measured for a claim, over its seeds.

    Args:
        claim: what is compared.
        benches: by world, see :func:`world_of`; one that is not there was not run.
        seeds: of the claim.
        draws: resamples of seeds and identities.
    """
    runs: set[str] = set()
    lacking: list[str] = []
    found = []
    for comparison in claim.comparisons:
        try:
            found.append(_compare(comparison, claim.metric, benches, seeds, draws, runs))
        except Lacking as error:
            lacking.append(str(error))
    if lacking:
        return Found(lacking=sorted(set(lacking)))
    return Found(evidence=found, runs=sorted(runs))


def world_of(reading: Reading) -> str:
    """Which world a reading is of: the usual one, or another encoder, training or balance."""
    for name in ("encoder", "training", "balance"):
        if name in reading.setting:
            return str(reading.setting[name])
    return "usual"


def _compare(
    comparison: Comparison,
    metric: str,
    benches: Mapping[str, Bench],
    seeds: tuple[int, ...],
    draws: int,
    runs: set[str],
) -> Evidence:
    signed = [(comparison.a, 1.0), (comparison.b, -1.0)]
    if comparison.beyond is not None:
        signed += [(comparison.beyond[0], -1.0), (comparison.beyond[1], 1.0)]
    statistics, groups, differences = [], [], []
    for seed in seeds:
        parts: list[tuple[float, Measured]] = []
        for reading, sign in signed:
            world = world_of(reading)
            if world not in benches:
                raise Lacking(f"{world}: not run")
            measured = benches[world].measure(reading, metric, seed)
            runs.update(measured.runs)
            parts.append((sign, measured))
        differences.append(sum(sign * m.value for sign, m in parts))
        statistics.append(_sum(parts))
        groups.append(parts[0][1].groups)
    resampled = replicates(
        statistics, groups, generator=np.random.default_rng([len(seeds), draws]), draws=draws
    )
    return Evidence(differences=np.array(differences), replicates=resampled)


def _sum(parts: list[tuple[float, Measured]]) -> Callable[[Rows], float]:
    return lambda rows: sum(sign * m.statistic(rows) for sign, m in parts)

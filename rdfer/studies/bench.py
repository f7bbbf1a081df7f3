"""From recorded runs to numbers: what a reading of a claim or of a table is, seed by seed.

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
from rdfer.data.manifest import Manifest, Truth
from rdfer.metrics import key_frames
from rdfer.metrics.detection import MEASURES, found_on
from rdfer.pipeline.runs import Run
from rdfer.settings.variants import RIVALS, TREATMENTS
from rdfer.studies import suspicion
from rdfer.studies.claims import Reading
from rdfer.studies.design import USUAL, Condition
from rdfer.studies.suspicion import Arrays, Bools, Floats

Rows: TypeAlias = NDArray[np.int64]

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
#: What a reading says of the detail clips, the streams or the clips of a sweep -> a run of `parts`.
_PARTS = {"resampled": "ours", "both": "ours", suspicion.USUAL: "ours", 1: "one-clip"}
_THIRDS = ("short key", "middle key", "long key")
STRONG = 700  # permille: strength of a distractor from which on it counts as strong


class Lacking(Exception):
    """A run that a reading needs is missing or stale; the text names it."""


@dataclass(frozen=True)
class Measured:
    """One number, and what it is a number of.

    Attributes:
        statistic: the number, of some rows, which may be repeated or left out.
        groups: identity of each row, ``[V]``.
        runs: that it rests on.
    """

    statistic: Callable[[Rows], float]
    groups: NDArray[np.int64]
    runs: tuple[str, ...]

    @property
    def value(self) -> float:
        """The number, of every row once."""
        return self.statistic(np.arange(len(self.groups)))


def run_name(study: str, variant: str, seed: int) -> str:
    """As claims and tables name a run."""
    return f"{study}/{variant}/seed{seed}"


class Bench:
    """The runs of one world, each read once.

    Args:
        manifest: its videos, with truth.
        find: looks a run up by study, variant and seed, or raises :class:`Lacking`.
    """

    def __init__(self, manifest: Manifest, find: Callable[[str, str, int], Run]) -> None:
        self.manifest, self._find = manifest, find
        self._arrays: dict[str, Arrays] = {}
        self._rivals: dict[str, dict[str, Floats]] = {}
        people = [video.group for video in manifest.videos]
        self.identity = np.unique(people, return_inverse=True)[1]

    def arrays(self, study: str, variant: str, seed: int) -> Arrays:
        """Arrays of a run.

        Raises:
            Lacking: it is missing or stale.
        """
        name = run_name(study, variant, seed)
        if name not in self._arrays:
            run = self._find(study, variant, seed)
            state = run.state()
            if state != "fresh":
                raise Lacking(f"{name} {state}")
            self._arrays[name] = run.arrays()
        return self._arrays[name]

    def measure(self, reading: Reading, metric: str, seed: int) -> Measured:
        """A reading of one seed.

        Raises:
            Lacking: a run that it needs is missing or stale.
        """
        if metric == "uar":
            return self._uar(reading, seed)
        if metric in ("hit rate", "temporal IoU"):
            return self._key(reading, metric, seed)
        return self._detection(reading, metric, seed)

    def _uar(self, reading: Reading, seed: int) -> Measured:
        # without noise there is one condition for all kinds
        kind = reading.kind if reading.rate else USUAL.kind
        study, variant = "noise", METHOD_NAMES[reading.what]
        part = reading.detail or reading.streams or reading.clips
        if part is not None:
            study, variant = "parts", _PARTS.get(part, str(part))
        at = (study, f"{variant}@{Condition(kind, reading.rate).name}", seed)
        arrays = self.arrays(*at)
        true, videos = arrays["test_true"], arrays["test_videos"]
        right = arrays[_INPUT[reading.input]].argmax(1) == true
        inside = stratum(reading.over, self.manifest, videos)
        return Measured(
            lambda rows: _uar_of(right, true, inside, rows),
            self.identity[videos],
            (run_name(*at),),
        )

    def _key(self, reading: Reading, metric: str, seed: int) -> Measured:
        # of one and the same network: only the places of the detail clips differ
        variant = _PARTS.get(str(reading.detail), str(reading.detail))
        at = ("parts", f"{variant}@{Condition(reading.kind, reading.rate).name}", seed)
        arrays = self.arrays(*at)
        truths = [self.manifest.videos[v].truth for v in arrays["test_videos"]]
        segments = [truth.key if truth else None for truth in truths]
        keyed = np.flatnonzero([segment is not None for segment in segments])
        truth = np.array([segments[k] for k in keyed], np.int64)
        measure = key_frames.hits if metric == "hit rate" else key_frames.temporal_iou
        values = np.asarray(measure(arrays["test_detail"][keyed], truth), np.float64)
        return Measured(
            lambda rows: float(values[rows].mean()),
            self.identity[arrays["test_videos"][keyed]],
            (run_name(*at),),
        )

    def _detection(self, reading: Reading, metric: str, seed: int) -> Measured:
        condition = Condition(reading.kind, reading.rate).name
        at = [("watch", f"watched@{condition}", seed)]
        arrays = self.arrays(*at[0])
        noisy, inside = suspicion.noisy(arrays), ~arrays["train_ambiguous"]
        if reading.over == "high-loss":
            at.append(("watch", f"twin@{condition}", seed))
            twin = self.arrays(*at[1])
            inside &= suspicion.high_loss(twin) & (noisy | arrays["train_hard"])
        score, measure = self._score(reading, run_name(*at[0]), arrays), MEASURES[metric]
        return Measured(
            lambda rows: found_on(measure, noisy, score, inside, rows),
            self.identity[arrays["train_videos"]],
            tuple(run_name(*one) for one in at),
        )

    def _score(self, reading: Reading, name: str, arrays: Arrays) -> Floats:
        if reading.what == "chance":
            return np.zeros(len(arrays["train_given"]))
        if reading.passes == "own" or reading.what not in suspicion.CROSSED:
            if name not in self._rivals:
                self._rivals[name] = suspicion.rival_scores(arrays, arrays.get("out_of_fold"))
            return self._rivals[name][reading.what]
        return suspicion.crossed_score(
            arrays,
            reading.what,
            passes=reading.passes,
            epochs=reading.epochs,
            clips=reading.clips or suspicion.USUAL,
        )


def _uar_of(right: Bools, true: NDArray[Any], inside: Bools, rows: Rows) -> float:
    """UAR over the classes of a stratum; one of them lacking in a resample has no UAR."""
    classes = np.unique(true[inside])
    drawn = rows[inside[rows]]
    size = int(true.max()) + 1
    count = np.bincount(true[drawn], minlength=size)[classes]
    if (count == 0).any():
        raise UserError("resample: lacks a class")
    hit = np.bincount(true[drawn], weights=right[drawn], minlength=size)[classes]
    return float((hit / count).mean())


def stratum(over: str, manifest: Manifest, videos: NDArray[np.int64]) -> Bools:
    """Which of the test videos a claim is about, by what is known of them: bool ``[V]``.

    Args:
        over: ``test`` (all); ``short key``, ``middle key``, ``long key``: thirds by the length of
            the key segment, Neutral left out; ``strong distractor``: of strength 0.7 and more;
            ``no distractor``: shown expressions without one.
        manifest: rows with truth.
        videos: rows of it ``[V]``.

    Raises:
        UserError: no such stratum, or a video without truth.
    """
    if over == "test":
        return np.ones(len(videos), bool)
    truths = [_known(manifest, int(v)) for v in videos]
    shown = np.array([t.key is not None for t in truths])
    if over in _THIRDS:
        lengths = np.array([t.key[1] - t.key[0] if t.key else 0 for t in truths])
        return np.asarray(key_frames.thirds(lengths) == _THIRDS.index(over))
    if over == "no distractor":
        return shown & np.array([t.distractor is None for t in truths])
    if over == "strong distractor":
        strengths = [dict(zip(t.reasons, t.strengths, strict=True)) for t in truths]
        return np.array([s.get("distractor", 0) >= STRONG for s in strengths])
    raise UserError(f"over = {over!r}: no such stratum of the test videos")


def _known(manifest: Manifest, video: int) -> Truth:
    truth = manifest.videos[video].truth
    if truth is None:
        raise UserError(f"video {manifest.videos[video].id!r}: nothing is known of its truth")
    return truth

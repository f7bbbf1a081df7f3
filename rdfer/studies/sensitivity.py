"""How much hangs on the numbers that somebody had to choose.

For some a network has to be trained anew (:func:`trained_rows`: the study ``sensitivity``). Of
others the sweeps of runs that are there tell by themselves: from which score on a video counts
as noisy (:func:`threshold_rows`), how many early sweeps to leave out (:func:`warmup_rows`), and
whether what the clips say of a label is a probability (:func:`calibration_rows`).

Arrays are those of :mod:`rdfer.studies.suspicion`. All is under the usual label noise; ambiguous
videos are left out.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from rdfer.method import agreement
from rdfer.method.treatment import posterior
from rdfer.metrics.detection import rank_auroc
from rdfer.metrics.recognition import uar
from rdfer.settings.presets import Preset
from rdfer.settings.schema import flat, override
from rdfer.settings.variants import OURS
from rdfer.studies.bench import Bench, Lacking
from rdfer.studies.design import USUAL, changed_variant, other_values
from rdfer.studies.study_results import Measure, Rows, row_over
from rdfer.studies.suspicion import USUAL as CLIPS
from rdfer.studies.suspicion import Arrays, Bools, Floats, high_loss, kinds, noisy

OURS_AT = ("noise", f"ours@{USUAL.name}")
WATCHED = ("watch", f"watched@{USUAL.name}")
TWIN = ("watch", f"twin@{USUAL.name}")
#: Rule -> thresholds: what eight clips can agree by; of the averaged gap with its sign.
THRESHOLDS: Mapping[str, tuple[float, ...]] = {
    "vote": tuple(k / 8 for k in range(2, 9)),
    "gap": tuple(k / 10 for k in range(10)),
}
#: Whose word on a label is taken for a probability.
BELIEFS = ("one clip", "clips", "clips and sweeps", "ours, unweighed", "RDFER (ours)")
BINS = 10  # of a reliability curve, with as many videos each


def sensitivity(bench: Bench, preset: Preset) -> dict[str, Any]:
    """The content of ``results/sensitivity.json``."""
    return {
        "rows": trained_rows(bench, preset),
        "thresholds": threshold_rows(bench, preset),
        "warmup": warmup_rows(bench, preset),
        "calibration": calibration_rows(bench, preset),
    }


def trained_rows(bench: Bench, preset: Preset) -> Rows:
    """UAR, and what the first network's sweeps know, for each value of each setting.

    Each row: ``setting``, ``value``, ``usual`` (whether it is the preset's), ``uar`` on the test
    videos, ``delta``: paired difference to the usual value, ``auroc`` of the averaged gap over all
    training videos, and ``spread``: mean Jensen-Shannon divergence between the first two clips of a
    video in the last sweep, in bits: two in every row, as it depends on their number.
    """
    base = flat(override(preset.settings, OURS))
    rows = []
    for setting, others in other_values(preset.settings).items():
        for value in sorted({*others, base[setting]}):
            usual = value == base[setting]
            at = OURS_AT if usual else ("sensitivity", changed_variant(setting, value).name)
            uar, auroc, spread = (_of(bench, at, number) for number in (_uar, _auroc, _spread))
            found = {"uar": uar, "auroc": auroc, "spread": spread}
            if not usual:
                found["delta"] = _less(uar, _of(bench, OURS_AT, _uar))
            said = {"setting": setting, "value": value, "usual": usual}
            rows.append({**said, **row_over(preset.few_seeds, found)})
    return rows


def threshold_rows(bench: Bench, preset: Preset) -> Rows:
    """Shares of the noisy, hard and clean videos that a threshold calls noisy.

    ``vote``: the clips of the last sweep agree that much, on another class than the label's.
    ``gap``: the gap of the mean over clips and sweeps is at least that.
    """
    rows = []
    for rule, thresholds in THRESHOLDS.items():
        for threshold in thresholds:
            shares = {
                kind: _of(bench, WATCHED, _flagged, rule, threshold, kind)
                for kind in ("noisy", "hard", "clean")
            }
            said = {"rule": rule, "threshold": threshold}
            rows.append({**said, **row_over(preset.few_seeds, shares)})
    return rows


def warmup_rows(bench: Bench, preset: Preset) -> Rows:
    """What leaving out the first sweeps does to plain training's averaged gap.

    Each row: ``epoch`` of the first sweep that is used, ``auroc`` of noisy against hard at high
    loss, and ``delta``: paired difference to using all sweeps.
    """
    try:
        epochs = bench.arrays(*WATCHED, preset.few_seeds[0])["sweep_epochs"].tolist()
    except Lacking:
        return []  # how many sweeps there are is not known either

    def auroc(seed: int, first: int) -> float:
        arrays, twin = (bench.arrays(*at, seed) for at in (WATCHED, TWIN))
        wrong = noisy(arrays)
        inside = high_loss(twin) & ~arrays["train_ambiguous"] & (wrong | arrays["train_hard"])
        return rank_auroc(wrong[inside], _averaged(arrays, first)[inside])

    rows = []
    for k, epoch in enumerate(epochs):
        later: Measure = partial(auroc, first=k)
        found = {"auroc": later, "delta": _less(later, partial(auroc, first=0))}
        rows.append({"epoch": epoch, **row_over(preset.few_seeds, found)})
    return rows


def calibration_rows(bench: Bench, preset: Preset) -> Rows:
    """How well the probability that a label is wrong fits the share of labels that are.

    Each row: ``belief`` (whose), ``brier`` (mean squared error of the probability, 0 is best), and
    the reliability curve of all seeds together: ``predicted`` and ``wrong``, equally filled bins.
    """
    rows = []
    for belief in BELIEFS:
        at = OURS_AT if "ours" in belief else WATCHED
        row = row_over(preset.few_seeds, {"brier": _of(bench, at, _brier, belief)})
        curve: dict[str, Any] = {}
        if row["brier_mean"] is not None:
            pairs = [_belief(bench.arrays(*at, seed), belief) for seed in preset.few_seeds]
            wrong, said = (np.concatenate(each) for each in zip(*pairs, strict=True))
            shares, means = calibration_curve(wrong, said, n_bins=BINS, strategy="quantile")
            curve = {"predicted": means.tolist(), "wrong": shares.tolist()}
        rows.append({"belief": belief, **row, **curve})
    return rows


# numbers of a seed


def _of(bench: Bench, at: tuple[str, str], number: Callable[..., float], *options: Any) -> Measure:
    return lambda seed: number(bench.arrays(*at, seed), *options)


def _less(a: Measure, b: Measure) -> Measure:
    return lambda seed: a(seed) - b(seed)


# numbers of a run


def _uar(arrays: Arrays) -> float:
    probs = arrays["test_probs"]
    return uar(arrays["test_true"], probs.argmax(1), classes=probs.shape[1])


def _clips(arrays: Arrays) -> Floats:
    """The first eight clips of every sweep: watched runs have more."""
    return arrays["sweep_clips"][:, :, :CLIPS].astype(np.float64)


def _averaged(arrays: Arrays, first: int = 0) -> Floats:
    """The gap of the mean over clips and sweeps from ``first`` on, [V]."""
    mean = _clips(arrays)[first:].mean((0, 2))[:, None]
    return agreement.contrary(mean, arrays["train_given"])


def _auroc(arrays: Arrays) -> float:
    sure = ~arrays["train_ambiguous"]
    return rank_auroc(noisy(arrays)[sure], _averaged(arrays)[sure])


def _spread(arrays: Arrays) -> float:
    pairs = _clips(arrays)[-1, ~arrays["train_ambiguous"], :2]
    return float(agreement.jensen_shannon(pairs).mean())


def _flagged(arrays: Arrays, rule: str, threshold: float, kind: str) -> float:
    if rule == "gap":
        flagged = _averaged(arrays) >= threshold
    else:
        agreed, majority = agreement.vote(_clips(arrays)[-1])
        flagged = (agreed >= threshold) & (majority != arrays["train_given"])
    return float(flagged[kinds(arrays)[kind]].mean())


def _belief(arrays: Arrays, belief: str) -> tuple[Bools, Floats]:
    """Whether each label is wrong, and the probability of it that somebody states, [V]."""
    clips, given = _clips(arrays), arrays["train_given"]
    mean = clips.mean((0, 2))
    q = {"one clip": clips[-1, :, 0], "clips": clips[-1].mean(1)}.get(belief, mean)
    if belief == "RDFER (ours)":
        q = posterior(mean, given, wrong=OURS["agreement.wrong"])
    sure = ~arrays["train_ambiguous"]
    said = 1 - q[np.arange(len(given)), given].astype(np.float64)
    return noisy(arrays)[sure], np.clip(said, 0, 1)[sure]


def _brier(arrays: Arrays, belief: str) -> float:
    return float(brier_score_loss(*_belief(arrays, belief)))

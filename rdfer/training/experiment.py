"""One run of an experiment: draw the task, train, test, and say what came out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdfer.data.inputs import Inputs
from rdfer.data.manifest import Manifest
from rdfer.data.task import Part, Task, draw_task, no_part
from rdfer.method import keyexpr
from rdfer.metrics import key_frames
from rdfer.metrics import recognition as evaluation
from rdfer.settings.schema import Settings
from rdfer.training.crossfit import out_of_fold
from rdfer.training.fit import Fitted, fit
from rdfer.training.prediction import fixed_clips, predict_once
from rdfer.training.probes import PROBES, Disturbed


@dataclass(frozen=True)
class Result:
    """What a run is worth keeping: plain numbers, and arrays that stay out of git."""

    metrics: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def run(
    manifest: Manifest,
    inputs: Inputs,
    settings: Settings,
    *,
    seed: int,
    checkpoint: Path | None = None,
    key: str = "",
    weights: Path | None = None,
) -> Result:
    """Train on the seed's task, then predict each test video exactly once.

    Args:
        manifest: rows as in the store behind ``inputs``; behind them, clips that cannot be read.
        inputs: cached features or frames.
        settings: of this run.
        seed: draws subset, noise and initialisation.
        checkpoint: see :func:`rdfer.training.fit.fit`.
        key: see :func:`rdfer.training.fit.fit`.
        weights: pre-trained encoder weights in place of the shipped ones.
    """
    task = draw_task(manifest, settings, seed=seed, stored=len(inputs.lengths))
    fitted = fit(task, inputs, settings, seed=seed, checkpoint=checkpoint, key=key, weights=weights)
    probs, detail, features = predict_once(fitted.model, inputs, task.test.videos, settings)
    metrics = {
        **test_metrics(task.test, probs, manifest, lost=task.lost),
        **key_metrics(task.test, detail, inputs, settings, manifest),
        "epoch": fitted.epoch,
        "passes": fitted.history.passes,
        "history": {
            "train_loss": fitted.history.train_loss,
            "val_uar": fitted.history.val_uar,
            "memorised": fitted.history.memorised,
            "sweep_epochs": fitted.sweeps.epochs,
        },
    }
    arrays = run_arrays(task, fitted, probs, manifest)
    arrays["test_features"] = features.astype(np.float16)
    if detail is not None:
        arrays["test_detail"] = detail.astype(np.int16)
    for probe in PROBES if settings.data.probes else ():
        disturbed = Disturbed(inputs, probe)
        seen = predict_once(fitted.model, disturbed, task.test.videos, settings)
        arrays[f"probe_{probe}"] = seen.probs
    folds = settings.data.folds
    if folds:
        arrays["out_of_fold"] = out_of_fold(task, inputs, settings, seed=seed, folds=folds)
    return Result(metrics, arrays)


def test_metrics(
    part: Part, probs: NDArray[np.float32], manifest: Manifest, *, lost: Part | None = None
) -> dict[str, Any]:
    """UAR, WAR, recalls, confusion and calibration; UAR apart for hard and for easy videos.

    Videos that could not be read (``lost``) count as wrong in UAR, WAR and recalls; confusion and
    calibration are of those that were predicted. Hard and easy are told apart only where the truth
    is known.
    """
    classes = len(manifest.classes)
    lost = no_part() if lost is None else lost
    predicted = probs.argmax(1)
    # a class more stands for "no prediction": always wrong
    true = np.concatenate([part.true, lost.true])
    said = np.concatenate([predicted, np.full(len(lost), classes)])
    counts = evaluation.confusion(true, said, classes=classes + 1)[:classes]
    recall = np.diag(counts) / counts.sum(1)
    out: dict[str, Any] = {
        "uar": float(recall.mean()),
        "war": evaluation.war(true, said),
        "recall": dict(zip(manifest.classes, map(float, recall), strict=True)),
        "confusion": evaluation.confusion(part.true, predicted, classes=classes).tolist(),
        "ece": evaluation.ece(probs, part.true),
    }
    if len(lost):
        out["unreadable"] = len(lost)
    if not all(manifest.videos[v].truth for v in part.videos):
        return out
    hard = np.array([manifest.videos[v].hard for v in part.videos])
    for name, rows in (("hard", hard), ("easy", ~hard)):
        # a stratum that lacks a class has no UAR; it is left out, never averaged over
        if len(set(part.true[rows].tolist())) == classes:
            out[f"uar_{name}"] = evaluation.uar(part.true[rows], predicted[rows], classes=classes)
    return out


def key_metrics(
    part: Part,
    detail: NDArray[np.int64] | None,
    inputs: Inputs,
    settings: Settings,
    manifest: Manifest,
) -> dict[str, Any]:
    """How often the detail clips hit the true key segment, beside evenly spread ones."""
    if detail is None:
        return {}
    segments = [
        (c.truth.key if c.truth else None) for c in (manifest.videos[v] for v in part.videos)
    ]
    rows = np.array([k for k, segment in enumerate(segments) if segment is not None])
    if len(rows) == 0:
        return {}
    truth = np.array([segments[k] for k in rows], np.int64)
    even = even_clips(inputs, part.videos[rows], settings, keys=detail.shape[1])
    third = key_frames.thirds(truth[:, 1] - truth[:, 0])
    strata = []
    for k, name in enumerate(("short", "middle", "long")):
        inside = third == k
        if inside.any():
            strata.append(
                {
                    "stratum": name,
                    "videos": int(inside.sum()),
                    "hit_rate": float(key_frames.hit_rate(detail[rows][inside], truth[inside])),
                    "chance": float(key_frames.hit_rate(even[inside], truth[inside])),
                    "tiou": float(
                        np.mean(key_frames.temporal_iou(detail[rows][inside], truth[inside]))
                    ),
                }
            )
    return {"key": strata}


def even_clips(
    inputs: Inputs, videos: NDArray[np.int64], settings: Settings, *, keys: int
) -> NDArray[np.int64]:
    """Detail clips spread evenly over the test clip of each video, int64 [V, K, F]."""
    s = settings.sampling
    return keyexpr.key_clips(
        keyexpr.uniform_positions(len(videos), s.clip_frames, keys),
        fixed_clips(inputs, videos, s)[:, 0],
        inputs.lengths[videos],
        frames=s.key_frames,
        stride=s.key_stride,
    )


def run_arrays(
    task: Task, fitted: Fitted, probs: NDArray[np.float32], manifest: Manifest
) -> dict[str, NDArray[Any]]:
    """Per-video arrays: test probabilities, sweeps, treatment, and the truth to judge them by.

    ``lost_videos`` and ``lost_true`` are test videos that could not be read, where there are some.
    What is hard or ambiguous is told only where it is known.
    """
    clips = [manifest.videos[v] for v in task.train.videos]
    known: dict[str, NDArray[Any]] = {}
    if all(c.truth for c in clips):
        known["train_hard"] = np.array([c.hard for c in clips])
        known["train_ambiguous"] = np.array([bool(c.truth and c.truth.ambiguous) for c in clips])
    if len(task.lost):
        known |= {"lost_videos": task.lost.videos, "lost_true": task.lost.true}
    return {
        "test_videos": task.test.videos,
        "test_true": task.test.true,
        "test_probs": probs,  # in full: classes and verdicts are taken from it
        "train_videos": task.train.videos,
        "train_true": task.train.true,
        "train_given": task.train.given,
        **known,
        "weights": fitted.treatment.weights,
        "p_noisy": fitted.treatment.p_noisy,
        **fitted.sweeps.arrays(),
    }

"""Truth of the embedded benchmark: one row a video, as JSON, and the manifest of a pool.

Rows hold integers and strings only and are identical on every machine; :func:`digest` is the
hash by which two machines can compare them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rdfer.base.files import write_json
from rdfer.data.manifest import CLASSES, Distractor, Manifest, Truth, Video
from rdfer.data.noise import given_labels
from rdfer.faces.sample import Sample, segment
from rdfer.faces.scenario import make_split

#: Version of the benchmark: it changes when any row of the truth or the look of a face does.
VERSION = "1.1"

FORMAT = "rdfer-faces-truth/1"


def truth(sample: Sample) -> Truth:
    """What is known about ``sample``, as a row of the manifest."""
    shown = sample.action is not None
    distractor = None
    if sample.distractor is not None:
        seen = segment(sample.distractor, sample.frames)
        distractor = Distractor(
            label=sample.distractor.label,
            variant=sample.distractor.variant,
            start=seen.onset,
            end=seen.offset,
            intensity=sample.distractor.intensity,
        )
    return Truth(
        label=sample.label,
        variant=sample.variant,
        key=(sample.key_start, sample.key_end) if shown else None,
        onset=sample.onset if shown else None,
        apex=sample.apex if shown else None,
        offset=sample.offset if shown else None,
        intensity=sample.intensity,
        distractor=distractor,
        degradations=sample.degradations,
        speech=sample.speech > 0,
        identity=sample.identity,
        hard=sample.hard,
        reasons=sample.reasons,
        strengths=sample.strengths,
        difficulty=sample.difficulty,
        ambiguous=sample.ambiguous,
    )


def rows(
    samples: Sequence[Sample],
    *,
    files: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Truth rows as JSON holds them: id, split, frames, file, given label and all of Truth.

    Args:
        samples: the videos.
        files: file of each id, where the videos were exported.
        given: given label of each id, where labels carry noise; else the true one.
    """
    out = []
    for sample in samples:
        row = truth(sample).to_row()
        row |= {"id": sample.id, "split": sample.split, "frames": sample.frames}
        row["given"] = sample.label if given is None else given[sample.id]
        if files is not None:
            row["file"] = files[sample.id]
        out.append(row)
    return out


def digest(samples: Sequence[Sample]) -> str:
    """SHA-256 of the truth rows in canonical JSON, 64 hex digits."""
    text = json.dumps(rows(samples), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def save_rows(path: str | Path, truth_rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``truth.json``, whole or not at all."""
    write_json(
        path, {"format": FORMAT, "version": VERSION, "classes": CLASSES, "videos": truth_rows}
    )


# drawing some thousand samples takes seconds, and a manifest and its videos both need them
@lru_cache(maxsize=2)
def pool_samples(
    pool: str,
    n_train: int,
    n_val: int,
    n_test: int,
    *,
    frames: int = 64,
    seed: int = 0,
    balance: str = "balanced",
) -> tuple[Sample, ...]:
    """Samples of the train, val and test part of a pool, in the order of its manifest."""
    parts = {"train": n_train, "val": n_val, "test": n_test}
    samples: list[Sample] = []
    for split, n in parts.items():
        samples += make_split(pool, split, n, frames=frames, seed=seed, balance=balance)
    return tuple(samples)


def noisy_labels(samples: Sequence[Sample], *, kind: str, rate: float, seed: int) -> dict[str, str]:
    """Given label of each id: noise in the train and val part, none in the others."""
    given = {sample.id: sample.label for sample in samples}
    for number, split in enumerate(("train", "val")):
        part = [sample for sample in samples if sample.split == split]
        labels = np.array([CLASSES.index(sample.label) for sample in part], dtype=np.int64)
        difficulty = np.array([sample.difficulty for sample in part], dtype=np.int64)
        # parts must not share a stream of draws
        noisy = given_labels(labels, kind, rate, 1000 * seed + number, difficulty)
        given |= {s.id: CLASSES[c] for s, c in zip(part, noisy.tolist(), strict=True)}
    return given


def build_manifest(
    pool: str,
    n_train: int,
    n_val: int,
    n_test: int,
    *,
    frames: int = 64,
    seed: int = 0,
    balance: str = "balanced",
    noise: str = "symmetric",
    rate: float = 0.0,
    noise_seed: int = 0,
) -> Manifest:
    """The manifest of a pool: train and val with label noise, test clean.

    Args:
        pool: ``development`` or ``confirmation``.
        n_train: videos of the training part, of other people than the rest.
        n_val: videos of the validation part.
        n_test: videos of the test part.
        frames: T of every video.
        seed: which videos.
        balance: ``balanced`` or ``dfew``.
        noise: kind of label noise, see :mod:`rdfer.data.noise`.
        rate: share of wrong labels in train and in val.
        noise_seed: which labels.

    Raises:
        UserError: an argument is out of range, or a class has no training video.
    """
    samples = pool_samples(pool, n_train, n_val, n_test, frames=frames, seed=seed, balance=balance)
    given = noisy_labels(samples, kind=noise, rate=rate, seed=noise_seed)
    sizes = {"train": n_train, "val": n_val, "test": n_test}
    videos = tuple(
        Video(
            id=sample.id,
            # all that draws the sample again
            path=f"faces:{pool}/{sample.split}/{sizes[sample.split]}/{frames}/{seed}/{balance}"
            f"/{sample.id}",
            label=sample.label,
            given=given[sample.id],
            split=sample.split,
            group=f"identity {sample.identity}",
            n_frames=sample.frames,
            truth=truth(sample),
        )
        for sample in samples
    )
    return Manifest(videos=videos, name=f"faces {VERSION} {pool} {balance}")

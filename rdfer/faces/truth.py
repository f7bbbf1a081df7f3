"""Truth of the embedded benchmark: one row a video, as JSON, and the manifest of a pool.

Rows hold integers and strings only and are identical on every machine; :func:`digest` is the
hash by which two machines can compare them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rdfer.base.files import write_json
from rdfer.data.manifest import CLASSES, Distractor, Manifest, Truth, Video
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
    """Samples of the train, val and test part of a pool, in the order of its manifest.

    Args:
        pool: ``development`` or ``confirmation``.
        n_train: videos of the training part, of other people than the rest.
        n_val: videos of the validation part.
        n_test: videos of the test part.
        frames: T of every video.
        seed: which videos.
        balance: ``balanced`` or ``dfew``.

    Raises:
        UserError: an argument is out of range.
    """
    parts = {"train": n_train, "val": n_val, "test": n_test}
    samples: list[Sample] = []
    for split, n in parts.items():
        samples += make_split(pool, split, n, frames=frames, seed=seed, balance=balance)
    return tuple(samples)


def build_manifest(
    samples: Sequence[Sample], *, seed: int = 0, balance: str = "balanced"
) -> Manifest:
    """The manifest of a pool's samples; the labels that it gives are the true ones.

    Args:
        samples: as :func:`pool_samples` draws them.
        seed: that they were drawn with.
        balance: the same.

    Raises:
        UserError: a class has no training video.
    """
    sizes = Counter(sample.split for sample in samples)
    videos = tuple(
        Video(
            id=sample.id,
            # all that draws the sample again
            path=f"faces:{sample.pool}/{sample.split}/{sizes[sample.split]}/{sample.frames}/{seed}"
            f"/{balance}/{sample.id}",
            label=sample.label,
            given=sample.label,
            split=sample.split,
            group=f"identity {sample.identity}",
            n_frames=sample.frames,
            truth=truth(sample),
        )
        for sample in samples
    )
    return Manifest(videos=videos, name=f"faces {VERSION} {samples[0].pool} {balance}")

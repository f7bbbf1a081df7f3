"""What a run makes of a real data set: frames that can be read, and the parts of each fold.

It lies beside the note of where the set is (:mod:`rdfer.pipeline.sources`)::

    runs/<preset>/bank/                  the frames of all clips that can be read; also of runs
                                         that change no setting of it
    runs/<preset>/manifests/fold<k>.json clips of one fold, with its validation part

All folds share one bank. A manifest has the bank's clips first, in the bank's order; behind them
those that cannot be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.data.bank import FrameBank
from rdfer.data.ingest import ingest
from rdfer.data.manifest import Manifest
from rdfer.datasets.reading import check_fold
from rdfer.datasets.splits import cut
from rdfer.datasets.table import get_dataset
from rdfer.pipeline.sources import MANIFESTS, Source
from rdfer.settings.schema import Data, Settings, settings_hash


def is_real(data: Data) -> bool:
    """Whether the videos are a real data set, and not rendered."""
    return data.source != "faces"


def choice_note(settings: Settings) -> str:
    """What stands beside a method's name where its epoch was chosen on the test part."""
    return " (epoch chosen on the test part)" if settings.training.choose == "test" else ""


def check_parameters(data: Data, *, fold: int, root: str, reading: Mapping[str, Any]) -> None:
    """Refuse a fold, a folder or reader's options where the videos are rendered; and no such fold.

    Raises:
        UserError: naming the parameter.
    """
    if is_real(data):
        if fold and not (reading.get("grouped") or fold in get_dataset(data.source).folds):
            check_fold(get_dataset(data.source), fold)
        return
    for name, value in (("fold", fold), ("data", root), ("reading", dict(reading))):
        if value:
            raise UserError(
                f"{name} = {value!r}: this preset renders its own videos; a real data set has a "
                "preset of its name"
            )


def manifest_path(run: Path, fold: int) -> Path:
    """Where the manifest of a fold is."""
    return run / MANIFESTS / f"fold{fold}.json"


def prepare(
    source: Source,
    run: Path,
    data: Data,
    *,
    bank: Path,
    folds: Sequence[int],
    workers: int | None = None,
) -> FrameBank:
    """Decode what is not in the bank yet, and write the manifests of folds.

    Raises:
        UserError: as :func:`rdfer.datasets.read` and :func:`rdfer.data.ingest.ingest`; or a class
        is
            too small for a validation part.
    """
    manifests = {}
    for fold in folds:
        source.check(fold)
        manifests[fold] = source.read(fold)
    # of one fold all clips, as of any other
    everything = {video.id: video for m in manifests.values() for video in m.videos}
    first = next(iter(manifests.values()))
    whole = replace(first, videos=tuple(everything.values()), whole=False)
    done = ingest(whole, bank, size=data.size, frames=data.frames, workers=workers)
    for fold, manifest in manifests.items():
        stored = in_bank_order(manifest, done.bank)
        if data.val_share and not any(video.split == "val" for video in stored.videos):
            # of what can be read, or a class could be left with nothing to choose the epoch on
            readable, gone = stored.videos[: len(done.bank)], stored.videos[len(done.bank) :]
            divided = cut(replace(stored, videos=readable), data.val_share)
            stored = replace(divided, videos=(*divided.videos, *gone))
        stored.save(manifest_path(run, fold))
    return done.bank


def in_bank_order(manifest: Manifest, bank: FrameBank) -> Manifest:
    """The clips as they lie in the bank, with the frames they had; behind them the unreadable.

    Raises:
        UserError: the bank holds a clip that the manifest lacks, so their rows would not match.
    """
    videos = {video.id: video for video in manifest.videos}
    strange = [name for name in bank.ids if name not in videos]
    if strange:
        raise UserError(
            f"{manifest.name}: lacks clip {strange[0]!r}, which other folds have; the lists of "
            "folds are not of one set"
        )
    there = [
        replace(videos[name], n_frames=count)
        for name, count in zip(bank.ids, bank.counts.tolist(), strict=True)
    ]
    gone = [replace(videos[name], n_frames=0) for name in sorted(set(videos) - set(bank.ids))]
    return replace(manifest, videos=(*there, *gone))


def content_key(manifest: Manifest) -> str:
    """Hash of what a run reads of a manifest: not where the clips lie."""
    rows = [(c.id, c.label, c.given, c.split) for c in manifest.videos]
    return settings_hash({"classes": manifest.classes, "clips": rows})

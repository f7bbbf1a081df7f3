"""What a run reads where its videos are a real data set: folder, folds, and what is made of them.

Where the data lie is a parameter of the run. It is noted in the run's directory, so that it is said
once::

    runs/<preset>/source.json            the folder, and what its reader was told
    runs/<preset>/bank/                  the frames of all clips that can be read; also of runs
                                         that change no setting of it
    runs/<preset>/manifests/fold<k>.json clips of one fold, with its validation part

All folds share one bank. A manifest has the bank's clips first, in the bank's order; behind them
those that cannot be read.
"""

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rdfer.bank import FrameBank
from rdfer.datasets.check import check
from rdfer.datasets.reading import check_fold, fold_numbers, read, scan
from rdfer.datasets.splits import cut
from rdfer.datasets.table import DataSet, get_dataset
from rdfer.errors import UserError
from rdfer.files import read_json, write_json
from rdfer.ingest import ingest
from rdfer.manifest import Manifest
from rdfer.progress import log
from rdfer.settings import Data, Settings, settings_hash

SOURCE = "source.json"
MANIFESTS = "manifests"


@dataclass(frozen=True)
class Source:
    """Where a data set lies, and what its reader is told.

    Attributes:
        name: of the data set.
        root: the folder that its archive unpacked to, absolute.
        reading: options of :func:`rdfer.datasets.read` besides the fold.
        folder: that the videos were taken from when the root was checked, "" before.
    """

    name: str
    root: str
    reading: Mapping[str, Any]
    folder: str = field(default="", compare=False)

    @property
    def dataset(self) -> DataSet:
        """What is known of the set."""
        return get_dataset(self.name)

    @property
    def folds(self) -> tuple[int, ...]:
        """Its folds: the official ones, or one's own; one where a folder is divided already."""
        grouped = bool(self.reading.get("grouped"))
        if self.name == "folders" and not grouped and not self._scan(1).drawn:
            return (1,)
        return fold_numbers(self.dataset, grouped=grouped)

    @property
    def official(self) -> bool:
        """Whether parts, labels and clips are those that the set's authors published.

        DFEW's clips of 16 frames are made from those by interpolation.
        """
        own = ("grouped", "lists", "split", "zero_based")
        clips = Path(self.folder or self.reading.get("clips") or "").name
        return not (clips.endswith("16f") or any(self.reading.get(name) for name in own))

    @property
    def command(self) -> str:
        """What a user types to see the whole report about the folder."""
        words = ["rdfer", "check", self.name, self.root]
        for name, value in self.reading.items():
            words.append(f"--{name.replace('_', '-')}")
            if value is not True:
                words.append(",".join(value) if name == "order" else str(value))
        return shlex.join(words)

    def check(self, fold: int) -> None:
        """Refuse a fold that there is not.

        Raises:
            UserError: naming those that there are.
        """
        check_fold(self.dataset, fold, grouped=bool(self.reading.get("grouped")))

    def _scan(self, fold: int) -> Any:
        return scan(self.name, self.root, fold=fold, **self.reading)

    def read(self, fold: int) -> Manifest:
        """The clips of a fold; see :func:`rdfer.datasets.read`."""
        return read(self.name, self.root, fold=fold, **self.reading)


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


def settle(run: Path, data: Data, *, root: str = "", reading: Mapping[str, Any]) -> Source:
    """The source of a run: what is given now, else what was noted before; noted where it is new.

    Raises:
        UserError: neither is there, or the folder is no copy of the data set, or `rdfer check`
            finds something wrong with it; then nothing is noted.
    """
    noted = recorded(run, data)
    if not root:
        if noted is None or reading:
            raise UserError(
                f"data = '': tell where {get_dataset(data.source).title} lies: "
                "make reproduce PRESET=.. DATA=/path, --data /path, or -p data /path"
            )
        return noted
    place = str(Path(root).absolute())
    if noted is not None and noted.root == place and not reading:
        return noted
    source = Source(data.source, place, dict(reading))
    if source != noted:
        source = replace(source, folder=_examine(source, data.val_share))
        # cells must not go on reading what another folder's lists said
        shutil.rmtree(run / MANIFESTS, ignore_errors=True)
        write_json(run / SOURCE, asdict(source))
    return source


def _examine(source: Source, val_share: float) -> str:
    """The folder that the videos are taken from, once what is noted of it is logged.

    Raises:
        UserError: the first thing that is wrong.
    """
    report = check(source.name, source.root, val_share=val_share, **source.reading)
    for finding in report.findings:
        if finding.state == "note":
            log(f"{report.title}: {finding.line}")
    wrong = next((finding for finding in report.findings if finding.state == "wrong"), None)
    if wrong is not None:
        raise UserError(
            f"{report.title} in {report.folder}: {wrong.line} (`{source.command}` shows all)"
        )
    return report.folder


def recorded(run: Path, data: Data) -> Source | None:
    """What was noted in a run, None where there is nothing."""
    path = run / SOURCE
    if not path.exists():
        return None
    found = read_json(path)
    if not isinstance(found, dict) or found.get("name") != data.source:
        raise UserError(f"{path}: is not about {data.source}; delete it")
    return Source(**found)


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
        UserError: as :func:`rdfer.datasets.read` and :func:`rdfer.ingest.ingest`; or a class is
            too small for a validation part.
    """
    manifests = {}
    for fold in folds:
        source.check(fold)
        manifests[fold] = source.read(fold)
    # of one fold all clips, as of any other
    everything = {clip.id: clip for m in manifests.values() for clip in m.clips}
    first = next(iter(manifests.values()))
    whole = replace(first, clips=tuple(everything.values()), whole=False)
    done = ingest(whole, bank, size=data.size, frames=data.frames, workers=workers)
    for fold, manifest in manifests.items():
        stored = in_bank_order(manifest, done.bank)
        if data.val_share and not any(clip.split == "val" for clip in stored.clips):
            # of what can be read, or a class could be left with nothing to choose the epoch on
            readable, gone = stored.clips[: len(done.bank)], stored.clips[len(done.bank) :]
            divided = cut(replace(stored, clips=readable), data.val_share)
            stored = replace(divided, clips=(*divided.clips, *gone))
        stored.save(manifest_path(run, fold))
    return done.bank


def in_bank_order(manifest: Manifest, bank: FrameBank) -> Manifest:
    """The clips as they lie in the bank, with the frames they had; behind them the unreadable.

    Raises:
        UserError: the bank holds a clip that the manifest lacks, so their rows would not match.
    """
    clips = {clip.id: clip for clip in manifest.clips}
    strange = [name for name in bank.ids if name not in clips]
    if strange:
        raise UserError(
            f"{manifest.name}: lacks clip {strange[0]!r}, which other folds have; the lists of "
            "folds are not of one set"
        )
    there = [
        replace(clips[name], n_frames=count)
        for name, count in zip(bank.ids, bank.counts.tolist(), strict=True)
    ]
    gone = [replace(clips[name], n_frames=0) for name in sorted(set(clips) - set(bank.ids))]
    return replace(manifest, clips=(*there, *gone))


def content_key(manifest: Manifest) -> str:
    """Hash of what a cell reads of a manifest: not where the clips lie."""
    rows = [(c.id, c.label, c.given, c.split) for c in manifest.clips]
    return settings_hash({"classes": manifest.classes, "clips": rows})

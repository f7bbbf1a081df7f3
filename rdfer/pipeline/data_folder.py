"""Where a preset's real data set lies: told once, checked, and noted in the preset's folder.

::

    runs/<preset>/source.json              the folder, and what its reader was told
    runs/<preset>/manifests/fold<k>.json   videos of one fold, with its validation part
"""

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, record, write_json
from rdfer.base.progress import log
from rdfer.data.manifest import Manifest
from rdfer.datasets.check import UNREADABLE, check
from rdfer.datasets.dataset import DataSet
from rdfer.datasets.reading import check_fold, fold_numbers, get_dataset, read, scan
from rdfer.settings.schema import Data

NOTE = "source.json"
MANIFESTS = "manifests"


def is_real(data: Data) -> bool:
    """Whether the videos are a real data set, and not rendered."""
    return data.source != "faces"


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


def manifest_path(into: Path, fold: int) -> Path:
    """Where the manifest of a fold is."""
    return into / MANIFESTS / f"fold{fold}.json"


@dataclass(frozen=True)
class DataFolder:
    """Where a data set lies, and what its reader is told."""

    name: str  #: of the data set
    root: str  #: the folder that its archive unpacked to, absolute
    reading: Mapping[str, Any]  #: options of :func:`rdfer.datasets.read` besides the fold
    #: that the videos were taken from when the root was checked, "" before
    folder: str = field(default="", compare=False)
    #: whether the lists of all folds could be read then; else all are checked again where more than
    #: one fold is meant
    whole: bool = field(default=True, compare=False)

    @property
    def dataset(self) -> DataSet:
        """What is known of the set."""
        return get_dataset(self.name)

    @property
    def folds(self) -> tuple[int, ...]:
        """Its folds: the official ones, or one's own; one where a folder is divided already."""
        grouped = bool(self.reading.get("grouped"))
        if (
            self.name == "folders"
            and not grouped
            and not scan(self.name, self.root, **self.reading).drawn
        ):
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

    def read(self, fold: int) -> Manifest:
        """The clips of a fold; see :func:`rdfer.datasets.read`."""
        return read(self.name, self.root, fold=fold, **self.reading)


def settle(
    into: Path, data: Data, *, root: str = "", reading: Mapping[str, Any], fold: int = 0
) -> DataFolder:
    """The data folder that is given now, else that which was noted before; noted where it is new.

    Args:
        into: the preset's folder.
        data: its settings.
        root: the folder, "" for the one that was noted.
        reading: options of its reader.
        fold: the one that is meant, which needs the lists of no other; 0 for all.

    Raises:
        UserError: neither is there, or the folder is no copy of the data set, or `rdfer check`
            finds something wrong with it; then nothing is noted.
    """
    noted = recorded(into, data)
    if not root:
        if noted is None or reading:
            raise UserError(
                f"data = '': tell where {get_dataset(data.source).title} lies: "
                "make reproduce PRESET=.. DATA=/path, --data /path, or -p data /path"
            )
        source = noted
    else:
        place = str(Path(root).absolute())
        again = noted is not None and noted.root == place and not reading
        source = noted if noted and again else DataFolder(data.source, place, dict(reading))
    new = source != noted
    if noted is not None and not new and (noted.whole or fold):
        return noted
    folder, whole = _examine(source, data.val_share, fold)
    source = replace(source, folder=folder, whole=whole)
    if new:
        # runs must not go on reading what another folder's lists said
        shutil.rmtree(into / MANIFESTS, ignore_errors=True)
    write_json(into / NOTE, asdict(source))
    return source


def _examine(source: DataFolder, val_share: float, fold: int) -> tuple[str, bool]:
    """The folder that the videos are taken from, and whether all folds could be looked at.

    What is noted of it is logged.

    Raises:
        UserError: the first thing that is wrong; for one fold, others that cannot be read are not.
    """
    report = check(source.name, source.root, val_share=val_share, **source.reading)
    for finding in report.findings:
        if finding.state == "note":
            log(f"{report.title}: {finding.line}")
    every = [finding for finding in report.findings if finding.state == "wrong"]
    spared = [f for f in every if fold and f.found == UNREADABLE and f.what != f"fold {fold}"]
    wrong = next((finding for finding in every if finding not in spared), None)
    if wrong is not None:
        raise UserError(
            f"{report.title} in {report.folder}: {wrong.line} (`{source.command}` shows all)"
        )
    for finding in spared:
        log(f"{report.title}: {finding.line}")
    return report.folder, not spared


def recorded(into: Path, data: Data) -> DataFolder | None:
    """What was noted for a preset, None where there is nothing."""
    path = into / NOTE
    if not path.exists():
        return None
    found = record(DataFolder, read_json(path), str(path))
    if found.name != data.source:
        raise UserError(f"{path}: is not about {data.source}; delete it")
    return found

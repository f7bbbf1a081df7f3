"""This project's own scores on the real sets: ``real.json`` of a results directory.

The evaluation of a run on a real set writes it, and ``results/real.json`` keeps the rows of the
committed reference. The book shows them all (:func:`gather_real`)::

    {"rows": [{"method": "RDFER (vote)", "data": "DFEW", "preset": "dfew", "changes": {},
               "folds": [1, 2, 3, 4, 5], "seeds": [0], "uar": 0.5, "war": 0.6, "epoch": "last",
               "frames": 32, "size": 112, "gflops": 8.0, "settings_hash": "0123456789abcdef",
               "date": "2000-01-01"}]}

``changes`` are the settings that differ from the preset's. ``uar`` and ``war`` are fractions, means
over folds and seeds. What a clip costs (``frames``, ``size``, ``gflops``) may be ``null``; rows of
older runs lack the first two. ``epoch`` says how the epoch was chosen: the last
one, on a validation part of the training fold, or on the test fold. Scores of the last kind are
shown beside the others, never beside the literature.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.pipeline.runs import runs_dir

#: Real set -> its folds: the official ones, or those by actor where there are none.
FOLDS: Mapping[str, tuple[int, ...]] = {
    "DFEW": (1, 2, 3, 4, 5),
    "FERV39k": (1,),
    "MAFW": (1, 2, 3, 4, 5),
    "CREMA-D": (1, 2, 3, 4, 5),
    "RAVDESS": (1, 2, 3, 4, 5),
    "AFEW": (1,),
}
EPOCHS = ("last", "validation", "test")
#: What a clip costs; ``None`` where it was not counted.
COSTS = ("frames", "size", "gflops")
KEYS = (
    *("method", "data", "preset", "changes", "folds", "seeds", "uar", "war"),
    *("epoch", *COSTS, "settings_hash", "date"),
)


@dataclass(frozen=True, kw_only=True)
class RealResult:
    """The scores of one method on one real set.

    Attributes:
        method: as the comparison names it.
        data: a key of :data:`FOLDS`.
        preset: of the run.
        changes: dotted settings that differ from the preset's, with their values.
        folds: those that were run, some of :data:`FOLDS`.
        seeds: of the runs.
        uar, war: fractions, means over folds and seeds.
        epoch: how the epoch was chosen, one of :data:`EPOCHS`.
        frames: that the network sees of a video, ``None`` if not counted.
        size: their side in pixels, as it sees them; ``None`` as above.
        gflops: cost of that in 1e9 operations (:mod:`rdfer.studies.flops`); ``None`` as above.
        settings_hash: of the run's settings.
        date: ISO 8601.
    """

    method: str
    data: str
    preset: str
    changes: Mapping[str, Any]
    folds: tuple[int, ...]
    seeds: tuple[int, ...]
    uar: float
    war: float
    epoch: str
    gflops: float | None
    settings_hash: str
    date: str
    frames: int | None = None
    size: int | None = None

    @property
    def complete(self) -> bool:
        """Whether every fold was run."""
        return self.folds == FOLDS[self.data]

    @property
    def run(self) -> str:
        """Which run it is: ``dfew``, or ``dfew, training.choose = test``."""
        changed = (f"{name} = {value}" for name, value in sorted(self.changes.items()))
        return ", ".join((self.preset, *changed))

    @property
    def seen(self) -> str:
        """What the network sees of a video: ``32 x 112 px``; "" if not counted."""
        known = self.frames is not None and self.size is not None
        return f"{self.frames} × {self.size} px" if known else ""

    @property
    def key(self) -> tuple[str, str, str, tuple[int, ...]]:
        """What no two rows have in common: method, set, run, folds."""
        return self.method, self.data, self.run, self.folds


def gather_real(root: Path) -> tuple[RealResult, ...]:
    """The rows of the committed reference and of every run, each once, the latest by its date.

    A part of the folds is left out where the same run has been evaluated whole.

    Args:
        root: the project's directory.

    Raises:
        UserError: one of the files cannot be used; see :func:`load_real`.
    """
    runs = runs_dir(root)
    files = [
        root / "results" / "real.json",
        *sorted(runs.glob("*/results/real.json")),
        *sorted(runs.glob("*/results/fold*/real.json")),
    ]
    rows = sorted((row for path in files for row in load_real(path)), key=lambda row: row.date)
    latest = {row.key: row for row in rows}
    whole = {row.key[:-1] for row in rows if row.complete}
    return tuple(r for r in latest.values() if r.complete or r.key[:-1] not in whole)


def write_real(path: Path, rows: Iterable[RealResult]) -> None:
    """Write rows in the form that :func:`load_real` reads."""
    write_json(path, {"rows": [asdict(row) for row in rows]})


def load_real(path: str | Path) -> tuple[RealResult, ...]:
    """Read ``real.json``; none where there is no such file.

    Raises:
        UserError: it is no JSON, or a row lacks a key, has an unknown one or one that breaks its
            rule, or stands there twice.
    """
    if not Path(path).exists():
        return ()
    found = read_json(path)
    rows = found.get("rows") if isinstance(found, dict) else None
    if not isinstance(rows, list) or set(found) != {"rows"}:
        raise UserError(f"{path}: must hold one object with the key 'rows', a list")
    results = tuple(_row(f"{path}: row {number}", row) for number, row in enumerate(rows, 1))
    for index, result in enumerate(results):
        if any(r.key == result.key for r in results[:index]):
            raise UserError(
                f"{path}: {result.method!r} on {result.data} ({result.run}): there twice; "
                "evaluate the run again"
            )
    return results


def _row(place: str, row: Any) -> RealResult:
    if not isinstance(row, dict):
        raise UserError(f"{place}: must be an object")
    row = {"frames": None, "size": None, **row}
    for key in (*row, *KEYS):
        if (key in row) != (key in KEYS):
            found = "unknown" if key in row else "missing"
            raise UserError(f"{place}: key {key!r}: {found}; evaluate the run again")
    for key in ("method", "preset", "settings_hash", "date"):
        _check(place, row, key, isinstance(row[key], str) and row[key].strip(), "must be a text")
    _check(place, row, "data", row["data"] in tuple(FOLDS), f"must be one of {', '.join(FOLDS)}")
    _check(place, row, "changes", isinstance(row["changes"], dict), "must be an object")
    folds = FOLDS[row["data"]]
    for key, allowed, rule in (
        ("folds", folds, f"must be some of the folds {', '.join(map(str, folds))}, rising"),
        ("seeds", None, "must be different whole numbers, rising"),
    ):
        _check(
            place, row, key, _rising(row[key]) and set(row[key]) <= set(allowed or row[key]), rule
        )
    for key in ("uar", "war"):
        _check(place, row, key, _number(row[key]) and 0 <= row[key] <= 1, "must be from 0 to 1")
    _check(place, row, "epoch", row["epoch"] in EPOCHS, f"must be one of {', '.join(EPOCHS)}")
    for key in COSTS:
        cost = row[key]
        _check(place, row, key, cost is None or (_number(cost) and cost > 0), "must be above 0")
    return RealResult(**{**row, "folds": tuple(row["folds"]), "seeds": tuple(row["seeds"])})


def _check(place: str, row: Mapping[str, Any], key: str, holds: Any, rule: str) -> None:
    if not holds:
        raise UserError(f"{place}: {key} = {row[key]!r}: {rule}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _rising(value: Any) -> bool:
    """Whether it is a list of different whole numbers from low to high, at least one."""
    if not isinstance(value, list) or not value:
        return False
    whole = all(isinstance(item, int) and not isinstance(item, bool) for item in value)
    return whole and value == sorted(set(value))

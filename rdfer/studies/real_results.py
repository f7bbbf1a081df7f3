"""This project's own scores on the real sets: ``real.json`` of a results directory.

The evaluation of a real set writes it (:mod:`rdfer.studies.fold_results`), and
``results/real.json`` keeps the rows of the committed reference. The book shows them all
(:func:`gather_real`)::

    {"rows": [{"method": "RDFER (vote)", "data": "DFEW", "preset": "dfew", "changes": {},
               "folds": [1, 2, 3, 4, 5], "seeds": [0], "uar": 0.5, "war": 0.6, "epoch": "last",
               "frames": 32, "size": 112, "gflops": 8.0, "settings_hash": "0123456789abcdef",
               "date": "2000-01-01"}]}

Scores whose epoch was chosen on the test fold are shown beside the others, never beside the
literature.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, write_json
from rdfer.pipeline.runs import runs_dir
from rdfer.studies.records import Record, check_result, read

#: Methods of this project that are nobody else's; their rows come last.
OWN = ("Plain", "RDFER (vote)", "RDFER (ours)")
#: Real set -> its folds: the official ones, or those by actor where there are none.
FOLDS: Mapping[str, tuple[int, ...]] = {
    "DFEW": (1, 2, 3, 4, 5),
    "FERV39k": (1,),
    "MAFW": (1, 2, 3, 4, 5),
    "CREMA-D": (1, 2, 3, 4, 5),
    "RAVDESS": (1, 2, 3, 4, 5),
    "AFEW": (1,),
}
Epoch = Literal["last", "validation", "test"]
EPOCHS: tuple[Epoch, ...] = get_args(Epoch)


def _must(rule: str, holds: Callable[[Any], bool]) -> AfterValidator:
    def check(value: Any) -> Any:
        if not holds(value):
            raise ValueError(f"must be {rule}")
        return value

    return AfterValidator(check)


Text = Annotated[str, _must("a text", lambda value: bool(value.strip()))]
RISING = _must("different whole numbers, rising", lambda v: v and list(v) == sorted(set(v)))
Numbers = Annotated[tuple[int, ...], Field(strict=False), RISING]  # a list in the file
Fraction = Annotated[float, Field(ge=0, le=1)]


class RealResult(Record):
    """The scores of one method on one real set.

    Attributes:
        method: as the comparison names it.
        data: a key of :data:`FOLDS`.
        preset: of the run.
        changes: dotted settings that differ from the preset's, with their values.
        folds: those that were run, some of :data:`FOLDS`.
        seeds: of the runs.
        uar, war: fractions, means over folds and seeds.
        epoch: how the epoch was chosen: the last one, on a validation part of the training fold, or
            on the test fold.
        frames: that the network sees of a video, ``None`` if not counted; rows of older runs lack
            it, and ``size``.
        size: their side in pixels, as it sees them; ``None`` as above.
        gflops: cost of that in 1e9 operations (:mod:`rdfer.studies.flops`); ``None`` as above.
        settings_hash: of the run's settings.
        date: ISO 8601.
    """

    method: Text
    data: Annotated[str, _must(f"one of {', '.join(FOLDS)}", FOLDS.__contains__)]
    preset: Text
    changes: dict[str, Any]
    folds: Numbers
    seeds: Numbers
    uar: Fraction
    war: Fraction
    epoch: Epoch
    gflops: Annotated[float, Field(gt=0)] | None
    settings_hash: Text
    date: Text
    frames: Annotated[int, Field(gt=0)] | None = None
    size: Annotated[int, Field(gt=0)] | None = None

    @field_validator("folds")
    @classmethod
    def _known_folds(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        folds = FOLDS.get(info.data.get("data", ""), value)
        if not set(value) <= set(folds):
            raise ValueError(f"must be some of the folds {', '.join(map(str, folds))}")
        return value

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
    write_json(path, {"rows": [row.model_dump() for row in rows]})


class _File(Record):
    rows: list[Any]


def load_real(path: str | Path) -> tuple[RealResult, ...]:
    """Read ``real.json``; none where there is no such file.

    Raises:
        UserError: it is no JSON, or a row lacks a key, has an unknown one or one that breaks its
            rule, or stands there twice.
    """
    if not Path(path).exists():
        return ()
    found: dict[tuple[Any, ...], RealResult] = {}
    try:
        for number, raw in enumerate(read(_File, read_json(path), str(path)).rows, 1):
            row = read(RealResult, raw, f"{path}: row {number}")
            check_result(raw, f"{path}: row {number}")
            if row.key in found:
                raise UserError(f"{path}: {row.method!r} on {row.data} ({row.run}): there twice")
            found[row.key] = row
    except UserError as error:
        raise UserError(f"{error}; evaluate the run again") from None
    return tuple(found.values())

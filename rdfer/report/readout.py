"""Reading results, and how single numbers of them are written.

A results directory holds a few small JSON files (see :data:`REQUIRED_KEYS`), written by the
notebooks. What was not run says so: a missing result is the text :data:`NOT_RUN`, never an empty
place or an old number.

Scores (UAR, WAR, recall) are stored as fractions and shown as percent; differences are shown in
percentage points with their sign.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rdfer.base.errors import UserError
from rdfer.base.files import read_json
from rdfer.data.manifest import CLASSES
from rdfer.studies.records import check_result
from rdfer.studies.suspicion import SCORE_NAMES

NOT_RUN = "not run here"
"""What stands where a result is missing."""

MISSING = "missing"
"""What stands for a row of a study that lacks runs: it is never averaged over the others."""

DASH = "–"
"""What stands where a number is not meant to be, or is not known."""

SAME = "no detectable difference"
"""What the interval of a difference says that holds 0."""

Row: TypeAlias = Mapping[str, Any]
Results: TypeAlias = Mapping[str, Any]
"""Result name (file name without ``.json``) to its content, None where it was not run."""

#: The method that is no rival: plain training where no label is wrong.
CEILING = "clean"

#: File name (without ``.json``) -> the keys that its object must have.
REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "meta": ("preset", "date", "version", "settings_hash", "machine", "seeds", "wall_s"),
    "main": ("rows", "differences", "per_class", "confusion"),
    "agreement": ("scores", "histogram"),
    **dict.fromkeys(("ablation", "noise", "factorial", "rivals", "streams"), ("rows",)),
    **dict.fromkeys(("detail", "cost", "worlds", "key"), ("rows",)),
    "sensitivity": ("rows", "thresholds", "warmup", "calibration"),
    "tuning": ("seeds", "methods"),
    "features": ("labels", "maps"),
    "claims": ("claims", "claims_hash"),
    "labels": ("classes", "histogram", "quality"),
    **dict.fromkeys(("dynamics", "benchmark", "reliability"), ()),
}


def load_results(directory: str | Path) -> dict[str, Any]:
    """Read every known result file of a directory; a file that is not there is ``None``.

    Raises:
        UserError: a file is no JSON object, lacks one of its keys, or holds markup or a number
            out of its range.
    """
    results: dict[str, Any] = {}
    for name, keys in REQUIRED_KEYS.items():
        path = Path(directory) / f"{name}.json"
        results[name] = read_json(path) if path.exists() else None
        if results[name] is None:
            continue
        for key in keys:
            if key not in results[name]:
                raise UserError(f"{path}: key {key!r} is missing")
        check_result(results[name], str(path))
    return results


@dataclass(frozen=True)
class Form:
    """How a number is written: times what, with how many decimals, with its sign or not, unit."""

    scale: float
    digits: int
    signed: bool = False
    unit: str = ""


PERCENT, POINTS = Form(100, 1), Form(100, 1, signed=True)
SCORE = Form(100, 1, unit=" %")
SHARE, RANK = Form(1, 3), Form(1, 2)  # AUROC and the like; rank correlations


def number(value: float | None, form: Form, none: str = NOT_RUN) -> str:
    """One number; nothing, or what is not finite, is ``none``. A minus is as wide as the plus.

    >>> number(0.6543, PERCENT), number(0.048, POINTS), number(0.8123, SHARE)
    ('65.4', '+4.8', '0.812')
    """
    if value is None or not math.isfinite(value):
        return none
    text = f"{form.scale * value:{'+' if form.signed else ''}.{form.digits}f}{form.unit}"
    return text.replace("-", "\N{MINUS SIGN}")


def percent(value: float | None, *, signed: bool = False) -> str:
    """A fraction as percent with one decimal: ``0.6543`` -> ``65.4``; nothing -> not run."""
    return number(value, POINTS if signed else PERCENT)


def round_percent(value: float | None) -> str:
    """A fraction that somebody chose, as percent: ``0.2`` -> ``20``."""
    return percent(value).removesuffix(".0")


def interval(row: Row | None, name: str = "", form: Form = PERCENT, none: str = NOT_RUN) -> str:
    """A mean with its interval: ``65.4 [64.0, 66.8]``; without brackets where there is none.

    Args:
        row: has ``<name>_mean``, ``<name>_low``, ``<name>_high``; or without the name before.
        name: of the metric.
        form: of the three numbers.
        none: what stands where there is no mean.
    """
    at = f"{name}_" if name else ""
    mean, *ends = ((row or {}).get(f"{at}{end}") for end in ("mean", "low", "high"))
    text = number(mean, form, none)
    if text == none or None in ends:
        return text
    low, high = (number(end, form) for end in ends)
    return f"{text} [{low},\N{NO-BREAK SPACE}{high}]"  # not broken over two lines


def is_missing(row: Row, name: str) -> bool:
    """Whether a row of a study has no number for a metric, as runs or seeds are lacking."""
    return row[f"{name}_mean"] is None


def mean(row: Row, name: str, form: Form) -> str:
    """A study's number without its interval."""
    return number(row[f"{name}_mean"], form, MISSING)


def study(row: Row | None, name: str, form: Form = PERCENT) -> str:
    """A study's number with its interval; a dash where the study is not meant to have the row."""
    if row is None:
        return DASH
    return MISSING if is_missing(row, name) else interval(row, name, form)


def find(rows: Iterable[Row], **wanted: Any) -> Row | None:
    """The first row whose values equal all the wanted ones."""
    return next((row for row in rows if all(row.get(k) == v for k, v in wanted.items())), None)


def rows_of(results: Results, name: str, key: str = "rows") -> list[Row]:
    """The rows of one result, none where it was not run."""
    return list((results.get(name) or {}).get(key) or [])


def method_names(results: Results) -> dict[str, str]:
    """Method key -> display name, in the order of the main table."""
    return {row["method"]: row["name"] for row in rows_of(results, "main")}


def class_names(results: Results) -> tuple[str, ...]:
    """The classes of the main comparison in their order; those of DFEW unless it says others."""
    return tuple((results.get("main") or {}).get("classes") or CLASSES)


def rivals(results: Results) -> list[Row]:
    """The main table's rows without the ceiling."""
    return [row for row in rows_of(results, "main") if row["method"] != CEILING]


def ceiling(results: Results) -> Row | None:
    """The main table's row of plain training without label noise."""
    return find(rows_of(results, "main"), method=CEILING)


def balanced(results: Results) -> bool:
    """Whether the classes of the test part are equally frequent, but for one video a seed.

    Then UAR and WAR say the same, and one of them is enough.
    """
    main = results.get("main") or {}
    seeds = max((row["n_seeds"] for row in main.get("rows") or []), default=1)
    totals = ([sum(row) for row in matrix] for matrix in (main.get("confusion") or {}).values())
    return all(max(videos) - min(videos) <= seeds for videos in totals)


def score_name(results: Results, score: str) -> str:
    """Display name of a score: the one its row gives, else the one known here."""
    row = find(rows_of(results, "agreement", "scores"), score=score) or {}
    return row.get("name") or SCORE_NAMES.get(score, score)


def score_order(rows: Iterable[Row]) -> list[str]:
    """The scores of the rows, in the order of :data:`SCORE_NAMES`; others come last."""
    found = dict.fromkeys(row["score"] for row in rows)
    known = [score for score in SCORE_NAMES if score in found]
    return [*known, *(score for score in found if score not in SCORE_NAMES)]


def verdict(low: float | None, high: float | None) -> str:
    """What the interval of a difference allows to say, in words."""
    if low is None or high is None:
        return "no interval"
    if low > 0:
        return "higher"
    return "lower" if high < 0 else SAME


def duration(seconds: float) -> str:
    """Seconds as people say them: ``75`` -> ``1 min 15 s``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else left, "s"))
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"

"""Where results lie, and which of them are fresh, stale or missing.

A run is one training with one seed, and its evaluation. In the preset's folder ``runs/<preset>/``
it lies in ``trained/<experiment>/<variant>/seed<k>/``, with ``metrics.json`` (numbers and
provenance) and ``arrays.npz`` (what is too long for JSON). A run that a hash calls fresh is never
trained again; a stale one is shown as stale and never averaged. A digest in the provenance covers
both files: one that was edited or lost makes the run stale.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from rdfer.base.codehash import code_hash
from rdfer.base.errors import UserError
from rdfer.base.files import read_json, sha256_file, write_atomic, write_json
from rdfer.pipeline.provenance import Provenance
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import Settings, settings_hash, to_dict

ROOT_MARK = "_toc.yml"  # the book's table of contents lies at the root and nowhere else
TRAINED = "trained"
State = Literal["fresh", "stale", "missing"]

#: Where one training with its evaluation begins, and what is handed to it.
ROOTS = (
    "rdfer.training.experiment.run",
    "rdfer.data.inputs.FeatureInputs",
    "rdfer.data.inputs.FrameInputs",
    "rdfer.data.manifest.Manifest",
    "rdfer.settings.schema",
)


def find_root(start: str | Path | None = None) -> Path:
    """The project's directory: the nearest one upwards that holds ``_toc.yml``.

    The environment variable ``RDFER_ROOT`` wins. Without ``start`` the search begins in the
    working directory, then where the package lies (an editable install).

    Raises:
        UserError: none found, or ``RDFER_ROOT`` is no such directory.
    """
    named = os.environ.get("RDFER_ROOT")
    if named:
        if not (Path(named) / ROOT_MARK).is_file():
            raise UserError(f"RDFER_ROOT = {named!r}: must be a directory that holds {ROOT_MARK}")
        return Path(named).resolve()
    for begin in [Path(start)] if start is not None else [Path.cwd(), Path(__file__)]:
        begin = begin.resolve()
        for directory in (begin, *begin.parents):
            if (directory / ROOT_MARK).is_file():
                return directory
    raise UserError(
        f"project directory: no {ROOT_MARK} in {Path(start or '.').resolve()} or above it; "
        "go into a clone of the project, or name it in RDFER_ROOT"
    )


def runs_dir(root: str | Path | None = None) -> Path:
    """Where the runs are: ``runs/`` at the root (:func:`find_root`), or what ``RDFER_RUNS`` names.

    ``root`` is a project's directory that is known already.
    """
    named = os.environ.get("RDFER_RUNS")
    if named:
        return Path(named).resolve()
    return (find_root() if root is None else Path(root)) / "runs"


def preset_dir(
    preset: str, overrides: Mapping[str, Any] | None = None, *, root: str | Path | None = None
) -> Path:
    """The folder of a preset; with overrides it is another one.

    Args:
        preset: its name.
        overrides: what is changed.
        root: see :func:`runs_dir`.

    Raises:
        UserError: unknown preset.
    """
    name = get_preset(preset).name
    return runs_dir(root) / (f"{name}+{settings_hash(dict(overrides))[:8]}" if overrides else name)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one variant with one seed.

    Attributes:
        folder: of the preset (:func:`preset_dir`).
        experiment: what it belongs to: ``train``, ``ablate``, ...
        variant: a name for what was changed, fit for a directory.
        seed: of the run.
        settings: all that it was run with.
        data: key of the data it reads, where code and settings do not tell (files of the user).
        roots: the definitions that its numbers rest on.
    """

    folder: Path
    experiment: str
    variant: str
    seed: int
    settings: Settings
    data: str = ""
    roots: tuple[str, ...] = ROOTS

    @property
    def path(self) -> Path:
        """Its directory."""
        return self.folder / TRAINED / self.experiment / self.variant / f"seed{self.seed}"

    @property
    def hash(self) -> str:
        """Hash of settings, seed, data and code: 16 hex digits."""
        return _key(to_dict(self.settings), self.seed, self.data, self.code)

    @property
    def code(self) -> str:
        """Hash of the code that its numbers rest on with these settings."""
        return code_hash(self.roots, settings=to_dict(self.settings))

    def state(self) -> State:
        """``fresh``: made by this code with these settings. ``stale``: by others, or damaged."""
        if not self._metrics.is_file():
            return "missing"
        return "stale" if self.reason() else "fresh"

    def reason(self) -> str:
        """Why a recorded run is stale; "" where it is fresh or missing."""
        if not self._metrics.is_file():
            return ""
        wrong = damage(self.path)
        if wrong:
            return wrong
        made = _stored(self._metrics)["provenance"]
        for name, now in (("seed", self.seed), ("data", self.data), ("code", self.code)):
            if made[name] != now:
                return f"of other {name}"
        return "" if agree(made["settings"], to_dict(self.settings)) else "of other settings"

    def record(
        self, metrics: Mapping[str, Any], arrays: Mapping[str, Any] | None = None, *, wall_s: float
    ) -> None:
        """Write the result, ``metrics.json`` last: the run is missing until all is there.

        NumPy numbers and arrays become plain ones; a number that is not finite becomes null.

        Raises:
            UserError: the device is full.
        """
        self._metrics.unlink(missing_ok=True)
        with write_atomic(self._arrays) as file:
            np.savez_compressed(file, allow_pickle=False, **dict(arrays or {}))
        made = Provenance(
            hash=self.hash,
            settings=to_dict(self.settings),
            seed=self.seed,
            data=self.data,
            code=self.code,
            roots=self.roots,
            wall_s=round(wall_s, 3),
            arrays=sha256_file(self._arrays),
        )
        stored = plain({"metrics": metrics, "provenance": dataclasses.asdict(made)})
        write_json(self._metrics, sealed(stored))

    def metrics(self) -> dict[str, Any]:
        """The recorded metrics.

        Raises:
            UserError: the run is missing or stale.
        """
        self._require_fresh()
        return dict(_stored(self._metrics)["metrics"])

    def provenance(self) -> dict[str, Any]:
        """The recorded provenance.

        Raises:
            UserError: the run is missing or stale.
        """
        self._require_fresh()
        return dict(_stored(self._metrics)["provenance"])

    def arrays(self) -> dict[str, np.ndarray]:
        """The recorded arrays.

        Raises:
            UserError: the run is missing or stale.
        """
        self._require_fresh()
        with np.load(self._arrays, allow_pickle=False) as file:
            return dict(file)

    def _require_fresh(self) -> None:
        state = self.state()
        if state != "fresh":
            why = f" ({self.reason()})" if state == "stale" else ""
            raise UserError(f"run {self.path} is {state}{why}: run `rdfer reproduce` again")

    @property
    def _metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def _arrays(self) -> Path:
        return self.path / "arrays.npz"


def _key(settings: Mapping[str, Any], seed: int, data: str, code: str) -> str:
    return settings_hash({"settings": settings, "seed": seed, "data": data, "code": code})


def agree(made: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether settings say the same as recorded ones.

    A setting that came later than the record says the same at its default, which does what was
    done before it came. (So the default of a setting is not to be changed later: the records that
    are older than the setting could not tell.)
    """
    usual = to_dict(Settings())
    return made.keys() <= now.keys() and all(
        made.get(part, {}).keys() <= values.keys()
        and all(
            value == made.get(part, {}).get(name, usual[part].get(name))
            for name, value in values.items()
        )
        for part, values in now.items()
    )


def _stored(path: Path) -> dict[str, Any]:
    return read_json(path, metrics=dict, provenance=dict)


def sealed(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What ``metrics.json`` holds, with the digest of all the rest of it in the provenance."""
    bare = {k: v for k, v in stored["provenance"].items() if k != "digest"}
    digest = settings_hash({"metrics": stored["metrics"], "provenance": bare})
    return {"metrics": stored["metrics"], "provenance": {**bare, "digest": digest}}


def damage(path: Path) -> str:
    """What is wrong with the files of a recorded run; "" where they are as they were written."""
    try:
        stored = _stored(path / "metrics.json")
    except UserError as error:
        return f"no result of a run: {error}"
    if stored != sealed(stored):
        return "metrics.json is not as it was written"
    arrays = path / "arrays.npz"
    if not arrays.is_file():
        return "arrays.npz is gone"
    stat = arrays.stat()
    if _sha256(arrays, stat.st_size, stat.st_mtime_ns) != stored["provenance"].get("arrays"):
        return "arrays.npz is not as it was written"
    return ""


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Of a file, read once as long as its size and time of change stay."""
    return sha256_file(path)


def plain(value: Any) -> Any:
    """Numbers, arrays and containers as JSON knows them; a number that is not finite is None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def collect(folder: str | Path, runs: Iterable[Run], experiment: str | None = None) -> pd.DataFrame:
    """The state of all runs of a preset as a table, one row a run.

    Args:
        folder: of the preset.
        runs: what is expected. A run in it that is not there becomes a row ``missing``; one that
            is there and is not expected is ``stale``.
        experiment: what is there of this one; of every one without it.

    Returns:
        Columns experiment, variant, seed, state, wall_s, reason (why it is stale); sorted.
    """
    expected = {run.path: run for run in runs}
    there = Path(folder).glob(f"{TRAINED}/{experiment or '*'}/*/seed*/metrics.json")
    rows = []
    for path in {file.parent for file in there} | expected.keys():
        state = expected[path].state() if path in expected else "stale"
        why = expected[path].reason() if path in expected else damage(path) or "not expected"
        made = None
        if state != "missing" and not damage(path):
            made = _stored(path / "metrics.json")["provenance"]["wall_s"]
        seed = int(path.name.removeprefix("seed"))
        rows.append((*path.parts[-3:-1], seed, state, made, why))
    columns = ["experiment", "variant", "seed", "state", "wall_s", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["experiment", "variant", "seed"], ignore_index=True)


def missing_message(frame: pd.DataFrame) -> str:
    """One line that says which runs are not fresh; empty where all are."""
    behind = frame[frame["state"] != "fresh"]
    if behind.empty:
        return ""
    names = [
        f"{r.experiment}/{r.variant}/seed{r.seed} {r.state}" + f" ({r.reason!s})" * bool(r.reason)
        for r in behind.itertuples()
    ]
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return f"{len(behind)} of {len(frame)} runs are not fresh: {shown}"

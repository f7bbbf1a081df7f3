"""The committed reference: results/ and figures/, replaced by those of a finished preset."""

import os
import shutil
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.pipeline.runs import collect, find_root, missing_message, preset_dir
from rdfer.pipeline.workflow import NOTEBOOKS
from rdfer.report import executed

PRESET = "laptop"  # the one whose book bears no banner
LIMIT_MB = 8.0  # what the repository may hold of them
# of runs with other settings, on the development pool; of a command of its own
KEPT = ("tuning.json", "reliability.json")
KINDS = (".csv", ".json", ".jpg", ".mp4", ".png", ".svg")


def publish(preset: str) -> list[str]:
    """Replace ``results/`` and ``figures/`` at the root by those of the laptop preset.

    Both are made beside and take their place only when whole; where a study lacks runs its results
    say so. ``results/tuning.json``, of the development pool, and ``results/reliability.json``, of
    ``benchmarks/hostile.py``, stay unless the preset has some of its own; ``results/real.json``
    takes in what runs on the real sets have written since.

    Returns:
        Lines that say what was written.

    Raises:
        UserError: another preset, whose numbers would pass for the reference; a run is
            not fresh, something is missing, ended in an error or cannot be used, or it is too
            much for the repository.
    """
    folder, root = preset_dir(preset), find_root()
    if preset != PRESET:
        raise UserError(
            f"preset = {preset!r}: the reference is made from {PRESET!r} alone; "
            f"`rdfer book --preset {preset}` shows its results"
        )
    # imports torch, which no refusal above should wait for
    from rdfer.report.comparison import draw_peers
    from rdfer.studies.plan import expected_runs
    from rdfer.studies.real_results import gather_real, write_real

    expected = expected_runs(preset)
    for experiment in ("train", "ablate"):
        runs = [run for run in expected if run.experiment == experiment]
        message = missing_message(collect(folder, runs, experiment))
        if message:
            raise UserError(f"{folder}: {message}")
    source = folder / "results"
    if not (folder / "done" / "figures.json").exists():
        raise UserError(f"{folder}: not finished; run `rdfer reproduce --preset {preset}` first")
    fresh = {name: root / f".{name}.new" for name in ("results", "figures")}
    try:
        for directory in fresh.values():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        _copy(source, fresh["results"])
        _copy(source / "figures", fresh["figures"])
        for name in KEPT:
            kept, place = root / "results" / name, fresh["results"] / name
            if kept.exists() and not place.exists():
                shutil.copyfile(kept, place)
        real = gather_real(root)
        if real:
            write_real(fresh["results"] / "real.json", real)
        draw_peers(root / "book" / "reported_results.csv", real, fresh["figures"])
        for name in NOTEBOOKS:
            executed.stage_notebook(
                folder / "notebooks" / f"{name}.ipynb",
                fresh["results"] / "notebooks" / f"{name}.ipynb",
                root=root,
            )
        files = (path for directory in fresh.values() for path in directory.rglob("*"))
        size = sum(path.stat().st_size for path in files if path.is_file()) / 1e6  # megabytes
        if size > LIMIT_MB:
            raise UserError(f"{folder}: {size:.1f} MB of results, figures: at most {LIMIT_MB} MB")
        for name, directory in fresh.items():
            _swap(directory, root / name)
    finally:
        for directory in fresh.values():
            shutil.rmtree(directory, ignore_errors=True)
    return [f"results/ and figures/ now hold {size:.1f} MB of the preset {preset}"]


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.glob("*")):
        if path.is_file() and path.suffix in KINDS:
            shutil.copyfile(path, target / path.name)


def _swap(new: Path, place: Path) -> None:
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)

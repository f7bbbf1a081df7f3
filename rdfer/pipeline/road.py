"""The road of one run: parameters, data, cells. What the notebooks call.

    begin -> prepare (data notebook) -> run_cells (train, ablate) -> gather (evaluate, ...)

Everything that is written lies under the run's directory.
"""

import json
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic, write_json
from rdfer.base.progress import progress
from rdfer.data.inputs import FeatureInputs, Inputs
from rdfer.data.manifest import Manifest
from rdfer.pipeline import protocol, runs
from rdfer.pipeline.context import Context, begin
from rdfer.pipeline.preparation import (
    build_copies,
    build_features,
    ensure,
    load,
    manifest_of,
    prepare,
    samples_of,
)
from rdfer.settings.variants import METHODS, Variant, variant_settings
from rdfer.training.experiment import run as run_experiment
from rdfer.training.fit import first_stage

__all__ = [
    "Context",
    "begin",
    "build_features",
    "cell_of",
    "ensure",
    "gather",
    "load",
    "manifest_of",
    "methods",
    "metric",
    "prepare",
    "run_cells",
    "samples_of",
    "write_result",
]


def methods(context: Context) -> dict[str, Variant]:
    """The methods of the main comparison; nobody can train a real set without label noise."""
    return {k: v for k, v in METHODS.items() if not (context.real and k == "clean")}


def cell_of(
    context: Context, experiment: str, variant: Variant, *, seed: int, data: str
) -> runs.Cell:
    """The cell of a variant and a seed."""
    return runs.Cell(
        run=context.run,
        experiment=context.experiment(experiment),
        variant=variant.name,
        seed=seed,
        settings=variant_settings(variant, context.settings),
        data=data,
    )


def run_cells(
    context: Context, experiment: str, variants: Iterable[Variant], *, seed: int
) -> pd.DataFrame:
    """Run the cells of one experiment and seed; those that are fresh are skipped.

    A cell with the settings, seed, data and code of a fresh one elsewhere in this run (the whole
    method is a row of the ablation too) is copied, not run again.

    Returns:
        One row a cell: variant, title, UAR, WAR, chosen epoch, seconds, and whether it was run.
    """
    manifest, inputs, data = load(context)
    variants = list(variants)
    chosen = [variant_settings(variant, context.settings) for variant in variants]
    if isinstance(inputs, FeatureInputs) and any(s.agreement.watch == "views" for s in chosen):
        inputs.copies = build_copies(context, manifest, most=max(s.agreement.clips for s in chosen))
    rows = []
    named = context.experiment(experiment)
    for variant in progress(variants, label=f"{named} seed {seed}"):
        cell = cell_of(context, experiment, variant, seed=seed, data=data)
        how = "skipped: fresh"
        if cell.state() != "fresh":
            how = "copied" if _copy_twin(context, cell) else _run(context, cell, manifest, inputs)
        metrics = cell.metrics()
        rows.append(
            {
                "variant": variant.name,
                "title": variant.title + protocol.choice_note(cell.settings),
                "UAR": metrics["uar"],
                "WAR": metrics["war"],
                "epoch": metrics["epoch"],
                "seconds": cell.provenance()["wall_s"],
                "how": how,
            }
        )
    return pd.DataFrame(rows)


def _run(context: Context, cell: runs.Cell, manifest: Manifest, inputs: Inputs) -> str:
    begun = time.monotonic()
    checkpoint = cell.path / "checkpoint.pt"
    result = run_experiment(
        manifest,
        inputs,
        cell.settings,
        seed=cell.seed,
        checkpoint=checkpoint,
        key=cell.hash,
        weights=context.encoder_weights,
    )
    cell.record(result.metrics, result.arrays, wall_s=time.monotonic() - begun)
    for left in (checkpoint, first_stage(checkpoint)):
        left.unlink(missing_ok=True)
    return "run"


def _copy_twin(context: Context, cell: runs.Cell) -> bool:
    """Copy a recorded cell of the same hash from another experiment of this run."""
    for path in sorted(context.run.glob(f"cells/*/*/seed{cell.seed}/metrics.json")):
        if path.parent == cell.path:
            continue
        try:
            metrics = path.read_bytes()
            if json.loads(metrics)["provenance"]["hash"] != cell.hash:
                continue
            arrays = (path.parent / "arrays.npz").read_bytes()
        except FileNotFoundError:
            continue  # stale, and another job is just making it anew
        for name, content in (("arrays.npz", arrays), ("metrics.json", metrics)):
            with write_atomic(cell.path / name) as file:
                file.write(content)
        return True
    return False


def gather(
    context: Context, experiment: str, variants: Iterable[Variant], seeds: Iterable[int]
) -> dict[str, list[runs.Cell]]:
    """The cells that an evaluation rests on, by variant; all of them must be fresh.

    Raises:
        UserError: a cell is missing or stale; nothing is averaged over what is not there.
    """
    _, _, data = load(context)
    cells = {
        variant.name: [
            cell_of(context, experiment, variant, seed=seed, data=data) for seed in seeds
        ]
        for variant in variants
    }
    every = [cell for group in cells.values() for cell in group]
    named = context.experiment(experiment)
    message = runs.missing_message(runs.collect(context.run, named, every))
    behind = [cell for cell in every if cell.state() != "fresh"]
    if behind:
        raise UserError(f"{named}: {message}")
    return cells


def metric(cells: Iterable[runs.Cell], name: str) -> np.ndarray:
    """One metric over the seeds of a variant, float64 [seeds]."""
    return np.array([cell.metrics()[name] for cell in cells], np.float64)


def write_result(context: Context, name: str, value: Any) -> None:
    """Write one file of the run's results (:attr:`rdfer.pipeline.context.Context.results`)."""
    write_json(context.results / f"{name}.json", runs.plain(value))

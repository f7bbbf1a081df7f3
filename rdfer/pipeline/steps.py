"""The steps of an experiment: parameters, data, runs, results. What the notebooks call.

    begin -> prepare (data) -> train_runs (train, ablate, ...) -> gather (evaluate, ...)

Everything that is written lies in the preset's folder.
"""

import json
import shlex
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
from rdfer.pipeline.context import Context, begin, choice_note
from rdfer.pipeline.preparation import (
    build_copies,
    ensure,
    load,
    manifest_of,
    prepare,
    samples_of,
)
from rdfer.pipeline.runs import TRAINED, Run, collect, damage, missing_message, plain
from rdfer.settings.variants import METHODS, Variant, variant_settings
from rdfer.training.experiment import run as run_experiment

__all__ = [
    "Context",
    "begin",
    "ensure",
    "gather",
    "load",
    "manifest_of",
    "methods",
    "metric",
    "prepare",
    "run_of",
    "samples_of",
    "train_runs",
    "write_result",
]


def methods(context: Context) -> dict[str, Variant]:
    """The methods of the main comparison; nobody can train a real set without label noise."""
    return {k: v for k, v in METHODS.items() if not (context.real and k == "clean")}


def run_of(context: Context, experiment: str, variant: Variant, *, seed: int, data: str) -> Run:
    """The run of a variant and a seed."""
    return Run(
        folder=context.folder,
        experiment=context.experiment(experiment),
        variant=variant.name,
        seed=seed,
        settings=variant_settings(variant, context.settings),
        data=data,
    )


def train_runs(
    context: Context, experiment: str, variants: Iterable[Variant], *, seed: int
) -> pd.DataFrame:
    """Train the runs of one experiment and seed; those that are fresh are skipped.

    A run with the settings, seed, data and code of a fresh one of another experiment (the whole
    method is a row of the ablation too) is copied, not trained again.

    Returns:
        One row a run: variant, title, UAR, WAR, chosen epoch, seconds, and whether it was trained.
    """
    ensure(context)
    manifest, inputs, data = load(context)
    variants = list(variants)
    chosen = [variant_settings(variant, context.settings) for variant in variants]
    if isinstance(inputs, FeatureInputs) and any(s.agreement.watch == "views" for s in chosen):
        inputs.copies = build_copies(context, manifest, most=max(s.agreement.clips for s in chosen))
    rows = []
    named = context.experiment(experiment)
    for variant in progress(variants, label=f"{named} seed {seed}"):
        run = run_of(context, experiment, variant, seed=seed, data=data)
        how = "skipped: fresh"
        if run.state() != "fresh":
            how = "copied" if _copy_equal(context, run) else _train(context, run, manifest, inputs)
        metrics = run.metrics()
        rows.append(
            {
                "variant": variant.name,
                "title": variant.title + choice_note(run.settings),
                "UAR": metrics["uar"],
                "WAR": metrics["war"],
                "epoch": metrics["epoch"],
                "seconds": run.provenance()["wall_s"],
                "how": how,
            }
        )
    return pd.DataFrame(rows)


def _train(context: Context, run: Run, manifest: Manifest, inputs: Inputs) -> str:
    begun = time.monotonic()
    result = run_experiment(
        manifest,
        inputs,
        run.settings,
        seed=run.seed,
        checkpoint=run.path / "checkpoint.safetensors",
        key=run.hash,
        weights=context.encoder_weights,
    )
    run.record(result.metrics, result.arrays, wall_s=time.monotonic() - begun)
    for left in run.path.glob("checkpoint.*"):  # of either network, the one before, damaged ones
        left.unlink(missing_ok=True)
    return "trained"


def _copy_equal(context: Context, run: Run) -> bool:
    """Copy a recorded run of the same hash from another experiment."""
    for path in sorted(context.folder.glob(f"{TRAINED}/*/*/seed{run.seed}/metrics.json")):
        if path.parent == run.path:
            continue
        try:
            metrics = path.read_bytes()
            arrays = (path.parent / "arrays.npz").read_bytes()
            if damage(path.parent) or json.loads(metrics)["provenance"]["hash"] != run.hash:
                continue
        except FileNotFoundError:
            continue  # stale, and another job is just making it anew
        for name, content in (("arrays.npz", arrays), ("metrics.json", metrics)):
            with write_atomic(run.path / name) as file:
                file.write(content)
        return True
    return False


def gather(
    context: Context, experiment: str, variants: Iterable[Variant], seeds: Iterable[int]
) -> dict[str, list[Run]]:
    """The runs that an evaluation rests on, by variant; all of them must be fresh.

    Raises:
        UserError: a run is missing or stale, with the command that trains it; nothing is averaged
            over what is not there.
    """
    asked = [(variant, seed) for variant in variants for seed in seeds]

    def all_runs(data: str) -> list[Run]:
        return [run_of(context, experiment, v, seed=seed, data=data) for v, seed in asked]

    runs = all_runs("")
    if any(run.state() != "missing" for run in runs):
        ensure(context)  # without the data nobody knows whether a run is of them
        runs = all_runs(load(context)[2])
    behind = [run.seed for run in runs if run.state() != "fresh"]
    if behind:
        named = context.experiment(experiment)
        message = missing_message(collect(context.folder, runs, named))
        first, *others = sorted(set(behind))
        more = f", then with seed {', '.join(map(str, others))}" if others else ""
        command = _command(context, experiment, first)
        raise UserError(f"{named}: {message}; train them with `{command}`{more}")
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.variant, []).append(run)
    return found


def _command(context: Context, notebook: str, seed: int) -> str:
    """What a user types to train the runs of one seed."""
    words = ["rdfer", "notebook", notebook, "-p", "preset", context.preset.name]
    if context.overrides:
        words += ["-p", "overrides", json.dumps(dict(context.overrides))]
    if context.fold:
        words += ["-p", "fold", str(context.fold)]
    return shlex.join([*words, "-p", "seed", str(seed)])


def metric(runs: Iterable[Run], name: str) -> np.ndarray:
    """One metric over the seeds of a variant, float64 [seeds]."""
    return np.array([run.metrics()[name] for run in runs], np.float64)


def write_result(context: Context, name: str, value: Any) -> None:
    """Write one file of the results (:attr:`rdfer.pipeline.context.Context.results`)."""
    write_json(context.results / f"{name}.json", plain(value))

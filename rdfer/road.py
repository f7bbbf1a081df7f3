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
import torch
from torch import nn

from rdfer import machine, protocol, runs
from rdfer.bank import FrameBank
from rdfer.context import Context, begin
from rdfer.encoders import create_encoder
from rdfer.errors import UserError
from rdfer.experiment import run as run_experiment
from rdfer.faces.sample import Sample
from rdfer.faces.truth import build_manifest, pool_samples
from rdfer.faces.video import FaceSource
from rdfer.features import FeatureBank
from rdfer.files import sha256_file, write_atomic, write_json
from rdfer.inputs import FeatureInputs, FrameInputs, Inputs, input_size
from rdfer.manifest import Manifest
from rdfer.pretrain import Pretraining, is_made
from rdfer.pretrain import main as pretrain
from rdfer.progress import log, progress
from rdfer.provenance import code_hash
from rdfer.settings import settings_hash, to_dict
from rdfer.variants import METHODS, Variant, variant_settings

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

CELL_MODULES = ("rdfer.experiment",)
DATA_SEED = 1  # of the benchmark's videos: version 1 of the truth


def manifest_of(context: Context) -> Manifest:
    """The manifest of the run's videos, with their true labels: a pure function of settings."""
    d = context.settings.data
    return build_manifest(
        d.pool,
        d.train,
        d.val,
        d.test,
        frames=d.frames,
        seed=DATA_SEED,
        balance=d.balance,
    )


def samples_of(context: Context) -> tuple[Sample, ...]:
    """The samples behind :func:`manifest_of`, in the same order."""
    d = context.settings.data
    return pool_samples(
        d.pool, d.train, d.val, d.test, frames=d.frames, seed=DATA_SEED, balance=d.balance
    )


def prepare(context: Context, *, workers: int | None = None) -> None:
    """Bring the frames into the bank and, for a frozen encoder, cache its features.

    What is there already and still right is kept; a build that was cut off is resumed. Of a real
    data set the folder is read, its videos are decoded, and the manifests of its folds written.
    """
    if context.real:
        source = context.source  # what is wrong with the folder is told before anything is written
    write_json(context.run / "settings.json", to_dict(context.settings))
    if context.real:
        data, folds = context.settings.data, context.folds
        bank = protocol.prepare(
            source, context.run, data, bank=context.bank, folds=folds, workers=workers
        )
    else:
        bank = _render(context, workers)
    if context.encoder_weights is not None:
        size = input_size(context.settings)
        contrastive = context.settings.network.pretrained == "contrastive"
        starting = Pretraining(
            task="contrastive" if contrastive else "blendshapes",
            encoder=context.settings.network.encoder,
            size=size,
            render_size=size * 9 // 8,  # room for random crops
        )
        if not is_made(context.encoder_weights, starting):
            pretrain(context.encoder_weights, starting, workers=workers or machine.threads())
    if context.settings.network.frozen:
        build_features(context, bank)


def ensure(context: Context) -> None:
    """Prepare the fold of a real data set whose folder is named, unless that was done."""
    if context.real and context.data:
        noted = protocol.recorded(context.run, context.settings.data)
        if noted != context.source or not context.manifest_file.exists():
            prepare(context)


def _render(context: Context, workers: int | None) -> FrameBank:
    d = context.settings.data
    manifest = manifest_of(context)
    manifest.save(context.run / "manifest.json")
    sources = [FaceSource(sample) for sample in samples_of(context)]
    need = len(sources) * d.frames * d.size**2 * 3
    if not (context.bank / "index.json").exists():
        log(f"frames: {len(sources)} videos of {d.frames} frames, {need / 1e9:.1f} GB")
    return FrameBank.build(
        context.bank,
        sources,
        size=d.size,
        workers=workers,
        min_frames=context.settings.sampling.clip_frames,
        label="frames",
    )


def build_features(context: Context, bank: FrameBank) -> FeatureBank:
    """Cache the frozen encoder's features of every frame and of its mirror image."""
    return FeatureBank.build(
        context.features,
        bank,
        _encoder(context, bank),
        key=_feature_key(context),
        label="features",
    )


def _encoder(context: Context, bank: FrameBank) -> nn.Module:
    n = context.settings.network
    return create_encoder(
        n.encoder, pretrained=n.pretrained, size=bank.size, weights=context.encoder_weights
    )[0]


def _feature_key(context: Context) -> str:
    n = context.settings.network
    return settings_hash(
        {
            "encoder": n.encoder,
            "pretrained": n.pretrained,
            "code": code_hash(("rdfer.encoders", "rdfer.features")),
            **_own_weights(context),
        }
    )


def build_copies(context: Context, manifest: Manifest, *, most: int) -> FeatureBank:
    """Cache features of augmented copies of the training videos, for runs watched in all views."""
    bank = FrameBank.open(context.bank)
    train = [k for k, clip in enumerate(manifest.clips) if clip.split == "train"]
    return FeatureBank.build(
        context.run / "copies",
        bank,
        _encoder(context, bank),
        key=_feature_key(context),
        views=most,
        augmented=True,
        videos=train,
        label="augmented copies",
    )


def _own_weights(context: Context) -> dict[str, str]:
    """What to add to a key where the run made its encoder's weights itself."""
    path = context.encoder_weights
    if path is None:
        return {}
    if not path.is_file():
        raise UserError(f"{path}: no encoder weights there; run the data notebook first")
    return {"weights": sha256_file(path)}


def load(context: Context) -> tuple[Manifest, Inputs, str]:
    """Manifest, inputs and data key of a prepared run.

    Raises:
        UserError: not prepared, or its files are not whole.
    """
    if context.real and not context.manifest_file.exists():
        raise UserError(
            f"fold = {context.fold}: not prepared in {context.run}; run the data notebook first, "
            "or say where the data set lies (-p data /path)"
        )
    manifest = Manifest.load(context.manifest_file)
    # of a real set the lists are the user's; of a rendered one the settings say it all
    content = {"manifest": protocol.content_key(manifest)} if context.real else {}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if context.settings.network.frozen:
        features = FeatureBank.open(context.features)
        key = (
            settings_hash({"bank": features.checksum, **content}) if content else features.checksum
        )
        return manifest, FeatureInputs(features, device), key
    bank = FrameBank.open(context.bank)
    own = {**_own_weights(context), **content}
    key = settings_hash({"bank": bank.checksum, **own}) if own else bank.checksum
    return manifest, FrameInputs(bank, input_size(context.settings), device), key


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
        modules=CELL_MODULES,
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
    checkpoint.unlink(missing_ok=True)
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
    """Write one file of the run's results."""
    write_json(context.run / "results" / f"{name}.json", runs.plain(value))

"""What a notebook's parameters mean: preset, settings with overrides, the folder of results."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from rdfer.base import machine
from rdfer.base.errors import UserError
from rdfer.method.encoders import OWN, check_name, ships
from rdfer.pipeline.data_folder import (
    DataFolder,
    check_parameters,
    is_real,
    manifest_path,
    settle,
)
from rdfer.pipeline.runs import preset_dir
from rdfer.settings.presets import Preset, get_preset
from rdfer.settings.schema import Seed, Settings, check_value, override

#: What a bank depends on: of a real set, and what the rendered one depends on besides.
STORED = frozenset({"data.source", "data.frames", "data.size"})
DRAWN = frozenset(f"data.{name}" for name in ("pool", "balance", "train", "val", "test"))


@dataclass(frozen=True)
class Context:
    """What a notebook's parameters mean."""

    preset: Preset  #: the preset
    settings: Settings  #: its settings with the overrides laid over them
    overrides: Mapping[str, Any]  #: what was changed, empty for the preset itself
    folder: Path  #: of the preset with these overrides; everything that is written lies in it
    fold: int = 0  #: of a real data set; 0 where none is meant, or all
    data: str = ""  #: the folder of a real data set, "" for the one that is noted in ``folder``
    reading: Mapping[str, Any] = field(default_factory=dict)  #: what the set's reader is told

    @property
    def real(self) -> bool:
        """Whether the videos are a real data set: then the truth is not known."""
        return is_real(self.settings.data)

    @property
    def data_folder(self) -> DataFolder:
        """Where the real data set lies; see :func:`rdfer.pipeline.data_folder.settle`."""
        at, data, reading = self.folder, self.settings.data, self.reading
        return settle(at, data, root=self.data, reading=reading, fold=self.fold)

    @property
    def folds(self) -> tuple[int, ...]:
        """The one fold that is meant, or all of the data set; none where there are none."""
        if not self.real:
            return ()
        return (self.fold,) if self.fold else self.data_folder.folds

    def of_fold(self, fold: int) -> "Context":
        """The same with one fold."""
        return replace(self, fold=fold)

    def experiment(self, name: str) -> str:
        """What the runs of an experiment are filed under: each fold for itself."""
        return f"{name}-fold{self.fold}" if self.fold else name

    @property
    def manifest_file(self) -> Path:
        """Where the manifest is.

        Raises:
            UserError: a real data set, and no fold is named.
        """
        if not self.real:
            return self.folder / "manifest.json"
        if not self.fold:
            folds = ", ".join(map(str, self.data_folder.folds))
            raise UserError(f"fold = 0: name one of the folds {folds}, -p fold 1 for example")
        return manifest_path(self.folder, self.fold)

    @property
    def results(self) -> Path:
        """Directory of the results; those of a fold that is named lie beside those of all folds."""
        whole = self.folder / "results"
        return whole / f"fold{self.fold}" if self.fold else whole

    @property
    def bank(self) -> Path:
        """Directory of the frame bank.

        Folders of one preset that store the same frames share one, since rendering and decoding
        take long and the frames much space.
        """
        shared = (STORED if self.real else STORED | DRAWN).isdisjoint(self.overrides)
        return (preset_dir(self.preset.name) if shared else self.folder) / "bank"

    @property
    def features(self) -> Path:
        """Directory of the cached features."""
        return self.folder / "features"

    @property
    def encoder_weights(self) -> Path | None:
        """Weights pre-trained for this preset; None where the shipped ones (or none) serve."""
        n = self.settings.network
        own = n.pretrained in OWN and not ships(n.encoder, n.pretrained)
        return self.folder / "encoder.safetensors" if own else None


def choice_note(settings: Settings) -> str:
    """What stands beside a method's name where its epoch was chosen on the test part."""
    return " (epoch chosen on the test part)" if settings.training.choose == "test" else ""


def begin(preset: str, overrides: Mapping[str, Any] | None = None, **others: Any) -> Context:
    """Turn a notebook's parameters into a context.

    Args:
        preset: name of a preset.
        overrides: dotted settings to change; they then have a folder of its own.
        others: further parameters, checked to be of the types of their notebook's defaults
            (``seed=0`` must stay an int, in 0..2^32 - 1). Of a real data set: ``fold``, ``data``
            (its folder) and ``reading`` (options of its reader).

    Raises:
        UserError: unknown preset, setting or encoder, wrong type or value; or a fold or folder
            where the preset renders its own videos.
    """
    check_value("preset", preset, str)
    changes = dict(check_value("overrides", dict(overrides or {}), dict))
    types = {"seed": Seed, "methods": str, "fold": int, "data": str, "reading": dict}
    for name, value in others.items():
        check_value(name, value, types[name])
    chosen = get_preset(preset)
    settings = override(chosen.settings, changes)
    if settings.network.model != "m3dfel":
        check_name(settings.network.encoder)
    fold, data, reading = (
        others.get(k, d) for k, d in (("fold", 0), ("data", ""), ("reading", {}))
    )
    check_parameters(settings.data, fold=fold, root=data, reading=reading)
    folder = preset_dir(preset, changes)
    context = Context(chosen, settings, changes, folder, fold=fold, data=data, reading=reading)
    torch.set_num_threads(machine.threads())
    return context

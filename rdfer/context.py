"""What a notebook's parameters mean: preset, settings with overrides, the run's directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rdfer import machine, runs
from rdfer.encoders import SHIPPED, SMALL
from rdfer.presets import get_preset
from rdfer.settings import Preset, Settings, check_value, override


@dataclass(frozen=True)
class Context:
    """What a notebook's parameters mean.

    Attributes:
        preset: the preset.
        settings: its settings with the overrides laid over them.
        overrides: what was changed, empty for the preset itself.
        run: the run's directory.
    """

    preset: Preset
    settings: Settings
    overrides: Mapping[str, Any]
    run: Path

    @property
    def bank(self) -> Path:
        """Directory of the frame bank."""
        return self.run / "bank"

    @property
    def features(self) -> Path:
        """Directory of the cached features."""
        return self.run / "features"

    @property
    def encoder_weights(self) -> Path | None:
        """Weights pre-trained within this run; None where the shipped ones (or none) serve."""
        n = self.settings.network
        own = n.pretrained in SHIPPED and n.encoder != SMALL
        return self.run / "encoder.safetensors" if own else None


def begin(preset: str, overrides: Mapping[str, Any] | None = None, **others: Any) -> Context:
    """Turn a notebook's parameters into a context.

    Args:
        preset: name of a preset.
        overrides: dotted settings to change; the run then has a directory of its own.
        others: further parameters, checked to be of the types of their notebook's defaults
            (``seed=0`` must stay an int).

    Raises:
        UserError: unknown preset or setting, wrong type or value.
    """
    check_value("preset", preset, str)
    changes = dict(check_value("overrides", dict(overrides or {}), dict))
    if "seed" in others:
        check_value("seed", others["seed"], int)
    if "methods" in others:
        check_value("methods", others["methods"], str)
    chosen = get_preset(preset)
    run = runs.run_dir(preset, changes)
    context = Context(chosen, override(chosen.settings, changes), changes, run)
    torch.set_num_threads(machine.threads())
    return context

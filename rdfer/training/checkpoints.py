"""Checkpoints: whole or absent, and only for the run that they belong to."""

from pathlib import Path
from typing import Any

import torch

from rdfer.base.files import write_atomic
from rdfer.base.progress import log


class Checkpoint:
    """One checkpoint file. Without a path, nothing is saved and nothing is found."""

    def __init__(self, path: Path | None, key: str) -> None:
        self.path, self.key = path, key

    def load(self) -> dict[str, Any] | None:
        """The saved state, or None where there is none that belongs to this key."""
        if self.path is None or not self.path.exists():
            return None
        # weights_only: a checkpoint is data, never code
        saved = torch.load(self.path, map_location="cpu", weights_only=True)
        if saved["key"] != self.key:
            log(f"{self.path.name}: of other settings or code; starting afresh")
            return None
        state: dict[str, Any] = saved["state"]
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Write the state atomically."""
        if self.path is not None:
            with write_atomic(self.path) as file:
                torch.save({"key": self.key, "state": state}, file)

    def remove(self) -> None:
        """Delete the file once the run is recorded."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

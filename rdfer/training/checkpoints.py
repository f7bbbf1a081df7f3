"""Checkpoints: whole or absent, only for the run that they belong to, and never code.

A checkpoint is a safetensors file. Its header holds the run's key, the outline of the state (JSON,
with the names of tensors where tensors stand) and a digest of all of it. The one before is kept
beside it: a damaged file is set aside, and training goes on from there.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, uint8

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic
from rdfer.base.progress import log


class Checkpoint:
    """One checkpoint and the one before. Without a path, nothing is saved and nothing is found."""

    def __init__(self, path: Path | None, key: str) -> None:
        self.path, self.key = path, key

    def load(self) -> dict[str, Any] | None:
        """The latest state that is whole, or None where there is none that belongs to this key."""
        if self.path is None:
            return None
        for path in (self.path, before(self.path)):
            if not path.exists():
                continue
            try:
                key, state = _read(path)
            except UserError as error:
                aside = path.with_name(path.name + ".damaged")
                os.replace(path, aside)
                log(f"{path}: damaged ({error}), now {aside.name}; going on from before")
                continue
            if key != self.key:
                log(f"{path.name}: of other settings or code; starting afresh")
                return None
            return state
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Write the state atomically; the last one becomes the one before.

        Raises:
            UserError: the device is full; the last state is still there.
        """
        if self.path is None:
            return
        tensors: dict[str, Tensor] = {}
        outline = json.dumps(_outline(state, tensors))
        head = {"key": self.key, "outline": outline}
        content = safetensors.torch.save(tensors, head | {"digest": _digest(head, tensors)})
        if self.path.exists():
            os.replace(self.path, before(self.path))
        with write_atomic(self.path) as file:
            file.write(content)


def before(path: Path) -> Path:
    """Where the checkpoint before the one at ``path`` is."""
    return path.with_suffix(f".before{path.suffix}")


def _outline(value: Any, tensors: dict[str, Tensor]) -> Any:
    """A state as JSON; its tensors go to ``tensors``. A dictionary is a list of pairs in it."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"items": [[key, _outline(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_outline(item, tensors) for item in value]
    return value


def _state(outline: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of :func:`_outline`."""
    if isinstance(outline, list):
        return [_state(item, tensors) for item in outline]
    if not isinstance(outline, dict):
        return outline
    if "tensor" in outline:
        return tensors[outline["tensor"]].clone()
    return {key: _state(item, tensors) for key, item in outline["items"]}


def _digest(head: dict[str, str], tensors: dict[str, Tensor]) -> str:
    found = hashlib.blake2b(json.dumps(head, sort_keys=True).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        found.update(tensor.reshape(-1).view(uint8).numpy().data)
    return found.hexdigest()


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Key and state of a file; UserError where it is not as it was written."""
    try:
        with safe_open(path, "pt") as file:
            head = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        if head.pop("digest", "") != _digest(head, tensors):
            raise UserError("its content does not have its digest")
        return head["key"], _state(json.loads(head["outline"]), tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(str(error)) from None

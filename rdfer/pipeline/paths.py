"""Where the project and its runs lie."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import settings_hash

PACKAGE = Path(__file__).resolve().parents[1]
ROOT_MARK = "_toc.yml"  # the book's table of contents lies at the root and nowhere else


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
    for begin in [Path(start)] if start is not None else [Path.cwd(), PACKAGE]:
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
    """The directory of a preset's run; a run with overrides has one of its own.

    Args:
        preset: its name.
        overrides: what the run changes.
        root: see :func:`runs_dir`.

    Raises:
        UserError: unknown preset.
    """
    name = get_preset(preset).name
    return runs_dir(root) / (f"{name}+{settings_hash(dict(overrides))[:8]}" if overrides else name)

"""What a result was made by: code, settings, versions, machine, time."""

import datetime
import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rdfer.base import machine

VERSIONS_OF = (
    "decord",
    "decord2",
    "lightning-fabric",
    "numba",
    "numpy",
    "rdfer",
    "scikit-learn",
    "scipy",
    "timm",
    "torch",
    "torchvision",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers can depend on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # decord and decord2: one of them, by platform
    return found


def now() -> str:
    """The time in UTC to the second, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What stands beside every result.

    Attributes:
        hash: of settings, seed, data and code.
        code: hash of the code alone (:func:`rdfer.base.codehash.code_hash`).
        roots: the definitions that it starts from.
        settings: all settings, nested.
        seed: of the run.
        data: key of the data that it read, empty where the settings say it all.
        wall_s: seconds that it took.
        date: when it was finished, UTC, ISO 8601.
        versions: of Python and packages.
        machine: processor, cores, GPU.
    """

    hash: str
    settings: Mapping[str, Any]
    seed: int
    code: str
    roots: tuple[str, ...]
    wall_s: float
    data: str = ""
    date: str = field(default_factory=now)
    versions: Mapping[str, str] = field(default_factory=versions)
    machine: Mapping[str, Any] = field(default_factory=machine.describe)

"""What a result was made by: code, settings, versions, machine, time; and what making it needs."""

import datetime
import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rdfer.base import machine
from rdfer.base.errors import UserError

VERSIONS_OF = (
    "av",
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
# what the workflow imports, and the extra of the package that brings it
NEEDED = {
    "torch": "",
    "torchvision": "",
    "timm": "",
    "av": "",
    "numba": "faces",
    "lightning_fabric": "workflow",
    "papermill": "workflow",
    "snakemake": "workflow",
    "jupyter_book": "book",
}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers can depend on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # what an extra brings
    return found


def now() -> str:
    """The time in UTC to the second, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What stands beside every result."""

    hash: str  #: of settings, seed, data and code
    settings: Mapping[str, Any]  #: all settings, nested
    seed: int  #: of the run
    code: str  #: hash of the code alone (:func:`rdfer.base.codehash.code_hash`)
    roots: tuple[str, ...]  #: the definitions that it starts from
    wall_s: float  #: seconds that it took
    data: str = ""  #: key of the data that it read, empty where the settings say it all
    date: str = field(default_factory=now)  #: when it was finished, UTC, ISO 8601
    versions: Mapping[str, str] = field(default_factory=versions)  #: of Python and packages
    machine: Mapping[str, Any] = field(default_factory=machine.describe)  #: processor, cores, GPU
    arrays: str = ""  #: SHA-256 of the arrays beside it, empty without


def check_environment() -> Iterator[str]:
    """Tell whether an environment can do the work: lines about Python, the machine, the packages.

    Raises:
        UserError: something that the work needs cannot be imported.
    """
    yield f"Python {platform.python_version()} at {sys.executable}"
    found = machine.describe()
    yield f"machine: {found['cpu']}, {found['cores']} usable cores"
    for name, extra in NEEDED.items():
        try:
            importlib.import_module(name)
        except (ImportError, RuntimeError, OSError) as error:
            raise UserError(f"package {name}: {_remedy(name, extra, error)}") from None
    yield ", ".join(f"{name} {version}" for name, version in versions().items())
    yield f"GPU: {machine.describe()['gpu'] or 'none'}"
    yield "everything that the work needs can be imported"


def _remedy(name: str, extra: str, error: Exception) -> str:
    if "torchvision::" in str(error):
        # timm imports torchvision, so it dies of the same
        return (
            "torch and torchvision are no pair (one is a CPU build, the other is not); install "
            "both from the same place"
        )
    wanted = f"rdfer[{extra}]" if extra else "rdfer"
    return f"cannot be imported ({str(error).splitlines()[0]}); install {wanted} again"

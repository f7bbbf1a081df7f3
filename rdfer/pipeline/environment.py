"""Whether an environment can do the work, told before the work begins."""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator

from rdfer.base import machine
from rdfer.base.errors import UserError
from rdfer.pipeline.provenance import versions

# what the workflow imports, and the extra of the package that brings it
NEEDED = {
    "torch": "",
    "torchvision": "",
    "timm": "",
    "decord": "",
    "av": "",
    "numba": "",
    "lightning_fabric": "",
    "papermill": "",
    "snakemake": "workflow",
    "jupyter_book": "book",
}


def report() -> Iterator[str]:
    """Lines about Python, the machine and the packages.

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

"""Executable companion to *Robust Dynamic Facial Expression Recognition*."""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType

__version__ = version("rdfer")


def __getattr__(name: str) -> ModuleType:
    """``rdfer.auditing.audit`` at first use: importing the package stays light."""
    # by its name, not by a statement: results do not depend on this module
    if name == "audit":
        return import_module("rdfer.auditing.audit")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Executable companion to *Robust Dynamic Facial Expression Recognition*."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Where the public names live; each is imported when it is first used.
PUBLIC = {
    "method.sampling": "stored_indices synopsis agreement_clips detail",
    "method.keyexpr": "class_peaks key_clips",
    "method.agreement": "vote gap contrary jensen_shannon",
    "method.treatment": "partition treat",
    "method.network": "DualStream",
    "method.streams": "stream_loss",
    "method.encoders": "create_encoder",
    "data.bank": "FrameBank",
    "metrics.recognition": "uar war",
    "auditing.audit": "audit",
}
_HOME = {name: f"{__name__}.{home}" for home, names in PUBLIC.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    """A public name at its first use: importing the package stays light."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__

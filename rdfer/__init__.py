"""Executable companion to *Robust Dynamic Facial Expression Recognition*."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Where the public names live; each is imported when it is first used.
PUBLIC = {
    "method.network": "DualStream DualOutput recognise predict_clips",
    "method.streams": "LongTermStream ShortTermStream GatedLSTM StreamOutput",
    "method.encoders": "create_encoder",
    "method.losses": "stream_loss consensus_loss PredictionMemory small_losses",
    "method.sampling": "stored_indices synopsis agreement_clips detail",
    "method.keyexpr": "class_peaks uniform_positions random_positions key_clips",
    "method.agreement": "vote gap contrary clip_loss jensen_shannon mean_margin running_mean",
    "method.treatment": "partition partition_by_score mixture_probability treat posterior",
    "method.transforms": "augment evaluate mean_grey",
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

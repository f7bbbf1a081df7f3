"""Where training computes, and how exactly: the device, its precision, the smallest numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from lightning_fabric import Fabric

from rdfer.settings.schema import Settings


def make_fabric(settings: Settings) -> Fabric:
    """One device: the GPU where there is one, else the CPU (always in full precision there)."""
    gpu = torch.cuda.is_available()
    precision = settings.training.precision if gpu else "32-true"
    return Fabric(accelerator="gpu" if gpu else "cpu", devices=1, precision=precision)


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Numbers too small for full precision count as zero for the while: they are slow.

    It is a switch of the whole thread, and other code relies on it: it is put back.
    """
    before = bool(np.float32(1e-40) * np.float32(1) == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)

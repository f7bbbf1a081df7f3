"""The machine that a run uses: how many cores it may take, and what to call it."""

import os
import platform
import sys
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError

CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Cores that this process may use: its affinity, bounded by the container's quota.

    More threads than that slow numerical code down by an order of magnitude.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _quota(cgroup)
    return cores if quota is None else max(1, min(cores, int(quota)))


def threads() -> int:
    """Threads for numerical code: what the workflow gave this job, else all usable cores.

    Raises:
        UserError: ``RDFER_THREADS`` is no positive whole number.
    """
    given = os.environ.get("RDFER_THREADS")
    if not given:
        return usable_cores()
    if not given.isdecimal() or int(given) < 1:
        raise UserError(f"RDFER_THREADS = {given!r}: must be a whole number from 1 on")
    return int(given)


def _quota(cgroup: Path) -> float | None:
    """Processor quota of the control group, in cores; None where there is none."""
    try:  # version 2: "max 100000" or "200000 100000"
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:  # version 1: -1 where unlimited
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not (limit.isdigit() and period.isdigit()) or int(period) == 0:
        return None
    return int(limit) / int(period)


def describe() -> dict[str, Any]:
    """Processor and accelerator by name, with the cores in use; never a host or user name."""
    return {"cpu": _cpu_name(), "cores": usable_cores(), "gpu": _gpu_name()}


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpu_name() -> str | None:
    # importing torch takes seconds: only who already has it can have used a GPU
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())

"""What this machine has: processor, cores, memory, GPUs, load. It does not know libraries or launchers, nor measures speed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NOISE = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|\b\d+-core\b|@.*", re.IGNORECASE)
"""What a processor's name says besides its model."""


@dataclass(frozen=True)
class Machine:
    """A machine without its name. slots: ranks that fit, max(cores, devices)."""

    processor: str
    cores: int
    memory_bytes: int
    devices: tuple[str, ...]
    load_1min: float

    @property
    def slots(self) -> int:
        """Ranks that have a core or a device of their own."""
        return max(self.cores, len(self.devices))


def machine() -> Machine:
    """Return this machine."""
    return Machine(processor(), len(usable_cores()), memory_bytes(), gpus(), round(os.getloadavg()[0], 2))


def slug() -> str:
    """Return processor model and core count for a folder's name, e.g. `amd-epyc-2c`; GPUs too where there are any."""
    devices = gpus()
    parts = [processor(), f"{len(usable_cores())}c"]
    if devices:
        parts.append(f"{len(devices)}x-{devices[0]}")
    return re.sub(r"[^a-z0-9]+", "-", NOISE.sub(" ", " ".join(parts)).lower()).strip("-")


def usable_cores() -> frozenset[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def physical_cores() -> int:
    """Return the cores among the usable ones that do not share their units with another one."""
    return len({_siblings(core) for core in usable_cores()})


def _siblings(core: int) -> str:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    return path.read_text().strip() if path.exists() else str(core)


def processor() -> str:
    """Return the processor's model name."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        match = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", path.read_text(), re.MULTILINE)
        if match:
            return match[1].strip()
    return platform.processor() or platform.machine()


def memory_bytes() -> int:
    """Return the bytes of main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def gpus() -> tuple[str, ...]:
    """Return the model of every NVIDIA GPU, from nvidia-smi; none where it is absent or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(answer.stdout.split("\n")[:-1]) if answer.returncode == 0 else ()

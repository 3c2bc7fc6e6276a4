"""What this machine has: processor, cores, memory, GPUs, load. It does not know libraries or launchers, nor measures speed."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from fabric.measure.host import devices

NOISE = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|\b\d+-core\b|@.*", re.IGNORECASE)
"""What a processor's name says besides its model."""


CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Machine:
    """A machine without its name; None: the system does not say. cores: that we may use; slots: ranks that fit."""

    processor: str
    cores: int
    memory_bytes: int
    devices: tuple[str, ...]
    load_1min: float
    physical_cores: int
    sockets: int | None
    numa_nodes: int | None
    governor: str | None

    @property
    def slots(self) -> int:
        """Ranks that have a core or a device of their own."""
        return max(self.cores, len(self.devices))


def machine() -> Machine:
    """Return this machine."""
    return Machine(
        processor=processor(),
        cores=len(usable_cores()),
        memory_bytes=memory_bytes(),
        devices=gpus(),
        load_1min=round(os.getloadavg()[0], 2),
        physical_cores=physical_cores(),
        sockets=sockets(),
        numa_nodes=numa_nodes(),
        governor=governor(),
    )


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
    path = CPUS / f"cpu{core}/topology/thread_siblings_list"
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


def sockets() -> int | None:
    """Return the processor packages of this machine, None where the system does not say."""
    packages = {path.read_text().strip() for path in CPUS.glob("cpu[0-9]*/topology/physical_package_id")}
    return len(packages) or None


def numa_nodes() -> int | None:
    """Return the memory nodes of this machine, None where the system does not say."""
    return len(list(CPUS.parent.glob("node/node[0-9]*"))) or None


def governor() -> str | None:
    """Return how the cores' frequency is governed, e.g. `performance`; None where it is not ours to see."""
    found = sorted({path.read_text().strip() for path in CPUS.glob("cpu[0-9]*/cpufreq/scaling_governor")})
    return ",".join(found) or None


def cpu_list(cores: frozenset[int]) -> str:
    """Return core numbers as Linux lists them: {0, 1, 2, 5} gives `0-2,5`."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][-1] + 1:
            runs[-1].append(core)
        else:
            runs.append([core])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def gpus() -> tuple[str, ...]:
    """Return the model of every NVIDIA GPU."""
    return tuple(gpu.name for gpu in devices.gpus())

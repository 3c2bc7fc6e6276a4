"""Who started this process and as which rank: torchrun, mpirun, srun or nobody. It does not know any communication library."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fabric.errors import EnvironmentFault

PORTS = range(20000, 40000)
"""Rendezvous ports under srun: inside the registered range and below Linux's ephemeral one (32768) for small job ids."""


@dataclass(frozen=True)
class Launch:
    """This process among all ranks. launcher: `torchrun`, `openmpi`, `mpich` (both are mpirun), `srun` or `none`."""

    launcher: str = "none"
    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def started(self) -> bool:
        """Whether a launcher started this process."""
        return self.launcher != "none"

    @property
    def under_mpirun(self) -> bool:
        """Whether MPI's own launcher started this process."""
        return self.launcher in ("openmpi", "mpich")

    @property
    def name(self) -> str:
        """The command that the user typed."""
        return "mpirun" if self.under_mpirun else self.launcher

    @property
    def one_node(self) -> bool:
        """Whether all ranks stand on this node."""
        return self.local_size == self.world_size


VARIABLES: Mapping[str, tuple[tuple[str, ...], tuple[str, str, str, str]]] = {
    "torchrun": (("MASTER_ADDR", "MASTER_PORT"), ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")),
    "openmpi": (
        (),
        (
            "OMPI_COMM_WORLD_RANK",
            "OMPI_COMM_WORLD_SIZE",
            "OMPI_COMM_WORLD_LOCAL_RANK",
            "OMPI_COMM_WORLD_LOCAL_SIZE",
        ),
    ),
    "mpich": ((), ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS")),
    "srun": (("SLURM_STEP_ID",), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE")),
}
"""Launcher -> variables that must also be there, and those of rank, world size, local rank and local size.

Asked in this order: mpirun inside a Slurm step shows both sets of variables, and its own are the true ones. `srun` with
--mpi=pmi2 or pmix adds PMI_* or PMIX_* to Slurm's, without the local ones: it is told by Slurm's.
"""
HALF = ("PMIX_RANK", "PMI_RANK")
"""Variables of launchers that tell a process its rank, but not how many ranks there are on its node."""


def detect(environment: Mapping[str, str] | None = None) -> Launch:
    """Return how this process was started, from the environment.

    Raises:
        EnvironmentFault: a launcher's variable is no whole number, or a launcher that says the rank and no more.
    """
    found = os.environ if environment is None else environment
    for launcher, (also, names) in VARIABLES.items():
        if all(name in found for name in (*also, *names)):
            rank, world_size, local_rank = (_number(found, name) for name in names[:3])
            local_size = (_tasks_here if launcher == "srun" else _number)(found, names[3])
            return Launch(launcher, rank, world_size, local_rank, local_size)
    half = next((name for name in HALF if name in found), None)
    if half is not None:
        raise EnvironmentFault(f"{half}: set by a launcher that says no ranks per node; start under torchrun, mpirun or srun")
    return Launch()


def _number(environment: Mapping[str, str], name: str) -> int:
    if not environment[name].isdecimal():
        raise EnvironmentFault(f"{name}: the launcher must set a whole number, got {environment[name]!r}")
    return int(environment[name])


def _tasks_here(environment: Mapping[str, str], name: str) -> int:
    """Return the tasks on this node out of Slurm's list for all nodes."""
    counts, node = tasks_per_node(environment[name], name), int(environment.get("SLURM_NODEID") or 0)
    if node >= len(counts):
        raise EnvironmentFault(f"SLURM_NODEID: must be below {len(counts)}, the nodes of {name}, got {node}")
    return counts[node]


def tasks_per_node(text: str, name: str = "SLURM_STEP_TASKS_PER_NODE") -> tuple[int, ...]:
    """Return the tasks of every node of Slurm's compressed list: `2(x3),1` gives (2, 2, 2, 1); name is for errors."""
    counts: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)
        if match is None:
            raise EnvironmentFault(f"{name}: srun must set a list such as 2(x3),1, got {text!r}")
        counts += [int(match[1])] * int(match[2] or 1)
    return tuple(counts)


def slurm_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return the (host, port) where rank 0 listens: the step's first host, a port from the job's and the step's number."""
    hosts = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_NODELIST")
    if not hosts:
        raise EnvironmentFault("SLURM_STEP_NODELIST: srun must name the step's hosts, got nothing; start under srun")
    job, step = (_number(environment, name) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
    return first_host(hosts), PORTS[(job * 7 + step) % len(PORTS)]


def first_host(hosts: str) -> str:
    """Return the first host of Slurm's compressed list: `gpu[03-07,9],x1` gives `gpu03`."""
    first = re.split(r",(?![^\[]*\])", hosts)[0]
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", first)

"""How an MPI library is started over a twin's hosts: one mpirun in the first host, the others reached by a stand-in for ssh.

It does not know what the ranks do. The library is told to use TCP over the hosts' links alone, and which algorithm to run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from fabric.measure.launch.start import find_mpirun, is_open_mpi
from fabric.twin.plan import TwinPlan
from fabric.twin.script import STAND_IN
from topologies.errors import InputError

OPEN_MPI = {"recursive_doubling": "3", "ring": "4", "halving_doubling": "6"}
"""Our names -> coll_tuned's numbers. Source: Open MPI 5.0, ompi/mca/coll/tuned/coll_tuned_allreduce_decision.c."""
MPICH = {"recursive_doubling": "recursive_doubling", "ring": "ring", "halving_doubling": "reduce_scatter_allgather"}
"""Our names -> MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM's. Source: pmodels/mpich, src/mpi/coll/cvars.txt."""
EAGER = 4 << 20
"""Bytes up to which a message is sent without asking first: the handshake would add a round trip of the processor's time."""
FLAGS = {
    "pml": "ob1",
    "btl": "tcp,self",
    "btl_tcp_eager_limit": str(EAGER),
    "btl_tcp_rndv_eager_limit": str(EAGER),
    "coll": "^han",
    "mpi_yield_when_idle": "1",
}
"""Of Open MPI."""


@dataclass(frozen=True)
class Launcher:
    """An mpirun that is to be started: its command line, and what the environment of all ranks has beside their own."""

    command: tuple[str, ...]
    environment: dict[str, str]


def check(backend: str, algorithm: str, collective: str) -> None:
    """Return nothing where an algorithm can be had.

    Raises:
        InputError: naming what can be forced.
    """
    if algorithm == "default":
        return
    if backend != "mpi" or collective != "all_reduce" or algorithm not in OPEN_MPI:
        raise InputError(
            f"algorithm: must be default, or {', '.join(OPEN_MPI)} for all_reduce with --backend mpi, "
            f"got {algorithm!r} for {collective} with {backend}"
        )


def launcher(plan: TwinPlan, devices: Sequence[int], arguments: Sequence[str], algorithm: str) -> Launcher:
    """Return what runs `python -m fabric ARGUMENTS` on every device of a rail, to be started in the first one's host.

    Raises:
        EnvironmentFault: there is no mpirun.
    """
    mpirun, interface = find_mpirun(), plan.interface_of(devices[0])
    hosts = ",".join(plan.host_of(device) for device in devices)
    flags, own = _open_mpi(hosts, interface, algorithm) if is_open_mpi(mpirun) else _mpich(hosts, interface, algorithm)
    ranks = ["-n", str(len(devices)), sys.executable, "-m", "fabric", *arguments]
    return Launcher((STAND_IN, plan.host_of(devices[0]), mpirun, *flags, *ranks), own)


def _open_mpi(hosts: str, interface: str, algorithm: str) -> tuple[list[str], dict[str, str]]:
    flags = FLAGS | {"btl_tcp_if_include": interface}
    if algorithm != "default":
        flags |= {"coll_tuned_use_dynamic_rules": "1", "coll_tuned_allreduce_algorithm": OPEN_MPI[algorithm]}
    runtime = ["--prtemca", "plm_ssh_agent", STAND_IN, "--prtemca", "prte_if_include", "eth0", "--bind-to", "none"]
    return [*runtime, *(word for name, value in flags.items() for word in ("--mca", name, value)), "--host", hosts], {}


def _mpich(hosts: str, interface: str, algorithm: str) -> tuple[list[str], dict[str, str]]:
    """Return MPICH's flags and environment: over libfabric or UCX, whichever it was built with, TCP alone.

    UCX finds that all hosts are one machine and would send through shared memory.
    """
    own = {
        "FI_PROVIDER": "tcp",
        "FI_TCP_IFACE": interface,
        "UCX_TLS": "tcp,self",
        "UCX_NET_DEVICES": interface,
    }
    if algorithm != "default":
        own |= {"MPIR_CVAR_DEVICE_COLLECTIVES": "none", "MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM": MPICH[algorithm]}
    return ["-launcher", "ssh", "-launcher-exec", STAND_IN, "-iface", "eth0", "-hosts", hosts], own

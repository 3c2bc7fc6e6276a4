"""How Open MPI is started over a twin's hosts: one mpirun in the first host, the others reached by a stand-in for ssh.

It does not know what the ranks do. The library is told to use TCP over the hosts' links alone, and which algorithm to run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fabric.measure.start import find_mpirun
from fabric.twin.plan import TwinPlan
from fabric.twin.script import STAND_IN
from topologies.errors import InputError

ALGORITHMS = {"recursive_doubling": 3, "ring": 4, "halving_doubling": 6}
"""Our names -> coll_tuned's numbers. Source: Open MPI 5.0, ompi/mca/coll/tuned/coll_tuned_allreduce_decision.c."""
EAGER = 4 << 20
"""Bytes up to which a message is sent without asking first: the handshake would add a round trip of the processor's time."""
FLAGS = {
    "pml": "ob1",
    "btl": "tcp,self",
    "btl_tcp_if_include": "eth0",
    "btl_tcp_eager_limit": str(EAGER),
    "btl_tcp_rndv_eager_limit": str(EAGER),
    "coll": "^han",
    "mpi_yield_when_idle": "1",
}


def check(backend: str, algorithm: str, collective: str) -> None:
    """Return nothing where an algorithm can be had.

    Raises:
        InputError: naming what can be forced.
    """
    if algorithm == "default":
        return
    if backend != "mpi" or collective != "all_reduce" or algorithm not in ALGORITHMS:
        raise InputError(
            f"algorithm: must be default, or {', '.join(ALGORITHMS)} for all_reduce with --backend mpi, "
            f"got {algorithm!r} for {collective} with {backend}"
        )


def command(plan: TwinPlan, devices: Sequence[int], arguments: Sequence[str], algorithm: str) -> list[str]:
    """Return the command that runs `python -m fabric ARGUMENTS` on every device, to be started in the first one's host.

    Raises:
        EnvironmentFault: there is no mpirun.
    """
    flags = dict(FLAGS)
    if algorithm != "default":
        flags |= {"coll_tuned_use_dynamic_rules": "1", "coll_tuned_allreduce_algorithm": str(ALGORITHMS[algorithm])}
    hosts = ",".join(plan.host_of(device) for device in devices)
    runtime = ["--prtemca", "plm_ssh_agent", STAND_IN, "--prtemca", "prte_if_include", "eth0", "--bind-to", "none"]
    library = [word for name, value in flags.items() for word in ("--mca", name, value)]
    ranks = ["--host", hosts, "-n", str(len(devices)), sys.executable, "-m", "fabric", *arguments]
    return [STAND_IN, plan.host_of(devices[0]), find_mpirun(), *runtime, *library, *ranks]

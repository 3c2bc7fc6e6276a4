"""Where a real slurmctld places jobs on a fabric of ours, beside where we do: leaves taken, leaves needed, regret of both.

    python -m benchmarks.slurm_judge TOPO --jobs 64,8,16 [--ratio 4]

slurmctld runs without root's help, without nodes and without munge: auth/none, every node State=CLOUD, so that it allocates and
waits for nodes that never boot. It reads the topology.conf that `write --format slurm-conf` makes. It knows no running job.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fabric.errors import EnvironmentFault
from fabric.fleet.asked import JobCase, Timer, with_ratio
from fabric.fleet.fleet import of_fabric
from fabric.fleet.place import by_policy, fewest_groups, search
from fabric.fleet.policy import policy
from fabric.formats import files
from fabric.formats.hostlist import compress, expand
from fabric.formats.named import Named
from fabric.formats.slurm_conf import stamp
from fabric.formats.tree import Branch, apart, to_branches

DAEMONS = ("slurmctld", "sbatch", "squeue", "scontrol")
CONFIGURATION = """ClusterName=judge
SlurmctldHost={host}
AuthType=auth/none
CryptoType=crypto/none
CredType=cred/none
SlurmUser={user}
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/pid
SlurmctldLogFile={folder}/log
SlurmdSpoolDir={folder}/spool
ReturnToService=2
TopologyPlugin=topology/tree
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SuspendProgram=/bin/true
ResumeProgram=/bin/true
ResumeTimeout=36000
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SuspendTime=100000
PrivateData=cloud
GresTypes=gpu
NodeName={nodes} State=CLOUD CPUs=1{gres}
PartitionName=p Nodes=ALL Default=YES MaxTime=INFINITE
"""
PATIENCE = 60.0
"""Seconds that slurmctld has to come up, and to place what it can."""


def missing() -> str:
    """Return why slurmctld cannot judge here, empty where it can."""
    absent = [name for name in DAEMONS if shutil.which(name, path=_path()) is None]
    return f"no {', '.join(absent)}: apt-get install slurmctld slurm-client" if absent else ""


def placements(named: Named, sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the nodes (numbers in the fabric) that slurmctld gives to jobs of so many whole nodes, submitted in this order.

    Empty for a job that it lets wait. All jobs stay: each finds what those before left.

    Raises:
        EnvironmentFault: slurmctld is absent, does not come up, or refuses a job.
    """
    with controller(plain_tree(named), [f"n{number}" for number in range(len(named.nodes))]) as (environment, folder):
        return placed(environment, folder, sizes)


@contextmanager
def controller(topology: str, nodes: Sequence[str], devices: int = 0) -> Iterator[tuple[dict[str, str], Path]]:
    """Give (environment of Slurm's commands, folder with its `log`) of a slurmctld that has loaded a topology.conf.

    nodes: the names in it; each is a node of one processor and so many devices that never boots. slurmctld ends with the block.

    Raises:
        EnvironmentFault: slurmctld is absent, or does not come up.
    """
    if why := missing():
        raise EnvironmentFault(f"slurm: {why}")
    folder = Path(tempfile.mkdtemp(prefix="fb-judge-"))
    try:
        environment = _configured(folder, topology, nodes, devices)
        daemon = subprocess.Popen(
            [str(shutil.which("slurmctld", path=_path())), "-D", "-f", str(folder / "slurm.conf")],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until(lambda: "SwitchName=" in _ask(environment, "scontrol", "show", "topology"), folder, "come up")
            yield environment, folder
        finally:
            daemon.terminate()
            daemon.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def plain_tree(named: Named) -> str:
    """Return the topology.conf of the fabric with nodes called n0, n1 ... by their number: short names keep lines readable."""
    branches, _ = to_branches(named)
    number = {name: at for at, name in enumerate(_plain_nodes(named))}
    renamed = [Branch(b.name, b.switches, tuple(f"n{number[n]}" for n in b.nodes)) for b in apart(branches)]
    rows = [f"SwitchName={b.name}{_part(' Switches', b.switches)}{_part(' Nodes', b.nodes)}" for b in renamed]
    return stamp(renamed) + "\n".join(rows) + "\n"


def _plain_nodes(named: Named) -> list[str]:
    """Return the tree's name of every node by the node's number: its own, or what it was changed to."""
    from fabric.formats.tree import groups, plain_names

    names, _ = plain_names([g.name for g in groups(named)] + list(named.nodes))
    return names[len(names) - len(named.nodes) :]


def _part(key: str, names: Sequence[str]) -> str:
    return f"{key}={compress(names)}" if names else ""


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _configured(folder: Path, topology: str, nodes: Sequence[str], devices: int) -> dict[str, str]:
    """Write the two files; return the environment that slurmctld and its commands run in."""
    (folder / "state").mkdir()
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    import getpass

    names = compress(nodes)
    gres = f" Gres=gpu:{devices}" if devices else ""
    text = CONFIGURATION.format(
        host=socket.gethostname(), user=getpass.getuser(), port=port, folder=folder, nodes=names, gres=gres
    )
    (folder / "slurm.conf").write_text(text)
    (folder / "topology.conf").write_text(topology)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    return {**kept, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": _path()}


def placed(environment: dict[str, str], folder: Path, sizes: Sequence[int], devices: int = 0) -> list[tuple[int, ...]]:
    """Return the nodes by number (their names end in it) of jobs of so many nodes and devices of each, as `placements`."""
    jobs = []
    for size in sizes:
        line = [
            "sbatch",
            "--parsable",
            "-N",
            str(size),
            "-o",
            "/dev/null",
            "--chdir=/",
            *[f"--gres=gpu:{devices}"] * bool(devices),
        ]
        done = subprocess.run(line, env=environment, input="#!/bin/sh\ntrue\n", capture_output=True, text=True, check=False)
        if done.returncode:
            raise EnvironmentFault(f"slurm: sbatch -N {size} failed: {' '.join(done.stderr.split())}")
        jobs.append(int(done.stdout.strip()))
    _until(lambda: _tried(_states(environment)), folder, "try every job")
    found = _states(environment)
    lists = [found[job][2] for job in jobs]
    return [tuple(int(name[1:]) for name in expand(text, "squeue", 1)) if text else () for text in lists]


def _states(environment: dict[str, str]) -> dict[int, tuple[str, str, str]]:
    """Return job -> (state, reason, nodes) as squeue has them."""
    rows = [line.split("|") for line in _ask(environment, "squeue", "-h", "-o", "%A|%T|%r|%N").splitlines()]
    return {int(job): (state, reason, nodes) for job, state, reason, nodes in rows}


def _tried(states: dict[int, tuple[str, str, str]]) -> bool:
    """Return whether every job has nodes or a reason to wait that says it was looked at."""
    return bool(states) and all(nodes or reason in ("Resources", "Priority") for _, reason, nodes in states.values())


def _until(true: Callable[[], bool], folder: Path, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            log = (folder / "log").read_text()[-500:] if (folder / "log").exists() else "no log"
            raise EnvironmentFault(f"slurm: slurmctld did not {what} within {PATIENCE:g} s: {' '.join(log.split())}")
        time.sleep(0.2)


def _ask(environment: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30).stdout


@dataclass(frozen=True)
class Verdict:
    """A job alone on the empty fabric: leaves it needs, leaves and regret of slurmctld, of our tree policy and of our best.

    regret: seconds of the collective over those of the best placement found, less 1.
    """

    nodes: int
    fewest: int
    leaves: tuple[int, int, int]
    regrets: tuple[float, float, float]


def verdicts(named: Named, sizes: Sequence[int], ratio: float | None = None, collective: str = "all_to_all") -> list[Verdict]:
    """Return a verdict per job of so many nodes. ratio: what leaves pass on, where the file is a bare tree.

    Raises:
        EnvironmentFault: slurmctld cannot judge here.
    """
    fabric = named.fabric if ratio is None else with_ratio(named.fabric, ratio)
    fleet = of_fabric(fabric)
    number = {int(site): node for node, site in enumerate(fleet.tree.site)}
    group, everything = fleet.tree.group[0], np.ones(fleet.nodes, np.bool_)
    room = {int(g): int(count) for g, count in enumerate(np.bincount(group))}
    found = []
    for size in sizes:
        (theirs,) = placements(named, [size])
        timer = Timer(fleet, JobCase(collective, 1 << 28, size * fleet.pools[0].devices))
        ours = by_policy(fleet, timer, everything, policy("tree"))
        slurm = tuple(number[node] for node in theirs)
        best, _ = search(timer, everything, [ours, slurm])
        least = timer.seconds(best)
        three = (slurm, ours, best)
        leaves = [len(set(group[list(nodes)].tolist())) for nodes in three]
        regrets = [timer.seconds(nodes) / least - 1 for nodes in three]
        fewest = len(fewest_groups(room, size))
        found.append(Verdict(size, fewest, (leaves[0], leaves[1], leaves[2]), (regrets[0], regrets[1], regrets[2])))
    return found


def table(topo: str, sizes: Sequence[int], ratio: float | None, collective: str) -> list[str]:
    """Return the judgement as Markdown rows."""
    heads = [
        "nodes",
        "needs leaves",
        "slurmctld: leaves",
        "our tree policy",
        "our best",
        "slurmctld: regret",
        "our tree policy",
    ]
    rows = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for one in verdicts(files.load(topo), sizes, ratio, collective):
        cells = [one.nodes, one.fewest, *one.leaves, *(f"{100 * regret:.1f} %" for regret in one.regrets[:2])]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return rows


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topo")
    parser.add_argument("--jobs", default="8,16,64")
    parser.add_argument("--ratio", type=float)
    parser.add_argument("--collective", default="all_to_all")
    asked = parser.parse_args()
    sys.stdout.write(
        "\n".join(table(asked.topo, [int(n) for n in asked.jobs.split(",")], asked.ratio, asked.collective)) + "\n"
    )

"""A run as a Slurm batch file: resources, and one step for each library. It does not submit anything or ask Slurm."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from fabric.measure.cells.job import Job
from fabric.text.escape import batch_word, shown
from topologies.errors import InputError

TIME = re.compile(r"\d{1,9}(:[0-5]?\d){0,2}|\d{1,6}-[0-2]?\d(:[0-5]?\d){0,2}", re.ASCII)
"""sbatch(1): minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, days-hours:minutes:seconds."""
TIMES_BUDGET, STARTUP_SECONDS = 2, 300
"""Time limit where none is named: so often the cases' budgets, and what starting and stopping may take."""
STARTERS = ("pmi2", "pmix", "mpirun")
"""How ranks of MPI come to life: srun with that interface, or mpirun inside the allocation."""


@dataclass(frozen=True)
class Shape:
    """nodes x ranks_per_node: all ranks of the largest step."""

    nodes: int
    ranks_per_node: int

    @property
    def ranks(self) -> int:
        """All ranks."""
        return self.nodes * self.ranks_per_node


@dataclass(frozen=True)
class Batch:
    """What is asked of Slurm. mpi: one of STARTERS; mpirun: the program. more: further options of sbatch as `key=value`."""

    shape: Shape
    mpi: str
    mpirun: str = "mpirun"
    time: str | None = None
    partition: str | None = None
    gpus_per_node: int | None = None
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mpi not in STARTERS:
            raise InputError(f"mpi: must be {', '.join(STARTERS)}, got {shown(self.mpi)}")
        if self.time is not None and not TIME.fullmatch(self.time):
            raise InputError(f"time: must be minutes, H:M:S or D-H:M:S, got {shown(self.time)}")
        if self.gpus_per_node is not None and self.gpus_per_node < 1:
            raise InputError(f"gpus-per-node: must be >= 1, got {self.gpus_per_node}")
        if self.partition is not None:
            batch_word(self.partition, "partition")
        for option in self.more:
            key, equals, value = option.partition("=")
            if not re.fullmatch(r"[a-z][a-z-]*", key):
                raise InputError(f"sbatch: must be an option of sbatch such as account=physics, got {shown(option)}")
            if equals:
                batch_word(value, f"sbatch: {key}")


def shape(ranks: int | None, nodes: int | None, ranks_per_node: int | None) -> Shape:
    """Return the nodes that a run of so many ranks needs; ranks None: the nodes say how many.

    Raises:
        InputError: too little is named, or nodes x ranks per node is not the run's largest world size.
    """
    for name, value in (("nodes", nodes), ("ranks-per-node", ranks_per_node)):
        if value is not None and value < 1:
            raise InputError(f"{name}: must be >= 1, got {value}")
    if ranks is None:
        if ranks_per_node is None:
            raise InputError("ranks-per-node: must be named where RUN names no world sizes, got none; e.g. --ranks-per-node 8")
        return Shape(nodes or 1, ranks_per_node)
    if nodes is None:
        nodes = ceil(ranks / ranks_per_node) if ranks_per_node else 1
    if ranks % nodes:
        raise InputError(f"nodes: must divide {ranks}, the run's largest world size, got {nodes}")
    each = ranks_per_node or ranks // nodes
    if nodes * each != ranks:
        raise InputError(f"ranks-per-node: must be {ranks // nodes} for {ranks} ranks on {nodes} nodes, got {each}")
    return Shape(nodes, each)


def check_gpus(jobs: Sequence[Job], batch: Batch) -> None:
    """Raise InputError where nccl is measured with fewer GPUs than ranks on a node."""
    each, gpus = batch.shape.ranks_per_node, batch.gpus_per_node
    if any(job.backend == "nccl" for job in jobs) and (gpus is None or gpus < each):
        raise InputError(f"gpus-per-node: nccl needs a GPU for every rank of a node, {each}, got {gpus or 'none'}")


def time_limit(jobs: Sequence[Job]) -> str | None:
    """Return a limit in minutes from the cases' budgets; None where an iteration count leaves the time open."""
    if any(job.plan.iters is not None for job in jobs):
        return None
    seconds = sum(len(job.cells()) * job.plan.budget / job.plan.visits for job in jobs)
    return str(ceil((TIMES_BUDGET * seconds + STARTUP_SECONDS * len(jobs)) / 60))


def step(job: Job, batch: Batch, program: Sequence[str]) -> str:
    """Return the line that starts a job's ranks. program: what each of them runs."""
    each = min(batch.shape.ranks_per_node, job.ranks)
    if job.backend == "mpi" and batch.mpi == "mpirun":
        return shlex.join([batch.mpirun, "-n", str(job.ranks), "--map-by", f"ppr:{each}:node", *program])
    interface = batch.mpi if job.backend == "mpi" else "none"
    tasks = [f"--nodes={ceil(job.ranks / each)}", f"--ntasks={job.ranks}", f"--ntasks-per-node={each}"]
    return shlex.join(["srun", f"--mpi={interface}", "--kill-on-bad-exit=1", *tasks, *program])


def script(name: str, jobs: Sequence[Job], batch: Batch, programs: Sequence[Sequence[str]], exports: Sequence[str] = ()) -> str:
    """Return the batch file: one step a job, one after the other; it ends with the last exit code that is not 0.

    programs: what the ranks of each job run, with --resume: submitted or requeued again, it goes on where it stopped.
    exports: NAME=VALUE lines of the environment.
    """
    options = {
        "job-name": re.sub(r"[^\w.-]", "-", name),
        "nodes": batch.shape.nodes,
        "ntasks-per-node": batch.shape.ranks_per_node,
        "time": batch.time or time_limit(jobs),
        "partition": batch.partition,
        "gpus-per-node": batch.gpus_per_node,
    }
    named = [f"#SBATCH --{key}={value}" for key, value in options.items() if value is not None]
    always = ["#SBATCH --exclusive", "#SBATCH --requeue", "#SBATCH --open-mode=append"]
    more = [f"#SBATCH --{option}" for option in batch.more]
    exported = [f"export {line}" for line in ("OMP_NUM_THREADS=1", *exports)]
    steps = [f"{step(job, batch, program)} || status=$?" for job, program in zip(jobs, programs, strict=True)]
    return "\n".join(["#!/bin/bash", *named, *always, *more, "", *exported, "status=0", *steps, "exit $status", ""])

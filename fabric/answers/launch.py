"""`launch slurm`: the batch file that measures a run on a cluster, and its steps. It submits nothing and prints nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, TEXT, WHOLE, Answer, Column, View

if TYPE_CHECKING:
    from fabric.measure.cells.job import Job
    from fabric.measure.cells.run_file import Run
    from fabric.measure.launch.slurm import Batch


@dataclass(frozen=True)
class Step:
    """One step of a batch file: a backend's job. command: the line that starts its ranks."""

    job: Job
    ranks_per_node: int
    command: str

    @property
    def nodes(self) -> int:
        """How many nodes its ranks fill."""
        return ceil(self.job.ranks / self.ranks_per_node)


VIEW = View(
    "launch",
    (
        Column("backend", TEXT, "what is measured", lambda step: step.job.backend),
        Column("world_sizes", LIST, "ranks of its cases", lambda step: list(step.job.world_sizes)),
        Column("ranks", WHOLE, "that it starts", lambda step: step.job.ranks),
        Column("nodes", WHOLE, "that they fill"),
        Column("ranks_per_node", WHOLE, "on each"),
        Column("cases", WHOLE, "that it measures", lambda step: len(step.job.cells())),
        Column("command", TEXT, "line that starts its ranks"),
    ),
    beside={"script": TEXT, "output": TEXT},
)


def launch_slurm(
    file: Path,
    *,
    output: Path | None = None,
    nodes: int | None = None,
    ranks_per_node: int | None = None,
    time: str | None = None,
    partition: str | None = None,
    gpus_per_node: int | None = None,
    mpi: str | None = None,
    more: Sequence[str] = (),
) -> Answer[Step]:
    """Return the steps of a run file's batch file; the file's text is `beside["script"]`. output: None: RUN's name with .jsonl.

    nodes, ranks_per_node: None where the run's ranks say. time: as sbatch takes it. mpi: mpirun, pmi2 or pmix. more: options of
    sbatch as `key=value`.

    Raises:
        InputError: a run, numbers of nodes and ranks, or an option that do not fit.
        EnvironmentFault: MPI is measured and nobody says how it starts.
    """
    from fabric.measure.cells.run_file import load
    from fabric.measure.launch.slurm import script
    from fabric.text.escape import shell_word

    asked = {"time": time, "partition": partition, "gpus_per_node": gpus_per_node, "more": tuple(more)}
    jobs, batch = plan(load(file), file, nodes, ranks_per_node, mpi, asked)
    results = (output or file.with_suffix(".jsonl")).absolute()
    for option, path in (("run", file.absolute()), ("output", results)):
        shell_word(str(path), option)
    programs = [program(job, file.absolute(), results) for job in jobs]
    text = script(file.stem, jobs, batch, programs, sources())
    steps = tuple(_step(job, batch, words) for job, words in zip(jobs, programs, strict=True))
    return Answer(VIEW, steps, beside={"script": text, "output": str(results)})


def _step(job: Job, batch: Batch, words: list[str]) -> Step:
    from fabric.measure.launch.slurm import step

    return Step(job, min(batch.shape.ranks_per_node, job.ranks), step(job, batch, words))


def plan(
    run: Run, file: Path, nodes: int | None, each: int | None, mpi: str | None, asked: dict[str, Any]
) -> tuple[list[Job], Batch]:
    """Return the run's jobs and what is asked of Slurm for them."""
    from fabric.measure.cells.run_file import jobs
    from fabric.measure.launch.slurm import Batch, check_gpus, shape
    from topologies.errors import InputError

    most = shape(None, nodes, each).ranks if left_open(run) else 1
    try:
        found = jobs(run, "nccl" if asked["gpus_per_node"] else "gloo", most, most)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    wanted = shape(max(job.ranks for job in found), nodes, each)
    batch = Batch(wanted, *mpi_starter(found, mpi), **asked)
    check_gpus(found, batch)
    return found, batch


def left_open(run: Run) -> bool:
    """Return whether the run leaves world sizes to the launch: it names none, or `cores`."""
    given = run.world_sizes
    lists = list(given.values()) if isinstance(given, dict) else [given or ("cores",)]
    return any("cores" in sizes for sizes in lists)


def mpi_starter(jobs: list[Job], asked: str | None) -> tuple[str, str]:
    """Return how MPI's ranks are started, and mpirun: where nobody says, MPICH by srun, Open MPI by its own mpirun."""
    from fabric.errors import EnvironmentFault
    from fabric.measure.launch.start import find_mpirun, is_open_mpi

    if asked not in (None, "mpirun") or all(job.backend != "mpi" for job in jobs):
        return "pmi2" if asked is None else asked, "mpirun"
    try:
        mpirun = find_mpirun()
    except EnvironmentFault:
        raise EnvironmentFault("mpi: no mpirun is here to say how MPI starts; name it with --mpi pmi2 or pmix") from None
    return asked or ("mpirun" if is_open_mpi(mpirun) else "pmi2"), mpirun


def program(job: Job, run: Path, results: Path) -> list[str]:
    """Return what every rank of a job runs."""
    ranks = ",".join(str(count) for count in job.world_sizes)
    own = ["measure", str(run), "--backend", job.backend, "--ranks", ranks, "-o", str(results), "--resume"]
    return [sys.executable, "-m", "fabric", *own]


def sources() -> list[str]:
    """Return the line of the environment that finds us where we run from our sources, none where we are installed."""
    from fabric.measure.host.inventory import installed

    if installed("fabricbench"):
        return []
    return [f'PYTHONPATH="{Path(__file__).parents[2]}${{PYTHONPATH:+{os.pathsep}$PYTHONPATH}}"']

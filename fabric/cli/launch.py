"""`launch slurm RUN`: the batch file that measures a run on a cluster. It prints it; it submits nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit

if TYPE_CHECKING:
    from fabric.measure.cells.job import Job
    from fabric.measure.cells.run_file import Run
    from fabric.measure.launch.slurm import Batch

EXAMPLE = "Example: fabricbench launch slurm run.yaml --nodes 4 --ranks-per-node 8 --gpus-per-node 8 -o r.jsonl | sbatch"


@click.group("launch", epilog=EXAMPLE, context_settings={"max_content_width": 110})
def command() -> None:
    """Print what starts a run on a cluster."""


@command.command("slurm", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--nodes", type=int, metavar="N", help="Nodes; by default as many as the ranks fill.")
@click.option("--ranks-per-node", type=int, metavar="R", help="Ranks on each; by default the ranks on one node.")
@click.option("--time", metavar="LIMIT", help="Time limit as sbatch takes it; by default from the cases' budgets.")
@click.option("--partition", metavar="NAME", help="Partition.")
@click.option("--gpus-per-node", type=int, metavar="G", help="GPUs of each node; nccl needs one for every rank.")
@click.option("--mpi", metavar="HOW", help="Of MPI: mpirun, or srun's pmi2 or pmix; by default what the installed MPI takes.")
@click.option("--sbatch", "more", multiple=True, metavar="KEY=VALUE", help="One more option of sbatch; repeatable.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Results file; RUN's name with .jsonl.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: schema, rows and the script.")
def slurm(file: Path, *, output: Path | None, as_json: bool, **asked: Any) -> None:
    """Print a batch file for sbatch that measures RUN: one step for each backend, results in FILE.

    The nodes x ranks per node are the run's largest world size. Submitted again, it goes on where it stopped. RUN, FILE
    and this Python must be on a file system that all nodes see.
    """
    from fabric.measure.cells.run_file import load
    from fabric.measure.launch.slurm import script

    run = load(file)
    jobs, batch = plan(run, file, asked)
    results = (output or file.with_suffix(".jsonl")).absolute()
    programs = [program(job, file.absolute(), results) for job in jobs]
    text = script(file.stem, jobs, batch, programs, sources())
    rows = [row(job, batch, words) for job, words in zip(jobs, programs, strict=True)]
    if not emit("launch", rows, as_json=as_json, script=text, output=str(results)):
        click.echo(text, nl=False)


def plan(run: Run, file: Path, asked: dict[str, Any]) -> tuple[list[Job], Batch]:
    """Return the run's jobs and what is asked of Slurm for them."""
    from fabric.measure.cells.run_file import jobs
    from fabric.measure.launch.slurm import Batch, check_gpus, shape
    from topologies.errors import InputError

    nodes, each = asked["nodes"], asked["ranks_per_node"]
    most = shape(None, nodes, each).ranks if left_open(run) else 1
    try:
        found = jobs(run, "nccl" if asked["gpus_per_node"] else "gloo", most, most)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    wanted = shape(max(job.ranks for job in found), nodes, each)
    options = {name: asked[name] for name in ("time", "partition", "gpus_per_node")}
    mpi, mpirun = mpi_starter(found, asked["mpi"])
    batch = Batch(wanted, mpi, mpirun, more=asked["more"], **options)
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
        return asked or "pmi2", "mpirun"
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


def row(job: Job, batch: Batch, words: list[str]) -> dict[str, Any]:
    """Return a job as one flat JSON row."""
    from math import ceil

    from fabric.measure.launch.slurm import step

    each = min(batch.shape.ranks_per_node, job.ranks)
    return {
        "backend": job.backend,
        "world_sizes": list(job.world_sizes),
        "ranks": job.ranks,
        "nodes": ceil(job.ranks / each),
        "ranks_per_node": each,
        "cases": len(job.cells()),
        "command": step(job, batch, words),
    }

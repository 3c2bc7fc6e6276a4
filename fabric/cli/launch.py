"""`launch slurm RUN`: the batch file that measures a run on a cluster. It prints it; it submits nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli.kinds import NODES, PER_NODE
from fabric.cli.lazy import Group
from fabric.cli.output import give

EXAMPLE = "Example: fabricbench launch slurm run.yaml --nodes 4 --ranks-per-node 8 --gpus-per-node 8 -o r.jsonl | sbatch"


@click.group("launch", cls=Group, epilog=EXAMPLE, context_settings={"max_content_width": 110})
def command() -> None:
    """Print what starts a run on a cluster."""


@command.command("slurm", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--nodes", type=NODES, metavar="N", help="Nodes; by default as many as the ranks fill.")
@click.option("--ranks-per-node", type=PER_NODE, metavar="R", help="Ranks on each; by default the ranks on one node.")
@click.option("--time", metavar="LIMIT", help="Time limit as sbatch takes it; by default from the cases' budgets.")
@click.option("--partition", metavar="NAME", help="Partition.")
@click.option("--gpus-per-node", type=PER_NODE, metavar="G", help="GPUs of each node; nccl needs one for every rank.")
@click.option("--mpi", metavar="HOW", help="Of MPI: mpirun, or srun's pmi2 or pmix; by default what the installed MPI takes.")
@click.option("--sbatch", "more", multiple=True, metavar="KEY=VALUE", help="One more option of sbatch; repeatable.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Results file; RUN's name with .jsonl.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: schema, rows and the script.")
def slurm(file: Path, *, output: Path | None, as_json: bool, **asked: Any) -> None:
    """Print a batch file for sbatch that measures RUN: one step for each backend, results in FILE.

    The nodes x ranks per node are the run's largest world size. Submitted again, it goes on where it stopped. RUN, FILE
    and this Python must be on a file system that all nodes see.
    """
    from fabric.answers.launch import launch_slurm

    answer = launch_slurm(file, output=output, **asked)
    if as_json:
        give(answer, as_json=True)
    else:
        click.echo(answer.beside["script"], nl=False)

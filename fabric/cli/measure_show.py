"""How `measure` shows its results: nccl-tests' tables or rows, what is wrong said aloud. It measures nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fabric.answers.measure import Limits, limits_of, measured
from fabric.cli.nccl_table import tables
from fabric.cli.output import give, tell, warn
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.measure.cells.job import Job
    from fabric.network.fabric import Fabric
    from fabric.records.result import Result

NO_TOPO = "none"
"""In place of a TOPO: show no bound, and do not measure this machine for one."""


def named_fabric(topo: str | None, jobs: Sequence[Job]) -> Fabric | None:
    """Return the fabric that was named, if any; InputError where it is smaller than a world size, before anything runs."""
    if topo is None or topo == NO_TOPO:
        return None
    from fabric.cli.topo import load

    fabric, most = load(topo), max(job.ranks for job in jobs)
    devices = fabric.topology.devices
    if most > devices and not fabric.carriers:  # more ranks than slots of a local machine is a flag, not a refusal
        raise InputError(f"ranks: must be <= {devices}, the devices of {topo}, got {most}")
    return fabric


def show(results: Sequence[Result], topo: str | None, fabric: Fabric | None, *, as_json: bool, as_csv: bool) -> int:
    """Print the results in the form that was asked for; return the exit code, 1 where any element is wrong."""
    limits = Limits({}) if topo == NO_TOPO else limits_of(results, fabric)
    answer = measured(results, limits)
    if as_json or as_csv:
        give(answer, as_json=as_json, as_csv=as_csv)
    else:
        click.echo(tables(list(answer), limits.bounds))
        for line in [*map(_words, answer.json()["switches"]), *limits.notes]:
            tell(f"# {line}")
        sys.stdout.flush()
        for line in answer.warnings:
            warn(line)
    return int(any(result.wrong for result in answer))


def _words(row: Mapping[str, Any]) -> str:
    form = "in place" if row["in_place"] else "out of place"
    ranks = f"{row['world_size']} rank{'s' if row['world_size'] > 1 else ''}"
    return f"{row['collective']} of {row['source']} on {ranks}, {row['order']}, {form}: {row['text']}"

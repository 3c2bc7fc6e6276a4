"""`jobs`: several jobs at once on one fabric, and what they cost each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fabric.cli.options import constants_asked, constants_option, force_option
from fabric.cli.output import Progress, formats, give

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.case import Case
    from fabric.workload.job import JobStep

EXAMPLE = (
    "Example: fabricbench jobs --topo leaf_spine:leaves=4,spines=2,hosts_per_leaf=8 "
    "--job all_reduce:64MiB:16:ring --job all_to_all:64MiB:16:direct --order interleaved --routing ecmp:1"
)
FORM = "COLLECTIVE:SIZE:RANKS[:ALGORITHM]"
STEP = "training:MODEL[:PLAN[:BATCH[:DEVICES]]]"


@click.command("jobs", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option("--job", "jobs", multiple=True, required=True, help=f"{FORM} or {STEP}; give it once per job.")
@click.option(
    "--order",
    default="contiguous",
    show_default=True,
    help="Order of all devices; each job takes the next ones. alternate: whole nodes in turn.",
)
@click.option("--routing", default="ideal", show_default=True, help="Policy (docs/routing.md).")
@click.option("--backend", help="Library whose constants and default algorithms are meant.")
@constants_option
@force_option
@formats
def command(*, topo: str, jobs: tuple[str, ...], order: str, as_json: bool, as_csv: bool, **model: Any) -> None:
    """Predict several jobs that run at once: each beside the others, alone, and the slowdown between.

    A job is a collective over its ranks, or a training step, whose communication between nodes is shown kind by kind.
    """
    from fabric.answers.jobs import jobs as together
    from fabric.cli.topo import load

    fabric = load(topo)
    constants = constants_asked(model)
    asked = [_read(text, fabric) for text in jobs]
    watch = Progress("jobs", "messages")
    found = together(asked, fabric, constants, order=order, routing=model["routing"], watch=watch, force=model["force"])
    give(found, as_json=as_json, as_csv=as_csv)


def _read(text: str, fabric: Fabric) -> tuple[Case, str | None] | JobStep:
    """Return the case and the algorithm of COLLECTIVE:SIZE:RANKS[:ALGORITHM], or the step of training:MODEL..."""
    from fabric import units
    from fabric.collectives.catalog import collective
    from fabric.predict.cases import cases
    from topologies.errors import InputError

    if text.startswith("training:"):
        from fabric.workload.job import job_step

        return job_step(text)
    parts = text.split(":", 3)
    if len(parts) < 3:
        raise InputError(f"job: must be {FORM}, such as all_reduce:64MiB:16:ring, got {text!r}")
    name = collective(parts[0]).name
    sizes, ranks = units.sizes(parts[1]), units.counts(parts[2])
    if len(sizes) != 1 or len(ranks) != 1:
        raise InputError(f"job: must have one size and one number of ranks, got {text!r}")
    (case,) = cases(fabric, name, sizes=sizes, ranks=ranks)
    return case, parts[3] if len(parts) > 3 else None

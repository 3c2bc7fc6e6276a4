"""`stress`: how much longer collectives take as cables, switches or planes fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import DRAWS, RANKS
from fabric.cli.options import constants_asked, model_options
from fabric.cli.output import Progress, formats, give

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.case import Case
    from fabric.workload.job import JobStep

EXAMPLE = "Example: fabricbench stress --topo fat_tree:k=8 --fail links --counts 1,2,5,10 --seeds 5 --routing ecmp:1"
STEP = "training:MODEL[:PLAN[:BATCH[:DEVICES]]]"
SUITE = ("all_reduce:ring", "all_to_all:direct")


@click.command("stress", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option(
    "--fail", "what", default="links", show_default=True, help="links, host_links, switches, switches:TIER or planes."
)
@click.option("--counts", default="1,2,5,10", show_default=True, help="How many fail; none is always shown.")
@click.option("--seeds", type=DRAWS, default=5, show_default=True, help="Draws per count; each adds to its own failures.")
@click.option(
    "--run", "runs", multiple=True, help=f"COLLECTIVE[:ALGORITHM] or {STEP}, repeatable; default: {', '.join(SUITE)}."
)
@click.option("--size", default="64MiB", show_default=True, help="Bytes (nccl-tests' S).")
@click.option("--ranks", type=RANKS, help="World size; by default all devices.")
@click.option("--fidelity", default="loaded", show_default=True, help="closed, loaded, flows or auto.")
@model_options
@formats
def command(*, topo: str, what: str, counts: str, seeds: int, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Show the curve of collectives' times, or of a training step's, against failures: seeded draws, median and worst."""
    from fabric import units
    from fabric.answers.stress import stress
    from fabric.cli.topo import load

    fabric = load(topo)
    constants = constants_asked(asked)
    chosen = [_read(run, fabric, asked) for run in asked["runs"] or SUITE]
    numbers = units.counts(counts, "counts")
    how = {
        "routing": asked["routing"],
        "order": asked["order"],
        "fidelity": asked["fidelity"],
        "force": asked["force"],
        "watch": Progress("stress", "draws"),
    }
    found = stress(chosen, fabric, constants, what=what, counts=numbers, seeds=seeds, **how)
    give(found, as_json=as_json, as_csv=as_csv)


def _read(run: str, fabric: Fabric, asked: dict[str, Any]) -> tuple[Case, str | None] | JobStep:
    """Return the case of COLLECTIVE[:ALGORITHM] at the size and ranks asked, or the step of training:MODEL..."""
    from fabric import units
    from fabric.predict.cases import cases

    if run.startswith("training:"):
        from fabric.workload.job import job_step

        return job_step(run, "run")
    collective, _, algorithm = run.partition(":")
    ranks = [asked["ranks"]] if asked["ranks"] else None
    (case,) = cases(fabric, collective, sizes=units.sizes(asked["size"])[:1], ranks=ranks, order=asked["order"])
    return case, algorithm or None

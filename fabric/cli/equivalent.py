"""`equivalent`: how many of another node do the same work in the same time. The search is in fabric/review/equivalent.py."""

from __future__ import annotations

import sys

import click

from fabric.cli.kinds import ENDPOINTS
from fabric.cli.output import formats, give

EXAMPLE = "Example: fabricbench equivalent --of dgx-h100:nodes=32 --with atlas-800t-a2 --work all_reduce:1GiB,flops:5e14"


@click.command("equivalent", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--of", "of", required=True, metavar="TOPO", help="The reference: a fabric of a node, e.g. dgx-h100:nodes=32.")
@click.option(
    "--with",
    "others",
    required=True,
    multiple=True,
    metavar="NODE,NODE",
    help="Nodes to do its work; or one NODE:key=value,... with keys of its fabric. Repeatable.",
)
@click.option(
    "--work",
    required=True,
    metavar="WHAT:AMOUNT[:COUNT],...",
    help="A round: COLLECTIVE:SIZE over all devices, flops:NUMBER and memory:SIZE of each; or a step: "
    "training:MODEL[:PLAN[:BATCH]].",
)
@click.option(
    "--by",
    help="wire: no library, fastest algorithm (default of a round); library: each node's own (default of training).",
)
@click.option("--algorithm", help="Of the collectives; by default the fastest, or the library's choice.")
@click.option("--most", type=ENDPOINTS, default=4096, show_default=True, help="Devices up to which a cluster is tried.")
@formats
def command(
    *,
    of: str,
    others: tuple[str, ...],
    work: str,
    by: str | None,
    algorithm: str | None,
    most: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show how many of another node do the same work in the same time, at what power, price and space.

    Where no number does: how far it comes, and at which size the network stops scaling.
    """
    from fabric.answers.equivalent import equivalent
    from fabric.cli.topo import load
    from fabric.review.steps import asked_work
    from topologies.errors import InputError

    candidates = [name.strip() for text in others for name in ([text] if ":" in text else text.split(","))]
    if not all(candidates):
        raise InputError(f"with: every node needs a name, such as dgx-a100,atlas-800t-a2, got {', '.join(others)}")
    watch = (lambda name: click.echo(f"equivalent: {name}", err=True)) if sys.stderr.isatty() else None
    found = equivalent(load(of), candidates, asked_work(work), by=by, algorithm=algorithm, most_devices=most, watch=watch)
    give(found, as_json=as_json, as_csv=as_csv)

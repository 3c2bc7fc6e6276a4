"""`fleet place FLEET --job ...`: where one job goes now. It reads options and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli.options import constants_asked, constants_option
from fabric.cli.output import form, formats, give

EXAMPLE = (
    "Example: fabricbench fleet place leaf_spine:leaves=8,spines=2,hosts_per_leaf=64,uplinks=8,devices_per_node=8 "
    "--job all_to_all:1GiB:96"
)
FORM = "COLLECTIVE:SIZE:DEVICES[:ALGORITHM] or training:MODEL:PLAN:BATCH:DEVICES"


@click.command("place", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("fleet", metavar="FLEET")
@click.option("--job", required=True, help=f"What it does over and over: {FORM}.")
@click.option(
    "--free",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Nodes that are free, names or lists such as n[1-8]; by default all.",
)
@click.option("--policy", "policies", multiple=True, help="Policy such as easy+tree; give it once per policy.")
@click.option("--routing", default="ideal", show_default=True, help="Policy of the network (docs/routing.md).")
@click.option("--backend", help="Library whose constants and default algorithms are meant.")
@form("--nodes-only", help="Print the best as one node list and nothing else, for sbatch --nodelist.")
@constants_option
@formats
def command(
    fleet: str,
    *,
    job: str,
    free: Path | None,
    policies: tuple[str, ...],
    nodes_only: bool,
    as_json: bool,
    as_csv: bool,
    **model: Any,
) -> None:
    """Say where one job should go now on FLEET, the YAML file of a fleet or any TOPO.

    Every policy's placement is timed by the model, alone on the fabric; regret is against the best placement found.
    """
    from fabric.answers.fleet_place import fleet_place
    from fabric.fleet.asked import job_of
    from fabric.fleet.fleet_file import of_text
    from fabric.fleet.policy import policy

    _, found = of_text(fleet)
    constants = constants_asked(model)
    chosen = [policy(text) for text in policies] or None
    answer = fleet_place(found, job_of(job), _free(free), policies=chosen, constants=constants, routing=model["routing"])
    if nodes_only:
        from fabric.formats.hostlist import compress

        click.echo(compress(answer.rows()[-1]["nodes"]))
        return
    give(answer, as_json=as_json, as_csv=as_csv)


def _free(path: Path | None) -> list[str] | None:
    """Return the names in a file of nodes: one list a line, what follows # left out; None for no file."""
    from fabric.formats.hostlist import expand
    from fabric.text.files import read_text
    from topologies.errors import InputError

    if path is None:
        return None
    found: list[str] = []
    for number, raw in enumerate(read_text(path, "free").splitlines(), start=1):
        for word in raw.partition("#")[0].replace(";", " ").split():
            found += expand(word.rstrip(","), str(path), number)
    if not found:
        raise InputError(f"free: {path} names no node; write one name or list such as n[1-8] a line")
    return found

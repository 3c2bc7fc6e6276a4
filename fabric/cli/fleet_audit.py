"""`fleet audit FOLDER`: how a live cluster's jobs lie on its fabric. It reads options and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli.kinds import Number, Whole
from fabric.cli.options import constants_asked, constants_option
from fabric.cli.output import Progress, formats, give

EXAMPLE = "Example: fabricbench fleet audit --script > collect.sh; sh collect.sh week; fabricbench fleet audit week --ratio 4"
FORM = "COLLECTIVE:SIZE:SHARE"


@click.command("audit", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option("--fleet", help="The YAML file of a fleet or any TOPO; by default the network that FOLDER tells of.")
@click.option(
    "--ratio", type=Number(0, 1000, above=True), help="What leaves pass on, 4 for 4:1, where the file holds a bare tree."
)
@click.option("--devices", type=Whole(1, 1024), help="Devices of a node, where the jobs and the file do not say; 8 by default.")
@click.option("--days", type=Number(0, 3660, above=True), default=7.0, show_default=True, help="How far back.")
@click.option("--low", default="all_reduce:1GiB:0.1", show_default=True, help=f"What jobs do at the low end: {FORM}.")
@click.option("--high", default="all_to_all:1GiB:0.3", show_default=True, help="The same at the high end.")
@click.option("--price", type=Number(0, 1e6), help="Money per device-hour, where FLEET has no prices.")
@click.option("--currency", default="CNY", show_default=True, help="Of --price.")
@click.option("--script", is_flag=True, help="Print the shell script that collects FOLDER, and end.")
@click.option("--backend", help="Library whose constants and default algorithms are meant.")
@constants_option
@formats
def command(folder: Path | None, *, script: bool, days: float, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Audit where the jobs of a live cluster lie, from what its scheduler prints to anyone.

    FOLDER is what the script collects: sacct (or squeue), sinfo and scontrol show topology, or pods and nodes of Kubernetes. No
    privileges are needed. Regret is predicted between two stated ends of what jobs do; other jobs' traffic is left out.
    """
    from topologies.errors import InputError

    if script:
        from importlib.resources import files

        click.echo((files("fabric.fleet") / "collect.sh").read_text("utf-8"), nl=False)
        return
    if folder is None:
        raise InputError("audit: name the FOLDER that was collected; --script prints the script that collects one")
    from fabric.answers.fleet_audit import collected, fleet_audit

    state = collected(folder)
    fleet = _fleet(folder, asked, state)
    ends = _end(asked["low"], "low"), _end(asked["high"], "high")
    watch = Progress("fleet audit", "jobs")
    answer = fleet_audit(fleet, state, days=days, ends=ends, constants=constants_asked(asked), watch=watch)
    give(answer, as_json=as_json, as_csv=as_csv)


def _fleet(folder: Path, asked: dict[str, Any], state: Any) -> Any:
    """Return the fleet: of --fleet, or of the folder's own network, with what the options state. state: its jobs."""
    from dataclasses import replace

    from fabric.answers.fleet_audit import network_of, usual_devices
    from fabric.fleet.fleet import Prices
    from fabric.fleet.fleet_file import FleetFile, fleet_of, of_text
    from topologies.errors import InputError

    text = asked["fleet"] or network_of(folder)
    if text is None:
        raise InputError(f"fleet: {folder} tells nothing of the network (no topology.txt, no nodes.json); give --fleet TOPO")
    if asked["fleet"]:
        file, found = of_text(text)
        if asked["ratio"]:
            found = fleet_of(file.model_copy(update={"ratio": asked["ratio"]}))
    else:
        found = fleet_of(
            FleetFile(topo=text, ratio=asked["ratio"], devices=asked["devices"] or usual_devices(state), name=str(folder))
        )
    if asked["price"] is not None:
        found = replace(found, prices=Prices(asked["currency"], charged=asked["price"], source="--price"))
    return found


def _end(text: str, option: str) -> Any:
    """Return what jobs do of COLLECTIVE:SIZE:SHARE; InputError where it is none."""
    from fabric import units
    from fabric.collectives.catalog import collective
    from fabric.fleet.audit import End
    from fabric.text.numbers import real
    from topologies.errors import InputError

    parts = text.split(":")
    if len(parts) != 3:
        raise InputError(f"{option}: must be {FORM}, such as all_reduce:1GiB:0.1, got {text!r}")
    return End(collective(parts[0]).name, units.size(parts[1], option), real(parts[2], f"{option} share", 0, 1))

"""`build`: a fabric as a file; `build local` describes and measures the machine it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fabric.cli.output import formats, give, tell, warn
from fabric.cli.topo import load

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric

EXAMPLE = "Example: fabricbench build rail_optimized:nodes=2048,rails=8,radix=64,scale_up=nvswitch -o h100.yaml"


@click.command("build", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("topo")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The YAML file to write.")
@formats
def command(topo: str, output: Path | None, *, as_json: bool, as_csv: bool) -> None:
    """Write a fabric (topology, speed and latency per level, with sources) as YAML.

    TOPO is a short form with speeds, e.g. fat_tree:k=8,speed=400Gb/s,latency=300ns or link=800g-xdr, or `local`: this
    machine, one node with max(cores, devices) slots, memory copies and TCP loopback measured on the spot. A speed is that of
    one lane of a cable; scale_up_speed and scale_up_link are one device's, all its links inside the node together.
    """
    from fabric.answers.build import build

    fabric = _local() if topo == "local" else load(topo)
    found = build(fabric, output)
    if as_json or as_csv:
        give(found, as_json=as_json, as_csv=as_csv)
        return
    tell(f"{fabric.topology.name}  fingerprint {fabric.fingerprint}" + (f"  written to {output}" if output else ""))
    for line in fabric.assumptions():
        tell(f"  {line}")


def _local() -> Fabric:
    """Return this machine, and say where other processes took part of its cores."""
    from fabric.measure.host.local import local_fabric

    fabric, lines = local_fabric()
    for line in lines:
        warn(line)
    return fabric

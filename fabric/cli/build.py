"""`build`: a fabric as a file; `build local` describes and measures the machine it stands on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fabric.cli.answers import load
from fabric.cli.output import emit, formats, warn

if TYPE_CHECKING:
    from fabric.measure.host.levels import LevelMeasurement
    from fabric.network.fabric import Fabric, Level

LINKS_OF_A_ROUTE = 2
"""From a slot of this machine up to a hub and down to another slot."""
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
    from fabric.network import spec

    fabric = local_fabric() if topo == "local" else load(topo)
    if output is not None:
        spec.write(fabric, output)
    row = spec.to_dict(fabric) | {"fingerprint": fabric.fingerprint, "file": str(output) if output else None}
    if emit("build", [row], as_json=as_json, as_csv=as_csv):
        return
    click.echo(f"{fabric.topology.name}  fingerprint {fabric.fingerprint}" + (f"  written to {output}" if output else ""))
    for line in fabric.assumptions():
        click.echo(f"  {line}")


def local_fabric() -> Fabric:
    """Return this machine as a fabric, its levels measured now; says so where other processes took part of its cores.

    Raises:
        EnvironmentFault: they took so much that no latency could be had.
    """
    from fabric.measure.host.levels import measure_levels
    from fabric.measure.host.machine import machine
    from fabric.measure.timing.contention import CONTENDED
    from fabric.network.fabric import Fabric
    from fabric.network.spec import LOCAL_CARRIERS
    from topologies.local import local

    found, busy = measure_levels(), ""
    others = found[0].others
    if others is not None and others > CONTENDED:
        busy = f"; others took {100 * others:.0f} % of the cores meanwhile"
        warn(f"local: measured now{busy}: its links may be faster when it is quiet")
    levels = {measured.level: _level(measured, busy) for measured in found}
    here = machine()
    return Fabric(local(here.slots), levels, name=f"local: {here.processor}", carriers=LOCAL_CARRIERS)


def _level(measured: LevelMeasurement, busy: str) -> Level:
    from fabric.network.fabric import Level

    return Level(
        speed=measured.bytes_per_second,
        latency=(measured.seconds_latency or 0.0) / LINKS_OF_A_ROUTE,
        source=f"{measured.how}, halved: a route crosses two links{busy}",
        count=measured.count,
        spread=measured.spread,
        date=measured.date,
    )

"""This machine as a fabric: one node, its slots, its levels measured now. It knows no library, collective or prediction."""

from __future__ import annotations

from fabric.measure.host.levels import LevelMeasurement, measure_levels
from fabric.measure.host.machine import machine
from fabric.measure.host.working_sets import measure_working_sets
from fabric.measure.timing.contention import CONTENDED
from fabric.network.fabric import Fabric, Level
from fabric.network.spec import LOCAL_CARRIERS
from topologies.local import local

LINKS_OF_A_ROUTE = 2
"""From a slot of this machine up to a hub and down to another slot."""


def local_fabric(*, memory: bool = True) -> tuple[Fabric, tuple[str, ...]]:
    """Return this machine as a fabric, and a line where other processes took part of its cores meanwhile.

    memory: measure its cores' rates by working set too, which no bound needs: 8 s more.

    Raises:
        EnvironmentFault: they took so much that no latency could be had.
    """
    found = measure_levels()
    others = found[0].others
    busy = f"; others took {100 * others:.0f} % of the cores meanwhile" if others is not None and others > CONTENDED else ""
    lines = (f"local: measured now{busy}: its links may be faster when it is quiet",) if busy else ()
    levels = {measured.level: _level(measured, busy) for measured in found}
    here = machine()
    name, rates = f"local: {here.processor}", measure_working_sets() if memory else None
    return Fabric(local(here.slots), levels, name=name, carriers=LOCAL_CARRIERS, working_sets=rates), lines


def _level(measured: LevelMeasurement, busy: str) -> Level:
    return Level(
        speed=measured.bytes_per_second,
        latency=(measured.seconds_latency or 0.0) / LINKS_OF_A_ROUTE,
        source=f"{measured.how}, halved: a route crosses two links{busy}",
        count=measured.count,
        spread=measured.spread,
        date=measured.date,
    )

"""Fabrics from files of before, whose speed inside nodes is one lane's and not one device's. It knows no file format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import SAME, Fabric
from fabric.units import show_rate
from topologies.base import SCALE_UP, Topology
from topologies.scale_up import device_lanes

NARROWER = "cloudmatrix"
"""The one kind whose devices had one lane to each switch then, and have several now."""


def from_lane_speeds(fabric: Fabric, schema: str) -> Fabric:
    """Return the fabric whose scale-up level was read as it stands in a file that means one lane by it: every cable as then.

    The level gets the speed of the device with the most lanes, and its source says so; cables of nodes with fewer lanes a
    device keep theirs one by one. schema: of the file, for the source.
    """
    topology, level = fabric.topology, fabric.levels.get(SCALE_UP)
    lanes = _lanes_then(topology)
    most = int(device_lanes(replace(topology, lanes=lanes)).max(initial=1))
    if level is None or most == 1:
        return fabric
    source = f"{level.source}; {show_rate(level.speed)} a lane, as files of {schema} mean it"
    spread = level.spread and (most * level.spread[0], most * level.spread[1])
    whole = replace(level, speed=most * level.speed, spread=spread, source=source, part=None)
    now, then = replace(fabric, levels={**fabric.levels, SCALE_UP: whole}, degraded={}), level.speed * lanes
    other = (topology.level == topology.scale_up_level) & (np.abs(now.link_speed[::2] / then - 1) > SAME)
    kept = {int(cable): float(then[cable]) for cable in np.flatnonzero(other)}
    return replace(now, degraded={**kept, **fabric.degraded})


def _lanes_then(topology: Topology) -> NDArray[np.int16]:
    return np.ones_like(topology.lanes) if topology.params.get("scale_up") == NARROWER else topology.lanes

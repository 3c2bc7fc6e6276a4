"""Multi-plane: several independent copies of a rail-optimised network, one port of every device in each. It knows no speeds.

Planes meet in devices only. A twin-plane 800G port is two 400G cables, one per plane:
    switches and cables = planes * those of rail_optimized:nodes,rails,radix (topologies/rail_optimized.py).
With rails=1 each plane is a plain Clos over the nodes. Device index = node * rails + rail; devices stand in every plane.
Source: NVIDIA DGX SuperPOD reference architecture B300 (Spectrum-X), Table 3, whose counts planes=2, radix=128 give.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, check_whole, copies
from topologies.errors import InputError
from topologies.rail_optimized import rail_optimized

FAMILY = "multi_plane"
MOST_PLANES = 64


def multi_plane(nodes: int, rails: int = 8, radix: int = 128, planes: int = 2, tiers: int = 0) -> Topology:
    """Return `planes` copies of the rail-optimised network of `nodes` nodes of `rails` devices.

    radix: ports of a switch, each of one plane's speed. tiers: 2, 3 or 0 for as few as it takes.

    Raises:
        InputError: planes out of range, or what rail_optimized refuses of one plane.
    """
    check_whole(FAMILY, most=MOST_PLANES, planes=planes)
    try:
        one = rail_optimized(nodes, rails, radix, tiers)
    except InputError as error:
        raise InputError(f"{FAMILY}: one plane cannot be built: {error}") from None
    check_size(FAMILY, planes * len(one.ends))
    params = {"nodes": nodes, "rails": rails, "radix": radix, "planes": planes} | ({"tiers": tiers} if tiers else {})
    sizes, cables, plane = copies(one, np.tile(np.arange(one.devices), (planes, 1)))
    return assemble(FAMILY, params, sizes, cables, node=one.node[: one.devices], rail=one.rail[: one.devices], plane=plane)

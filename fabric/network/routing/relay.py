"""Relay through the scale-up domain (PXN): messages change rails inside their node. It knows no network beyond the node.

A message to another node first goes inside its node to the device on its target's rail, so that the network carries it on
that rail alone. Source: NVIDIA, "Doubling all2all Performance with NVIDIA Collective Communication Library 2.12" (PXN).
"""

from __future__ import annotations

import numpy as np

from fabric.network.routing.ways import Ints
from topologies.base import Topology


def relays(topology: Topology, source: Ints, target: Ints) -> Ints:
    """Return the device at which each message enters the network: the one on the target's rail in the source's node.

    It is the source itself where both share a scale-up domain, devices have no rails, or the node has no such device.
    """
    devices = topology.devices
    node, rail = topology.node[:devices].astype(np.int64), topology.rail[:devices].astype(np.int64)
    rails = int(rail.max(initial=-1)) + 1
    at = np.full(topology.nodes * max(rails, 1), -1)
    having = np.flatnonzero(rail >= 0)
    at[node[having] * rails + rail[having]] = having
    domain = topology.together
    moves = (domain[source] != domain[target]) & (rail[target] >= 0)
    found = np.where(moves, at[node[source] * rails + np.maximum(rail[target], 0)], source)
    return np.where(found < 0, source, found)

"""Ring: vertices in a circle. It does not know how fast or how busy a cable is.

With n vertices: n cables, diameter floor(n / 2), two shortest paths between opposite ones where n is even, else one.
Bisection 2 with devices as vertices; with h hosts a switch 2, and floor(h / 2) more where n is odd, since one switch's
hosts are then split (or floor(n h / 2), every cable of one half, where that is less).
Source: definition of the family (a cycle graph).
"""

from __future__ import annotations

from topologies.base import Topology, check_whole
from topologies.direct import check_graph, wire
from topologies.torus import ring_pairs

FAMILY = "ring"


def ring(switches: int, hosts: int = 1) -> Topology:
    """Return `switches` switches in a circle with `hosts` devices each.

    hosts: 0 makes every vertex a device that forwards, without a switch.

    Raises:
        InputError: fewer than three vertices, or hosts below 0.
    """
    check_whole(FAMILY, least=3, switches=switches)
    check_graph(FAMILY, switches, hosts, switches)
    return wire(FAMILY, {"switches": switches, "hosts": hosts}, switches, hosts, ring_pairs(switches))


def ring_bisection(switches: int, hosts: int) -> int:
    """Return the fewest cables between two halves of the devices."""
    return min(switches * hosts // 2, 2 + switches % 2 * (hosts // 2)) if hosts else 2

"""Hypercube: 2^n vertices, cables between numbers that differ in one bit. It does not know speeds or routes.

2^n vertices of degree n, n 2^(n-1) cables, diameter n, h! shortest paths at h hops, bisection 2^(n-1).
Source: definition of the family (also HyperX and torus of dims=2x2x...x2).
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, check_whole
from topologies.direct import check_graph, full_mesh_cables, wire

FAMILY = "hypercube"
MOST_DIMENSIONS = 24


def hypercube(n: int, hosts: int = 1) -> Topology:
    """Return the hypercube of n dimensions.

    hosts: devices a switch; 0 makes every vertex a device that forwards.

    Raises:
        InputError: n below 1 or too large for memory, or hosts below 0.
    """
    check_whole(FAMILY, most=MOST_DIMENSIONS, n=n)
    check_graph(FAMILY, 2**n, hosts, n * 2 ** (n - 1))
    return wire(FAMILY, {"n": n, "hosts": hosts}, 2**n, hosts, np.concatenate(full_mesh_cables((2,) * n)))

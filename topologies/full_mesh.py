"""Full mesh in any number of dimensions: every line of a grid is a full mesh of devices. It does not know speeds.

With N = the product of the dimensions: N devices that forward, degree sum(d - 1), N sum(d - 1) / 2 cables, diameter =
the number of dimensions above 1. One dimension: bisection floor(N/2) ceil(N/2); more, with an even smallest dimension
d: N d / 4. With hosts the same graph of switches is a HyperX.
Source: Liao et al., "UB-Mesh: a hierarchically localized nD-FullMesh datacenter network architecture", 2025.
"""

from __future__ import annotations

from math import prod

import numpy as np

from topologies.base import Topology, whole_numbers
from topologies.direct import check_graph, full_mesh_cables, full_mesh_count, joined, wire

FAMILY = "full_mesh"


def full_mesh(dims: str, hosts: int = 0) -> Topology:
    """Return the full mesh of `dims`, as 8 or 8x8.

    hosts: 0 makes every vertex a device that forwards; 1 or more a switch with so many devices.

    Raises:
        InputError: dims that are no sizes, fewer than two vertices, or hosts below 0.
    """
    grid = whole_numbers(FAMILY, "dims", dims)
    check_graph(FAMILY, prod(grid), hosts, full_mesh_count(grid))
    params = {"dims": joined(grid), "hosts": hosts}
    return wire(FAMILY, params, prod(grid), hosts, np.concatenate(full_mesh_cables(grid)))

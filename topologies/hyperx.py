"""HyperX: a grid of switches whose lines are full meshes. It does not know speeds; a dimension may be wider by lanes.

With N = the product of the dimensions: N switches of degree sum(d - 1), N sum(d - 1) / 2 switch cables, N hosts
endpoints; switch diameter = the number of dimensions above 1; h! shortest paths between switches h hops apart.
Bisection where the smallest dimension d is even: N min(d, 2 hosts) / 4 cables.
Source: Ahn et al., "HyperX: topology, routing, and packaging of efficient large-scale networks", SC 2009; their S is
dims, T is hosts, K is lanes. A one-dimensional HyperX is a full mesh, dims=2x2x...x2 a hypercube.
"""

from __future__ import annotations

from math import prod

import numpy as np

from topologies.base import Topology, whole_numbers
from topologies.direct import check_graph, full_mesh_cables, full_mesh_count, joined, wire
from topologies.errors import InputError

FAMILY = "hyperx"
MOST_LANES = 1_000
"""The most lanes of one cable."""


def hyperx(dims: str, hosts: int = 1, lanes: str = "1") -> Topology:
    """Return the HyperX of `dims`, as 12x8, with `hosts` devices on every switch.

    lanes: lanes of a cable, one number for all dimensions or one for each, as 2x1. hosts=0 makes the vertices devices
    that forward.

    Raises:
        InputError: dims or lanes that are no sizes, lanes of another number of dimensions, or fewer than two vertices.
    """
    grid = whole_numbers(FAMILY, "dims", dims)
    check_graph(FAMILY, prod(grid), hosts, full_mesh_count(grid))
    width = _lanes(lanes, grid)
    params = {"dims": joined(grid), "hosts": hosts} | ({} if set(width) == {1} else {"lanes": joined(width)})
    cables = full_mesh_cables(grid)
    each = np.repeat(width, [len(c) for c in cables])
    return wire(FAMILY, params, prod(grid), hosts, np.concatenate(cables), lanes=each)


def _lanes(text: str, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return the lanes of a cable per dimension."""
    width = whole_numbers(FAMILY, "lanes", text)
    width = width * len(dims) if len(width) == 1 else width
    if len(width) != len(dims) or max(width) > MOST_LANES:
        rule = f"one number up to {MOST_LANES} for all dimensions or one for each of {joined(dims)}"
        raise InputError(f"{FAMILY}: lanes must be {rule}, got {text!r}")
    return width

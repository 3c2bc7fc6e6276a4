"""What a fabric can carry from some devices to others: a maximum flow. It does not know what is sent, nor any routing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from fabric.network.fabric import Fabric

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
STEPS = 1_000_000
"""Capacities are whole numbers to scipy: so many steps up to the fastest link."""


def between(fabric: Fabric, first: Sequence[int], second: Sequence[int], backend: str | None = None) -> float:
    """Return the bytes per second that can cross between two sets of ranks in the worse direction, rank r on device r.

    Whatever the routing and whoever talks to whom across: the smallest cut between them, by maximum flow (Ford and
    Fulkerson, 1956). More ranks than devices go round again. To a millionth of the fastest link.
    """
    carrying = fabric.carrying(backend)
    ends, speed = carrying.topology.ends, carrying.link_speed
    sides = [sorted({rank % carrying.topology.devices for rank in ranks}) for ranks in (first, second)]
    start = np.concatenate([ends[:, 0], ends[:, 1]])
    stop = np.concatenate([ends[:, 1], ends[:, 0]])
    rate = np.concatenate([speed[0::2], speed[1::2]])
    return min(_flow(carrying, start, stop, rate, sides), _flow(carrying, start, stop, rate, sides[::-1]))


def _flow(fabric: Fabric, start: Ints, stop: Ints, rate: Floats, sides: Sequence[Sequence[int]]) -> float:
    """Return the maximum flow from the first side to the second."""
    top, vertices = float(rate.max()), fabric.topology.vertices
    source, sink = vertices, vertices + 1
    out, into = (np.asarray(side) for side in sides)
    rows = np.concatenate([start, np.full(len(out), source), into])
    columns = np.concatenate([stop, out, np.full(len(into), sink)])
    endless = STEPS * (len(rate) // max(1, min(len(out), len(into))) + 1)
    steps = np.concatenate([np.rint(rate / top * STEPS), np.full(len(out) + len(into), min(endless, 2**30))])
    graph = sparse.coo_array((steps.astype(np.int64), (rows, columns)), shape=(vertices + 2, vertices + 2)).tocsr()
    flow = maximum_flow(sparse.csr_array(graph, dtype=np.int32), source, sink).flow_value
    return float(flow) / STEPS * top

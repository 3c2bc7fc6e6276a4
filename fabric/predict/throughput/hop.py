"""The hop bound: all links together carry no more than their capacity, and every byte takes up at least its distance.

theta <= sum(length x capacity) / sum(demand x distance in these lengths), for any lengths of links (the dual of the
throughput program). With length 1 everywhere that is the hop bound; with 1 on one level and 0 elsewhere, that level's.
Source: Singla, Godfrey, Kolla, "High throughput data center topology design", NSDI 2014. It routes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from fabric.predict.throughput.core import Core
from fabric.predict.throughput.demand import Demand
from topologies.errors import InputError
from topologies.hops import SwitchNetwork, distances

Floats = NDArray[np.float64]
ROWS = 1024


def hop_bound(core: Core, demand: Demand) -> float:
    """Return sum(capacity) / sum(demand x hops), infinite where nothing leaves its vertex.

    Raises:
        InputError: there is demand and no way.
    """
    work = 0.0
    for sources, hops in core.hops(demand.sources):
        weight, distance = _asked(demand, sources, hops)
        if (distance < 0).any():
            raise InputError("throughput: some devices that exchange bytes have no way to each other outside their nodes")
        work += float(weight @ distance)
    return float(core.capacity.sum() / work) if work else np.inf


def _asked(demand: Demand, sources: NDArray[np.int64], hops: NDArray[np.int16]) -> tuple[Floats, NDArray[np.int16]]:
    """Return what these sources send, pair by pair, and how far: without dense rows where there are only single pairs."""
    if not demand.out.any():
        pairs = demand.extra[sources].tocoo()
        return pairs.data, hops[pairs.row, pairs.col]
    rows = demand.rows(sources)
    sent = rows > 0
    return rows[sent], hops[sent]


def level_bounds(core: Core, demand: Demand) -> dict[int, float]:
    """Return the bound of every level alone; nothing for one level, and where devices have several switches.

    Distances in cables of one level are hops after everything that other levels join is drawn into one.
    """
    levels = np.unique(core.level)
    if len(levels) < 2 or len(np.unique(core.sends)) != len(np.unique(np.concatenate([core.sends, core.receives]))):
        return {}
    return {int(level): _level_bound(core, demand, int(level)) for level in levels}


def _level_bound(core: Core, demand: Demand, level: int) -> float:
    own = core.level == level
    shape = (core.vertices, core.vertices)
    others = sparse.coo_array((np.ones(int((~own).sum())), (core.tail[~own], core.head[~own])), shape=shape)
    parts, part = connected_components(others.tocsr(), directed=False)
    arcs = sparse.coo_array((np.ones(int(own.sum())), (part[core.head[own]], part[core.tail[own]])), shape=(parts, parts))
    network = SwitchNetwork(np.arange(parts), arcs.tocsr(), sparse.csr_array((0, parts)))
    sources, work = demand.sources, 0.0
    for start in range(0, len(sources), ROWS):
        block = sources[start : start + ROWS]
        unique, place = np.unique(part[block], return_inverse=True)
        hops = np.concatenate([found for _, found in distances(network, unique)])
        work += float((demand.rows(block) * hops[place][:, part]).sum())
    return float(core.capacity[own].sum() / work) if work > 0 else np.inf

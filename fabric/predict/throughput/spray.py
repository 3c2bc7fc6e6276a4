"""What an even split over all shortest ways of a graph achieves: 1 / the fullest arc's load. It chooses nothing by hash.

Every switch splits what it holds for a target evenly over its cables that lead one hop nearer to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fabric.predict.throughput.core import Core
from fabric.predict.throughput.demand import Demand
from topologies.hops import SwitchNetwork, distances

Floats = NDArray[np.float64]
BLOCK = 64
"""Targets at a time: bounds the memory to BLOCK x arcs."""


def shortest_split(core: Core, demand: Demand) -> float:
    """Return theta of the even split over all shortest ways of a core; its devices' own cables are not looked at."""
    shape = (core.vertices, core.vertices)
    cables = sparse.coo_array((core.cables, (core.tail, core.head)), shape=shape).tocsr()
    towards = SwitchNetwork(np.arange(core.vertices), cables, sparse.csr_array((0, core.vertices)))
    matrix, sources = np.zeros(shape), demand.sources
    matrix[sources] = demand.rows(sources)
    targets = np.flatnonzero(matrix.any(axis=0))
    load = np.zeros(len(core.tail))
    for start in range(0, len(targets), BLOCK):
        block = targets[start : start + BLOCK]
        hops = np.concatenate([found for _, found in distances(towards, block)]).T
        share = _shares(cables, hops, matrix[:, block])
        nearer = hops[core.head] == hops[core.tail] - 1
        load += core.cables * np.where(nearer, share[core.tail], 0).sum(axis=1)
    used = load > 0
    return float((core.even[used] / load[used]).min(initial=np.inf))


def _shares(cables: sparse.csr_array, hops: NDArray[np.int16], held: Floats) -> Floats:
    """Return what every vertex puts on each cable one hop nearer to each target (vertices, targets)."""
    share, held, back = np.zeros(held.shape), held.copy(), cables.T.tocsr()
    for far in range(int(hops.max(initial=0)), 0, -1):
        here, nearer = hops == far, hops == far - 1
        ways = cables @ nearer.astype(float)
        now = np.where(here, held / np.maximum(ways, 1), 0)
        share += now
        held += np.where(nearer, back @ now, 0)
    return share

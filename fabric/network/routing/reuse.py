"""Distances in a cut network, taken over from the whole one wherever the failures leave them as they were. It draws nothing.

A destination keeps its distances where every switch that lost a cable towards it still has another neighbour one hop nearer:
then, by induction from the destination outwards, each switch is as near as before, and never nearer, since cables only go.
Only the other destinations are searched anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from fabric.network.routing.cuts import Failures, Origin
from fabric.network.routing.graph import Graph, Hops, outside
from fabric.network.routing.ways import Flags, Ints
from topologies.base import Topology
from topologies.hops import group_distances


def outside_without(before: Graph, origin: Origin, remaining: Topology) -> Graph:
    """Return the scale-out network of the remaining wiring; before: that of its origin."""
    left = outside(remaining)
    if left.keeps and before.keeps:
        return replace(left, known=_patched(before, left, origin.failures))
    return left


def _patched(before: Graph, after: Graph, failures: Failures) -> Hops:
    """Return the distances in the cut network, searched anew only where they may differ."""
    changed = np.ones(after.groups.shape[0], dtype=bool)
    old = _same_class(before, after)
    known = np.flatnonzero(old >= 0)
    distance = np.full(after.groups.shape, -1, dtype=np.int16)
    distance[known] = before.distance[old[known]]
    gone = np.flatnonzero((np.diff(after.start) == 0) & (np.diff(before.start) > 0))
    distance[np.ix_(known, gone)] = np.where(_is_home(after, known, gone), 0, -1)
    changed[known] = _lost(distance[known], before, after, failures, gone)
    redo = np.flatnonzero(changed)
    distance[redo] = group_distances(after.neighbours, after.groups[redo])
    return distance


def _same_class(before: Graph, after: Graph) -> Ints:
    """Return for every class the class before whose home switches are the same, -1 where there is none."""
    first = np.unique(after.kind, return_index=True)[1]
    old = before.kind[first]
    was, now = before.groups[old], after.groups
    same = np.diff(was.indptr) == np.diff(now.indptr)
    apart = abs((was > 0).astype(np.int8) - (now > 0).astype(np.int8)).sum(axis=1)
    return np.where(same & (np.asarray(apart).ravel() == 0), old, -1)


def _is_home(after: Graph, kinds: Ints, switches: Ints) -> Flags:
    return np.asarray(sparse.csr_array(after.groups[kinds])[:, switches].toarray() > 0)


def _lost(distance: Hops, before: Graph, after: Graph, failures: Failures, gone: Ints) -> Flags:
    """Return which rows have a switch that lost its only neighbours one hop nearer; switches without cables do not count."""
    dead = ~failures.alive(before.topology)
    tail = np.repeat(np.arange(len(before.vertices)), np.diff(before.start))
    hit = np.unique(tail[dead[before.link // 2]])
    lost = np.zeros(len(distance), dtype=bool)
    columns = np.ascontiguousarray(distance.T)
    for switch in np.setdiff1d(hit, gone).tolist():
        neighbours = np.unique(after.head[after.start[switch] : after.start[switch + 1]])
        nearer = (columns[neighbours] == columns[switch] - 1).any(axis=0)
        lost |= ~nearer & (columns[switch] > 0)
    return lost

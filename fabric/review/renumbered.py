"""Which node and which switch of a wiring is which of a larger one, so that the most cables stay. It knows no family.

Families number anew what they grow: the ninth leaf of a small network may be the seventeenth of a large one, on the same
cables. Every assignment that keeps tiers apart and the devices of a node together is a plan that can be carried out. From
equal numbers on, the switches of one tier after the other and the nodes are assigned anew, each exactly (an assignment
problem), until no tier keeps more. That is a plan and not a proof: changing several tiers at once might keep more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from topologies.base import Topology
from topologies.nics import nics_alone

Ints = NDArray[np.int64]
ROUNDS = 4
"""Times that all tiers are gone through at most."""


@dataclass(frozen=True, eq=False)
class _Sides:
    """Two wirings and, of each, the cables between any two vertices as counts, both ways."""

    before: Topology
    after: Topology
    old: csr_array
    new: csr_array


def kept(before: Topology, after: Topology) -> int:
    """Return how many of the network's cables keep both ends in the best assignment found."""
    before, after = _by_nic(before), _by_nic(after)
    sides = _Sides(before, after, _cables(before), _cables(after))
    where = _by_number(before, after)
    stays = _stays(sides, where)
    for _ in range(ROUNDS):
        most = stays.sum()
        for tier in _order(before):
            own = np.flatnonzero(before.tier == tier)
            if stays[own].sum() < sides.old[own].sum():
                tried = _tier_anew(sides, where, own) if tier else _nodes_anew(sides, where, own)
                if (found := _stays(sides, tried)).sum() > stays.sum():
                    where, stays = tried, found
        if stays.sum() == most:
            break
    return int(stays.sum()) // 2


def _by_nic(topology: Topology) -> Topology:
    """Return the network with NICs in the place of the devices that share them, still node by node."""
    alone = nics_alone(topology)
    if alone is topology:
        return topology
    return replace(alone, node=topology.node[topology.devices : topology.devices + alone.vertices])


def _cables(topology: Topology) -> csr_array:
    ends = topology.ends[topology.level != topology.scale_up_level].astype(np.int64)
    both = np.concatenate([ends, ends[:, ::-1]])
    found = csr_array((np.ones(len(both), dtype=np.int64), both.T), shape=(topology.vertices, topology.vertices))
    found.sum_duplicates()
    return found


def _by_number(before: Topology, after: Topology) -> Ints:
    """Return the vertex after of every vertex before: that of its number in its tier, -1 where there are not so many."""
    where = np.full(before.vertices, -1, dtype=np.int64)
    for tier in _order(before):
        own, other = np.flatnonzero(before.tier == tier), _same_tier(before, after, tier)
        both = min(len(own), len(other))
        where[own[:both]] = other[:both]
    return where


def _order(topology: Topology) -> list[int]:
    """Return the tiers of the network from the leaves up, the devices' (0) last."""
    return [*(tier for tier in range(1, len(topology.tiers)) if tier != topology.scale_up_tier), 0]


def _same_tier(before: Topology, after: Topology, tier: int) -> Ints:
    name = before.tiers[tier]
    return np.flatnonzero(after.tier == after.tiers.index(name)) if name in after.tiers else np.empty(0, dtype=np.int64)


def _chosen(sides: _Sides, where: Ints) -> csr_array:
    """Return the assignment as a matrix of ones, (vertices before, vertices after)."""
    own = np.flatnonzero(where >= 0)
    shape = (sides.before.vertices, sides.after.vertices)
    return csr_array((np.ones(len(own), dtype=np.int64), (own, where[own])), shape=shape)


def _stays(sides: _Sides, where: Ints) -> csr_array:
    """Return the cables that keep both ends, as counts between vertices before: of a and b parallel ones min(a, b)."""
    chosen = _chosen(sides, where)
    return sides.old.minimum(chosen @ sides.new @ chosen.T)


def _worth(sides: _Sides, where: Ints, rows: Ints, columns: Ints) -> csr_array:
    """Return the cables that stay where a row's vertex becomes a column's, all others as they are."""
    chosen, old, new = _chosen(sides, where), sides.old[rows], sides.new[columns]
    total = csr_array((len(rows), len(columns)), dtype=np.int64)
    for k in range(1, int(min(old.max(), new.max())) + 1):  # min(a, b) is one for every k up to both
        total = total + _at_least(old, k) @ chosen @ _at_least(new, k).T
    return total


def _at_least(counts: csr_array, k: int) -> csr_array:
    return (counts >= k).astype(np.int64)


def _tier_anew(sides: _Sides, where: Ints, rows: Ints) -> Ints:
    """Return the assignment with the switches of one tier assigned anew, all else as it is."""
    found, columns = where.copy(), _same_tier(sides.before, sides.after, int(sides.before.tier[rows[0]]))
    if len(columns):
        place = _best(_worth(sides, where, rows, columns))
        found[rows] = np.where(place >= 0, columns[place], -1)
    return found


def _nodes_anew(sides: _Sides, where: Ints, rows: Ints) -> Ints:
    """Return the assignment with the nodes assigned anew: a device becomes the one of its place in its node."""
    (node, place), (other, there) = _places(sides.before), _places(sides.after)
    worth = _worth(sides, where, rows, np.arange(sides.after.devices)).tocoo()
    fits = place[worth.row] == there[worth.col]
    pairs = (node[worth.row[fits]], other[worth.col[fits]])
    target = _best(csr_array((worth.data[fits], pairs), shape=(sides.before.nodes, sides.after.nodes)))[node]
    seat = np.full((sides.after.nodes + 1, int(max(place.max(), there.max())) + 1), -1, dtype=np.int64)
    seat[other, there] = np.arange(sides.after.devices)
    found = where.copy()
    found[rows] = seat[target, place]  # a node without another (-1) takes the last row, which is empty
    return found


def _places(topology: Topology) -> tuple[Ints, Ints]:
    """Return the node of every device and its place there, by number."""
    node = topology.node[: topology.devices].astype(np.int64)
    order = np.argsort(node, kind="stable")
    first = np.searchsorted(node[order], np.arange(topology.nodes))
    place = np.empty(topology.devices, dtype=np.int64)
    place[order] = np.arange(topology.devices) - first[node[order]]
    return node, place


def _best(worth: csr_array) -> Ints:
    """Return the column of every row with the largest sum of worth; rows without worth take what is left, -1 at the end.

    One column more a row, of a worth below all others, makes sure that every row finds one.
    """
    rows, columns = worth.shape
    own = worth.astype(np.float64)
    own.data += 1.0
    row, column = min_weight_full_bipartite_matching(hstack([own, eye_array(rows)]).tocsr(), maximize=True)
    place = np.full(rows, -1, dtype=np.int64)
    place[row] = np.where(column < columns, column, -1)
    empty, free = np.flatnonzero(place < 0), np.setdiff1d(np.arange(columns), place)
    both = min(len(empty), len(free))
    place[empty[:both]] = free[:both]
    return place

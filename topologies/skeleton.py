"""A wiring without its hosts, and how well one such wiring fits another. It does not know how a placing is found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from topologies.base import Topology

MOST_EXCHANGED = 1_500
"""Switches that are exchanged among themselves at once."""
SUSPECT = (0.5, 0.3, 0.2, 0.1, 0.0)
"""Shares of a switch's weight that do not fit, above which it is taken off its place and placed anew."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A wiring without its hosts: forwarding vertices, cables between them, hosts and shared hosts as weights.

    vertex: core number -> vertex of the topology. weight: symmetric, cables plus shared hosts; the last row and column
    stand for all hosts together. tier: per core vertex.
    """

    vertex: Ints
    weight: sparse.csr_array
    tier: Ints

    @property
    def size(self) -> int:
        """The number of forwarding vertices."""
        return len(self.vertex)

    @cached_property
    def total(self) -> Ints:
        """The weight of every vertex: its cables, its hosts, its shared hosts."""
        return np.asarray(self.weight.sum(axis=1)).astype(np.int64)

    def row(self, vertex: int) -> tuple[Ints, Ints]:
        """Return the neighbours of a core vertex and the weights towards them."""
        start, stop = self.weight.indptr[vertex : vertex + 2]
        return self.weight.indices[start:stop], self.weight.data[start:stop]


def skeleton(topology: Topology) -> Skeleton:
    """Return the wiring's forwarding vertices outside nodes with their cables and hosts."""
    core = topology.forwards & (topology.tier != topology.scale_up_tier)
    vertex = np.flatnonzero(core)
    number = np.full(topology.vertices, -1)
    number[vertex] = np.arange(len(vertex))
    ends = topology.ends[topology.level != topology.scale_up_level]
    inside = core[ends].all(axis=1)
    size = len(vertex) + 1
    between = number[ends[inside]]
    weight = _counts(between, size) + _counts(between[:, ::-1], size)
    pairs = _host_ends(ends, core)
    homes = _counts(np.stack([pairs[:, 0], number[pairs[:, 1]]], axis=1), max(topology.vertices, size))
    shared = (homes.T @ homes).tocsr()[:size, :size]
    shared.setdiag(0)
    at_hosts = np.bincount(number[pairs[:, 1]], minlength=size)[:-1]
    column = sparse.coo_array((at_hosts, (np.arange(size - 1), np.full(size - 1, size - 1))), shape=(size, size))
    whole = sparse.csr_array(weight + shared + column + column.T)
    whole.eliminate_zeros()
    whole.sort_indices()
    return Skeleton(vertex, whole, topology.tier[vertex].astype(np.int64))


def _host_ends(ends: NDArray[np.int32], core: NDArray[np.bool_]) -> Ints:
    """Return (host, switch) of the cables of hosts that do not forward."""
    mixed = ends[core[ends].sum(axis=1) == 1]
    pairs: Ints = np.where(core[mixed[:, :1]], mixed[:, ::-1], mixed).astype(np.int64)
    return pairs


def _counts(pairs: Ints, size: int) -> sparse.csr_array:
    ones = np.ones(len(pairs), dtype=np.int64)
    return sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size)).tocsr()


def overlap(placed: Ints, observed: Skeleton, designed: Skeleton, rows: Ints, columns: Ints) -> NDArray[np.int64]:
    """Return the weight that observed `rows` would explain as designed `columns`, all other vertices as placed."""
    known = np.flatnonzero(placed >= 0)
    mine = observed.weight[rows][:, known]
    theirs = designed.weight[columns][:, placed[known]]
    hosts = [np.asarray(w.toarray()).ravel() for w in (observed.weight[rows][:, [-1]], designed.weight[columns][:, [-1]])]
    shared = np.minimum.outer(*hosts)
    least = 0
    for value in np.unique(mine.data).tolist():
        above = [sparse.csr_array((w >= value).astype(np.int64)) for w in (mine, theirs)]
        shared = shared + (value - least) * (above[0] @ above[1].T).toarray()
        least = value
    return np.asarray(shared)


def unexplained(placed: Ints, observed: Skeleton, designed: Skeleton) -> int:
    """Return the weight on which the observed wiring, so placed, and the design differ."""
    known = placed >= 0
    target = np.append(placed[known], designed.size)
    back = np.append(np.flatnonzero(known), observed.size)
    turn = sparse.coo_array(
        (np.ones(len(back), dtype=np.int64), (target, back)), shape=(designed.size + 1, observed.size + 1)
    ).tocsr()
    moved = turn @ observed.weight @ turn.T
    lost = observed.weight.sum() - moved.sum()
    return int(abs(moved - designed.weight).sum() + lost)


def misfits(placed: Ints, observed: Skeleton, designed: Skeleton) -> Ints:
    """Return the observed core vertices whose cables are not exactly those of their place."""
    return np.flatnonzero((gaps(placed, observed, designed) > 0) | (placed < 0))


def gaps(placed: Ints, observed: Skeleton, designed: Skeleton) -> Ints:
    """Return per observed core vertex the weight on which it and its place differ; all of it where it has no place."""
    known = np.flatnonzero(placed >= 0)
    inverse = np.full(designed.size + 1, -1)
    inverse[placed[known]], inverse[-1] = known, observed.size
    theirs = designed.weight[placed[known]].tocoo()
    kept = inverse[theirs.col] >= 0
    shape = (observed.size, observed.size + 1)
    wanted = sparse.coo_array((theirs.data[kept], (known[theirs.row[kept]], inverse[theirs.col[kept]])), shape=shape).tocsr()
    differs = np.asarray(abs(observed.weight[: observed.size] - wanted).sum(axis=1)).astype(np.int64)
    np.add.at(differs, known[theirs.row[~kept]], theirs.data[~kept])
    return differs


def polished(placed: Ints, observed: Skeleton, designed: Skeleton) -> Ints:
    """Return the places after exchanging misfits, then after taking the worst ones off first, while either helps."""
    better: Ints | None = placed
    while better is not None:
        placed = better
        least = unexplained(placed, observed, designed)
        better = _better(placed, least, observed, designed)
    return placed


def _better(placed: Ints, least: int, observed: Skeleton, designed: Skeleton) -> Ints | None:
    """Return places that leave less than `least` unexplained, None where no exchange finds any."""
    share = gaps(placed, observed, designed) / np.maximum(1, observed.total[:-1])
    for most in (np.inf, *SUSPECT):
        tried = exchanged(np.where(share > most, -1, placed), observed, designed)
        if unexplained(tried, observed, designed) < least:
            return tried
    return None


def exchanged(placed: Ints, observed: Skeleton, designed: Skeleton) -> Ints:
    """Return the places after switches that do not fit were exchanged, tier by tier, for the best fit."""
    for _ in range(6):
        before = placed.copy()
        wrong = misfits(placed, observed, designed)
        taken = np.zeros(designed.size, dtype=bool)
        taken[placed[placed >= 0]] = True
        for tier in np.unique(observed.tier[wrong]):
            rows = wrong[observed.tier[wrong] == tier]
            columns = np.concatenate([placed[rows][placed[rows] >= 0], np.flatnonzero(~taken & (designed.tier == tier))])
            if 0 < len(rows) <= MOST_EXCHANGED and 0 < len(columns) <= MOST_EXCHANGED:
                fit = 2 * overlap(placed, observed, designed, rows, columns) - designed.total[columns][None, :]
                fit = 2 * fit + (placed[rows][:, None] == columns[None, :])
                chosen, to = linear_sum_assignment(fit, maximize=True)
                placed[rows] = -1
                placed[rows[chosen]] = columns[to]
        if np.array_equal(before, placed):
            break
    return placed

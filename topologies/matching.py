"""Which observed switch stands for which designed one, from the wiring alone. It trusts no name and knows no speeds.

Individualise and vote. Of designed switches with the same neighbours (twins) any one is as good. One observed switch is
put on one designed one; every pair so placed speaks for the pairs of their neighbours, weighted by parallel cables; the
pair with the largest lead over its runner-up is placed next, and a tie is broken at random, as the symmetry of the
design allows. Wrong cables are outvoted. At the end switches that do not fit are exchanged among themselves for the best
fit (assignment problem), and the cheapest of several starts is kept. Hosts count as weight on their switches.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from topologies.base import Topology
from topologies.errors import InputError

MOST_CELLS = 250_000_000
"""Largest table of votes (observed switches x designed classes), a gigabyte of 32-bit numbers."""
MOST_TRIES = 200
GOOD = 0.01
"""A start that leaves at most this share of the weight unexplained is kept at once."""
MOST_EXCHANGED = 1_500
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
    ends = topology.ends[(topology.tier[topology.ends] != topology.scale_up_tier).all(axis=1)]
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


def match(observed: Skeleton, designed: Skeleton, seed: int = 0) -> Ints:
    """Return the designed core vertex of every observed one, -1 where the design has none left for it.

    Raises:
        InputError: so many switches that the table of votes does not fit; names can be trusted instead.
    """
    twins = _twins(designed)
    if observed.size * (int(twins.max(initial=0)) + 1) > MOST_CELLS:
        raise InputError(f"audit: {observed.size:,} switches are too many to match without names; use --trust names")
    random = np.random.default_rng(seed)
    best, least = np.full(observed.size, -1), np.inf
    starts = _starts(observed, designed, twins, random)
    for start in starts:
        placed = _exchanged(_Vote(observed, designed, twins, random).run(*start), observed, designed)
        cost = unexplained(placed, observed, designed)
        if cost < least:
            best, least = placed, cost
        if least <= GOOD * designed.weight.sum():
            break
    return best


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
    known = np.flatnonzero(placed >= 0)
    inverse = np.full(designed.size + 1, -1)
    inverse[placed[known]], inverse[-1] = known, observed.size
    columns = np.append(placed, designed.size)
    theirs = designed.weight[placed[known]].tocoo()
    kept = inverse[theirs.col] >= 0
    shape = (observed.size, observed.size + 1)
    wanted = sparse.coo_array((theirs.data[kept], (known[theirs.row[kept]], inverse[theirs.col[kept]])), shape=shape).tocsr()
    differs = np.asarray(abs(observed.weight[: observed.size] - wanted).sum(axis=1))
    short = np.zeros(observed.size, dtype=bool)
    short[known] = np.bincount(theirs.row[~kept], minlength=len(known)) > 0
    return np.flatnonzero((differs > 0) | short | (columns[:-1] < 0))


def _twins(designed: Skeleton) -> Ints:
    """Return a class per designed core vertex: equal for vertices of a tier with the same weights to the same vertices."""
    random = np.random.default_rng(1)
    mark = random.integers(1, 2**40, designed.size + 1)
    rows = np.repeat(np.arange(designed.size + 1), np.diff(designed.weight.indptr))
    sums = np.zeros((designed.size + 1, 2), dtype=np.int64)
    for k, power in enumerate((1, 2)):
        np.add.at(sums[:, k], rows, mark[designed.weight.indices] ** power * designed.weight.data)
    keys = np.column_stack([designed.tier, sums[:-1]])
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def _starts(observed: Skeleton, designed: Skeleton, twins: Ints, random: np.random.Generator) -> list[tuple[int, int]]:
    """Return (observed vertex, designed class) to start from: one class per colour, several vertices of the usual weight."""
    colour = _colours(designed)
    usual = np.bincount(colour).argmax() if designed.size else 0
    model = int(np.flatnonzero(colour == usual)[0])
    alike = (observed.tier == designed.tier[model]) & (observed.total[:-1] == designed.total[model])
    vertices = np.flatnonzero(alike) if alike.any() else np.arange(observed.size)
    same = (designed.tier == designed.tier[model]) & (designed.total[:-1] == designed.total[model])
    sorts = [int(twins[np.flatnonzero(same & (colour == c))[0]]) for c in np.unique(colour[same])]
    chosen = random.permutation(vertices)[:6]
    pairs = [(int(v), sort) for v in chosen for sort in sorts]
    return pairs[:MOST_TRIES] if observed.size else []


def _colours(designed: Skeleton) -> Ints:
    """Return a colour per designed vertex, refined by neighbours' colours until nothing more is told apart."""
    colour = np.unique(np.column_stack([designed.tier, designed.total[:-1]]), axis=0, return_inverse=True)[1].ravel()
    random = np.random.default_rng(2)
    while True:
        mark = random.integers(1, 2**40, colour.max() + 2)
        heard = designed.weight @ mark[np.append(colour, colour.max() + 1)]
        finer = np.unique(np.column_stack([colour, heard[:-1]]), axis=0, return_inverse=True)[1].ravel()
        if finer.max() == colour.max():
            return colour.astype(np.int64)
        colour = finer


class _Vote:
    """One run of voting: a table of votes (observed vertices x classes) and the pairs placed so far."""

    def __init__(self, observed: Skeleton, designed: Skeleton, twins: Ints, random: np.random.Generator) -> None:
        classes = int(twins.max()) + 1
        order = np.argsort(twins, kind="stable")
        bounds = np.searchsorted(twins[order], np.arange(classes + 1))
        self.observed, self.designed, self.twins = observed, designed, twins
        self.free = [list(order[bounds[c] : bounds[c + 1]]) for c in range(classes)]
        self.speaker = order[bounds[:-1]]
        self.votes = np.where(observed.tier[:, None] == designed.tier[self.speaker][None, :], 0, -(2**20)).astype(np.float32)
        self.placed = np.full(observed.size, -1)
        self.jitter = random.random(observed.size)
        self.best = np.zeros((observed.size, 2), dtype=np.int64)
        self.heap: list[tuple[float, float, float, int]] = []
        self._speak(designed.size, observed.size)
        self.by_hosts = np.maximum(self.votes.max(axis=1), 0)
        self._rank(np.arange(observed.size))

    def run(self, vertex: int, sort: int) -> Ints:
        """Return the places after starting with this vertex in this class."""
        self._place(vertex, sort)
        while self.heap:
            lead, votes, jitter, v = heapq.heappop(self.heap)
            if self.placed[v] >= 0:
                continue
            now = self._key(v)
            if now != (lead, votes, jitter, v):
                continue
            sort = int(self.best[v, 0])
            if self.votes[v, sort] >= 0 and self.free[sort]:
                self._place(v, sort)
        return self.placed

    def _place(self, v: int, sort: int) -> None:
        """Put an observed vertex on a free member of a class, let the pair vote, rank again who is concerned."""
        member = int(self.free[sort].pop())
        self.placed[v] = member
        concerned = self._speak(member, v)
        if not self.free[sort]:
            self.votes[:, sort] = -(2**20)
            dirty = np.flatnonzero((self.best == sort).any(axis=1))
            concerned = np.union1d(concerned, dirty)
        self._rank(concerned[self.placed[concerned] < 0])

    def _speak(self, member: int, v: int) -> Ints:
        """Add the votes of the pair (designed member, observed v) for the pairs of their neighbours."""
        theirs, their_weights = self.designed.row(member)
        mine, weights = self.observed.row(v)
        kept, own = theirs < self.designed.size, mine < self.observed.size
        theirs, their_weights, mine, weights = theirs[kept], their_weights[kept], mine[own], weights[own]
        sorts = self.twins[theirs]
        first = np.unique(sorts, return_index=True)[1]
        self.votes[np.ix_(mine, sorts[first])] += np.minimum(weights[:, None], their_weights[first][None, :])
        return mine.astype(np.int64)

    def _rank(self, vertices: Ints) -> None:
        """Find the best class and the runner-up of the vertices, and queue them."""
        if not len(vertices):
            return
        rows = self.votes[vertices]
        first = rows.argmax(axis=1)
        if rows.shape[1] > 1:
            rows[np.arange(len(rows)), first] -= 2**21
            second = rows.argmax(axis=1)
        else:
            second = first
        self.best[vertices] = np.column_stack([first, second])
        for v in vertices:
            heapq.heappush(self.heap, self._key(int(v)))

    def _key(self, v: int) -> tuple[float, float, float, int]:
        """Return the place in the queue: largest lead first, then votes of neighbours, then whole switches, then chance."""
        first, second = self.best[v]
        most = float(self.votes[v, first])
        lead = most - max(float(self.votes[v, second]), 0.0) if first != second else most
        weight = max(float(self.observed.total[v]), 1.0)
        return (-lead / weight, (float(self.by_hosts[v]) - most) / weight, float(self.jitter[v]), v)


def _exchanged(placed: Ints, observed: Skeleton, designed: Skeleton) -> Ints:
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

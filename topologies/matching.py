"""Which observed switch stands for which designed one, from the wiring alone. It trusts no name and knows no speeds.

Individualise and vote. Of designed switches with the same neighbours (twins) any one is as good. One observed switch is
put on one designed one; every pair so placed speaks for the pairs of their neighbours, weighted by parallel cables; the
pair with the largest lead over its runner-up is placed next, and a tie is broken at random, as the symmetry of the
design allows. Wrong cables are outvoted. At the end switches that do not fit are exchanged among themselves for the best
fit (assignment problem), and the cheapest of several starts is kept. Hosts count as weight on their switches. Where the
first vote leaves much unexplained and the network is small, several searches with anchors follow (`anchors`).
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from topologies.anchors import MOST_SWITCHES, AnchorSearch
from topologies.errors import InputError
from topologies.skeleton import Skeleton, exchanged, unexplained

MOST_CELLS = 250_000_000
"""Largest table of votes (observed switches x designed classes), a gigabyte of 32-bit numbers."""
MOST_TRIES = 200
GOOD = 0.01
"""A start that leaves at most this share of the weight unexplained is kept at once."""
FAIR = 0.1
"""Where the least is at most this share of the weight and AGREED searches come to it, it is believed."""
AGREED = 3
MOST_SEARCHES = 60
SEARCHED = 2_000_000
"""Cells of evidence over all searches: bounds how often a large network is searched."""
Ints = NDArray[np.int64]


def match(observed: Skeleton, designed: Skeleton, seed: int = 0) -> Ints:
    """Return the designed core vertex of every observed one, -1 where the design has none left for it.

    Raises:
        InputError: so many switches that the table of votes does not fit; names can be trusted instead.
    """
    if not observed.size or not designed.size:  # nodes without a network between them
        return np.full(observed.size, -1)
    twins = _twins(designed)
    if observed.size * (int(twins.max(initial=0)) + 1) > MOST_CELLS:
        raise InputError(f"audit: {observed.size:,} switches are too many to match without names; use --trust names")
    random = np.random.default_rng(seed)
    best, least = np.full(observed.size, -1), np.inf
    for number, start in enumerate(_starts(observed, designed, twins, random)):
        placed = exchanged(_Vote(observed, designed, twins, random).run(*start), observed, designed)
        cost = unexplained(placed, observed, designed)
        if cost < least:
            best, least = placed, cost
        if least <= GOOD * designed.weight.sum():
            break
        if number == 0 and max(observed.size, designed.size) <= MOST_SWITCHES:
            best, least = _searched(best, observed, designed, random)
            if least <= FAIR * designed.weight.sum():
                break
    return best


def _searched(best: Ints, observed: Skeleton, designed: Skeleton, random: np.random.Generator) -> tuple[Ints, int]:
    """Return the best of these places and of several searches with anchors, and the weight it leaves unexplained."""
    least, agreed = unexplained(best, observed, designed), 1
    search = AnchorSearch(observed, designed, random)
    most = int(np.clip(SEARCHED // (observed.size * designed.size), 2, MOST_SEARCHES))
    for _, start in zip(range(most), search.starts(), strict=False):
        placed = search.run(start)
        cost = unexplained(placed, observed, designed)
        agreed = 1 if cost < least else agreed + (cost == least)
        if cost < least:
            best, least = placed, cost
        if least == 0 or (agreed >= AGREED and least <= FAIR * designed.weight.sum()):
            break
    return best, least


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

"""Shortest ways towards a block of destinations, by one of two loops: over blocks, or outwards. It knows no device.

Both give distance, weight (ways, or 1 without `ideal`) and crossed (by level, weight times the mean links of that level) as
(switches, BLOCK), take what every switch holds in `held`, and add up what then crosses every place in the rows of links.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from fabric.network.routing.graph import Graph
from fabric.network.routing.ways import Floats, Ints
from topologies.hops import WORD, WORDS

BLOCK = 32
"""Destinations at a time: a switch's row is four cache lines, and all rows together stay in the cache."""
SEARCHED = WORD * WORDS
"""Destinations whose distances are searched at a time."""
EXACT = 1 << 24
"""Counts of ways below are exact in single precision, which is half the memory to read."""


class Towards(Protocol):
    """What is known of the ways towards BLOCK destinations, a column each; past the last one all distances are -1."""

    held: Floats
    distance: np.ndarray
    weight: np.ndarray
    crossed: Floats

    def ascend(self, low: int, homes: tuple[Ints, Ints, Floats]) -> None:
        """Work out the ways to the groups from `low` on; homes: their switches, columns and cables. held becomes 0."""

    def descend(self) -> None:
        """Pass on what switches hold, and add up the crossings."""

    def crossing(self) -> Floats:
        """Return what has crossed every place in the rows of links so far."""


def towards(graph: Graph, kinds: Ints, levels: Ints, *, ideal: bool) -> Towards:
    """Return the faster loop for a graph. kinds: classes of the destinations; levels: those that are counted by crossed."""
    return Outwards(graph, kinds, levels, ideal=ideal) if graph.shallow else Blockwise(graph, kinds, levels, ideal=ideal)


class Outwards:
    """From each destination outwards, over the links of all but the farthest switches."""

    def __init__(self, graph: Graph, kinds: Ints, levels: Ints, *, ideal: bool) -> None:
        """Start with nothing crossed; arrays are turned, so that one destination's switches are one stretch of memory."""
        shape = (BLOCK, len(graph.vertices))
        self._graph, self._ideal, self._count = graph, ideal, len(kinds)
        self._groups = graph.groups[kinds]
        self._rows = graph.start.astype(np.uint32), graph.head.astype(np.uint32)
        self._near, self._order, self._reached = np.full(shape, -1, np.int16), np.zeros(shape, np.int64), np.zeros(BLOCK, int)
        self._held, self._ratio, self._weight, self._total = np.zeros((4, *shape))
        self._crossed = np.zeros((len(levels), *shape))
        self.held, self.distance, self.weight = self._held.T, self._near.T, self._weight.T
        self.crossed = self._crossed.transpose(0, 2, 1)
        place = np.full(len(graph.topology.levels), len(levels))
        place[levels] = np.arange(len(levels))
        self._level = place[graph.topology.level[graph.link // 2]]
        self._against = np.zeros(len(graph.link))

    def ascend(self, low: int, homes: tuple[Ints, Ints, Floats]) -> None:
        """As Towards."""
        from fabric.network.routing import kernels_outwards as kernels  # noqa: PLC0415  # numba is slow to load

        switch, column, ways = homes
        self._near[:], self._held[:], self._total[:], self._crossed[:] = -1, 0.0, 0.0, 0.0
        self._weight[column, switch] = ways if self._ideal else 1
        groups = self._groups
        kernels.ascend(
            self._near, self._order, self._reached, self._weight, self._total, self._crossed, self._ideal,
            groups.indptr[low : low + BLOCK + 1], groups.indices, *self._rows, self._level,
        )  # fmt: skip

    def descend(self) -> None:
        """As Towards."""
        from fabric.network.routing import kernels_outwards as kernels  # noqa: PLC0415

        ways = self._near, self._order, self._reached, self._held, self._ratio, self._weight, self._total
        kernels.descend(self._against, *ways, *self._rows)

    def crossing(self) -> Floats:
        """As Towards: what was counted at a link's place came in against it."""
        graph = self._graph
        place = np.empty(2 * len(graph.topology.ends), dtype=np.int64)
        place[graph.link] = np.arange(len(graph.link))
        return np.asarray(self._against[place[graph.link ^ 1]])


class Blockwise:
    """All links of every switch for a block of destinations at once; arrays are made once, since fresh memory is slow."""

    def __init__(self, graph: Graph, kinds: Ints, levels: Ints, *, ideal: bool) -> None:
        """Start with nothing crossed."""
        self._graph, self._kinds, self._ideal = graph, kinds, ideal
        self._rows = graph.start.astype(np.uint32), graph.head.astype(np.uint32)
        self._by_level = links_by_level(graph, levels)
        self._crossing = np.zeros(len(graph.link))
        shape = (len(graph.vertices), BLOCK)
        self.held, self._ratio, self._found = np.zeros((3, *shape))
        self.crossed, self._sums = np.zeros((2, len(levels), *shape))
        self._counts = self._room(np.float32)
        self.weight = self._counts[0]
        self._columns: np.ndarray = np.zeros((len(graph.vertices), 0), dtype=np.int8)
        self.distance = self._columns

    def _room(self, kind: type) -> list[np.ndarray]:
        """Return room for what counts ways: weight, total, and their sums in all and by level."""
        shape = self.held.shape
        return [*np.zeros((3, *shape), dtype=kind), np.zeros(self._sums.shape, dtype=kind)]

    def ascend(self, low: int, homes: tuple[Ints, Ints, Floats]) -> None:
        """As Towards."""
        if low % SEARCHED == 0:
            self._columns = self._graph.columns(self._kinds[low : low + SEARCHED])
        begin = low % SEARCHED
        self.distance = np.full((len(self._columns), BLOCK), -1, dtype=self._columns.dtype)
        self.distance[:, : self._columns.shape[1] - begin] = self._columns[:, begin : begin + BLOCK]
        self._ascend(homes)
        self.held[:] = self._ratio[:] = 0.0

    def _ascend(self, homes: tuple[Ints, Ints, Floats]) -> None:
        from fabric.network.routing import kernels_everyone as kernels  # noqa: PLC0415

        switch, column, ways = homes
        self.weight, total, found, part = self._counts
        self.weight[:] = total[:] = 0
        self.crossed[:] = 0.0
        self.weight[switch, column] = ways if self._ideal else 1
        kernels.ascend(
            self.weight, total, self.crossed, found, self._sums, part, self.distance, int(self.distance.max(initial=0)),
            self._ideal, *self._rows, *self._by_level,
        )  # fmt: skip
        if self.weight.dtype == np.float32 and max(total.max(), self.weight.max()) >= EXACT:
            self._counts = self._room(np.float64)
            self._ascend(homes)

    def descend(self) -> None:
        """As Towards."""
        from fabric.network.routing import kernels_everyone as kernels  # noqa: PLC0415

        weight, total, distance = self.weight, self._counts[1], self.distance
        most = int(distance.max(initial=0))
        kernels.descend(self.held, self._ratio, weight, total, self._found, distance, most, *self._rows)
        kernels.cross(self._crossing, self._ratio, weight, distance, *self._rows)

    def crossing(self) -> Floats:
        """As Towards."""
        return self._crossing


def links_by_level(graph: Graph, levels: Ints) -> tuple[Ints, np.ndarray]:
    """Return for every level where every switch's links of it start, and lead to."""
    level = graph.topology.level[graph.link // 2]
    tail = np.repeat(np.arange(len(graph.vertices)), np.diff(graph.start))
    starts, heads, before = [np.zeros((0, len(graph.vertices) + 1), dtype=np.int64)], [np.zeros(0, dtype=np.uint32)], 0
    for one in levels.tolist():
        own = level == one
        count = np.bincount(tail[own], minlength=len(graph.vertices))
        starts.append(before + np.concatenate(([0], np.cumsum(count)))[None])
        heads.append(graph.head[own].astype(np.uint32))
        before += int(own.sum())
    return np.concatenate(starts), np.concatenate(heads)

"""All ordered pairs of devices over any network, split over shortest ways, without listing pairs. It knows no bytes.

Devices with the same cables to the same switches are a crowd: what one of them sends or takes, each does. So the pairs are
crowds x crowds, worked out for a block of destination crowds at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fabric.network.routing.graph import Graph
from fabric.network.routing.routed import largest
from fabric.network.routing.tiers import no_way
from fabric.network.routing.towards import BLOCK, towards
from fabric.network.routing.ways import Floats, Ints


@dataclass(frozen=True, eq=False)
class Crowds:
    """The crowds of some devices.

    of: per device its crowd. first: one device of each crowd. size: how many there are. homes: (crowds, switches), cables.
    """

    graph: Graph
    devices: Ints
    of: Ints
    first: Ints
    size: Floats
    homes: sparse.csr_array

    @cached_property
    def end(self) -> Ints:
        """Per crowd the level of its devices' cables, the number of levels where they forward themselves."""
        return end_level(self.graph)[self.first]

    def pair(self, source: int, target: int) -> tuple[int, int]:
        """Return a device of each of two crowds, different ones."""
        return int(self.first[source]), int(self.devices[self.of == target][-1])


def crowds_of(graph: Graph, devices: Ints) -> Crowds:
    """Return the crowds of different devices; devices whose cables are of different levels are never one crowd."""
    levels = len(graph.topology.levels) + 1
    key = graph.kind[devices] * levels + end_level(graph)[devices]
    _, index, of, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    homes = graph.groups[graph.kind[devices[index]]]
    return Crowds(graph, devices, of.ravel(), devices[index], size.astype(np.float64), homes)


def everyone_to_everyone(graph: Graph, devices: Ints, *, ideal: bool) -> tuple[Floats, Floats]:
    """Return crossings of every link, and the hops per level of the longest ways, for a message per ordered pair.

    Raises:
        InputError: two devices that no way joins.
    """
    crowds = crowds_of(graph, devices)
    work = Work(crowds, ideal=ideal)
    most = np.zeros((0, len(graph.topology.levels)))
    for low in range(0, len(crowds.size), BLOCK):
        most = largest(np.concatenate([most, work.add(low)]))
    return work.per_link(), most


class Work:
    """The sums so far, over all crowds as sources and a block of them as destinations at a time."""

    def __init__(self, crowds: Crowds, *, ideal: bool) -> None:
        """Start with nothing crossed."""
        graph = crowds.graph
        self.crowds, self.graph = crowds, graph
        self.levels = np.unique(graph.topology.level[graph.link // 2]).astype(np.int64)
        self.ways = towards(graph, graph.kind[crowds.first], self.levels[:-1], ideal=ideal)
        self.out, self.into = np.zeros((2, len(crowds.homes.data)))
        self.length = np.full((len(crowds.size), BLOCK), -1, dtype=np.int16)
        self.means = np.zeros((max(len(self.levels) - 1, 0), *self.length.shape))

    def add(self, low: int) -> Floats:
        """Add what is sent to the crowds from `low` on; return the rows of hops of the longest ways to them.

        Raises:
            InputError: a device that does not reach one of them.
        """
        from fabric.network.routing import kernels_everyone as kernels  # noqa: PLC0415  # numba is slow to load

        crowds, homes, ways = self.crowds, self.crowds.homes, self.ways
        some, switch, column = self._homes(low)
        ways.ascend(low, (switch, column, homes.data[some]))
        self.means[:] = 0.0
        lost, column_lost = kernels.depart(
            ways.held, self.out, self.length, self.means, crowds.size, low, homes.indptr, homes.indices, homes.data,
            ways.distance, ways.weight, ways.crossed,
        )  # fmt: skip
        if lost >= 0:
            raise no_way(self.graph.topology, *crowds.pair(lost, low + column_lost))
        ways.descend()
        self.into[some] = ways.held[switch, column]
        return self._longest(low)

    def _homes(self, low: int) -> tuple[slice, Ints, Ints]:
        """Return the entries of the homes of the crowds from `low` on, their switches and their columns of a block."""
        homes = self.crowds.homes
        bounds = homes.indptr[low : low + BLOCK + 1].astype(np.int64)
        some = slice(int(bounds[0]), int(bounds[-1]))
        return some, homes.indices[some], np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))

    def _longest(self, low: int) -> Floats:
        """Return the hops per level of ways from crowds to those from `low` on, at least of every longest one."""
        end, levels = self.crowds.end, len(self.graph.topology.levels) + 1
        columns, found = end[low : low + BLOCK], [np.zeros((0, levels))]
        length, means = self.length[:, : len(columns)], self.means[:, :, : len(columns)]
        for a in np.unique(end).tolist():
            for b in np.unique(columns).tolist():
                if (end == a).all() and (columns == b).all():
                    rows = self._between(length.ravel(), means.reshape(len(means), length.size))
                else:
                    part = np.ix_(end == a, columns == b)
                    rows = self._between(length[part].ravel(), np.array([mean[part].ravel() for mean in means]))
                for level in (a, b):
                    rows[:, level] += 1
                found.append(rows)
        return np.concatenate(found)[:, :-1]

    def _between(self, length: NDArray[np.int16], means: Floats) -> Floats:
        """Return the distinct hops per level between home switches, of lengths >= 0."""
        levels = len(self.graph.topology.levels) + 1
        if not len(means):
            rows = np.zeros((1, levels))[: int(length.max(initial=-1) >= 0)]
            if len(self.levels):
                rows[:, self.levels[-1]] = length.max(initial=-1)
            return rows
        used = np.flatnonzero(length >= 0)
        key = np.round(np.stack([length[used], *means[:, used]]), 9)
        _, index = np.unique(np.sqrt(np.arange(2.0, 2 + len(key))) @ key, return_index=True)
        rows = np.zeros((len(index), levels))
        rows[:, self.levels[:-1]] = key[1:, index].T
        rows[:, self.levels[-1]] = key[0, index] - key[1:, index].sum(axis=0)
        return rows

    def per_link(self) -> Floats:
        """Return the crossings of every link."""
        graph, crowds = self.graph, self.crowds
        per_link = np.zeros(2 * len(graph.topology.ends))
        per_link[graph.link] = self.ways.crossing()
        crowd = np.full(graph.topology.vertices, -1)
        crowd[crowds.devices] = crowds.of
        tail = np.repeat(crowd, np.diff(graph.own_start))
        own = np.flatnonzero(tail >= 0)
        homes = crowds.homes
        keys = np.repeat(np.arange(len(crowds.size)), np.diff(homes.indptr)) * len(graph.vertices) + homes.indices
        order = np.argsort(keys)
        entry = order[np.searchsorted(keys[order], tail[own] * len(graph.vertices) + graph.own_head[own])]
        each = crowds.size[tail[own]] * homes.data[entry]
        per_link[graph.own_link[own]] = self.out[entry] / each
        per_link[graph.own_link[own] ^ 1] = self.into[entry] / each
        return per_link


def end_level(graph: Graph) -> Ints:
    """Return per device the level of its first cable, the number of levels where it forwards itself."""
    devices = graph.topology.devices
    level = np.full(devices, len(graph.topology.levels))
    own = np.flatnonzero((graph.entry[:devices] < 0) & (np.diff(graph.own_start[: devices + 1]) > 0))
    level[own] = graph.topology.level[graph.own_link[graph.own_start[own]] // 2]
    return level

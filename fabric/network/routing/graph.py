"""A network of any wiring as flat rows of links, with the distances to destinations. It knows no policy and no message.

Only vertices that forward are crossed. Devices with the same cables to the same home switches are one class of
destinations: everything is equally far from them. Inside nodes, whose graphs are disjoint, all devices of one index are
one class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from fabric.network.routing.ways import Flags, Floats, Ints
from topologies.base import Topology
from topologies.hops import Neighbours, group_distances, hops_to_groups, row_labels

KEPT = 1 << 27
"""Distances that are kept at most (2 bytes each); more are worked out again, block by block."""
BLOCK = 1 << 25
"""Distances of a block."""
SHALLOW = 3
"""A search goes outwards where at most 1 / SHALLOW of the links begin nearer than the farthest switches."""
Hops = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Graph:
    """The links between the n vertices that forward, and from the devices that do not to their home switches.

    vertices: (n,) their numbers in the topology. entry: per vertex its number among them, -1 where it does not forward.
    start, link, head: rows of links from a forwarding vertex to others, by cable. own_start, own_link, own_head: rows from
    a device. width: how many ways a cable counts for. kind: class of every device as a destination. groups: (classes, n),
    the cables from a class's home switches to each of its devices. direct: links between devices that do not forward:
    their sorted keys (source x devices + target), and the links. known: the distances, where they need no search.
    """

    topology: Topology
    vertices: Ints
    entry: Ints
    start: Ints
    link: Ints
    head: Ints
    own_start: Ints
    own_link: Ints
    own_head: Ints
    width: Floats
    kind: Ints
    groups: sparse.csr_array
    direct: tuple[Ints, Ints]
    known: Hops | None = field(default=None, repr=False)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The switches laid out for bit-parallel searches."""
        n = len(self.vertices)
        rows = np.repeat(np.arange(n), np.diff(self.start))
        matrix = sparse.coo_array((np.ones(len(rows)), (rows, self.head)), shape=(n, n)).tocsr()
        return Neighbours(matrix)

    @cached_property
    def component(self) -> Ints:
        """Per device, the label of what hangs together with it over vertices that forward."""
        n = len(self.vertices)
        tails = np.repeat(np.arange(n), np.diff(self.start))
        own = np.repeat(np.arange(self.topology.vertices), np.diff(self.own_start)) + n
        rows, columns = np.concatenate([tails, own]), np.concatenate([self.head, self.own_head])
        size = n + self.topology.vertices
        joined = sparse.coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size)).tocsr()
        labels = csgraph.connected_components(joined, directed=False)[1].astype(np.int64)
        entry = self.entry[: self.topology.devices]
        return np.asarray(np.where(entry >= 0, labels[np.maximum(entry, 0)], labels[n + np.arange(len(entry))]))

    @cached_property
    def places(self) -> tuple[NDArray[np.uint32], Floats, NDArray[np.int8]]:
        """Per place in the rows of links, what its link leads to, its width and its level: for loops that read all three."""
        cable = self.link // 2
        return self.head.astype(np.uint32), self.width[cable], self.topology.level[cable]

    @property
    def keeps(self) -> bool:
        """Whether all distances are kept."""
        return bool(self.groups.shape[0] * self.groups.shape[1] <= KEPT)

    @cached_property
    def distance(self) -> Hops:
        """Hops from every class's homes to every switch (classes, n), -1 where there is no way."""
        return self.searched(self.groups) if self.known is None else self.known

    @cached_property
    def shallow(self) -> bool:
        """Whether searches go outwards, destination by destination: few links begin at any but the farthest switches."""
        from fabric.network.routing import kernels_outwards as kernels  # noqa: PLC0415  # numba is slow to load

        homes = self.groups.indices[: self.groups.indptr[1]]
        near, order = np.empty(len(self.vertices), dtype=np.int16), np.empty(len(self.vertices), dtype=np.int64)
        count = kernels.reach(near, order, homes, self.start.astype(np.uint32), self.head.astype(np.uint32))
        return bool(count) and SHALLOW * kernels.links_nearby(near, order[:count], self.start) <= len(self.link)

    def searched(self, groups: sparse.csr_array) -> Hops:
        """Return the hops from every group of switches to every switch (groups, n), -1 where there is no way."""
        if not self.shallow:
            return group_distances(self.neighbours, groups)
        from fabric.network.routing import kernels_outwards as kernels  # noqa: PLC0415

        found = np.empty(groups.shape, dtype=np.int16)
        rows = self.start.astype(np.uint32), self.head.astype(np.uint32)
        kernels.distances(found, groups.indptr, groups.indices, *rows)
        return found

    def rows(self, kinds: Ints) -> Hops:
        """Return the distances to some classes (kinds, n)."""
        if self.keeps:
            return self.distance if len(kinds) == len(self.distance) else self.distance[kinds]
        return self.searched(self.groups[kinds])

    def columns(self, kinds: Ints) -> NDArray[np.integer]:
        """Return the distances to some classes by switch (n, kinds), -1 where there is no way."""
        return hops_to_groups(self.neighbours, self.groups[kinds]) if self.known is None else narrowed(self.known[kinds].T)

    def blocks(self, kind: Ints) -> list[tuple[Ints, Ints]]:
        """Return (classes, messages towards them) in blocks whose distances fit in memory, messages sorted by class.

        Where all distances are kept, there is one block of all classes, whether a message goes there or not.
        """
        order = np.argsort(kind, kind="stable")
        if self.keeps:
            return [(np.arange(self.groups.shape[0]), order)] if len(order) else []
        most = max(BLOCK // max(len(self.vertices), 1), 1)
        wanted, begin = np.unique(kind[order], return_index=True)
        if len(wanted) <= most:
            return [(wanted, order)] if len(wanted) else []
        cuts = [*begin[::most].tolist(), len(order)]
        return [(wanted[i * most : (i + 1) * most], order[cuts[i] : cuts[i + 1]]) for i in range(len(cuts) - 1)]

    def cables_between(self, source: Ints, target: Ints) -> tuple[Ints, Ints]:
        """Return where the direct cables of every pair of devices start in `direct`, and how many there are."""
        keys, _ = self.direct
        if not len(keys):
            return (none := np.zeros(len(source), dtype=np.int64)), none
        wanted = source * self.topology.devices + target
        first = np.searchsorted(keys, wanted)
        return first, np.searchsorted(keys, wanted, side="right") - first


def narrowed(hops: Hops) -> NDArray[np.integer]:
    """Return distances in single bytes where they fit."""
    return hops.astype(np.int8) if hops.max(initial=0) < 128 else hops


def outside(topology: Topology) -> Graph:
    """Return the scale-out network."""
    forwards = topology.forwards & (topology.tier != topology.scale_up_tier)
    return _graph(topology, np.flatnonzero(topology.level != topology.scale_up_level), forwards, None)


def inside(topology: Topology) -> Graph:
    """Return the graphs inside nodes; devices never forward there, and every lane is a way of its own.

    Lanes down to the target do not multiply ways: messages leave a device over all its lanes alike, 5, 4, 4 and 5 of 18.
    """
    forwards = topology.tier == topology.scale_up_tier if topology.scale_up_tier >= 0 else np.zeros(topology.vertices, bool)
    node = topology.together[: topology.devices]
    index = np.arange(topology.devices) - np.searchsorted(node, node)
    return _graph(topology, np.flatnonzero(topology.level == topology.scale_up_level), forwards, index)


def _graph(topology: Topology, cables: Ints, forwards: Flags, kind: Ints | None) -> Graph:
    """Return the graph of some cables; kind: the classes, None: devices with equal homes are one."""
    number = np.where(forwards, np.cumsum(forwards) - 1, -1)
    tail = topology.ends[cables].astype(np.int64)
    link = np.stack([2 * cables, 2 * cables + 1], axis=1).ravel()
    head, tail = tail[:, ::-1].ravel(), tail.ravel()
    width = np.ones(len(topology.ends)) if kind is None else topology.lanes.astype(np.float64)
    n, devices = int(forwards.sum()), topology.devices
    core = forwards[tail] & forwards[head]
    own = ~forwards[tail] & forwards[head] & (tail < devices)
    bare = ~forwards[tail] & ~forwards[head]
    own_rows = _rows(tail[own], link[own], number[head[own]], topology.vertices)
    homes = _homes(own_rows, number[:devices], n)
    kinds = row_labels(homes).astype(np.int64) if kind is None else kind
    keys = tail[bare] * devices + head[bare]
    order = np.argsort(keys, kind="stable")
    return Graph(
        topology, np.flatnonzero(forwards), number, *_rows(number[tail[core]], link[core], number[head[core]], n),
        *own_rows, width, kinds, _groups(homes, kinds, first_only=kind is None), (keys[order], link[bare][order]),
    )  # fmt: skip


def _rows(tail: Ints, link: Ints, head: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Return where every tail's links start, the links sorted by tail and cable, and their heads."""
    order = np.lexsort((link, tail))
    start = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=count))))
    return start, link[order], head[order]


def _homes(own: tuple[Ints, Ints, Ints], entry: Ints, n: int) -> sparse.csr_array:
    """Return the cables from every device to each home switch (devices, n); a device that forwards is its own home."""
    start, head = own[0][: len(entry) + 1], own[2]
    here = np.flatnonzero(entry >= 0)
    rows = np.concatenate([np.repeat(np.arange(len(entry)), np.diff(start)), here])
    columns = np.concatenate([head, entry[here]])
    homes = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(entry), n)).tocsr()
    homes.sum_duplicates()
    return homes


def _groups(homes: sparse.csr_array, kinds: Ints, *, first_only: bool) -> sparse.csr_array:
    """Return the homes of every class: those of its first device, or of all its devices."""
    if first_only:
        return homes[np.unique(kinds, return_index=True)[1]]
    rows = kinds[np.repeat(np.arange(homes.shape[0]), np.diff(homes.indptr))]
    shape = (int(kinds.max(initial=-1)) + 1, homes.shape[1])
    return sparse.coo_array((homes.data, (rows, homes.indices)), shape=shape).tocsr()

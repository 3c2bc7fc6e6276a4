"""Distances and equal-cost path counts between switches, exact. It does not know speeds or which path is taken.

Only vertices that forward are crossed, and only the scale-out network counts. Distances run bit-parallel (64 sources per
machine word); path counts run as blocks of sparse products, one per hop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topologies.base import SCALE_UP, Topology

Indices = NDArray[np.intp]
Words = NDArray[np.uint64]
BLOCK = 64
"""Sources per block: bounds the memory of path counts to BLOCK x switches numbers."""
WORD = 64
FEW_HOPS = 127
"""Up to here hops are added up in single bytes."""
WORDS = 16
"""Words per switch in one bit-parallel pass: a random neighbour then costs two reads of memory for 1,024 sources."""
ROWS = 1024
"""Rows that are joined at a time: their words fit the processor's cache."""
MANY = 64
"""Rows of more columns are joined by themselves."""


@dataclass(frozen=True, eq=False)
class SwitchNetwork:
    """The forwarding vertices of the scale-out network, numbered 0 ... n - 1.

    vertices: (n,) their vertex numbers in the topology. cables: (n, n) sparse and symmetric, parallel cables between
    two of them. homes: (devices, n) sparse, cables from a device to a switch; a device that forwards is its own home.
    """

    vertices: Indices
    cables: sparse.csr_array
    homes: sparse.csr_array

    @property
    def leaves(self) -> Indices:
        """The switches that bear a device, in order."""
        return np.unique(self.homes.indices)


def switch_network(topology: Topology) -> SwitchNetwork:
    """Return the switches and cables of the scale-out network as sparse matrices."""
    ends = scale_out_ends(topology)
    forwards = topology.forwards & (topology.tier != topology.scale_up_tier)
    number = np.cumsum(forwards) - 1
    switches = int(forwards.sum())
    low, high = ends.T
    both = forwards[low] & forwards[high]
    up = _counts(number[low[both]], number[high[both]], (switches, switches))
    own = np.flatnonzero(forwards[: topology.devices])
    hosted = ~forwards[low] & forwards[high]
    homes = _counts(
        np.concatenate([own, low[hosted]]),
        number[np.concatenate([own, high[hosted]])],
        (topology.devices, switches),
    )
    return SwitchNetwork(np.flatnonzero(forwards), (up + up.T).tocsr(), homes)


def scale_out_ends(topology: Topology) -> NDArray[np.int32]:
    """Return the ends of the cables outside nodes."""
    if SCALE_UP not in topology.levels:
        return topology.ends
    outside: NDArray[np.int32] = topology.ends[topology.level != topology.scale_up_level]
    return outside


def adjacency(topology: Topology) -> sparse.csr_array:
    """Return which vertices of the scale-out network are neighbours, (vertices, vertices): parallel cables, devices too."""
    low, high = scale_out_ends(topology).T
    rows, columns = np.concatenate([low, high]), np.concatenate([high, low])
    ones = np.ones(len(rows), dtype=np.int16)
    return sparse.coo_array((ones, (rows, columns)), shape=(topology.vertices,) * 2).tocsr()


def shortest_paths(
    network: SwitchNetwork, sources: Indices, block: int = BLOCK
) -> Iterator[tuple[Indices, NDArray[np.int16], NDArray[np.float64]]]:
    """Yield (sources, distance, paths) per block of sources; distance and paths are (sources, switches).

    distance: hops, -1 where unreachable. paths: how many shortest paths, parallel cables counted each (a whole number,
    exact below 2^53); 1 from a switch to itself, 0 where unreachable.
    """
    for start in range(0, len(sources), block):
        chosen = sources[start : start + block]
        yield chosen, *_breadth_first(network.cables, chosen)


def distances(network: SwitchNetwork, sources: Indices) -> Iterator[tuple[Indices, NDArray[np.int16]]]:
    """Yield (sources, distance) per block of up to 1,024 sources: hops to every switch (sources, switches), -1: no way."""
    neighbours = Neighbours(network.cables)
    for start in range(0, len(sources), WORD * WORDS):
        chosen = sources[start : start + WORD * WORDS]
        shape = len(chosen), neighbours.shape[0]
        ones = sparse.csr_array((np.ones(shape[0]), (np.arange(shape[0]), chosen)), shape=shape)
        yield chosen, _bit_parallel(neighbours, ones)


def group_distances(neighbours: Neighbours, groups: sparse.csr_array) -> NDArray[np.int16]:
    """Return the hops from every group of switches to every switch (groups, switches), -1 where there is no way.

    groups: (groups, switches), non-zero where the switch belongs to the group; a group's own switches are at 0.
    """
    blocks = range(0, groups.shape[0], WORD * WORDS)
    found = [_bit_parallel(neighbours, groups[start : start + WORD * WORDS]) for start in blocks]
    hops = np.concatenate([np.zeros((0, neighbours.shape[0]), dtype=np.int16), *found])
    hops[np.diff(groups.indptr) == 0] = -1  # nobody can miss an empty group
    return hops


def hops_to_groups(neighbours: Neighbours, groups: sparse.csr_array) -> NDArray[np.integer]:
    """Return group_distances turned, (switches, groups): in single bytes where all are below 128."""
    hops = _by_switch(neighbours, groups)
    hops[:, np.diff(groups.indptr) == 0] = -1
    return hops


def hops_until_all_meet(network: SwitchNetwork, groups: sparse.csr_array, sources: Indices | None = None) -> int | None:
    """Return the fewest hops within which every source group reaches every group of switches, None if one never does.

    groups: (groups, switches), non-zero where the switch belongs to the group. sources: rows of groups, all by default.
    With every switch its own group this is the diameter.
    """
    chosen = groups if sources is None else groups[sources]
    neighbours, members = Neighbours(network.cables), Neighbours(groups)
    most = 0
    for start in range(0, chosen.shape[0], WORD * WORDS):
        hops = _hops_from(neighbours, members, chosen[start : start + WORD * WORDS])
        if hops is None:
            return None
        most = max(most, hops)
    return most


def row_labels(matrix: sparse.csr_array) -> Indices:
    """Return a number per row of a sparse matrix with sorted columns, the same for equal rows.

    Switches with equal rows of cables are twins: everything beyond them is equally far by equally many paths, so that
    one of them speaks for all.
    """
    columns, counts = matrix.indices, matrix.data
    if (np.diff(matrix.indptr) == 1).all():
        keys = columns.astype(np.int64) * int(counts.max(initial=0) + 1) + counts.astype(np.int64)
        return np.unique(keys, return_inverse=True)[1].astype(np.intp)
    number: dict[tuple[bytes, bytes], int] = {}
    rows = ((columns[a:b].tobytes(), counts[a:b].tobytes()) for a, b in pairwise(matrix.indptr.tolist()))
    return np.fromiter((number.setdefault(key, len(number)) for key in rows), dtype=np.intp, count=matrix.shape[0])


class Neighbours:
    """The columns of a sparse matrix, laid out so that the bits of a row's columns are joined by few long operations.

    Rows are sorted by how many columns they have, so that the j-th column of all rows that have one is one array; rows of
    more than MANY columns are joined one after the other.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        bounds, degree = matrix.indptr, np.diff(matrix.indptr)
        self.shape: tuple[int, int] = matrix.shape
        order = np.argsort(-degree, kind="stable")
        heavy = int((degree > MANY).sum())
        self._heavy, self._light = order[:heavy], order[heavy:]
        first = bounds[self._light].astype(np.intp)
        longest = int(degree[self._light].max(initial=0))
        having = [int((degree[self._light] > j).sum()) for j in range(longest)]
        self._columns = [matrix.indices[first[:count] + j].astype(np.intp) for j, count in enumerate(having)]
        self._heavy_columns = [matrix.indices[bounds[row] : bounds[row + 1]] for row in self._heavy]

    def joined(self, bits: Words) -> Words:
        """Return for every row of the matrix the OR of the bits of its columns (0 for an empty row)."""
        result = np.zeros((self.shape[0], bits.shape[1]), dtype=np.uint64)
        for row, columns in zip(self._heavy, self._heavy_columns, strict=True):
            result[row] = np.bitwise_or.reduce(bits[columns], axis=0)
        work, other = np.empty((2, ROWS, bits.shape[1]), dtype=np.uint64)
        for start in range(0, len(self._light), ROWS):
            rows = self._light[start : start + ROWS]
            work[:] = 0
            for columns in self._columns:
                some = columns[start : start + ROWS]
                np.take(bits, some, axis=0, out=other[: len(some)], mode="clip")
                work[: len(some)] |= other[: len(some)]
            result[rows] = work[: len(rows)]
        return result


def _counts(rows: Indices, columns: Indices, shape: tuple[int, int]) -> sparse.csr_array:
    """Return the sparse matrix that counts how often each (row, column) occurs, columns sorted."""
    counts = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()
    counts.sum_duplicates()
    return counts


def _breadth_first(cables: sparse.csr_array, sources: Indices) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Return distance and paths from the sources; the frontier holds the paths to the switches reached last."""
    shape = (cables.shape[0], len(sources))
    distance = np.full(shape, -1, dtype=np.int16)
    paths, frontier = np.zeros(shape), np.zeros(shape)
    frontier[sources, np.arange(len(sources))] = 1
    hops = 0
    while frontier.any():
        reached = frontier > 0
        distance[reached] = hops
        paths[reached] = frontier[reached]
        frontier = cables @ frontier
        frontier[distance >= 0] = 0
        hops += 1
    return distance.T, paths.T


def _bit_parallel(neighbours: Neighbours, groups: sparse.csr_array) -> NDArray[np.int16]:
    """Return the hops from the groups to all switches (groups, switches)."""
    return _by_switch(neighbours, groups).T.astype(np.int16)


def _by_switch(neighbours: Neighbours, groups: sparse.csr_array) -> NDArray[np.integer]:
    """Return the hops (switches, groups): how many rounds a group's bit has not yet reached a switch, -1: never."""
    shape = groups.shape
    bits = _marks(groups)
    everyone = np.bitwise_or.reduce(bits, axis=0)
    distance: NDArray[np.integer] = np.zeros(shape[::-1], dtype=np.int8)
    fresh, rounds = True, 0
    while fresh and not (bits == everyone).all():
        rounds += 1
        if rounds == FEW_HOPS:
            distance = distance.astype(np.int16)
        distance += _missing(bits, shape[0]).view(np.int8)
        wider = bits | neighbours.joined(bits)
        fresh, bits = bool((wider != bits).any()), wider
    if not fresh:
        distance[_missing(bits, shape[0]) > 0] = -1
    return distance


def _missing(bits: Words, sources: int) -> NDArray[np.uint8]:
    """Return one byte per switch and source, 1 where the source has not reached the switch."""
    return np.unpackbits((~bits).view(np.uint8), axis=1, count=sources, bitorder="little")


def _hops_from(neighbours: Neighbours, members: Neighbours, block: sparse.csr_array) -> int | None:
    """Return the hops within which each group of the block reaches all groups; bit i of a switch: group i was here."""
    bits = _marks(block)
    everyone = np.bitwise_or.reduce(bits, axis=0)
    hops = 0
    while not (members.joined(bits) == everyone).all():
        wider = bits | neighbours.joined(bits)
        if (wider == bits).all():
            return None
        bits, hops = wider, hops + 1
    return hops


def _marks(block: sparse.csr_array) -> Words:
    """Return (switches, words): bit i of a switch's words is set where row i of the block contains the switch."""
    groups, switches = block.shape
    bits = np.zeros((switches, -(-groups // WORD)), dtype="<u8")
    group = np.repeat(np.arange(groups), np.diff(block.indptr))
    word, bit = np.divmod(group, WORD)
    np.bitwise_or.at(bits, (block.indices, word), np.uint64(1) << bit.astype(np.uint64))
    return bits

"""Distances and equal-cost path counts between switches, exact. It does not know speeds or which path is taken.

Only vertices that forward are crossed, and only the scale-out network counts. Distances alone run bit-parallel (64
sources per machine word); path counts run as blocks of sparse products, one per hop.
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
BLOCK = 256
"""Sources per block: bounds the memory of path counts to BLOCK x switches numbers."""
WORD = 64


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
    inside = topology.scale_up_tier
    forwards = topology.forwards & (topology.tier != inside)
    number = np.cumsum(forwards) - 1
    ends = topology.ends[topology.level != topology.levels.index(SCALE_UP)] if inside >= 0 else topology.ends
    low, high = ends.T
    both = forwards[low] & forwards[high]
    up = _counts(number[low[both]], number[high[both]], (number[-1] + 1, number[-1] + 1))
    own = np.flatnonzero(forwards[: topology.devices])
    hosted = ~forwards[low] & forwards[high]
    homes = _counts(
        np.concatenate([own, low[hosted]]),
        number[np.concatenate([own, high[hosted]])],
        (topology.devices, number[-1] + 1),
    )
    return SwitchNetwork(np.flatnonzero(forwards), (up + up.T).tocsr(), homes)


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


def hops_until_all_meet(network: SwitchNetwork, groups: sparse.csr_array) -> int | None:
    """Return the fewest hops within which every group of switches reaches every other, None if some never does.

    groups: (groups, switches), non-zero where the switch belongs to the group. With every switch its own group this is
    the diameter.
    """
    most = 0
    for start in range(0, groups.shape[0], WORD * 8):
        hops = _hops_from(network.cables, groups, groups[start : start + WORD * 8])
        if hops is None:
            return None
        most = max(most, hops)
    return most


def distinct_rows(matrix: sparse.csr_array) -> Indices:
    """Return the first of every set of equal rows of a sparse matrix with sorted columns.

    Switches with equal rows of cables are twins: everything beyond them is equally far by equally many paths, so that
    one of them speaks for all.
    """
    bounds, columns, counts = matrix.indptr, matrix.indices, matrix.data
    first: dict[tuple[bytes, bytes], int] = {}
    for row, (start, stop) in enumerate(pairwise(bounds)):
        first.setdefault((columns[start:stop].tobytes(), counts[start:stop].tobytes()), row)
    return np.fromiter(first.values(), dtype=np.intp)


def _counts(rows: Indices, columns: Indices, shape: tuple[int, int]) -> sparse.csr_array:
    """Return the sparse matrix that counts how often each (row, column) occurs."""
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


def _hops_from(cables: sparse.csr_array, groups: sparse.csr_array, block: sparse.csr_array) -> int | None:
    """Return the hops within which each group of the block reaches all groups; bit i of a switch: group i was here."""
    bits = _marks(block)
    everyone = np.bitwise_or.reduce(bits, axis=0)
    hops = 0
    while not (_or_rows(groups, bits) == everyone).all():
        wider = bits | _or_rows(cables, bits)
        if (wider == bits).all():
            return None
        bits, hops = wider, hops + 1
    return hops


def _marks(block: sparse.csr_array) -> Words:
    """Return (switches, words): bit i of a switch's words is set where row i of the block contains the switch."""
    count, switches = block.shape
    bits = np.zeros((switches, -(-count // WORD)), dtype=np.uint64)
    group = np.repeat(np.arange(count), np.diff(block.indptr))
    word, bit = np.divmod(group, WORD)
    np.bitwise_or.at(bits, (block.indices, word), np.uint64(1) << bit.astype(np.uint64))
    return bits


def _or_rows(matrix: sparse.csr_array, bits: Words) -> Words:
    """Return for every row of the matrix the OR of the bits of its columns (0 for an empty row)."""
    result = np.zeros((matrix.shape[0], bits.shape[1]), dtype=np.uint64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        result[filled] = np.bitwise_or.reduceat(bits[matrix.indices], matrix.indptr[filled], axis=0)
    return result

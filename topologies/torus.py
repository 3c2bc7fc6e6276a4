"""Torus: a grid whose lines are rings. It does not know which link is copper or light, nor how fast either is.

With N = the product of the dimensions: N vertices; N cables per dimension of 3 or more, N/2 (one cable, not two) per
dimension of 2, none for size 1; diameter = sum of floor(d/2).
Bisection where the largest dimension is even: 2 N / d; a dimension of 2 counts as 4 because its one cable carries
what two do in a ring of 4. hosts >= 1 change nothing.
`cube`: the side of a cube of chips with fixed cables inside; what leaves a cube's face runs through optical circuit
switches, one for every pair of opposite places on the faces: 3 cube^2 of them in three dimensions (48 for cube=4).
Sources: Dally, Towles, "Principles and practices of interconnection networks", 2004; Jouppi et al., "TPU v4: an
optically reconfigurable supercomputer for machine learning", ISCA 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from topologies.base import Ints, Topology, check_whole, whole_numbers
from topologies.direct import check_graph, joined, line_cables, wire
from topologies.errors import InputError

FAMILY = "torus"


def torus(dims: str, hosts: int = 0, cube: int = 0) -> Topology:
    """Return the torus of `dims`, as 4x4x8.

    hosts: 0 makes every vertex a device that forwards; 1 or more a switch with so many devices. cube: 0, or the side of
    the cubes; it parts the cables into the levels `inside-cube` and `between-cubes`.

    Raises:
        InputError: dims that are no sizes, fewer than two vertices, hosts below 0, a cube that does not divide dims.
    """
    grid = whole_numbers(FAMILY, "dims", dims)
    check_graph(FAMILY, prod(grid), hosts, prod(grid) * len(grid))
    check_cube(FAMILY, grid, cube)
    params = {"dims": joined(grid), "hosts": hosts} | ({"cube": cube} if cube else {})
    found = list(_cables(grid, cube))
    inside, between = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    levels = {"inside-cube": inside, "between-cubes": between}
    return wire(FAMILY, params, prod(grid), hosts, levels if cube else np.concatenate([inside, between]))


def torus_bisection(dims: tuple[int, ...]) -> int | None:
    """Return the fewest cables between two halves of the devices where that is known: the largest dimension is even.

    All pairs sent by shortest routes load a cable of dimension d by N d / 8 at most (a dimension of 2 by N / 2), so
    that s vertices are cut off by at least 8 s (N - s) / (N d) cables; cutting the largest dimension twice reaches it.
    A dimension of 2 counts as 4. Moving hosts instead of their switches never costs less.
    """
    lengths = [4 if size == 2 else size for size in dims]
    return None if max(lengths) % 2 else 2 * prod(dims) // max(lengths)


def check_cube(family: str, dims: tuple[int, ...], cube: int) -> None:
    """Return nothing when cubes of that side fill the grid, or cube is 0.

    Raises:
        InputError: cube is below 0 or does not divide every dimension.
    """
    check_whole(family, least=0, cube=cube)
    if cube and any(size % cube for size in dims):
        raise InputError(f"{family}: cube must divide every one of dims={joined(dims)}, got {cube}")


def _cables(dims: tuple[int, ...], cube: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield per dimension the cables inside cubes and those that leave a cube's face; without cubes all are inside."""
    for dimension, size in enumerate(dims):
        pairs = ring_pairs(size)
        leaves = (pairs[:, 0] + 1) % cube == 0 if cube else np.zeros(len(pairs), dtype=np.bool_)
        yield line_cables(dims, dimension, pairs[~leaves]), line_cables(dims, dimension, pairs[leaves])


def ring_pairs(size: int) -> Ints:
    """Return the cables (n, 2) of a ring: none for one place, one cable for two, else one from each to the next."""
    place = np.arange(size if size > 2 else size - 1, dtype=np.int32)
    return np.stack([place, (place + 1) % size], axis=1)

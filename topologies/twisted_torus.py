"""Twisted torus: a torus whose shorter dimensions come back shifted. It knows neither speeds nor optical switches.

Going once around a dimension shorter than the longest shifts by `twist` along every longest dimension. With twist =
half the longest: dims=AxAx2A is the face-centred, dims=Ax2Ax2A the body-centred cubic lattice graph, the two shapes
that TPU v4 slices can be twisted in. N vertices, one cable per vertex and dimension (cables that would be doubled or
join a vertex to itself are left out, as in a torus), degree 6 in three dimensions.
`cube` parts the cables as in a torus: what leaves a cube's face runs through optical circuit switches.
Sources: Camarero, Martinez, Beivide, "Lattice graphs for high-scale interconnection topologies", IEEE TPDS 2015;
Jouppi et al., "TPU v4", ISCA 2023.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from topologies.base import Ints, Topology, check_whole, whole_numbers
from topologies.direct import check_graph, joined, wire
from topologies.errors import InputError
from topologies.torus import check_cube

FAMILY = "twisted_torus"


def twisted_torus(dims: str, twist: int, hosts: int = 0, cube: int = 0) -> Topology:
    """Return the torus of `dims` whose shorter dimensions are twisted by `twist` along the longest ones.

    hosts and cube as in a torus.

    Raises:
        InputError: dims without a shorter dimension, a twist outside 1 ... longest - 1, or what a torus refuses.
    """
    grid = whole_numbers(FAMILY, "dims", dims)
    if min(grid) == max(grid):
        raise InputError(f"{FAMILY}: dims must have a dimension shorter than the longest, as 4x4x8, got {joined(grid)!r}")
    check_whole(FAMILY, most=max(grid) - 1, twist=twist)
    check_graph(FAMILY, prod(grid), hosts, prod(grid) * len(grid))
    check_cube(FAMILY, grid, cube)
    params = {"dims": joined(grid), "twist": twist, "hosts": hosts} | ({"cube": cube} if cube else {})
    levels: dict[str, list[Ints]] = {"inside-cube": [], "between-cubes": []}
    for dimension in range(len(grid)):
        cables, leaves = _distinct(*_around(grid, dimension, twist, cube))
        levels["inside-cube"].append(cables[~leaves])
        levels["between-cubes"].append(cables[leaves])
    parted = {level: np.concatenate(parts) for level, parts in levels.items()}
    return wire(FAMILY, params, prod(grid), hosts, parted if cube else np.concatenate(list(parted.values())))


def _around(dims: tuple[int, ...], dimension: int, twist: int, cube: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the cable from every vertex to the next along one dimension, and whether it leaves a cube's face."""
    vertex = np.arange(prod(dims), dtype=np.int64)
    size, longest = dims[dimension], max(dims)
    place = _coordinate(dims, dimension, vertex)
    last = place == size - 1
    following = vertex + np.where(last, 1 - size, 1) * _stride(dims, dimension)
    for other in range(len(dims)) if size < longest else ():
        if dims[other] == longest:
            shifted = (_coordinate(dims, other, vertex) + twist) % longest - _coordinate(dims, other, vertex)
            following += np.where(last, shifted, 0) * _stride(dims, other)
    leaves = (place + 1) % cube == 0 if cube else np.zeros(len(vertex), dtype=np.bool_)
    return np.stack([vertex, following], axis=1).astype(np.int32), leaves


def _distinct(cables: Ints, leaves: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the cables of one dimension, each pair of vertices once and none to itself."""
    pairs = np.sort(cables, axis=1)
    first = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
    kept = first[pairs[first, 0] != pairs[first, 1]]
    return cables[kept], leaves[kept]


def _stride(dims: tuple[int, ...], dimension: int) -> int:
    """Return how far apart two neighbours along a dimension are numbered."""
    return prod(dims[dimension + 1 :])


def _coordinate(dims: tuple[int, ...], dimension: int, vertex: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the coordinate of every vertex along a dimension."""
    return vertex // _stride(dims, dimension) % dims[dimension]

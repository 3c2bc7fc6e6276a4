"""Direct networks: graphs whose vertices are switches with hosts, or devices that forward. It knows no family by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from topologies.base import Ints, Topology, assemble, check_size, check_whole, uplinks
from topologies.errors import InputError


def wire(
    family: str,
    params: Mapping[str, object],
    vertices: int,
    hosts: int,
    cables: Ints | Mapping[str, Ints],
    *,
    lanes: NDArray[np.integer] | None = None,
) -> Topology:
    """Return the Topology of a graph of `vertices` vertices with `hosts` devices each.

    With hosts = 0 the vertices are the devices and forward (tier `host`, level `host-host`); else they are switches
    (tier `switch`, levels `host-switch` and `switch-switch`) and their devices are numbered switch by switch.
    cables: (n, 2), or such an array per level where a family names its levels itself. lanes: per cable, 1 by default.
    """
    levels = cables if isinstance(cables, Mapping) else {"switch-switch" if hosts else "host-host": cables}
    if not hosts:
        wiring = forwarding(assemble(family, params, {"host": vertices}, levels))
        return wiring if lanes is None else replace(wiring, lanes=lanes.astype(np.int16))
    devices = vertices * hosts
    device = np.arange(devices)
    own = {"host-switch": uplinks(device, devices + (device // hosts)[:, None])}
    shifted = {level: devices + pairs for level, pairs in levels.items()}
    wiring = assemble(family, params, {"host": devices, "switch": vertices}, own | shifted)
    return wiring if lanes is None else replace(wiring, lanes=np.concatenate([wiring.lanes[:devices], lanes]).astype(np.int16))


def forwarding(topology: Topology) -> Topology:
    """Return the topology with devices that forward, as the servers of a server-centric network do."""
    return replace(topology, forwards=np.ones(topology.vertices, dtype=np.bool_))


def check_graph(family: str, vertices: int, hosts: int, cables: int) -> None:
    """Return nothing when a graph of so many vertices, hosts at each and cables can be built.

    Raises:
        InputError: hosts below 0, fewer than two vertices, or too much for memory.
    """
    check_whole(family, least=0, hosts=hosts)
    if vertices < 2:
        raise InputError(f"{family}: a network needs 2 or more vertices, this size has {vertices}")
    check_size(family, vertices * hosts + cables)


def half_of(degree: int, hosts: int | None) -> int:
    """Return the hosts of a switch: what was asked for, else ceil(degree / 2)."""
    return -(-degree // 2) if hosts is None else hosts


def joined(numbers: tuple[int, ...]) -> str:
    """Return the numbers as they stand in a short form: `4x4x8`."""
    return "x".join(map(str, numbers))


def line_cables(dims: tuple[int, ...], dimension: int, pairs: NDArray[np.integer]) -> Ints:
    """Return the cables (n, 2) of a grid that repeat `pairs` of coordinates on every line along one dimension.

    Vertices are numbered with the last coordinate running fastest.
    """
    before, after = prod(dims[:dimension]), prod(dims[dimension + 1 :])
    lines = np.arange(prod(dims), dtype=np.int32).reshape(before, dims[dimension], after)
    return np.moveaxis(lines[:, pairs, :], 2, 3).reshape(-1, 2)


def all_pairs(size: int) -> Ints:
    """Return all pairs (n, 2) of 0 ... size - 1: the cables of a full mesh."""
    return np.stack(np.triu_indices(size, 1), axis=1).astype(np.int32)


def path_pairs(size: int) -> Ints:
    """Return the cables (n, 2) of a path: one from each place to the next."""
    place = np.arange(size - 1, dtype=np.int32)
    return np.stack([place, place + 1], axis=1)


def full_mesh_cables(dims: tuple[int, ...]) -> list[Ints]:
    """Return the cables per dimension of a grid whose lines are all full meshes."""
    return [line_cables(dims, dimension, all_pairs(size)) for dimension, size in enumerate(dims)]


def full_mesh_count(dims: tuple[int, ...]) -> int:
    """Return the cables of a grid whose lines are all full meshes: N * sum(d - 1) / 2."""
    return prod(dims) * sum(size - 1 for size in dims) // 2


def full_mesh_bisection(dims: tuple[int, ...], hosts: int) -> int | None:
    """Return the fewest cables between two halves of the devices of a grid of full meshes, None where not known.

    With N vertices and smallest dimension d > 1, s vertices are cut off by at least s (N - s) d / N cables (all pairs
    sent along the dimensions load a cable of dimension d by N / d); cutting an even d in two reaches N d / 4, and
    moving hosts instead of switches costs hosts * N / 2 at most. One dimension alone is known for odd sizes too.
    """
    total, long = prod(dims), [size for size in dims if size > 1]
    middle, hosted = min(long) * total // 4, hosts * total // 2
    if min(long) % 2:
        if len(long) > 1:
            return None
        middle = (total * total - 1) // 4 + hosts // 2
    return min(middle, hosted) if hosts else middle

"""The network that traffic competes in, as a directed graph: devices with one switch are drawn into it. It routes nothing.

A device that does not forward and has several switches becomes two vertices, one that only sends and one that only
receives, so that no way leads through it. Only the scale-out network counts. Capacities are in units of the NIC's rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fabric.network.fabric import Fabric
from topologies.errors import InputError
from topologies.hops import SwitchNetwork, distances

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Core:
    """Arcs from tail to head, parallel cables as one arc; sends and receives: the vertex of every device.

    capacity: of all cables of an arc together. even: what fits where it is spread evenly over them (cables x the
    slowest). level: of the arc's first cable. access_out, access_in: capacity of a device's own cables, infinite where
    they are arcs.
    """

    vertices: int
    tail: Ints
    head: Ints
    capacity: Floats
    cables: Floats
    even: Floats
    level: Ints
    sends: Ints
    receives: Ints
    access_out: Floats
    access_in: Floats

    @cached_property
    def arrivals(self) -> sparse.csr_array:
        """(vertices, vertices) non-zero at (v, u) where an arc leads from u to v."""
        ones = np.ones(len(self.tail))
        return sparse.coo_array((ones, (self.head, self.tail)), shape=(self.vertices,) * 2).tocsr()

    def hops(self, sources: Ints) -> Iterator[tuple[Ints, NDArray[np.int16]]]:
        """Yield (sources, distance) per block of sources; distance (sources, vertices), -1 where there is no way."""
        nobody = sparse.csr_array((0, self.vertices))
        yield from distances(SwitchNetwork(np.arange(self.vertices), self.arrivals, nobody), sources.astype(np.intp))


def nic_rate(fabric: Fabric) -> float:
    """Return bytes per second of the slowest device's fastest cable out of its node, at whichever end of it the device is.

    Of a NIC that devices share each has an equal part.

    Raises:
        InputError: a device without a cable.
    """
    topology = fabric.topology
    outside, ports = topology.is_cable, topology.ports
    best = np.zeros(topology.vertices)
    for side in (0, 1):
        np.maximum.at(best, topology.ends[outside, side], fabric.link_speed[side::2][outside])
    own = best[ports] / np.bincount(ports)[ports]
    rate = float(own.min())
    if rate == 0:
        device = int(np.argmin(own))
        raise InputError(f"throughput: device {device} of {topology.name} has no cable outside its node")
    return rate


def core_of(fabric: Fabric) -> Core:
    """Return the fabric's core."""
    topology = fabric.topology
    cable = np.flatnonzero(topology.level != topology.scale_up_level)
    ends = topology.ends[cable].astype(np.int64)
    drawn_in, home = _homes(ends, topology.devices, topology.forwards)
    number, receives, count = _numbered(topology.forwards, topology.scale_up_tier, topology.tier, drawn_in)
    nic = nic_rate(fabric)
    up, down = fabric.link_speed[2 * cable] / nic, fabric.link_speed[2 * cable + 1] / nic
    access = drawn_in[ends[:, 0]]
    device, rest = ends[access, 0], ~access
    low, high = ends[rest].T
    tail, head = np.concatenate([number[low], number[high]]), np.concatenate([receives[high], receives[low]])
    speed, level = np.concatenate([up[rest], down[rest]]), np.tile(topology.level[cable][rest].astype(np.int64), 2)
    own = np.where(drawn_in[: topology.devices], home, np.arange(topology.devices))
    return Core(
        count,
        *_merged(tail, head, speed, level, count),
        number[own],
        receives[own],
        _access(device, up[access], drawn_in[: topology.devices]),
        _access(device, down[access], drawn_in[: topology.devices]),
    )


def _homes(ends: Ints, devices: int, forwards: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Ints]:
    """Return which vertices are devices with one switch that they alone are joined to, and that switch."""
    lowest, highest = np.full(len(forwards), len(forwards)), np.full(len(forwards), -1)
    np.minimum.at(lowest, ends[:, 0], ends[:, 1])
    np.maximum.at(highest, ends[:, 0], ends[:, 1])
    drawn_in = ~forwards & (lowest == highest)
    drawn_in[devices:] = False
    drawn_in[ends[~forwards[ends[:, 1]], 1]] = False
    drawn_in &= forwards[np.clip(highest, 0, None)]
    return drawn_in, highest[:devices]


def _numbered(
    forwards: NDArray[np.bool_], inside: int, tier: NDArray[np.int8], drawn_in: NDArray[np.bool_]
) -> tuple[Ints, Ints, int]:
    """Return the core's number of every vertex as a sender and as a receiver, and how many there are."""
    kept = ~drawn_in & (tier != inside)
    number = np.cumsum(kept) - 1
    twice = kept & ~forwards
    receives = np.where(twice, kept.sum() + np.cumsum(twice) - 1, number)
    return number, receives, int(kept.sum() + twice.sum())


def _merged(tail: Ints, head: Ints, speed: Floats, level: Ints, count: int) -> tuple[Ints, Ints, Floats, Floats, Floats, Ints]:
    """Return tail, head, capacity, cables, even and level with parallel cables as one arc."""
    keys, first, arc = np.unique(tail * count + head, return_index=True, return_inverse=True)
    cables = np.bincount(arc).astype(float) if len(arc) else np.zeros(0)
    capacity = np.bincount(arc, speed, len(keys)).astype(float)
    slowest = np.full(len(keys), np.inf)
    np.minimum.at(slowest, arc, speed)
    return keys // count, keys % count, capacity, cables, cables * slowest, level[first]


def _access(device: Ints, speed: Floats, drawn_in: NDArray[np.bool_]) -> Floats:
    """Return the capacity of every device's own cables, infinite where it is a vertex of the core."""
    total = np.bincount(device, speed, len(drawn_in))
    return np.where(drawn_in, total, np.inf)

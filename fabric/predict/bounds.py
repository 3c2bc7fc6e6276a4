"""The bound: busbw that no algorithm without in-network reduction can beat on a fabric. Independent of what ran, and how.

Cut the ranks in k equal groups (devices, nodes, leaves, pods): every byte leaves k - 1 groups as a partial sum and
reaches k - 1 groups as a result, so t >= 2(k-1) S / (sum of the groups' speeds out); and one group alone must let S
out, so t >= S / (the slowest group's speed out). The tightest cut decides. alpha = gamma = 0, ideal split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import busbw_factor
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, place
from fabric.network.routing import tables_of
from fabric.records.case import Case
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError


@dataclass(frozen=True)
class Bound:
    """The bound's busbw in bytes per second and the level of the cut that sets it (device, node, leaf, pod)."""

    busbw: float
    level: str


def bound(case: Case, fabric: Fabric, backend: str | None = None, *, given: Devices | None = None) -> Bound | None:
    """Return the tightest cut's busbw for a case, None at world size 1.

    Raises:
        InputError: a collective without a bound, or a case that cannot be placed.
    """
    if case.collective != "all_reduce":
        raise InputError(f"bound: known for all_reduce, got {case.collective}")
    if case.world_size < 2:
        return None
    carrying = fabric.carrying(backend)
    devices = place(carrying.topology, case.world_size, case.order, given)
    bounds = [Bound(_busbw(case, speeds), cut) for cut, speeds in _cuts(carrying, devices) if len(speeds) > 1]
    return min(bounds, key=lambda b: b.busbw) if bounds else None


def _busbw(case: Case, out: NDArray[np.float64]) -> float:
    """Return the busbw at which the groups of these speeds out are all full."""
    seconds_per_byte = max(2 * (len(out) - 1) / out.sum(), 1 / out.min())
    return float(busbw_factor(case.collective, case.world_size) / seconds_per_byte)


def _cuts(fabric: Fabric, devices: Devices) -> list[tuple[str, NDArray[np.float64]]]:
    """Return per cut the speed out of every group that holds ranks; ranks sharing a device are one group."""
    topology, tables = fabric.topology, tables_of(fabric.topology)
    cuts = [("device", np.arange(topology.vertices))]
    if SCALE_UP in topology.levels:
        cuts.append(("node", np.where(topology.node >= 0, topology.node, topology.nodes + np.arange(topology.vertices))))
    names = {tables.top - 1: "pod", 1: "leaf"}
    cuts += [(names.get(t, topology.tiers[t]), _with_scale_up(topology, tables.parts[t])) for t in range(1, tables.top)]
    return [(name, _speed_out(fabric, group, np.unique(devices))) for name, group in cuts]


def _with_scale_up(topology: Topology, group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the groups with every scale-up switch in its devices' group, or alone where they are in several."""
    if SCALE_UP not in topology.levels:
        return group
    device, switch = topology.ends[topology.level == topology.scale_up_level].T
    labels = group.copy()
    labels[switch] = group[device]
    mixed = np.unique(switch[labels[switch] != group[device]])
    labels[mixed] = mixed
    return labels


def _speed_out(fabric: Fabric, group: NDArray[np.int64], used: Devices) -> NDArray[np.float64]:
    """Return bytes per second out of every group that holds a used device.

    A cable counts for the group of its lower end where its upper end is in another, but not from a device without a rank.
    """
    topology = fabric.topology
    lower, upper = topology.ends.T
    idle = np.arange(topology.vertices) < topology.devices
    idle[used] = False
    out = (group[lower] != group[upper]) & ~idle[lower]
    speeds = np.bincount(group[lower[out]], fabric.link_speed[::2][out], minlength=int(group.max()) + 1)
    return np.asarray(speeds[np.unique(group[used])])

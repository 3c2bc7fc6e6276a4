"""The bound: the time that no algorithm without in-network reduction can beat on a fabric. It knows no algorithm.

Cut the ranks in k groups (devices, nodes, leaves, pods). What a group must at least let out and in, and what must cross
between groups in sum (needs.py), divided by the speed of the cables in that direction, are lower bounds of the time; the
tightest cut decides. alpha = gamma = 0, ideal split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import busbw_factor
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, place
from fabric.predict.needs import NEEDS, Need, Split
from fabric.records.case import Case
from fabric.text.numbers import natural, whole
from topologies.base import HOST_NIC, NIC, SCALE_UP, Topology
from topologies.errors import InputError

EVEN = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all")
"""Collectives in which every rank must send, and receive, as much as every other."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bound:
    """The bound's busbw in bytes per second and the level of the cut that sets it (device, node, leaf, pod ...)."""

    busbw: float
    level: str


def bound(case: Case, fabric: Fabric, backend: str | None = None, *, given: Devices | None = None) -> Bound | None:
    """Return the tightest cut's busbw for a case; None at world size 1, on one device alone and for a barrier.

    Raises:
        InputError: a collective without a bound, a root that is no rank, or a case that cannot be placed.
    """
    return _tightest(case, fabric.carrying(backend), given, _needs(case))


def in_network_bound(case: Case, fabric: Fabric, *, given: Devices | None = None) -> Bound | None:
    """Return the bound of an all-reduce whose switches add up and copy: S out of and into every group, S/B per device link.

    None for every other collective, at world size 1 and on one device alone.
    """
    if case.collective != "all_reduce":
        return None
    return _tightest(case, fabric, given, lambda split: Need(np.ones_like(split.count), np.ones_like(split.count), 0.0))


def least_seconds(case: Case, fabric: Fabric, *, given: Devices | None = None) -> tuple[float, str] | None:
    """Return the seconds that no algorithm can beat and the level of the cut; None as in bound()."""
    found = _least_per_byte(case, fabric, given, _needs(case))
    return None if found is None else (found[0] * case.nbytes, found[1])


def _needs(case: Case) -> Callable[[Split], Need] | None:
    if case.collective not in NEEDS:
        raise InputError(f"bound: known for {', '.join(NEEDS)}, got {case.collective}")
    return NEEDS[case.collective]


def _tightest(case: Case, fabric: Fabric, given: Devices | None, needs: Callable[[Split], Need] | None) -> Bound | None:
    """Return the bound as busbw."""
    found = _least_per_byte(case, fabric, given, needs)
    if found is None or found[0] == 0:
        return None
    return Bound(busbw_factor(case.collective, case.world_size, case.params) / found[0], found[1])


def _least_per_byte(
    case: Case, fabric: Fabric, given: Devices | None, needs: Callable[[Split], Need] | None
) -> tuple[float, str] | None:
    """Return the seconds per byte of S of the tightest cut, and its level; the first of equals."""
    if needs is None or case.world_size < 2:
        return None
    root = case.root or 0
    if not 0 <= root < case.world_size:
        raise InputError(f"root: must be a rank, 0 ... {case.world_size - 1}, got {root}")
    if given is None:
        sides = _placed(fabric.topology, case.world_size, case.order)
    else:
        sides = _sides(fabric.topology, place(fabric.topology, case.world_size, case.order, given))
    found = [
        (
            _slowest(
                needs(Split(case, side.group, side.count, int(side.group[root]))), *_speeds_of(side, fabric, case.collective)
            ),
            side.level,
        )
        for side in sides
    ]
    return max(found, key=lambda pair: pair[0], default=None)


@dataclass(frozen=True, eq=False)
class _Sides:
    """One cut of some devices, whatever the speeds: its level, the group of every device, and devices in a group.

    across: the cables between groups that can carry their bytes; low, high: the groups at their two ends, by label; here:
    the labels of the groups that hold devices; labels: how many labels there are.
    """

    level: str
    group: Ints
    count: Floats
    across: Ints
    low: Ints
    high: Ints
    here: Ints
    labels: int


@lru_cache(maxsize=16)
def _speeds_of(sides: _Sides, fabric: Fabric, collective: str) -> tuple[Floats, Floats]:
    """Return bytes per second out of and into every group that holds devices."""
    up, down = fabric.link_speed[0::2][sides.across], fabric.link_speed[1::2][sides.across]
    if sides.level == "device" and NIC in fabric.topology.tiers and collective in EVEN:
        most = _of_shared_nics(sides, fabric)
        up, down = np.minimum(up, most), np.minimum(down, most)
    out, into = _sums(sides.low, sides.high, up, down, sides.labels)
    return out[sides.here], into[sides.here]


def _of_shared_nics(sides: _Sides, fabric: Fabric) -> Floats:
    """Return per crossing cable what it can give where all ranks below a shared NIC need as much: their part of the NIC.

    Infinite for other cables, and where nothing inside nodes spares the ranks of a NIC the way through it to each other.
    """
    topology = fabric.topology
    if topology.scale_up_level < 0:
        return np.full(len(sides.across), np.inf)
    high = topology.ends[sides.across, 1]
    below = topology.level[sides.across] == topology.levels.index(HOST_NIC)
    ranks = np.bincount(high[below], minlength=topology.vertices)
    cables = topology.is_cable
    port = np.bincount(topology.ends[cables, 0], fabric.link_speed[::2][cables], minlength=topology.vertices)
    return np.where(below, port[high] / np.maximum(ranks[high], 1), np.inf)


@lru_cache(maxsize=2)
def _placed(topology: Topology, world_size: int, order: str) -> list[_Sides]:
    """Return the cuts of a job that no list places, worked out once for all collectives and speeds."""
    return _sides(topology, place(topology, world_size, order))


def _sides(topology: Topology, devices: Devices) -> list[_Sides]:
    """Return the cuts that separate some of the devices from others."""
    usable, found = _usable(topology, devices), []
    for level, labels in cuts(topology):
        here, group, count = np.unique(labels[devices], return_inverse=True, return_counts=True)
        if len(here) > 1:
            most = int(labels.max()) + 1
            found.append(_Sides(level, group, count.astype(float), *_across(topology, labels, usable), here, most))
    return found


def _slowest(need: Need, out: Floats, into: Floats) -> float:
    """Return the seconds per byte in which everything has crossed; infinite where something cannot."""
    need_of = np.concatenate([need.out, need.into, [need.total]])
    speed = np.concatenate([out, into, [min(out.sum(), into.sum())]])
    asked = need_of > 0
    with np.errstate(divide="ignore"):
        return float((need_of[asked] / speed[asked]).max(initial=0.0))


def cuts(topology: Topology) -> list[tuple[str, Ints]]:
    """Return per cut its level and the group of every vertex (vertices,); worked out once per topology.

    device: every vertex alone. node: where there is something inside nodes. Tiered wirings: what hangs together below a
    tier (leaf, pod, else the tier above). Others: a switch with its devices, a dragonfly's groups, halves of the numbering
    and of every dimension.
    """
    return _cuts(topology)


@lru_cache(maxsize=8)
def _cuts(topology: Topology) -> list[tuple[str, Ints]]:
    found = [("device", np.arange(topology.vertices))]
    if SCALE_UP in topology.levels:
        found.append(
            ("node", np.where(topology.together >= 0, topology.together, topology.domains + np.arange(topology.vertices)))
        )
    network = topology.ends[topology.level != topology.scale_up_level]
    found += _below_tiers(topology, network) if is_tiered(topology) else _in_space(topology, network)
    return [(level, labels if level in ("device", "node") else _with_scale_up(topology, labels)) for level, labels in found]


def is_tiered(topology: Topology) -> bool:
    """Return whether every cable of the scale-out network leads one tier up and no device forwards."""
    tier = topology.tier[topology.ends[topology.level != topology.scale_up_level]].astype(int)
    return not topology.forwards[: topology.devices].any() and bool((np.diff(tier, axis=1) == 1).all())


def _below_tiers(topology: Topology, network: NDArray[np.int32]) -> list[tuple[str, Ints]]:
    """Return per tier below the top what hangs together when only cables up to that tier are kept."""
    upper = topology.tier[network[:, 1]]
    top = int(upper.max(initial=0))
    leaf = 1 + (NIC in topology.tiers)
    names = {top - 1: "pod", leaf: "leaf", leaf - 1: NIC}
    return [(names.get(t, topology.tiers[t]), _together(network[upper <= t], topology.vertices)) for t in range(1, top)]


def _in_space(topology: Topology, network: NDArray[np.int32]) -> list[tuple[str, Ints]]:
    """Return the cuts of a wiring without tiers: every one of them is an honest partition, whatever the wiring."""
    hosting = ~topology.forwards[network[:, 0]]
    switch = _together(network[hosting], topology.vertices)
    core = np.flatnonzero(topology.forwards & (topology.tier != topology.scale_up_tier))
    parts = [("group", place) for place in _groups_of(topology, len(core))]
    parts += [("half", place) for place in _halves(topology, len(core))]
    return [("switch", switch), *((level, _follow(switch, core, place)) for level, place in parts)]


def _groups_of(topology: Topology, switches: int) -> list[Ints]:
    """Return the dragonfly's group of every switch; nothing for other families."""
    size = topology.params.get("a") if topology.family == "dragonfly" else None
    return [np.arange(switches) // size] if isinstance(size, int) else []


def _halves(topology: Topology, switches: int) -> list[Ints]:
    """Return halves of the switches in their own order, and along every dimension of a grid."""
    order = np.arange(switches)
    halves = [2 * order // max(switches, 1)]
    text = str(topology.params.get("dims", ""))
    dims = [whole(part, "dims", 1) for part in text.split("x") if natural(part)]
    if dims and int(np.prod(dims)) == switches:
        halves += [2 * place // size for place, size in zip(np.unravel_index(order, dims), dims, strict=True) if size > 1]
    return halves


def _follow(switch: Ints, core: Ints, place: Ints) -> Ints:
    """Return the group of every vertex: that of its switch; a vertex that hangs together with several goes with the first."""
    labels = np.full(len(switch), -1)
    labels[switch[core[::-1]]] = place[::-1]
    return labels[switch]


def _together(ends: NDArray[np.int32], vertices: int) -> Ints:
    """Return a label per vertex, the same where cables join them, in the order of the parts' first vertices.

    Every vertex points at one of its part, in the end at the first: both ends of a cable, and what they pointed at, take
    the lower of the two, then what it points at, until nothing changes. scipy's search would cost 0.3 s to import.
    """
    low, high = ends.T
    points, before = np.arange(vertices), np.full(vertices, -1)
    while (points != before).any():
        before = points.copy()
        least = np.minimum(before[low], before[high])
        for taker in (before[low], before[high], low, high):
            np.minimum.at(points, taker, least)
        points = points[points]
    labels: Ints = np.unique(points, return_inverse=True)[1].astype(np.int64)
    return labels


def _with_scale_up(topology: Topology, group: Ints) -> Ints:
    """Return the groups with every scale-up switch in its devices' group, or alone where they are in several."""
    if SCALE_UP not in topology.levels:
        return group
    device, switch = topology.ends[topology.level == topology.scale_up_level].T
    inside = topology.tier[switch] == topology.scale_up_tier
    device, switch = device[inside], switch[inside]
    labels = group.copy()
    labels[switch] = group[device]
    mixed = np.unique(switch[labels[switch] != group[device]])
    labels[mixed] = int(group.max()) + 1 + np.arange(len(mixed))
    return labels


def _usable(topology: Topology, devices: Devices) -> NDArray[np.bool_]:
    """Return which cables can carry bytes of these devices: not those of a device without a rank that does not forward."""
    dead: NDArray[np.bool_] = np.invert(topology.forwards)
    dead[topology.devices :] = False
    dead[devices] = False
    return np.asarray(np.invert(dead[topology.ends]).all(axis=1))


def speeds(fabric: Fabric, group: Ints, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return bytes per second out of and into every group, by label; usable: (cables,) which cables count."""
    across, low, high = _across(fabric.topology, group, usable)
    count = int(group.max()) + 1
    return _sums(low, high, fabric.link_speed[0::2][across], fabric.link_speed[1::2][across], count)


def _across(topology: Topology, group: Ints, usable: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Return the usable cables between groups, and the groups at their two ends."""
    low, high = group[topology.ends].T
    across = np.flatnonzero(usable & (low != high))
    return across, low[across], high[across]


def _sums(low: Ints, high: Ints, up: Floats, down: Floats, count: int) -> tuple[Floats, Floats]:
    """Return bytes per second out of and into each of `count` groups, of cables between two of them."""
    out: Floats = np.bincount(low, up, count).astype(float) + np.bincount(high, down, count)
    into: Floats = np.bincount(low, down, count).astype(float) + np.bincount(high, up, count)
    return out, into

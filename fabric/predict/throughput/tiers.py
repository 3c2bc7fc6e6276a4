"""Closed forms for tiered even wirings: the even split's load and the hop bound, a tier at a time. Knows no other graph.

Climbing spreads evenly over the cables up, and coming down is the mirror image of climbing from the target: O(cables) per
tier, whatever the number of messages. Devices that meet at tier t are t cables below it, both ways.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.predict.bounds import cuts, is_tiered
from fabric.predict.throughput.core import nic_rate
from fabric.predict.throughput.traffic import Traffic
from topologies.base import NIC, Topology

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def is_even(topology: Topology) -> bool:
    """Return whether the wiring is tiered and every switch is joined to each part below it by equally many cables.

    Then an even split up is an even split down, and split_theta() is exact for it.
    """
    if not is_tiered(topology) or topology.family == "local":
        return False
    ends = topology.ends[topology.level != topology.scale_up_level].astype(np.int64)
    tier = topology.tier[ends[:, 1]]
    parts = [np.arange(topology.vertices), *_parts(topology), np.zeros(topology.vertices, dtype=np.int64)]
    return all(_joined_evenly(ends[tier == t], parts[t - 1], parts[t]) for t in range(1, int(tier.max()) + 1))


def _parts(topology: Topology) -> list[Ints]:
    """Return the label of every vertex below every tier but the top one."""
    return [labels for level, labels in cuts(topology) if level not in ("device", "node")]


def _joined_evenly(ends: Ints, below: Ints, part: Ints) -> bool:
    """Return whether every upper end has as many cables to each part below it that belongs to its own part."""
    pairs, cables = np.unique(ends[:, 1] * len(below) + below[ends[:, 0]], return_counts=True)
    upper, under = np.divmod(pairs, len(below))
    if len(np.unique(cables)) > 1:
        return False
    whole = part[upper]
    switches = np.bincount(part[np.unique(upper)], minlength=len(part) + 1)
    members = np.unique(np.stack([under, whole]), axis=1)[1]
    return bool((np.bincount(whole, minlength=len(part) + 1) == switches * np.bincount(members, minlength=len(part) + 1)).all())


def split_theta(fabric: Fabric, traffic: Traffic) -> float:
    """Return theta of the even split on a wiring that is_even: O(cables) per tier."""
    topology = fabric.topology
    cable = np.flatnonzero(topology.level != topology.scale_up_level)
    low, high = topology.ends[cable].astype(np.int64).T
    tier = topology.tier[high]
    groups = [np.arange(topology.devices), *(labels[: topology.devices] for labels in _parts(topology))]
    leaving = [*(traffic.leaving(group) for group in groups), (np.zeros(topology.devices),) * 2]
    ways = np.maximum(np.bincount(low, minlength=topology.vertices), 1)
    load = np.zeros((2, len(cable)))
    for top in range(1, len(groups) + 1):
        for side in (0, 1):
            meets = np.maximum(leaving[top - 1][side] - leaving[top][side], 0)
            _climb(load[side], meets, [(np.flatnonzero(tier == t)) for t in range(1, top + 1)], low, high, ways)
    speed = np.stack([fabric.link_speed[2 * cable], fabric.link_speed[2 * cable + 1]]) / nic_rate(fabric)
    used = load > 1e-12 * load.max(initial=0)
    return float((speed[used] / load[used]).min(initial=np.inf))


def _climb(load: Floats, amount: Floats, tiers: list[Ints], low: Ints, high: Ints, ways: Ints) -> None:
    """Add what every cable carries when the devices' amounts climb these tiers, spread evenly."""
    held = np.zeros(len(ways))
    held[: len(amount)] = amount
    for cables in tiers:
        flow = held[low[cables]] / ways[low[cables]]
        load[cables] += flow
        held = np.bincount(high[cables], flow, len(ways)).astype(float)


def hop_theta(fabric: Fabric, traffic: Traffic) -> dict[str, float]:
    """Return the hop bound of all links above the leaves together, and of every level, on a wiring that is_even.

    What leaves a part below tier t crosses one cable up to that tier and one down.
    """
    topology = fabric.topology
    cable = np.flatnonzero(topology.level != topology.scale_up_level)
    tier = topology.tier[topology.ends[cable, 1]]
    speed = (fabric.link_speed[2 * cable] + fabric.link_speed[2 * cable + 1]) / nic_rate(fabric)
    first = 2 + (NIC in topology.tiers)
    capacity = np.bincount(tier, speed)[first:]
    parts = [labels[: topology.devices] for labels in _parts(topology)[first - 2 :]]
    work = np.array([sum(float(side.sum()) for side in traffic.leaving(part)) for part in parts])
    if not work.any():
        return {"all links": float("inf")}
    names = [topology.levels[topology.level[cable[np.argmax(tier == t)]]] for t in range(first, first + len(work))]
    by_level = {name: float(c / w) for name, c, w in zip(names, capacity, work, strict=True) if w > 0}
    return {"all links": float(capacity.sum() / work.sum())} | by_level

"""Messages between ranks and switches that add and copy: which links they load. It knows no bytes and no library.

A switch inside a node (NVLS) joins its devices directly; it hands every device a part of its own, so that its messages are
of unequal sizes. Equal ones are a reduction over the fabric (SHARP), which climbs the tiers, whatever stands inside nodes:
every device sends its buffer once, every part of the network below a tier lets one sum out, spread evenly over its cables
up; the result comes down as the mirror image, copied where the ways part. Tiered fabrics only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.network.placement import Devices
from fabric.network.routing.route import Routed, tables_of
from topologies.base import Topology
from topologies.errors import InputError

Ranks = NDArray[np.int32]
Floats = NDArray[np.float64]


def switched(topology: Topology, devices: Devices, source: Ranks, target: Ranks, weight: Floats | None) -> Routed:
    """Return the crossings of messages of which one end is a switch: a rank number from len(devices) on.

    weight: every message's size; None: all equal, one tree over the fabric. hops: one row, the tiers climbed, twice where
    messages come down as well.

    Raises:
        InputError: unequal messages in a node without a switch inside; a fabric that is not tiered or does not join the ranks.
    """
    up = target >= len(devices)
    device = devices[np.where(up, source, target)]
    per_link = np.zeros(2 * len(topology.ends))
    hops = np.zeros((1, len(topology.levels)), dtype=np.int64)
    if weight is None:
        _over_the_fabric(topology, device, up, per_link, hops)
    else:
        _inside(topology, device, up, weight, per_link)
        hops[0, topology.scale_up_level] = 1
    return Routed(per_link, hops * (2 if up.any() and not up.all() else 1))


def _inside(topology: Topology, device: Devices, up: NDArray[np.bool_], weights: Floats, per_link: Floats) -> None:
    """Count messages over the cables that join a device to the switches of its node, spread evenly over their lanes."""
    cables = np.flatnonzero(topology.level == topology.scale_up_level)
    ends = topology.ends[cables]
    own = (ends[:, 0] < topology.devices) & (ends[:, 1] >= topology.devices)
    if not own.any():
        kind = topology.params.get("scale_up", "none")
        raise InputError(f"algorithm: nvls needs switches inside nodes, such as scale_up=nvswitch, got scale_up={kind}")
    cables, of = cables[own], ends[own, 0]
    lanes = topology.lanes[cables]
    share = lanes / np.bincount(of, lanes, minlength=topology.devices)[of]
    for way, chosen in ((0, up), (1, ~up)):
        held = np.bincount(device[chosen], weights[chosen], minlength=topology.devices)
        per_link[2 * cables + way] += held[of] * share


def _over_the_fabric(
    topology: Topology, device: Devices, up: NDArray[np.bool_], per_link: Floats, hops: NDArray[np.int64]
) -> None:
    """Count one aggregation tree over all given devices: per tier, every part below lets one sum out and one result in."""
    tables = tables_of(topology)
    lower, upper = topology.ends[tables.network].astype(np.int64).T
    if (topology.tier[lower] >= topology.tier[upper]).any():
        kind = topology.name.partition(":")[0]
        raise InputError(f"algorithm: sharp needs switches in tiers, such as leaf_spine or fat_tree, got {kind}; use ring")
    tier = topology.tier[upper]
    for t in range(1, tables.top + 1):
        below, here = tables.parts[t - 1], tables.network[tier == t]
        part = below[lower[tier == t]]
        used = np.zeros(topology.vertices, dtype=bool)
        used[below[device]] = True
        cables = np.bincount(part, minlength=topology.vertices)
        share = np.where(used[part], 1.0 / np.maximum(cables[part], 1), 0.0)
        for way, chosen in ((0, up), (1, ~up)):
            per_link[2 * here + way] += share * chosen.any()
        hops[0, topology.level[here[0]]] += 1
        if len(np.unique(tables.parts[t][device])) == 1:
            return
    raise InputError(f"algorithm: sharp needs a switch above all ranks, {topology.name} has none; use ring")

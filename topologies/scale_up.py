"""What is inside nodes: devices grouped into servers, and the switch between them. It does not know its speed.

An nvswitch vertex stands for all NVSwitch chips of its node together, non-blocking: one cable per device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from topologies.base import MOST_PER_NODE, SCALE_UP, Topology, check_whole, uplinks
from topologies.errors import InputError


def add_scale_up(topology: Topology, kind: str, devices_per_node: int) -> Topology:
    """Return the topology with its devices in nodes of `devices_per_node` and the graph `kind` inside every node.

    The last node may hold fewer. kind: a name in KINDS. A family that sets its nodes itself (rail_optimized, local)
    keeps them, and devices_per_node must agree.

    Raises:
        InputError: an unknown kind, a bad or disagreeing devices_per_node, or nothing to switch between.
    """
    if kind not in KINDS:
        raise InputError(f"{topology.family}: unknown scale_up {kind!r}; there are: {', '.join(KINDS)}")
    if SCALE_UP in topology.tiers:
        raise InputError(f"{topology.family}: {topology.name} already has a scale-up graph")
    return KINDS[kind](_group(topology, devices_per_node))


def _group(topology: Topology, devices_per_node: int) -> Topology:
    """Return the topology with node and rail of its devices set; a device's rail is its index inside its node."""
    check_whole(topology.family, most=MOST_PER_NODE, devices_per_node=devices_per_node)
    own = topology.devices_per_node
    if topology.rail[0] >= 0 and devices_per_node != own:
        raise InputError(f"{topology.family}: devices_per_node must be {own}, its nodes' own, got {devices_per_node}")
    if devices_per_node == own:
        return topology
    node, rail = topology.node.copy(), topology.rail.copy()
    node[: topology.devices], rail[: topology.devices] = np.divmod(np.arange(topology.devices), devices_per_node)
    return replace(topology, params={**topology.params, "devices_per_node": devices_per_node}, node=node, rail=rail)


def _none(topology: Topology) -> Topology:
    """Return the topology as it is: devices of a node meet in the scale-out network only."""
    return topology


def _nvswitch(topology: Topology) -> Topology:
    """Return the topology with one scale-up switch per node and one cable from each device to it."""
    if topology.devices_per_node < 2:
        raise InputError(f"{topology.family}: scale_up=nvswitch needs 2 or more devices a node, as devices_per_node=8")
    device = np.arange(topology.devices)
    switch = topology.vertices + topology.node[device]
    cables = uplinks(device, switch[:, None])
    return replace(
        topology,
        params={**topology.params, "scale_up": "nvswitch"},
        tiers=(*topology.tiers, SCALE_UP),
        levels=(*topology.levels, SCALE_UP),
        tier=_extended(topology.tier, len(topology.tiers), topology.nodes),
        node=np.concatenate([topology.node, np.arange(topology.nodes, dtype=np.int32)]),
        rail=_extended(topology.rail, -1, topology.nodes),
        plane=_extended(topology.plane, -1, topology.nodes),
        forwards=_extended(topology.forwards, 1, topology.nodes),
        ends=np.concatenate([topology.ends, cables]),
        level=_extended(topology.level, len(topology.levels), len(cables)),
        lanes=_extended(topology.lanes, 1, len(cables)),
    )


def _extended(values: np.ndarray, value: int, count: int) -> np.ndarray:
    """Return the values followed by `count` times `value`, of the same type."""
    return np.concatenate([values, np.full(count, value, dtype=values.dtype)])


KINDS: Mapping[str, Callable[[Topology], Topology]] = {
    "none": _none,
    "nvswitch": _nvswitch,
}

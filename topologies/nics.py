"""NICs that several devices of a node share: a tier between the devices and the network. It does not know their speed.

Every endpoint of a family becomes a NIC, with `devices_per_nic` devices below it. A device reaches the network through its NIC
alone: it may have all of it while the others are silent, and all of them together have no more. NICs are no switches: they are
not counted or bought as such, and do not add.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from topologies.base import HOST_NIC, MOST_PER_NODE, NIC, SCALE_UP, Topology, check_size, check_whole
from topologies.errors import InputError

INSIDE = ("devices_per_node", "scale_up", "domain")
"""Parameters of what is inside nodes."""


def share_nics(topology: Topology, devices_per_nic: int, devices_per_node: int) -> Topology:
    """Return the topology whose devices are NICs now, each with `devices_per_nic` devices below it.

    Devices come first, NIC by NIC, then NICs in the order of the family's endpoints, then the switches. The NICs of a node
    follow each other; a device's rail is its index inside its node. topology: of one device a node, without a graph inside.

    Raises:
        InputError: a count below 2, nodes that are no whole number of NICs, a family with nodes of its own or whose devices
            forward.
    """
    family = topology.family
    check_whole(family, least=2, most=MOST_PER_NODE, devices_per_nic=devices_per_nic)
    if topology.devices_per_node > 1 or topology.rail[0] >= 0 or topology.forwards[: topology.devices].any():
        raise InputError(
            f"{family}: devices_per_nic={devices_per_nic} needs a family of endpoints that neither forward nor stand in "
            "nodes or rails of their own, such as clos or fat_tree; devices_per_nic=1 gives every device a port of its own"
        )
    if devices_per_node % devices_per_nic:
        raise InputError(
            f"{family}: devices_per_node must be a multiple of devices_per_nic={devices_per_nic}, got {devices_per_node}"
        )
    check_size(family, topology.devices * devices_per_nic)
    return _shared(topology, devices_per_nic, devices_per_node)


def _shared(topology: Topology, each: int, devices_per_node: int) -> Topology:
    nics = topology.devices
    devices = nics * each
    device = np.arange(devices, dtype=np.int32)
    below = np.stack([device, devices + device // each], axis=1).astype(np.int32)
    lanes = np.bincount(topology.ends.ravel(), np.repeat(topology.lanes, 2), minlength=topology.vertices)[:nics]
    index = (device % devices_per_node).astype(np.int16)
    first = np.zeros(devices, dtype=np.int8)
    return replace(
        topology,
        params={**topology.params, "devices_per_nic": each, "devices_per_node": devices_per_node},
        tiers=(topology.tiers[0], NIC, *topology.tiers[1:]),
        levels=(HOST_NIC, *(level.replace(f"{topology.tiers[0]}-", f"{NIC}-") for level in topology.levels)),
        devices=devices,
        tier=np.concatenate([first, topology.tier + np.int8(1)]),
        node=np.concatenate([device // devices_per_node, np.arange(nics) * each // devices_per_node, topology.node[nics:]])
        .astype(np.int32),
        rail=np.concatenate([index, topology.rail]),
        plane=np.concatenate([np.repeat(topology.plane[:nics], each), topology.plane]),
        forwards=np.concatenate([np.zeros(devices, dtype=bool), np.ones(nics, dtype=bool), topology.forwards[nics:]]),
        ends=np.concatenate([below, topology.ends + np.int32(devices)]),
        level=np.concatenate([first, topology.level + np.int8(1)]),
        lanes=np.concatenate([np.repeat(lanes, each).astype(np.int16), topology.lanes]),
    )  # fmt: skip


def cables_by_device(topology: Topology) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the network's cables as devices see them: (rows,) cable numbers and (rows, 2) their ends.

    A cable of a shared NIC has a row for each device below it, with that device in the NIC's place; any other has one row.
    """
    cable = np.flatnonzero(topology.is_cable)
    ends = topology.ends[cable].astype(np.int64)
    if NIC not in topology.tiers:
        return cable, ends
    device = np.argsort(topology.ports, kind="stable")
    below = np.bincount(topology.ports, minlength=topology.vertices)
    first = np.cumsum(below) - below
    low = ends[:, 0]  # a NIC is the lower end of all its cables
    times = np.maximum(below[low], 1)
    row = np.repeat(np.arange(len(cable)), times)
    place = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    ends = ends[row]
    shared = below[ends[:, 0]] > 0
    shared &= ends[:, 0] >= topology.devices
    ends[shared, 0] = device[first[ends[shared, 0]] + place[shared]]
    return cable[row], ends


def nics_alone(topology: Topology) -> Topology:
    """Return the network as its NICs see it: these for devices, nothing below or beside them; itself where none are shared."""
    if NIC not in topology.tiers:
        return topology
    devices, nics = topology.devices, int((topology.tier == topology.tiers.index(NIC)).sum())
    last = int(np.flatnonzero(topology.tier != topology.scale_up_tier)[-1]) + 1
    kept, inside = topology.is_cable, {SCALE_UP, HOST_NIC}
    node = topology.node[devices:last].copy()
    node[:nics] = np.arange(nics)
    levels = [level for level in topology.levels if level not in inside]
    own = {key: value for key, value in topology.params.items() if key not in ("devices_per_nic", *INSIDE)}
    return replace(
        topology,
        params=own,
        tiers=tuple(tier for tier in topology.tiers if tier not in (NIC, SCALE_UP)),
        levels=tuple(level.replace(f"{NIC}-", f"{topology.tiers[0]}-") for level in levels),
        devices=nics,
        tier=topology.tier[devices:last] - np.int8(1),
        node=node,
        rail=np.full(last - devices, -1, dtype=topology.rail.dtype),
        plane=topology.plane[devices:last],
        forwards=np.concatenate([np.zeros(nics, dtype=bool), topology.forwards[devices + nics : last]]),
        ends=topology.ends[kept] - np.int32(devices),
        level=topology.level[kept] - np.int8(1),
        lanes=topology.lanes[kept],
        domain=None,
    )

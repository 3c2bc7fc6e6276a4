"""What can be lost at once (a drained switch, a plane, a rack), which devices that parts, single points of failure.

Wiring alone: it runs no collective and knows no rates. A device is parted where it is alive but no longer hangs on the part of
its network that most devices are left on; with several planes, on one that most share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fabric.network.failures import Failures
from fabric.review.racks import Layout
from topologies.base import Topology
from topologies.nics import cables_by_device

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


Kind = Literal["links", "host_links", "switches", "planes", "racks", "drain", "plane", "rail", "network_rack", "compute_rack"]
"""Cables between switches or at devices, switches, planes or racks of nodes, some of each; or one loss: AT_ONCE."""
AT_ONCE: tuple[Kind, ...] = ("drain", "plane", "rail", "network_rack", "compute_rack")
"""Losses as a whole: a switch drained, a plane, a rail, a rack with switches alone, a rack that holds nodes."""


@dataclass(frozen=True)
class Event:
    """What failed: its kind; number: of a plane, rail or rack; tier: of a drained switch. It holds no list of vertices.

    switches, nodes: how many go with a loss as a whole; 0 of what is drawn, whose number Damage has.
    """

    kind: Kind
    number: int | None = None
    tier: str | None = None
    switches: int = 0
    nodes: int = 0


@dataclass(frozen=True)
class Loss:
    """Switches, nodes and cables that go together in an event."""

    event: Event
    switches: tuple[int, ...]
    nodes: tuple[int, ...] = ()
    cables: tuple[int, ...] = ()

    def __or__(self, other: Loss) -> Loss:
        """Return what either takes, under this one's event."""
        taken = ({*getattr(self, name), *getattr(other, name)} for name in ("switches", "nodes", "cables"))
        return Loss(self.event, *(tuple(sorted(own)) for own in taken))


def network_switches(topology: Topology) -> Flags:
    """Return which vertices are switches of the network, (vertices,)."""
    flags: Flags = topology.is_switch
    return flags


def losses(topology: Topology, layout: Layout | None) -> Iterator[Loss]:
    """Yield the first switch of every tier drained, the first plane or rail lost, and of each kind of rack the fullest."""
    switch = network_switches(topology)
    if switch.sum() >= 2:
        yield from _drained(topology, switch)
        yield from _plane(topology, switch)
    if layout is not None:
        yield from _racks(topology, layout, switch)


def _drained(topology: Topology, switch: Flags) -> Iterator[Loss]:
    for number, tier in enumerate(topology.tiers):
        own = np.flatnonzero(switch & (topology.tier == number))
        if len(own):
            yield Loss(Event("drain", tier=tier, switches=1), (int(own[0]),))


def _plane(topology: Topology, switch: Flags) -> Iterator[Loss]:
    """Yield the first of several planes: where every device stands in one alone, planes are rails."""
    planes = _numbers(topology)
    if len(planes) < 2:
        return
    own = np.flatnonzero(switch & (topology.plane == planes[0]))
    kind: Kind = "plane" if shared_planes(topology) else "rail"
    yield Loss(Event(kind, int(planes[0]), switches=len(own)), tuple(own.tolist()))


def shared_planes(topology: Topology) -> int:
    """Return the number of planes in which every device stands at once, 0 where each stands in one alone."""
    return 0 if (topology.plane[: topology.devices] >= 0).all() else len(_numbers(topology))


def _numbers(topology: Topology) -> NDArray[np.int16]:
    planes = np.unique(topology.plane[network_switches(topology)])
    return planes[planes >= 0]


def _racks(topology: Topology, layout: Layout, switch: Flags) -> Iterator[Loss]:
    """Yield the rack with the most switches and the rack with the most devices; one that is both, once."""
    racks = compute_racks(topology, layout)
    if switch.any():
        fullest = int(np.bincount(layout.rack[switch]).argmax())
        found = rack(topology, layout, fullest)
        if not found.nodes and len(found.switches) < switch.sum():
            yield found
    if len(racks) > 1:
        yield rack(topology, layout, int(np.bincount(layout.rack[: topology.devices]).argmax()))


def compute_racks(topology: Topology, layout: Layout) -> Ints:
    """Return the racks that hold nodes."""
    return np.unique(layout.rack[: topology.devices])


def rack(topology: Topology, layout: Layout, number: int) -> Loss:
    """Return the loss of a rack: the nodes and the switches that stand in it."""
    switches = np.flatnonzero(network_switches(topology) & (layout.rack == number))
    nodes = np.unique(topology.node[: topology.devices][layout.rack[: topology.devices] == number])
    event = Event("compute_rack" if len(nodes) else "network_rack", number, switches=len(switches), nodes=len(nodes))
    return Loss(event, tuple(switches.tolist()), tuple(nodes.tolist()))


@dataclass(frozen=True, eq=False)
class Attached:
    """Which connected part of the forwarding vertices every device hangs on.

    device, part: a row for each pair of the two. label: the part of every vertex.
    """

    device: Ints
    part: Ints
    label: Ints


def attached(topology: Topology, alive: Flags) -> Attached:
    """Return what the devices hang on over the network cables that are alive; those on a NIC over the NIC's cables."""
    cable, ends = cables_by_device(topology)
    ends = ends[alive[cable] & ~np.isin(ends[:, 0], _without_nic(topology, alive))]
    forwards = topology.forwards[ends]
    low, high = ends[forwards.all(axis=1)].T
    size = topology.vertices
    label = connected_components(coo_array((np.ones(len(low), dtype=np.int8), (low, high)), (size, size)), directed=False)[1]
    edge = forwards.any(axis=1) & ~forwards.all(axis=1)
    device, switch = np.where(forwards[edge, :1], ends[edge, ::-1], ends[edge]).T
    own = np.flatnonzero(topology.forwards[: topology.devices])
    rows = np.unique(np.concatenate([device * size + label[switch], own * size + label[own]]))
    return Attached(rows // size, rows % size, label.astype(np.int64))


def _without_nic(topology: Topology, alive: Flags) -> Ints:
    """Return the devices that are cut off from the NIC that they share."""
    found: Ints = topology.ends[~alive & ~topology.is_cable & (topology.level != topology.scale_up_level), 0].astype(np.int64)
    return found


@lru_cache(maxsize=8)
def _whole(topology: Topology) -> Attached:
    """Return what the devices hang on where nothing has failed; every event of a fabric asks for it."""
    return attached(topology, np.ones(len(topology.ends), dtype=bool))


def together(topology: Topology, failures: Failures, gone: Flags) -> Flags:
    """Return which devices are alive and still together, (devices,); gone: devices that are lost themselves."""
    before = _whole(topology)
    after = attached(topology, failures.alive(topology))
    living = ~gone[after.device]
    device, part = after.device[living], after.part[living]
    held = np.bincount(part, minlength=topology.vertices)
    largest = np.zeros(topology.vertices, dtype=np.int64)
    by_size = np.argsort(held[after.label], kind="stable")
    largest[before.label[by_size]] = after.label[by_size]  # of every whole part the piece with the most devices: written last
    main = np.zeros(topology.vertices, dtype=bool)
    main[largest[before.label]] = True
    homes = np.bincount(before.device, minlength=topology.devices)
    device, part = device[main[part]], part[main[part]]
    several = homes[device] > 1
    shared = np.bincount(part[several], minlength=1).argmax()
    found = homes == 0
    found[device[~several | (part == shared)]] = True
    still: Flags = found & ~gone
    return still


@dataclass(frozen=True)
class SinglePoints:
    """What parts any device when it fails alone: switches, cables; devices: the most that one switch takes."""

    switches: int
    cables: int
    devices: int


def single_points(topology: Topology) -> SinglePoints:
    """Return the single points of failure of the network.

    A switch with devices that have no other one, and the only cable of a device or of the NIC that devices share, are found
    by counting; what is left are the articulation points of the switches and the cables at them, each tried by itself.
    """
    number, ends = cables_by_device(topology)
    forwards = topology.forwards[ends].all(axis=1)
    taken = np.bincount(_only_switch(topology, ends[~forwards]), minlength=topology.vertices)[: topology.vertices]
    own = np.bincount(ends[~forwards].ravel(), minlength=topology.vertices)[: topology.devices] == 1
    cables = len(np.unique(topology.ports[own]))
    between, rows, copies = np.unique(ends[forwards], axis=0, return_index=True, return_counts=True)
    graph = nx.from_edgelist(between.tolist())
    joints = np.array(sorted(nx.articulation_points(graph)), dtype=np.int64)
    for switch in joints[joints >= topology.devices].tolist():
        taken[switch] = parted(topology, Failures(switches=(switch,)))
    ending = np.bincount(between.ravel(), minlength=topology.vertices) == 1
    ending[joints] = True
    alone = number[forwards][rows[(copies == 1) & ending[between].any(axis=1)]]
    cables += sum(parted(topology, Failures(cables=(cable,))) > 0 for cable in alone.tolist())
    return SinglePoints(int((taken > 0).sum()), cables, int(taken.max(initial=0)))


def parted(topology: Topology, failures: Failures) -> int:
    """Return how many devices failures part from the others."""
    nobody = np.zeros(topology.devices, dtype=bool)
    return int((~together(topology, failures, nobody)).sum())


def _only_switch(topology: Topology, ends: Ints) -> Ints:
    """Return the switch of every device that has one alone. ends: cables of devices, (n, 2)."""
    device, switch = np.where(ends[:, :1] < topology.devices, ends, ends[:, ::-1]).T
    first, last = np.full(topology.devices, topology.vertices), np.full(topology.devices, -1)
    np.minimum.at(first, device, switch)
    np.maximum.at(last, device, switch)
    only: Ints = first[first == last]
    return only

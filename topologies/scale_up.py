"""What is inside nodes: devices grouped into servers, the graph between them, its lanes. It does not know its speed or routes.

The graphs themselves are in topologies/scale_up_kinds.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from topologies.base import MOST_PER_NODE, SCALE_UP, Topology, check_size, check_whole
from topologies.errors import InputError
from topologies.guess import did_you_mean
from topologies.scale_up_kinds import KINDS, SHARED, Inside


def add_scale_up(topology: Topology, kind: str, devices_per_node: int, domain: int | None = None) -> Topology:
    """Return the topology with its devices in nodes of `devices_per_node` and the graph `kind` inside every domain.

    domain: devices that share one graph, of whole nodes that follow each other (18 trays of 4 in one rack of 72); None: every
    node is one. The last node and the last domain may hold fewer. kind: a name in KINDS. A family that sets its nodes
    itself (rail_optimized, local) keeps them, and devices_per_node must agree. Switches of a domain stand in its nodes in turn.

    Raises:
        InputError: an unknown kind, a bad or disagreeing devices_per_node, one device a node, more than the kind holds, or a
            domain that is no whole number of nodes or has no graph.
    """
    known = ("none", *KINDS)
    if kind not in known:
        hint = did_you_mean(kind, known)
        raise InputError(f"{topology.family}: unknown scale_up {kind!r}{hint}; there are: {', '.join(known)}")
    if SCALE_UP in topology.levels:
        raise InputError(f"{topology.family}: {topology.name} already has a scale-up graph")
    grouped = _in_domains(_group(topology, devices_per_node), kind, domain)
    return grouped if kind == "none" else _with_graph(grouped, kind)


def _in_domains(topology: Topology, kind: str, devices: int | None) -> Topology:
    """Return the topology with the domain of every device set, where domains are not its nodes."""
    per_node = topology.devices_per_node
    if devices is None or devices == per_node:
        return topology
    check_whole(topology.family, most=MOST_PER_NODE, domain=devices)
    if devices % per_node:
        raise InputError(f"{topology.family}: domain must be a multiple of the {per_node} devices of a node, got {devices}")
    if kind == "none":
        raise InputError(f"{topology.family}: domain={devices} needs a graph that its devices share, such as scale_up=nvswitch")
    domain = np.where(topology.node >= 0, topology.node // (devices // per_node), -1).astype(np.int32)
    return replace(topology, domain=domain)


def directions(topology: Topology) -> int:
    """Return how many directions share what a device has inside its node: 2 where both do, else 1."""
    return 2 if topology.params.get("scale_up") in SHARED else 1


def device_lanes(topology: Topology) -> NDArray[np.int64]:
    """Return how many lanes join every device to others of its node (devices,)."""
    return _lanes_at(topology)[: topology.devices]


def sharing(topology: Topology) -> NDArray[np.int64]:
    """Return per cable the lanes that share what its device has inside its node (cables,); 1 for cables between nodes.

    Two devices: those of the one with more. Two switches: those of the device with the most in their node. Lanes of both
    directions count where these share it.
    """
    at = _lanes_at(topology)
    most = np.ones(topology.domains, dtype=np.int64)
    np.maximum.at(most, topology.together[: topology.devices], at[: topology.devices])
    ends = topology.ends
    of_device = np.where(ends < topology.devices, at[ends], 0).max(axis=1)
    inside = topology.level == topology.scale_up_level
    own = np.where(of_device > 0, of_device, most[topology.together[ends[:, 0]]])
    return np.where(inside, own * directions(topology), 1)


def _lanes_at(topology: Topology) -> NDArray[np.int64]:
    """Return the lanes inside nodes at every vertex."""
    inside = topology.level == topology.scale_up_level
    lanes = np.repeat(topology.lanes[inside], 2)
    return np.bincount(topology.ends[inside].ravel(), lanes, minlength=topology.vertices).astype(np.int64)


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


def _with_graph(topology: Topology, kind: str) -> Topology:
    """Return the topology with the graph of this kind inside every domain: its switches last, its cables last."""
    made, most, needs = KINDS[kind]
    sizes = np.bincount(topology.together[: topology.devices], minlength=topology.domains)
    if not 2 <= sizes.max() <= most:
        bounds = f"2 to {most}" if most < MOST_PER_NODE else "2 or more"
        whole = "node, as devices_per_node" if topology.domain is None else "domain, as domain"
        raise InputError(f"{topology.family}: scale_up={kind} needs {bounds} devices a {whole}={needs}")
    graphs = {int(size): made(int(size)) for size in np.unique(sizes)}
    check_size(topology.family, sum(len(graphs[int(size)].cables) for size in sizes) + len(topology.ends))
    return _extended_by(topology, kind, sizes, graphs)


def _extended_by(topology: Topology, kind: str, sizes: np.ndarray, graphs: dict[int, Inside]) -> Topology:
    """Return the topology with the graph of its size in every domain."""
    switches = np.array([graphs[int(size)].switches for size in sizes])
    cables, lanes = _cables(sizes, switches, graphs, topology.vertices)
    count, tier = int(switches.sum()), len(topology.tiers)
    owner = np.repeat(np.arange(len(sizes), dtype=np.int32), switches)
    own = {} if topology.domain is None else {"domain": int(sizes.max())}
    return replace(
        topology,
        params={**topology.params, "scale_up": kind, **own},
        tiers=(*topology.tiers, *([SCALE_UP] if count else [])),
        levels=(*topology.levels, SCALE_UP),
        tier=_extended(topology.tier, tier, count),
        node=np.concatenate([topology.node, owner if topology.domain is None else _standing(topology, owner, switches)]),
        domain=None if topology.domain is None else np.concatenate([topology.domain, owner]),
        rail=_extended(topology.rail, -1, count),
        plane=_extended(topology.plane, -1, count),
        forwards=_extended(topology.forwards, 1, count),
        ends=np.concatenate([topology.ends, cables]),
        level=_extended(topology.level, len(topology.levels), len(cables)),
        lanes=np.concatenate([topology.lanes, lanes]),
    )


def _standing(topology: Topology, owner: NDArray[np.int32], switches: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the node in which every switch of a domain stands: spread evenly over the domain's nodes in their order."""
    node = topology.node[: topology.devices]
    first = np.full(len(switches), topology.nodes, dtype=np.int64)
    last = np.zeros(len(switches), dtype=np.int64)
    np.minimum.at(first, topology.together[: topology.devices], node)
    np.maximum.at(last, topology.together[: topology.devices], node)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(switches) - switches, switches)
    found: NDArray[np.int32] = (first[owner] + place * (last - first + 1)[owner] // switches[owner]).astype(np.int32)
    return found


def _cables(sizes: np.ndarray, switches: np.ndarray, graphs: dict[int, Inside], vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ends and lanes of the cables of all nodes, node by node."""
    first_device = np.cumsum(sizes) - sizes
    first_switch = vertices + np.cumsum(switches) - switches
    found, lanes, owner = [], [], []
    for size, graph in graphs.items():
        nodes = np.flatnonzero(sizes == size)
        local = np.asarray(graph.cables, dtype=np.int64).reshape(-1, 2)
        device, switch = first_device[nodes, None, None], first_switch[nodes, None, None] - size
        found.append(np.where(local < size, device + local, switch + local).reshape(-1, 2))
        lanes.append(np.tile(np.array(graph.lanes, dtype=np.int16), len(nodes)))
        owner.append(np.repeat(nodes, len(local)))
    order = np.argsort(np.concatenate(owner), kind="stable")
    return np.concatenate(found)[order].astype(np.int32), np.concatenate(lanes)[order]


def _extended(values: np.ndarray, value: int, count: int) -> np.ndarray:
    """Return the values followed by `count` times `value`, of the same type."""
    return np.concatenate([values, np.full(count, value, dtype=values.dtype)])

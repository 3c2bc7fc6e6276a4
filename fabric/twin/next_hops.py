"""Next hops by destination, as a kernel's routing table holds them: from the toolkit's policies, or all shortest paths.

It knows no address and no namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.names import vertex_name
from fabric.network.routing.policies import read_policy
from fabric.network.routing.route import ways
from fabric.network.routing.ways import Ints
from topologies.base import Topology
from topologies.errors import InputError

KERNEL_ECMP = "kernel_ecmp"
DIFFERENT_SWITCHES = 1000
"""From one seed to the next: every switch hashes with a seed of its own, or all tiers would draw alike."""


@dataclass(frozen=True)
class NextHops:
    """links: (vertex, device that is the destination) -> links out of the vertex. seed: of the kernel's hash, never 0."""

    links: Mapping[tuple[int, int], tuple[int, ...]]
    seed: int = 1


def next_hops(fabric: Fabric, routing: str) -> NextHops:
    """Return the next hops of all pairs of devices that can talk: those at the same place of different nodes.

    Raises:
        InputError: a policy whose next hop depends on more than the destination, or that splits messages.
    """
    kind, _, seed = routing.partition(":")
    if kind == KERNEL_ECMP:
        if not (seed.isascii() and seed.isdigit()):
            raise InputError(f"routing: {KERNEL_ECMP} must have a seed, such as {KERNEL_ECMP}:0, got {routing!r}")
        return NextHops(_shortest(fabric.topology), 1 + DIFFERENT_SWITCHES * int(seed))
    if read_policy(routing).splits:
        raise InputError(
            f"routing: {routing} splits messages over paths, which kernels do not; take dmodk or {KERNEL_ECMP}:SEED"
        )
    return NextHops(_static(fabric, routing))


def pairs(topology: Topology) -> tuple[Ints, Ints]:
    """Return source and target of all pairs of devices on the same place (rail) of different nodes."""
    node = topology.node[: topology.devices].astype(np.int64)
    order = np.argsort(node, kind="stable")
    place = np.empty(topology.devices, dtype=np.int64)
    place[order] = np.arange(topology.devices) - np.searchsorted(node[order], node[order])
    source, target = np.nonzero((place[:, None] == place) & (node[:, None] != node))
    return source.astype(np.int64), target.astype(np.int64)


def _static(fabric: Fabric, routing: str) -> dict[tuple[int, int], tuple[int, ...]]:
    topology = fabric.topology
    source, target = pairs(topology)
    found = ways(fabric, source, target, routing)
    links = found.link[found.paths.links]
    goal = target[found.paths.flow]
    table: dict[tuple[int, int], tuple[int, ...]] = {}
    for link, device in zip(links.tolist(), goal.tolist(), strict=True):
        at = int(topology.ends[link // 2, link % 2])
        if table.setdefault((at, device), (link,)) != (link,):
            raise InputError(
                f"routing: {routing} sends to device {device} from {vertex_name(topology, at)} by several ways, a "
                f"kernel's table decides by the destination alone; take dmodk, table:FILE or {KERNEL_ECMP}:SEED"
            )
    return table


def _shortest(topology: Topology) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return all links that lead one hop nearer to a device, through vertices that forward."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(topology.vertices)]
    for cable, (low, high) in enumerate(topology.ends.tolist()):
        out[low].append((2 * cable, high))
        out[high].append((2 * cable + 1, low))
    source, target = pairs(topology)
    senders: dict[int, set[int]] = {}
    for device, goal in zip(source.tolist(), target.tolist(), strict=True):
        senders.setdefault(goal, set()).add(device)
    table: dict[tuple[int, int], tuple[int, ...]] = {}
    for goal, devices in senders.items():
        distance = _distances(topology, out, goal)
        for at, links in enumerate(out):
            if at in devices or (at >= topology.devices and at in distance):
                nearer = tuple(link for link, to in links if distance.get(to, len(out)) == distance[at] - 1)
                table[at, goal] = nearer
    return table


def _distances(topology: Topology, out: list[list[tuple[int, int]]], goal: int) -> dict[int, int]:
    """Return the links from every vertex to a device, by breadth-first search; devices are not crossed."""
    distance, queue = {goal: 0}, [goal]
    for at in queue:
        for _, to in out[at] if at == goal or topology.forwards[at] else ():
            if to not in distance:
                distance[to] = distance[at] + 1
                queue.append(to)
    return distance

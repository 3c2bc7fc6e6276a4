"""Where the ranks of a launch stand: nodes, cores, load. It keeps host names to itself: no result ever shows one."""

from __future__ import annotations

import os
import platform
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fabric.measure.backends.backend import World
from fabric.measure.host.devices import counted, gpus, nics
from fabric.measure.host.machine import cpu_list, governor, numa_nodes, physical_cores, processor, sockets, usable_cores
from fabric.measure.launch.launcher import Launch, detect


@dataclass(frozen=True)
class Placement:
    """node: per rank, the number of its node. cores: per node, the cores that any of its ranks may use.

    said: what results say about the nodes and where ranks are bound (surroundings).
    """

    node: tuple[int, ...]
    cores: tuple[frozenset[int], ...]
    said: Mapping[str, Any] = field(default_factory=dict)

    def of(self, ranks: Sequence[int]) -> Placement:
        """Return the placement of these ranks alone, in this order."""
        return Placement(tuple(self.node[rank] for rank in ranks), self.cores)

    def nodes(self, world_size: int) -> int:
        """Return the nodes that the first world_size ranks stand on."""
        return len(set(self.node[:world_size]))

    def ranks_per_node(self, world_size: int) -> int:
        """Return the ranks on the fullest node."""
        return max(Counter(self.node[:world_size]).values())

    def exceeds_cores(self, world_size: int) -> bool:
        """Return whether any node has more of these ranks than cores."""
        return any(ranks > len(self.cores[node]) for node, ranks in Counter(self.node[:world_size]).items())

    def counted_by(self, rank: int) -> frozenset[int]:
        """Return the node's cores for the first rank on each node, none for the others: what that rank watches."""
        node = self.node[rank]
        return self.cores[node] if self.node.index(node) == rank else frozenset()


def place(seats: Sequence[tuple[str, frozenset[int]]]) -> Placement:
    """Return the placement of ranks from every rank's (host, usable cores)."""
    hosts = list(dict.fromkeys(host for host, _ in seats))
    none: frozenset[int] = frozenset()
    cores = tuple(none.union(*(own for host, own in seats if host == name)) for name in hosts)
    return Placement(tuple(hosts.index(host) for host, _ in seats), cores)


def gather_placement(world: World) -> Placement:
    """Return the placement of all ranks with what their nodes are; all ranks call it."""
    first = detect().local_rank == 0  # one rank looks at each node
    seats = world.gather((socket.gethostname(), usable_cores(), hardware_here() if first else None))
    placement = place([(host, cores) for host, cores, _ in seats])
    hardware = [own for _, _, own in seats if own is not None]
    return replace(placement, said=surroundings(placement, hardware, [cpu_list(cores) for _, cores, _ in seats]))


def surroundings(placement: Placement, hardware: Sequence[Mapping[str, Any]], bindings: Sequence[str]) -> dict[str, Any]:
    """Return what a result says about nodes and binding. hardware: of each node; bindings: cores of each rank.

    hardware: of the first node, nodes_alike: whether all nodes have the same. binding: the cores of each rank on the first
    node, as Linux lists them; bound_alike: whether the ranks of the other nodes have the same.
    """
    nodes = by_node(placement, bindings)
    return {
        "hardware": hardware[0] if hardware else {},
        "nodes_alike": all(own == hardware[0] for own in hardware),
        "binding": nodes[0],
        "bound_alike": all(own == nodes[0][: len(own)] for own in nodes),
    }


def context(world: World, launch: Launch, placement: Placement) -> Mapping[str, Any]:
    """Return what every result of this launch says about its surroundings: an allow-list, no names, no environment."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "processor": processor(),
        "cores": sum(len(cores) for cores in placement.cores),
        "launcher": launch.name,
        "load_1min": round(os.getloadavg()[0], 2),
        **placement.said,
        **world.context,
    }


def hardware_here() -> dict[str, Any]:
    """Return this node's processor, GPUs and network cards: models, counts and speeds, nothing that names the machine."""
    return {
        "processor": processor(),
        "sockets": sockets(),
        "physical_cores": physical_cores(),
        "numa_nodes": numa_nodes(),
        "governor": governor(),
        "gpus": counted(gpus()),
        "nics": counted(nics()),
    }


def by_node(placement: Placement, values: Sequence[str]) -> list[list[str]]:
    """Return every rank's value by node, in rank order; values: one per rank."""
    nodes: dict[int, list[str]] = {}
    for node, value in zip(placement.node, values, strict=True):
        nodes.setdefault(node, []).append(value)
    return [nodes[node] for node in sorted(nodes)]

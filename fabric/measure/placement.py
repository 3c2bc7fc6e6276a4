"""Where the ranks of a launch stand: nodes, cores, load. It keeps host names to itself: no result ever shows one."""

from __future__ import annotations

import os
import platform
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabric.measure.backends.backend import World
from fabric.measure.launch import Launch
from fabric.measure.machine import processor, usable_cores


@dataclass(frozen=True)
class Placement:
    """node: per rank, the number of its node. cores: per node, the cores that any of its ranks may use."""

    node: tuple[int, ...]
    cores: tuple[frozenset[int], ...]

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
    """Return the placement of all ranks; all ranks call it."""
    return place(world.gather((socket.gethostname(), usable_cores())))


def context(world: World, launch: Launch, placement: Placement) -> Mapping[str, Any]:
    """Return what every result of this launch says about its surroundings: an allow-list, no names, no environment."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "processor": processor(),
        "cores": sum(len(cores) for cores in placement.cores),
        "launcher": launch.name,
        "load_1min": round(os.getloadavg()[0], 2),
        **world.context,
    }

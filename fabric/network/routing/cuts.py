"""Wirings without the cables and switches that failed, and what they were cut from. It draws nothing and routes nothing.

A switch that fails takes all its cables with it; vertices keep their numbers, cables are renumbered without those that failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np

from fabric.network.names import keep_names
from fabric.network.routing.ways import Flags
from topologies.base import Topology
from topologies.errors import InputError


@dataclass(frozen=True)
class Failures:
    """Cables and switches (vertex numbers) that are down."""

    cables: tuple[int, ...] = ()
    switches: tuple[int, ...] = ()

    def __or__(self, other: Failures) -> Failures:
        """Return what either has."""
        cables = tuple(sorted({*self.cables, *other.cables}))
        return Failures(cables, tuple(sorted({*self.switches, *other.switches})))

    def alive(self, topology: Topology) -> Flags:
        """Return which cables still work: the cut topology's cable i is the i-th of them."""
        down = np.zeros(topology.vertices, dtype=bool)
        down[list(self.switches)] = True
        alive: Flags = ~np.any(down[topology.ends], axis=1)
        alive[list(self.cables)] = False
        return alive


@dataclass(frozen=True, eq=False)
class Origin:
    """What a cut wiring was before, and what failed."""

    whole: Topology
    failures: Failures


_ORIGINS: WeakKeyDictionary[Topology, Origin] = WeakKeyDictionary()
"""Filled by cut alone; an entry goes with its wiring. A Topology has no room for it, and routes are the same without."""


def origin_of(topology: Topology) -> Origin | None:
    """Return what a wiring was cut from, None where it was built as it is."""
    return _ORIGINS.get(topology)


@lru_cache(maxsize=8)
def cut(topology: Topology, failures: Failures) -> Topology:
    """Return the wiring without the cables that failed: the same object for the same failures, while it is kept.

    Raises:
        InputError: cables or switches that it does not have.
    """
    most = len(topology.ends)
    for cable in failures.cables:
        if not 0 <= cable < most:
            raise InputError(f"failures: cables of {topology.name} are 0 ... {most - 1}, got {cable}")
    for switch in failures.switches:
        if not topology.devices <= switch < topology.vertices:
            raise InputError(
                f"failures: switches of {topology.name} are {topology.devices} ... {topology.vertices - 1}, got {switch}"
            )
    alive = failures.alive(topology)
    left = replace(topology, ends=topology.ends[alive], level=topology.level[alive], lanes=topology.lanes[alive])
    _ORIGINS[left] = Origin(topology, failures)
    keep_names(topology, left)
    return left

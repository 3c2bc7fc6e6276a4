"""Which links messages cross, by any policy on any fabric: the way in. It does not know how many bytes a message has, or when.

Only vertices that forward are crossed, except where a policy relays inside nodes. See docs/routing.md.
"""

from __future__ import annotations

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.routing.everyone import route_everyone
from fabric.network.routing.policies import POLICIES, policies_known, read_policy
from fabric.network.routing.routed import Routed
from fabric.network.routing.router import Router, router_of
from fabric.network.routing.tiers import Tables, tables_of
from fabric.network.routing.ways import Floats, Ints, Ways
from topologies.base import Topology
from topologies.errors import InputError

__all__ = [
    "POLICIES", "Routed", "Router", "Tables", "policies_known", "route", "route_all", "router_of", "tables_of", "ways",
]  # fmt: skip


def route(
    topology: Topology,
    source: Ints,
    target: Ints,
    policy: str = "ideal",
    weight: Floats | None = None,
    *,
    each: bool = True,
    speed: Floats | None = None,
) -> Routed:
    """Return the messages' crossings of every link, each message counting its weight (1 by default), and their hops.

    source, target: devices (m,). policy: a text of policies_known(). A message to its own device crosses nothing.
    each: hops of every message; else only the rows that differ, which is less work. speed: of every link, by which ugal
    weighs them; None: all count the same.

    Raises:
        InputError: an unknown policy, a device that does not exist, or two devices that no way joins.
    """
    known = read_policy(policy)
    here, there = _devices(topology, source, target)
    amount = None if weight is None else np.asarray(weight, dtype=np.float64)
    return router_of(topology).route(here, there, known, amount, speed, each=each)


def route_all(
    topology: Topology, devices: Ints, policy: str = "ideal", weight: float = 1.0, *, speed: Floats | None = None
) -> Routed:
    """Return the crossings of one message between every two different devices, in both directions.

    hops are only the rows that no other row exceeds in every level: enough for the slowest latency. speed: as of route.

    Raises:
        InputError: as route.
    """
    known = read_policy(policy)
    (checked,) = _devices(topology, devices)
    return route_everyone(router_of(topology), checked, known, weight, speed)


def ways(fabric: Fabric, source: Ints, target: Ints, policy: str = "ideal") -> Ways:
    """Return the links of every message with capacities and latencies, for a simulation of flows.

    Split messages on even tiered fabrics run over bundles: one entry per tier and direction; elsewhere entries have shares.

    Raises:
        InputError: as route.
    """
    topology = fabric.topology
    here, there = _devices(topology, source, target)
    return router_of(topology).ways(fabric, here, there, read_policy(policy))


def _devices(topology: Topology, *given: Ints) -> list[Ints]:
    """Return the arrays as numbers of devices.

    Raises:
        InputError: a number that is none.
    """
    arrays = [np.asarray(array, dtype=np.int64) for array in given]
    for array in arrays:
        if len(array) and not 0 <= array.min() <= array.max() < topology.devices:
            wrong = array[(array < 0) | (array >= topology.devices)][0]
            raise InputError(f"routing: devices of {topology.name} are 0 ... {topology.devices - 1}, got {wrong}")
    return arrays

"""Exchanges where rails do not meet: inside every node first, then along each rail. It lists no pair and draws no hash.

Every device gives S / rails to each neighbour, which then holds S for its own rail: two exchanges of S, one after the other,
which are the steps of the rail-aligned all-to-all (fabric/collectives/node_all_to_all.py). Direct messages by way of a
neighbour (pxn) carry the same bytes over the same links in one step: the longer of the two parts instead of their sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, given_order, place
from fabric.predict.answer import predict
from fabric.predict.constants import NONE, Constants
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

SPLIT = "spray"
BY_RAILS, RELAYED = "by_rails", "direct_pxn"
"""What an answer of this module calls its algorithm: through the node, then along the rails; direct by way of a neighbour."""
EXCHANGES = ("all_to_all", "all_to_all_v")
MOST_HASHED = 4_000_000
"""Pairs of an exchange up to which every one is routed by itself."""


def pairs_are_too_many(case: Case) -> bool:
    """Return whether a case is an exchange of more than MOST_HASHED pairs."""
    return case.collective in EXCHANGES and case.world_size**2 > MOST_HASHED


def around(fabric: Fabric, case: Case, constants: Constants = NONE) -> Result:
    """Return an exchange between rails that do not meet, at the loaded fidelity, bytes split evenly over all shortest ways.

    Raises:
        InputError: unequal messages of more pairs than MOST_HASHED; ranks that leave more than one node unfilled.
    """
    return by_rails(fabric, case, constants) if case.collective == "all_to_all" else relayed(fabric, case, constants)


def relayed(fabric: Fabric, case: Case, constants: Constants = NONE) -> Result:
    """Return an exchange pair by pair, every message by way of a neighbour in the node.

    Raises:
        InputError: more pairs than MOST_HASHED.
    """
    if pairs_are_too_many(case):
        raise InputError(
            f"{case.collective}: rails do not meet, so that every pair is routed by itself, at most {MOST_HASHED:,} pairs; "
            f"got {case.world_size:,} ranks, give the case ranks: {int(MOST_HASHED**0.5):,} or fewer"
        )
    (found,) = predict([case], fabric, constants, algorithm="direct", routing=f"pxn:{SPLIT}", fidelity="loaded")
    return replace(found, algorithm=RELAYED)


def by_rails(fabric: Fabric, case: Case, constants: Constants = NONE) -> Result:
    """Return an all-to-all: seconds inside the node and seconds on the slowest rail, added. The same for every hash seed.

    A node that is not filled counts as a filled one.

    Raises:
        InputError: ranks that leave more than one node unfilled.
    """
    grid = _whole_nodes(fabric, case)
    inside = _exchange(fabric, case, grid[0], constants)
    across = max((_exchange(fabric, case, rail, constants) for rail in _rails(fabric, grid)), key=lambda one: one.time)
    longer = max(inside, across, key=lambda one: one.time)
    both = inside.model, across.model
    prediction = replace(
        longer.model,
        runs=BY_RAILS,
        slowdown=None,
        latency_seconds=sum(said.latency_seconds or 0.0 for said in both),
        bandwidth_seconds={level: seconds for said in both for level, seconds in said.bandwidth_seconds.items()},
    )
    return replace(longer, case=case, seconds=(inside.time + across.time,), algorithm=BY_RAILS, prediction=prediction)


def _exchange(fabric: Fabric, case: Case, devices: Devices, constants: Constants) -> Result:
    """Return an exchange of the case's bytes among some of its devices, bytes split evenly."""
    nodes = len(np.unique(fabric.topology.node[devices]))
    own = Case(
        case.collective,
        case.nbytes,
        len(devices),
        nodes=nodes,
        ranks_per_node=len(devices) // nodes,
        order=given_order(devices),
    )
    (found,) = predict([own], fabric, constants, algorithm="direct", routing=SPLIT, fidelity="loaded", given=devices)
    return found


def _whole_nodes(fabric: Fabric, case: Case) -> Devices:
    """Return the devices of all nodes that hold ranks, (nodes, devices of a node).

    Raises:
        InputError: more than one node is not filled with ranks, or nodes hold unequal numbers of devices.
    """
    topology = fabric.topology
    node = topology.node[: topology.devices]
    ranks = np.bincount(node[place(topology, case.world_size, case.order)], minlength=topology.nodes)
    unfilled = (ranks > 0) & (ranks < topology.devices_per_node)
    devices = np.flatnonzero(ranks[node] > 0).astype(np.int64)
    if unfilled.sum() > 1 or len(devices) % topology.devices_per_node:
        raise InputError(
            f"{case.collective}: rails do not meet, so ranks must fill their nodes of {topology.devices_per_node}, all but "
            f"one; got {case.world_size:,} ranks in order {case.order} that leave {int(unfilled.sum()):,} nodes unfilled"
        )
    return devices[np.argsort(node[devices], kind="stable")].reshape(-1, topology.devices_per_node)


def _rails(fabric: Fabric, grid: Devices) -> Iterator[Devices]:
    """Yield the devices of every rail; of the first alone where all are copies of one network."""
    alike = fabric.topology.family == "rail_only" and not fabric.degraded
    yield from grid.T[:1] if alike else grid.T

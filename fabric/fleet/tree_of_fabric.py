"""The groups of a fabric, tier by tier, and the cables that leave them. It imports scipy; it knows no jobs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fabric.fleet.tree import UNIT, Tree
from fabric.network.fabric import Fabric
from topologies.base import NIC, SCALE_UP, Topology


class Found(NamedTuple):
    """One tier as found: its name, the group of every node, bytes per second and cables that leave every group."""

    tier: str
    group: NDArray[np.int64]
    speed: NDArray[np.float64]
    cables: NDArray[np.int64]


def groups(fabric: Fabric) -> Tree:
    """Return the tree of a fabric; see tree_of."""
    topology = fabric.topology
    node_speed = _node_speed(fabric)
    found = [tier for tier in _tiers(fabric) if len(tier.speed) > 1] or [_everything(topology)]
    order = np.lexsort([tier.group for tier in found])
    typical = float(np.median(node_speed))
    tiers = [_renumbered(tier, order) for tier in found]
    return Tree(
        tiers=tuple(tier.tier for tier in tiers),
        group=tuple(tier.group.astype(np.int32) for tier in tiers),
        names=tuple(tuple(f"{tier.tier}{number}" for number in range(len(tier.speed))) for tier in tiers),
        capacity=tuple(np.rint(tier.speed / typical * UNIT).astype(np.int64) for tier in tiers),
        site=order.astype(np.int32),
        uplinks=tuple(tier.cables.astype(np.int32) for tier in tiers),
        node_speed=typical,
        source=f"{topology.name}: cables that leave each group",
    )


def _node_speed(fabric: Fabric) -> NDArray[np.float64]:
    """Return bytes per second of every node into the scale-out network: all its devices' cables."""
    topology = fabric.topology
    up = topology.is_cable & ~topology.is_switch[topology.ends[:, 0]]
    speed = np.zeros(topology.nodes)
    np.add.at(speed, topology.node[topology.ends[up, 0]], fabric.link_speed[::2][up])
    return speed


def _everything(topology: Topology) -> Found:
    return Found("all", np.zeros(topology.nodes, np.int64), np.zeros(1), np.zeros(1, np.int64))


def _tiers(fabric: Fabric) -> list[Found]:
    """Return the tiers from the lowest up; one whose switches are cabled to each other counts twice, without and with these."""
    topology = fabric.topology
    kept = np.flatnonzero(topology.level != topology.scale_up_level)
    ends = topology.ends[kept]
    high = topology.tier[ends].max(axis=1)
    flat = topology.tier[ends[:, 0]] == topology.tier[ends[:, 1]]
    found: list[Found] = []
    for tier, name in enumerate(topology.tiers):
        if tier == 0 or name in (NIC, SCALE_UP):
            continue
        inside = (high < tier) | ((high == tier) & ~flat)
        group = _components(topology, ends[inside])
        if not found or len(np.unique(group[topology.node[: topology.devices]])) < len(found[-1].speed):
            found.append(_found(fabric, name, group, kept))
    return found


def _components(topology: Topology, ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the component of every vertex where servers hold their devices together."""
    device = np.arange(topology.devices)
    servers = np.stack([device, topology.vertices + topology.node[device]], axis=1)
    pairs = np.concatenate([ends, servers])
    count = topology.vertices + topology.nodes
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    label: NDArray[np.int64] = connected_components(graph.tocsr(), directed=False)[1]
    return label[: topology.vertices]


def _found(fabric: Fabric, name: str, label: NDArray[np.int64], kept: NDArray[np.int64]) -> Found:
    """Return one tier: components that hold nodes, numbered by their first node, and what leaves them."""
    topology = fabric.topology
    own = np.zeros(topology.nodes, np.int64)
    own[topology.node[: topology.devices]] = label[: topology.devices]
    _, first, group = np.unique(own, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    number = np.full(int(label.max()) + 1, -1)
    number[own] = rank[group]
    ends, speed = number[label[topology.ends[kept]]], fabric.link_speed[::2][kept]
    leaving, cables = np.zeros(len(first)), np.zeros(len(first), np.int64)
    for near, far in ((0, 1), (1, 0)):
        out = (ends[:, near] >= 0) & (label[topology.ends[kept, near]] != label[topology.ends[kept, far]])
        np.add.at(leaving, ends[out, near], speed[out])
        np.add.at(cables, ends[out, near], 1)
    return Found(name, rank[group], leaving, cables)


def _renumbered(tier: Found, order: NDArray[np.int64]) -> Found:
    """Return a tier whose nodes stand in another order, groups numbered by their first node there."""
    group = tier.group[order]
    _, first = np.unique(group, return_index=True)
    rank = np.argsort(np.argsort(first))
    back = np.argsort(first)
    return Found(tier.tier, rank[group], tier.speed[back], tier.cables[back])

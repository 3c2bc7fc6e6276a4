"""Whom a search can suspect, from a Fabric: nodes, and what joins groups of them, level by level. It knows no time and no test.

A group of a level is what cables up to its tier join: a leaf (of rails: the nodes that share their leaves), a pod. What leads
out of a group is one suspect: a test that fills all its cables shows whether any of them is slow, not which. Two groups that
are all of a level share one suspect, the boundary between them. Where nodes have several rails, what all nodes of a
smallest group hang on (a leaf a rail) is a suspect too: every test of any of them shows it. Elsewhere it would be one more for
every leaf, and nodes that are all slow are found one by one and called their switch in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.network.names import vertex_name
from fabric.network.routing.policies import read_policy
from fabric.slow.ways import Ways
from topologies.base import Topology
from topologies.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FEWEST = 3
"""Nodes of a smallest group, of which a ring of two tells one slow node from what all hang on."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The groups of one level: their names, the group of every node, and how full all its nodes make what leads out of each.

    fill: a group's nodes' speed into the network / the speed of what leads out of it; 1 where neither is the bottleneck.
    leads: the cables out of each group.
    """

    what: str
    names: tuple[str, ...]
    group: Ints
    fill: Floats
    leads: tuple[Ints, ...] = ()

    @cached_property
    def size(self) -> Ints:
        """How many nodes each group has."""
        return np.bincount(self.group, minlength=len(self.names))

    @property
    def boundaries(self) -> int:
        """How many suspects it has: one a group, of two groups one in all."""
        return 1 if len(self.names) == 2 else len(self.names)  # two groups have one boundary


@dataclass(frozen=True, eq=False)
class Tree:
    """The nodes by name, with their devices, and the layers from the smallest groups up.

    ways: how messages go, where each takes one way; None where they are split evenly. switches: whether what the nodes of a
    smallest group hang on is a suspect. out: of each smallest group, the rails that tests leave out: they are known to be slow.
    """

    names: tuple[str, ...]
    devices: tuple[tuple[int, ...], ...]
    layers: tuple[Layer, ...] = ()
    ways: Ways | None = None
    switches: bool = False
    out: tuple[tuple[int, ...], ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.names)

    @cached_property
    def suspects(self) -> int:
        """How many suspects there are: the nodes, then the boundaries layer by layer, then what smallest groups hang on."""
        return self.first_switch + (len(self.layers[0].names) if self.switches and self.layers else 0)

    @cached_property
    def first_switch(self) -> int:
        """The number of the first suspect that a smallest group hangs on."""
        return self.nodes + sum(layer.boundaries for layer in self.layers)

    @cached_property
    def rails(self) -> int:
        """How many rails there are: the most devices of a node."""
        return max(map(len, self.devices))

    def left_out(self, nodes: Sequence[int]) -> tuple[int, ...]:
        """Return the rails that a test of these nodes leaves out, as those of one of their groups are known to be slow."""
        if not self.out:
            return ()
        return tuple(sorted({rail for group in {*self.layers[0].group[list(nodes)].tolist()} for rail in self.out[group]}))

    @cached_property
    def first(self) -> tuple[int, ...]:
        """The number of the first boundary of every layer."""
        found = [self.nodes]
        for layer in self.layers:
            found.append(found[-1] + layer.boundaries)
        return tuple(found[:-1])

    def boundary(self, layer: int, group: int) -> int:
        """Return the number of the suspect that leads out of a group."""
        return self.first[layer] + (0 if self.layers[layer].boundaries == 1 else group)

    def layer_of(self, suspect: int) -> int:
        """Return the layer of a node (-1) or a boundary."""
        return sum(suspect >= first for first in self.first) - 1

    def kind(self, suspect: int) -> Literal["node", "boundary", "switch"]:
        """Return what a suspect is."""
        return "node" if suspect < self.nodes else "boundary" if suspect < self.first_switch else "switch"

    def counted(self) -> str:
        """Return in words how many suspects of each kind there are, where all are cleared."""
        switches = self.suspects - self.first_switch
        more = f", {switches} of their switches" if switches else ""
        return f"{self.nodes} cleared, and {self.first_switch - self.nodes} boundaries{more}"

    def word(self, suspect: int) -> str:
        """Return a suspect's name: a node's, what is behind a boundary, or a smallest group's."""
        if suspect >= self.first_switch:
            return self.layers[0].names[suspect - self.first_switch]
        at = self.layer_of(suspect)
        if at < 0:
            return self.names[suspect]
        layer = self.layers[at]
        if layer.boundaries == 1:
            return f"{layer.names[0]} | {layer.names[1]}"
        return f"{layer.names[suspect - self.first[at]]} | the others"


def flat(nodes: int) -> Tree:
    """Return so many nodes of which nothing else is known."""
    return Tree(tuple(f"node{n}" for n in range(nodes)), tuple((n,) for n in range(nodes)))


def tree_of(fabric: Fabric, nodes: Sequence[int] | None = None, routing: str = "ideal") -> Tree:
    """Return the nodes of a fabric, or these of them, with the groups that its tiers make of them.

    routing: the policy by which its switches send; where that splits messages evenly, none needs to be looked up.

    Raises:
        InputError: no nodes, one that the fabric does not have, or an unknown policy.
    """
    topology = fabric.topology
    chosen = list(range(topology.nodes)) if nodes is None else list(nodes)
    if not chosen or not all(0 <= n < topology.nodes for n in chosen):
        raise InputError(f"nodes: must be some of the fabric's {topology.nodes}, got {chosen[:8]}")
    of_node: list[list[int]] = [[] for _ in range(topology.nodes)]
    for device, node in enumerate(topology.node[: topology.devices].tolist()):
        of_node[node].append(device)
    names = tuple(_node_name(topology, n, of_node[n]) for n in chosen)
    layers: list[Layer] = []
    for tier in range(1, len(topology.tiers)):
        layer = _layer(fabric, tier, chosen, of_node)
        if layer is not None and len(layer.names) > 1 and (not layers or len(layer.names) < len(layers[-1].names)):
            layers.append(layer)
    devices = tuple(tuple(of_node[n]) for n in chosen)
    ways = None if read_policy(routing).splits else Ways(fabric, routing, devices)
    switches = bool(layers) and max(map(len, devices)) > 1 and int(layers[0].size.min()) >= FEWEST
    return Tree(names, devices, tuple(layers), ways, switches)


def _node_name(topology: Topology, node: int, devices: Sequence[int]) -> str:
    return vertex_name(topology, devices[0]) if len(devices) == 1 else f"node{node}"


def _layer(fabric: Fabric, tier: int, chosen: Sequence[int], of_node: Sequence[Sequence[int]]) -> Layer | None:
    """Return the groups that cables up to a tier make; None where the tier is inside nodes or has nothing above it."""
    topology = fabric.topology
    if tier == topology.scale_up_tier:
        return None
    height = np.where(topology.tier == topology.scale_up_tier, 0, topology.tier)
    below = np.asarray((height[topology.ends] <= tier).all(axis=1))
    label = _joined(topology, topology.ends[below])
    of = np.array([label[of_node[n][0]] for n in chosen], dtype=np.int64)
    kept, group = np.unique(of, return_inverse=True)
    if len(kept) == len(chosen) or len(kept) < 2:  # groups of one node or of all say nothing
        return None
    names = tuple(_group_name(topology, tier, label == k) for k in kept)
    above = np.logical_not(below)
    sides = label[topology.ends]
    leads = tuple(np.flatnonzero(above & ((sides[:, 0] == k) != (sides[:, 1] == k))) for k in kept)
    return Layer(topology.tiers[tier], names, group.ravel().astype(np.int64), _fill(fabric, label, kept, above), leads)


def _joined(topology: Topology, ends: NDArray[np.integer]) -> Ints:
    """Return a component per vertex, the devices of a node taken as one."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415  # 0.3 s, paid only where a fabric is searched
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    devices = np.arange(topology.devices)
    first = np.searchsorted(topology.node[: topology.devices], topology.node[: topology.devices])
    rows, columns = np.append(ends[:, 0], devices), np.append(ends[:, 1], first)
    shape = (topology.vertices, topology.vertices)
    label = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), shape), directed=False)[1]
    return np.asarray(label, dtype=np.int64)


def _group_name(topology: Topology, tier: int, members: NDArray[np.bool_]) -> str:
    """Return the name of a group: its switch's, or the first and last of several."""
    switches = np.flatnonzero(members & (topology.tier == tier))
    if not len(switches):
        return f"group of {vertex_name(topology, int(np.flatnonzero(members)[0]))}"
    first, last = vertex_name(topology, int(switches[0])), vertex_name(topology, int(switches[-1]))
    return first if len(switches) == 1 else f"{first}..{last}"


def _fill(fabric: Fabric, label: Ints, kept: Ints, above: NDArray[np.bool_]) -> Floats:
    """Return how full all nodes of each group make what leads out of it."""
    topology = fabric.topology
    speed = fabric.link_speed[::2]
    out = np.zeros(int(label.max()) + 1)
    ends = topology.ends[above]
    for side in (0, 1):
        leads = label[ends[:, side]]
        apart = leads != label[ends[:, 1 - side]]
        out += np.bincount(leads[apart], speed[above][apart], minlength=len(out))
    low = topology.ends[:, 0]
    nic = topology.is_cable & ~topology.is_switch[low]
    into = np.bincount(label[low[nic]], speed[nic], minlength=len(out))
    return np.where(out[kept] > 0, into[kept] / np.maximum(out[kept], 1e-30), 1.0)

"""Whom a search can suspect, from a Fabric: nodes, and what joins groups of them, level by level. It knows no time and no test.

A group of a level is what cables up to its tier join: a leaf (of rails: the nodes that share their leaves), a pod. What leads
out of a group is one suspect: a test that fills all its cables shows whether any of them is slow, not which. Two groups that
are all of a level share one suspect, the boundary between them. Of three and more each pair is a suspect too. On a direct
network (groups of a dragonfly; switches of a HyperX, a torus ...; nodes that pass messages on) the pairs that cables join alone
are: what leads out of a group is its pairs. Where nodes have several rails, what all nodes of a smallest group hang on (a leaf
a rail) is a suspect too: every test of any of them shows it. Elsewhere it would be one more for every leaf; nodes that are all
slow are found one by one there, and called their switch in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.network.names import given_names, vertex_name
from fabric.network.routing.policies import read_policy
from fabric.slow.group_pairs import FEWEST, NO_PAIRS, GroupPairs, cables_between, direct_groups, pairs_of
from fabric.slow.ways import Ways
from topologies.base import Topology
from topologies.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SEVERAL = 3
"""Nodes of a smallest group, of which a ring of two tells one slow node from what all hang on."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The groups of one level: their names, the group of every node, and how full all its nodes make what leads out of each.

    fill: a group's nodes' speed into the network / the speed of what leads out of it; 1 where neither is the bottleneck.
    leads: the cables out of each group. direct: what leads out are cables to other groups, each a suspect of its own.
    beside: of each group those that cables join it to, where rings go from neighbour to neighbour alone: not every two are
    joined, or a group is one node.
    """

    what: str
    names: tuple[str, ...]
    group: Ints
    fill: Floats
    leads: tuple[Ints, ...] = ()
    direct: bool = False
    beside: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def size(self) -> Ints:
        """How many nodes each group has."""
        return np.bincount(self.group, minlength=len(self.names))

    @property
    def boundaries(self) -> int:
        """How many suspects it has: one a group, of two groups one in all, of a direct network's none."""
        if self.direct:
            return 0
        return 1 if len(self.names) == 2 else len(self.names)  # two groups have one boundary


@dataclass(frozen=True, eq=False)
class Tree:
    """The nodes by name, with their devices, and the layers from the smallest groups up.

    ways: how messages go, where each takes one way or the network is direct; None where they are split evenly over tiers.
    pairs: of groups. switches: whether what the nodes of a smallest group hang on is a suspect. out: of each smallest group,
    the rails that tests leave out: they are known to be slow. hosts: where a node here is a scale-up domain of several, whose
    each of its devices is.
    """

    names: tuple[str, ...]
    devices: tuple[tuple[int, ...], ...]
    layers: tuple[Layer, ...] = ()
    ways: Ways | None = None
    pairs: GroupPairs = NO_PAIRS
    switches: bool = False
    out: tuple[tuple[int, ...], ...] = ()
    hosts: tuple[tuple[str, ...], ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.names)

    @property
    def walked(self) -> bool:
        """Whether rings go from neighbour to neighbour alone."""
        return bool(self.layers) and bool(self.layers[0].beside)

    @cached_property
    def first_pair(self) -> int:
        """How many suspects there are but for pairs: nodes, boundaries layer by layer, what smallest groups hang on."""
        return self.first_switch + (len(self.layers[0].names) if self.switches else 0)

    @cached_property
    def first_switch(self) -> int:
        """The number of the first suspect that a smallest group hangs on."""
        return self.nodes + sum(layer.boundaries for layer in self.layers)

    @property
    def suspects(self) -> int:
        """How many suspects there are: nodes, boundaries, what smallest groups hang on, pairs of groups."""
        return self.first_pair + len(self.pairs)

    @cached_property
    def rails(self) -> int:
        """How many rails there are: the most devices of a node."""
        return max(map(len, self.devices))

    def whose(self, node: int, parts: Sequence[int]) -> tuple[str, tuple[int, ...]]:
        """Return the name of what has these devices of a node, and their numbers there: of a domain, the one node of all."""
        own = self.hosts[node] if self.hosts else ()
        if not parts or len({own[part] for part in parts if part < len(own)}) != 1:
            return self.names[node], tuple(parts)
        return own[parts[0]], tuple(part - own.index(own[part]) for part in parts)

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
        """Return the layer of a suspect, -1 for a node."""
        if suspect >= self.first_pair:
            return int(self.pairs.layer[suspect - self.first_pair])
        found = -1
        for at, (first, layer) in enumerate(zip(self.first, self.layers, strict=True)):
            found = at if suspect >= first and layer.boundaries else found
        return found

    def kind(self, suspect: int) -> Literal["node", "boundary", "switch", "pair"]:
        """Return what a suspect is."""
        if suspect >= self.first_pair:
            return "pair"
        return "node" if suspect < self.nodes else "boundary" if suspect < self.first_switch else "switch"

    def ends(self, suspect: int) -> tuple[int, int, int]:
        """Return the layer of a pair of groups, and the two."""
        number = suspect - self.first_pair
        return int(self.pairs.layer[number]), int(self.pairs.one[number]), int(self.pairs.other[number])

    def pair(self, at: int, one: int, other: int) -> int | None:
        """Return the number of the suspect between two groups of a layer; None where there is none."""
        number = int(self.pairs.number[at][one, other]) if at in self.pairs.layers else -1
        return self.first_pair + number if number >= 0 else None

    def word(self, suspect: int) -> str:
        """Return a suspect's name: a node's, what is behind a boundary, or a smallest group's."""
        if self.first_switch <= suspect < self.first_pair:
            return self.layers[0].names[suspect - self.first_switch]
        at = self.layer_of(suspect)
        if at < 0:
            return self.names[suspect]
        layer = self.layers[at]
        if suspect >= self.first_pair:
            _, one, other = self.ends(suspect)
            return f"{layer.names[one]} | {layer.names[other]}"
        if layer.boundaries == 1:
            return f"{layer.names[0]} | {layer.names[1]}"
        return f"{layer.names[suspect - self.first[at]]} | the others"


def flat(nodes: int) -> Tree:
    """Return so many nodes of which nothing else is known."""
    return Tree(tuple(f"node{n}" for n in range(nodes)), tuple((n,) for n in range(nodes)))


def tree_of(
    fabric: Fabric, nodes: Sequence[int] | None = None, routing: str = "ideal", unit: Literal["node", "domain"] = "node"
) -> Tree:
    """Return the nodes of a fabric, or these of them, with the groups that its tiers make of them.

    routing: the policy by which its switches send; where that splits messages evenly, none needs to be looked up. unit: domain
    takes the nodes of one scale-up domain as one, as messages between them do not leave it: they tell nothing of the network.

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
    hosts: tuple[tuple[str, ...], ...] = ()
    if unit == "domain":
        of = {device: name for name, n in zip(names, chosen, strict=True) for device in of_node[n]}
        names, of_node = _by_domain(topology, names, [of_node[n] for n in chosen])
        hosts = tuple(tuple(of[device] for device in own) for own in of_node) if len(names) < len(chosen) else ()
        chosen = list(range(len(of_node)))
    layers: list[Layer] = []
    for tier in range(1, len(topology.tiers)):
        layer = _layer(fabric, tier, chosen, of_node)
        if layer is not None and len(layer.names) > 1 and (not layers or len(layer.names) < len(layers[-1].names)):
            layers.append(layer)
    devices = tuple(tuple(of_node[n]) for n in chosen)
    direct, cables = _direct(topology, names, chosen, of_node)
    if direct is not None and (not layers or len(direct.names) < len(layers[-1].names)):
        layers.append(direct)
    one_way = direct is not None or not read_policy(routing).splits
    pairs = pairs_of(fabric, layers, [cables if layer.direct else {} for layer in layers])
    ways = Ways(fabric, routing, devices) if one_way else None
    switches = bool(layers) and not layers[0].direct and max(map(len, devices)) > 1 and int(layers[0].size.min()) >= SEVERAL
    return Tree(names, devices, tuple(layers), ways, pairs, switches, hosts=hosts)


def _direct(
    topology: Topology, words: Sequence[str], chosen: Sequence[int], of_node: Sequence[Sequence[int]]
) -> tuple[Layer | None, dict[tuple[int, int], Ints]]:
    """Return the groups of a direct network, and the cables between any two of them that have some; none of other networks."""
    known = direct_groups(topology)
    if known is None:
        return None, {}
    what, of_vertex = known
    of_device = _groups_of_devices(topology, of_vertex)
    of = np.array([of_device[of_node[n][0]] for n in chosen])
    kept, group = np.unique(of, return_inverse=True)
    inside = all(of_device[d] == g for n, g in zip(chosen, of, strict=True) for d in of_node[n])
    if not inside or of.min() < 0 or len(kept) < FEWEST + 1:
        return None, {}
    cables = cables_between(topology, of_vertex, kept)
    beside = _neighbours(len(kept), cables)
    if len(cables) == len(kept) * (len(kept) - 1) // 2 and np.bincount(group.ravel()).min() >= FEWEST:
        beside = ()
    elif what == "group" or not all(beside):
        return None, {}
    member = np.unique(group.ravel(), return_index=True)[1].tolist()
    word: dict[str, Callable[[int, int], str]] = {
        "switch": lambda k, _: vertex_name(topology, int(np.flatnonzero(of_vertex == k)[0])),
        "node": lambda _, first: words[first],
        "group": lambda k, _: f"group{k}",
    }
    names = tuple(word[what](int(k), first) for k, first in zip(kept, member, strict=True))
    return Layer(what, names, group.ravel().astype(np.int64), np.ones(len(kept)), (), direct=True, beside=beside), cables


def _groups_of_devices(topology: Topology, of_vertex: Ints) -> Ints:
    """Return the group of every device: its own where it passes on, else that of the one switch it hangs on, -1 of none."""
    ends = topology.ends[topology.is_cable]
    near, far = np.append(ends[:, 0], ends[:, 1]), np.append(ends[:, 1], ends[:, 0])
    port, switch = np.unique(np.stack([near, of_vertex[far]]), axis=1)
    once, count = np.unique(port, return_counts=True)
    found = of_vertex.copy()
    single = np.isin(port, once[count == 1]) & (of_vertex[port] < 0)
    found[port[single]] = switch[single]
    return found[topology.ports]


def _neighbours(groups: int, cables: Collection[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Return of each group those that it has cables to."""
    found: list[list[int]] = [[] for _ in range(groups)]
    for one, other in cables:
        found[one].append(other)
        found[other].append(one)
    return tuple(tuple(sorted(own)) for own in found)


def _by_domain(
    topology: Topology, names: Sequence[str], of_node: Sequence[list[int]]
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Return names and devices of nodes with those of one scale-up domain as one, where there are several domains."""
    domain = [int(topology.together[own[0]]) for own in of_node]
    found: dict[int, list[int]] = {}
    for node, number in enumerate(domain):
        found.setdefault(number, []).append(node)
    if len(found) < 2:  # all messages stay in one
        return tuple(names), list(of_node)
    both = [names[own[0]] if len(own) == 1 else f"{names[own[0]]}..{names[own[-1]]}" for own in found.values()]
    return tuple(both), [[device for node in own for device in of_node[node]] for own in found.values()]


def _node_name(topology: Topology, node: int, devices: Sequence[int]) -> str:
    given = given_names(topology)
    return vertex_name(topology, devices[0]) if len(devices) == 1 else given.nodes[node] if given else f"node{node}"


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
    if not _aligned(topology, below, [of_node[n] for n in chosen], group.ravel()):
        return None
    names = tuple(_group_name(topology, tier, label == k) for k in kept)
    above = np.logical_not(below)
    sides = label[topology.ends]
    leads = tuple(np.flatnonzero(above & ((sides[:, 0] == k) != (sides[:, 1] == k))) for k in kept)
    return Layer(topology.tiers[tier], names, group.ravel().astype(np.int64), _fill(fabric, label, kept, above), leads)


def _aligned(topology: Topology, below: NDArray[np.bool_], devices: Sequence[Sequence[int]], group: Ints) -> bool:
    """Return whether all nodes of each group have the same devices in common switches, so that no ring of it leaves it."""
    label = _components(topology, topology.ends[below & (topology.level != topology.scale_up_level)])
    common: dict[int, list[int]] = {}
    for own, number in zip(devices, group.tolist(), strict=True):
        mine = label[own].tolist()
        if any(a != b for a, b in zip(mine, common.setdefault(number, mine), strict=False)):
            return False
    return True


def _joined(topology: Topology, ends: NDArray[np.integer]) -> Ints:
    """Return a component per vertex, the devices of a node or of a scale-up domain taken as one."""
    of = topology.together[: topology.devices]
    first = np.unique(of, return_index=True)[1][np.unique(of, return_inverse=True)[1].ravel()]
    return _components(topology, np.append(ends, np.stack([np.arange(topology.devices), first], axis=1), axis=0))


def _components(topology: Topology, ends: NDArray[np.integer]) -> Ints:
    """Return a component per vertex that these cables join."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415  # 0.3 s, paid only where a fabric is searched
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    shape = (topology.vertices, topology.vertices)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


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

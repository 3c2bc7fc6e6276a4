"""Pairs of groups as suspects: which there are, and how full a test makes each. It plans no test and knows no time.

Two leaves can be slow between each other while each is well with all others: a way that one switch has lost towards the other,
a cable between two groups of a dragonfly or two switches of a torus. Only groups of one parent are a pair: of two leaves of
different pods the pods are; on a direct network only groups that cables join.
Steps fill a pair by how many of its `room` they are in the direction in which they are more; so a pair that is slow in one
direction alone is seen where that one is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from topologies.base import Topology

if TYPE_CHECKING:
    from fabric.slow.tree import Layer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_PAIRS = 20_000
"""Of one layer; of more none is a suspect: a search of them would take hundreds of rounds."""
NEARLY = 0.95
"""Of the fullest cable's load: so full a cable shows what the fullest would."""
LITTLE = 0.05
"""How full a pair must be to be shown."""
FEWEST = 2
"""Nodes of a group, at least, whose pairs can be told from its nodes."""


@dataclass(frozen=True, eq=False)
class GroupPairs:
    """Pairs of groups. layer: of each; one, other: its groups; room: steps of nodes at once that its ways carry at full speed.

    leads: the cables of each, where they are its own (direct networks), else none.
    """

    layer: Ints
    one: Ints
    other: Ints
    room: Floats
    leads: tuple[Ints, ...]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.layer)

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """The layers that have any."""
        return tuple(int(at) for at in np.unique(self.layer))

    @cached_property
    def number(self) -> dict[int, Ints]:
        """The number of the pair of any two groups of a layer, -1 where they are none."""
        found: dict[int, Ints] = {}
        for at in self.layers:
            own = np.flatnonzero(self.layer == at)
            groups = int(self.other[own].max()) + 1
            table = np.full((groups, groups), -1, dtype=np.int64)
            table[self.one[own], self.other[own]] = own
            table[self.other[own], self.one[own]] = own
            found[at] = table
        return found

    def filled(self, at: int, leaves: Ints, enters: Ints) -> tuple[Ints, Floats]:
        """Return the pairs of a layer that steps between these groups cross, and how full they make each."""
        pair = self.number[at][leaves, enters]
        there, on = pair >= 0, leaves < enters
        ways = [np.bincount(pair[there & side], minlength=len(self)) for side in (on, ~on)]
        count = np.maximum(*ways)
        crossed = np.flatnonzero(count)
        return crossed, count[crossed] / self.room[crossed]

    def loaded(self, full: Floats) -> tuple[Floats, Floats]:
        """Return how full the fullest cable of each pair is, and the share of its cables that are as full: direct networks.

        full: of every cable.
        """
        owner, cables = np.repeat(np.arange(len(self)), [len(own) for own in self.leads]), np.concatenate(self.leads or (_NO,))
        most = np.zeros(len(self))
        np.maximum.at(most, owner, full[cables])
        as_full = np.bincount(owner, full[cables] >= NEARLY * most[owner], minlength=len(self))
        return np.where(most >= LITTLE, most, 0.0), as_full / np.maximum(np.bincount(owner, minlength=len(self)), 1)


_NO: Ints = np.zeros(0, dtype=np.int64)
NO_PAIRS = GroupPairs(_NO, _NO, _NO, np.zeros(0), ())


def pairs_of(fabric: Fabric, layers: Sequence[Layer], cables: Sequence[dict[tuple[int, int], Ints]]) -> GroupPairs:
    """Return the pairs of all layers. cables: of each layer, between two groups, where it is direct."""
    found: list[tuple[int, int, int, float, Ints]] = []
    for at, layer in enumerate(layers):
        if len(layer.names) < 3:  # of two groups the pair is the boundary
            continue
        mates = sorted(cables[at]) if layer.direct else _of_one_parent(parents(layers, at))
        if len(mates) > MOST_PAIRS:
            continue
        if layer.direct:
            together = fabric.nic_speed * fabric.topology.devices_per_node  # all devices of a node send at once
            speed = fabric.link_speed[::2] / together
            found += [(at, a, b, float(speed[cables[at][a, b]].sum()), cables[at][a, b]) for a, b in mates]
        else:
            out = layer.size / np.maximum(layer.fill, 1e-9)
            found += [(at, a, b, float(max(1.0, min(out[a], out[b], layer.size[a], layer.size[b]))), _NO) for a, b in mates]
    if not found:
        return NO_PAIRS
    at_, a_, b_, room, leads = zip(*found, strict=True)
    return GroupPairs(np.array(at_), np.array(a_), np.array(b_), np.array(room), leads)


def _of_one_parent(parent: Ints) -> list[tuple[int, int]]:
    """Return any two groups of one parent."""
    one, other = np.triu_indices(len(parent), 1)
    mates = np.flatnonzero(parent[one] == parent[other])
    return list(zip(one[mates].tolist(), other[mates].tolist(), strict=True))


def parents(layers: Sequence[Layer], at: int) -> Ints:
    """Return the group of the next layer that each group of this one lies in."""
    layer = layers[at]
    first = np.unique(layer.group, return_index=True)[1]
    return layers[at + 1].group[first] if at + 1 < len(layers) else np.zeros(len(layer.names), dtype=np.int64)


def direct_groups(topology: Topology) -> tuple[str, Ints] | None:
    """Return what the groups of a direct network are called, and the group of every vertex, -1 of what is in none.

    Groups of a dragonfly; the switches of a network that has one tier of them; nodes where there is none and devices pass on.
    """
    from fabric.network.routing.detours import FAMILIES, groups_of  # noqa: PLC0415  # scipy, paid only where a fabric is searched

    if topology.family in FAMILIES:
        return "group", groups_of(topology)
    switches = np.flatnonzero(topology.is_switch)
    group = np.full(topology.vertices, -1)
    if not len(switches) and bool(topology.forwards[: topology.devices].all()):
        group[topology.ports] = topology.node[: topology.devices]
        return "node", group
    if len(switches) < 3 or len({*topology.tier[switches].tolist()}) != 1:
        return None
    group[switches] = np.arange(len(switches))
    return "switch", group


def cables_between(topology: Topology, group: Ints, kept: Ints) -> dict[tuple[int, int], Ints]:
    """Return the cables between any two of these groups that have some. group: of every vertex."""
    place = np.full(int(group.max()) + 1, -1)
    place[kept] = np.arange(len(kept))
    sides = np.where(group[topology.ends] >= 0, place[np.maximum(group[topology.ends], 0)], -1)
    low, high = sides.min(axis=1), sides.max(axis=1)
    own = np.flatnonzero((low >= 0) & (low != high))
    key = low[own] * len(kept) + high[own]
    order = np.argsort(key, kind="stable")
    keys, first = np.unique(key[order], return_index=True)
    parts = np.split(own[order], first[1:])
    return {(int(k) // len(kept), int(k) % len(kept)): part for k, part in zip(keys, parts, strict=True)}

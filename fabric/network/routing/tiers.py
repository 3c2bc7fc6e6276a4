"""The tiers of a topology: what hangs together below each, and whether routes up and down are plain arithmetic.

It knows no policy, no speed and no message size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from fabric.network.names import given_names, vertex_name
from fabric.network.routing.no_way import NoWay
from fabric.network.routing.ways import Flags, Ints
from topologies.base import Topology


@lru_cache(maxsize=8)
def tables_of(topology: Topology) -> Tables:
    """Return the topology's tiers, worked out once."""
    return Tables(topology)


@dataclass(frozen=True, eq=False)
class Tables:
    """What routes of a tiered topology are looked up in. `inside` is the meeting tier that stands for the scale-up graph."""

    topology: Topology
    inside: int = -1

    @cached_property
    def network(self) -> Ints:
        """The cables of the scale-out network."""
        return np.flatnonzero(self.topology.level != self.topology.scale_up_level)

    @cached_property
    def top(self) -> int:
        """The highest tier number of the scale-out network."""
        return int(self.topology.tier[self.topology.ends[self.network, 1]].max(initial=0))

    @cached_property
    def parts(self) -> list[Ints]:
        """Per tier t, the label of every vertex's connected part of the network when only tiers <= t are kept."""
        ends = self.topology.ends[self.network].astype(np.int64)
        upper_tier = self.topology.tier[ends[:, 1]]
        labels = [np.arange(self.topology.vertices)]
        for tier in range(1, self.top + 1):
            labels.append(_merge(labels[-1].copy(), ends[upper_tier == tier]))
        return labels

    def meeting_tier(self, source: Ints, target: Ints) -> Ints:
        """Return the lowest tier at which each pair meets: 0 for the same device, top + 1 where there is no way."""
        meeting: Ints = (source != target).astype(np.int64)
        for tier in range(1, self.top + 1):
            labels = self.parts[tier]
            meeting += labels[source] != labels[target]  # parts only grow: a pair is apart below its tier, together from there
        return meeting

    @cached_property
    def tier_level(self) -> Ints:
        """Per tier, the level whose cables lead up to it (that of its first cable); 0 for tier 0."""
        tiers = self.topology.tier[self.topology.ends[self.network, 1]]
        first = [int(np.argmax(tiers == tier)) for tier in range(1, self.top + 1)]
        return np.array([0, *(int(self.topology.level[self.network[index]]) for index in first)])

    @cached_property
    def up(self) -> tuple[Ints, Ints, Ints]:
        """Cables sorted by their lower end, and where each vertex's cables start and how many there are."""
        lower = self.topology.ends[self.network, 0]
        count = np.bincount(lower, minlength=self.topology.vertices)
        return self.network[np.argsort(lower, kind="stable")], np.cumsum(count) - count, count

    @cached_property
    def down(self) -> tuple[Ints, Ints]:
        """Cables sorted by (upper end, part that the lower end belongs to below that tier), and these keys, sorted."""
        lower, upper = self.topology.ends[self.network].astype(np.int64).T
        tier = self.topology.tier[upper]
        part = np.zeros_like(lower)
        for t in range(1, self.top + 1):
            part[tier == t] = self.parts[t - 1][lower[tier == t]]
        key = upper * self.topology.vertices + part
        order = np.argsort(key, kind="stable")
        return self.network[order], key[order]

    @cached_property
    def even(self) -> bool:
        """Whether an even split at every switch is even over all ways, and a hashed way needs no look at what lies behind.

        So it is where devices do not forward, every cable goes one tier up, one level leads to a tier, every switch is
        joined to each part below it by equally many cables, and all lower ends in a part have equally many cables up.
        """
        topology = self.topology
        ends = topology.ends[self.network]
        if topology.forwards[: topology.devices].any() or (np.diff(topology.tier[ends].astype(int), axis=1) != 1).any():
            return False
        if (topology.level[self.network] != self.tier_level[topology.tier[ends[:, 1]]]).any():
            return False
        return self.uneven_tier() is None and all(self._climbs_evenly(tier) for tier in range(1, self.top))

    def _climbs_evenly(self, tier: int) -> bool:
        """Return whether all switches of a tier that hang together have equally many cables up."""
        switches = np.flatnonzero(self.topology.tier == tier)
        count, part = self.up[2][switches], self.parts[tier][switches]
        most = np.zeros(self.topology.vertices, dtype=np.int64)
        np.maximum.at(most, part, count)
        return bool((most[part] == count).all())

    def uneven_tier(self) -> str | None:
        """Return the lowest tier with a switch that misses a part below it, or has more cables to one than to another.

        Then not every way up leads down again, or an even split up is no even split down.
        """
        _, keys = self.down
        first = np.flatnonzero(np.diff(keys, prepend=-1))  # keys are sorted
        cables = np.diff(first, append=len(keys))
        upper, below = np.divmod(keys[first], self.topology.vertices)
        for tier in range(1, self.top + 1):
            own = self.topology.tier[upper] == tier
            part = self.parts[tier][upper[own]]
            switches = np.bincount(self.parts[tier][_different(upper[own])], minlength=self.topology.vertices)
            under = np.bincount(self.parts[tier][_different(below[own])], minlength=self.topology.vertices)
            joined = np.bincount(part, minlength=self.topology.vertices)
            if (joined != switches * under).any() or (cables[own] != cables[own][:1]).any():
                return self.topology.tiers[tier]
        return None

    @cached_property
    def number(self) -> Ints:
        """Per device, its place in the order of the leaves: what `dmodk` and `rail_aligned` count by."""
        devices = self.topology.devices
        leaf = self.parts[1][:devices] if self.top else np.zeros(devices, dtype=np.int64)
        place = np.empty(devices, dtype=np.int64)
        place[np.argsort(leaf, kind="stable")] = np.arange(devices)
        return place

    @cached_property
    def divisor(self) -> Ints:
        """Per tier t, the product of the most cables up of a vertex in tiers below t: D-mod-k divides by it.

        Source: Zahavi, "D-Mod-K routing providing non-blocking traffic for shift permutations on real life fat trees".
        """
        most = np.zeros(len(self.topology.tiers) + 1, dtype=np.int64)
        low, high = self.topology.tier[self.topology.ends[self.network]].T
        climbing = self.network[low < high]
        count = np.bincount(self.topology.ends[climbing, 0], minlength=self.topology.vertices)
        np.maximum.at(most, self.topology.tier + 1, count)
        return np.cumprod(np.maximum(most, 1))

    @cached_property
    def scale_up_cable(self) -> Ints | None:
        """Per device, its cable to the one switch inside its node; None where nodes hold anything else."""
        topology = self.topology
        cables = np.flatnonzero(topology.level == topology.scale_up_level)
        device, switch = topology.ends[cables].T
        plain = topology.scale_up_tier >= 0 and len(cables) == topology.devices and bool((device < topology.devices).all())
        if not plain or len(_different(device)) != topology.devices or len(_different(switch)) != topology.domains:
            return None
        by_device = np.empty(topology.devices, dtype=np.int64)
        by_device[device] = cables
        return by_device

    def node_mates(self, source: Ints, target: Ints) -> Flags:
        """Return which pairs are two devices of one scale-up domain that has a graph inside."""
        if self.topology.scale_up_level < 0:
            return np.zeros(len(source), dtype=bool)
        node = self.topology.together
        return np.asarray((node[source] == node[target]) & (source != target))


def _different(vertices: Ints) -> Ints:
    """Return the vertices, sorted, each once."""
    return np.flatnonzero(np.bincount(vertices))


def no_way(topology: Topology, source: int, target: int) -> NoWay:
    """Return the error for two devices that no way joins: both by name, why, and what would be a way on."""
    ends = f"from {vertex_name(topology, source)} to {vertex_name(topology, target)}"
    return NoWay(topology.name, source, target, ends + _way_on(topology, source, target))


def _way_on(topology: Topology, source: int, target: int) -> str:
    """Return what would join two devices: others of their nodes that pass on; else why a file may leave them apart."""
    inside = np.stack([np.arange(topology.devices), topology.vertices + topology.node[: topology.devices]], axis=1)
    everywhere = np.arange(topology.vertices + topology.nodes)
    part = _merge(everywhere, np.concatenate([topology.ends, inside]).astype(np.int64))
    changes = topology.rail[source] != topology.rail[target]
    if changes and part[source] == part[target] and topology.scale_up_level >= 0:
        return "; over another device of a node there may be one: --routing pxn:ideal"
    given = given_names(topology)
    if given is not None and given.apart:
        return f": {given.apart}"
    return ""


def _merge(labels: Ints, ends: Ints) -> Ints:
    """Return the labels after joining the two parts at the ends of every cable: each part takes its lowest label."""
    while True:
        lowest = np.minimum(labels[ends[:, 0]], labels[ends[:, 1]])
        if (labels[ends] == lowest[:, None]).all():
            return labels
        root = labels.copy()
        np.minimum.at(root, labels[ends].ravel(), np.repeat(lowest, 2))
        labels = root[labels]
        labels = labels[labels]

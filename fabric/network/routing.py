"""Which links messages cross, up and down the tiers: by a seeded hash per flow, or split evenly over all equal-cost ways.

Devices do not forward: a route leaves its device, climbs to the lowest tier at which source and target meet, and comes
down. Inside a node with a scale-up graph it stays there. It does not know how many bytes a message has, or when.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from topologies.base import Topology
from topologies.errors import InputError
from topologies.scale_up import check_routable

Indices = NDArray[np.int64]
POLICIES = "ideal or ecmp:SEED"


@dataclass(frozen=True, eq=False)
class Routed:
    """Messages routed: crossings of every link (2 cables,), how many links each message crosses per level (m, levels)."""

    per_link: NDArray[np.float64]
    hops: NDArray[np.int64]


def route(topology: Topology, source: Indices, target: Indices, policy: str = "ideal") -> Routed:
    """Return the messages' crossings of every link, each message counting 1.

    policy: `ideal` splits evenly at every switch (1 in sum per tier); `ecmp:SEED` hashes (source, target, hop, seed) to
    one cable at every switch, as per-flow ECMP does. A message to its own device crosses nothing.

    Raises:
        InputError: an unknown policy, or two devices that no cables join.
    """
    source, target = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
    tables = tables_of(topology)
    meeting = tables.meeting_tier(source, target)
    per_link = np.zeros(2 * len(topology.ends))
    inside = meeting == tables.inside
    tables.add_inside(per_link, source[inside], target[inside])
    kind, _, seed = policy.partition(":")
    if kind == "ideal" and not seed:
        tables.add_ideal(per_link, source, target, meeting)
    elif kind == "ecmp" and seed.isdigit():
        tables.add_hashed(per_link, source, target, meeting, int(seed))
    else:
        raise InputError(f"routing: must be {POLICIES}, got {policy!r}")
    return Routed(per_link, tables.hops(meeting))


@lru_cache(maxsize=8)
def tables_of(topology: Topology) -> Tables:
    """Return the topology's routing tables, built once.

    Raises:
        InputError: a scale-up graph other than nvswitch, devices that forward, or cables inside a tier or past one:
            up-down routing knows no way there.
    """
    check_routable(topology)
    tables = Tables(topology)
    climbs = np.diff(topology.tier[topology.ends[tables.network]].astype(int), axis=1)
    if topology.forwards[: topology.devices].any() or (climbs != 1).any():
        raise InputError(
            f"routing: {topology.name} must be tiered, every cable one tier up and no device forwarding; "
            "direct networks can be shown and proven, not yet predicted"
        )
    uneven = tables.uneven_tier()
    if uneven is not None:
        raise InputError(
            f"routing: {topology.name} must have every {uneven} joined to each part below it by equally many cables; "
            "up-down routing would be wrong on it, it can be shown and proven, not yet predicted"
        )
    return tables


@dataclass(frozen=True, eq=False)
class Tables:
    """What routes of a tiered topology are looked up in. `inside` is the meeting tier that stands for the scale-up graph."""

    topology: Topology
    inside: int = -1

    @cached_property
    def network(self) -> Indices:
        """The cables of the scale-out network."""
        return np.flatnonzero(self.topology.level != self.topology.scale_up_level)

    @cached_property
    def top(self) -> int:
        """The highest tier number of the scale-out network."""
        return int(self.topology.tier[self.topology.ends[self.network, 1]].max(initial=0))

    @cached_property
    def parts(self) -> list[Indices]:
        """Per tier t, the label of every vertex's connected part of the network when only tiers <= t are kept."""
        ends = self.topology.ends[self.network].astype(np.int64)
        upper_tier = self.topology.tier[ends[:, 1]]
        labels = [np.arange(self.topology.vertices)]
        for tier in range(1, self.top + 1):
            labels.append(_merge(labels[-1].copy(), ends[upper_tier == tier]))
        return labels

    def meeting_tier(self, source: Indices, target: Indices) -> Indices:
        """Return the lowest tier at which each pair meets: 0 for the same device, `inside` through the scale-up graph."""
        meeting = np.full(len(source), self.top + 1)
        for tier in range(self.top, -1, -1):
            meeting[self.parts[tier][source] == self.parts[tier][target]] = tier
        if self.topology.scale_up_level >= 0:
            node = self.topology.node
            meeting[(node[source] == node[target]) & (source != target)] = self.inside
        if (meeting > self.top).any():
            pair = int(np.argmax(meeting > self.top))
            name = self.topology.name
            raise InputError(f"routing: no way in {name} from device {source[pair]} to device {target[pair]}")
        return meeting

    def hops(self, meeting: Indices) -> NDArray[np.int64]:
        """Return how many links of each level every message crosses (m, levels): two per tier climbed."""
        hops = np.zeros((len(meeting), len(self.topology.levels)), dtype=np.int64)
        for tier in range(1, self.top + 1):
            hops[:, self._level_below[tier]] = 2 * (meeting >= tier)
        if self.topology.scale_up_level >= 0:
            hops[:, self.topology.scale_up_level] = 2 * (meeting == self.inside)
        return hops

    @cached_property
    def _level_below(self) -> list[int]:
        """Per tier, the level whose cables lead up to it."""
        tiers = self.topology.tier[self.topology.ends[self.network, 1]]
        first = [int(np.argmax(tiers == tier)) for tier in range(self.top + 1)]
        return [int(self.topology.level[self.network[index]]) for index in first]

    def add_inside(self, per_link: NDArray[np.float64], source: Indices, target: Indices) -> None:
        """Count messages that stay inside their node: one link up to its switch, one down."""
        if len(source):
            cable = self._scale_up_cable
            np.add.at(per_link, 2 * cable[source], 1.0)
            np.add.at(per_link, 2 * cable[target] + 1, 1.0)

    @cached_property
    def _scale_up_cable(self) -> Indices:
        cables = np.flatnonzero(self.topology.level == self.topology.scale_up_level)
        by_device = np.full(self.topology.devices, -1)
        by_device[self.topology.ends[cables, 0]] = cables
        return by_device

    @cached_property
    def _up(self) -> tuple[Indices, Indices, Indices]:
        """Cables sorted by their lower end, and where each vertex's cables start and how many there are."""
        lower = self.topology.ends[self.network, 0]
        count = np.bincount(lower, minlength=self.topology.vertices)
        return self.network[np.argsort(lower, kind="stable")], np.cumsum(count) - count, count

    @cached_property
    def _down(self) -> tuple[Indices, Indices]:
        """Cables sorted by (upper end, part that the lower end belongs to below that tier), and these keys, sorted."""
        lower, upper = self.topology.ends[self.network].astype(np.int64).T
        tier = self.topology.tier[upper]
        part = np.zeros_like(lower)
        for t in range(1, self.top + 1):
            part[tier == t] = self.parts[t - 1][lower[tier == t]]
        key = upper * self.topology.vertices + part
        order = np.argsort(key, kind="stable")
        return self.network[order], key[order]

    def uneven_tier(self) -> str | None:
        """Return the lowest tier with a switch that misses a part below it, or has more cables to one than to another.

        Then not every way up leads down again, or an even split up is no even split down.
        """
        _, keys = self._down
        pairs, cables = np.unique(keys, return_counts=True)
        upper, below = np.divmod(pairs, self.topology.vertices)
        for tier in range(1, self.top + 1):
            own = self.topology.tier[upper] == tier
            part = self.parts[tier][upper[own]]
            switches = np.bincount(self.parts[tier][np.unique(upper[own])], minlength=self.topology.vertices)
            under = np.bincount(self.parts[tier][np.unique(below[own])], minlength=self.topology.vertices)
            joined = np.bincount(part, minlength=self.topology.vertices)
            if (joined != switches * under).any() or len(np.unique(cables[own])) > 1:
                return self.topology.tiers[tier]
        return None

    def add_ideal(self, per_link: NDArray[np.float64], source: Indices, target: Indices, meeting: Indices) -> None:
        """Count messages split evenly over all ways.

        Climbing spreads evenly over a switch's cables up; coming down is the mirror image of climbing from the target,
        which is the even split in every wiring with uniform path counts (topologies/proofs.py).
        """
        for tier in range(1, self.top + 1):
            climbs = meeting == tier
            if climbs.any():
                self._spread(per_link[0::2], source[climbs], tier)
                self._spread(per_link[1::2], target[climbs], tier)

    @cached_property
    def _by_tier(self) -> list[tuple[Indices, Indices, Indices]]:
        """Per tier, the cables that lead up to it with their lower and upper ends; nothing at tier 0."""
        lower, upper = self.topology.ends[self.network].astype(np.int64).T
        tiers = self.topology.tier[upper]
        parts = [np.flatnonzero(tiers == tier) for tier in range(self.top + 1)]
        return [(self.network[part], lower[part], upper[part]) for part in parts]

    def _spread(self, per_cable: NDArray[np.float64], devices: Indices, tier: int) -> None:
        """Add one unit per device, spread over the cables up to `tier`."""
        _, _, count = self._up
        held = np.bincount(devices, minlength=self.topology.vertices) / np.maximum(count, 1)
        for cables, lower, upper in self._by_tier[1 : tier + 1]:
            flow = held[lower]
            per_cable[cables] += flow
            held = np.bincount(upper, weights=flow, minlength=self.topology.vertices) / np.maximum(count, 1)

    def add_hashed(self, per_link: NDArray[np.float64], source: Indices, target: Indices, meeting: Indices, seed: int) -> None:
        """Count messages that take one hashed way each."""
        up_cables, start, count = self._up
        down_cables, keys = self._down
        at = source.copy()
        flow = _mix(_mix(source.astype(np.uint64) + _mix(np.uint64(seed))) ^ target.astype(np.uint64))
        for tier in range(1, self.top + 1):
            going = np.flatnonzero(meeting >= tier)
            here = at[going]
            cable = up_cables[start[here] + _choose(flow[going], 2 * tier, count[here])]
            np.add.at(per_link, 2 * cable, 1.0)
            at[going] = self.topology.ends[cable, 1]
        for tier in range(self.top, 0, -1):
            coming = np.flatnonzero(meeting >= tier)
            wanted = at[coming] * self.topology.vertices + self.parts[tier - 1][target[coming]]
            first, last = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
            cable = down_cables[first + _choose(flow[coming], 2 * tier + 1, last - first)]
            np.add.at(per_link, 2 * cable + 1, 1.0)
            at[coming] = self.topology.ends[cable, 0]


def _merge(labels: Indices, ends: Indices) -> Indices:
    """Return the labels after joining the two parts at the ends of every cable: each part takes its lowest label."""
    while True:
        lowest = np.minimum(labels[ends[:, 0]], labels[ends[:, 1]])
        if (labels[ends] == lowest[:, None]).all():
            return labels
        root = labels.copy()
        np.minimum.at(root, labels[ends].ravel(), np.repeat(lowest, 2))
        labels = root[labels]
        labels = labels[labels]


def _mix(value: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits per value (the finaliser of SplitMix64; Steele, Lea, Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        z = value + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def _choose(flow: NDArray[np.uint64], hop: int, count: Indices) -> Indices:
    """Return each flow's choice among `count` cables at this hop."""
    return (_mix(flow ^ _mix(np.uint64(hop))) % count.astype(np.uint64)).astype(np.int64)

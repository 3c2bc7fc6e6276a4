"""Routes of dragonflies over groups (minimal, Valiant), and of any other network over a drawn switch. It knows no speeds.

minimal: inside the group to a switch with a cable to the target's group, over it, inside that group to the target: at most
one cable between groups, where plain shortest paths may take two. valiant: as minimal to a drawn group, then as minimal
to the target. Source: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fabric.network.routing.general import General
from fabric.network.routing.hashing import Words, drawn, flow_words, key, mix
from fabric.network.routing.policies import Policy
from fabric.network.routing.routed import Entries, merged
from fabric.network.routing.ways import Ints, Paths
from topologies.base import Topology
from topologies.errors import InputError

FAMILIES = ("dragonfly", "dragonfly_plus")
HOPS = {"away": 2000, "home": 2001, "middle": 2002, "group": 2003, "up": 2, "down": 3}
"""What tells the draws of one hop from those of another."""


def groups_of(topology: Topology) -> Ints:
    """Return the group of every vertex of a dragonfly, -1 for devices and what is inside nodes."""
    group = np.full(topology.vertices, -1)
    if topology.family == "dragonfly":
        sizes = {1: topology.params["a"]}
    else:
        sizes = {1: topology.params["leaves"], 2: topology.params["spines"]}
    for tier, size in sizes.items():
        switches = np.flatnonzero(topology.tier == tier)
        group[switches] = np.arange(len(switches)) // int(str(size))
    return group


@dataclass(frozen=True, eq=False)
class Links:
    """Links looked up by a pair: those of key k are link[start:start + count]."""

    keys: Ints
    link: Ints
    base: int

    def find(self, tail: Ints, head: Ints) -> tuple[Ints, Ints]:
        """Return where the links of every pair start, and how many there are."""
        wanted = tail * self.base + head
        first = np.searchsorted(self.keys, wanted)
        return first, np.searchsorted(self.keys, wanted, side="right") - first

    def drawn(self, word: Words, hop: int, tail: Ints, head: Ints) -> Ints:
        """Return a link of every pair, drawn among the parallel ones; -1 where there is none."""
        first, count = self.find(tail, head)
        place = first + drawn(word, hop, np.maximum(count, 1))
        return np.where(count > 0, self.link[np.minimum(place, len(self.link) - 1)], -1)


def _links(tail: Ints, head: Ints, link: Ints, base: int) -> Links:
    keys = tail * base + head
    order = np.lexsort((link, keys))
    return Links(keys[order], link[order], base)


@dataclass(frozen=True, eq=False)
class Dragonfly:
    """The cables of a dragonfly by pair of vertices, and by pair of groups."""

    topology: Topology

    @cached_property
    def group(self) -> Ints:
        """The group of every vertex."""
        return groups_of(self.topology)

    @cached_property
    def _directed(self) -> tuple[Ints, Ints, Ints]:
        outside = np.flatnonzero(self.topology.level != self.topology.scale_up_level)
        low, high = self.topology.ends[outside].astype(np.int64).T
        return np.concatenate([low, high]), np.concatenate([high, low]), np.concatenate([2 * outside, 2 * outside + 1])

    @cached_property
    def direct(self) -> Links:
        """All links by the vertices at their ends."""
        return _links(*self._directed, self.topology.vertices)

    @cached_property
    def between(self) -> Links:
        """The links between groups by their groups."""
        tail, head, link = self._directed
        tail, head = self.group[tail], self.group[head]
        apart = (tail >= 0) & (head >= 0) & (tail != head)
        return _links(tail[apart], head[apart], link[apart], int(self.group.max()) + 1)

    @cached_property
    def home(self) -> Ints:
        """The switch of every device, -1 where its cable is gone."""
        tail, head, _ = self._directed
        home = np.full(self.topology.devices, -1)
        own = (tail < self.topology.devices) & (head >= self.topology.devices)
        home[tail[own]] = head[own]
        return home

    @cached_property
    def members(self) -> Ints:
        """The switches of every group (groups, switches of one)."""
        switches = np.flatnonzero(self.group >= 0)
        return switches[np.argsort(self.group[switches], kind="stable")].reshape(int(self.group.max()) + 1, -1)

    def entries(self, source: Ints, target: Ints, policy: Policy) -> Entries:
        """Return the links of messages, each over one minimal or Valiant way.

        Raises:
            InputError: two groups without a cable, or switches of a group that no two cables of it join.
        """
        word = flow_words(source, target, policy.seed)
        here, there = self.home[source], self.home[target]
        columns = [self.direct.drawn(word, HOPS["up"], source, here)]
        between = self._between(word, here, there) if policy.kind == "valiant" else self.group[there]
        here, links = self._towards(word, here, between, 0)
        columns += links
        here, links = self._towards(word, here, self.group[there], 10)
        columns += [*links, *self._local(word, here, there, HOPS["middle"] + 10)]
        columns.append(self.direct.drawn(word, HOPS["down"], there, target))
        return _ragged(np.stack(columns, axis=1))

    def _between(self, word: Words, here: Ints, there: Ints) -> Ints:
        """Return the group that every message goes through first: a drawn one, its target's where both are in one group."""
        own, wanted, count = self.group[here], self.group[there], len(self.members)
        if count < 3:
            return wanted
        lower, higher = np.minimum(own, wanted), np.maximum(own, wanted)
        chosen = drawn(word, HOPS["group"], count - 2)
        chosen = chosen + (chosen >= lower)
        chosen = chosen + (chosen >= higher)
        return np.where(own == wanted, wanted, chosen)

    def _towards(self, word: Words, here: Ints, group: Ints, turn: int) -> tuple[Ints, list[Ints]]:
        """Return where messages are once they went to a group over one cable, and their links: up to two inside, one away."""
        own = self.group[here]
        moving = own != group
        away = np.where(moving, self.between.drawn(word, HOPS["away"] + turn, own, group), -1)
        lost = np.flatnonzero(moving & (away < 0))
        if len(lost):
            raise InputError(
                f"routing: {self.topology.name} must have a cable from group {own[lost[0]]} to group {group[lost[0]]} "
                "for minimal and valiant, which there is not; ecmp goes around"
            )
        ends = self.topology.ends.astype(np.int64)
        tail = np.where(moving, ends[away // 2, away % 2], here)
        head = np.where(moving, ends[away // 2, 1 - away % 2], here)
        return head, [*self._local(word, here, tail, HOPS["home"] + turn), away]

    def _local(self, word: Words, here: Ints, there: Ints, hop: int) -> list[Ints]:
        """Return two columns of links inside a group: none, one, or two over a drawn switch of the group."""
        straight = np.where(here == there, -1, self.direct.drawn(word, hop, here, there))
        first, second = straight.copy(), np.full(len(here), -1)
        far = np.flatnonzero((here != there) & (straight < 0))
        if len(far):
            middle = self._middle(word[far], here[far], there[far], hop + 20)
            first[far] = self.direct.drawn(word[far], hop + 40, here[far], middle)
            second[far] = self.direct.drawn(word[far], hop + 60, middle, there[far])
        return [first, second]

    def _middle(self, word: Words, here: Ints, there: Ints, hop: int) -> Ints:
        """Return for every pair of switches of a group a drawn one of the group that is joined to both."""
        pair, inverse = np.unique(np.stack([here, there]), axis=1, return_inverse=True)
        members = self.members[self.group[pair[0]]]
        ways = (self.direct.find(pair[0][:, None], members)[1] > 0) & (self.direct.find(members, pair[1][:, None])[1] > 0)
        count = ways.sum(axis=1)
        if (count == 0).any():
            low, high = pair[:, int(np.argmin(count))]
            raise InputError(
                f"routing: {self.topology.name} must join switches {low} and {high} of a group by one or two cables "
                "for minimal and valiant, which it does not; ecmp goes around"
            )
        order = np.argsort(~ways, axis=1, kind="stable")
        index = inverse.ravel()
        chosen: Ints = members[index, order[index, drawn(word, hop, count[index])]]
        return chosen


def _ragged(columns: Ints) -> Entries:
    """Return the entries of messages from columns of links, -1 where there is none."""
    used = columns >= 0
    first = np.concatenate(([0], np.cumsum(used.sum(axis=1))))
    return Entries(Paths(first, columns[used]))


def over_drawn_switch(general: General, source: Ints, target: Ints, policy: Policy) -> Entries:
    """Return the links of messages that go to the switch of a drawn device first, by hashed shortest ways.

    The device is drawn among those that hang together with the source. Messages between devices of one switch go straight.
    """
    graph, ends = general.graph, general.graph.topology.ends.astype(np.int64)
    through = _drawn_devices(general, source, target, policy)
    detour = np.flatnonzero(graph.kind[source] != graph.kind[target])
    straight = np.flatnonzero(graph.kind[source] == graph.kind[target])
    hashed = Policy("ecmp", int(mix(np.uint64(policy.seed)) >> np.uint64(1)))
    s, z, t = source[detour], through[detour], target[detour]
    away = general.single(s, z, hashed)
    hops = away.paths.hops - (graph.entry[z] < 0)
    first = np.concatenate(([0], np.cumsum(hops)))
    kept = np.arange(first[-1]) + np.repeat(away.paths.first[:-1] - first[:-1], hops)
    links = away.paths.links[kept]
    last = links[np.maximum(first[1:] - 1, 0)] if len(links) else np.zeros(len(detour), dtype=np.int64)
    here = np.where(hops > 0, ends[last // 2, 1 - last % 2], s)
    onward = general.single(here, t, hashed)
    own = general.single(source[straight], target[straight], hashed)
    return merged(len(source), [(straight, own), (detour, Entries(Paths(first, links))), (detour, onward)])


def _drawn_devices(general: General, source: Ints, target: Ints, policy: Policy) -> Ints:
    """Return a drawn device for every message, of those that hang together with its source."""
    part = general.graph.component
    order = np.argsort(part, kind="stable")
    first = np.searchsorted(part[order], part[source])
    count = np.searchsorted(part[order], part[source], side="right") - first
    word = mix(flow_words(source, target, policy.seed) ^ key(HOPS["group"]))
    return order[first + (word % count.astype(np.uint64)).astype(np.int64)]

"""A topology's router: which way of routing each message takes, and their sum. It reads no policy text and knows no bytes.

Inside a node messages use its graph where that joins the two devices without crossing a third, else the network. Even
tiered networks are routed by arithmetic, all others by distances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.routing.cuts import origin_of
from fabric.network.routing.forwarding import read_table
from fabric.network.routing.policies import Policy
from fabric.network.routing.relay import relays
from fabric.network.routing.routed import Entries, Routed, crossings, distinct, hops_by_level, merged
from fabric.network.routing.tiered import Tiered
from fabric.network.routing.tiers import Tables, no_way, tables_of
from fabric.network.routing.ways import Floats, Ints, Paths, Ways
from topologies.base import Topology
from topologies.errors import InputError

if TYPE_CHECKING:  # searches import scipy (0.2 s), which even tiered fabrics do without
    from fabric.network.routing.adaptive_shares import Detours, Hosts
    from fabric.network.routing.detours import Dragonfly
    from fabric.network.routing.general import General

AT_ONCE = 1 << 19
"""Messages whose links are listed at a time; adaptive routing takes all at once."""
ARITHMETIC = ("ecmp", "dmodk", "rail_aligned")


@lru_cache(maxsize=8)
def router_of(topology: Topology) -> Router:
    """Return the topology's router, whose tables are worked out once."""
    return Router(topology)


@dataclass(frozen=True, eq=False)
class Leg:
    """Messages of one leg: which of the messages asked for, from where to where. Several legs follow each other."""

    index: Ints
    source: Ints
    target: Ints


@dataclass(frozen=True, eq=False)
class Router:
    """Routes over a topology."""

    topology: Topology

    @cached_property
    def tables(self) -> Tables:
        """The tiers."""
        return tables_of(self.topology)

    @cached_property
    def tiered(self) -> Tiered | None:
        """Routing by arithmetic, None where the network is not even."""
        return Tiered(self.tables) if self.tables.even else None

    @cached_property
    def outside(self) -> General:
        """Routing over the network by distances; those of a cut wiring are taken over from the whole one."""
        from fabric.network.routing.general import General  # noqa: PLC0415
        from fabric.network.routing.graph import outside  # noqa: PLC0415
        from fabric.network.routing.reuse import outside_without  # noqa: PLC0415

        origin = origin_of(self.topology)
        if origin is None:
            return General(outside(self.topology), self.tables)
        before = router_of(origin.whole).outside.graph
        return General(outside_without(before, origin, self.topology), self.tables)

    @cached_property
    def inside(self) -> General:
        """Routing inside nodes by distances."""
        from fabric.network.routing.general import General  # noqa: PLC0415
        from fabric.network.routing.graph import inside  # noqa: PLC0415

        return General(inside(self.topology), self.tables)

    @cached_property
    def dragonfly(self) -> Dragonfly:
        """The groups of a dragonfly."""
        from fabric.network.routing.detours import Dragonfly  # noqa: PLC0415

        return Dragonfly(self.topology)

    @cached_property
    def detours(self) -> Detours:
        """The minimal ways and detours that messages are shared out over: by groups on a dragonfly, else by switches."""
        from fabric.network.routing.detours import FAMILIES  # noqa: PLC0415
        from fabric.network.routing.group_ways import GroupWays  # noqa: PLC0415
        from fabric.network.routing.switch_ways import SwitchWays  # noqa: PLC0415

        return GroupWays(self.dragonfly) if self.topology.family in FAMILIES else SwitchWays(self.outside)

    @cached_property
    def hosts(self) -> Hosts:
        """The links between devices and their switches."""
        from fabric.network.routing.adaptive_shares import Hosts  # noqa: PLC0415

        return Hosts(self.outside.graph)

    def legs(self, source: Ints, target: Ints, policy: Policy) -> list[Leg]:
        """Return the legs of the messages: one, or two for those that a policy relays inside their node."""
        everyone = np.arange(len(source))
        if not policy.relay:
            return [Leg(everyone, source, target)]
        via = relays(self.topology, source, target)
        via = np.where(self.joined_inside(source, via), via, source)
        moved = np.flatnonzero(via != source)
        return [Leg(moved, source[moved], via[moved]), Leg(everyone, via, target)]

    def joined_inside(self, source: Ints, target: Ints) -> np.ndarray:
        """Return which pairs are two devices of one node that its graph joins without crossing a device."""
        mates = self.tables.node_mates(source, target)
        if self.tables.scale_up_cable is None and mates.any():
            pairs = np.flatnonzero(mates)
            mates[pairs] = self.inside.lengths(source[pairs], target[pairs]) >= 0
        return mates

    def arithmetic(self, policy: Policy) -> bool:
        """Return whether the network's messages are routed by arithmetic."""
        return self.tiered is not None and (policy.splits or policy.kind in ARITHMETIC)

    def checked(self, source: Ints, target: Ints, policy: Policy) -> tuple[Ints, Ints, Ints]:
        """Return the messages inside nodes, those over the network, and the meeting tiers of the latter in an even network.

        Raises:
            InputError: two devices that no way joins, by name.
        """
        if self.topology.scale_up_level >= 0:
            within = self.joined_inside(source, target)
            inner, over = np.flatnonzero(within), np.flatnonzero((source != target) & ~within)
        else:
            inner = np.zeros(0, dtype=np.int64)
            over = np.arange(len(source)) if self.arithmetic(policy) else np.flatnonzero(source != target)
        if self.tiered is not None:
            meeting = self.tables.meeting_tier(source[over], target[over])
            lost = meeting > self.tables.top
        else:
            meeting = self.outside.lengths(source[over], target[over]) if len(over) else np.zeros(0, dtype=np.int64)
            lost = meeting < 0
        if lost.any():
            pair = over[int(np.argmax(lost))]
            raise no_way(self.topology, int(source[pair]), int(target[pair]))
        return inner, over, meeting

    def route(
        self, source: Ints, target: Ints, policy: Policy, weight: Floats | None, speed: Floats | None = None, *,
        each: bool = True,
    ) -> Routed:  # fmt: skip
        """Return crossings and hops of messages; each: of every message, else the rows that differ.

        speed: of every link, for ugal; None: all links count the same.
        """
        per_link = np.zeros(2 * len(self.topology.ends))
        legs = self.legs(source, target, policy)
        if not each and len(legs) == 1:
            return Routed(per_link, self._add(per_link, source, target, policy, weight, speed, each=False))
        hops = np.zeros((len(source), len(self.topology.levels)))
        for leg in legs:
            amount = None if weight is None else weight[leg.index]
            hops[leg.index] += self._add(per_link, leg.source, leg.target, replace(policy, relay=False), amount, speed)
        whole = hops.astype(np.int64)
        rows = whole if (whole == hops).all() else hops
        return Routed(per_link, rows if each else distinct(rows))

    def _add(
        self, per_link: Floats, source: Ints, target: Ints, policy: Policy, weight: Floats | None, speed: Floats | None, *,
        each: bool = True,
    ) -> Floats | Ints:  # fmt: skip
        """Count messages of one leg, and return their hops per level; of each message, or only the rows that differ."""
        inner, over, meeting = self.checked(source, target, policy)
        everyone = len(over) == len(source)
        s, t = (source, target) if everyone else (source[over], target[over])
        within: Floats | Ints = np.zeros((0, len(self.topology.levels)))
        if len(inner):
            within = self._add_inside(per_link, source[inner], target[inner], policy, _of(weight, inner))
        amount = weight if everyone else _of(weight, over)
        found = self._add_over(per_link, s, t, meeting, policy, amount, speed, each=each)
        if not each:
            still = np.zeros((int(len(inner) + len(over) < len(source)), found.shape[1]))
            return distinct(np.concatenate([still, within, found]))
        if everyone:
            return found
        hops = np.zeros((len(source), len(self.topology.levels)))
        hops[inner], hops[over] = within, found
        return hops

    def _add_inside(self, per_link: Floats, source: Ints, target: Ints, policy: Policy, weight: Floats | None) -> Floats | Ints:
        cable, levels = self.tables.scale_up_cable, len(self.topology.levels)
        policy = Policy("ideal") if policy.mixed else policy
        if cable is not None:
            per_link += np.bincount(2 * cable[source], weight, len(per_link))
            per_link += np.bincount(2 * cable[target] + 1, weight, len(per_link))
            hops = np.zeros((1, levels))
            hops[:, self.topology.scale_up_level] = 2
            return hops
        if policy.splits:
            return self.inside.add_split(per_link, source, target, policy, weight)
        entries = self.inside.single(source, target, _plain(policy))
        per_link += crossings(entries, weight, len(per_link))
        return hops_by_level(entries, self.topology.level, levels)

    def _add_over(
        self, per_link: Floats, source: Ints, target: Ints, meeting: Ints, policy: Policy, weight: Floats | None,
        speed: Floats | None, *, each: bool,
    ) -> Floats | Ints:  # fmt: skip
        """Count messages over the network, and return their hops per level: of each, or at least the rows that differ."""
        if policy.mixed:
            from fabric.network.routing.adaptive_shares import add_listed  # noqa: PLC0415

            return add_listed(per_link, self.detours, self.hosts, source, target, policy, weight, speed)
        if self.tiered is not None and self.arithmetic(policy):
            if policy.splits:
                self.tiered.add_split(per_link, source, target, meeting, weight)
            else:
                self.tiered.add_single(per_link, source, target, meeting, policy, weight)
            return self.tiered.hops(meeting if each else np.flatnonzero(np.bincount(meeting)))
        if policy.splits:
            return self.outside.add_split(per_link, source, target, policy, weight)
        hops = np.zeros((len(source), len(self.topology.levels)))
        step = len(source) if policy.kind == "adaptive" else AT_ONCE
        for low in range(0, len(source), max(step, 1)):
            part = slice(low, low + step)
            entries = self.listed(source[part], target[part], policy, None)
            per_link += crossings(entries, None if weight is None else weight[part], len(per_link))
            hops[part] = hops_by_level(entries, self.topology.level, len(self.topology.levels))
        return hops

    def listed(self, source: Ints, target: Ints, policy: Policy, room: Floats | None) -> Entries:
        """Return the links of messages over the network that take one way each; all must have one.

        Raises:
            InputError: a policy that this family has no meaning for, or a table that leads nowhere.
        """
        from fabric.network.routing.detours import FAMILIES, over_drawn_switch  # noqa: PLC0415

        if policy.kind == "table":
            return read_table(self.topology, policy.file).entries(source, target)
        if policy.kind == "minimal" and self.topology.family not in FAMILIES:
            raise InputError(
                f"routing: minimal must be on {' or '.join(FAMILIES)}, got {self.topology.name}; "
                "on other wirings ecmp takes shortest paths"
            )
        if policy.kind in ("minimal", "valiant") and self.topology.family in FAMILIES:
            return self.dragonfly.entries(source, target, policy)
        if policy.kind == "valiant":
            return over_drawn_switch(self.outside, source, target, policy)
        return self.outside.single(source, target, policy, room)

    def ways(self, fabric: Fabric, source: Ints, target: Ints, policy: Policy) -> Ways:
        """Return the links of every message for a simulation of flows.

        Raises:
            InputError: a policy that shares messages out over detours: every one would cross most of the network.
        """
        if policy.mixed:
            raise InputError(
                f"routing: {policy.kind} must be asked at the loaded fidelity, since it shares every message out over all "
                "groups or switches; a simulation takes ideal, spray, ecmp:SEED, adaptive:SEED, minimal:SEED or valiant:SEED"
            )
        pieces, latency = [], np.zeros(len(source))
        capacity, link = fabric.link_speed, np.arange(2 * len(self.topology.ends))
        for leg in self.legs(source, target, policy):
            inner, over, meeting = self.checked(leg.source, leg.target, policy)
            alone = replace(policy, relay=False)
            if len(inner):
                within = self._entries_inside(leg.source[inner], leg.target[inner], alone)
                pieces.append((leg.index[inner], within))
                latency[leg.index[inner]] += _latency(within, link, self.topology, fabric)
            if self.tiered is not None and policy.splits:
                capacity, link = self.tiered.bundles(fabric.link_speed)
            everyone = len(over) == len(leg.source)
            s, t = (leg.source, leg.target) if everyone else (leg.source[over], leg.target[over])
            index = leg.index if everyone else leg.index[over]
            found = self._entries_over(s, t, meeting, alone, fabric.link_speed)
            pieces.append((index, found))
            latency[index] += self._latency_over(found, meeting, alone, fabric)
        entries = merged(len(source), pieces)
        return Ways(entries.paths, capacity, link, latency, entries.share)

    def _entries_over(self, source: Ints, target: Ints, meeting: Ints, policy: Policy, speed: Floats) -> Entries:
        """Return the links, or on even networks the bundles, of messages over the network."""
        if self.tiered is not None and policy.splits:
            return self.tiered.bundled(source, target, meeting, len(speed))
        if self.tiered is not None and policy.kind in ARITHMETIC:
            return self.tiered.entries(source, target, meeting, policy)
        if policy.splits:
            return self.outside.split_entries(source, target, policy)
        return self.listed(source, target, policy, speed)

    def _latency_over(self, found: Entries, meeting: Ints, policy: Policy, fabric: Fabric) -> Floats:
        """Return the seconds of every message's way over the network."""
        if self.tiered is not None and self.arithmetic(policy):
            by_tier: Floats = self.tiered.hops(np.arange(self.tables.top + 1)) @ fabric.level_latency
            return by_tier[meeting]
        return _latency(found, np.arange(len(fabric.link_speed)), self.topology, fabric)

    def _entries_inside(self, source: Ints, target: Ints, policy: Policy) -> Entries:
        cable = self.tables.scale_up_cable
        if cable is not None:
            links = np.stack([2 * cable[source], 2 * cable[target] + 1], axis=1).ravel()
            return Entries(Paths(2 * np.arange(len(source) + 1), links))
        if policy.splits:
            return self.inside.split_entries(source, target, policy)
        return self.inside.single(source, target, _plain(policy))


def _plain(policy: Policy) -> Policy:
    """Return the policy inside nodes: hashed where the policy has a meaning on the network only."""
    return policy if policy.kind in (*ARITHMETIC, "adaptive") else Policy("ecmp", policy.seed)


def _of(weight: Floats | None, index: Ints) -> Floats | None:
    return None if weight is None else weight[index]


def _latency(entries: Entries, link: Ints, topology: Topology, fabric: Fabric) -> Floats:
    """Return the seconds of every message's way, of a split one on average over its shares."""
    each = fabric.level_latency[topology.level[link[entries.paths.links] // 2]]
    amount = each if entries.share is None else each * entries.share
    return np.bincount(entries.paths.flow, amount, minlength=len(entries.paths.hops)).astype(np.float64)

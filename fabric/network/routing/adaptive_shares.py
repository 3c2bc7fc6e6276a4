"""Messages routed minimally, by detours, or by the best mixture of both (`minimal`, `valiant`, `ugal` without a seed).

UGAL sends a packet minimally unless the queue there, times the hops, is longer than on a drawn detour (A. Singh, "Load-balanced
routing in interconnection networks", Stanford 2005; on dragonflies Kim, Dally, Scott, Abts, ISCA 2008). What it comes to where
queues tell everything: for all messages between two groups (or switches, on other wirings) a share x of detours, spread
over all intermediate groups alike, such that the fullest link is least full:

    min over 0 <= x <= 1 of max over links (minimal crossings of (1 - x) + detour crossings of x) / speed

which balance.py solves to 1 %, seldom to 5 % (many commodities, each of few messages). So it is never fuller than minimal
alone or Valiant alone, spread as evenly. It knows no packets: no queues, no late or wrong news of them, no bursts, no virtual
channels; real machines do a little worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from fabric.network.routing.balance import Choice, balanced
from fabric.network.routing.graph import Graph
from fabric.network.routing.policies import Policy
from fabric.network.routing.routed import Routed, largest
from fabric.network.routing.ways import Floats, Ints
from topologies.base import Topology

MOST_ROWS = 1 << 20
"""Pairs of switches whose hops are worked out at a time."""


class Demand(Protocol):
    """Messages on a wiring: commodities with a choice of detours. See group_ways.py and switch_ways.py."""

    @property
    def amount(self) -> Floats:
        """Messages of every commodity."""

    @property
    def low(self) -> Floats:
        """The least share of each that must take a detour."""

    @property
    def high(self) -> Floats:
        """The most that can."""

    def loads(self, share: Floats) -> Floats:
        """Return the crossings of every link, but for the devices' own."""

    def costs(self, price: Floats) -> tuple[Floats, Floats]:
        """Return what each costs at these prices of links, minimally and by detour."""

    def each(self, price: Floats, share: Floats, here: Ints, there: Ints) -> Floats:
        """Return what every message costs on average over its ways."""


class Detours(Protocol):
    """The ways of a wiring, minimal and by detour, between spots: switches with devices."""

    @property
    def count(self) -> int:
        """How many spots there are."""

    def spots(self, devices: Ints) -> Ints:
        """Return the spot of every device."""

    def listed(self, here: Ints, there: Ints, weight: Floats) -> Demand:
        """Return messages between spots."""

    def every(self, count: Floats, less: tuple[Ints, Ints]) -> Demand:
        """Return a message between any two devices; count: devices of every spot; less: pairs that send none."""


@dataclass(frozen=True, eq=False)
class Hosts:
    """The links between devices and their switches."""

    graph: Graph

    @property
    def topology(self) -> Topology:
        """The wiring."""
        return self.graph.topology

    def crossings(self, sent: Floats, taken: Floats) -> Floats:
        """Return the crossings of every link by what devices send and take, alike over parallel cables."""
        graph, found = self.graph, np.zeros(2 * len(self.topology.ends))
        count = np.diff(graph.own_start)[: self.topology.devices]
        tail = np.repeat(np.arange(len(count)), count)
        link = graph.own_link[: len(tail)]
        found[link] += (sent / np.maximum(count, 1))[tail]
        found[link ^ 1] += (taken / np.maximum(count, 1))[tail]
        return found

    @cached_property
    def hops(self) -> Floats:
        """Per device the level of its cable, as 1 in that level (devices, levels); nothing where it forwards itself."""
        graph, topology = self.graph, self.topology
        rows = np.zeros((topology.devices, len(topology.levels)))
        hung = np.flatnonzero(np.diff(graph.own_start)[: topology.devices])
        rows[hung, topology.level[graph.own_link[graph.own_start[hung]] // 2]] = 1
        return rows


def shares(demand: Demand, policy: Policy, speed: Floats, floor: float) -> Floats:
    """Return the share of every commodity that takes a detour. floor: of the devices' own links, crossings / speed."""
    low, high = demand.low, demand.high
    if policy.kind == "minimal":
        return low
    if policy.kind == "valiant":
        return np.maximum(low, high)
    most = np.maximum(low, high)
    choice = Choice(demand.amount, low, most, lambda x: demand.loads(x) / speed, lambda p: demand.costs(p / speed), floor)
    return balanced(choice).share


def add_listed(
    per_link: Floats, detours: Detours, hosts: Hosts, source: Ints, target: Ints, policy: Policy, weight: Floats | None,
    speed: Floats | None,
) -> Floats:  # fmt: skip
    """Count messages between devices over the network, and return the mean hops per level of each (m, levels)."""
    amount = np.ones(len(source)) if weight is None else weight
    here, there = detours.spots(source), detours.spots(target)
    count = hosts.topology.devices
    ends = [np.bincount(end, amount, count).astype(np.float64) for end in (source, target)]
    own = hosts.crossings(*ends)
    demand = detours.listed(here, there, amount)
    share = _added(per_link, demand, own, policy, speed)
    return np.round(_hops(hosts, demand, share, here, there) + hosts.hops[source] + hosts.hops[target], 9)


def everyone(
    detours: Detours, hosts: Hosts, devices: Ints, mates: tuple[Ints, Ints], policy: Policy, speed: Floats | None
) -> Routed:
    """Return a message from every device to every other, all different, but for mates: pairs that stay inside their nodes.

    hops: rows that no other pair's mean way exceeds in every level.
    """
    topology = hosts.topology
    there = np.bincount(devices, minlength=topology.devices).astype(np.float64)
    ends = [there * (len(devices) - 1) - np.bincount(end, minlength=topology.devices) for end in mates]
    spots = detours.spots(devices)
    count = np.bincount(spots, minlength=detours.count).astype(np.float64)
    demand = detours.every(count, (detours.spots(mates[0]), detours.spots(mates[1])))
    per_link = np.zeros(2 * len(topology.ends))
    share = _added(per_link, demand, hosts.crossings(*ends), policy, speed)
    return Routed(per_link, _longest(hosts, demand, share, devices, spots))


def _added(per_link: Floats, demand: Demand, own: Floats, policy: Policy, speed: Floats | None) -> Floats:
    """Add what crosses every link, `own` of it the devices' links, and return the shares of detours that were chosen."""
    fast = np.ones(len(own)) if speed is None else speed / speed.max(initial=0.0)
    share = shares(demand, policy, fast, float((own / fast).max(initial=0.0)))
    per_link += own + demand.loads(share)
    return share


def _hops(hosts: Hosts, demand: Demand, share: Floats, here: Ints, there: Ints) -> Floats:
    """Return the mean links per level between the switches of every message (m, levels)."""
    level = np.repeat(hosts.topology.level, 2)
    levels = range(len(hosts.topology.levels))
    return np.stack([demand.each((level == one).astype(np.float64), share, here, there) for one in levels], axis=1)


def _longest(hosts: Hosts, demand: Demand, share: Floats, devices: Ints, spots: Ints) -> Floats:
    """Return the rows of hops of all pairs of switches that no other exceeds in every level, with the devices' own links."""
    used, first = np.unique(spots, return_index=True)
    ends, found = hosts.hops[devices[first]], [np.zeros((0, len(hosts.topology.levels)))]
    step = max(MOST_ROWS // max(len(used), 1), 1)
    for low in range(0, len(used), step):
        part = np.arange(low, min(low + step, len(used)))
        source, target = np.repeat(part, len(used)), np.tile(np.arange(len(used)), len(part))
        rows = _hops(hosts, demand, share, used[source], used[target]) + ends[source] + ends[target]
        found.append(largest(np.round(rows, 9)))
    return largest(np.concatenate(found))

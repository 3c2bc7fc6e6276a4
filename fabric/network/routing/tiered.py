"""Routes in even tiered fabrics by arithmetic: hashed or counted ways, splits as sums. It knows no other wiring.

A route leaves its device, climbs to the lowest tier at which source and target meet, and comes down. Climbing spreads
evenly over the cables up; coming down is the mirror image of climbing from the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fabric.network.routing.hashing import drawn, flow_words
from fabric.network.routing.policies import Policy
from fabric.network.routing.routed import Entries
from fabric.network.routing.tiers import Tables
from fabric.network.routing.ways import Floats, Ints, Paths

CHUNK = 1 << 15
"""Messages walked at a time: their arrays stay in the processor's cache."""
MANY = 20_000
"""From so many messages on, their links are listed by a compiled kernel."""


@dataclass(frozen=True, eq=False)
class Tiered:
    """The look-up tables of an even tiered network."""

    tables: Tables

    @cached_property
    def _upper(self) -> Ints:
        """Per cable its upper end."""
        return self.tables.topology.ends[:, 1].astype(np.int64)

    @cached_property
    def _lower(self) -> Ints:
        return self.tables.topology.ends[:, 0].astype(np.int64)

    @cached_property
    def _count_up(self) -> list[int | None]:
        """Per tier t, how many cables lead up from every vertex of tier t; None where that differs."""
        count, tier = self.tables.up[2], self.tables.topology.tier
        found: list[int | None] = []
        for t in range(self.tables.top):
            counts = count[(tier == t) & (count > 0)]
            found.append(int(counts[0]) if len(counts) and counts.min() == counts.max() else None)
        return found

    @cached_property
    def _down(self) -> tuple[Ints, Ints, list[Ints], list[int]]:
        """Cables by upper end, where each vertex's start; per tier, the place of each device's part, and cables per part."""
        cables, keys = self.tables.down
        vertices = self.tables.topology.vertices
        upper, below = np.divmod(keys, vertices)
        start = np.searchsorted(upper, np.arange(vertices))
        tier = self.tables.topology.tier[upper]
        places, parallel = [np.zeros(0, dtype=np.int64)], [1]
        for t in range(1, self.tables.top + 1):
            own = np.flatnonzero(tier == t)
            place = np.zeros(vertices, dtype=np.int64)
            place[below[own]] = own - start[upper[own]]
            each = int((keys[own] == keys[own[0]]).sum())
            part = self.tables.parts[t - 1][: self.tables.topology.devices]
            places.append(place[part] - (each - 1) * (place[part] > 0))
            parallel.append(each)
        return cables, start, places, parallel

    def add_split(self, per_link: Floats, source: Ints, target: Ints, meeting: Ints, weight: Floats | None) -> None:
        """Count messages split evenly over all ways."""
        for tier in range(1, self.tables.top + 1):
            climbs = np.flatnonzero(meeting == tier)
            if len(climbs):
                amount = None if weight is None else weight[climbs]
                up, down = self._held(source[climbs], amount), self._held(target[climbs], amount)
                alike = np.array_equal(up, down)
                self.spread(per_link, up, tier, (0, 1) if alike else (0,))
                if not alike:
                    self.spread(per_link, down, tier, (1,))

    def _held(self, devices: Ints, amount: Floats | None) -> Floats:
        return np.bincount(devices, amount, minlength=self.tables.topology.vertices).astype(np.float64)

    @cached_property
    def _by_tier(self) -> list[tuple[Ints, Ints, Ints]]:
        """Per tier, the cables that lead up to it with their lower and upper ends; nothing at tier 0."""
        network = self.tables.network
        tiers = self.tables.topology.tier[self._upper[network]]
        parts = [network[tiers == tier] for tier in range(self.tables.top + 1)]
        return [(part, self._lower[part], self._upper[part]) for part in parts]

    def spread(self, per_link: Floats, held: Floats, tier: int, directions: Sequence[int]) -> None:
        """Add what every device holds (vertices,), spread over the cables up to `tier`; directions: 0 up, 1 down, or both."""
        count = np.maximum(self.tables.up[2], 1)
        for cables, lower, upper in self._by_tier[1 : tier + 1]:
            flow = (held / count)[lower]
            for direction in directions:
                per_link[direction::2][cables] += flow
            held = np.bincount(upper, weights=flow, minlength=len(held)).astype(np.float64, copy=False)

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """The upper end of every cable in the order of `up`, the lower end of every cable in the order of `_down`."""
        return self._upper[self.tables.up[0]], self._lower[self._down[0]]

    def add_single(
        self, per_link: Floats, source: Ints, target: Ints, meeting: Ints, policy: Policy, weight: Floats | None
    ) -> None:
        """Count messages that take one way each."""
        up, down = np.zeros(len(self.tables.up[0])), np.zeros(len(self._down[0]))
        for low in range(0, len(source), CHUNK):
            part = slice(low, low + CHUNK)
            for going, is_up, slot in self._steps(source[part], target[part], meeting[part], policy):
                found = np.bincount(slot, None if weight is None else weight[part][going])
                (up if is_up else down)[: len(found)] += found
        per_link[2 * self.tables.up[0]] += up
        per_link[2 * self._down[0] + 1] += down

    def _steps(self, source: Ints, target: Ints, meeting: Ints, policy: Policy) -> Iterator[tuple[Ints, bool, Ints]]:
        """Yield (which messages, whether they go up, where their cable stands in `up` or `_down`), hop after hop."""
        for top in range(1, int(meeting.max(initial=0)) + 1):
            going = np.flatnonzero(meeting == top)
            if len(going):
                for is_up, slot in self._climb(source[going], target[going], top, policy):
                    yield going, is_up, slot

    def _climb(self, source: Ints, target: Ints, top: int, policy: Policy) -> Iterator[tuple[bool, Ints]]:
        """Yield the hops of messages that all meet at tier `top`."""
        _, start, count = self.tables.up
        _, down_start, places, parallel = self._down
        upper, lower = self._ends
        word, at = self._words(source, target, policy), source
        for tier in range(1, top + 1):
            ways, slot = self._count_up[tier - 1], start.take(at)
            if ways != 1:
                slot += self._choice(word, policy, 2 * tier, tier - 1, count[at] if ways is None else ways)
            yield True, slot
            at = upper.take(slot)
        for tier in range(top, 0, -1):
            slot = down_start.take(at)
            slot += places[tier].take(target)
            if parallel[tier] > 1:
                slot += self._choice(word, policy, 2 * tier + 1, tier - 1, parallel[tier])
            yield False, slot
            if tier > 1:
                at = lower.take(slot)

    def _words(self, source: Ints, target: Ints, policy: Policy) -> Ints:
        """Return what every message's choices are drawn from: its hash, or a device's number."""
        if policy.kind == "ecmp":
            return flow_words(source, target, policy.seed).view(np.int64)
        return self.tables.number[target if policy.kind == "dmodk" else source]

    def _choice(self, word: Ints, policy: Policy, hop: int, tier: int, count: Ints | int) -> Ints:
        """Return which of `count` cables between `tier` and the next a message takes."""
        if policy.kind == "ecmp":
            return drawn(word.view(np.uint64), hop, count)
        return np.asarray(word // self.tables.divisor[tier] % count)

    def entries(self, source: Ints, target: Ints, meeting: Ints, policy: Policy) -> Entries:
        """Return the links of messages that take one way each."""
        first = np.concatenate(([0], np.cumsum(2 * np.maximum(meeting, 0))))
        links = np.empty(first[-1], dtype=np.int64)
        if len(source) >= MANY:
            self._fill(links, first, source, target, meeting, policy)
            return Entries(Paths(first, links))
        filled = first[:-1].copy()
        for going, is_up, slot in self._steps(source, target, meeting, policy):
            links[filled[going]] = 2 * self.tables.up[0][slot] if is_up else 2 * self._down[0][slot] + 1
            filled[going] += 1
        return Entries(Paths(first, links))

    def _fill(self, links: Ints, first: Ints, source: Ints, target: Ints, meeting: Ints, policy: Policy) -> None:
        """Write the links of many messages by a compiled kernel."""
        from fabric.network.routing import kernels  # noqa: PLC0415  # numba costs 0.3 s, paid only where many ways are listed

        down_cables, down_start, places, parallel = self._down
        kernels.climb(
            links, first, source, target, meeting, policy.kind == "ecmp", np.uint64(policy.seed),
            self.tables.number, policy.kind == "rail_aligned", self.tables.divisor, *self.tables.up, self._upper, self._lower,
            down_cables, down_start, np.stack([np.zeros_like(places[-1]), *places[1:]]), np.array(parallel),
        )  # fmt: skip

    @cached_property
    def _bundles(self) -> list[tuple[Ints, Ints, Ints]]:
        """Per tier from 1: the bundle of every vertex, and all cables up to the tier sorted by bundle, with their bounds."""
        found = []
        for tier in range(1, self.tables.top + 1):
            cables, lower, _ = self._by_tier[tier]
            label, group = np.unique(self.tables.parts[tier - 1][lower], return_inverse=True)
            of = np.full(self.tables.topology.vertices, -1)
            of[label] = np.arange(len(label))
            order = np.argsort(group, kind="stable")
            bounds = np.searchsorted(group[order], np.arange(len(label)))
            found.append((of[self.tables.parts[tier - 1]], cables[order], bounds))
        return found

    def bundled(self, source: Ints, target: Ints, meeting: Ints, base: int) -> Entries:
        """Return split messages over bundles, numbered from base.

        One bundle is all cables from a part of the network up to the next tier, in one direction: (tier, part, up or down).
        """
        first = np.concatenate(([0], np.cumsum(2 * np.maximum(meeting, 0))))
        links = np.empty(first[-1], dtype=np.int64)
        for tier, (of, _, bounds) in enumerate(self._bundles, start=1):
            going = np.flatnonzero(meeting >= tier)
            links[first[going] + tier - 1] = base + of[source[going]]
            links[first[going + 1] - tier] = base + len(bounds) + of[target[going]]
            base += 2 * len(bounds)
        return Entries(Paths(first, links))

    def bundles(self, speed: Floats) -> tuple[Floats, Ints]:
        """Return the capacities of all links and then all bundles, and a link to name each by.

        A bundle's capacity is its number of cables times the speed of the slowest, since a split is even.
        """
        capacity, named = [speed], [np.arange(len(speed))]
        for _, cables, bounds in self._bundles:
            for direction in (0, 1):
                room, slowest = _slowest(speed, 2 * cables + direction, bounds)
                capacity.append(room)
                named.append(slowest)
        return np.concatenate(capacity), np.concatenate(named)

    def hops(self, meeting: Ints) -> Ints:
        """Return how many links of each level every message crosses (m, levels): two per tier climbed."""
        hops = np.zeros((len(meeting), len(self.tables.topology.levels)), dtype=np.int64)
        for tier in range(1, self.tables.top + 1):
            hops[:, self.tables.tier_level[tier]] += 2 * (meeting >= tier)
        return hops


def _slowest(speed: Floats, links: Ints, bounds: Ints) -> tuple[Floats, Ints]:
    """Return per bundle of links its number times its slowest speed, and that slowest link."""
    sizes = np.diff(np.append(bounds, len(links)))
    slow = np.minimum.reduceat(speed[links], bounds)
    place = np.where(speed[links] == np.repeat(slow, sizes), np.arange(len(links)), len(links))
    return sizes * slow, links[np.minimum.reduceat(place, bounds)]

"""Loads of a dragonfly whose messages go minimally or by way of other groups, in shares, as sums over groups.

It is told shares and prices of links; it chooses none, and knows no size and no speed.

Minimal: to a switch with a cable to the target's group, all cables between the two groups alike, over it, inside that group to
the target. Detour between groups: as minimal to every group that has cables to both, alike, then as minimal to the target
(Valiant by groups; Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008). Detour
inside a group: over every switch that is joined to both ends, alike. Two switches of a group that no cable joins use all
ways of two cables, else of three. Where two groups have no cable left, messages between them take the detour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fabric.network.routing.detours import Dragonfly
from fabric.network.routing.ways import Flags, Floats, Ints
from topologies.errors import InputError


@dataclass(frozen=True, eq=False)
class Between:
    """Messages between switches, in sums: first (G, a, G) from a switch to a group, last (G, G, a) from a group to a switch.

    whole (G, G) from group to group, own (G, a, a) between switches of one group. G groups of a switches.
    """

    first: Floats
    last: Floats
    whole: Floats
    own: Floats


@dataclass(frozen=True, eq=False)
class Prices:
    """What one message costs at some price of every link: the parts of its way, minimal and by detour.

    A minimal way between groups costs out[g, i, h] + into[g, h, j], a detour far_out + middle[g, h] + far_into; one inside a
    group own[g, i, j] and around[g, i, j].
    """

    out: Floats
    into: Floats
    far_out: Floats
    far_into: Floats
    middle: Floats
    own: Floats
    around: Floats


def _shared(total: Floats, count: Floats) -> Floats:
    """Return total / count, 0 where there is none."""
    return np.asarray(np.divide(total, count, out=np.zeros(np.broadcast(total, count).shape), where=count > 0))


@dataclass(frozen=True, eq=False)
class GroupWays:
    """The ways of a dragonfly by groups: linear in the shares, so that loads are matrix products."""

    wiring: Dragonfly

    @cached_property
    def place(self) -> Ints:
        """Per vertex, group x switches of a group + its place in the group; -1 for what is no switch of the network."""
        place = np.full(self.wiring.topology.vertices, -1)
        place[self.wiring.members.ravel()] = np.arange(self.wiring.members.size)
        return place

    @property
    def shape(self) -> tuple[int, int]:
        """Groups, and switches of one."""
        groups, switches = self.wiring.members.shape
        return groups, switches

    @cached_property
    def _links(self) -> tuple[Ints, Ints, Ints]:
        """The links between switches with the places of both ends."""
        ends = self.place[self.wiring.topology.ends]
        joined = np.flatnonzero((ends >= 0).all(axis=1))
        low, high = ends[joined].T
        link = np.concatenate([2 * joined, 2 * joined + 1])
        return link, np.concatenate([low, high]), np.concatenate([high, low])

    @cached_property
    def _inside(self) -> tuple[Ints, Ints]:
        """The links inside groups, and where each counts in (G, a, a)."""
        link, tail, head = self._links
        size = self.shape[1]
        own = tail // size == head // size
        return link[own], tail[own] * size + head[own] % size

    @cached_property
    def _across(self) -> tuple[Ints, Ints, Ints, Ints]:
        """The links between groups, where each counts in (G, G), and its tail's and its head's place in their groups."""
        link, tail, head = self._links
        groups, size = self.shape
        away = tail // size != head // size
        pair = tail[away] // size * groups + head[away] // size
        return link[away], pair, tail[away] % size, head[away] % size

    @cached_property
    def cables(self) -> Floats:
        """Links from group to group (G, G)."""
        groups = self.shape[0]
        return np.bincount(self._across[1], minlength=groups * groups).reshape(groups, groups).astype(np.float64)

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """What share of the links from group to group begins, and ends, at each switch (G, G, a); 0 where there are none."""
        (groups, size), (_, pair, tail, head) = self.shape, self._across
        found = [np.bincount(pair * size + at, minlength=groups * groups * size) for at in (tail, head)]
        begin, end = (_shared(f.reshape(groups, groups, size).astype(np.float64), self.cables[..., None]) for f in found)
        return begin, end

    @cached_property
    def direct(self) -> Floats:
        """Links between switches of a group (G, a, a)."""
        groups, size = self.shape
        return np.bincount(self._inside[1], minlength=groups * size * size).reshape(groups, size, size).astype(np.float64)

    @cached_property
    def _joined(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Which switches of a group one cable joins; over how many switches two do; which no fewer; the same of three."""
        one = (self.direct > 0).astype(np.float64)
        apart = (one == 0) & ~np.eye(self.shape[1], dtype=bool)
        two = one @ one
        only = ((two > 0) & apart).astype(np.float64)
        return one, two, only, np.where(apart & (two == 0), one @ only, 0.0)

    @cached_property
    def through(self) -> Floats:
        """By how many groups a detour from group to group can go (G, G)."""
        open_ = self._open
        return np.asarray(np.where(np.eye(len(open_), dtype=bool), 0.0, open_ @ open_))

    @cached_property
    def _open(self) -> Floats:
        return (self.cables > 0).astype(np.float64)

    @cached_property
    def round_about(self) -> Floats:
        """By how many switches a detour inside a group can go (G, a, a); 0 where no cable joins the two to begin with."""
        one, two, _, _ = self._joined
        return one * two

    def must_detour(self) -> Flags:
        """Return between which groups no cable is left (G, G)."""
        return np.asarray((self.cables == 0) & ~np.eye(self.shape[0], dtype=bool))

    def spots(self, devices: Ints) -> Ints:
        """Return the switch of every device by its place among all."""
        return self.place[self.wiring.home[devices]]

    @property
    def count(self) -> int:
        """How many spots there are."""
        return int(self.wiring.members.size)

    def listed(self, here: Ints, there: Ints, weight: Floats) -> GroupDemand:
        """Return messages between switches, by their spots."""
        groups, size = self.shape
        near = here // size == there // size
        s, t, w = here[~near], there[~near], weight[~near]
        own = np.bincount(here[near] * size + there[near] % size, weight[near], minlength=groups * size * size)
        first = np.bincount(s * groups + t // size, w, minlength=groups * groups * size).reshape(groups, size, groups)
        last = np.bincount((s // size) * groups * size + t, w, minlength=groups * groups * size).reshape(groups, groups, size)
        apart = np.where(np.eye(size, dtype=bool), 0.0, own.reshape(groups, size, size)).astype(np.float64)
        return GroupDemand(self, Between(first.astype(float), last.astype(float), first.sum(axis=1).astype(float), apart))

    def every(self, count: Floats, less: tuple[Ints, Ints]) -> GroupDemand:
        """Return a message from every device to every other; count: devices of every spot; less: pairs that send none."""
        groups, size = self.shape
        count = count.reshape(groups, size)
        other = ~np.eye(groups, dtype=bool)
        inside = count.sum(axis=1)
        own = count[:, :, None] * count[:, None, :] * ~np.eye(size, dtype=bool)
        whole = np.outer(inside, inside) * other
        first, last = count[:, :, None] * inside * other[:, None], inside[:, None, None] * count * other[..., None]
        some = self.listed(*less, np.ones(len(less[0]))).sums
        return GroupDemand(self, Between(first - some.first, last - some.last, whole - some.whole, own - some.own))

    def loads(self, sums: Between, far: Floats, around: Floats) -> Floats:
        """Return the crossings of every link; far (G, G), around (G, a, a): the shares of detours.

        Raises:
            InputError: two switches of a group that no three cables join.
        """
        begin, end = self._ends
        aside = _shared(far, self.through)
        first = sums.first * (1 - far)[:, None] + self._first_legs(sums.first * aside[:, None])
        last_far = self._last_legs(sums.last * aside[..., None])
        last = sums.last * (1 - far)[..., None] + last_far
        inner = first @ begin
        inner += end.transpose(1, 2, 0) @ last.transpose(1, 0, 2)
        inner += end.transpose(1, 2, 0) @ (sums.whole * aside) @ begin
        over = first.sum(axis=1) + last_far.sum(axis=2)
        own = self._walked(inner + sums.own * (1 - around), sums.own * _shared(around, self.round_about))
        found = np.zeros(2 * len(self.wiring.topology.ends))
        found[self._inside[0]] = _shared(own, self.direct).ravel()[self._inside[1]]
        found[self._across[0]] = _shared(over, self.cables).ravel()[self._across[1]]
        return found

    def _first_legs(self, sent: Floats) -> Floats:
        """Return what switches send to the groups that detours go by; sent (G, a, G): by target, a share per such group."""
        return np.asarray((sent @ self._open.T) * self._open[:, None])

    def _last_legs(self, sent: Floats) -> Floats:
        """Return what comes to switches from groups that detours go by; sent (G, G, a): by source, a share per such group."""
        return np.asarray(np.tensordot(self._open.T, sent, 1) * self._open[..., None])

    def _walked(self, straight: Floats, aside: Floats) -> Floats:
        """Return how many messages cross from switch to switch inside groups; aside: those per switch that a detour goes by."""
        one, two, only, three = self._joined
        lost = (straight > 0) & (one == 0) & (two == 0) & (three == 0) & ~np.eye(self.shape[1], dtype=bool)
        if lost.any():
            group, low, high = np.argwhere(lost)[0]
            members = self.wiring.members[group]
            raise InputError(
                f"routing: {self.wiring.topology.name} must join switches {members[low]} and {members[high]} of a group by at "
                "most three cables for minimal, valiant and ugal, which it does not; ecmp goes around"
            )
        over_three = _shared(straight, three)
        straight = straight * (three == 0) + one * (over_three @ only) + only * (one @ over_three)
        over_two = _shared(straight * only, two) + aside
        found = straight * one + one * (over_two @ one) + one * (one @ over_two)
        return np.asarray(found)

    def prices(self, price: Floats) -> Prices:
        """Return what one message costs at these prices of links, in all its parts."""
        begin, end = self._ends
        groups = self.shape[0]
        paid = np.bincount(self._across[1], price[self._across[0]], minlength=groups * groups).astype(np.float64)
        cable = _shared(paid.reshape(groups, groups), self.cables)
        own = self._own_prices(price)
        one = self._joined[0]
        straight = own * one
        around = _shared(straight @ one + one @ straight, self.round_about)
        out = own @ begin.transpose(0, 2, 1) + cable[:, None]
        into = (end.transpose(1, 0, 2) @ own).transpose(1, 0, 2)
        last = (into + cable[..., None]) * self._open[..., None]
        far_out = _shared((out * self._open[:, None]) @ self._open, self.through[:, None])
        far_into = _shared(np.tensordot(self._open, last, 1), self.through[..., None])
        middle = np.tensordot(end, own @ begin.transpose(0, 2, 1), 2)
        return Prices(out, into, far_out, far_into, _shared(middle, self.through), own, around)

    def _own_prices(self, price: Floats) -> Floats:
        """Return what a minimal way inside a group costs (G, a, a), 0 where there is none."""
        groups, size = self.shape
        one, two, only, three = self._joined
        straight = np.bincount(self._inside[1], price[self._inside[0]], minlength=groups * size * size).astype(np.float64)
        found = _shared(straight.reshape(groups, size, size), self.direct)
        found = found + only * _shared(found @ one + one @ found, two)
        further = _shared((found * one) @ only + one @ (found * only), three)
        return np.asarray(found + further)


@dataclass(frozen=True, eq=False)
class GroupDemand:
    """Messages on a dragonfly. Commodities: all from group to group, then all from switch to switch of every group."""

    ways: GroupWays
    sums: Between

    @property
    def amount(self) -> Floats:
        """Messages of every commodity."""
        return _flat(self.sums.whole, self.sums.own)

    @property
    def low(self) -> Floats:
        """The least share that must take a detour: all where two groups have no cable.

        Raises:
            InputError: nor a group that is joined to both.
        """
        must = self.ways.must_detour() & (self.sums.whole > 0)
        lost = np.argwhere(must & (self.ways.through == 0))
        if len(lost):
            here, there = lost[0]
            raise InputError(
                f"routing: {self.ways.wiring.topology.name} must have a cable from group {here} to group {there}, or "
                "a group joined to both, for minimal, valiant and ugal, which there is not; ecmp goes around"
            )
        return _flat(must, np.zeros(self.sums.own.shape))

    @property
    def high(self) -> Floats:
        """The most that can: nothing where there is no detour, or no message."""
        ways, sums = self.ways, self.sums
        return _flat((ways.through > 0) & (sums.whole > 0), (ways.round_about > 0) & (sums.own > 0))

    def loads(self, share: Floats) -> Floats:
        """Return the crossings of every link under these shares of detours."""
        return self.ways.loads(self.sums, *self._split(share))

    def costs(self, price: Floats) -> tuple[Floats, Floats]:
        """Return what all messages of every commodity cost at these prices, minimally and by detour."""
        p, sums = self.ways.prices(price), self.sums
        near = (sums.first * p.out).sum(axis=1) + (sums.last * p.into).sum(axis=2)
        far = (sums.first * p.far_out).sum(axis=1) + (sums.last * p.far_into).sum(axis=2) + sums.whole * p.middle
        return _flat(near, sums.own * p.own), _flat(far, sums.own * p.around)

    def each(self, price: Floats, share: Floats, here: Ints, there: Ints) -> Floats:
        """Return what every message costs on average over its ways, by its spots, at these prices."""
        p, (far, around), size = self.ways.prices(price), self._split(share), self.ways.shape[1]
        (g, i), (h, j) = np.divmod(here, size), np.divmod(there, size)
        apart = far[g, h]
        across = (1 - apart) * (p.out[g, i, h] + p.into[g, h, j])
        across += apart * (p.far_out[g, i, h] + p.middle[g, h] + p.far_into[g, h, j])
        inside = (1 - around[g, i, j]) * p.own[g, i, j] + around[g, i, j] * p.around[g, i, j]
        return np.asarray(np.where(g == h, inside, across))

    def _split(self, share: Floats) -> tuple[Floats, Floats]:
        groups, size = self.ways.shape
        return share[: groups * groups].reshape(groups, groups), share[groups * groups :].reshape(groups, size, size)


def _flat(between: np.ndarray, inside: np.ndarray) -> Floats:
    return np.concatenate([between.ravel(), inside.ravel()]).astype(np.float64)

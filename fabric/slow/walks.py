"""Rings that go from neighbour to neighbour, on networks where not every two groups are joined. It asks none and knows no time.

A step between two groups that cables join takes these cables and no others, whatever the routing; a step to one further away
goes by ways that only the routing knows, and shares cables with other rings. So rings are closed walks: they begin as one
group, or two to and fro, and grow where a step gives way to a detour by groups and cables that are suspected and that nothing
else of the round has. They end when they are as likely slow as not. A node is in one ring of a round, a pair of groups too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from fabric.slow.tree import Tree

Floats = NDArray[np.float64]
Stop = tuple[int, ...]
"""Nodes of one group that stand at the same place of a walk: one, or as many as fill a pair's cables side by side."""
Pair = tuple[int, int]
FARTHEST = 5
"""Steps of a detour, at most."""
LONG = 40
"""The same where all of them are suspected."""
LEAST_GAIN = 1e-9
MOST_WAYS = 130
"""Detours of a step that are all looked at, about."""


def pair_of(one: int, other: int) -> Pair:
    """Return two groups as the key of what joins them."""
    return (one, other) if one < other else (other, one)


@dataclass
class Ground:
    """What the walks of a round may take: nodes of every group, and pairs of groups but for those that are taken.

    mass: suspicion on every suspect. taken: pairs that are not to be crossed. each: nodes at every stop.
    """

    tree: Tree
    nodes: dict[int, list[int]]
    mass: Floats
    taken: set[Pair] = field(default_factory=set)
    each: int = 1

    def __post_init__(self) -> None:
        """Sort the nodes, the most suspect first."""
        for own in self.nodes.values():
            own.sort(key=lambda n: (-self.mass[n], n))

    @cached_property
    def beside(self) -> Sequence[Sequence[int]]:
        """The neighbours of every group."""
        return self.tree.layers[0].beside

    @cached_property
    def deep(self) -> int:
        """Over how many groups all detours are looked at: two, and more where groups have few neighbours."""
        each = max(len(own) for own in self.beside) - 1
        return max(2, int(log(MOST_WAYS) / log(max(2, each))))

    @cached_property
    def between(self) -> Mapping[Pair, float]:
        """The suspicion on every pair of groups that is a suspect."""
        pairs, first = self.tree.pairs, self.tree.first_pair
        ends = zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)
        return dict(zip(ends, self.mass[first:].tolist(), strict=True))

    def of_pair(self, one: int, other: int) -> float:
        """Return the suspicion on what joins two groups; none inside one."""
        return self.between.get(pair_of(one, other), 0.0) if one != other else 0.0

    def stop(self, group: int, most: float) -> Stop | None:
        """Return free nodes of a group for a stop: the most suspect of no more suspicion than that; None where too few are."""
        own = self.nodes.get(group, ())
        light = [n for n in own if self.mass[n] <= most][: self.each]
        return tuple(light) if len(light) == self.each and self.weight(light) <= most else None

    def mildest(self, group: int) -> Stop | None:
        """Return the least suspect free nodes of a group for a stop; None where too few are."""
        own = self.nodes.get(group, [])[-self.each :]
        return tuple(own) if len(own) == self.each else None

    def weight(self, nodes: Collection[int]) -> float:
        """Return the suspicion on some nodes."""
        return float(self.mass[list(nodes)].sum())

    def take(self, stop: Stop) -> None:
        """Take nodes away."""
        own = self.nodes[int(self.tree.layers[0].group[stop[0]])]
        for node in stop:
            own.remove(node)

    def give(self, stop: Stop) -> None:
        """Give nodes back."""
        own = self.nodes[int(self.tree.layers[0].group[stop[0]])]
        own += stop
        own.sort(key=lambda n: (-self.mass[n], n))

    def open(self, one: int, other: int) -> bool:
        """Return whether a walk may cross from one of two joined groups to the other."""
        return pair_of(one, other) not in self.taken


@dataclass
class Walk:
    """A closed walk as it grows. limit: suspicion that it must not exceed; after: the stop after each stop."""

    ground: Ground
    limit: float
    most: int
    sum: float = 0.0
    after: dict[Stop, Stop] = field(default_factory=dict)
    crossed: dict[Pair, int] = field(default_factory=dict)

    def group(self, stop: Stop) -> int:
        """Return the group of a stop."""
        return int(self.ground.tree.layers[0].group[stop[0]])

    @property
    def stops(self) -> list[Stop]:
        """The stops in order."""
        first = next(iter(self.after))
        found, at = [first], self.after[first]
        while at != first:
            found.append(at)
            at = self.after[at]
        return found

    @property
    def ring(self) -> tuple[int, ...]:
        """The nodes in order: once round for each node of a stop."""
        return tuple(stop[lap] for lap in range(self.ground.each) for stop in self.stops)

    def pairs(self) -> set[Pair]:
        """Return the pairs that it crosses."""
        return {*self.crossed}

    def begin(self, first: Stop, second: Stop) -> None:
        """Begin with two stops, to and fro."""
        for stop in (first, second):
            self.ground.take(stop)
            self.sum += self.ground.weight(stop)
        self.after |= {first: second, second: first}
        self._cross(self.group(first), self.group(second), 2)

    def _cross(self, one: int, other: int, times: int) -> None:
        if one == other:
            return
        pair = pair_of(one, other)
        if pair not in self.crossed:
            self.sum += self.ground.of_pair(one, other)
            self.ground.taken.add(pair)
        count = self.crossed.get(pair, 0) + times
        if count:
            self.crossed[pair] = count
        else:
            del self.crossed[pair]
            self.sum -= self.ground.of_pair(one, other)
            self.ground.taken.discard(pair)

    def undo(self) -> None:
        """Give back what it took."""
        for stop in self.after:
            self.ground.give(stop)
        self.ground.taken -= {*self.crossed}

    def grow(self, enough: float) -> None:
        """Put detours in the place of steps, each the one that gains most, until there is enough suspicion or none is left."""
        waiting = deque(self.after)
        while waiting and self.sum < enough:
            stop = waiting.popleft()
            detour = self._best(stop, self.after[stop])
            if detour:
                self._insert(stop, detour)
                waiting += (stop, *detour)

    def _insert(self, at: Stop, detour: Sequence[Stop]) -> None:
        end = self.after[at]
        self._cross(self.group(at), self.group(end), -1)
        for here, then in zip((at, *detour), (*detour, end), strict=True):
            self.after[here] = then
            self._cross(self.group(here), self.group(then), 1)
        for stop in detour:
            self.ground.take(stop)
            self.sum += self.ground.weight(stop)

    def _best(self, at: Stop, end: Stop) -> list[Stop] | None:
        """Return the detour in the place of a step that gains most suspicion within the limit.

        Of several that gain as much the one by groups with fewest free neighbours: they would be hard to reach later.
        """
        here, there = self.group(at), self.group(end)
        lost = self.ground.of_pair(here, there) if self.crossed.get(pair_of(here, there)) == 1 else 0.0
        best, most = None, (LEAST_GAIN, 0)
        room = self.most - self.ground.each * len(self.after)
        for groups in self._detours(here, there):
            if self.ground.each * len(groups) > room:
                continue
            found = self._worth(here, there, groups, lost)
            if found is not None and (gain := (round(found[1], 9), -hemmed(self.ground, groups))) > most:
                best, most = found[0], gain
        return best

    def _worth(self, here: int, there: int, groups: Sequence[int], lost: float) -> tuple[list[Stop], float] | None:
        """Return the stops of a detour by these groups and what it gains; None where nodes lack or it is too much."""
        new = {pair_of(a, b) for a, b in zip((here, *groups), (*groups, there), strict=True) if a != b} - {*self.crossed}
        gain = sum(self.ground.of_pair(*pair) for pair in new) - lost
        stops: list[Stop] = []
        for group in groups:
            stop = self.ground.stop(group, self.limit - self.sum - gain)
            if stop is None or stop in stops:
                return None
            stops.append(stop)
            gain += self.ground.weight(stop)
        return (stops, gain) if self.sum + gain <= self.limit else None

    def _detours(self, here: int, there: int) -> Iterator[tuple[int, ...]]:
        """Yield the groups of detours between two: inside them, over few others, by suspected pairs, else the shortest."""
        ground = self.ground
        yield from {(here,): None, (there,): None}
        few = list(ways_between(ground, here, there, ground.deep))
        yield from few
        far = way_between(ground, here, there, least=ground.deep + 1, most=LONG, suspected=True)
        far = far or (() if few else way_between(ground, here, there, least=ground.deep + 1))
        yield from [far] if far else []


def ways_between(ground: Ground, here: int, there: int, most: int, before: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the groups between two of all ways over free ones, so many at most."""
    at = before[-1] if before else here
    for group in free_beside(ground, at):
        if group in (here, there) or group in before:
            continue
        way = (*before, group)
        if there in ground.beside[group] and ground.open(group, there):
            yield way
        if len(way) < most:
            yield from ways_between(ground, here, there, most, way)


def way_between(
    ground: Ground, here: int, there: int, *, least: int = 1, most: int = FARTHEST, suspected: bool = False
) -> tuple[int, ...]:
    """Return the groups between two on the shortest way over free ones, so many at least; none where it is too far.

    suspected: only by pairs that are.
    """

    def leads(one: int, other: int) -> bool:
        return ground.open(one, other) and (not suspected or ground.of_pair(one, other) > 0)

    before, edge = {here: here}, [here]
    for steps in range(1, most):
        then = []
        for group in edge:
            for other in (g for g in free_beside(ground, group) if g not in before and g != there and leads(group, g)):
                before[other] = group
                if steps >= least and there in ground.beside[other] and leads(other, there):
                    return tuple(reversed(list(_back(before, other, here))))
                then.append(other)
        edge = then
    return ()


def _back(before: Mapping[int, int], at: int, start: int) -> Iterator[int]:
    while at != start:
        yield at
        at = before[at]


def hemmed(ground: Ground, groups: Sequence[int]) -> int:
    """Return how many free neighbours groups have in all."""
    return sum(len(free_beside(ground, g)) for g in groups)


def free_beside(ground: Ground, group: int) -> list[int]:
    """Return the neighbours of a group that a walk can go on to."""
    return [g for g in ground.beside[group] if ground.open(group, g) and len(ground.nodes.get(g, ())) >= ground.each]


def walk_from(ground: Ground, suspect: int, enough: float, limit: float, most: int) -> Walk | None:
    """Return a walk with a suspect, a node or a pair of groups, that has enough suspicion or as much as can be reached.

    None where what it needs is taken. limit: suspicion beside the suspect's own. most: nodes.
    """
    walk = Walk(ground, max(limit, float(ground.mass[suspect])), most)
    ends = _beginning(ground, suspect, walk.limit)
    if ends is None:
        return None
    walk.begin(*ends)
    walk.grow(enough)
    return walk


def _beginning(ground: Ground, suspect: int, limit: float) -> tuple[Stop, Stop] | None:
    """Return two stops that a walk with a suspect begins with."""
    tree = ground.tree
    if tree.kind(suspect) != "pair":
        return _with_node(ground, suspect, limit)
    _, one, other = tree.ends(suspect)
    first, second = (ground.stop(g, inf) for g in (one, other))
    return (first, second) if first and second and ground.open(one, other) else None


def _with_node(ground: Ground, suspect: int, limit: float) -> tuple[Stop, Stop] | None:
    """Return a stop of a node and one at home or beside it: the most suspect within the limit, else the least."""
    home = int(ground.tree.layers[0].group[suspect])
    if suspect not in ground.nodes.get(home, ()):
        return None
    rest = [n for n in ground.nodes[home] if n != suspect]
    first, rest = (suspect, *rest[: ground.each - 1]), rest[ground.each - 1 :]
    if len(first) < ground.each:
        return None
    left = limit - ground.weight(first)
    at_home = tuple([n for n in rest if ground.mass[n] <= left][: ground.each])
    if len(at_home) == ground.each:
        return first, at_home
    near: list[tuple[float, Stop]] = []
    for group in (g for g in ground.beside[home] if ground.open(home, g)):
        stops = {stop for stop in (ground.stop(group, left), ground.mildest(group)) if stop is not None}
        near += [(ground.of_pair(home, group) + ground.weight(stop), stop) for stop in stops]
    light = [one for one in near if one[0] <= left]
    return (first, (max(light) if light else min(near))[1]) if near else None

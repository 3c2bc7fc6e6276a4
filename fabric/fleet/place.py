"""Where one job goes now: what every policy would take, and the best found among the free nodes. It moves no running job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.asked import Timer
from fabric.fleet.fleet import Fleet, Outage
from fabric.fleet.job import FleetJob
from fabric.fleet.links import LinkModel
from fabric.fleet.policy import SchedulingPolicy
from fabric.fleet.simulate import simulate
from topologies.errors import InputError

MOST_EVALUATED = 400
"""Placements that are timed at most; where all kinds of placements are fewer, the best is the best there is."""
Free = NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """A placement of the job.

    by: the policy that takes it, or `best`. leaves: lowest groups it spans. regret: seconds over those of the best found - 1.
    """

    by: str
    nodes: tuple[int, ...]
    seconds: float
    leaves: int
    regret: float


@dataclass(frozen=True)
class Places:
    """What was found.

    exact: all kinds of placements were timed. waits: policies under which the job waits. fewest: leaves that the job needs at
    least, on these free nodes. evaluated: placements that were timed.
    """

    placed: tuple[Placed, ...]
    best: Placed
    exact: bool
    waits: tuple[str, ...]
    fewest: int
    evaluated: int


def place(
    timer: Timer,
    free: Free,
    policies: Sequence[SchedulingPolicy],
    *,
    links: LinkModel | None = None,
    most: int = MOST_EVALUATED,
) -> Places:
    """Return where each policy puts the job on the free nodes, what its collective takes there, and the best found.

    free: which nodes of the fleet are wholly free. links: what the contention-aware policy goes by. most: placements to time.

    Raises:
        InputError: fewer free nodes than the job needs.
    """
    fleet, count = timer.fleet, timer.count
    free = free & (fleet.node_devices >= timer.each)
    if int(free.sum()) < count:
        raise InputError(f"job: needs {count:,} free nodes, there are {int(free.sum()):,}; it would wait under every policy")
    own = {one.name: by_policy(fleet, timer, free, one, links) for one in policies}
    seconds = {name: timer.seconds(nodes) for name, nodes in own.items() if nodes}
    best, exact = search(timer, free, [nodes for nodes in own.values() if nodes], most)
    least = timer.seconds(best)
    group = fleet.tree.group[0]

    def placed(by: str, nodes: Sequence[int], took: float) -> Placed:
        regret = took / least - 1 if least else 0.0
        return Placed(by, tuple(sorted(nodes)), took, len(set(group[list(nodes)].tolist())), regret)

    found = tuple(placed(name, own[name], took) for name, took in seconds.items())
    fewest = len(fewest_groups(_room(fleet, free), count))
    return Places(found, placed("best", best, least), exact, tuple(n for n in own if not own[n]), fewest, timer.evaluated)


def by_policy(
    fleet: Fleet, timer: Timer, free: Free, policy: SchedulingPolicy, links: LinkModel | None = None
) -> tuple[int, ...]:
    """Return the nodes that a policy takes for the job while all others are not free; none where it lets the job wait."""
    taken = tuple(Outage(int(node), 0, None) for node in np.flatnonzero(~free))
    now = replace(fleet, outages=taken, rates=None)
    job = FleetJob("job", 0, 1_000_000, timer.devices, nodes=timer.count, communication=500)
    later = FleetJob("later", 1_999_999, 1, 1)  # a job that can never run is refused where it is the only one
    outcome = simulate(now, [job, later], policy, window=(0, 2_000_000), engine="plain", links=links)
    first = next((run for run in outcome if outcome.jobs.name(run.job) == "job"), None)
    return first.nodes if first else ()


def search(
    timer: Timer, free: Free, starts: Sequence[Sequence[int]], most: int = MOST_EVALUATED
) -> tuple[tuple[int, ...], bool]:
    """Return the fastest placement found and whether it is the best there is.

    Where there are at most `most` kinds of placements (how many nodes of which leaves) all are timed. Else the policies' own,
    few leaves in every group that holds the job, even splits over more leaves, and then whatever moving one node improves.
    """
    fleet = timer.fleet
    room = _room(fleet, free)
    every = _all_kinds(timer, room, most)
    if every is not None:
        return _nodes(fleet, free, min(every, key=lambda counts: timer.seconds(_nodes(fleet, free, counts)))), True
    begin = [_counts(fleet, nodes) for nodes in starts] + list(_candidates(timer, room))
    best = min(begin, key=lambda counts: timer.seconds(_nodes(fleet, free, counts)))
    budget = timer.evaluated + most
    while timer.evaluated < budget:
        better = _improved(timer, free, room, best, budget)
        if better is None:
            break
        best = better
    return _nodes(fleet, free, best), False


def _room(fleet: Fleet, free: Free) -> dict[int, int]:
    """Return lowest group -> free nodes, groups without any left out."""
    counted = np.bincount(fleet.tree.group[0][free], minlength=len(fleet.tree.capacity[0]))
    return {int(group): int(counted[group]) for group in np.flatnonzero(counted)}


def _counts(fleet: Fleet, nodes: Sequence[int]) -> dict[int, int]:
    groups, counts = np.unique(fleet.tree.group[0][list(nodes)], return_counts=True)
    return dict(zip(groups.tolist(), counts.tolist(), strict=True))


def _nodes(fleet: Fleet, free: Free, counts: Mapping[int, int]) -> tuple[int, ...]:
    """Return the first free nodes of every group, as many as counted."""
    group = fleet.tree.group[0]
    return tuple(int(n) for g, count in sorted(counts.items()) for n in np.flatnonzero(free & (group == g))[:count])


def fewest_groups(room: Mapping[int, int], count: int) -> dict[int, int]:
    """Return as few groups as hold so many nodes: the roomiest first, the last one that with the least left."""
    found: dict[int, int] = {}
    left = dict(room)
    while count:
        fits = [group for group, size in left.items() if size >= count]
        group = min(fits, key=lambda g: (left[g], g)) if fits else max(left, key=lambda g: (left[g], -g))
        found[group] = min(count, left.pop(group))
        count -= found[group]
    return found


def _candidates(timer: Timer, room: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Yield placements worth timing: few leaves within every wider group that holds the job, and even splits over more."""
    tree, count = timer.fleet.tree, timer.count
    first = {int(group): int(node) for node, group in reversed(list(enumerate(tree.group[0])))}
    wider: list[dict[int, int]] = [dict(room)]
    for tier in tree.group[1:]:
        inside: dict[int, dict[int, int]] = {}
        for group, size in room.items():
            inside.setdefault(int(tier[first[group]]), {})[group] = size
        wider += inside.values()
    for part in wider:
        if sum(part.values()) < count:
            continue
        fewest = fewest_groups(part, count)
        yield fewest
        for more in sorted({len(fewest), len(fewest) + 1, 2 * len(fewest), len(part)}):
            even = _even(part, count, more)
            if even is not None:
                yield even


def _even(room: Mapping[int, int], count: int, groups: int) -> dict[int, int] | None:
    """Return the nodes split evenly over the roomiest so many groups, None where these do not hold them."""
    chosen = sorted(room, key=lambda g: (-room[g], g))[:groups]
    if len(chosen) < groups or groups > count:
        return None
    share, over = divmod(count, groups)
    found = {group: share + (at < over) for at, group in enumerate(chosen)}
    return found if all(found[group] <= room[group] for group in chosen) else None


def _improved(
    timer: Timer, free: Free, room: Mapping[int, int], counts: Mapping[int, int], budget: int
) -> dict[int, int] | None:
    """Return the fastest placement with one node moved to another group, None where none is faster."""
    fleet = timer.fleet
    best, least = None, timer.seconds(_nodes(fleet, free, counts))
    seen = set()
    for source in counts:
        for target in room:
            if target == source or counts.get(target, 0) >= room[target] or timer.evaluated >= budget:
                continue
            moved = dict(counts)
            moved[target] = moved.get(target, 0) + 1
            moved[source] -= 1
            moved = {group: count for group, count in moved.items() if count}
            nodes = _nodes(fleet, free, moved)
            key = timer.signature(nodes)
            if key in seen:
                continue
            seen.add(key)
            if timer.seconds(nodes) < least:
                best, least = moved, timer.seconds(nodes)
    return best


def _all_kinds(timer: Timer, room: Mapping[int, int], most: int) -> list[dict[int, int]] | None:
    """Return one placement of every kind, None where there are more than `most`; a kind is a signature of the timer."""
    found: dict[tuple[object, ...], dict[int, int]] = {}
    group = timer.fleet.tree.group[0]
    first = {int(g): int(n) for n, g in reversed(list(enumerate(group)))}
    for looked, counts in enumerate(_splits(list(room.items()), timer.count)):
        if looked > 50 * most:
            return None
        key = timer.signature([first[g] for g, count in counts for _ in range(count)])
        found.setdefault(key, dict(counts))
        if len(found) > most:
            return None
    return list(found.values())


def _splits(room: Sequence[tuple[int, int]], count: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield every way to take so many nodes from groups with so much room each."""
    if count == 0:
        yield ()
        return
    if not room or sum(size for _, size in room) < count:
        return
    (group, size), rest = room[0], room[1:]
    for take in range(min(size, count), -1, -1):
        for others in _splits(rest, count - take):
            yield ((group, take), *others) if take else others

"""Where a job goes, by every placement, in plain Python: the reference. It starts nothing.

A place is nodes of one pool with `each` free devices. Ties go to the lowest number, of nodes as of groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fabric.fleet.job import WHOLE
from fabric.fleet.ready import ANYWHERE

if TYPE_CHECKING:
    from fabric.fleet.plain_state import State

Nodes = list[int]
ALL = -1
"""The tier above all tiers: one group of everything."""


def place(state: State, job: int, pool: int) -> Nodes | None:
    """Return the nodes of a pool that the job would take now, in order, None where there is no place.

    Where a kind of job had none, it has none until something of the pool is given back: what starts only takes more.
    """
    count, kind = state.wanted[pool][job], state.kind[job]
    if count == 0 or kind in state.full[pool]:
        return None
    found = _placed(state, count, job, pool)
    if found is None and state.ready.policy.own_placement is None:
        state.full[pool].add(kind)
    return found


def _placed(state: State, count: int, job: int, pool: int) -> Nodes | None:
    fitting = state.fitting(pool, job)
    if len(fitting) < count:
        return None
    if state.ready.policy.own_placement is not None:
        return state.ready.policy.own_placement(state, fitting, count, job, pool)
    name = state.ready.policy.placement
    if name == "fgd":
        return _least_fragmented(state, count, job, pool)
    if count == 1:
        return [_one(state, fitting, emptiest=name == "scattered")]
    return PLACES[name](state, fitting, count, job, pool)


def _one(state: State, fitting: Nodes, *, emptiest: bool) -> int:
    """Return the node with the least room, or the most."""
    sign = -1 if emptiest else 1
    return min(fitting, key=lambda node: (sign * state.room(node), node))


def _scattered(state: State, fitting: Nodes, count: int, _job: int, _pool: int) -> Nodes:
    """Return one node of each leaf in turn."""
    leaf = state.leaf
    turn: dict[int, int] = {}
    keyed = []
    for node in fitting:
        number = leaf[node]
        turn[number] = turn.get(number, -1) + 1
        keyed.append((turn[number], number, node))
    return sorted(node for _turn, _leaf, node in sorted(keyed)[:count])


def _tree(state: State, fitting: Nodes, count: int, _job: int, _pool: int) -> Nodes:
    return packed(state, fitting, count)


def packed(state: State, fitting: Nodes, count: int) -> Nodes:
    """Return best fit over the leaves of the lowest group that holds so many nodes."""
    return _over_leaves(state, _lowest(state, fitting, count, 0)[1], count)


def _lowest(state: State, fitting: Nodes, count: int, tier: int) -> tuple[int, Nodes]:
    """Return (tier, nodes that fit) of the tightest group of the lowest tier, from `tier` up, that holds so many."""
    for number in range(tier, state.tiers):
        held = _held(state, fitting, number, count)
        if held is not None:
            return number, held
    return ALL, fitting


def _held(state: State, fitting: Nodes, tier: int, count: int) -> Nodes | None:
    """Return the nodes that fit of the group of a tier with the fewest of them, but enough."""
    members = _by_group(state, fitting, tier)
    enough = [(len(nodes), group) for group, nodes in members.items() if len(nodes) >= count]
    return members[min(enough)[1]] if enough else None


def _by_group(state: State, nodes: Nodes, tier: int) -> dict[int, Nodes]:
    found: dict[int, Nodes] = {}
    group = state.group[tier]
    for node in nodes:
        found.setdefault(group[node], []).append(node)
    return found


def _over_leaves(state: State, fitting: Nodes, count: int) -> Nodes:
    """Return nodes leaf by leaf: the smallest leaf that holds the rest, else the largest whole."""
    return sorted(_best_fit(_by_group(state, fitting, 0), count))


def _best_fit(members: dict[int, Nodes], count: int) -> Nodes:
    members, taken = dict(members), []
    while count:
        enough = [(len(nodes), group) for group, nodes in members.items() if len(nodes) >= count]
        group = min(enough)[1] if enough else min((-len(nodes), group) for group, nodes in members.items())[1]
        part = members.pop(group)[:count]
        taken += part
        count -= len(part)
    return taken


def _required(state: State, fitting: Nodes, count: int, _job: int, _pool: int) -> Nodes | None:
    """Return best fit over the leaves of a group of the tier that holds the job, None where none does."""
    held = _held(state, fitting, state.ready.tier, count)
    return None if held is None else _over_leaves(state, held, count)


def _preferred(state: State, fitting: Nodes, count: int, _job: int, _pool: int) -> Nodes:
    """Return best fit level by level below the tightest group that holds the job, of its tier or a wider one."""
    tier, held = _lowest(state, fitting, count, state.ready.tier)
    return sorted(_level_by_level(state, held, count, (state.tiers if tier == ALL else tier) - 1))


def _level_by_level(state: State, nodes: Nodes, count: int, tier: int) -> Nodes:
    """Return nodes by best fit over the groups of a tier, inside each over those of the tier below."""
    if tier < 0:
        return nodes[:count]
    members, taken = _by_group(state, nodes, tier), []
    chosen = set(_best_fit(members, count))
    for own in members.values():
        part = sum(node in chosen for node in own)
        taken += _level_by_level(state, own, part, tier - 1) if part else []
    return taken


def _blocks(state: State, fitting: Nodes, count: int, _job: int, pool: int) -> Nodes | None:
    """Return best fit over leaves inside the tightest aligned run of 2^i leaves, i as small as the nodes that are on allow."""
    power = int(state.ready.block[pool, count])
    if power == ANYWHERE:
        return None
    runs: dict[int, Nodes] = {}
    for node in fitting:
        runs.setdefault(state.leaf[node] >> power, []).append(node)
    enough = [(len(nodes), run) for run, nodes in runs.items() if len(nodes) >= count]
    return _over_leaves(state, runs[min(enough)[1]], count) if enough else None


def _aware(state: State, fitting: Nodes, count: int, job: int, pool: int) -> Nodes:
    """Return the least bad of: what `tree` takes, the leaves with the least load first, the fullest leaves first.

    Least bad: the smallest growth of what links are asked to carry beyond their capacity; the first of equals.
    """
    near = packed(state, fitting, count)
    if state.links is None or len({state.leaf[node] for node in near}) == 1:
        return near
    members = _by_group(state, fitting, 0)
    load, capacity = state.links.load, state.links.capacity
    quiet = sorted(members, key=lambda leaf: (load[leaf] * WHOLE // capacity[leaf], leaf))
    full = sorted(members, key=lambda leaf: (-len(members[leaf]), leaf))
    candidates = [near, *(_in_turn(members, leaves, count) for leaves in (quiet, full))]
    return min(candidates, key=lambda nodes: state.links.overload(job, pool, nodes))  # type: ignore[union-attr]  # seen above


def _in_turn(members: dict[int, Nodes], leaves: Sequence[int], count: int) -> Nodes:
    taken: Nodes = []
    for leaf in leaves:
        taken += members[leaf][: count - len(taken)]
    return sorted(taken)


def _least_fragmented(state: State, count: int, job: int, pool: int) -> Nodes:
    """Return the nodes whose fragmentation grows least (or falls most) with their part of the job."""
    keyed = state.rooms.growth(pool, state.part(pool, job))
    return [min(keyed)[1]] if count == 1 else sorted(node for _growth, node in sorted(keyed)[:count])


PLACES: dict[str, Callable[[State, Nodes, int, int, int], Nodes | None]] = {
    "scattered": _scattered,
    "tree": _tree,
    "required": _required,
    "preferred": _preferred,
    "blocks": _blocks,
    "aware": _aware,
}
"""Placement of a job of several nodes by name."""

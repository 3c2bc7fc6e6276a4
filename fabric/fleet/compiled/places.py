"""Where a job of several nodes goes, by every placement but fgd: in numba, the rules of plain_place. It starts nothing.

Every placement comes down to how many nodes each leaf gives (rooms.take); of a leaf the first that fit are taken.
"""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import (
    AWARE,
    BLOCKS,
    LINKED,
    MEAN,
    NODES,
    PLACEMENT,
    PREFERRED,
    REQUIRED,
    RING,
    SCATTERED,
    SILENT,
    TIER,
)
from fabric.fleet.compiled.rooms import fitting, one_node
from fabric.fleet.ready import ANYWHERE
from fabric.fleet.tree import UNIT

SCALE = 1 << 20
"""Of a key that holds a group's number in its lower part."""


@inner
def place(question, rooms, net, line, pool, job):  # type: ignore[no-untyped-def]
    """Return how many nodes of the pool the job takes, written behind those of runs so far, 0 where there is no place."""
    count, each = np.int64(question.wanted[pool, job]), np.int64(question.each[pool, job])
    if count == 0:
        return 0
    kind = question.rule[PLACEMENT]
    if count == 1:
        node = one_node(question, rooms, pool, each, kind == SCATTERED)
        line.nodes[line.state[NODES]] = node
        return 1 if node >= 0 else 0
    if fitting(rooms, pool, each) < count:
        return 0
    level = question.level[pool, each]
    found = _leaves(question, rooms, net, kind, pool, level, count, each, line.jobs[job, SILENT])
    if not found:
        return 0
    _gather(question, rooms, pool, each, line.nodes, line.state[NODES])
    return count


@inner
def _leaves(question, rooms, net, kind, pool, level, count, each, silent):  # type: ignore[no-untyped-def]
    """Set how many nodes every leaf gives; return whether there is a place."""
    rooms.take[: question.groups[0]] = 0
    if kind == SCATTERED:
        _one_each(question, rooms, level, count)
        return True
    if kind == BLOCKS:
        return _block(question, rooms, pool, level, count)
    if kind == REQUIRED:
        tier = question.rule[TIER]
        group = _held(question, rooms, level, tier, count)
        if group >= 0:
            _inside(question, rooms, level, tier, group, count)
        return group >= 0
    if kind == PREFERRED:
        _by_level(question, rooms, level, count)
        return True
    _packed(question, rooms, level, count)
    if kind == AWARE and question.rule[LINKED]:
        _quieter(question, rooms, net, pool, level, count, each, silent)
    return True


@inner
def _gather(question, rooms, pool, each, out, at):  # type: ignore[no-untyped-def]
    """Write the first nodes that fit of every leaf, as many as it gives, in the order of their numbers."""
    first, sorted_so_far, last = at, True, -1
    for leaf in range(question.groups[0]):
        left = rooms.take[leaf]
        place = question.leaf_first[leaf]
        while left:
            node = question.member[place]
            place += 1
            if question.pool[node] == pool and rooms.free[node] >= each:
                out[at] = node
                sorted_so_far = sorted_so_far and node > last
                last = node
                at += 1
                left -= 1
    if not sorted_so_far:
        for end in range(first + 1, at):
            node, place = out[end], end
            while place > first and out[place - 1] > node:
                out[place] = out[place - 1]
                place -= 1
            out[place] = node


@inner
def _held(question, rooms, level, tier, count):  # type: ignore[no-untyped-def]
    """Return the group of a tier with the fewest nodes that fit, but enough; -1 for none."""
    first, best, found = question.link_first[tier], np.int64(1) << 60, -1
    for group in range(question.groups[tier]):
        nodes = np.int64(rooms.counts[level, first + group])
        if count <= nodes < best:
            best, found = nodes, group
    return found


@inner
def _best_fit(rooms, level, first, groups, count, given):  # type: ignore[no-untyped-def]
    """Give out so many nodes over the marked groups of a tier: the smallest that holds the rest, else the largest whole."""
    while count:
        best, largest = -1, -1
        for group in range(groups):
            if rooms.mask[group]:
                nodes = rooms.counts[level, first + group]
                if nodes >= count and (best < 0 or nodes < rooms.counts[level, first + best]):
                    best = group
                if largest < 0 or nodes > rooms.counts[level, first + largest]:
                    largest = group
        group = best if best >= 0 else largest
        part = min(np.int64(rooms.counts[level, first + group]), count)
        rooms.mask[group] = False
        given[group] = part
        count -= part


@inner
def _inside(question, rooms, level, tier, group, count):  # type: ignore[no-untyped-def]
    """Give out over the leaves of a group; tier: one more than there are for all leaves."""
    for leaf in range(question.groups[0]):
        rooms.mask[leaf] = question.ancestor[0, tier, leaf] == group and rooms.counts[level, leaf] > 0
    _best_fit(rooms, level, np.int64(0), question.groups[0], count, rooms.take)


@inner
def _packed(question, rooms, level, count):  # type: ignore[no-untyped-def]
    """Give out over the leaves of the lowest group that holds the job."""
    tiers = len(question.groups)
    for tier in range(tiers):
        group = _held(question, rooms, level, tier, count)
        if group >= 0 and tier == 0:
            rooms.take[group] = count
            return
        if group >= 0:
            _inside(question, rooms, level, tier, group, count)
            return
    _inside(question, rooms, level, tiers, np.int64(0), count)


@inner
def _by_level(question, rooms, level, count):  # type: ignore[no-untyped-def]
    """Give out level by level below the tightest group that holds the job, of the asked tier or a wider one."""
    tiers = len(question.groups)
    top, chosen = tiers, 0
    for tier in range(question.rule[TIER], tiers):
        group = _held(question, rooms, level, tier, count)
        if group >= 0:
            top, chosen = tier, group
            break
    rooms.allot[:] = 0
    if top == 0:
        rooms.take[chosen] = count
        return
    wider = 1 if top == tiers else question.groups[top]
    rooms.best[:wider] = 0
    rooms.best[chosen] = count
    for tier in range(top - 1, -1, -1):
        first = question.link_first[tier]
        rooms.allot[: question.groups[tier]] = 0
        for parent in range(wider):
            if rooms.best[parent]:
                for group in range(question.groups[tier]):
                    inside = question.ancestor[tier, tier + 1, group] == parent
                    rooms.mask[group] = inside and rooms.counts[level, first + group] > 0
                _best_fit(rooms, level, first, question.groups[tier], rooms.best[parent], rooms.allot)
        wider = question.groups[tier]
        _copy(rooms.allot, rooms.best, wider)
    _copy(rooms.best, rooms.take, wider)


@inner
def _copy(source, target, count):  # type: ignore[no-untyped-def]
    """Copy the first numbers of one array to another; slices would need memory of their own."""
    for number in range(count):
        target[number] = source[number]


@inner
def _one_each(question, rooms, level, count):  # type: ignore[no-untyped-def]
    """Give one node of each leaf in turn."""
    turn = 0
    while count:
        for leaf in range(question.groups[0]):
            if rooms.counts[level, leaf] > turn and count:
                rooms.take[leaf] += 1
                count -= 1
        turn += 1


@inner
def _block(question, rooms, pool, level, count):  # type: ignore[no-untyped-def]
    """Give out over the tightest aligned run of leaves that holds the job; return whether one does."""
    power = np.int64(question.block[pool, count])
    if power == ANYWHERE:
        return False
    leaves, found, best = question.groups[0], -1, np.int64(1) << 60
    for run in range(((leaves - 1) >> power) + 1):
        nodes = np.int64(0)
        for leaf in range(run << power, min((run + 1) << power, leaves)):
            nodes += rooms.counts[level, leaf]
        if count <= nodes < best:
            found, best = run, nodes
    if found < 0:
        return False
    for leaf in range(leaves):
        rooms.mask[leaf] = leaf >> power == found and rooms.counts[level, leaf] > 0
    _best_fit(rooms, level, np.int64(0), leaves, count, rooms.take)
    return True


@inner
def _quieter(question, rooms, net, pool, level, count, each, silent):  # type: ignore[no-untyped-def]
    """Give out by the quietest or the fullest leaves instead, where that overloads links less."""
    leaves, used = question.groups[0], 0
    for leaf in range(leaves):
        rooms.best[leaf] = rooms.take[leaf]
        used += 1 if rooms.take[leaf] else 0
    if used == 1:
        return
    least = overload(question, rooms, net, pool, each, count, silent)
    for quiet in (True, False):
        rooms.take[:leaves] = 0
        left, last = count, np.int64(-1)
        while left:
            leaf, last = _next_leaf(rooms, net, level, leaves, last, quiet)
            part = min(left, np.int64(rooms.counts[level, leaf]))
            rooms.take[leaf] = part
            left -= part
        grown = overload(question, rooms, net, pool, each, count, silent)
        if grown < least:
            least = grown
            _copy(rooms.take, rooms.best, leaves)
    _copy(rooms.best, rooms.take, leaves)


@inner
def _next_leaf(rooms, net, level, leaves, last, quiet):  # type: ignore[no-untyped-def]
    """Return the leaf whose key comes next after the last one, and that key: by load over capacity, or by most nodes."""
    found, best = -1, np.int64(1) << 62
    for leaf in range(leaves):
        own = net.load[leaf] * 1000 // net.capacity[leaf] if quiet else SCALE - np.int64(rooms.counts[level, leaf])
        key = own * SCALE + leaf
        if last < key < best and rooms.counts[level, leaf]:
            found, best = leaf, key
    return found, best


@inner
def whole_load(question, pool, each, silent):  # type: ignore[no-untyped-def]
    """Return what a job puts on a link for every node: in millionths of a whole node's rate."""
    whole = UNIT * each // question.size[pool]
    return whole * silent // 1000 if question.rule[MEAN] else whole


@inner
def crossing(question, whole, inside, count):  # type: ignore[no-untyped-def]
    """Return what leaves a group that holds `inside` of a job's nodes."""
    load = whole if question.rule[RING] else whole * inside * (count - inside) // (count - 1)
    return max(load, 1)


@inner
def widen(question, rooms, tier):  # type: ignore[no-untyped-def]
    """Set rooms.allot to the job's nodes per group of a tier, from the leaves' take; return how many groups have any."""
    groups, found = question.groups[tier], 0
    rooms.allot[:groups] = 0
    for leaf in range(question.groups[0]):
        if rooms.take[leaf]:
            group = question.ancestor[0, tier, leaf]
            found += 0 if rooms.allot[group] else 1
            rooms.allot[group] += rooms.take[leaf]
    return found


@inner
def overload(question, rooms, net, pool, each, count, silent):  # type: ignore[no-untyped-def]
    """Return by how much a job would add to what links are asked to carry beyond their capacity."""
    if silent == 0:
        return 0
    whole, grown = whole_load(question, pool, each, silent), np.int64(0)
    for tier in range(len(question.groups)):
        if widen(question, rooms, tier) == 1:
            break
        first = question.link_first[tier]
        for group in range(question.groups[tier]):
            if rooms.allot[group]:
                over = net.load[first + group] - net.capacity[first + group]
                load = crossing(question, whole, rooms.allot[group], count)
                grown += max(over + load, 0) - max(over, 0)
    return grown

"""What is free, node by node, with bit sets and counts kept up to date: in numba. It decides nothing."""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import OPEN


@inner
def lowest_bit(word):  # type: ignore[no-untyped-def]
    """Return the number of the lowest bit that is set."""
    found = 0
    for step in (32, 16, 8, 4, 2, 1):
        if word & ((np.uint64(1) << np.uint64(step)) - np.uint64(1)) == np.uint64(0):
            word >>= np.uint64(step)
            found += step
    return found


@inner
def set_room(question, rooms, node, new):  # type: ignore[no-untyped-def]
    """Set what is free on a node, -1 for nothing at all, and all that is counted of it."""
    old, pool = rooms.free[node], question.pool[node]
    rooms.free[node] = new
    row, word, bit = rooms.row[pool], node >> 6, np.uint64(1) << np.uint64(node & 63)
    if old >= 0:
        rooms.bits[row + old, word] &= ~bit
        rooms.exact[row + old] -= 1
    if new >= 0:
        rooms.bits[row + new, word] |= bit
        rooms.exact[row + new] += 1
    for free in range(new + 1, old + 1):
        rooms.fits[row + free] -= 1
    for free in range(old + 1, new + 1):
        rooms.fits[row + free] += 1
    for level in range(len(question.level_each)):
        each = question.level_each[level]
        if question.level_pool[level] == pool and (old >= each) != (new >= each):
            change = 1 if new >= each else -1
            for tier in range(len(question.groups)):
                rooms.counts[level, question.link_first[tier] + question.group[tier, node]] += change


@inner
def fitting(rooms, pool, each):  # type: ignore[no-untyped-def]
    """Return how many nodes of a pool have so many free devices."""
    return rooms.fits[rooms.row[pool] + each]


@inner
def one_node(question, rooms, pool, each, emptiest):  # type: ignore[no-untyped-def]
    """Return the node with the least room (the most), but enough; the lowest number of equals, -1 for none."""
    row, size = rooms.row[pool], question.size[pool]
    first, last = question.pool_first[pool] >> 6, (question.pool_first[pool + 1] - 1) >> 6
    for step in range(size - each + 1):
        free = size - step if emptiest else each + step
        if rooms.exact[row + free]:
            for word in range(first, last + 1):
                if rooms.bits[row + free, word]:
                    return (word << 6) + lowest_bit(rooms.bits[row + free, word])
    return -1


@inner
def open_rooms(question, rooms, state):  # type: ignore[no-untyped-def]
    """Set all nodes that are on to wholly free, once."""
    if state[OPEN]:
        return
    state[OPEN] = 1
    for node in range(len(question.on)):
        if question.on[node]:
            set_room(question, rooms, node, question.size[question.pool[node]])

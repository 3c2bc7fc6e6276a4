"""Compiled loops of routing: one way per message, over flat arrays. They know no topology, policy text or speed.

The switch graph of topologies and planes comes as rows: the links from switch v are link[start[v]:start[v + 1]], sorted by
cable, to the switches head[...]. Devices that do not forward have such rows of their own, towards their home switches.
distance[row, v] is the hops from switch v to the nearest home of the row's destinations, -1 where there is no way.
"""

# ruff: noqa: PLR0917, C901  # compiled loops take flat arrays, and calls inside them cost
from __future__ import annotations

import numpy as np
from numba import njit

HASH, TARGET, SOURCE, LEAST = range(4)
"""How a way is chosen: by the flow's hash, by the target's or the source's number, by the least load."""


@njit(cache=True)
def mix(value):  # type: ignore[no-untyped-def]
    """Return 64 well-mixed bits, as hashing.mix."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def draw(flow, hop, count):  # type: ignore[no-untyped-def]
    """Return a draw among `count`, as hashing.drawn."""
    word = mix(flow ^ mix(np.uint64(hop)))
    ways = np.uint64(count)
    if ways & (ways - np.uint64(1)) == 0:
        return np.int64(word & (ways - np.uint64(1)))
    return np.int64(word % ways)


@njit(cache=True)
def climb(  # type: ignore[no-untyped-def]
    links, first, source, target, meeting, hashed, seed, number, by_source, divisor,
    up, up_start, up_count, upper, lower, down, down_start, place, parallel,
):  # fmt: skip
    """Write the links of every message of an even tiered fabric: up to its meeting tier, and down."""
    word = mix(seed)
    for i in range(len(source)):
        at, to, at_link = source[i], target[i], first[i]
        flow = mix(mix(np.uint64(at) + word) ^ np.uint64(to)) if hashed else np.uint64(number[at if by_source else to])
        for tier in range(1, meeting[i] + 1):
            ways, choice = up_count[at], 0
            if ways > 1:
                choice = draw(flow, 2 * tier, ways) if hashed else np.int64(flow) // divisor[tier - 1] % ways
            cable = up[up_start[at] + choice]
            links[at_link] = 2 * cable
            at_link += 1
            at = upper[cable]
        for tier in range(meeting[i], 0, -1):
            ways, choice = parallel[tier], 0
            if ways > 1:
                choice = draw(flow, 2 * tier + 1, ways) if hashed else np.int64(flow) // divisor[tier - 1] % ways
            cable = down[down_start[at] + place[tier, to] + choice]
            links[at_link] = 2 * cable + 1
            at_link += 1
            at = lower[cable]


@njit(cache=True)
def lengths(found, source, target, row, distance, entry, own_start, own_head):  # type: ignore[no-untyped-def]
    """Write the links of every message's shortest way, -1 where there is none; messages are between different devices."""
    for i in range(len(source)):
        best = -1
        s = source[i]
        if entry[s] >= 0:
            best = distance[row[i], entry[s]]
        else:
            for k in range(own_start[s], own_start[s + 1]):
                d = distance[row[i], own_head[k]]
                if d >= 0 and (best < 0 or d + 1 < best):
                    best = d + 1
        found[i] = best if best < 0 else best + (entry[target[i]] < 0)


@njit(cache=True)
def choose(ways, count, mode, flow, hop, tier, divisor, load, room):  # type: ignore[no-untyped-def]
    """Return one of the first `count` links in ways."""
    if count == 1:
        return ways[0]
    if mode == HASH:
        return ways[draw(flow, hop, count)]
    if mode != LEAST:
        return ways[np.int64(flow) // divisor[tier] % count]
    turn = draw(flow, hop, count)
    best = ways[turn]
    for k in range(1, count):
        other = ways[(turn + k) % count]
        if load[other] * room[best] < load[best] * room[other]:
            best = other
    return best


@njit(cache=True)
def walk(  # type: ignore[no-untyped-def]
    links, first, order, source, target, row, flow, distance, mode, load, room, amount,
    entry, start, link, head, own_start, own_link, own_head, far, tier, divisor,
):  # fmt: skip
    """Write the links of every message's way, one next hop after the other; load takes amount where the mode is LEAST.

    far: the vertex that every link leads to, numbered as tier. A hop up to tier t is drawn as hop 2 t, one down from tier
    t as 2 t + 1, one along a tier as 1000 plus the hops left.
    """
    ways = np.empty(len(link) + len(own_link) + 1, dtype=np.int64)
    number = np.full(len(far) // 2, -1, dtype=np.int64)
    for i in order:
        s, t, place = source[i], target[i], first[i]
        here, at = s, entry[s]
        left = first[i + 1] - first[i]
        while left > 0:
            count = 0
            if at < 0:
                for k in range(own_start[s], own_start[s + 1]):
                    if distance[row[i], own_head[k]] == left - 1 - (entry[t] < 0):
                        ways[count] = own_link[k]
                        number[own_link[k] // 2] = own_head[k]
                        count += 1
            elif left == 1 and entry[t] < 0:
                for k in range(own_start[t], own_start[t + 1]):
                    if own_head[k] == at:
                        ways[count] = own_link[k] ^ 1
                        count += 1
            else:
                nearer = distance[row[i], at] - 1
                for k in range(start[at], start[at + 1]):
                    if distance[row[i], head[k]] == nearer:
                        ways[count] = link[k]
                        number[link[k] // 2] = head[k]
                        count += 1
            there = far[ways[0]]
            low, high = min(tier[here], tier[there]), max(tier[here], tier[there])
            hop = 1000 + left if low == high else 2 * high + (tier[there] < tier[here])
            chosen = choose(ways, count, mode, flow[i], hop, low, divisor, load, room)
            if mode == LEAST:
                load[chosen] += amount[i]
            links[place] = chosen
            place += 1
            here, at = far[chosen], number[chosen // 2]
            left -= 1

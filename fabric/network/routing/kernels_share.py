"""Compiled loops that list every link a message is split over, with its share there. They know no topology or policy text.

Arrays are as in kernels.py. Loops write from `place` on where links has room, else only count, and return the next place.
"""

# ruff: noqa: PLR0917  # compiled loops take flat arrays
from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def nearness(order, bucket, distance):  # type: ignore[no-untyped-def]
    """Write the switches with a way in the order of their distance, nearest first, and return how many there are."""
    bucket[:] = 0
    for v in range(len(distance)):
        if distance[v] >= 0:
            bucket[distance[v] + 1] += 1
    for d in range(1, len(bucket)):
        bucket[d] += bucket[d - 1]
    total = bucket[-1]
    for v in range(len(distance)):
        if distance[v] >= 0:
            order[bucket[distance[v]]] = v
            bucket[distance[v]] += 1
    return total


@njit(cache=True)
def count_ways(paths, order, distance, start, link, head, width, homes, count):  # type: ignore[no-untyped-def]
    """Write the number of shortest ways (width parallel ones per link) from every switch; at a home its cables, count."""
    for k in range(len(homes)):
        paths[homes[k]] = count[k]
    for v in order:
        if distance[v] > 0:
            sum_of = 0.0
            for k in range(start[v], start[v + 1]):
                if distance[head[k]] == distance[v] - 1:
                    sum_of += width[link[k] // 2] * paths[head[k]]
            paths[v] = sum_of


@njit(cache=True)
def note(links, share, place, link, part):  # type: ignore[no-untyped-def]
    """Write one entry where there is room, and return the next place."""
    if len(links):
        links[place], share[place] = link, part
    return place + 1


@njit(cache=True)
def set_out(links, share, place, s, near, held, now, own_start, own_link, own_head, width, paths):  # type: ignore[no-untyped-def]
    """Hand a device's message to its nearest homes; return the next place and how many switches hold some of it."""
    count, best, sum_of = 0, np.int64(32767), 0.0
    for k in range(own_start[s], own_start[s + 1]):
        if 0 <= near[own_head[k]] < best:
            best = near[own_head[k]]
    for k in range(own_start[s], own_start[s + 1]):
        if near[own_head[k]] == best:
            sum_of += width[own_link[k] // 2] * paths[own_head[k]]
    for k in range(own_start[s], own_start[s + 1]):
        h = own_head[k]
        if near[h] == best:
            part = width[own_link[k] // 2] * paths[h] / sum_of
            if held[h] == 0.0:
                now[count] = h
                count += 1
            held[h] += part
            place = note(links, share, place, own_link[k], part)
    return place, count


@njit(cache=True)
def step(links, share, place, now, then, count, near, held, start, link, head, width, paths):  # type: ignore[no-untyped-def]
    """Hand the message one hop on, from now to then; return the next place and how many switches hold some of it."""
    more = 0
    for c in range(count):
        v, sum_of = now[c], 0.0
        for k in range(start[v], start[v + 1]):
            if near[head[k]] == near[v] - 1:
                sum_of += width[link[k] // 2] * paths[head[k]]
        for k in range(start[v], start[v + 1]):
            h = head[k]
            if near[h] == near[v] - 1:
                part = held[v] * width[link[k] // 2] * paths[h] / sum_of
                if held[h] == 0.0:
                    then[more] = h
                    more += 1
                held[h] += part
                place = note(links, share, place, link[k], part)
        held[v] = 0.0
    return place, more


@njit(cache=True)
def come_in(links, share, place, t, home, amount, own_start, own_link, own_head, width):  # type: ignore[no-untyped-def]
    """Hand a device what has arrived at one of its homes; return the next place."""
    sum_of = 0.0
    for k in range(own_start[t], own_start[t + 1]):
        if own_head[k] == home:
            sum_of += width[own_link[k] // 2]
    for k in range(own_start[t], own_start[t + 1]):
        if own_head[k] == home:
            place = note(links, share, place, own_link[k] ^ 1, amount * width[own_link[k] // 2] / sum_of)
    return place


@njit(cache=True)
def shares(  # type: ignore[no-untyped-def]
    links, share, first, order, source, target, row, distance, ideal,
    entry, start, link, head, own_start, own_link, own_head, width, group_start, group, group_count,
):  # fmt: skip
    """Write every link that a message is split over, and its share there; without room in links, only count into first.

    order: the messages sorted by row. first: where each message's entries begin, or, to count, how many there are.
    """
    fill = len(links) > 0
    switches = distance.shape[1]
    held, paths = np.zeros(switches), np.ones(switches)
    nearest = np.empty(switches, dtype=np.int64)
    bucket = np.empty(max(np.max(distance) + 3, 3), dtype=np.int64)
    now, then = np.empty(switches, dtype=np.int64), np.empty(switches, dtype=np.int64)
    before = -1
    for i in order:
        near, s, t = distance[row[i]], source[i], target[i]
        if ideal and row[i] != before:
            reached = nearest[: nearness(nearest, bucket, near)]
            paths[:] = 0.0
            homes = group[group_start[row[i]] : group_start[row[i] + 1]]
            count_ways(paths, reached, near, start, link, head, width, homes, group_count[group_start[row[i]] :])
        before = row[i]
        place, count = first[i] if fill else 0, 1
        if entry[s] >= 0:
            now[0] = entry[s]
            held[now[0]] = 1.0
        else:
            place, count = set_out(links, share, place, s, near, held, now, own_start, own_link, own_head, width, paths)
        while near[now[0]] > 0:
            place, count = step(links, share, place, now, then, count, near, held, start, link, head, width, paths)
            now, then = then, now
        for c in range(count):
            v = now[c]
            if entry[t] < 0:
                place = come_in(links, share, place, t, v, held[v], own_start, own_link, own_head, width)
            held[v] = 0.0
        if not fill:
            first[i] = place

"""Compiled loops of splits: messages spread over all their shortest ways. They know no topology, policy text or speed.

Arrays are as in kernels.py. Jobs share the distances to one row of destinations. Only the switches on shortest ways of a
job's own sources are looked at: `order` holds them nearest first, and by number where they are equally near; the hops of
switch v that lead nearer are hop[own_hop[v]:own_hop[v] + hops_of[v]], places in the rows of links. wide, level_of: ways and
level of the link at every place; width, level: of every cable.
"""

# ruff: noqa: PLR0917, C901  # compiled loops take flat arrays, and calls inside them cost
from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def begin(latest, then, marked, sources, near, entry, own_start, own_head):  # type: ignore[no-untyped-def]
    """Mark the switches where the sources' ways begin, chained by distance, and return the longest distance, -1 for none."""
    most = -1
    for s in sources:
        if entry[s] >= 0:
            most = max(most, chain(latest, then, marked, near, entry[s]))
            continue
        best = nearest(s, near, own_start, own_head)
        for k in range(own_start[s], own_start[s + 1]):
            if near[own_head[k]] == best:
                most = max(most, chain(latest, then, marked, near, own_head[k]))
    return most


@njit(cache=True)
def chain(latest, then, marked, near, v):  # type: ignore[no-untyped-def]
    """Put a switch that is not yet marked in front of those at its distance, and return that distance, -1 for no way."""
    if near[v] >= 0 and not marked[v]:
        marked[v] = True
        then[v] = latest[near[v]]
        latest[near[v]] = v
    return np.int64(near[v])


@njit(cache=True)
def nearest(s, near, own_start, own_head):  # type: ignore[no-untyped-def]
    """Return how far the nearest of a device's homes is from the destination; larger than any distance where none has a way."""
    best = np.int64(32767)
    for k in range(own_start[s], own_start[s + 1]):
        if 0 <= near[own_head[k]] < best:
            best = np.int64(near[own_head[k]])
    return best


@njit(cache=True)
def follow(order, hop, own_hop, hops_of, latest, then, marked, most, near, start, head):  # type: ignore[no-untyped-def]
    """Write the switches on ways from the marked ones and their hops, unmark them, and return where they begin in order."""
    place, used = len(order), 0
    for distance in range(most, -1, -1):
        end, v = place, latest[distance]
        latest[distance] = -1
        while v >= 0:
            place -= 1
            order[place] = v
            marked[v] = False
            own_hop[v] = used
            if distance > 0:
                for k in range(start[v], start[v + 1]):  # no branch in here: whether a link leads nearer is hard to foresee
                    hop[used] = k
                    used += near[head[k]] == distance - 1
                for c in range(own_hop[v], used):
                    chain(latest, then, marked, near, head[hop[c]])
            hops_of[v] = used - own_hop[v]
            v = then[v]
        order[place:end].sort()
    return place


@njit(cache=True)
def count_ways(paths, order, hop, own_hop, hops_of, head, wide, homes, count):  # type: ignore[no-untyped-def]
    """Write the number of shortest ways (width parallel ones per link) from every switch; at a home its cables, count."""
    for k in range(len(homes)):
        paths[homes[k]] = count[k]
    for v in order:
        if hops_of[v] > 0:
            sum_of = 0.0
            for c in range(own_hop[v], own_hop[v] + hops_of[v]):
                sum_of += wide[hop[c]] * paths[head[hop[c]]]
            paths[v] = sum_of


@njit(cache=True)
def mean_levels(mean, order, hop, own_hop, hops_of, head, wide, paths, level_of):  # type: ignore[no-untyped-def]
    """Write how many links of every level a message crosses from every switch to a home, on average over its shares."""
    levels = mean.shape[1]
    for v in order:
        for i in range(levels):
            mean[v, i] = 0.0
        if hops_of[v] > 0:
            sum_of = 0.0
            for c in range(own_hop[v], own_hop[v] + hops_of[v]):
                k = hop[c]
                part = wide[k] * paths[head[k]]
                sum_of += part
                for i in range(levels):
                    mean[v, i] += part * mean[head[k], i]
                mean[v, level_of[k]] += part
            for i in range(levels):
                mean[v, i] /= sum_of


@njit(cache=True)
def leave(held, per_link, mean, hops, sources, amounts, near, entry, own_start, own_link, own_head, width, paths, level):  # type: ignore[no-untyped-def]
    """Put every source's amount on the cables to its nearest homes; hops, where it has rows, are written per source."""
    levels = hops.shape[1]
    for i in range(len(sources)):
        s = sources[i]
        if entry[s] >= 0:
            held[entry[s]] += amounts[i]
            if len(hops):
                for l in range(levels):  # noqa: E741
                    hops[i, l] = mean[entry[s], l]
            continue
        best = nearest(s, near, own_start, own_head)
        sum_of = 0.0
        for k in range(own_start[s], own_start[s + 1]):
            if near[own_head[k]] == best:
                sum_of += width[own_link[k] // 2] * paths[own_head[k]]
        for k in range(own_start[s], own_start[s + 1]):
            if near[own_head[k]] == best:
                part = width[own_link[k] // 2] * paths[own_head[k]] / sum_of
                per_link[own_link[k]] += part * amounts[i]
                held[own_head[k]] += part * amounts[i]
                if len(hops):
                    for l in range(levels):  # noqa: E741
                        hops[i, l] += part * mean[own_head[k], l]
                    hops[i, level[own_link[k] // 2]] += part


@njit(cache=True)
def pass_on(held, per_link, order, hop, own_hop, hops_of, link, head, wide, paths):  # type: ignore[no-untyped-def]
    """Send what every switch holds to its next hops, farthest first."""
    for i in range(len(order) - 1, -1, -1):
        v = order[i]
        some = hop[own_hop[v] : own_hop[v] + hops_of[v]]
        if held[v] == 0.0 or not len(some):
            continue
        sum_of = 0.0
        for k in some:
            sum_of += wide[k] * paths[head[k]]
        for k in some:
            part = held[v] * wide[k] * paths[head[k]] / sum_of
            per_link[link[k]] += part
            held[head[k]] += part


@njit(cache=True)
def split(  # type: ignore[no-untyped-def]
    per_link, hops, jobs, first, source, target, amount, last, arrival, distance, ideal, levels,
    entry, start, link, head, wide, level_of, own_start, own_link, own_head, width, level, group_start, group, group_count,
):  # fmt: skip
    """Add the loads of messages split over all their shortest ways, one job after the other.

    Job j spreads source[first[j]:first[j + 1]] with their amounts towards row jobs[j] of distance (and of the groups of
    home switches); target[last[j]:last[j + 1]] then take their arrivals: all from the one home that there is, or, where
    there are several, a job has one target. hops gets a row per source, where it has rows.
    """
    switches = distance.shape[1]
    held, paths, mean = np.zeros(switches), np.ones(switches), np.zeros((switches, levels))
    latest, marked = np.full(switches + 1, -1), np.zeros(switches, dtype=np.bool_)
    work, hop = np.empty((4, switches), dtype=np.int64), np.empty(len(link) + 1, dtype=np.int64)
    room, then, own_hop, hops_of = work[0], work[1], work[2], work[3]
    for j in range(len(jobs)):
        row = jobs[j]
        near = distance[row]
        homes = group[group_start[row] : group_start[row + 1]]
        some = slice(first[j], first[j + 1])
        most = begin(latest, then, marked, source[some], near, entry, own_start, own_head)
        order = room[follow(room, hop, own_hop, hops_of, latest, then, marked, most, near, start, head) :]
        for v in order:
            held[v] = 0.0
        for v in homes:
            held[v] = 0.0
        if ideal:
            count_ways(paths, order, hop, own_hop, hops_of, head, wide, homes, group_count[group_start[row] :])
        if len(hops):
            mean_levels(mean, order, hop, own_hop, hops_of, head, wide, paths, level_of)
        leave(
            held, per_link, mean, hops[some] if len(hops) else hops, source[some], amount[some], near,
            entry, own_start, own_link, own_head, width, paths, level,
        )  # fmt: skip
        pass_on(held, per_link, order, hop, own_hop, hops_of, link, head, wide, paths)
        if len(homes) == 1:
            for i in range(last[j], last[j + 1]):
                arrive(per_link, target[i], homes[0], arrival[i], entry, own_start, own_link, own_head, width)
        else:
            for k in range(len(homes)):
                arrive(per_link, target[last[j]], homes[k], held[homes[k]], entry, own_start, own_link, own_head, width)


@njit(cache=True)
def arrive(per_link, device, home, amount, entry, own_start, own_link, own_head, width):  # type: ignore[no-untyped-def]
    """Put what has arrived at a home switch of a device on its cables to the device."""
    if entry[device] >= 0 or amount == 0.0:
        return
    sum_of = 0.0
    for k in range(own_start[device], own_start[device + 1]):
        if own_head[k] == home:
            sum_of += width[own_link[k] // 2]
    for k in range(own_start[device], own_start[device + 1]):
        if own_head[k] == home:
            per_link[own_link[k] ^ 1] += amount * width[own_link[k] // 2] / sum_of

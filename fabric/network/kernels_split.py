"""Compiled loops of splits: messages spread over all their shortest ways. They know no topology, policy text or speed.

Arrays are as in kernels.py. Jobs share the distances to one row of destinations; switches are taken in their order.
"""

# ruff: noqa: PLR0917, C901  # compiled loops take flat arrays, and calls inside them cost
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
def mark(marked, order, total, sources, distance, entry, start, head, own_start, own_head):  # type: ignore[no-untyped-def]
    """Mark the switches that lie on shortest ways of some sources, so that the other passes leave out all others."""
    marked[:] = 4 * len(sources) > len(marked)
    if marked[0]:
        return
    for i in range(len(sources)):
        s = sources[i]
        if entry[s] >= 0:
            marked[entry[s]] = True
            continue
        best = np.int64(32767)
        for k in range(own_start[s], own_start[s + 1]):
            if 0 <= distance[own_head[k]] < best:
                best = distance[own_head[k]]
        for k in range(own_start[s], own_start[s + 1]):
            marked[own_head[k]] |= distance[own_head[k]] == best
    for i in range(total - 1, -1, -1):
        v = order[i]
        if marked[v] and distance[v] > 0:
            for k in range(start[v], start[v + 1]):
                marked[head[k]] |= distance[head[k]] == distance[v] - 1


@njit(cache=True)
def count_ways(paths, marked, order, total, distance, start, link, head, width, homes, count):  # type: ignore[no-untyped-def]
    """Write the number of shortest ways (width parallel ones per link) from every switch; at a home its cables, count."""
    for k in range(len(homes)):
        paths[homes[k]] = count[k]
    for i in range(total):
        v = order[i]
        if marked[v] and distance[v] > 0:
            sum_of = 0.0
            for k in range(start[v], start[v + 1]):
                if distance[head[k]] == distance[v] - 1:
                    sum_of += width[link[k] // 2] * paths[head[k]]
            paths[v] = sum_of


@njit(cache=True)
def mean_levels(mean, marked, order, total, distance, start, link, head, width, paths, level):  # type: ignore[no-untyped-def]
    """Write how many links of every level a message crosses from every switch to a home, on average over its shares."""
    for i in range(total):
        v = order[i]
        mean[v, :] = 0.0
        if marked[v] and distance[v] > 0:
            sum_of = 0.0
            for k in range(start[v], start[v + 1]):
                if distance[head[k]] == distance[v] - 1:
                    part = width[link[k] // 2] * paths[head[k]]
                    sum_of += part
                    mean[v, :] += part * mean[head[k], :]
                    mean[v, level[link[k] // 2]] += part
            mean[v, :] /= sum_of


@njit(cache=True)
def leave(held, per_link, mean, hops, sources, amounts, distance, entry, own_start, own_link, own_head, width, paths, level):  # type: ignore[no-untyped-def]
    """Put every source's amount on the cables to its nearest homes; hops, where it has rows, are written per source."""
    for i in range(len(sources)):
        s = sources[i]
        if entry[s] >= 0:
            held[entry[s]] += amounts[i]
            if len(hops):
                hops[i, :] = mean[entry[s], :]
            continue
        best = np.int64(32767)
        for k in range(own_start[s], own_start[s + 1]):
            d = distance[own_head[k]]
            if 0 <= d < best:
                best = d
        sum_of = 0.0
        for k in range(own_start[s], own_start[s + 1]):
            if distance[own_head[k]] == best:
                sum_of += width[own_link[k] // 2] * paths[own_head[k]]
        for k in range(own_start[s], own_start[s + 1]):
            if distance[own_head[k]] == best:
                part = width[own_link[k] // 2] * paths[own_head[k]] / sum_of
                per_link[own_link[k]] += part * amounts[i]
                held[own_head[k]] += part * amounts[i]
                if len(hops):
                    hops[i, :] += part * mean[own_head[k], :]
                    hops[i, level[own_link[k] // 2]] += part


@njit(cache=True)
def pass_on(held, per_link, ways, order, total, near, start, link, head, width, paths):  # type: ignore[no-untyped-def]
    """Send what every switch holds to its next hops, farthest first; ways: room."""
    for i in range(total - 1, -1, -1):
        v = order[i]
        if near[v] == 0:
            break
        if held[v] == 0.0:
            continue
        count, sum_of = 0, 0.0
        for k in range(start[v], start[v + 1]):
            if near[head[k]] == near[v] - 1:
                ways[count] = k
                count += 1
                sum_of += width[link[k] // 2] * paths[head[k]]
        for c in range(count):
            k = ways[c]
            part = held[v] * width[link[k] // 2] * paths[head[k]] / sum_of
            per_link[link[k]] += part
            held[head[k]] += part


@njit(cache=True)
def split(  # type: ignore[no-untyped-def]
    per_link, hops, jobs, first, source, target, amount, last, arrival, distance, ideal, levels,
    entry, start, link, head, own_start, own_link, own_head, width, level, group_start, group, group_count,
):  # fmt: skip
    """Add the loads of messages split over all their shortest ways, one job after the other.

    Job j spreads source[first[j]:first[j + 1]] with their amounts towards row jobs[j] of distance (and of the groups of
    home switches); target[last[j]:last[j + 1]] then take their arrivals: all from the one home that there is, or, where
    there are several, a job has one target. hops gets a row per source, where it has rows.
    """
    switches = distance.shape[1]
    held, paths = np.zeros(switches), np.ones(switches)
    order = np.empty(switches, dtype=np.int64)
    bucket = np.empty(max(np.max(distance) + 3, 3), dtype=np.int64)
    mean = np.zeros((switches, levels))
    marked = np.ones(switches, dtype=np.bool_)
    ways = np.empty(len(link) + 1, dtype=np.int64)
    for j in range(len(jobs)):
        row = jobs[j]
        near = distance[row]
        homes = group[group_start[row] : group_start[row + 1]]
        total = nearness(order, bucket, near)
        some = slice(first[j], first[j + 1])
        if ideal or len(hops):
            mark(marked, order, total, source[some], near, entry, start, head, own_start, own_head)
        if ideal:
            paths[:] = 0.0
            count_ways(paths, marked, order, total, near, start, link, head, width, homes, group_count[group_start[row] :])
        if len(hops):
            mean_levels(mean, marked, order, total, near, start, link, head, width, paths, level)
        held[:] = 0.0
        leave(
            held, per_link, mean, hops[some] if len(hops) else hops, source[some], amount[some], near,
            entry, own_start, own_link, own_head, width, paths, level,
        )  # fmt: skip
        pass_on(held, per_link, ways, order, total, near, start, link, head, width, paths)
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

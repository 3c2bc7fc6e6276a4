"""Compiled loops of routing: walks, splits and searches over flat arrays. They know no topology, policy text or speed.

The switch graph of topologies and planes comes as rows: the links from switch v are link[start[v]:start[v + 1]], sorted by
cable, to the switches head[...]. Devices that do not forward have such rows of their own, towards their home switches.
distance[row, v] is the hops from switch v to the nearest home of the row's destinations, -1 where there is no way.
"""

# ruff: noqa: PLR0917, PLR0912, PLR0915, C901  # compiled loops take flat arrays, and calls inside them cost
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
    before, marked = -1, np.ones(switches, dtype=np.bool_)
    for i in order:
        near, s, t = distance[row[i]], source[i], target[i]
        if ideal and row[i] != before:
            total = nearness(nearest, bucket, near)
            paths[:] = 0.0
            homes = group[group_start[row[i]] : group_start[row[i] + 1]]
            count_ways(paths, marked, nearest, total, near, start, link, head, width, homes, group_count[group_start[row[i]] :])
        before = row[i]
        place = first[i] if fill else 0
        count = 0
        if entry[s] >= 0:
            now[0], count = entry[s], 1
            held[now[0]] = 1.0
        else:
            best = np.int64(32767)
            for k in range(own_start[s], own_start[s + 1]):
                if 0 <= near[own_head[k]] < best:
                    best = near[own_head[k]]
            sum_of = 0.0
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
                    if fill:
                        links[place], share[place] = own_link[k], part
                    place += 1
        while near[now[0]] > 0:
            more = 0
            for c in range(count):
                v = now[c]
                sum_of = 0.0
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
                        if fill:
                            links[place], share[place] = link[k], part
                        place += 1
                held[v] = 0.0
            now, then, count = then, now, more
        for c in range(count):
            v = now[c]
            if entry[t] < 0:
                sum_of = 0.0
                for k in range(own_start[t], own_start[t + 1]):
                    if own_head[k] == v:
                        sum_of += width[own_link[k] // 2]
                for k in range(own_start[t], own_start[t + 1]):
                    if own_head[k] == v:
                        if fill:
                            links[place], share[place] = own_link[k] ^ 1, held[v] * width[own_link[k] // 2] / sum_of
                        place += 1
            held[v] = 0.0
        if not fill:
            first[i] = place

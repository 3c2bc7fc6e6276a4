"""Compiled loops from one destination outwards: distances, and all that is sent to it over shortest ways. They know no device.

The links from switch v are start[v] ... start[v + 1], to the switches head[...]. Where most switches are equally far from a
destination (slim flies, grids of full meshes), the links of the few nearer ones are all that is looked at: kernels_everyone.py
looks at every link of every switch, but at a block of destinations at once.
"""

# ruff: noqa: PLR0917, C901  # compiled loops take flat arrays, and calls inside them cost
from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def begin(near, order, homes):  # type: ignore[no-untyped-def]
    """Put the homes at no distance and all others at none; return how many homes there are."""
    near[:] = -1
    for i in range(len(homes)):
        near[homes[i]] = 0
        order[i] = homes[i]
    return len(homes)


@njit(cache=True)
def reach(near, order, homes, start, head):  # type: ignore[no-untyped-def]
    """Write the hops from the nearest home (-1 for no way) and the switches in that order; return how many are reached.

    The links of the farthest switches are looked at only where some switch is not reached.
    """
    count, at = begin(near, order, homes), 0
    while at < count < len(near):
        v = order[at]
        at += 1
        for k in range(start[v], start[v + 1]):
            if near[head[k]] < 0:
                near[head[k]] = near[v] + 1
                order[count] = head[k]
                count += 1
    return count


@njit(cache=True)
def distances(found, group_start, group, start, head):  # type: ignore[no-untyped-def]
    """Write the hops from every group of switches to every switch (groups, switches), -1 where there is no way."""
    order = np.empty(found.shape[1], dtype=np.int64)
    for row in range(len(found)):
        reach(found[row], order, group[group_start[row] : group_start[row + 1]], start, head)


@njit(cache=True)
def links_nearby(near, order, start):  # type: ignore[no-untyped-def]
    """Return how many links the switches have that are nearer than the farthest ones."""
    found = 0
    for v in order:
        if near[v] < near[order[-1]]:
            found += start[v + 1] - start[v]
    return found


@njit(cache=True)
def ascend(  # type: ignore[no-untyped-def]
    near, order, reached, weight, total, crossed, ideal, group_start, group, start, head, level
):  # fmt: skip
    """Write, destination by destination, what weigh() writes; reached: how many switches reach each."""
    reached[:] = 0
    for b in range(len(group_start) - 1):
        homes = group[group_start[b] : group_start[b + 1]]
        reached[b] = weigh(near[b], order[b], homes, weight[b], total[b], crossed[:, b], ideal, start, head, level)


@njit(cache=True)
def weigh(near, order, homes, weight, total, crossed, ideal, start, head, level):  # type: ignore[no-untyped-def]
    """Write near and order as reach(), and total: the sum of the weights of the next hops, which is the weight if ideal.

    Without ideal every weight is 1. crossed[i]: weight times the mean links of the i-th level on the way; level: of every
    place in the rows of links, len(crossed) for one that is not counted. weight is given at distance 0.
    """
    count, levels = begin(near, order, homes), len(crossed)
    for at in range(len(order)):
        if at == count:
            break
        v = order[at]
        if near[v] > 0:
            weight[v] = total[v] if ideal else 1.0
            for i in range(levels):
                crossed[i, v] *= weight[v] / total[v]
        if count == len(near) and near[v] == near[order[count - 1]]:
            continue  # nothing lies beyond
        for k in range(start[v], start[v + 1]):
            h = head[k]
            if near[h] < 0:
                near[h] = near[v] + 1
                order[count] = h
                count += 1
            if near[h] == near[v] + 1:
                total[h] += weight[v]
                for i in range(levels):
                    crossed[i, h] += crossed[i, v]
                if levels and level[k] < levels:
                    crossed[level[k], h] += weight[v]
    return count


@njit(cache=True)
def descend(against, near, order, reached, held, ratio, weight, total, start, head):  # type: ignore[no-untyped-def]
    """Pass on what switches hold towards every destination."""
    for b in range(len(reached)):
        hand_on(against, near[b], order[b, : reached[b]], held[b], ratio[b], weight[b], total[b], start, head)


@njit(cache=True)
def hand_on(against, near, order, held, ratio, weight, total, start, head):  # type: ignore[no-untyped-def]
    """Pass on what switches hold, farthest first; against gets what comes in over the other direction of every link."""
    for i in range(len(order) - 1, -1, -1):
        v = order[i]
        if near[v] < near[order[-1]]:
            here = 0.0
            for k in range(start[v], start[v + 1]):
                if near[head[k]] == near[v] + 1:
                    against[k] += ratio[head[k]] * weight[v]
                    here += ratio[head[k]]
            held[v] += here * weight[v]
        if near[v] > 0:
            ratio[v] = held[v] / total[v]

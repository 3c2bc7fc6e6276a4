"""Compiled loops over blocks of destinations: all that is sent to each of them, split over shortest ways. They know no device.

Arrays are (switches, block), one column per destination, so that what a neighbour holds is one stretch of memory. The links
from switch v are start[v] ... start[v + 1], to the switches head[...]. Values are filled in by distance and are 0 until
then, so that a plain sum over all neighbours is the sum over those one hop nearer (or farther) alone.
"""

# ruff: noqa: PLR0917  # compiled loops take flat arrays
from __future__ import annotations

import numpy as np
from numba import njit

FEW = 8
"""Rows of which less than this part is wanted are summed one by one."""


@njit(cache=True, error_model="numpy")
def count(distance, v, hops):  # type: ignore[no-untyped-def]
    """Return how many destinations are so many hops away from a switch."""
    here, wanted = np.int32(0), distance.dtype.type(hops)
    for b in range(distance.shape[1]):
        here += np.int32(distance[v, b] == wanted)
    return here


@njit(cache=True, error_model="numpy")
def gather(found, values, distance, hops, start, head):  # type: ignore[no-untyped-def]
    """Write the sums of the neighbours' values wherever the distance is so many hops; elsewhere found may hold anything."""
    block = distance.shape[1]
    for v in range(len(distance)):
        wanted = count(distance, v, hops)
        if wanted * FEW >= block:
            for b in range(block):
                found[v, b] = 0
            for k in range(start[v], start[v + 1]):
                h = head[k]
                for b in range(block):
                    found[v, b] += values[h, b]
        elif wanted:
            for b in range(block):
                if distance[v, b] == hops:
                    found[v, b] = 0
                    for k in range(start[v], start[v + 1]):
                        found[v, b] += values[head[k], b]


@njit(cache=True, error_model="numpy")
def ascend(weight, total, crossed, found, sums, part, distance, most, ideal, start, head, level_start, level_head):  # type: ignore[no-untyped-def]
    """Write, nearest switches first, total: the sum of the weights of the next hops, which is a switch's weight if ideal.

    Without ideal every weight is 1. crossed[i]: weight times the mean links of the i-th level on the way; the links of
    that level are level_start[i], level_head. weight is given at distance 0. found, sums, part: room.
    """
    switches, block = distance.shape
    one = weight.dtype.type(1)
    for hops in range(1, most + 1):
        wanted = distance.dtype.type(hops)
        gather(found, weight, distance, hops, start, head)
        for i in range(len(crossed)):
            gather(sums[i], crossed[i], distance, hops, start, head)
            gather(part[i], weight, distance, hops, level_start[i], level_head)
        for v in range(switches):
            if not count(distance, v, hops):
                continue
            for b in range(block):
                here = distance[v, b] == wanted
                total[v, b] = found[v, b] if here else total[v, b]
                weight[v, b] = (found[v, b] if ideal else one) if here else weight[v, b]
            for i in range(len(crossed)):
                for b in range(block):
                    if distance[v, b] == wanted:
                        crossed[i, v, b] = weight[v, b] * (sums[i, v, b] + part[i, v, b]) / total[v, b]


@njit(cache=True, error_model="numpy")
def depart(  # type: ignore[no-untyped-def]
    held, out, length, means, size, low, ways_start, home, ways, distance, weight, crossed
):  # fmt: skip
    """Put what every crowd sends on its nearest homes; write how long its ways are from there, and the mean links by level.

    size: (crowds,); a crowd of s sends s t messages to one of t, s (s - 1) within itself. Column b is crowd low + b. Entry e
    of a crowd's homes is home[e] with ways[e] cables; out[e] takes what leaves over it. length: (crowds, block), -1 where
    nothing is sent. Return a crowd and a column that no way joins, (-1, -1) where there is none.
    """
    lost, column = -1, -1
    for c in range(len(size)):
        entries = slice(ways_start[c], ways_start[c + 1])
        own, alone = home[entries], ways_start[c + 1] - ways_start[c] == 1 and not len(crossed)
        for b in range(min(distance.shape[1], len(size) - low)):
            amount = size[c] * (size[low + b] - (c == low + b))
            best = distance[own[0], b] if alone else nearest(own, distance, b)
            length[c, b] = best if amount > 0 else -1
            if amount > 0 and best < 0:
                lost, column = c, b
            if amount > 0 and alone:
                held[own[0], b] += amount
                out[entries.start] += amount
            elif amount > 0 and best >= 0:
                leave(held, out[entries], means[:, c, b], amount, best, b, own, ways[entries], distance, weight, crossed)
    return lost, column


@njit(cache=True, error_model="numpy")
def leave(held, out, means, amount, best, b, homes, ways, distance, weight, crossed):  # type: ignore[no-untyped-def]
    """Put an amount on those of the homes that are `best` hops from destination b, and add the mean links by level."""
    whole = 0.0
    for e in range(len(homes)):
        if distance[homes[e], b] == best:
            whole += ways[e] * weight[homes[e], b]
    for e in range(len(homes)):
        h = homes[e]
        if distance[h, b] == best:
            share = ways[e] * weight[h, b] / whole
            held[h, b] += share * amount
            out[e] += share * amount
            for i in range(len(crossed)):
                means[i] += share * crossed[i, h, b] / weight[h, b]


@njit(cache=True, error_model="numpy")
def nearest(homes, distance, column):  # type: ignore[no-untyped-def]
    """Return the hops to the nearest of some switches, -1 where none is reached."""
    best = -1
    for h in homes:
        d = distance[h, column]
        if d >= 0 and (best < 0 or d < best):
            best = d
    return best


@njit(cache=True, error_model="numpy")
def push(held, ratio, weight, distance, hops, start, head):  # type: ignore[no-untyped-def]
    """Hand what the switches so many hops away send to their next hops."""
    for v in range(len(distance)):
        for b in range(distance.shape[1] if count(distance, v, hops) else 0):
            if distance[v, b] == hops:
                for k in range(start[v], start[v + 1]):
                    if distance[head[k], b] == hops - 1:
                        held[head[k], b] += ratio[v, b] * weight[head[k], b]


@njit(cache=True, error_model="numpy")
def pull(held, ratio, weight, found, distance, hops, start, head):  # type: ignore[no-untyped-def]
    """Let the switches so many hops away take what those behind them send."""
    gather(found, ratio, distance, hops, start, head)
    wanted = distance.dtype.type(hops)
    for v in range(len(distance)):
        if count(distance, v, hops):
            for b in range(distance.shape[1]):
                held[v, b] += found[v, b] * weight[v, b] if distance[v, b] == wanted else 0.0


@njit(cache=True, error_model="numpy")
def descend(held, ratio, weight, total, found, distance, most, start, head):  # type: ignore[no-untyped-def]
    """Pass on what switches hold, farthest first: ratio is what each sends per weight of its next hops."""
    for hops in range(most, 0, -1):
        all_here, wanted = 0, distance.dtype.type(hops)
        for v in range(len(distance)):
            here = count(distance, v, hops)
            all_here += here
            if here:
                for b in range(distance.shape[1]):
                    ratio[v, b] = held[v, b] / total[v, b] if distance[v, b] == wanted else ratio[v, b]
        if all_here * FEW < distance.size:
            push(held, ratio, weight, distance, hops, start, head)
        else:
            pull(held, ratio, weight, found, distance, hops - 1, start, head)


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def cross(per_row, ratio, weight, distance, start, head):  # type: ignore[no-untyped-def]
    """Add what crosses every link, summed over the block."""
    block = distance.shape[1]
    onto = np.empty(block, dtype=weight.dtype)
    for v in range(len(distance)):
        for k in range(start[v], start[v + 1]):
            h, crossing = head[k], 0.0
            for b in range(block):
                onto[b] = weight[h, b] if distance[h, b] < distance[v, b] else 0
            for b in range(block):
                crossing += ratio[v, b] * onto[b]
            per_row[k] += crossing

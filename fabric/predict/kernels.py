"""Compiled max-min filling: flows over links, solved whole or as far as a change reaches. It knows no sizes, times or ranks.

Filling: all rates rise together; the link with the lowest equal share is full first and its flows keep that rate. Shares only
rise while links fill, so a heap of links with shares that may be out of date (too low) finds the next one: the share at its
top is worked out anew, and counts only if it still is the lowest. Import this module only where a solver runs: numba is slow
to load.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fabric.network.ways import Floats, Paths

Small = NDArray[np.uint32]  # half the memory of int64; without a sign, numba need not ask whether an index counts from the end


class Web(NamedTuple):
    """Flows over links and links over flows. Entries first[f]:first[f + 1] are flow f's.

    lists[base[k]:base[k] + on[k]] are the flows on link k now. share: what part of a flow an entry carries, empty for all
    of it. rate: of every flow, infinite while it rises. free: per link, the capacity that rising flows share, what they carry
    of it in sum at rate 1, and their entries. key and heap: room for a heap of links.
    """

    first: Small
    links: Small
    share: Floats
    capacity: Floats
    base: Small
    on: Small
    lists: Small
    rate: Floats
    free: Floats
    key: Floats
    heap: Small


def web(paths: Paths, capacity: Floats, share: Floats | None) -> Web:
    """Return a web without a flow on any link."""
    count = len(capacity)
    return Web(
        first=paths.first.astype(np.uint32),
        links=(crossed := paths.links.astype(np.uint32)),
        share=np.zeros(0) if share is None else share.astype(np.float64, copy=False),
        capacity=capacity.astype(np.float64, copy=False),
        base=bases(crossed, count),
        on=np.zeros(count, np.uint32),
        lists=np.empty(len(crossed), np.uint32),
        rate=np.full(len(paths.first) - 1, np.inf),
        free=np.zeros((count, 4)),
        key=np.empty(count),
        heap=np.empty(count, np.uint32),
    )


@njit(cache=True)
def bases(links, count):  # type: ignore[no-untyped-def]
    """Return where the list of flows of every link begins."""
    base = np.zeros(count + 1, np.uint32)
    for k in links:
        base[k + np.uint32(1)] += np.uint32(1)
    for k in range(count):
        base[k + 1] += base[k]
    return base[:count]


@njit(cache=True)
def sink(key, heap, size, at):  # type: ignore[no-untyped-def]
    """Let one entry of a heap sink to where it belongs."""
    value, item = key[at], heap[at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and key[child + 1] < key[child]:
            child += 1
        if key[child] >= value:
            break
        key[at], heap[at] = key[child], heap[child]
        at = child
    key[at], heap[at] = value, item


@njit(cache=True, error_model="numpy")
def fill(web, size):  # type: ignore[no-untyped-def]
    """Give the rising flows their rates. web.heap[:size] are the links they cross, each once; web.free is set for these."""
    free, key, heap, level = web.free, web.key, web.heap, 0.0
    for i in range(size):
        key[i] = free[heap[i], 0] / free[heap[i], 1]
    for i in range(size // 2 - 1, -1, -1):
        sink(key, heap, size, i)
    while size:
        link = heap[0]
        if free[link, 2] > 0:
            now = free[link, 0] / free[link, 1]
            if now > key[0]:
                key[0] = now
                sink(key, heap, size, 0)
                continue
            level = max(level, now)
            stop(web, link, level)
        size -= 1
        key[0], heap[0] = key[size], heap[size]
        sink(key, heap, size, 0)


@njit(cache=True)
def stop(web, link, level):  # type: ignore[no-untyped-def]
    """Let the rising flows of a full link keep a rate."""
    first, links, share, free, rate = web.first, web.links, web.share, web.free, web.rate
    weighted = len(share) > 0
    for i in range(web.base[link], web.base[link] + web.on[link]):
        f = web.lists[i]
        if rate[f] < np.inf:
            continue
        rate[f] = level
        for e in range(first[f], first[f + np.uint32(1)]):
            k = links[e]
            if weighted:
                free[k, 0] -= share[e] * level
                free[k, 1] -= share[e]
            else:
                free[k, 0] -= level
                free[k, 1] -= 1.0
            free[k, 2] -= 1.0


@njit(cache=True)
def solve(web):  # type: ignore[no-untyped-def]
    """Give every flow its rate, infinite for a flow over no links; no flow may be on a link yet."""
    first, links, share, base, count = web.first, web.links, web.share, web.base, web.on
    weighted, size = len(share) > 0, 0
    for f in range(len(web.rate)):
        for e in range(first[f], first[f + 1]):
            k = links[e]
            web.lists[base[k] + count[k]] = f
            count[k] += np.uint32(1)
            if weighted:
                web.free[k, 1] += share[e]
    for k in range(len(count)):
        web.free[k, 0], web.free[k, 2] = web.capacity[k], count[k]
        if not weighted:
            web.free[k, 1] = count[k]
        if count[k]:
            web.heap[size] = k
            size += 1
    fill(web, size)

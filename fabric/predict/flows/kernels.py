"""Compiled max-min filling: flows over links, solved whole or as far as a change reaches. It knows no sizes, times or ranks.

Filling: all rates rise together; the link with the lowest equal share is full first and its flows keep that rate. Shares only
rise while links fill, so they may be out of date (too low): links stand in buckets of similar shares, one bucket at a time
becomes a heap, and the share at its top is worked out anew and counts only if it still is the lowest. Import this module only
where a solver runs: numba is slow to load.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fabric.network.routing.ways import Floats, Paths

NONE = np.uint32(0xFFFFFFFF)
"""No link: the end of a bucket."""
Small = NDArray[np.uint32]  # half the memory of int64; without a sign, numba need not ask whether an index counts from the end


class Web(NamedTuple):
    """Flows over links and links over flows. Entries first[f]:first[f + 1] are flow f's.

    lists[base[k]:base[k] + on[k]] are the flows on link k now. share: what part of a flow an entry carries, empty for all
    of it. rate: of every flow, infinite while it rises. free: per link, the capacity that rising flows share, what they carry
    of it in sum at rate 1 (unset where shares are whole), and their entries. key and heap: room for a heap of links. head: the
    first link of every bucket, after: the one after every link. some: room for the flows of one link.
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
    head: Small
    after: Small
    some: Small


def web(paths: Paths, capacity: Floats, share: Floats | None) -> Web:
    """Return a web without a flow on any link."""
    count = len(capacity)
    return Web(
        first=paths.first.astype(np.uint32),
        links=(crossed := paths.links.astype(np.uint32)),
        share=np.zeros(0) if share is None else share.astype(np.float64, copy=False),
        capacity=capacity.astype(np.float64, copy=False),
        base=(base := bases(crossed, count)),
        on=np.zeros(count, np.uint32),
        lists=np.empty(len(crossed), np.uint32),
        rate=np.full(len(paths.first) - 1, np.inf),
        free=np.zeros((count, 4)),
        key=np.empty(count),
        heap=np.empty(count, np.uint32),
        head=np.empty(count, np.uint32),
        after=np.empty(count, np.uint32),
        some=np.empty(int(np.diff(base, append=len(crossed)).max(initial=0)) + 1, np.uint32),
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
def limits(web):  # type: ignore[no-untyped-def]
    """Return the rate of every flow were it alone: the smallest capacity / (what its entries on that link carry)."""
    weighted, found = len(web.share) > 0, np.full(len(web.rate), np.inf)
    for f in range(len(found)):
        for e in range(web.first[f], web.first[f + 1]):
            carried = 0.0
            for o in range(web.first[f], web.first[f + 1]):  # a link named twice carries both
                if web.links[o] == web.links[e]:
                    carried += web.share[o] if weighted else 1.0
            found[f] = min(found[f], web.capacity[web.links[e]] / carried)
    return found


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
    low, scale = _into_buckets(web, size)
    free, key, heap, level, by = web.free, web.key, web.heap, 0.0, _weights(web)
    for bucket in range(size):
        while web.head[bucket] != NONE:
            left = _into_heap(web, bucket, low, scale, size)
            while left:
                link = heap[0]
                if free[link, 2] > 0:
                    now = free[link, 0] / free[link, by]
                    other = _bucket(now, low, scale, size)
                    if other > bucket:
                        _put(web.head, web.after, other, link)
                    elif now > key[0]:
                        key[0] = now
                        sink(key, heap, left, 0)
                        continue
                    else:
                        level = max(level, now)
                        stop(web, link, level)
                left -= 1
                key[0], heap[0] = key[left], heap[left]
                sink(key, heap, left, 0)


@njit(cache=True, inline="always")
def _weights(web):  # type: ignore[no-untyped-def]
    """Return the column of web.free that says what rising flows carry at rate 1: their number, where each counts whole."""
    return 1 if len(web.share) else 2


@njit(cache=True, inline="always")
def _bucket(share, low, scale, size):  # type: ignore[no-untyped-def]
    """Return where a share belongs; the last bucket has no upper end."""
    return np.int64(min((share - low) * scale, size - 1.0))


@njit(cache=True, inline="always")
def _put(head, after, bucket, link):  # type: ignore[no-untyped-def]
    """Put a link into a bucket."""
    after[link], head[bucket] = head[bucket], link


@njit(cache=True, error_model="numpy")
def _into_buckets(web, size):  # type: ignore[no-untyped-def]
    """Put every link into a bucket by its share now; return the lowest share and buckets per unit of share.

    The buckets reach four times as far above the lowest as the mean does: later shares are higher than the first.
    """
    free, key, heap, by = web.free, web.key, web.heap, _weights(web)
    low, total = np.inf, 0.0
    for i in range(size):
        web.head[i] = NONE
        key[i] = free[heap[i], 0] / free[heap[i], by]
        low, total = min(low, key[i]), total + key[i]
    spread = total / size - low if size else 0.0
    scale = size / (4 * spread) if spread > 0 else 0.0
    for i in range(size):
        _put(web.head, web.after, _bucket(key[i], low, scale, size), heap[i])
    return low, scale


@njit(cache=True, error_model="numpy")
def _into_heap(web, bucket, low, scale, size):  # type: ignore[no-untyped-def]
    """Make a heap of the links of a bucket that still belong there; return how many."""
    free, key, heap, by, left = web.free, web.key, web.heap, _weights(web), 0
    link, web.head[bucket] = web.head[bucket], NONE
    while link != NONE:
        following = web.after[link]
        if free[link, 2] > 0:
            now = free[link, 0] / free[link, by]
            other = _bucket(now, low, scale, size)
            if other > bucket:
                _put(web.head, web.after, other, link)
            else:
                key[left], heap[left] = now, link
                left += 1
        link = following
    for i in range(left // 2 - 1, -1, -1):
        sink(key, heap, left, i)
    return left


@njit(cache=True)
def stop(web, link, level):  # type: ignore[no-untyped-def]
    """Let the rising flows of a full link keep a rate."""
    first, links, share, free, rate, some = web.first, web.links, web.share, web.free, web.rate, web.some
    weighted, count = len(share) > 0, 0
    for i in range(web.base[link], web.base[link] + web.on[link]):  # chosen without a branch, which is a guess too often
        some[count] = web.lists[i]
        count += rate[web.lists[i]] == np.inf
    ahead = np.uint32(0)
    for f in some[:count]:  # only reads: many at once wait for memory, where the next loop would wait for one after another
        ahead += links[first[f]] + links[first[f + np.uint32(1)] - np.uint32(1)]
    some[count] = ahead
    for f in some[:count]:
        if rate[f] < np.inf:  # the link is named twice
            continue
        rate[f] = level
        for e in range(first[f], first[f + np.uint32(1)]):
            k = links[e]
            if weighted:
                free[k, 0] -= share[e] * level
                free[k, 1] -= share[e]
            else:
                free[k, 0] -= level
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
        if count[k]:
            web.heap[size] = k
            size += 1
    fill(web, size)

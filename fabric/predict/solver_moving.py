"""Compiled max-min rates of flows that come and go, each change solved as far as it reaches. It knows no reasons for changes.

What a change reaches: flows that leave touch their links, flows that join theirs; a flow not below the lowest rate that can
change is reached through a touched link, and touches its own. A link that cannot be full (its flows at their own limits stay
below its capacity) passes nothing on. Everybody else keeps the rate: with all rates rising together, nothing below the
lowest rate that left, or below an equal share of a link that was joined, is different. Import only where a solver runs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from fabric.network.ways import Flags, Floats, Ints, Paths
from fabric.predict.kernels import Small, Web, fill, web

MARGIN = 1e-9
"""How far below the lowest rate that can change flows are reached, relative: more work, never another answer."""
ROUNDING = 1e-12
"""A link is not full, and a rate is unchanged, up to this: relative rounding of sums."""
BLOCK = 128
"""Flows whose earliest end is kept together."""
MANY = 32
"""Where more than one in so many flows leave at once, all flows above the lowest rate are reached, without a search."""
AGAIN = 15
"""So many solves after a search that reached a quarter of the flows do without one, too."""
AFRESH = 1000
"""Solves after which sums are added up anew, so that rounding does not pile up."""


class Moving(NamedTuple):
    """Flows that move bytes, and the links they load.

    place: where each entry stands in web.lists. limit: a flow's rate were it alone. load: per link what its flows move, would
    move at their limits, and carry at rate 1. left: bytes at the time since; end: when a flow ends if nothing changes,
    infinite where it does not move. old: rates before this solve. low: earliest end per block of flows, stale: not up to date.
    reached, queue: flows and links found in this solve; seen, listed: flags of links. level: the lowest rate that can change.
    tally: flows moving, reached, links in queue, flows that left, solves, work done (in flows reached), solves that shall not
    search.
    """

    web: Web
    place: Small
    limit: Floats
    load: Floats
    left: Floats
    since: Floats
    end: Floats
    old: Floats
    low: Floats
    stale: Flags
    reached: Small
    queue: Small
    seen: Flags
    listed: Flags
    level: Floats
    tally: Ints


MOVE, REACH, QUEUE, LEFT, SOLVES, WORK, WIDE = range(7)


def moving(paths: Paths, capacity: Floats, share: Floats | None = None) -> Moving:
    """Return a state in which no flow moves; paths are those of all flows that may."""
    net, flows, links = web(paths, capacity, share), len(paths.first) - 1, len(capacity)
    net.rate[:] = 0.0
    blocks = -(-flows // BLOCK)
    return Moving(
        web=net,
        place=np.zeros(len(net.links), np.uint32),
        limit=limits(net),
        load=np.zeros((links, 4)),
        left=np.zeros(flows),
        since=np.zeros(flows),
        end=np.full(flows, np.inf),
        old=np.zeros(flows),
        low=np.full(blocks, np.inf),
        stale=np.zeros(blocks, np.bool_),
        reached=np.zeros(flows, np.uint32),
        queue=np.zeros(links, np.uint32),
        seen=np.zeros(links, np.bool_),
        listed=np.zeros(links, np.bool_),
        level=np.full(1, np.inf),
        tally=np.zeros(7, np.int64),
    )


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


@njit(cache=True, inline="always")
def touch(seen, queue, tally, load, capacity, k):  # type: ignore[no-untyped-def]
    """Note that what a link offers may change, if it can be full at all; return whether it can."""
    if seen[k]:
        return True
    if load[k, 1] <= capacity[k] * (1 + ROUNDING):
        return False
    seen[k] = True
    queue[tally[QUEUE]] = k
    tally[QUEUE] += 1
    return True


@njit(cache=True)
def join(state, f, size, now):  # type: ignore[no-untyped-def]
    """Let a flow of a size move from now on; its rate comes with the next solve."""
    web, load, tally = state.web, state.load, state.tally
    weighted = len(web.share) > 0
    for e in range(web.first[f], web.first[f + 1]):
        k = web.links[e]
        part = web.share[e] if weighted else 1.0
        at = web.base[k] + web.on[k]
        web.lists[at], state.place[e] = f, at
        web.on[k] += np.uint32(1)
        load[k, 1] += part * state.limit[f]
        load[k, 2] += part
    state.left[f], state.since[f], state.old[f], web.rate[f] = size, now, 0.0, np.inf
    state.reached[tally[REACH]] = f
    tally[REACH] += 1
    tally[MOVE] += 1


@njit(cache=True)
def leave(state, f):  # type: ignore[no-untyped-def]
    """Let a flow move no more."""
    web, load, tally = state.web, state.load, state.tally
    weighted, rate = len(web.share) > 0, web.rate[f]
    for e in range(web.first[f], web.first[f + 1]):
        k = web.links[e]
        part = web.share[e] if weighted else 1.0
        touch(state.seen, state.queue, tally, load, web.capacity, k)
        web.on[k] -= np.uint32(1)
        last, at = web.base[k] + web.on[k], state.place[e]
        other = web.lists[last]
        for o in range(web.first[other], web.first[other + 1]):
            if web.links[o] == k and state.place[o] == last:
                state.place[o] = at
        web.lists[at] = other
        load[k, 0] -= part * rate
        load[k, 1] -= part * state.limit[f]
        load[k, 2] -= part
        if web.on[k] == 0:
            load[k, :3] = 0.0
    state.level[0] = min(state.level[0], rate)
    web.rate[f], state.end[f], state.stale[f // BLOCK] = 0.0, np.inf, True
    tally[MOVE] -= 1
    tally[LEFT] += 1


@njit(cache=True)
def next_end(state):  # type: ignore[no-untyped-def]
    """Return when the next flow ends if nothing changes; infinite where none moves."""
    soonest = np.inf
    for block in range(len(state.low)):
        if state.stale[block]:
            state.stale[block], low = False, np.inf
            for f in range(block * BLOCK, min((block + 1) * BLOCK, len(state.end))):
                low = min(low, state.end[f])
            state.low[block] = low
        soonest = min(soonest, state.low[block])
    return soonest


@njit(cache=True)
def solve(state, now):  # type: ignore[no-untyped-def]
    """Share the links out again from now on, as far as what left and joined reaches.

    Return how many links the flows reached cross; they stand in state.queue.
    """
    tally, links = state.tally, 0
    joined = tally[REACH]
    _touch_joined(state, joined)
    if tally[WIDE] or tally[LEFT] * MANY > tally[MOVE]:
        _reach_all(state)
        tally[WIDE] = max(tally[WIDE] - 1, 0)
    else:
        _search(state)
        tally[WIDE] = AGAIN if 4 * tally[REACH] > tally[MOVE] else 0
    for i in range(tally[QUEUE]):
        state.seen[state.queue[i]] = False
    if tally[REACH]:
        links = _set_free(state)
        fill(state.web, links)
        for k in state.queue[:links]:
            state.load[k, 0] = state.web.capacity[k] - state.web.free[k, 0]
        _keep(state, now)
    tally[SOLVES] += 1
    tally[WORK] += tally[REACH] + 20
    tally[REACH], tally[QUEUE], tally[LEFT], state.level[0] = 0, 0, 0, np.inf
    if tally[SOLVES] % AFRESH == 0:
        _add_up(state)
    return links


@njit(cache=True)
def _touch_joined(state, joined):  # type: ignore[no-untyped-def]
    """Touch the links of flows that joined: no rate below an equal share of one that can be full changes."""
    web = state.web
    for i in range(joined):
        f = state.reached[i]
        for e in range(web.first[f], web.first[f + 1]):
            k = web.links[e]
            if touch(state.seen, state.queue, state.tally, state.load, web.capacity, k):
                state.level[0] = min(state.level[0], web.capacity[k] / state.load[k, 2])


@njit(cache=True, inline="always")
def _reach(rate, old, reached, tally, f):  # type: ignore[no-untyped-def]
    """Let a flow rise again."""
    old[f], rate[f] = rate[f], np.inf
    reached[tally[REACH]] = f
    tally[REACH] += 1


@njit(cache=True)
def _reach_all(state):  # type: ignore[no-untyped-def]
    """Reach every flow that moves no slower than the level."""
    level, rate, old, reached, tally = state.level[0] * (1 - MARGIN), state.web.rate, state.old, state.reached, state.tally
    for f in range(len(rate)):
        if rate[f] > 0 and rate[f] >= level and rate[f] < np.inf:
            _reach(rate, old, reached, tally, f)


@njit(cache=True)
def _search(state):  # type: ignore[no-untyped-def]
    """Reach the flows that touched links lead to, directly or through others."""
    level, at, seen, queue, tally, load = state.level[0] * (1 - MARGIN), 0, state.seen, state.queue, state.tally, state.load
    first, links, base, count, lists = state.web.first, state.web.links, state.web.base, state.web.on, state.web.lists
    rate, capacity, old, reached = state.web.rate, state.web.capacity, state.old, state.reached
    while at < tally[QUEUE]:
        link = queue[at]
        at += 1
        for i in range(base[link], base[link] + count[link]):
            f = lists[i]
            if rate[f] >= level and rate[f] < np.inf:
                _reach(rate, old, reached, tally, f)
                for e in range(first[f], first[f + np.uint32(1)]):
                    touch(seen, queue, tally, load, capacity, links[e])


@njit(cache=True)
def _set_free(state):  # type: ignore[no-untyped-def]
    """Set what the reached flows share of every link; return how many links, listed in web.heap."""
    web, size = state.web, 0
    weighted, free = len(web.share) > 0, state.web.free
    for i in range(state.tally[REACH]):
        f = state.reached[i]
        old = state.old[f]
        for e in range(web.first[f], web.first[f + 1]):
            k = web.links[e]
            if not state.listed[k]:
                state.listed[k] = True
                web.heap[size], state.queue[size] = k, k
                size += 1
                free[k, 0], free[k, 1], free[k, 2] = web.capacity[k] - state.load[k, 0], 0.0, 0.0
            part = web.share[e] if weighted else 1.0
            free[k, 0] += part * old
            free[k, 1] += part
            free[k, 2] += 1.0
    for i in range(size):
        state.listed[web.heap[i]] = False
    return size


@njit(cache=True)
def _keep(state, now):  # type: ignore[no-untyped-def]
    """Let the reached flows go on at their new rates."""
    web = state.web
    for i in range(state.tally[REACH]):
        f = state.reached[i]
        old, new = state.old[f], web.rate[f]
        if abs(new - old) <= ROUNDING * old:
            web.rate[f] = old
            continue
        state.left[f] = max(state.left[f] - old * (now - state.since[f]), 0.0)
        state.since[f], state.end[f] = now, now + state.left[f] / new
        state.stale[f // BLOCK] = True


@njit(cache=True)
def _add_up(state):  # type: ignore[no-untyped-def]
    """Add up anew what the moving flows load."""
    web, load = state.web, state.load
    weighted = len(web.share) > 0
    load[:, :] = 0.0
    for f in range(len(web.rate)):
        if web.rate[f] > 0:
            for e in range(web.first[f], web.first[f + 1]):
                k = web.links[e]
                part = web.share[e] if weighted else 1.0
                load[k, 0] += part * web.rate[f]
                load[k, 1] += part * state.limit[f]
                load[k, 2] += part

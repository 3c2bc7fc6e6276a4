"""Compiled max-min rates of flows that come and go, each change solved as far as it reaches. It knows no reasons for changes.

What a change reaches: flows that leave touch their links, flows that join theirs; a flow not below the lowest rate that can
change is reached through a touched link, and touches its own. A link that cannot be full (its flows at their own limits stay
below its capacity) passes nothing on. Everybody else keeps the rate: with all rates rising together, nothing below the
lowest rate that left, or below an equal share of a link that was joined, is different. Import only where a solver runs.
"""

from __future__ import annotations

import numpy as np

from fabric.predict.flows.compiled import compiled
from fabric.predict.flows.kernels import fill
from fabric.predict.flows.solver_state import BLOCK, LEFT, MOVE, QUEUE, REACH, SOLVES, WIDE, WORK

MARGIN = 1e-9
"""How far below the lowest rate that can change flows are reached, relative: more work, never another answer."""
ROUNDING = 1e-12
"""A link is not full, and a rate is unchanged, up to this: relative rounding of sums."""
TINY = 5e-324
"""Above no rate but that of flows that do not move."""
MANY = 32
"""Where more than one in so many flows leave at once, all flows above the lowest rate are reached, without a search."""
TOO_MANY = 8
"""A search that reached one in so many flows is given up: all flows above the lowest rate are reached."""
AGAIN = 31
"""So many solves after a search that was given up do without one, too."""
AFRESH = 1000
"""Solves after which sums are added up anew, so that rounding does not pile up."""


@compiled(inline="always")
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


@compiled()
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


@compiled()
def leave(state, f):  # type: ignore[no-untyped-def]
    """Let a flow move no more."""
    web, load, tally, rates = state.web, state.load, state.tally, state.web.rate
    first, links, share, on, limit = web.first, web.links, web.share, web.on, state.limit[f]
    seen, queue, capacity, weighted, rate = state.seen, state.queue, web.capacity, len(share) > 0, rates[f]
    for e in range(first[f], first[f + 1]):
        k = links[e]
        part = share[e] if weighted else 1.0
        touch(seen, queue, tally, load, capacity, k)
        on[k] -= np.uint32(1)
        _fill_gap(state, e, web.base[k] + on[k])
        load[k, 0] -= part * rate
        load[k, 1] -= part * limit
        load[k, 2] -= part
        if on[k] == 0:
            load[k, :3] = 0.0
    state.level[0] = min(state.level[0], rate)
    rates[f], state.end[f], state.stale[f // BLOCK] = 0.0, np.inf, True
    tally[MOVE] -= 1
    tally[LEFT] += 1


@compiled()
def _fill_gap(state, entry, last):  # type: ignore[no-untyped-def]
    """Let the last flow of a link's list take the place of an entry."""
    place, first, links, lists = state.place, state.web.first, state.web.links, state.web.lists
    link, at, other = links[entry], place[entry], lists[last]
    for e in range(first[other], first[other + np.uint32(1)]):
        if links[e] == link and place[e] == last:
            place[e] = at
    lists[at] = other


@compiled()
def next_end(state):  # type: ignore[no-untyped-def]
    """Return when the next flow ends if nothing changes; infinite where none moves."""
    soonest, lows, stale, ends = np.inf, state.low, state.stale, state.end
    for block in range(len(lows)):
        low = lows[block]
        if stale[block]:
            stale[block], low = False, np.inf
            for end in ends[block * BLOCK : (block + 1) * BLOCK]:
                if end < low:  # noqa: PLR1730 (several times as fast here as min(), which looks for NaN)
                    low = end
            lows[block] = low
        soonest = min(soonest, low)
    return soonest


@compiled()
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
        if TOO_MANY * tally[REACH] > tally[MOVE]:
            tally[WIDE] = AGAIN
            _reach_all(state)
    for i in range(tally[QUEUE]):
        state.seen[state.queue[i]] = False
    if tally[REACH]:
        links = _set_free(state)
        fill(state.web, links)
        _set_load(state, links)
        _keep(state, now)
    tally[SOLVES] += 1
    tally[WORK] += tally[REACH] + 20
    tally[REACH], tally[QUEUE], tally[LEFT], state.level[0] = 0, 0, 0, np.inf
    if tally[SOLVES] % AFRESH == 0:
        _add_up(state)
    return links


@compiled()
def _touch_joined(state, joined):  # type: ignore[no-untyped-def]
    """Touch the links of flows that joined: no rate below an equal share of one that can be full changes."""
    web = state.web
    for i in range(joined):
        f = state.reached[i]
        for e in range(web.first[f], web.first[f + 1]):
            k = web.links[e]
            if touch(state.seen, state.queue, state.tally, state.load, web.capacity, k):
                state.level[0] = min(state.level[0], web.capacity[k] / state.load[k, 2])


@compiled()
def _reach_all(state):  # type: ignore[no-untyped-def]
    """Reach every flow that moves no slower than the level."""
    rate, old, reached, tally = state.web.rate, state.old, state.reached, state.tally
    level = max(state.level[0] * (1 - MARGIN), TINY)
    joined = count = tally[REACH]
    for f in range(len(rate)):  # chosen without a branch, which is a guess too often
        reached[count] = f
        count += (rate[f] >= level) & (rate[f] < np.inf)
    for f in reached[joined:count]:
        old[f], rate[f] = rate[f], np.inf
    tally[REACH] = count


@compiled()
def _search(state):  # type: ignore[no-untyped-def]
    """Reach the flows that touched links lead to, directly or through others."""
    level, at, seen, queue, tally, load = state.level[0] * (1 - MARGIN), 0, state.seen, state.queue, state.tally, state.load
    first, links, base, count, lists = state.web.first, state.web.links, state.web.base, state.web.on, state.web.lists
    rate, capacity, old, reached = state.web.rate, state.web.capacity, state.old, state.reached
    while at < tally[QUEUE] and TOO_MANY * tally[REACH] <= tally[MOVE]:
        link = queue[at]
        at += 1
        for i in range(base[link], base[link] + count[link]):
            f = lists[i]
            if rate[f] >= level and rate[f] < np.inf:
                old[f], rate[f] = rate[f], np.inf
                reached[tally[REACH]] = f
                tally[REACH] += 1
                for e in range(first[f], first[f + np.uint32(1)]):
                    touch(seen, queue, tally, load, capacity, links[e])


@compiled()
def _set_free(state):  # type: ignore[no-untyped-def]
    """Set what the reached flows share of every link; return how many links, listed in web.heap."""
    free, heap, capacity, load = state.web.free, state.web.heap, state.web.capacity, state.load
    first, links, share, old = state.web.first, state.web.links, state.web.share, state.old
    queue, listed, weighted, size = state.queue, state.listed, len(share) > 0, 0
    for f in state.reached[: state.tally[REACH]]:
        for e in range(first[f], first[f + np.uint32(1)]):
            k = links[e]
            if not listed[k]:
                listed[k] = True
                heap[size], queue[size] = k, k
                size += 1
                free[k, 0], free[k, 1], free[k, 2] = capacity[k] - load[k, 0], 0.0, 0.0
            if weighted:
                free[k, 0] += share[e] * old[f]
                free[k, 1] += share[e]
            else:
                free[k, 0] += old[f]
            free[k, 2] += 1.0
    for k in heap[:size]:
        listed[k] = False
    return size


@compiled()
def _set_load(state, size):  # type: ignore[no-untyped-def]
    """Note what flows move over the links whose flows were given rates."""
    free, load, capacity = state.web.free, state.load, state.web.capacity
    for k in state.queue[:size]:
        load[k, 0] = capacity[k] - free[k, 0]


@compiled(error_model="numpy")
def _keep(state, now):  # type: ignore[no-untyped-def]
    """Let the reached flows go on at their new rates."""
    rate, olds, left, since = state.web.rate, state.old, state.left, state.since
    ends, stale = state.end, state.stale
    for f in state.reached[: state.tally[REACH]]:
        old, new = olds[f], rate[f]
        if abs(new - old) <= ROUNDING * old:
            rate[f] = old
            continue
        left[f] = max(left[f] - old * (now - since[f]), 0.0)
        since[f], ends[f] = now, now + left[f] / new
        stale[f // np.uint32(BLOCK)] = True


@compiled()
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

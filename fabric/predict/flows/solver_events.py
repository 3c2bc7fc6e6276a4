"""Compiled simulation of given flows: which start and end next. It knows no rates and no ranks. Import only where it runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fabric.network.routing.ways import Flags, Floats, Ints
from fabric.predict.flows.compiled import compiled
from fabric.predict.flows.kernels import Small, sink
from fabric.predict.flows.solver_moving import join, leave, next_end, solve
from fabric.predict.flows.solver_state import BLOCK, WORK

TIE = 1e-12
"""Events so close to each other, relative to the time, are one."""
DONE, CURSOR, HEAP = range(3)


class Waiting(NamedTuple):
    """Flows that do not move yet. pending: how many others each waits for; begin: seconds, so far; latency: seconds.

    instant: ends after its latency. then: first[f]:first[f + 1] of follows are the flows that wait for f. order: the flows
    that wait for none, by ready[order], the time their latency is over. key and heap: a heap of the others that are ready at
    a time. tally: flows done, place in order, size of the heap. now: seconds.
    """

    size: Floats
    pending: Ints
    begin: Floats
    latency: Floats
    instant: Flags
    first: Small
    follows: Small
    order: Small
    ready: Floats
    key: Floats
    heap: Small
    finish: Floats
    tally: Ints
    now: Floats


@compiled()
def push(key, heap, size, value, item):  # type: ignore[no-untyped-def]
    """Put an item into a heap of a size."""
    at = size
    while at and key[(at - 1) // 2] > value:
        key[at], heap[at] = key[(at - 1) // 2], heap[(at - 1) // 2]
        at = (at - 1) // 2
    key[at], heap[at] = value, item


@compiled()
def next_ready(waiting):  # type: ignore[no-untyped-def]
    """Return when the next flow has waited out its latency."""
    at, soonest = waiting.tally[CURSOR], np.inf
    if at < len(waiting.order):
        soonest = waiting.ready[at]
    return min(soonest, waiting.key[0]) if waiting.tally[HEAP] else soonest


@compiled()
def pop(waiting):  # type: ignore[no-untyped-def]
    """Return the flow that is ready next."""
    tally, key, heap = waiting.tally, waiting.key, waiting.heap
    at = tally[CURSOR]
    if at < len(waiting.order) and (not tally[HEAP] or waiting.ready[at] <= key[0]):
        tally[CURSOR] += 1
        return waiting.order[at]
    f = heap[0]
    tally[HEAP] -= 1
    key[0], heap[0] = key[tally[HEAP]], heap[tally[HEAP]]
    sink(key, heap, tally[HEAP], 0)
    return f


@compiled()
def ended(waiting, f, when):  # type: ignore[no-untyped-def]
    """Note that a flow ended, and queue what waited for nothing else."""
    waiting.finish[f] = when
    waiting.tally[DONE] += 1
    for i in range(waiting.first[f], waiting.first[f + 1]):
        other = waiting.follows[i]
        waiting.begin[other] = max(waiting.begin[other], when)
        waiting.pending[other] -= 1
        if waiting.pending[other] == 0:
            ready = waiting.begin[other] + waiting.latency[other]
            push(waiting.key, waiting.heap, waiting.tally[HEAP], ready, other)
            waiting.tally[HEAP] += 1


@compiled()
def end_until(state, waiting, until):  # type: ignore[no-untyped-def]
    """Let the flows end that do so by then; return when the last one does."""
    last, low, ends = 0.0, state.low, state.end
    for block in range(len(low)):
        if low[block] <= until:
            for f in range(block * BLOCK, min((block + 1) * BLOCK, len(ends))):
                end = ends[f]
                if end <= until:
                    last = max(last, end)
                    ended(waiting, f, end)
                    leave(state, f)
    return last


@compiled()
def advance(state, waiting, eps, work):  # type: ignore[no-untyped-def]
    """Simulate for about so much work; return whether anything is left. eps: ends so close, relative, are solved once."""
    goal = state.tally[WORK] + work
    while state.tally[WORK] < goal:
        ready, end = next_ready(waiting), next_end(state)
        now = min(ready, end)
        if now == np.inf:
            return False
        until = now * (1 + TIE)
        if end <= until:
            last = end_until(state, waiting, max(until, min(end * (1 + eps), ready)))
            now = max(now, last) if eps > 0 else now
            until = now * (1 + TIE)
        while next_ready(waiting) <= until:
            when = next_ready(waiting)
            f = pop(waiting)
            if waiting.instant[f]:
                ended(waiting, f, when)
            else:
                join(state, f, waiting.size[f], now)
        solve(state, now)
        waiting.now[0] = now
    return True

"""One pass over the queue in plain Python: order, the first that does not fit, backfill, preemption. It knows no links."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial

from fabric.fleet.job import WHOLE
from fabric.fleet.outcome import PREEMPTED
from fabric.fleet.plain_place import place
from fabric.fleet.plain_state import SHIFT, State
from fabric.fleet.ready import NEVER

NONE = -1
"""No pool."""


def serve(state: State, now: int) -> None:
    """Start what the policy lets start now."""
    while (job := _first(state)) is not None:
        if not _start(state, job, now) and not (state.ready.policy.preempt and _make_room(state, job, now)):
            break
    if job is not None and state.ready.policy.backfill and state.ready.policy.depth:
        _backfill(state, job, now)


def key(state: State, job: int) -> tuple[int, int, int]:
    """Return what the queue is ordered by: priority, the order's own key, arrival."""
    if state.keys:
        return state.keys[job]
    ready, tenant = state.ready, state.tenant[job]
    if ready.policy.own_order is not None:
        return -state.priority[job], ready.policy.own_order(state, job), job
    return -state.priority[job], state.held[tenant] // int(ready.weight[tenant]), job


def _may(state: State, job: int) -> bool:
    """Return whether a job's tenant stays below what it may hold at most."""
    tenant = state.tenant[job]
    asked = state.devices[job] * state.share[job]
    return bool(state.held[tenant] + asked <= int(state.ready.cap[tenant]) * WHOLE)


def _first(state: State) -> int | None:
    """Return the job whose turn it is."""
    if state.keys and not state.ready.policy.cap:
        return state.waiting[0] if state.waiting else None
    return min((job for job in state.waiting if _may(state, job)), key=partial(key, state), default=None)


def _start(state: State, job: int, now: int) -> bool:
    """Start a job in the first pool that has a place, if any; return whether one had."""
    return any(_start_in(state, job, pool, now) for pool in _pools(state, job))


def _pools(state: State, job: int, kept: int = NONE) -> Sequence[int]:
    """Return the pools but one in which a job looks for a place: as they stand, under fgd the least fragmented first."""
    pools = [pool for pool, full in enumerate(state.full) if pool != kept and state.kind[job] not in full]
    if state.ready.policy.placement == "fgd" and len(pools) > 1:
        return sorted(pools, key=lambda pool: (_growth(state, job, pool), pool))
    return pools


def _growth(state: State, job: int, pool: int) -> int:
    """Return by how much the job would fragment a pool's nodes, NEVER where it has no place there."""
    nodes, part = place(state, job, pool), state.part(pool, job)
    return NEVER if nodes is None else sum(state.fragments.growth(node, part) for node in nodes)


def _start_in(state: State, job: int, pool: int, now: int) -> bool:
    nodes = place(state, job, pool)
    if nodes is None:
        return False
    state.waiting.remove(job)
    state.begin(job, pool, nodes, now)
    return True


def _backfill(state: State, head: int, now: int) -> None:
    """Start later jobs that are over by the time kept for the first one, or take nodes that it will not need.

    The order is that of the moment at which the first one did not fit.
    """
    order = state.waiting if state.keys else sorted(state.waiting, key=partial(key, state))
    after = order.index(head) + 1
    pool, shadow, extra = _reserved(state, head)
    nowhere: set[int] = set()  # kinds of job without a place in any pool: what starts meanwhile only takes more
    for job in order[after : after + state.ready.policy.depth]:
        if state.kind[job] in nowhere or (state.ready.policy.cap and not _may(state, job)):
            continue
        late = now + -(-state.left[job] >> SHIFT) > shadow
        kept = pool if late and state.wanted[pool][job] > extra else NONE
        taken = next((other for other in _pools(state, job, kept) if _start_in(state, job, other, now)), NONE)
        if taken == kept == NONE and state.ready.policy.own_placement is None:
            nowhere.add(state.kind[job])
        if taken == pool and late:
            extra -= state.wanted[pool][job]


def _reserved(state: State, head: int) -> tuple[int, int, int]:
    """Return (pool, time, nodes to spare then) of the earliest release after which enough nodes fit the first job.

    It counts nodes, not which: where a placement wants them together, the time may be too early.
    """
    found = (NONE, NEVER, 0)
    for pool in range(len(state.ready.size)):
        if state.wanted[pool][head]:
            time, extra = _release(state, head, pool)
            found = (pool, time, extra) if time < found[1] or found[0] < 0 else found
    return found


def _release(state: State, head: int, pool: int) -> tuple[int, int]:
    part, runs = state.part(pool, head), state.going_in[pool].values()
    more, over = state.wanted[pool][head] - len(state.fitting(pool, head)), state.rooms.releases(pool, part)
    if more <= 0 and runs:  # there are enough, but not where the placement wants them
        last = min((run.end, run.job) for run in runs)
    elif 0 < more <= len(over):
        last = over[more - 1]
    else:
        return NEVER, 0
    return last[0], bisect_right(over, last) - more


def _make_room(state: State, job: int, now: int) -> bool:
    """Stop preemptible jobs of lower priority, the lowest and latest first, if that makes a place; return whether it did."""
    weaker = [
        run for run in state.going.values() if state.preemptible[run.job] and state.priority[run.job] < state.priority[job]
    ]
    weaker.sort(key=lambda run: (state.priority[run.job], -run.start, -run.job))
    for pool in range(len(state.ready.size)):
        stopped = _enough(state, job, pool, [run.job for run in weaker if run.pool == pool])
        if stopped is not None:
            for victim in stopped:
                state.over(victim, now, PREEMPTED)
                state.wait(victim)
            return _start_in(state, job, pool, now)
    return False


def _enough(state: State, job: int, pool: int, victims: list[int]) -> list[int] | None:
    """Return the shortest beginning of the list whose nodes make a place for the job, None where all of it does not."""
    lent = []
    found = None
    for number, victim in enumerate(victims, 1):
        run = state.going[victim]
        lent.append(run)
        state.lend(run)
        if place(state, job, pool) is not None:
            found = victims[:number]
            break
    for run in reversed(lent):
        state.take_back(run)
    return found

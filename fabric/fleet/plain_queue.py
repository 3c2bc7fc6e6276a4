"""One pass over the queue in plain Python: order, the first that does not fit, backfill, preemption. It knows no links."""

from __future__ import annotations

from operator import add

from fabric.fleet.fragments import covers
from fabric.fleet.job import WHOLE
from fabric.fleet.outcome import PREEMPTED
from fabric.fleet.plain_place import place
from fabric.fleet.plain_state import SHIFT, State
from fabric.fleet.ready import NEVER


def serve(state: State, now: int) -> None:
    """Start what the policy lets start now."""
    while (job := _first(state)) is not None:
        if not _start(state, job, now) and not (state.ready.policy.preempt and _make_room(state, job, now)):
            break
    if job is not None and state.ready.policy.backfill and state.ready.policy.depth:
        _backfill(state, job, now)


def key(state: State, job: int) -> tuple[int, int, int]:
    """Return what the queue is ordered by: priority, the order's own key, arrival."""
    ready = state.ready
    own = 0
    if ready.policy.own_order is not None:
        own = ready.policy.own_order(state, job)
    elif ready.policy.order == "shortest":
        own = int(ready.jobs.work[job])
    elif ready.policy.order == "fair":
        tenant = state.tenant[job]
        own = state.held[tenant] // int(ready.weight[tenant])
    return -state.priority[job], own, job


def _may(state: State, job: int) -> bool:
    """Return whether a job's tenant stays below what it may hold at most."""
    tenant = state.tenant[job]
    asked = state.devices[job] * state.share[job]
    return bool(state.held[tenant] + asked <= int(state.ready.cap[tenant]) * WHOLE)


def _first(state: State) -> int | None:
    """Return the job whose turn it is."""
    return min((job for job in state.waiting if _may(state, job)), key=lambda job: key(state, job), default=None)


def _start(state: State, job: int, now: int) -> bool:
    """Start a job in the first pool that has a place, if any; return whether one had. Under fgd, the least fragmented first."""
    pools = range(len(state.ready.size))
    if state.ready.policy.placement == "fgd" and len(pools) > 1:
        return any(
            _start_in(state, job, pool, now) for pool in sorted(pools, key=lambda pool: (_growth(state, job, pool), pool))
        )
    return any(_start_in(state, job, pool, now) for pool in pools)


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
    order = sorted((job for job in state.waiting if job != head), key=lambda job: key(state, job))
    order = [job for job in order if key(state, job) > key(state, head)][: state.ready.policy.depth]
    pool, shadow, extra = _reserved(state, head)
    for job in order:
        if not _may(state, job):
            continue
        late = now + -(-state.left[job] >> SHIFT) > shadow
        for other in range(len(state.ready.size)):
            count = int(state.ready.wanted[other, job])
            if other == pool and late and count > extra:
                continue
            if _start_in(state, job, other, now):
                extra -= count if other == pool and late else 0
                break


def _reserved(state: State, head: int) -> tuple[int, int, int]:
    """Return (pool, time, nodes to spare then) of the earliest release after which enough nodes fit the first job.

    It counts nodes, not which: where a placement wants them together, the time may be too early.
    """
    found = (-1, NEVER, 0)
    for pool in range(len(state.ready.size)):
        if state.ready.wanted[pool, head]:
            time, extra = _release(state, head, pool)
            found = (pool, time, extra) if time < found[1] or found[0] < 0 else found
    return found


def _release(state: State, head: int, pool: int) -> tuple[int, int]:
    ready = state.ready
    count, each, share = int(ready.wanted[pool, head]), int(ready.each[pool, head]), state.share[head]
    fitting, beside = len(state.fitting(pool, head)), state.beside
    room: dict[int, int] = {}
    freed: dict[int, list[int]] = {}
    for run in sorted((run for run in state.going.values() if run.pool == pool), key=lambda run: (run.end, run.job)):
        for node in run.nodes:
            before = room.get(node, state.room(node))
            room[node] = before + run.each * state.share[run.job]
            if beside is None:
                fitting += before < each * share <= room[node]
                continue
            had = freed.get(node, beside[node])
            freed[node] = list(map(add, had, state.asks(pool, run.job)))
            asked = state.asks(pool, head)
            fits = room[node] >= each * share and covers(freed[node], asked)
            fitting += fits and not (before >= each * share and covers(had, asked))
        if fitting >= count:
            return run.end, fitting - count
    return NEVER, 0


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
                state.waiting.append(victim)
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

"""One pass over the queue in numba: the rules of plain_queue without preemption, and what can be skipped. It knows no links.

Skipped, exactly: when nothing started, ended, failed or came back since the last whole pass, only jobs that have just arrived
can start; those that waited then had no place, or were too late or too large for the time kept, and still are.
"""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.ends import earlier
from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import (
    ARRIVED,
    BLOCKED,
    CAPPED,
    COUNT,
    DEPTH,
    DEVICES,
    DIRTY,
    EACH,
    EASY,
    END,
    EXTRA,
    FAIR,
    FIRST,
    HEAD,
    HEAP,
    IN,
    LEFT_OVER,
    ORDER,
    POOL,
    PRIORITY,
    RANK,
    SHADOW,
    TAIL,
    TENANT,
)  # fmt: skip
from fabric.fleet.compiled.rooms import fitting
from fabric.fleet.compiled.start import start_in
from fabric.fleet.ready import NEVER

SHIFT = 18
UNKNOWN = -1
"""The time kept for the first in the queue, while it is not worked out."""


@inner
def enqueue(line, job):  # type: ignore[no-untyped-def]
    """Put a job into the queue by its rank."""
    state, queue, jobs = line.state, line.queue, line.jobs
    if state[TAIL] == len(queue):
        count = state[TAIL] - state[HEAD]
        for place in range(count):
            queue[place] = queue[state[HEAD] + place]
        state[HEAD], state[TAIL] = 0, count
    low, high, rank = state[HEAD], state[TAIL], jobs[job, RANK]
    if low == high or jobs[queue[high - 1], RANK] < rank:
        low = high
    while low < high:
        middle = (low + high) >> 1
        if jobs[queue[middle], RANK] < rank:
            low = middle + 1
        else:
            high = middle
    for place in range(state[TAIL], low, -1):
        queue[place] = queue[place - 1]
    queue[low] = job
    state[TAIL] += 1


@inner
def take_out(line, place):  # type: ignore[no-untyped-def]
    """Take a job out of the queue."""
    state, queue = line.state, line.queue
    if place - state[HEAD] < state[TAIL] - place:
        for at in range(place, state[HEAD], -1):
            queue[at] = queue[at - 1]
        state[HEAD] += 1
        return
    for at in range(place, state[TAIL] - 1):
        queue[at] = queue[at + 1]
    state[TAIL] -= 1


@inner
def may(question, line, job):  # type: ignore[no-untyped-def]
    """Return whether a job's tenant stays below what it may hold at most."""
    if not question.rule[CAPPED]:
        return True
    tenant = line.jobs[job, TENANT]
    return line.held[tenant] + line.jobs[job, DEVICES] * 1000 <= question.cap[tenant]


@inner
def key(question, line, job):  # type: ignore[no-untyped-def]
    """Return by what share of its weight the job's tenant holds devices, under `fair`; 0 else."""
    if question.rule[ORDER] != FAIR:
        return 0
    tenant = line.jobs[job, TENANT]
    return line.held[tenant] // question.weight[tenant]


@inner
def first(question, line):  # type: ignore[no-untyped-def]
    """Return the place in the queue of the job whose turn it is, -1 for none."""
    found, best = -1, np.int64(0)
    for place in range(line.state[HEAD], line.state[TAIL]):
        job = line.queue[place]
        if not may(question, line, job):
            continue
        if question.rule[ORDER] != FAIR:
            return place
        if found >= 0 and line.jobs[job, PRIORITY] < line.jobs[line.queue[found], PRIORITY]:
            break
        own = key(question, line, job)
        if found < 0 or own < best:
            found, best = place, own
    return found


@inner
def start(question, rooms, net, line, job, now):  # type: ignore[no-untyped-def]
    """Start a job in the first pool that has a place, if any."""
    for pool in range(len(question.size)):  # noqa: SIM110  # numba knows no generators
        if start_in(question, rooms, net, line, job, pool, now):
            return True
    return False


@inner
def serve(question, rooms, net, line, now, arrived):  # type: ignore[no-untyped-def]
    """Start what the policy lets start now; arrived: the first job that came at this instant."""
    state = line.state
    if state[HEAD] == state[TAIL]:
        state[DIRTY], state[BLOCKED] = 0, -1
        return
    head = first(question, line)
    same = not state[DIRTY] and head >= 0 and state[BLOCKED] == line.queue[head]
    if not same:
        while head >= 0:
            job = line.queue[head]
            if not start(question, rooms, net, line, job, now):
                break
            take_out(line, head)
            head = first(question, line)
        state[DIRTY] = 0
    state[BLOCKED] = line.queue[head] if head >= 0 else -1
    if head < 0 or not question.rule[EASY]:
        return
    if not same:
        state[SHADOW] = UNKNOWN
    if question.rule[ORDER] == FAIR:
        _fill_in_fairly(question, rooms, net, line, head, now, arrived if same else -1)
    else:
        _fill_in(question, rooms, net, line, head, now, arrived if same else -1)


@inner
def _fill_in(question, rooms, net, line, head, now, since):  # type: ignore[no-untyped-def]
    """Backfill by rank; since: the first job that is looked at again, -1 for all."""
    state = line.state
    place, looked = head + 1, 0
    while place < state[TAIL] and looked < question.rule[DEPTH]:
        job = line.queue[place]
        looked += 1
        if (since < 0 or job >= since) and _has_room(question, rooms, job) and may(question, line, job):
            before = state[HEAD]
            if _backfill(question, rooms, net, line, job, now):
                take_out(line, place)
                place += 1 if state[HEAD] > before else 0
                continue
        place += 1


@inner
def _fill_in_fairly(question, rooms, net, line, head, now, since):  # type: ignore[no-untyped-def]
    """Backfill by (priority, what the tenant holds, arrival), as it stood when the first job did not fit; since: as above."""
    state, new = line.state, since < 0
    for job in range(max(since, 0), state[ARRIVED] if since >= 0 else 0):
        new = new or _has_room(question, rooms, job)
    for at in range(_in_turn(question, line, head) if new else 0):
        job = line.waiting[at]
        if (since < 0 or job >= since) and _has_room(question, rooms, job) and may(question, line, job):
            if not _backfill(question, rooms, net, line, job, now):
                continue
            for place in range(state[HEAD], state[TAIL]):
                if line.queue[place] == job:
                    take_out(line, place)
                    break


@inner
def _in_turn(question, line, head):  # type: ignore[no-untyped-def]
    """Set line.waiting to the jobs that come after the first one, as many as are looked at; return how many."""
    jobs, state, found, held = line.jobs, line.state, line.waiting, line.asked
    blocked, most, count = line.queue[head], question.rule[DEPTH], np.int64(0)
    its = key(question, line, blocked)
    for place in range(state[HEAD], state[TAIL]):
        job = line.queue[place]
        own = key(question, line, job)
        full = count == most
        if not _before(jobs, blocked, its, job, own) or (full and _before(jobs, found[count - 1], held[count - 1], job, own)):
            continue
        at = count - 1 if full else count
        count = at + 1
        while at and _before(jobs, job, own, found[at - 1], held[at - 1]):
            found[at], held[at] = found[at - 1], held[at - 1]
            at -= 1
        found[at], held[at] = job, own
    return count


@inner
def _before(jobs, a, its, b, own):  # type: ignore[no-untyped-def]
    """Return whether waiting job a, whose tenant holds so much, comes before b."""
    one, other = jobs[a, PRIORITY], jobs[b, PRIORITY]
    if one != other:
        return one > other
    if its != own:
        return its < own
    return a < b


@inner
def _has_room(question, rooms, job):  # type: ignore[no-untyped-def]
    """Return whether some pool has as many nodes that fit as a job wants: a look that most jobs do not pass."""
    for pool in range(len(question.size)):
        count = question.wanted[pool, job]
        if count and fitting(rooms, pool, np.int64(question.each[pool, job])) >= count:
            return True
    return False


@inner
def _backfill(question, rooms, net, line, job, now):  # type: ignore[no-untyped-def]
    """Start a later job where it does not delay the first one; return whether it starts.

    The time kept for the first one is worked out when a job is there that has room: most passes find none.
    """
    state = line.state
    for pool in range(len(question.size)):
        count = question.wanted[pool, job]
        if count == 0 or fitting(rooms, pool, np.int64(question.each[pool, job])) < count:
            continue
        if state[SHADOW] == UNKNOWN:
            _reserve(question, rooms, line, state[BLOCKED])
        late = now + -(-line.jobs[job, LEFT_OVER] >> SHIFT) > state[SHADOW]
        kept = pool == state[IN] and late
        if kept and count > state[EXTRA]:
            continue
        if start_in(question, rooms, net, line, job, pool, now):
            state[EXTRA] -= count if kept else 0
            state[DIRTY] = 1
            return True
    return False


@inner
def _reserve(question, rooms, line, job):  # type: ignore[no-untyped-def]
    """Set the pool, the time and the nodes to spare of the earliest release after which enough nodes fit the job."""
    state = line.state
    state[IN], state[SHADOW], state[EXTRA] = -1, NEVER, 0
    for pool in range(len(question.size)):
        if question.wanted[pool, job]:
            time, extra = _release(question, rooms, line, job, pool)
            if time < state[SHADOW] or state[IN] < 0:
                state[IN], state[SHADOW], state[EXTRA] = pool, time, extra


@inner
def _release(question, rooms, line, job, pool):  # type: ignore[no-untyped-def]
    """Return the time of the release, and the nodes to spare then. Ends come off the heap in order without changing it."""
    slots, walk, state = line.slots, line.walk, line.state
    count, each = np.int64(question.wanted[pool, job]), np.int64(question.each[pool, job])
    fits, waiting, time, changed = fitting(rooms, pool, each), 0, np.int64(NEVER), 0
    if state[HEAP]:
        walk[0], waiting = 0, 1
    while waiting:
        place, waiting = _pop(line.heap, walk, waiting)
        slot = line.heap[place, 2]
        for child in (2 * place + 1, 2 * place + 2):
            if child < state[HEAP]:
                waiting = _push(line.heap, walk, waiting, child)
        if slots[slot, POOL] != pool:
            continue
        for at in range(slots[slot, COUNT]):
            node = line.nodes[slots[slot, FIRST] + at]
            if rooms.stamp[node] == 0:
                rooms.stamp[node] = 1
                rooms.released[node] = rooms.free[node]
                rooms.best[changed] = node
                changed += 1
            before = rooms.released[node]
            rooms.released[node] = before + slots[slot, EACH]
            fits += 1 if before < each <= rooms.released[node] else 0
        if fits >= count:
            time = slots[slot, END]
            break
    for at in range(changed):
        rooms.stamp[rooms.best[at]] = 0
    return time, (fits - count if time < NEVER else 0)


@inner
def _push(heap, walk, count, place):  # type: ignore[no-untyped-def]
    at = count
    while at and earlier(heap, place, walk[(at - 1) >> 1]):
        walk[at] = walk[(at - 1) >> 1]
        at = (at - 1) >> 1
    walk[at] = place
    return count + 1


@inner
def _pop(heap, walk, count):  # type: ignore[no-untyped-def]
    """Take the earliest off the walk; return it and how many are left."""
    top = walk[0]
    count -= 1
    place, at = walk[count], 0
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and earlier(heap, walk[child + 1], walk[child]):
            child += 1
        if not earlier(heap, walk[child], place):
            break
        walk[at] = walk[child]
        at = child
    walk[at] = place
    return top, count

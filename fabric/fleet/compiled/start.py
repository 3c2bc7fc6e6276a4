"""Starts and stops of jobs in numba: rooms, links, the heap of ends and the row of the run. It decides nothing."""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.ends import drop, put
from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import (
    ALONE,
    AT,
    BEFORE,
    COMM,
    COUNT,
    DIRTY,
    EACH,
    END,
    FIRST,
    JOB,
    KEPT,
    LEFT,
    LEFT_OVER,
    LINKED,
    MARK,
    NODES,
    POOL,
    R_ALONE,
    R_BEFORE,
    R_DONE,
    R_EACH,
    R_END,
    R_FIRST,
    R_JOB,
    R_KEPT,
    R_START,
    R_WHY,
    RUN,
    RUNS,
    SILENT,
    SINCE,
    SLOTS,
    SPAN,
    SPEED,
    START,
    TENANT,
    WHOLE_WORK,
)  # fmt: skip
from fabric.fleet.compiled.places import place
from fabric.fleet.compiled.rooms import set_room
from fabric.fleet.compiled.sharing import join, leave
from fabric.fleet.outcome import ENDED, FULL, RUNNING
from fabric.fleet.ready import NEVER

SHIFT = 18


@inner
def start_in(question, rooms, net, line, job, pool, now):  # type: ignore[no-untyped-def]
    """Start a job in a pool if there is a place; return whether there is."""
    state, slots, jobs, runs, nodes = line.state, line.slots, line.jobs, line.runs, line.nodes
    at = state[NODES]
    silent = jobs[job, SILENT]
    count = place(question, rooms, net, line, pool, job)
    if count == 0:
        return False
    each = np.int64(question.each[pool, job])
    for number in range(at, at + count):
        set_room(question, rooms, nodes[number], rooms.free[nodes[number]] - each)
    state[SLOTS] -= 1
    slot, run = line.spare[state[SLOTS]], state[RUNS]
    state[RUNS] += 1
    state[NODES] += count
    left = jobs[job, LEFT_OVER]
    slots[slot, JOB], slots[slot, POOL], slots[slot, COUNT], slots[slot, EACH] = job, pool, count, each
    slots[slot, START], slots[slot, SINCE], slots[slot, LEFT], slots[slot, WHOLE_WORK] = now, now, left, left
    slots[slot, SPEED], slots[slot, ALONE], slots[slot, BEFORE], slots[slot, END] = FULL, FULL, 0, NEVER
    slots[slot, RUN], slots[slot, FIRST], slots[slot, SPAN], slots[slot, AT] = run, at, -1, -1
    slots[slot, COMM] = silent
    line.held[jobs[job, TENANT]] += count * each * 1000
    runs[run, R_JOB], runs[run, R_START], runs[run, R_FIRST], runs[run, R_EACH] = job, now, at, each
    if count > 1 and question.rule[LINKED] and join(question, rooms, net, line, slot, pool, each, count):
        slots[slot, SPEED] = 0
    else:
        slots[slot, END] = now + (-(-left >> SHIFT))
        put(slots, line.heap, state, slot)
    return True


@inner
def over(question, rooms, net, line, slot, now, why):  # type: ignore[no-untyped-def]
    """Take a job off its nodes and write its run; one that is stopped keeps its work up to the last checkpoint."""
    state, slots, jobs, runs, nodes = line.state, line.slots, line.jobs, line.runs, line.nodes
    job, count, each, run = slots[slot, JOB], slots[slot, COUNT], slots[slot, EACH], slots[slot, RUN]
    for number in range(slots[slot, FIRST], slots[slot, FIRST] + count):
        set_room(question, rooms, nodes[number], rooms.free[nodes[number]] + each)
    line.held[jobs[job, TENANT]] -= count * each * 1000
    drop(slots, line.heap, state, slot)
    leave(net, line, slot)
    left = 0 if why == ENDED else max(slots[slot, LEFT] - slots[slot, SPEED] * (now - slots[slot, SINCE]), 0)
    done = slots[slot, WHOLE_WORK] - left
    kept = done
    if why not in (ENDED, RUNNING):
        mark, total = jobs[job, MARK], jobs[job, KEPT] + done
        safe = ((total >> SHIFT) // mark * mark) << SHIFT if mark else 0
        kept = safe - jobs[job, KEPT]
        jobs[job, KEPT] = safe
        jobs[job, LEFT_OVER] = slots[slot, WHOLE_WORK] - kept
    runs[run, R_END], runs[run, R_WHY], runs[run, R_ALONE], runs[run, R_DONE] = now, why, slots[slot, ALONE], done
    runs[run, R_BEFORE], runs[run, R_KEPT] = slots[slot, BEFORE], kept
    slots[slot, JOB] = -1
    line.spare[state[SLOTS]] = slot
    state[SLOTS] += 1
    state[DIRTY] = 1

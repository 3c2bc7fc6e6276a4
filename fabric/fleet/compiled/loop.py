"""The loop over instants in numba, as in the plain engine. It stops where its arrays would not hold the next runs."""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.inner import inner, outer
from fabric.fleet.compiled.layout import (
    ARRIVED,
    BEFORE,
    BEGIN,
    CHANGED,
    COUNT,
    DIRTY,
    DONE,
    FINISH,
    FIRST,
    HEAD,
    HEAP,
    JOB,
    LEFT,
    MARKED,
    NODES,
    RUNS,
    SINCE,
    SLOTS,
    SPEED,
    SUBMIT,
    TAIL,
    WHOLE_WORK,
)  # fmt: skip
from fabric.fleet.compiled.queue import enqueue, serve
from fabric.fleet.compiled.reference import reference
from fabric.fleet.compiled.rooms import open_rooms, set_room
from fabric.fleet.compiled.sharing import settle
from fabric.fleet.compiled.start import over
from fabric.fleet.outcome import ENDED, KILLED, RUNNING
from fabric.fleet.ready import NEVER


@outer
def advance(question, rooms, net, line, most):  # type: ignore[no-untyped-def]
    """Go on until nothing can happen any more; return False where the arrays for runs must grow first.

    most: how many runs, and nodes of theirs, can start at one instant: as many as there are devices.
    """
    question, rooms, net, line = reference(question), reference(rooms), reference(net), reference(line)
    state, slots, jobs = line.state, line.slots, line.jobs
    open_rooms(question, rooms, state)
    while True:
        if state[RUNS] + most > len(line.runs) or state[NODES] + most > len(line.nodes):
            return False
        now = _next(question, line)
        if not state[MARKED] and now >= question.rule[BEGIN]:
            _mark(question, line)
        if now >= min(question.rule[FINISH], NEVER):
            break
        while state[HEAP] and line.heap[0, 0] == now:
            over(question, rooms, net, line, line.heap[0, 2], now, np.int64(ENDED))
        while state[CHANGED] < len(question.changes) and question.changes[state[CHANGED], 0] <= now:
            change = question.changes[state[CHANGED]]
            _change(question, rooms, net, line, now, change[1], change[2])
            state[CHANGED] += 1
        arrived = state[ARRIVED]
        while state[ARRIVED] < len(jobs) and jobs[state[ARRIVED], SUBMIT] == now:
            enqueue(line, state[ARRIVED])
            state[ARRIVED] += 1
        serve(question, rooms, net, line, now, arrived)
        settle(net, line, now)
    for slot in range(len(slots)):
        if slots[slot, JOB] >= 0:
            over(question, rooms, net, line, slot, question.rule[FINISH], np.int64(RUNNING))
    state[DONE] = 1
    return True


@inner
def _next(question, line):  # type: ignore[no-untyped-def]
    """Return the time of the next end, change or arrival; changes count while a job is there that they may concern."""
    state, now = line.state, np.int64(NEVER)
    if state[HEAP]:
        now = min(now, line.heap[0, 0])
    if state[ARRIVED] < len(line.jobs):
        now = min(now, line.jobs[state[ARRIVED], SUBMIT])
    waits = state[ARRIVED] < len(line.jobs) or state[SLOTS] < len(line.slots) or state[HEAD] < state[TAIL]
    if state[CHANGED] < len(question.changes) and waits:
        now = min(now, question.changes[state[CHANGED], 0])
    return now


@inner
def _mark(question, line):  # type: ignore[no-untyped-def]
    """Note what every running job has done by the window's begin."""
    slots, begin = line.slots, question.rule[BEGIN]
    line.state[MARKED] = 1
    for slot in range(len(slots)):
        if slots[slot, JOB] >= 0:
            left = max(slots[slot, LEFT] - slots[slot, SPEED] * (begin - slots[slot, SINCE]), 0)
            slots[slot, BEFORE] = slots[slot, WHOLE_WORK] - left


@inner
def _change(question, rooms, net, line, now, fails, node):  # type: ignore[no-untyped-def]
    """Bring a node back, or stop what runs on it and take it out; a node that is off stays off."""
    if not question.on[node]:
        return
    line.state[DIRTY] = 1
    if not fails:
        set_room(question, rooms, node, question.size[question.pool[node]])
        return
    slots = line.slots
    for slot in range(len(slots)):
        if slots[slot, JOB] >= 0:
            for at in range(slots[slot, FIRST], slots[slot, FIRST] + slots[slot, COUNT]):
                if line.nodes[at] == node:
                    job = slots[slot, JOB]
                    over(question, rooms, net, line, slot, now, np.int64(KILLED))
                    enqueue(line, job)
                    break
    set_room(question, rooms, node, np.int64(-1))

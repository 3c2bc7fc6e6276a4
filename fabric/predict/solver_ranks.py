"""Compiled simulation of ranks that run programs of messages. It knows no repetition beyond the next step, and no rates.

Import only where it runs: numba is slow to load.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from fabric.network.ways import Flags, Floats, Ints
from fabric.predict.kernels import sink
from fabric.predict.solver_events import TIE, push
from fabric.predict.solver_moving import BLOCK, WORK, join, leave, next_end, solve

FULL = 1e-9
"""A link counts as full from capacity times 1 - this."""
OVER, BUSY, STEPPED = range(3)
HEAP, EVENTS, SLOWER = range(3)


class Ranks(NamedTuple):
    """Messages (arrays over them), ranks and phases of all programs, each numbered through.

    Messages: source, target (ranks), phase, nbytes, delay (seconds before bytes move), sent (repeats done), current (the
    repeat under way), ready (when bytes move, infinite where none waits). Ranks: program, place (phase, -1: not started or
    done), turn (repeat), pending (messages waited for), begin (seconds: the latest end so far), finish. Phases: row (where, less its
    rank 0), repeats, after (the next phase, -1: none), step (its first step in at_step), mask (where its flags begin in on,
    -1: all messages in all repeats), messages (its first). Rows, one per phase and rank: sends and receives, as CSR. Programs:
    base (first rank), slowest (step). at_step: ranks at every step. full: per link, since when it is full (infinite: it is
    not) and for how long it was. key and heap: messages by ready. tally: size of the heap, events, programs whose slowest
    rank went on.
    """

    source: Ints
    target: Ints
    phase: Ints
    nbytes: Floats
    delay: Floats
    sent: Ints
    current: Ints
    ready: Floats
    program: Ints
    place: Ints
    turn: Ints
    pending: Ints
    begin: Floats
    finish: Floats
    row: Ints
    repeats: Ints
    after: Ints
    step: Ints
    mask: Ints
    messages: Ints
    first_send: Ints
    sends: Ints
    first_receive: Ints
    receives: Ints
    base: Ints
    slowest: Ints
    on: Flags
    at_step: Ints
    full: Floats
    key: Floats
    heap: Ints
    tally: Ints
    now: Floats


@njit(cache=True)
def is_on(ranks, m, phase, turn):  # type: ignore[no-untyped-def]
    """Return whether a repeat of a phase has a message."""
    at = ranks.mask[phase]
    if at < 0:
        return True
    return ranks.on[at + turn * (ranks.messages[phase + 1] - ranks.messages[phase]) + m - ranks.messages[phase]]


@njit(cache=True)
def enter(ranks, rank, now):  # type: ignore[no-untyped-def]
    """Let a rank begin the repeat it stands at, and all that follow as long as it has to wait for nothing in them."""
    while ranks.place[rank] >= 0:
        phase, turn = ranks.place[rank], ranks.turn[rank]
        if turn == ranks.repeats[phase]:
            ranks.place[rank], ranks.turn[rank] = ranks.after[phase], 0
            continue
        row, pending = ranks.row[phase] + rank, 0
        for i in range(ranks.first_send[row], ranks.first_send[row + 1]):
            m = ranks.sends[i]
            if is_on(ranks, m, phase, turn):
                ranks.current[m], ranks.ready[m] = turn, now + ranks.delay[m]
                push(ranks.key, ranks.heap, ranks.tally[HEAP], ranks.ready[m], m)
                ranks.tally[HEAP] += 1
                pending += 1
        for i in range(ranks.first_receive[row], ranks.first_receive[row + 1]):
            m = ranks.receives[i]
            if ranks.sent[m] <= turn and is_on(ranks, m, phase, turn):
                pending += 1
        ranks.pending[rank], ranks.begin[rank] = pending, now
        if pending:
            return
        step_on(ranks, rank)
    ranks.finish[rank] = now


@njit(cache=True)
def step_on(ranks, rank):  # type: ignore[no-untyped-def]
    """Let a rank stand at its next repeat."""
    phase, program = ranks.place[rank], ranks.program[rank]
    step = ranks.step[phase] + ranks.turn[rank]
    ranks.at_step[step] -= 1
    ranks.at_step[step + 1] += 1
    ranks.turn[rank] += 1
    while ranks.at_step[ranks.slowest[program]] == 0:
        ranks.slowest[program] += 1
        ranks.tally[SLOWER] += 1


@njit(cache=True)
def arrived(ranks, m, when):  # type: ignore[no-untyped-def]
    """Note that a message is done, and let the ranks go on that waited for nothing else."""
    turn, phase = ranks.current[m], ranks.phase[m]
    ranks.sent[m] = turn + 1
    source, target = ranks.source[m], ranks.target[m]
    waits = ranks.place[target] == phase and ranks.turn[target] == turn
    ranks.pending[source] -= 1
    ranks.begin[source] = max(ranks.begin[source], when)
    if waits:
        ranks.pending[target] -= 1
        ranks.begin[target] = max(ranks.begin[target], when)
    if ranks.pending[source] == 0:
        step_on(ranks, source)
        enter(ranks, source, ranks.begin[source])
    if waits and source != target and ranks.pending[target] == 0:
        step_on(ranks, target)
        enter(ranks, target, ranks.begin[target])


@njit(cache=True)
def note_full(ranks, k, now, full):  # type: ignore[no-untyped-def]
    """Note since when a link is full, or for how long it was."""
    if full and ranks.full[k, 0] == np.inf:
        ranks.full[k, 0] = now
    elif not full and ranks.full[k, 0] < np.inf:
        ranks.full[k, 1] += now - ranks.full[k, 0]
        ranks.full[k, 0] = np.inf


@njit(cache=True)
def advance(state, ranks, work):  # type: ignore[no-untyped-def]
    """Simulate until some program's slowest rank goes on, for about so much work, or until nothing is left to do."""
    goal, web = state.tally[WORK] + work, state.web
    while state.tally[WORK] < goal:
        now = min(ranks.key[0] if ranks.tally[HEAP] else np.inf, next_end(state))
        if now == np.inf:
            return OVER
        until = now * (1 + TIE)
        for block in range(len(state.low)):
            if state.low[block] <= until:
                for m in range(block * BLOCK, min((block + 1) * BLOCK, len(state.end))):
                    if state.end[m] <= until:
                        when = state.end[m]
                        leave(state, m)
                        for e in range(web.first[m], web.first[m + 1]):
                            k = web.links[e]
                            if state.load[k, 0] < web.capacity[k] * (1 - FULL):
                                note_full(ranks, k, now, False)
                        arrived(ranks, m, when)
        while ranks.tally[HEAP] and ranks.key[0] <= until:
            m = ranks.heap[0]
            ranks.tally[HEAP] -= 1
            size = ranks.tally[HEAP]
            ranks.key[0], ranks.heap[0] = ranks.key[size], ranks.heap[size]
            sink(ranks.key, ranks.heap, size, 0)
            when, ranks.ready[m] = ranks.ready[m], np.inf
            if ranks.nbytes[m] > 0 and web.first[m + 1] > web.first[m]:
                join(state, m, ranks.nbytes[m], now)
            else:
                arrived(ranks, m, when)
        links = solve(state, now)
        for k in state.queue[:links]:
            note_full(ranks, k, now, state.load[k, 0] >= web.capacity[k] * (1 - FULL))
        ranks.now[0] = now
        ranks.tally[EVENTS] += 1
        if ranks.tally[SLOWER]:
            ranks.tally[SLOWER] = 0
            return STEPPED
    return BUSY

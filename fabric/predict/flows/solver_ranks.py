"""Compiled simulation of ranks that run programs of messages. It knows no repetition beyond the next step, and no rates.

Import only where it runs: numba is slow to load.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fabric.network.routing.ways import Flags, Floats, Ints
from fabric.predict.flows.compiled import compiled
from fabric.predict.flows.kernels import sink
from fabric.predict.flows.network import FULL
from fabric.predict.flows.solver_events import TIE, push
from fabric.predict.flows.solver_moving import join, leave, next_end, solve
from fabric.predict.flows.solver_state import BLOCK, WORK

OVER, BUSY, STEPPED, PAUSED = range(4)
HEAP, EVENTS, SLOWER = range(3)


class Messages(NamedTuple):
    """Messages of all phases, numbered through.

    source, target: ranks. delay: seconds before bytes move. sent: repeats done. current: the repeat under way. ready: when
    bytes move, infinite where none waits.
    """

    source: Ints
    target: Ints
    phase: Ints
    nbytes: Floats
    delay: Floats
    sent: Ints
    current: Ints
    ready: Floats


class Standing(NamedTuple):
    """Where the ranks of all programs stand, numbered through.

    place: phase, -1: not started or done. turn: repeat. pending: messages waited for. begin: the latest end so far, in seconds.
    """

    program: Ints
    place: Ints
    turn: Ints
    pending: Ints
    begin: Floats
    finish: Floats


class Plan(NamedTuple):
    """Phases of all programs, numbered through.

    row: a phase's row of its rank 0, less the number of that rank. after: the next phase, -1: none. step: its first step in
    at_step. message: its first message, and one more entry. mask: where its flags begin in on, -1: all messages in all
    repeats. Rows, one per phase and rank: row r sends sends[first_send[r]:first_send[r + 1]]; receives alike.
    """

    row: Ints
    repeats: Ints
    after: Ints
    step: Ints
    message: Ints
    mask: Ints
    on: Flags
    first_send: Ints
    sends: Ints
    first_receive: Ints
    receives: Ints


class Ranks(NamedTuple):
    """All of a simulation but the rates.

    base: every program's first rank, and one more entry. first: every program's first phase, -1: none. slowest: the step of
    every program's slowest rank. at_step: ranks at every step. full: per link, since when it is full (infinite: it is not)
    and for how long it was. key and heap: messages by ready. tally: size of the heap, events, programs whose slowest rank
    went on. now: seconds.
    """

    messages: Messages
    standing: Standing
    plan: Plan
    base: Ints
    first: Ints
    slowest: Ints
    at_step: Ints
    full: Floats
    key: Floats
    heap: Ints
    tally: Ints
    now: Floats


@compiled()
def is_on(plan, m, phase, turn):  # type: ignore[no-untyped-def]
    """Return whether a repeat of a phase has a message."""
    at, first = plan.mask[phase], plan.message[phase]
    return at < 0 or plan.on[at + turn * (plan.message[phase + 1] - first) + m - first]


@compiled()
def enter_program(ranks, program, start):  # type: ignore[no-untyped-def]
    """Let the ranks of a program begin."""
    for rank in range(ranks.base[program], ranks.base[program + 1]):
        ranks.standing.place[rank] = ranks.first[program]
        enter(ranks, rank, start)


@compiled()
def enter(ranks, rank, now):  # type: ignore[no-untyped-def]
    """Let a rank begin the repeat it stands at, and all that follow as long as it has to wait for nothing in them."""
    standing, plan = ranks.standing, ranks.plan
    while standing.place[rank] >= 0:
        phase, turn = standing.place[rank], standing.turn[rank]
        if turn == plan.repeats[phase]:
            standing.place[rank], standing.turn[rank] = plan.after[phase], 0
            continue
        pending = _send(ranks, rank, phase, turn, now) + _to_receive(ranks, rank, phase, turn)
        standing.pending[rank], standing.begin[rank] = pending, now
        if pending:
            return
        step_on(ranks, rank)
    standing.finish[rank] = now


@compiled()
def _send(ranks, rank, phase, turn, now):  # type: ignore[no-untyped-def]
    """Let a rank send what a repeat has; return how many messages."""
    plan, messages, sent = ranks.plan, ranks.messages, 0
    row = plan.row[phase] + rank
    for i in range(plan.first_send[row], plan.first_send[row + 1]):
        m = plan.sends[i]
        if is_on(plan, m, phase, turn):
            messages.current[m], messages.ready[m] = turn, now + messages.delay[m]
            push(ranks.key, ranks.heap, ranks.tally[HEAP], messages.ready[m], m)
            ranks.tally[HEAP] += 1
            sent += 1
    return sent


@compiled()
def _to_receive(ranks, rank, phase, turn):  # type: ignore[no-untyped-def]
    """Return how many messages of a repeat a rank still has to receive."""
    plan, missing = ranks.plan, 0
    row = plan.row[phase] + rank
    for i in range(plan.first_receive[row], plan.first_receive[row + 1]):
        m = plan.receives[i]
        if ranks.messages.sent[m] <= turn and is_on(plan, m, phase, turn):
            missing += 1
    return missing


@compiled()
def step_on(ranks, rank):  # type: ignore[no-untyped-def]
    """Let a rank stand at its next repeat."""
    standing = ranks.standing
    program = standing.program[rank]
    step = ranks.plan.step[standing.place[rank]] + standing.turn[rank]
    ranks.at_step[step] -= 1
    ranks.at_step[step + 1] += 1
    standing.turn[rank] += 1
    while ranks.at_step[ranks.slowest[program]] == 0:
        ranks.slowest[program] += 1
        ranks.tally[SLOWER] += 1


@compiled()
def arrived(ranks, m, when):  # type: ignore[no-untyped-def]
    """Note that a message is done, and let the ranks go on that waited for nothing else."""
    messages, standing = ranks.messages, ranks.standing
    turn, phase = messages.current[m], messages.phase[m]
    messages.sent[m] = turn + 1
    source, target = messages.source[m], messages.target[m]
    waits = standing.place[target] == phase and standing.turn[target] == turn
    standing.pending[source] -= 1
    standing.begin[source] = max(standing.begin[source], when)
    if waits:
        standing.pending[target] -= 1
        standing.begin[target] = max(standing.begin[target], when)
    if standing.pending[source] == 0:
        step_on(ranks, source)
        enter(ranks, source, standing.begin[source])
    if waits and source != target and standing.pending[target] == 0:
        step_on(ranks, target)
        enter(ranks, target, standing.begin[target])


@compiled()
def note_full(ranks, state, k, now):  # type: ignore[no-untyped-def]
    """Note since when a link is full, or for how long it was."""
    full = state.load[k, 0] >= state.web.capacity[k] * (1 - FULL)
    if full and ranks.full[k, 0] == np.inf:
        ranks.full[k, 0] = now
    elif not full and ranks.full[k, 0] < np.inf:
        ranks.full[k, 1] += now - ranks.full[k, 0]
        ranks.full[k, 0] = np.inf


@compiled()
def end_until(state, ranks, now, until):  # type: ignore[no-untyped-def]
    """Let the messages end that do so by then."""
    web = state.web
    for block in range(len(state.low)):
        if state.low[block] <= until:
            for m in range(block * BLOCK, min((block + 1) * BLOCK, len(state.end))):
                if state.end[m] <= until:
                    when = state.end[m]
                    leave(state, m)
                    for e in range(web.first[m], web.first[m + 1]):
                        note_full(ranks, state, web.links[e], now)
                    arrived(ranks, m, when)


@compiled()
def move_until(state, ranks, now, until):  # type: ignore[no-untyped-def]
    """Let the bytes of messages move that have waited long enough by then."""
    messages, key, heap, tally, first = ranks.messages, ranks.key, ranks.heap, ranks.tally, state.web.first
    while tally[HEAP] and key[0] <= until:
        m = heap[0]
        tally[HEAP] -= 1
        key[0], heap[0] = key[tally[HEAP]], heap[tally[HEAP]]
        sink(key, heap, tally[HEAP], 0)
        when, messages.ready[m] = messages.ready[m], np.inf
        if messages.nbytes[m] > 0 and first[m + 1] > first[m]:
            join(state, m, messages.nbytes[m], now)
        else:
            arrived(ranks, m, when)


@compiled()
def next_event(state, ranks):  # type: ignore[no-untyped-def]
    """Return when something happens next; infinite where nothing does."""
    soonest = next_end(state)
    return min(soonest, ranks.key[0]) if ranks.tally[HEAP] else soonest


@compiled()
def advance(state, ranks, work, pause):  # type: ignore[no-untyped-def]
    """Simulate until some program's slowest rank goes on, for about so much work, or until nothing happens before pause."""
    goal = state.tally[WORK] + work
    while state.tally[WORK] < goal:
        now = next_event(state, ranks)
        if now >= pause:
            return OVER if pause == np.inf else PAUSED
        until = now * (1 + TIE)
        end_until(state, ranks, now, until)
        move_until(state, ranks, now, until)
        for k in state.queue[: solve(state, now)]:
            note_full(ranks, state, k, now)
        ranks.now[0] = now
        ranks.tally[EVENTS] += 1
        if ranks.tally[SLOWER]:
            ranks.tally[SLOWER] = 0
            return STEPPED
    return BUSY

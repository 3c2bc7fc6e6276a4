"""The reference engine, in plain Python: one instant after the other. Every rule stands here or in what it calls.

At one instant: ends by job, then repairs and failures by node, then arrivals by index, one pass over the queue, new speeds.
"""

from __future__ import annotations

from fabric.fleet.outcome import ENDED, KILLED, RUNNING, Runs
from fabric.fleet.plain_queue import serve
from fabric.fleet.plain_state import State, columns
from fabric.fleet.ready import NEVER, Ready


def run(ready: Ready) -> Runs:
    """Return all runs of the jobs, up to the window's end or until nothing can happen any more."""
    state = State(ready)
    submit, changes = ready.jobs.submit.tolist(), ready.changes.tolist()
    arrived = changed = 0
    marked = False
    while True:
        now = min(
            state.next_end(),
            submit[arrived] if arrived < len(submit) else NEVER,
            changes[changed][0]
            if changed < len(changes) and (arrived < len(submit) or state.going or state.waiting)
            else NEVER,
        )
        if not marked and now >= ready.begin:
            state.mark(ready.begin)
            marked = True
        if now >= min(ready.end, NEVER):
            break
        while state.next_end() == now:
            state.over(state.ends[0][1], now, ENDED)
        while changed < len(changes) and changes[changed][0] <= now:
            _change(state, *changes[changed])
            changed += 1
        while arrived < len(submit) and submit[arrived] == now:
            state.wait(arrived)
            arrived += 1
        serve(state, now)
        state.settle(now)
    for job in sorted(state.going):
        state.over(job, ready.end, RUNNING)
    return columns(state)


def _change(state: State, now: int, fails: int, node: int) -> None:
    """Bring a node back, or stop what runs on it and take it out; a node that is off stays off."""
    if not state.ready.on[node]:
        return
    state.rooms.changed(node)
    if not fails:
        state.free[node] = state.size[node]
        state.full[state.rooms.pool[node]].clear()
        return
    for job in sorted(job for job, run in state.going.items() if node in run.nodes):
        state.over(job, now, KILLED)
        state.wait(job)
    state.free[node] = -1

"""How fast a job would be alone on an empty fleet, packed: what even the best place costs on this network. It runs nothing.

Packed is what `tree` takes there: the lowest group that holds the job, else as few leaves as best fit finds.
"""

from __future__ import annotations

import numpy as np

from fabric.fleet.job import WHOLE, Longs
from fabric.fleet.outcome import FULL, Runs
from fabric.fleet.plain_links import speed
from fabric.fleet.plain_place import packed
from fabric.fleet.plain_state import State
from fabric.fleet.ready import Ready


def best(ready: Ready, runs: Runs) -> Longs:
    """Return per run the speed of FULL that its job would have alone, packed, in the same pool of an empty fleet."""
    found = np.full(len(runs.job), FULL, np.int64)
    slowed = np.flatnonzero(runs.alone < FULL)
    if ready.links is None or not len(slowed):
        return found
    state = State(ready._replace(jobs=ready.jobs.take(np.arange(1)), wanted=ready.wanted[:, :1], each=ready.each[:, :1]))
    share = ready.jobs.columns()["communication"]
    pool = np.searchsorted(ready.pool_first, runs.nodes[runs.first[slowed]], side="right") - 1
    known: dict[tuple[int, ...], int] = {}
    for run, where in zip(slowed.tolist(), pool.tolist(), strict=True):
        job, each = int(runs.job[run]), int(runs.each[run])
        key = (where, int(runs.first[run + 1] - runs.first[run]), each, int(share[job]))
        if key not in known:
            known[key] = _packed_speed(ready, state, *key)
        found[run] = known[key]
    return found


def _packed_speed(ready: Ready, state: State, pool: int, count: int, each: int, share: int) -> int:
    if state.links is None:
        return FULL
    nodes = packed(state, state.fitting(pool, each, WHOLE), count)
    return speed(state.links.alone(state.links.loads_of(nodes, each, int(ready.size[pool]), share)), share)

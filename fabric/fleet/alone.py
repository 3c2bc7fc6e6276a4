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

NODES, DEVICES, SHARE = 24, 16, 10
"""Bits of a key for nodes, devices on each and communication share; its pool stands above."""


def best(ready: Ready, runs: Runs) -> Longs:
    """Return per run the speed of FULL that its job would have alone, packed, in the same pool of an empty fleet."""
    found = np.full(len(runs.job), FULL, np.int64)
    slowed = np.flatnonzero(runs.alone < FULL)
    if ready.links is None or not len(slowed):
        return found
    first = ready._replace(jobs=ready.jobs.take(np.arange(1)), wanted=ready.wanted[:, :1], each=ready.each[:, :1])
    state = State(first._replace(beside=None))  # a pool's empty nodes hold whatever runs there
    share = ready.jobs.columns()["communication"]
    pool = np.searchsorted(ready.pool_first, runs.nodes[runs.first[slowed]], side="right") - 1
    count, each = np.diff(runs.first)[slowed], runs.each[slowed].astype(np.int64)
    keys = (((pool << NODES) + count << DEVICES) + each << SHARE) + share[runs.job[slowed]].astype(np.int64)
    kinds, kind = np.unique(keys, return_inverse=True)
    speeds = [_packed_speed(ready, state, *_parts(key)) for key in kinds.tolist()]
    found[slowed] = np.array(speeds, np.int64)[kind]
    return found


def _parts(key: int) -> tuple[int, int, int, int]:
    """Return pool, nodes, devices on each and communication share of a key."""
    share, key = key & ((1 << SHARE) - 1), key >> SHARE
    each, key = key & ((1 << DEVICES) - 1), key >> DEVICES
    return key >> NODES, key & ((1 << NODES) - 1), each, share


def _packed_speed(ready: Ready, state: State, pool: int, count: int, each: int, share: int) -> int:
    if state.links is None:
        return FULL
    nodes = packed(state, state.rooms.fitting(pool, (each, WHOLE, ())), count)
    return speed(state.links.alone(state.links.loads_of(nodes, each, int(ready.size[pool]), share)), share)

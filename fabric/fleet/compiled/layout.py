"""The arrays that kernels share, by name, and the columns of the two-dimensional ones. It computes nothing.

Rows of jobs and slots lie together in memory: what a kernel reads of one, it reads at once. A slot is a place for a running
job.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.job import Ints, Longs

# Columns of jobs.
SUBMIT, LEFT_OVER, RANK, TENANT, SILENT, MARK, PRIORITY, DEVICES, KEPT, WORK = range(10)
# Columns of slots.
JOB, POOL, COUNT, EACH, START, SINCE, LEFT, WHOLE_WORK, SPEED, ALONE, BEFORE, END, RUN, FIRST, SPAN, AT, COMM = range(17)
# Numbers of state.
(
    HEAD,
    TAIL,
    ARRIVED,
    CHANGED,
    MARKED,
    SLOTS,
    HEAP,
    RUNS,
    NODES,
    DIRTY,
    SPANS,
    TOUCHED,
    FRESH,
    DONE,
    BLOCKED,
    SHADOW,
    EXTRA,
    IN,
    OPEN,
) = range(19)
# Columns of runs.
R_JOB, R_START, R_END, R_FIRST, R_EACH, R_WHY, R_ALONE, R_DONE, R_BEFORE, R_KEPT = range(10)
# Numbers of the question.
BEGIN, FINISH, ORDER, PLACEMENT, EASY, DEPTH, TIER, MEAN, RING, LINKED, CAPPED = range(11)
FIFO, SHORTEST, FAIR = 0, 1, 2
SCATTERED, TREE, BLOCKS, PREFERRED, REQUIRED, AWARE = range(6)


class Question(NamedTuple):
    """What does not change. rule: numbers of the question. wanted, each: (pools, jobs).

    level: (pools, devices + 1), the row of the counts for jobs that want so many devices on each of several nodes, -1 for none.
    ancestor: (tiers, tiers + 1, groups), the group of a wider tier that holds a group, 0 in the last one, which holds all.
    member, leaf_first: nodes by leaf. weight, cap: per tenant, in thousandths of a device.
    """

    rule: Longs
    wanted: Ints
    each: Ints
    size: Longs
    on: NDArray[np.bool_]
    pool: Longs
    pool_first: Longs
    group: Ints
    groups: Longs
    link_first: Longs
    ancestor: Longs
    member: Longs
    leaf_first: Longs
    level: Longs
    level_each: Longs
    level_pool: Longs
    block: NDArray[np.int8]
    weight: Longs
    cap: Longs
    changes: Longs


class Rooms(NamedTuple):
    """What is free. bits[row + f]: the nodes of a pool with f free devices, one bit each; exact: how many these are.

    fits: how many have f or more. counts: per row of `level`, per group of every tier, the nodes with enough free. take, allot,
    mask, best: room to work in.
    """

    free: Longs
    row: Longs
    bits: NDArray[np.uint64]
    exact: Longs
    fits: Longs
    counts: Ints
    take: Longs
    allot: Longs
    mask: NDArray[np.bool_]
    best: Longs
    released: Longs
    stamp: Longs


class Net(NamedTuple):
    """Shared links. load, capacity, level: of a link; over: whether it was asked for more than it carries when last solved.

    Of span s: its slot, its rate, how many links, these in links[s], loads[s], where[s] (its place in each link's list). Spans
    on link l: listed[base[l]:base[l] + length[l]], what each puts there: carried. spare: unused spans. found_spans: those that
    are solved, the fresh ones first; before: their rates so far.
    """

    load: Longs
    capacity: Longs
    level: Longs
    over: NDArray[np.bool_]
    spare: Longs
    slot: Longs
    rate: Longs
    crossed: Longs
    links: Ints
    loads: Longs
    where: Ints
    base: Longs
    length: Longs
    listed: Ints
    carried: Longs
    touched: Longs
    is_touched: NDArray[np.bool_]
    seen_link: NDArray[np.bool_]
    found_links: Longs
    found_spans: Longs
    before: Longs
    room: Longs
    asked: Longs
    heap: Longs


class Line(NamedTuple):
    """Jobs, the queue, what runs, the heap of ends, and the runs and their nodes so far.

    queue[HEAD:TAIL] waits, by rank. spare: unused slots. heap: (end, job, slot). walk, waiting, asked: room to work in, the
    last two under `fair`.
    """

    jobs: Longs
    queue: Ints
    held: Longs
    slots: Longs
    spare: Longs
    heap: Longs
    walk: Longs
    waiting: Ints
    asked: Longs
    state: Longs
    runs: Longs
    nodes: Longs

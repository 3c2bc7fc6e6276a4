"""From a question to the kernels' arrays and back to runs. It decides nothing; importing it imports numba."""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled import layout as at
from fabric.fleet.compiled.layout import Line, Net, Question, Rooms
from fabric.fleet.compiled.loop import advance
from fabric.fleet.job import WHOLE, Longs
from fabric.fleet.outcome import FULL, Runs
from fabric.fleet.ready import NEVER, Ready

ORDERS = {"fifo": at.FIFO, "shortest": at.SHORTEST, "fair": at.FAIR}
PLACEMENTS = {
    "scattered": at.SCATTERED, "tree": at.TREE, "blocks": at.BLOCKS, "preferred": at.PREFERRED, "required": at.REQUIRED,
    "aware": at.AWARE,
}  # fmt: skip
SHIFT = 18


def run(ready: Ready) -> Runs:
    """Return all runs of the jobs, equal to the plain engine's."""
    question = _question(ready)
    rooms = _rooms(ready, question)
    line, net, most = _line(ready), _net(ready, question), max(ready.fleet.devices, 1)
    while not advance(question, rooms, net, line, most):
        more = np.zeros((max(len(line.runs) // 4, most) + 1, 10), np.int64)
        further = np.zeros(max(len(line.nodes) // 4, most) + 1, np.int64)
        line = line._replace(runs=np.concatenate([line.runs, more]), nodes=np.concatenate([line.nodes, further]))
    used, filled = int(line.state[at.RUNS]), int(line.state[at.NODES])
    rows = line.runs[:used]
    return Runs(
        job=rows[:, at.R_JOB].astype(np.int32),
        start=rows[:, at.R_START].copy(),
        end=rows[:, at.R_END].copy(),
        first=np.append(rows[:, at.R_FIRST], filled),
        nodes=line.nodes[:filled].astype(np.int32),
        each=rows[:, at.R_EACH].astype(np.int32),
        why=rows[:, at.R_WHY].astype(np.int8),
        alone=rows[:, at.R_ALONE].copy(),
        done=rows[:, at.R_DONE].copy(),
        before=rows[:, at.R_BEFORE].copy(),
        kept=rows[:, at.R_KEPT].copy(),
    )


def _question(ready: Ready) -> Question:
    policy, links, tree = ready.policy, ready.links, ready.fleet.tree
    rule = np.zeros(11, np.int64)
    rule[at.BEGIN], rule[at.FINISH] = ready.begin, ready.end
    rule[at.ORDER], rule[at.PLACEMENT] = ORDERS[policy.order], PLACEMENTS[policy.placement]
    rule[at.EASY], rule[at.DEPTH], rule[at.TIER] = policy.backfill and policy.depth > 0, policy.depth, ready.tier
    rule[at.LINKED], rule[at.CAPPED] = links is not None, bool((ready.cap < NEVER).any())
    if links is not None:
        rule[at.MEAN], rule[at.RING] = links.load == "mean", links.pattern == "ring"
    level, level_each, level_pool = _levels(ready)
    order = np.argsort(ready.group[0], kind="stable")
    leaves = np.searchsorted(ready.group[0][order], np.arange(len(tree.capacity[0]) + 1))
    return Question(
        rule=rule, wanted=np.ascontiguousarray(ready.wanted), each=np.ascontiguousarray(ready.each),
        size=ready.size.astype(np.int64), on=ready.on,
        pool=ready.fleet.node_pool.astype(np.int64), pool_first=ready.pool_first.astype(np.int64), group=ready.group,
        groups=np.array([len(c) for c in tree.capacity], np.int64), link_first=ready.link_first.astype(np.int64),
        ancestor=_ancestors(ready), member=order.astype(np.int64), leaf_first=leaves.astype(np.int64),
        level=level, level_each=level_each, level_pool=level_pool, block=ready.block,
        weight=ready.weight * WHOLE, cap=np.where(ready.cap < NEVER, ready.cap * WHOLE, NEVER), changes=ready.changes,
    )  # fmt: skip


def _levels(ready: Ready) -> tuple[Longs, Longs, Longs]:
    """Return the row of counts for every (pool, devices on each of several nodes) that a job wants, and what the rows are."""
    level = np.full((len(ready.size), int(ready.size.max()) + 1), -1, np.int64)
    rows: list[tuple[int, int]] = []
    for pool in range(len(ready.size)):
        for each in np.unique(ready.each[pool][ready.wanted[pool] > 1]).tolist():
            level[pool, each] = len(rows)
            rows.append((pool, each))
    return level, np.array([each for _, each in rows], np.int64), np.array([pool for pool, _ in rows], np.int64)


def _ancestors(ready: Ready) -> Longs:
    """Return (tiers, tiers + 1, groups): the group of a wider tier in which a group's first node stands."""
    tiers, widest = len(ready.group), max(len(c) for c in ready.fleet.tree.capacity)
    found = np.zeros((tiers, tiers + 1, widest), np.int64)
    for tier in range(tiers):
        groups, first = np.unique(ready.group[tier], return_index=True)
        for wider in range(tiers):
            found[tier, wider, groups] = ready.group[wider][first]
    return found


def _rooms(ready: Ready, question: Question) -> Rooms:
    nodes, groups = ready.fleet.nodes, int(ready.link_first[-1])
    rows = np.cumsum([0, *(int(size) + 1 for size in ready.size)])
    widest = max(nodes, groups) + 1
    return Rooms(
        free=np.full(nodes, -1, np.int64), row=rows[:-1].astype(np.int64),
        bits=np.zeros((int(rows[-1]), (nodes >> 6) + 1), np.uint64), exact=np.zeros(int(rows[-1]), np.int64),
        fits=np.zeros(int(rows[-1]), np.int64),
        counts=np.zeros((max(len(question.level_each), 1), groups), np.int32),
        take=np.zeros(widest, np.int64), allot=np.zeros(widest, np.int64), mask=np.zeros(widest, np.bool_),
        best=np.zeros(widest, np.int64), released=np.zeros(nodes, np.int64), stamp=np.zeros(nodes, np.int64),
    )  # fmt: skip


def _line(ready: Ready) -> Line:
    columns, count, slots = ready.jobs.columns(), len(ready.jobs), ready.fleet.devices
    jobs = np.zeros((count, 10), np.int64)
    jobs[:, at.SUBMIT], jobs[:, at.LEFT_OVER], jobs[:, at.RANK] = ready.jobs.submit, ready.jobs.work << SHIFT, _ranks(ready)
    jobs[:, at.TENANT], jobs[:, at.SILENT], jobs[:, at.MARK] = (
        columns["tenant"],
        columns["communication"],
        columns["checkpoint"],
    )
    jobs[:, at.PRIORITY], jobs[:, at.DEVICES], jobs[:, at.WORK] = columns["priority"], ready.jobs.devices, ready.jobs.work
    state = np.zeros(19, np.int64)
    state[at.SLOTS], state[at.BLOCKED] = slots, -1
    most = max(slots, 1)
    fair = count if ready.policy.order == "fair" else 1
    empty = np.full((slots, 17), -1, np.int64)
    return Line(
        jobs, np.zeros(count + 1, np.int32), np.zeros(len(ready.weight), np.int64), empty, np.arange(slots)[::-1].copy(),
        np.zeros((slots, 3), np.int64), np.zeros(slots + 1, np.int64), np.zeros(fair, np.int32), np.zeros(fair, np.int64),
        state, np.zeros((count + most + 1, 10), np.int64),
        np.zeros(int(ready.wanted.max(axis=0).sum(dtype=np.int64)) + most + 1, np.int64),
    )  # fmt: skip


def _ranks(ready: Ready) -> Longs:
    """Return every job's place in the queue's order; under `fair` that of priority and arrival alone."""
    own = ready.jobs.work if ready.policy.order == "shortest" else ready.jobs.submit
    order = np.lexsort((np.arange(len(own)), own, -ready.jobs.columns()["priority"].astype(np.int64)))
    ranks = np.empty(len(own), np.int64)
    ranks[order] = np.arange(len(own))
    return ranks


def _net(ready: Ready, question: Question) -> Net:
    linked = ready.links is not None
    links = int(ready.link_first[-1]) if linked else 1
    room = (
        np.concatenate([np.bincount(group, ready.fleet.node_devices) for group in ready.group]).astype(np.int64)
        if linked
        else [1]
    )
    least = [int(question.level_each[question.level_pool == pool].min(initial=1 << 30)) for pool in range(len(ready.size))]
    held = [p.nodes * p.devices // (2 * each) for p, each in zip(ready.fleet.pools, least, strict=True)]
    spans = sum(held) + 1 if linked else 1
    wide = min(links, int(ready.wanted.max(initial=1)) * len(ready.group)) if linked else 1
    zeros = np.zeros
    return Net(
        load=zeros(links, np.int64), capacity=ready.capacity if linked else zeros(1, np.int64),
        level=np.full(links, FULL, np.int64), over=zeros(links, np.bool_),
        spare=np.arange(spans, dtype=np.int64), slot=zeros(spans, np.int64), rate=zeros(spans, np.int64),
        crossed=zeros(spans, np.int64), links=zeros((spans, wide), np.int32),
        loads=zeros((spans, wide), np.int64), where=zeros((spans, wide), np.int32),
        base=np.cumsum(np.concatenate([[0], room]))[:-1].astype(np.int64), length=zeros(links, np.int64),
        listed=zeros(int(np.sum(room)) + 1, np.int32), carried=zeros(int(np.sum(room)) + 1, np.int64),
        touched=zeros(links, np.int64), is_touched=zeros(links, np.bool_),
        seen_link=zeros(links, np.bool_), found_links=zeros(links, np.int64), found_spans=zeros(spans, np.int64),
        before=zeros(spans, np.int64), room=zeros(links, np.int64),
        asked=zeros(links, np.int64), heap=zeros(links + 1, np.int64),
    )  # fmt: skip

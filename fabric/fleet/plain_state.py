"""What is free, what runs and what waits, in plain Python. It decides neither who goes next nor where."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush

import numpy as np

from fabric.fleet.fragments import Fragments, Part
from fabric.fleet.job import WHOLE
from fabric.fleet.outcome import ENDED, FULL, RUNNING, Runs
from fabric.fleet.plain_links import SharedLinks, speed
from fabric.fleet.plain_rooms import Rooms
from fabric.fleet.ready import NEVER, Ready

SHIFT = 18
"""FULL is 2^SHIFT."""


class Going:
    """A job that runs: where, since when, at what speed, and the work left when that was last set (in FULL a microsecond)."""

    __slots__ = ("alone", "before", "each", "end", "job", "left", "nodes", "number", "pool", "since", "speed", "start", "whole")

    def __init__(self, job: int, pool: int, nodes: list[int], each: int, now: int, left: int, number: int) -> None:
        """Start at full speed."""
        self.job, self.pool, self.nodes, self.each, self.number = job, pool, nodes, each, number
        self.start = self.since = now
        self.left = self.whole = left
        self.speed, self.alone, self.before, self.end = FULL, FULL, 0, NEVER

    def left_at(self, now: int) -> int:
        """Return the work left at a time, none at its end (the last microsecond may be used in part)."""
        return max(self.left - self.speed * (now - self.since), 0)


class State:
    """All that changes. free: whole devices of a node, -1 while it is down or off. parts: device -> thousandths free.

    beside: what is free of a node beside devices, processors and MiB; None where they bind nothing. full: per pool the kinds of
    job that have no place there until something is given back.
    """

    def __init__(self, ready: Ready) -> None:
        """Start with everything free and nothing waiting."""
        self.ready = ready
        columns = ready.jobs.columns()
        self.share, self.checkpoint = columns["share"].tolist(), columns["checkpoint"].tolist()
        self.tenant, self.priority = columns["tenant"].tolist(), columns["priority"].tolist()
        self.preemptible, self.devices = columns["preemptible"].tolist(), columns["devices"].tolist()
        self.group = [tier.tolist() for tier in ready.group]
        self.leaf, self.tiers = self.group[0], len(self.group)
        self.size = ready.fleet.node_devices.tolist()
        self.free = [size if on else -1 for size, on in zip(self.size, ready.on.tolist(), strict=True)]
        self.parts: list[dict[int, int]] = [{} for _ in self.free]
        self.of_share: dict[int, int] = {}
        pools = [ready.fleet.pools[pool] for pool in ready.fleet.node_pool.tolist()]
        self.beside = None if ready.beside is None else [[pool.processors, pool.memory] for pool in pools]
        self.links = SharedLinks(ready) if ready.links is not None else None
        self.kind, self.asked = _kinds(ready)
        self.wanted, self.keys = ready.wanted.tolist(), _keys(ready)
        self.fragments = Fragments(self)
        self.rooms = Rooms(self)
        self.full: list[set[int]] = [set() for _ in ready.size]
        self.going: dict[int, Going] = {}
        self.going_in: list[dict[int, Going]] = [{} for _ in ready.size]
        self.on: list[dict[int, Going]] = [{} for _ in self.free]
        self.waiting: list[int] = []
        self.held = [0] * len(ready.weight)
        self.left = [work << SHIFT for work in ready.jobs.work.tolist()]
        self.kept = [0] * len(self.left)
        self.ends: list[tuple[int, int]] = []
        self.runs: list[tuple[Going, int, int, int, int]] = []
        self.started = 0
        self.stale = False

    def fitting(self, pool: int, job: int) -> list[int]:
        """Return the nodes of a pool that have room for a job's part: devices, or a share of one, processors and memory."""
        return list(self.rooms.fitting(pool, self.part(pool, job)))

    def asks(self, pool: int, job: int) -> tuple[int, ...]:
        """Return what a job takes of each of its nodes beside devices, nothing where that binds nothing."""
        return self.part(pool, job)[2]

    def part(self, pool: int, job: int) -> Part:
        """Return what a job takes of each of its nodes: devices, its share of one, and what beside them."""
        return self.asked[pool][self.kind[job]]

    def room(self, node: int) -> int:
        """Return what is free on a node, in thousandths of a device."""
        return self.free[node] * WHOLE + sum(self.parts[node].values())

    def wait(self, job: int) -> None:
        """Put a job into the queue, in its place where jobs keep theirs."""
        if self.keys:
            insort(self.waiting, job, key=self.keys.__getitem__)
        else:
            self.waiting.append(job)

    def begin(self, job: int, pool: int, nodes: list[int], now: int) -> None:
        """Start a job on nodes; its speed on shared links is set by `settle`."""
        run = Going(job, pool, nodes, int(self.ready.each[pool, job]), now, self.left[job], self.started)
        self.started += 1
        self.going[job] = self.going_in[pool][job] = run
        for node in nodes:
            self.on[node][job] = run
        self._take(run)
        self.held[self.tenant[job]] += len(nodes) * run.each * self.share[job]
        if self.links is not None:
            loads = self.links.loads(job, pool, nodes)
            if loads:
                self.links.add(job, loads)
                run.alone = speed(self.links.alone(loads), self.links.communication[job])
                run.speed = 0
                self.stale = True
                return
        self._expect(run, now)

    def over(self, job: int, now: int, why: int) -> None:
        """Take a job off its nodes and note its run; one that is stopped keeps its work up to the last checkpoint."""
        run = self.going.pop(job)
        for runs in (self.going_in[run.pool], *(self.on[node] for node in run.nodes)):
            del runs[job]
        self._give(run)
        self.held[self.tenant[job]] -= len(run.nodes) * run.each * self.share[job]
        if self.links is not None and self.links.remove(job):
            self.stale = True
        left = 0 if why == ENDED else run.left_at(now)
        done = kept = run.whole - left
        if why not in (ENDED, RUNNING):
            mark = self.checkpoint[job]
            total = self.kept[job] + done
            safe = ((total >> SHIFT) // mark * mark) << SHIFT if mark else 0
            kept = safe - self.kept[job]
            self.kept[job], self.left[job] = safe, run.whole - kept
        self.runs.append((run, now, why, done, kept))

    def lend(self, run: Going) -> None:
        """Free a running job's nodes for a trial of what would fit without it."""
        self._give(run)

    def take_back(self, run: Going) -> None:
        """End the trial."""
        self._take(run)

    def settle(self, now: int) -> None:
        """Set the speeds of all jobs on shared links where any of them started or ended."""
        if self.links is None or not self.stale:
            return
        self.stale = False
        for job, rate in self.links.rates().items():
            run, new = self.going[job], speed(rate, self.links.communication[job])
            if new != run.speed:
                run.left, run.since, run.speed = run.left_at(now), now, new
                self._expect(run, now)
                self._changed(run)

    def mark(self, begin: int) -> None:
        """Note what every running job has done by the window's begin."""
        for run in self.going.values():
            run.before = run.whole - run.left_at(begin)

    def next_end(self) -> int:
        """Return when the next job ends at today's speeds."""
        while self.ends:
            end, job = self.ends[0]
            if job in self.going and self.going[job].end == end:
                return end
            heappop(self.ends)
        return NEVER

    def _expect(self, run: Going, now: int) -> None:
        run.end = now + min(-(-run.left // run.speed), NEVER)
        heappush(self.ends, (run.end, run.job))

    def _changed(self, run: Going) -> None:
        """Note that a run's nodes, or when they are free again, have changed."""
        for node in run.nodes:
            self.rooms.changed(node)

    def _move(self, run: Going, sign: int) -> None:
        """Give what a job holds beside devices (sign 1), or take it (-1); its nodes have changed."""
        self._changed(run)
        if self.beside is not None:
            for kind, amount in enumerate(self.asks(run.pool, run.job)):
                for node in run.nodes:
                    self.beside[node][kind] += sign * amount

    def _take(self, run: Going) -> None:
        self._move(run, -1)
        share = self.share[run.job]
        if share == WHOLE:
            for node in run.nodes:
                self.free[node] -= run.each
            return
        node = run.nodes[0]
        enough = [(part, device) for device, part in self.parts[node].items() if part >= share]
        device = min(enough)[1] if enough else self._open(node)
        self.parts[node][device] -= share
        self.of_share[run.job] = device

    def _open(self, node: int) -> int:
        """Return a device of a node that is shared from now on."""
        self.free[node] -= 1
        device = next(number for number in range(self.size[node]) if number not in self.parts[node])
        self.parts[node][device] = WHOLE
        return device

    def _give(self, run: Going) -> None:
        self._move(run, 1)
        self.full[run.pool].clear()
        share = self.share[run.job]
        if share == WHOLE:
            for node in run.nodes:
                self.free[node] += run.each
            return
        node, device = run.nodes[0], self.of_share.pop(run.job)
        self.parts[node][device] += share
        if self.parts[node][device] == WHOLE:
            del self.parts[node][device]
            self.free[node] += 1


def _kinds(ready: Ready) -> tuple[list[int], list[list[Part]]]:
    """Return the kind of every job (jobs of one kind fit alike), and per pool and kind what it takes of each of its nodes."""
    pools, beside = len(ready.size), np.zeros((0, 0), np.int64)
    if ready.beside is not None:
        beside = ready.beside.transpose(1, 0, 2).reshape(-1, len(ready.jobs))
    rows = [ready.each, ready.jobs.columns()["share"][None], *([beside] if len(beside) else []), ready.wanted]
    kinds, kind = np.unique(np.concatenate(rows), axis=1, return_inverse=True)
    each, share, left = kinds[:pools].tolist(), kinds[pools].tolist(), kinds[pools + 1 : -pools].tolist()
    width = len(left) // pools

    def parts(pool: int) -> list[Part]:
        own = list(zip(*left[pool * width : (pool + 1) * width], strict=True)) or [()] * len(share)
        return list(zip(each[pool], share, own, strict=True))

    return kind.reshape(-1).tolist(), [parts(pool) for pool in range(pools)]


def _keys(ready: Ready) -> list[tuple[int, int, int]]:
    """Return per job what the queue is ordered by (priority, the order's own key, arrival); none where that changes."""
    if ready.policy.own_order is not None or ready.policy.order == "fair":
        return []
    count = len(ready.jobs)
    own = ready.jobs.work.tolist() if ready.policy.order == "shortest" else [0] * count
    return list(zip((-ready.jobs.columns()["priority"].astype(np.int64)).tolist(), own, range(count), strict=True))


def columns(state: State) -> Runs:
    """Return the runs noted so far as columns, by the order in which they started."""
    rows = sorted(state.runs, key=lambda row: row[0].number)
    lengths = [len(run.nodes) for run, *_ in rows]
    return Runs(
        job=np.array([run.job for run, *_ in rows], np.int32),
        start=np.array([run.start for run, *_ in rows], np.int64),
        end=np.array([end for _, end, *_ in rows], np.int64),
        first=np.cumsum([0, *lengths]).astype(np.int64),
        nodes=np.array([node for run, *_ in rows for node in run.nodes], np.int32),
        each=np.array([run.each for run, *_ in rows], np.int32),
        why=np.array([why for *_, why, _done, _kept in rows], np.int8),
        alone=np.array([run.alone for run, *_ in rows], np.int64),
        done=np.array([done for *_, done, _kept in rows], np.int64),
        before=np.array([run.before for run, *_ in rows], np.int64),
        kept=np.array([kept for *_, kept in rows], np.int64),
    )

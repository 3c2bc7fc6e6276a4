"""How fragmented a node is for the jobs seen: the statistical measure of fragmentation gradient descent. It places nothing.

Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023: a
node's fragmentation is the expectation over the jobs of what is free there and cannot be given to the job. Here in whole
numbers: thousandths of a device times jobs of the kind. A node of a kind that a job does not take is no use to it, nor is one
whose processors or memory do not suffice, where jobs and nodes state them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import ge, sub
from typing import TYPE_CHECKING

from fabric.fleet.job import WHOLE, Longs

if TYPE_CHECKING:
    from fabric.fleet.plain_state import State

Part = tuple[int, int, tuple[int, ...]]
"""Of a job on one node: devices, thousandths of one, processors and memory (nothing where they bind nothing)."""
COMMONEST = 16
"""Kinds of demand that count, the commonest first."""


class Fragments:
    """The demands by how many jobs of the trace have them, and what is of use to them.

    A demand: devices of one node and what it takes beside them by pool, and its share.
    """

    def __init__(self, state: State) -> None:
        """Count the demands of all jobs."""
        self.state = state
        ready = state.ready
        each = zip(*ready.each.tolist(), strict=True)
        beside = [()] * len(ready.jobs) if ready.beside is None else _rows(ready.beside)
        counted = Counter(zip(each, ready.jobs.columns()["share"].tolist(), beside, strict=True))
        self.demands = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        self.pool = ready.fleet.node_pool.tolist()
        self.useless: dict[tuple[int, int, tuple[int, ...]], list[tuple[int, int, tuple[int, ...]]]] = {}
        self.known: dict[tuple[object, ...], int] = {}
        self.grown: dict[tuple[object, ...], int] = {}

    def growth(self, node: int, part: Part) -> int:
        """Return how much more fragmented a node is once it holds a part of a job."""
        state, pool = self.state, self.pool[node]
        parts, left = state.parts[node], () if state.beside is None else tuple(state.beside[node])
        key = (pool, state.free[node], tuple(sorted(parts.values())) if parts else (), left, part)
        if key not in self.grown:
            self.grown[key] = self.of(*_then(*key)) - self.of(*key[:4])
        return self.grown[key]

    def of(self, pool: int, free: int, parts: tuple[int, ...], left: tuple[int, ...] = ()) -> int:
        """Return the fragmentation of a node of a pool with so many free devices, these parts of others, this left beside."""
        key = (pool, free, parts, left)
        if key not in self.known:
            total = free * WHOLE + sum(parts)
            self.known[key] = sum(
                jobs * (useless if covers(left, beside) else total)
                for jobs, useless, beside in self._by_devices(pool, free, parts)
            )
        return self.known[key]

    def _by_devices(self, pool: int, free: int, parts: tuple[int, ...]) -> list[tuple[int, int, tuple[int, ...]]]:
        """Return per demand: jobs, what is of no use to it as far as devices go, what it takes beside them."""
        key = (pool, free, parts)
        if key not in self.useless:
            self.useless[key] = [
                (jobs, _useless(free, parts, each[pool], share), beside[pool] if beside else ())
                for (each, share, beside), jobs in self.demands
            ]
        return self.useless[key]


def _then(
    pool: int, free: int, parts: tuple[int, ...], left: tuple[int, ...], part: Part
) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
    """Return a node's pool, free devices, parts of others and what is left beside once it holds a part of a job."""
    each, share, asked = part
    left = tuple(map(sub, left, asked))
    if share == WHOLE:
        return pool, free - each, parts, left
    tightest = min((one for one in parts if one >= share), default=0)
    if not tightest:
        return pool, free - 1, tuple(sorted([*parts, WHOLE - share])), left
    rest = list(parts)
    rest.remove(tightest)
    return pool, free, tuple(sorted([*rest, tightest - share])), left


def covers(held: Sequence[int], asked: Sequence[int]) -> bool:
    """Return whether there is as much of everything as is asked for."""
    return all(map(ge, held, asked))


def _rows(beside: Longs) -> list[tuple[tuple[int, ...], ...]]:
    """Return per job what it takes beside devices on a node of every pool."""
    return [tuple(map(tuple, row)) for row in beside.transpose(2, 1, 0).tolist()]


def _useless(free: int, parts: tuple[int, ...], each: int, share: int) -> int:
    """Return thousandths of devices that are free and not to be had for a demand: all of them where it does not fit at all.

    each: 0 where the demand does not take nodes of this kind.
    """
    total = free * WHOLE + sum(parts)
    if not each:
        return total
    if share < WHOLE:
        return sum(part for part in parts if part < share) if free or any(part >= share for part in parts) else total
    return sum(parts) if free >= each else total

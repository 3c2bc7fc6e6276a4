"""How fragmented a node is for the jobs seen: the statistical measure of fragmentation gradient descent. It places nothing.

Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023: a
node's fragmentation is the expectation over the jobs of what is free there and cannot be given to the job. Here in whole
numbers: thousandths of a device times jobs of the kind. A node of a kind that a job does not take is no use to it. Processors
and memory, which the paper counts too, are not known here (benchmarks/openb_fill.py counts them).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fabric.fleet.job import WHOLE

if TYPE_CHECKING:
    from fabric.fleet.plain_state import State

COMMONEST = 16
"""Kinds of demand that count, the commonest first."""


class Fragments:
    """The demands (devices of one node by pool, share) by how many jobs of the trace have them, and what is of use to them."""

    def __init__(self, state: State) -> None:
        """Count the demands of all jobs."""
        self.state = state
        jobs = state.ready.jobs
        each = zip(*state.ready.each.tolist(), strict=True)
        counted = Counter(zip(each, jobs.columns()["share"].tolist(), strict=True))
        self.demands = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        self.pool = state.ready.fleet.node_pool.tolist()
        self.known: dict[tuple[int, int, tuple[int, ...]], int] = {}

    def growth(self, node: int, each: int, share: int) -> int:
        """Return how much more fragmented a node is once it holds `each` more devices (or a share of one)."""
        pool, free, parts = self.pool[node], self.state.free[node], tuple(sorted(self.state.parts[node].values()))
        now = self.of(pool, free, parts)
        if share == WHOLE:
            return self.of(pool, free - each, parts) - now
        tightest = min((part for part in parts if part >= share), default=0)
        if not tightest:
            return self.of(pool, free - 1, tuple(sorted([*parts, WHOLE - share]))) - now
        left = list(parts)
        left.remove(tightest)
        return self.of(pool, free, tuple(sorted([*left, tightest - share]))) - now

    def of(self, pool: int, free: int, parts: tuple[int, ...]) -> int:
        """Return the fragmentation of a node of a pool with so many free devices and these free parts of others."""
        key = (pool, free, parts)
        if key not in self.known:
            self.known[key] = sum(jobs * _useless(free, parts, each[pool], share) for (each, share), jobs in self.demands)
        return self.known[key]


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

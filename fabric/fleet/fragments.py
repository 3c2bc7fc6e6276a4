"""How fragmented a node is for the jobs seen: the statistical measure of fragmentation gradient descent. It places nothing.

Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023: a
node's fragmentation is the expectation over the jobs of what is free there and cannot be given to the job. Here in whole
numbers: thousandths of a device times jobs of the kind.
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
    """The demands (devices of one node, share) by how many jobs of the trace have them, and what nodes hold of use to them."""

    def __init__(self, state: State) -> None:
        """Count the demands of all jobs."""
        self.state = state
        jobs = state.ready.jobs
        each = state.ready.each.max(axis=0)
        counted = Counter(zip(each.tolist(), jobs.columns()["share"].tolist(), strict=True))
        self.demands = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        self.known: dict[tuple[int, tuple[int, ...]], int] = {}

    def growth(self, node: int, each: int, share: int) -> int:
        """Return how much more fragmented a node is once it holds `each` more devices (or a share of one)."""
        free, parts = self.state.free[node], tuple(sorted(self.state.parts[node].values()))
        if share == WHOLE:
            return self.of(free - each, parts) - self.of(free, parts)
        tightest = min((part for part in parts if part >= share), default=0)
        if tightest:
            left = list(parts)
            left.remove(tightest)
            after = self.of(free, tuple(sorted([*left, tightest - share])))
        else:
            after = self.of(free - 1, tuple(sorted([*parts, WHOLE - share])))
        return after - self.of(free, parts)

    def of(self, free: int, parts: tuple[int, ...]) -> int:
        """Return the fragmentation of a node with so many free devices and these free parts of others."""
        key = (free, parts)
        if key not in self.known:
            self.known[key] = sum(jobs * _useless(free, parts, each, share) for (each, share), jobs in self.demands)
        return self.known[key]


def _useless(free: int, parts: tuple[int, ...], each: int, share: int) -> int:
    """Return thousandths of devices that are free and not to be had for a demand: all of them where it does not fit at all."""
    total = free * WHOLE + sum(parts)
    if share < WHOLE:
        return sum(part for part in parts if part < share) if free or any(part >= share for part in parts) else total
    return sum(parts) if free >= each else total

"""An 8-byte all-reduce timed again and again beside the cells, so that each result says how the host was. It judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from fabric.measure.backends.backend import Group, Operation, World
from fabric.measure.cells.plan import Plan
from fabric.measure.host.placement import Placement
from fabric.measure.timing.loop import clock_cost, enough_calls, timed_round
from fabric.records.case import Case
from fabric.statistics import median

NBYTES = 8
SAMPLES, WARMUP = 9, 3
EVERY = 0.05
"""Seconds from one reading to the next: host states last for seconds to minutes, and a visit is to know its own."""
SHARE = 0.04
"""Of the run's time, for readings after the first."""


@dataclass
class Canary:
    """A canary on one group of ranks; every rank of the group makes one and calls it, in the same order.

    calls: of a sample. seconds: the newest reading; at, cost: when it ended and how long it took, on this rank's clock.
    """

    group: Group
    operation: Operation
    calls: int
    seconds: float = field(default=0.0, init=False)
    at: float = field(default=float("-inf"), init=False)
    cost: float = field(default=0.0, init=False)

    def look(self) -> dict[str, float]:
        """Return what results say of the canary, read anew where rank 0 says that it is time; all ranks of the group call it.

        A reading is the median of SAMPLES samples, each the maximum over ranks, after a barrier, WARMUP samples before it.
        """
        due = perf_counter() - self.at >= max(EVERY, self.cost / SHARE)
        if self.group.agree(int(due)):
            start = perf_counter()
            read = timed_round(self.group, self.operation, WARMUP + SAMPLES, self.calls)
            self.seconds, self.at = median(read[WARMUP:]), perf_counter()
            self.cost = self.at - start
        return {"canary_seconds": self.seconds, "canary_ranks": self.group.size}


def canary_of(world: World, placement: Placement, world_sizes: Sequence[int]) -> Canary | None:
    """Return a canary on the first ranks of a world, None on the others; all ranks call it.

    As many ranks as the largest of the world sizes that leaves every rank a core, else as the smallest: ranks that share
    cores say nothing of the host.
    """
    fitting = [size for size in world_sizes if not placement.exceeds_cores(size)]
    ranks = range(max(fitting, default=min(world_sizes)))
    group = world.group(ranks)
    return None if group is None else canary(group, placement.of(ranks))


def canary(group: Group, seats: Placement) -> Canary:
    """Return a canary on a group that stands there; all its ranks call it. Clock readings cost under 2 % of its samples."""
    size = group.size
    case = Case("all_reduce", NBYTES, size, nodes=seats.nodes(size), ranks_per_node=seats.ranks_per_node(size))
    operation = group.operation(case, group.rank)
    operation.fill()
    warmup = timed_round(group, operation, WARMUP)
    return Canary(group, operation, enough_calls(group, operation, warmup, clock_cost(operation), Plan()))

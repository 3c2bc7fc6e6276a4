"""The timing loop: one case on one group of ranks. It does not know which library runs, nor what a good time is."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from fabric.measure.backends.backend import Group, Operation
from fabric.measure.exact import expected, pattern
from fabric.measure.plan import Plan, next_round
from fabric.records.case import Case

CLOCK = "perf_counter, maximum over ranks"


@dataclass(frozen=True)
class Timing:
    """What the loop saw; the same on every rank. seconds: one per iteration, each the maximum over ranks."""

    seconds: tuple[float, ...]
    warmup_seconds: tuple[float, ...]
    wrong: int | None
    involuntary_switches: int
    elapsed: float


def time_case(group: Group, case: Case, rank: int, plan: Plan, alive: Callable[[], None]) -> Timing:
    """Return the timing of a case; all ranks of the group call it. alive() is called whenever a round is over."""
    operation = group.operation(case)
    operation.fill(pattern(rank, case.world_size, case.dtype))
    warmup = timed_round(group, operation, plan.warmup)
    alive()
    switches, start = _switches(), perf_counter()
    seconds: list[float] = []
    while count := group.agree(next_round(seconds, perf_counter() - start, plan)):
        seconds += timed_round(group, operation, count)
        alive()
    elapsed, switches = perf_counter() - start, group.total(_switches() - switches)
    wrong = count_wrong(group, operation, case, rank) if plan.check else None
    return Timing(tuple(seconds), tuple(warmup), wrong, switches, elapsed)


def timed_round(group: Group, operation: Operation, count: int) -> list[float]:
    """Return the seconds of count iterations, a barrier before each, each the maximum over ranks."""
    if not count:
        return []
    barrier, run, own = group.barrier, operation.run, []
    for _ in range(count):
        barrier()
        start = perf_counter()
        run()
        own.append(perf_counter() - start)
    return [round(seconds, 10) for seconds in group.maximum(own)]


def count_wrong(group: Group, operation: Operation, case: Case, rank: int) -> int:
    """Return the wrong elements over all ranks of one more iteration on fresh inputs."""
    operation.fill(pattern(rank, case.world_size, case.dtype))
    group.barrier()
    operation.run()
    return group.total(operation.wrong(expected(case.world_size, case.dtype)))


def _switches() -> int:
    """Return how often this process lost its core against its will."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw

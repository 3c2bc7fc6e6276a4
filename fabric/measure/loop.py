"""The timing loop: one case on one group of ranks. It does not know which library runs, nor what a good time is."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter, sleep

from fabric.measure.backends.backend import Group, Operation
from fabric.measure.plan import TIMER_SHARE, Plan, calls_per_sample, next_round
from fabric.records.case import Case
from fabric.records.result import Barrier
from fabric.statistics import median

CLOCK = "perf_counter, maximum over ranks"
READINGS = 50
"""Of the clock, to know what one costs; the shortest of BARRIERS such stretches counts."""
PROBES, PROBE_SAMPLES = 4, 3
"""Rounds that look for how many calls a sample needs, and their samples: kept nowhere. Warm-ups are colder than the rest."""
BARRIERS = 9
"""Barriers that are timed alone, to name their cost."""
LATE = 0.002
"""Seconds that the last rank comes late to a barrier that is checked."""


@dataclass(frozen=True)
class Timing:
    """What the loop saw; the same on every rank. seconds: one per sample and call, each the maximum over ranks.

    calls: of a sample. barrier_seconds: what one barrier takes. timer_share: of a sample, for reading the clock.
    """

    seconds: tuple[float, ...]
    warmup_seconds: tuple[float, ...]
    wrong: int | None
    involuntary_switches: int
    elapsed: float
    calls: int = 1
    barrier_seconds: float = 0.0
    timer_share: float = 0.0


def time_case(group: Group, case: Case, rank: int, plan: Plan, alive: Callable[[], None]) -> Timing:
    """Return the timing of a case; all ranks of the group call it. alive() is called whenever a round is over."""
    operation = group.operation(case, rank)
    operation.fill()
    warmup = timed_round(group, operation, plan.warmup)
    barrier_seconds, clock = barrier_cost(group), clock_cost()
    calls = enough_calls(group, operation, warmup, clock, plan)
    alive()
    switches, start = _switches(), perf_counter()
    seconds: list[float] = []
    while count := group.agree(next_round(seconds, perf_counter() - start, plan)):
        seconds += timed_round(group, operation, count, calls, plan.barrier)
        alive()
    elapsed, switches = perf_counter() - start, group.total(_switches() - switches)
    wrong = count_wrong(group, operation, case, rank) if plan.check else None
    operation.release()
    share = round(clock / calls / max(median(seconds), clock), 4)
    return Timing(tuple(seconds), tuple(warmup), wrong, switches, elapsed, calls, barrier_seconds, share)


def timed_round(group: Group, operation: Operation, count: int, calls: int = 1, barrier: Barrier = "before") -> list[float]:
    """Return the seconds per call of count samples, each the maximum over ranks; a barrier stands before every sample.

    `excluded`: the clock starts before one more barrier, and the median time of such barriers of the same round is taken
    off; calls that are shorter than its spread may come out as 0.
    """
    if not count:
        return []
    if barrier == "excluded":
        return _without_barriers(group, operation, count, calls)
    wait, run, own = group.barrier, operation.run, []
    for _ in range(count):
        wait()
        start = perf_counter()
        for _ in repeat(None, calls):
            run()
        own.append(perf_counter() - start)
    return [round(seconds / calls, 10) for seconds in group.maximum(own)]


def _without_barriers(group: Group, operation: Operation, count: int, calls: int) -> list[float]:
    wait, run, alone, both = group.barrier, operation.run, [], []
    for _ in range(count):
        wait()
        start = perf_counter()
        wait()
        between = perf_counter()
        wait()
        for _ in repeat(None, calls):
            run()
        alone.append(between - start)
        both.append(perf_counter() - between)
    cost = median(group.maximum(alone))
    return [round(max(seconds - cost, 0.0) / calls, 10) for seconds in group.maximum(both)]


def barrier_cost(group: Group) -> float:
    """Return the median seconds of a barrier right after a barrier, each the maximum over ranks; all ranks call it."""
    own = []
    for _ in range(BARRIERS):
        group.barrier()
        start = perf_counter()
        group.barrier()
        own.append(perf_counter() - start)
    return round(median(group.maximum(own)), 10)


def clock_cost() -> float:
    """Return the seconds of one reading of the clock."""
    return min(_stretch() for _ in range(BARRIERS)) / READINGS


def _stretch() -> float:
    start = perf_counter()
    for _ in repeat(None, READINGS):
        perf_counter()
    return perf_counter() - start


def enough_calls(group: Group, operation: Operation, warmup: list[float], clock: float, plan: Plan) -> int:
    """Return how many calls a sample times, the same on all ranks: more as long as probes with so many are too short."""
    calls = group.agree(calls_per_sample(warmup, clock, plan))
    short = bool(warmup) and min(warmup) < PROBES * clock / TIMER_SHARE
    for _ in range(group.agree(PROBES if short else 0)):
        more = group.agree(calls_per_sample(timed_round(group, operation, PROBE_SAMPLES, calls), clock, plan))
        if more <= calls:
            break
        calls = more
    return calls


def count_wrong(group: Group, operation: Operation, case: Case, rank: int) -> int | None:
    """Return the wrong elements over all ranks of one more call on fresh inputs and poisoned outputs."""
    if case.collective == "barrier":
        return _left_early(group, operation, rank) if case.nodes == 1 else None
    operation.fill()
    group.barrier()
    operation.run()
    return group.total(operation.wrong())


def _left_early(group: Group, operation: Operation, rank: int) -> int:
    """Return how many ranks left a barrier before the last had come, on one node: only there all read the same clock."""
    group.barrier()
    if rank == group.size - 1:
        sleep(LATE)
    came = perf_counter()
    operation.run()
    left = perf_counter()
    (last,) = group.maximum([came])
    return group.total(int(left < last))


def _switches() -> int:
    """Return how often this process lost its core against its will."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw

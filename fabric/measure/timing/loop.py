"""The timing loop: one case on one group of ranks. It does not know which library runs, nor what a good time is."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat
from time import perf_counter, sleep
from typing import Any, Literal

import numpy as np

from fabric.collectives.catalog import in_a_row
from fabric.measure.backends.backend import Group, Operation, Samples
from fabric.measure.cells.layout import Layout
from fabric.measure.cells.plan import TIMER_SHARE, Plan, calls_per_sample, next_round, warm_up
from fabric.records.case import Case
from fabric.records.result import Barrier
from fabric.statistics import median, percentile, series_interval

READINGS = 50
"""Of the clock, to know what one costs; the shortest of BARRIERS such stretches counts."""
PROBES, PROBE_SAMPLES = 4, 3
"""Rounds that look for how many calls a sample needs, and their samples: kept nowhere. Warm-ups are colder than the rest."""
BARRIERS = 9
"""Barriers that are timed alone, to name their cost."""
PLAIN, PLAIN_SHARE = 6, 0.1
"""Samples of the plain loop beside those of the native one, and the share of the budget that they may take."""
LATE = 0.002
"""Seconds that the last rank comes late to a barrier that is checked."""


@dataclass(frozen=True)
class Timing:
    """What the loop saw; the same on every rank but for elapsed and timer_share. seconds: one per sample and call.

    Each of the seconds is the maximum over ranks. calls: of a sample. barrier_seconds: what one barrier takes. timer_share:
    of a sample, for reading the clock. loop: who made the calls. python_loop_seconds: the median of a few samples of the
    plain loop, where seconds are the native one's. skew_seconds: median and 99th percentile over samples of the latest
    start less the earliest, on one node; lateness: per rank, the median of its start less the earliest. by_rank: seconds of
    every rank, where asked for.
    """

    seconds: tuple[float, ...]
    warmup_seconds: tuple[float, ...]
    wrong: int | None
    involuntary_switches: int
    elapsed: float
    calls: int = 1
    barrier_seconds: float = 0.0
    timer_share: float = 0.0
    loop: Literal["native", "python"] = "python"
    clock: str = "perf_counter"
    python_loop_seconds: float | None = None
    skew_seconds: tuple[float, float] | None = None
    lateness: tuple[float, ...] | None = None
    by_rank: tuple[tuple[float, ...], ...] | None = None

    @property
    def median(self) -> float:
        """Seconds: the median over samples; NaN where there are none."""
        return median(self.seconds)

    @property
    def p99(self) -> float:
        """Seconds: the smallest sample with 99 % of all at or below it; of fewer than 100 samples, the longest."""
        return percentile(self.seconds, 0.99)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Seconds: the 95 % interval of the median, whatever ended the sampling; None where the samples are too few."""
        return series_interval(self.seconds)

    @property
    def context(self) -> dict[str, Any]:
        """What a result says about how it was timed."""
        native = {"python_loop_seconds": self.python_loop_seconds} if self.loop == "native" else {}
        return {
            "clock": f"{self.clock}, maximum over ranks",
            "loop": self.loop,
            **native,
            "timer_share": self.timer_share,
            "barrier_seconds": self.barrier_seconds,
            "skew_seconds": list(self.skew_seconds) if self.skew_seconds else None,
            "involuntary_switches": self.involuntary_switches,
        }


@dataclass(frozen=True)
class Round:
    """Some samples over all ranks. seconds: per call, the maximum over ranks; own: this rank's.

    late: this rank's start less the earliest of the same sample; skew: the latest less the earliest. Both mean something on
    one node only, where all ranks read one clock.
    """

    seconds: Sequence[float] = ()
    own: Sequence[float] = ()
    late: Sequence[float] = ()
    skew: Sequence[float] = ()

    def __add__(self, other: Round) -> Round:
        """Return both, one after the other."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(Round))
        return Round(*([*mine, *theirs] for mine, theirs in pairs))

    def parted(self, first: int) -> tuple[Round, Round]:
        """Return the samples before the first that counts, and the others."""
        both = [(getattr(self, f.name)[:first], getattr(self, f.name)[first:]) for f in fields(Round)]
        return Round(*(before for before, _ in both)), Round(*(after for _, after in both))


@dataclass(frozen=True)
class Sampled:
    """The samples of an operation before anything is made of them. taken: warm; cold: seconds before, warm-up calls too.

    clock: seconds of one reading of it. The others: as in Timing.
    """

    taken: Round
    cold: tuple[float, ...]
    switches: int
    elapsed: float
    calls: int
    barrier_seconds: float
    clock: float

    @property
    def timer_share(self) -> float:
        """Of a sample, for reading the clock."""
        return round(self.clock / self.calls / max(median(self.taken.seconds), self.clock), 4)


def time_case(
    group: Group,
    case: Case,
    rank: int,
    plan: Plan,
    alive: Callable[[], None],
    *,
    native: bool = True,
    per_rank: bool = False,
) -> Timing:
    """Return the timing of a case; all ranks of the group call it. alive() is called whenever a round is over.

    native: by the library's native loop, where it has one for this case; else by the plain loop. per_rank: fill by_rank.
    """
    operation = group.operation(case, rank)
    if not native:
        operation = replace(operation, samples=None)
    operation.fill()
    found = sampled(group, operation, plan, alive)
    taken, calls = found.taken, found.calls
    plain = plain_loop(group, operation, taken, calls, plan)
    alive()
    wrong = count_wrong(group, operation, case, rank) if plan.check else None
    operation.release()
    return Timing(
        per_message(case, taken.seconds),
        per_message(case, found.cold),
        wrong,
        found.switches,
        found.elapsed,
        calls,
        found.barrier_seconds,
        timer_share=found.timer_share,
        loop="native" if operation.samples else "python",
        clock=operation.clock if operation.samples else "perf_counter",
        python_loop_seconds=None if plain is None else per_message(case, [plain])[0],
        skew_seconds=(median(taken.skew), percentile(taken.skew, 0.99)) if case.nodes == 1 else None,
        lateness=tuple(v for (v,) in of_all(group, rank, [median(taken.late)])) if case.nodes == 1 else None,
        by_rank=tuple(per_message(case, own) for own in of_all(group, rank, taken.own)) if per_rank else None,
    )


def time_own(group: Group, run: Callable[[], object], plan: Plan, alive: Callable[[], None]) -> Timing:
    """Return the timing of anything that all ranks of the group call together; it is no case, and nothing is checked.

    run() must be back only when this rank's work is done. alive() is called whenever a round is over.
    """
    found = sampled(group, Operation(run, None, None, Layout(0, 0, (), ()), like=lambda pattern: pattern), plan, alive)
    return Timing(
        tuple(found.taken.seconds),
        found.cold,
        None,
        found.switches,
        found.elapsed,
        found.calls,
        found.barrier_seconds,
        timer_share=found.timer_share,
    )


def sampled(group: Group, operation: Operation, plan: Plan, alive: Callable[[], None]) -> Sampled:
    """Return samples of an operation until rank 0 has enough; all ranks of the group call it, with as many calls each."""
    warmup = timed_round(group, operation, plan.warmup)
    barrier_seconds, clock = barrier_cost(group, operation), clock_cost(operation)
    calls = enough_calls(group, operation, warmup, clock, plan)
    alive()
    switches, start, taken = _switches(), perf_counter(), Round()
    while count := group.agree(next_round(taken.seconds, perf_counter() - start, plan)):
        taken += whole_round(group, operation, count, calls, plan.barrier)
        alive()
    elapsed, switches = perf_counter() - start, group.total(_switches() - switches)
    cold, taken = taken.parted(warm_up(taken.seconds, plan))
    return Sampled(taken, (*warmup, *cold.seconds), switches, elapsed, calls, barrier_seconds, clock)


def per_message(case: Case, seconds: Sequence[float]) -> tuple[float, ...]:
    """Return seconds of calls as those of one message: by 2 for latency, a window for other point to point, else by 1."""
    messages = in_a_row(case.collective, case.params)
    return tuple(seconds) if messages == 1 else tuple(one / messages for one in seconds)


def timed_round(group: Group, operation: Operation, count: int, calls: int = 1, barrier: Barrier = "before") -> list[float]:
    """Return the seconds per call of count samples, each the maximum over ranks; a barrier stands before every sample."""
    return list(whole_round(group, operation, count, calls, barrier).seconds)


def whole_round(group: Group, operation: Operation, count: int, calls: int = 1, barrier: Barrier = "before") -> Round:
    """Return count samples of so many calls over all ranks; all ranks of the group call it.

    `excluded`: the clock starts before one more barrier, and the median time of such barriers of the same round is taken
    off; calls that are shorter than its spread may come out as 0.
    """
    if not count:
        return Round()
    own = _samples(group, operation, count, calls, barrier)
    highest = np.array(group.maximum([*own.seconds, *own.starts, *-own.starts, *own.barriers]))
    longest, latest, earliest, barriers = np.split(highest, [count, 2 * count, 3 * count])
    cost = median(barriers) if len(barriers) else 0.0
    seconds, mine = (np.round(np.maximum(took - cost, 0.0) / calls, 10).tolist() for took in (longest, own.seconds))
    late, skew = (np.round(starts + earliest, 10).tolist() for starts in (own.starts, latest))  # earliest: of -starts
    return Round(seconds, mine, late, skew)


def _samples(group: Group, operation: Operation, count: int, calls: int, barrier: Barrier) -> Samples:
    if operation.samples:
        return operation.samples(count, calls, barrier)
    return plain_samples(group, operation, count, calls, barrier)


def plain_samples(group: Group, operation: Operation, count: int, calls: int, barrier: Barrier) -> Samples:
    """Return this rank's samples, taken by a loop in Python over the operation's run()."""
    wait, run, stamps, excluded = group.barrier, operation.run, [], barrier == "excluded"
    for _ in range(count):
        wait()
        before = start = perf_counter()
        if excluded:
            wait()
            start = perf_counter()
            wait()
        for _ in repeat(None, calls):
            run()
        stamps.append((before, start, perf_counter()))
    before, start, end = np.array(stamps).T
    return Samples(start, end - start, start - before if excluded else np.empty(0))


def plain_loop(group: Group, operation: Operation, taken: Round, calls: int, plan: Plan) -> float | None:
    """Return the median seconds per call of a few samples of the plain loop; None where they are the plain loop's already.

    None too where they would take over PLAIN_SHARE of the budget: there the loop is no part of the time.
    """
    if not operation.samples or median(taken.seconds) * calls * PLAIN > PLAIN_SHARE * plan.budget:
        return None
    return median(timed_round(group, replace(operation, samples=None), PLAIN, calls, plan.barrier))


def of_all(group: Group, rank: int, values: Sequence[float]) -> list[list[float]]:
    """Return every rank's values, in rank order; all ranks have the same number of them."""
    rows = np.full((group.size, len(values)), -np.inf)
    rows[rank] = values
    found = np.array(group.maximum(rows.ravel().tolist()))
    return [row.tolist() for row in found.reshape(group.size, -1)]


def barrier_cost(group: Group, operation: Operation) -> float:
    """Return the median seconds of a barrier right after a barrier, each the maximum over ranks; all ranks call it."""
    own = _samples(group, operation, BARRIERS, 0, "excluded").barriers
    return round(median(group.maximum(own.tolist())), 10)


def clock_cost(operation: Operation | None = None) -> float:
    """Return the seconds of one reading of the clock, in the operation's native loop where it has one; all ranks call it."""
    if operation is not None and operation.samples:
        return float(operation.samples(READINGS, 0, "before").seconds.min())
    return min(_stretch() for _ in range(BARRIERS)) / READINGS


def _stretch() -> float:
    start = perf_counter()
    for _ in repeat(None, READINGS):
        perf_counter()
    return perf_counter() - start


def enough_calls(group: Group, operation: Operation, warmup: list[float], clock: float, plan: Plan) -> int:
    """Return how many calls a sample times, the same on all ranks: more as long as probes with so many are too short."""
    calls = whole(group.agree(calls_per_sample(warmup, clock, plan)), operation)
    short = bool(warmup) and min(warmup) < PROBES * clock / TIMER_SHARE
    for _ in range(group.agree(PROBES if short else 0)):
        more = whole(group.agree(calls_per_sample(timed_round(group, operation, PROBE_SAMPLES, calls), clock, plan)), operation)
        if more <= calls:
            break
        calls = more
    return calls


def whole(calls: int, operation: Operation) -> int:
    """Return at least so many calls, a multiple of those that the operation makes at once."""
    return -(-calls // operation.at_once) * operation.at_once


def count_wrong(group: Group, operation: Operation, case: Case, rank: int) -> int | None:
    """Return the wrong elements over all ranks of one more call on fresh inputs and poisoned outputs."""
    if case.collective == "barrier":
        return max(_left_early(group, once, rank) for once in _ways_to_run(operation)) if case.nodes == 1 else None
    return max(_wrong_after(group, operation, once) for once in _ways_to_run(operation))


def _ways_to_run(operation: Operation) -> list[Callable[[], object]]:
    """Return what does the operation once: run(), and the native loop where there is one."""
    samples = operation.samples
    return [operation.run] if samples is None else [operation.run, lambda: samples(1, 1, "before")]


def _wrong_after(group: Group, operation: Operation, once: Callable[[], object]) -> int:
    operation.fill()
    group.barrier()
    once()
    return group.total(operation.wrong())


def _left_early(group: Group, once: Callable[[], object], rank: int) -> int:
    """Return how many ranks left a barrier before the last had come, on one node: only there all read the same clock."""
    group.barrier()
    if rank == group.size - 1:
        sleep(LATE)
    came = perf_counter()
    once()
    left = perf_counter()
    (last,) = group.maximum([came])
    return group.total(int(left < last))


def _switches() -> int:
    """Return how often this process lost its core against its will."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw

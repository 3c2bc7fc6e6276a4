"""How often a case is repeated and when it is enough. It does not know what is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import get_args

from fabric.measure.timing.warmup import cold_samples
from fabric.records.ranges import MOST_SAMPLES, MOST_SECONDS, MOST_TIMES
from fabric.records.result import Barrier
from fabric.statistics import AT_ANY_STOP, LAST_STOP, MEDIAN, half_width, median, needed
from fabric.text.numbers import real, whole
from topologies.errors import InputError

PRECISION = 0.02
"""Enough: half of the 95 % interval is at most this share of the median."""
FEWEST, MOST = needed(MEDIAN, AT_ANY_STOP), LAST_STOP
"""Samples of an adaptive run: 9 are the fewest that have an interval, and up to 300 it holds whenever the run stops."""
NARROW_FROM = 20
"""Samples before a narrow interval ends a run: of fewer, those that happen to lie close together do, wherever the median is."""
FEWEST_A_VISIT = 3
ROUND_SECONDS = 0.1
"""Aim for the length of a round, after which all ranks agree on going on."""
TIMER_SHARE = 0.02
"""Of a sample, for reading the clock: calls that are too short for it are timed several at once."""
MARGIN = 1.5
"""Of calls, over what TIMER_SHARE asks for: later samples may be shorter than those that were looked at."""
IN_A_ROW, MOST_IN_A_ROW = 20, 1000
"""Calls of a sample that are back to back: nccl-tests' default, where the budget has room for it; and the most ever."""
CLOCK_STEP = 1e-9
OVERSUBSCRIBED_SHARE = 0.4
"""Of the budget, for cells with more ranks than cores: they are shown, never scored."""


@dataclass(frozen=True)
class Plan:
    """iters: a fixed count, or None for an adaptive stop within budget seconds a case. timeout: a silent rank is dead.

    visits: how often a case is come back to in the course of a run; budget and samples are shared out among them.
    barrier: `before` every sample; `excluded`: timed together with the call, its own time taken off; `back_to_back`: none
    between the calls of a sample.
    """

    iters: int | None = None
    warmup: int = 5
    check: bool = True
    budget: float = 0.6
    timeout: float = 60.0
    visits: int = 1
    barrier: Barrier = "before"

    def __post_init__(self) -> None:
        if self.iters is not None:
            whole(self.iters, "iters", 1, MOST_SAMPLES)
        whole(self.warmup, "warmup", 0, MOST_SAMPLES)
        real(self.budget, "budget", 0, MOST_SECONDS, above=True)
        whole(self.visits, "visits", 1, MOST_TIMES)
        if self.barrier not in get_args(Barrier):
            raise InputError(f"barrier: must be {', '.join(get_args(Barrier))}, got {self.barrier!r}")
        real(self.timeout, "timeout", 1, MOST_SECONDS)


def goal(plan: Plan) -> int:
    """Return the most samples of a visit that count."""
    return -(-(plan.iters or MOST) // plan.visits)


def next_round(samples: Sequence[float], spent: float, plan: Plan) -> int:
    """Return how many iterations come next, 0 where it is enough; only rank 0's answer counts.

    samples: seconds so far of this visit, of which cold ones do not count; spent: seconds since the first of them, barriers
    included. As at most half are cold, there are never more than twice goal().
    """
    settled = samples[cold_samples(samples) :]
    fewest = FEWEST if plan.visits == 1 else FEWEST_A_VISIT
    budget = plan.budget / plan.visits
    left = goal(plan) - len(settled)
    if left <= 0:
        return 0
    if len(settled) < fewest:
        return min(left, fewest - len(settled))
    narrow = len(settled) >= NARROW_FROM and half_width(settled) <= PRECISION
    if plan.iters is None and (spent >= budget or narrow):
        return 0
    return max(1, min(left, _fitting(samples, spent, plan, budget)))


def warm_up(samples: Sequence[float], plan: Plan) -> int:
    """Return how many of a visit's samples, from its start, are warm-up: cold ones, and what came before the last goal()."""
    return max(cold_samples(samples), len(samples) - goal(plan))


def _fitting(samples: Sequence[float], spent: float, plan: Plan, budget: float) -> int:
    """Return the iterations that fit a round and, where adaptive, the rest of the budget."""
    each = max(spent / len(samples), median(samples), 1e-9)
    seconds = ROUND_SECONDS if plan.iters else min(ROUND_SECONDS, budget - spent)
    return int(min(seconds / each, MOST))


def calls_per_sample(warmup: Sequence[float], clock: float, plan: Plan) -> int:
    """Return how many calls one sample times, so that reading the clock takes at most TIMER_SHARE of it.

    warmup: seconds of single calls, the shortest of which counts; without any it is 1. clock: seconds of one reading.
    Back to back it is IN_A_ROW too, or what fits the budget of the fewest samples.
    """
    if not warmup:
        return IN_A_ROW if plan.barrier == "back_to_back" else 1
    shortest = max(min(warmup), CLOCK_STEP)
    calls = max(1, ceil(MARGIN * clock / (TIMER_SHARE * shortest)))
    if plan.barrier == "back_to_back":
        room = int(plan.budget / plan.visits / FEWEST / max(*warmup, shortest))
        calls = max(calls, min(IN_A_ROW, room), 2)
    return min(calls, MOST_IN_A_ROW)

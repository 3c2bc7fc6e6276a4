"""How often a case is repeated and when it is enough. It does not know what is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import get_args

from fabric.records.result import Barrier
from fabric.statistics import half_width, median
from topologies.errors import InputError

PRECISION = 0.02
"""Enough: half of the 95 % interval is at most this share of the median."""
FEWEST, MOST = 6, 300
"""Samples of an adaptive run: 6 are the fewest that have an interval."""
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
        if self.iters is not None and self.iters < 1:
            raise InputError(f"iters: must be >= 1, got {self.iters}")
        if self.warmup < 0:
            raise InputError(f"warmup: must be >= 0, got {self.warmup}")
        if not self.budget > 0:
            raise InputError(f"budget: must be more than 0 seconds a case, got {self.budget:g}")
        if self.visits < 1:
            raise InputError(f"visits: must be a whole number >= 1, got {self.visits}")
        if self.barrier not in get_args(Barrier):
            raise InputError(f"barrier: must be {', '.join(get_args(Barrier))}, got {self.barrier!r}")
        if not self.timeout >= 1:
            raise InputError(f"timeout: must be at least 1 second, got {self.timeout:g}")


def next_round(samples: Sequence[float], spent: float, plan: Plan) -> int:
    """Return how many iterations come next, 0 where it is enough; only rank 0's answer counts.

    samples: seconds so far of this visit; spent: seconds since the first of them, barriers included.
    """
    goal = -(-(plan.iters or MOST) // plan.visits)
    fewest = FEWEST if plan.visits == 1 else FEWEST_A_VISIT
    budget = plan.budget / plan.visits
    left = goal - len(samples)
    if left <= 0:
        return 0
    if len(samples) < fewest:
        return min(left, fewest - len(samples))
    if plan.iters is None and (spent >= budget or half_width(samples) <= PRECISION):
        return 0
    return max(1, min(left, _fitting(samples, spent, plan, budget)))


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

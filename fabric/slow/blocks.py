"""Blocks of calls long enough that what comes and goes in milliseconds is averaged. It does not know what the calls do."""

from __future__ import annotations

from math import ceil
from time import perf_counter

from fabric.measure.backends.backend import Group, Operation

FIRST = 4
"""Calls of the first look, doubled until they take SHARE of a block."""
SHARE = 0.1
MOST = 1_000_000


def calls_for(group: Group, operation: Operation, seconds: float) -> int:
    """Return how many calls take about so many seconds, the same on all ranks, all of which call it; warms up on the way."""
    calls, took = FIRST, seconds_of(group, operation, FIRST)
    while group.agree(int(took < SHARE * seconds and calls < MOST)):
        calls *= 2
        took = seconds_of(group, operation, calls)
    return group.agree(max(1, min(MOST, ceil(calls * seconds / max(took, 1e-9)))))


def seconds_of(group: Group, operation: Operation, calls: int) -> float:
    """Return the seconds of so many calls back to back, after a barrier, the maximum over ranks; all of them call it."""
    group.barrier()
    start = perf_counter()
    for _ in range(calls):
        operation.run()
    (took,) = group.maximum([perf_counter() - start])
    return took


def seconds_a_call(group: Group, operation: Operation, calls: int, seconds: float) -> float:
    """Return the mean seconds of a call over a block that lasts at least so many seconds; the ranks agree after every `calls`.

    A mean over a block of fixed length, not a median of calls: a rank that is stopped for 20 ms in 40 delays few calls, and
    those by much.
    """
    group.barrier()
    start, done = perf_counter(), 0
    while done == 0 or group.agree(int(perf_counter() - start < seconds)):
        for _ in range(calls):
            operation.run()
        done += calls
    (took,) = group.maximum([perf_counter() - start])
    return took / done

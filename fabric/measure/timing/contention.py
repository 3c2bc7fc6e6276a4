"""How much of the cores others took while a case ran, and whether the wall clock was set. It does not know who or why."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time

from fabric.measure.backends.backend import Group

CONTENDED = 0.15
"""Share of the cores' time that went to others from which on a result is flagged."""
SHORTEST = 0.05
"""Seconds: the kernel counts in ticks of 10 ms, so shorter stretches say nothing."""
JUMP_SECONDS, JUMP_SHARE = 0.05, 0.01
"""The wall clock was set where it differs by more from the monotonic one, JUMP_SHARE of the time between: clocks are slewed."""
APART, READINGS = 0.001, 5
"""Seconds between two readings of both clocks from which on they are read again, and how often."""
BUSY_FIELDS = (1, 2, 3, 8)
"""user, nice, system, steal in a line of /proc/stat; interrupts are left out, for they may be our own."""


@dataclass(frozen=True)
class Usage:
    """Core seconds of this process, and of everybody on the node's cores (0 on ranks that do not count them).

    at, wall: the monotonic clock and the wall's.
    """

    at: float
    own: float
    everybody: float
    cores: int
    wall: float = 0.0


def usage(cores: frozenset[int]) -> Usage:
    """Return what has been used up to now: by this process, and by everybody on these cores."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    wall, at = clocks()
    return Usage(at, own.ru_utime + own.ru_stime, busy_seconds(cores), len(cores), wall)


def clocks() -> tuple[float, float]:
    """Return (wall, monotonic) seconds, read so close together that no other process came between, if that can be had."""
    found = []
    for _ in range(READINGS):
        before, wall, after = perf_counter(), time(), perf_counter()
        found.append((after - before, wall, after))
        if after - before < APART:
            break
    _, wall, at = min(found)
    return wall, at


def clock_jump(before: tuple[float, float], after: tuple[float, float]) -> float | None:
    """Return by how many seconds the wall clock was set between two readings (wall, monotonic), None where it was not.

    Above 0: it was set forward. Times are taken by the monotonic clock, so that they hold all the same.
    """
    elapsed = after[1] - before[1]
    jump = after[0] - before[0] - elapsed
    return round(jump, 3) if abs(jump) > JUMP_SECONDS + JUMP_SHARE * elapsed else None


def busy_seconds(cores: frozenset[int]) -> float:
    """Return the busy seconds of these cores since the system started, 0 where the kernel does not tell."""
    path = Path("/proc/stat")
    if not cores or not path.exists():
        return 0.0
    wanted = {f"cpu{core}" for core in cores}
    lines = [line.split() for line in path.read_text().splitlines() if line.startswith("cpu")]
    ticks = sum(int(fields[i]) for fields in lines if fields[0] in wanted for i in BUSY_FIELDS)
    return ticks / os.sysconf("SC_CLK_TCK")


def foreign_share(group: Group, before: Usage, after: Usage) -> float | None:
    """Return others' share of the nodes' core time between two usages; None where the time is too short to tell.

    All ranks of the group call it. Sums travel as whole microseconds.
    """
    elapsed = after.at - before.at
    used = (after.everybody - before.everybody) - (after.own - before.own)
    foreign = group.total(round(used * 1e6)) / 1e6
    offered = group.total(round(after.cores * elapsed * 1e6)) / 1e6
    if group.agree(int(elapsed < SHORTEST)) or not offered:
        return None
    return round(max(0.0, foreign / offered), 3)

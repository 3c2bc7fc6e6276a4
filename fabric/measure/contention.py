"""How much of the cores others took while a case ran. It does not know who they are, nor what the case was."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from fabric.measure.backends.backend import Group

CONTENDED = 0.15
"""Share of the cores' time that went to others from which on a result is flagged."""
SHORTEST = 0.05
"""Seconds: the kernel counts in ticks of 10 ms, so shorter stretches say nothing."""
BUSY_FIELDS = (1, 2, 3, 8)
"""user, nice, system, steal in a line of /proc/stat; interrupts are left out, for they may be our own."""


@dataclass(frozen=True)
class Usage:
    """Core seconds of this process, and of everybody on the node's cores (0 on ranks that do not count them)."""

    at: float
    own: float
    everybody: float
    cores: int


def usage(cores: frozenset[int]) -> Usage:
    """Return what has been used up to now: by this process, and by everybody on these cores."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return Usage(perf_counter(), own.ru_utime + own.ru_stime, busy_seconds(cores), len(cores))


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

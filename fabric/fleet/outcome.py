"""What a simulation leaves: every run of every job with its nodes and the work done, as columns. It sums nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.fleet import Fleet, Outage
from fabric.fleet.job import Jobs, Longs
from fabric.fleet.links import LinkModel
from fabric.fleet.policy import SchedulingPolicy

Ints = NDArray[np.int32]
FULL = 1 << 18
"""Full speed, and a microsecond of work: speeds are whole numbers up to it, remaining work is never rounded."""
ENDED, KILLED, PREEMPTED, RUNNING = 0, 1, 2, 3
"""Why a run is over: its work is done, a node failed, a job of higher priority took its place; or it is not."""


class Run(NamedTuple):
    """One run of a job: on these nodes from start to end, `each` devices on each."""

    job: int
    start_us: int
    end_us: int
    nodes: tuple[int, ...]
    each: int
    why: int


class Runs(NamedTuple):
    """Runs as columns, by (start, order of the queue). Nodes of run r: nodes[first[r]:first[r + 1]].

    each: devices on every node (of a share of one: 1). alone: its speed alone on this placement, of FULL. done, before: work
    done by its end and by the window's begin, in FULL a microsecond. kept: what of done a stop left (done itself, or up to
    the last checkpoint). A run that goes on at the window's end ends there with why RUNNING.
    """

    job: Ints
    start: Longs
    end: Longs
    first: Longs
    nodes: Ints
    each: Ints
    why: NDArray[np.int8]
    alone: Longs
    done: Longs
    before: Longs
    kept: Longs


@dataclass(frozen=True, eq=False)
class Outcome:
    """A run of a fleet under a policy: what was asked, and what happened, to the microsecond.

    jobs: those simulated, in the queue's order of arrival. left_out: id -> why a job is not among them (larger than the fleet).
    window: (begin, end) in microseconds from the trace's origin, over which sums are made. outages: what was down, cut at the
    window's end. links: None where no link was modelled. seed: of drawn failures. engine: which one ran.
    best: per run, the speed of FULL that its job would have alone, packed, on the empty fleet.
    """

    fleet: Fleet
    jobs: Jobs
    policy: SchedulingPolicy
    window: tuple[int, int]
    runs: Runs
    outages: tuple[Outage, ...] = ()
    links: LinkModel | None = None
    seed: int = 0
    engine: str = "plain"
    left_out: dict[str, str] = field(default_factory=dict)
    best: Longs = field(default_factory=lambda: np.zeros(0, np.int64))

    def __iter__(self) -> Iterator[Run]:
        """Give the runs one by one."""
        return (self.run(number) for number in range(len(self.runs.job)))

    def run(self, number: int) -> Run:
        """Return one run."""
        r = self.runs
        nodes = tuple(r.nodes[r.first[number] : r.first[number + 1]].tolist())
        return Run(int(r.job[number]), int(r.start[number]), int(r.end[number]), nodes, int(r.each[number]), int(r.why[number]))

    @property
    def start(self) -> Longs:
        """When each job first started, -1 for one that did not by the window's end."""
        found = np.full(len(self.jobs), -1, np.int64)
        found[self.runs.job[::-1]] = self.runs.start[::-1]
        return found

    @property
    def end(self) -> Longs:
        """When each job's work was done, -1 for one that is not by the window's end."""
        found = np.full(len(self.jobs), -1, np.int64)
        done = self.runs.why == ENDED
        found[self.runs.job[done]] = self.runs.end[done]
        return found

    @property
    def waits(self) -> Longs:
        """Microseconds from submit to first start; up to the window's end for a job that still waits (see `start`)."""
        start = self.start
        return np.where(start < 0, np.maximum(self.window[1] - self.jobs.submit, 0), start - self.jobs.submit)

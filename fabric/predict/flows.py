"""The flows model: when each of given flows ends, links shared max-min fairly. It knows no fabric, routing or collective.

A flow begins at max(its start, the ends of the flows it comes after), waits the sum of its links' latencies without
occupying them, then moves its bytes at its max-min fair rate, solved again whenever a flow starts or stops moving. A flow
of size 0 ends after its latencies; a flow over no links ends when it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

import numpy as np

from fabric.network.ways import Floats, Ints, Paths
from fabric.predict.maxmin import TIE, Moving
from topologies.errors import InputError

Watch = Callable[[float, int, Moving], None]
"""Called after every event with the time in seconds, the flows that have ended and those that move."""


@dataclass(frozen=True, eq=False)
class FlowCase:
    """Links and the flows over them, as arrays.

    capacity: bytes per second and latency: seconds of every link. paths: the links of every flow. size: bytes and
    start: seconds of every flow. after: like paths, the flows that every flow waits for.
    """

    name: str
    capacity: Floats
    latency: Floats
    paths: Paths
    size: Floats
    start: Floats
    after: Paths


def finish_times(case: FlowCase, watch: Watch | None = None) -> Floats:
    """Return when every flow ends, in seconds, in the order of the case.

    Events that lie within 1e-12 of each other, relative, are one. Exact otherwise, up to rounding.

    Raises:
        InputError: flows that wait for each other, or times beyond what a float holds.
    """
    with np.errstate(over="ignore", divide="ignore"):
        waiting, moving = _Waiting(case), Moving(case.paths, case.capacity)
        while (now := min(waiting.next_ready, moving.next_end)) < np.inf:
            until = now * (1 + TIE)
            waiting.ended(*moving.take(until))
            ready = waiting.take(until)
            moving.join(ready, case.size[ready], now)
            moving.share(now)
            if watch:
                watch(now, waiting.done, moving)
    if waiting.done < len(case.size):
        flow = int(np.flatnonzero(np.isnan(waiting.finish))[0])
        raise InputError(f"flows: case {case.name!r}: flow {flow} must end at a finite time, got never")
    return waiting.finish


class _Waiting:
    """The flows that do not move yet: each waits for others, for its start or for its latencies.

    finish: when every flow ended, NaN while it has not. done: how many have.
    """

    def __init__(self, case: FlowCase) -> None:
        flows = len(case.size)
        self.finish, self.done = np.full(flows, np.nan), 0
        self._latency = np.bincount(case.paths.flow, case.latency[case.paths.links], minlength=flows)
        self._instant = (case.size == 0) | (case.paths.hops == 0)
        self._begin, self._pending = case.start.copy(), case.after.hops.copy()
        self._then = case.after.turned(flows)
        self._heap: list[tuple[float, int, Ints]] = []  # ready to move, first flow (no two are equal), flows
        self._queue(np.flatnonzero(self._pending == 0))

    @property
    def next_ready(self) -> float:
        """When the next flow has waited out its latencies; infinite where none can."""
        return self._heap[0][0] if self._heap else np.inf

    def take(self, until: float) -> Ints:
        """Return the flows ready to move by then; those with nothing to move end, and what waits for them goes on."""
        found = [np.zeros(0, dtype=np.int64)]
        while self.next_ready <= until:
            ready, _, flows = heappop(self._heap)
            instant = self._instant[flows]
            self.ended(flows[instant], np.full(np.count_nonzero(instant), ready))
            found.append(flows[~instant])
        return np.concatenate(found)

    def ended(self, flows: Ints, times: Floats) -> None:
        """Note when flows ended, and queue the flows that waited for nothing else."""
        self.finish[flows] = times
        self.done += len(flows)
        then = self._then.of(flows)
        if len(then.links):
            np.maximum.at(self._begin, then.links, np.repeat(times, then.hops))
            np.subtract.at(self._pending, then.links, 1)
            self._queue(np.unique(then.links[self._pending[then.links] == 0]))

    def _queue(self, flows: Ints) -> None:
        """Put flows that wait for no other flow into the heap, those ready at the same time as one entry."""
        ready = self._begin[flows] + self._latency[flows]
        order = np.argsort(ready, kind="stable")
        flows, ready = flows[order], ready[order]
        cuts = [0, *(np.flatnonzero(np.diff(ready)) + 1).tolist(), len(flows)]
        for low, high in pairwise(cuts):
            if low < high:
                heappush(self._heap, (float(ready[low]), int(flows[low]), flows[low:high]))

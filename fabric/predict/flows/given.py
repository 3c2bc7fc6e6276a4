"""The flows model: when each of given flows ends, links shared max-min fairly. It knows no fabric, routing or collective.

A flow begins at max(its start, the ends of the flows it comes after), waits the sum of its links' latencies without
occupying them, then moves its bytes at its max-min fair rate, solved again whenever a flow starts or stops moving. A flow
of size 0 ends after its latencies; a flow over no links ends when it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fabric.network.routing.ways import Floats, Paths
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.predict.flows.solver_events import Waiting
    from fabric.predict.flows.solver_state import Moving

SLICE = 500_000
"""Flows solved (each time) between two looks at the clock and at Ctrl-C: a fraction of a second."""
Watch = Callable[[float, int], None]
"""Called now and then with the time in seconds and how many flows have ended."""


@dataclass(frozen=True, eq=False)
class FlowCase:
    """Links and the flows over them, as arrays.

    capacity: bytes per second and latency: seconds of every link. paths: the links of every flow. size: bytes and
    start: seconds of every flow. after: like paths, the flows that every flow waits for. share: what part of its flow each
    entry of paths carries; None: all of it.
    """

    name: str
    capacity: Floats
    latency: Floats
    paths: Paths
    size: Floats
    start: Floats
    after: Paths
    share: Floats | None = None


def finish_times(case: FlowCase, watch: Watch | None = None, eps: float = 0.0) -> Floats:
    """Return when every flow ends, in seconds, in the order of the case.

    eps 0: exact up to rounding; events within 1e-12 of each other, relative, are one. Above 0, ends that lie within eps of
    the first of them (relative to the time), with no start between, are found at the rates before it, and rates are solved
    once for all of them, when the last has ended: see docs/flows.md for what that costs.

    Raises:
        InputError: flows that wait for each other, times beyond what a float holds, or an eps that is none.
    """
    if not 0 <= eps < 1:
        raise InputError(f"flows: eps must be >= 0 and < 1, got {eps:g}")
    for waiting, _ in simulated(case, eps):
        if watch:
            watch(float(waiting.now[0]), int(waiting.tally[0]))
    lost = np.flatnonzero(~np.isfinite(waiting.finish))
    if len(lost):
        raise InputError(f"flows: case {case.name!r}: flow {lost[0]} must end at a finite time, got never")
    return waiting.finish


def simulated(case: FlowCase, eps: float = 0.0, work: int = SLICE) -> Iterator[tuple[Waiting, Moving]]:
    """Yield the state after every so much work (1: after every event), and at the end. The arrays are the same each time."""
    from fabric.predict.flows.solver_events import advance  # noqa: PLC0415 (numba is slow to load)
    from fabric.predict.flows.solver_state import moving  # noqa: PLC0415

    state, waiting = moving(case.paths, case.capacity, case.share), _waiting(case)
    with np.errstate(over="ignore"):
        while advance(state, waiting, eps, work):
            yield waiting, state
    yield waiting, state


def _waiting(case: FlowCase) -> Waiting:
    """Return all flows, those that wait for no other in the order in which they are ready to move."""
    from fabric.predict.flows.solver_events import Waiting  # noqa: PLC0415

    flows, then = len(case.size), case.after.turned(len(case.size))
    latency = np.bincount(case.paths.flow, case.latency[case.paths.links], minlength=flows).astype(np.float64)
    free = np.flatnonzero(case.after.hops == 0)
    ready = (case.start + latency)[free]
    order = np.argsort(ready, kind="stable")
    return Waiting(
        size=case.size,
        pending=case.after.hops.copy(),
        begin=case.start.astype(np.float64),
        latency=latency,
        instant=(case.size == 0) | (case.paths.hops == 0),
        first=then.first.astype(np.uint32),
        follows=then.links.astype(np.uint32),
        order=free[order].astype(np.uint32),
        ready=ready[order],
        key=np.zeros(flows - len(free) + 1),
        heap=np.zeros(flows - len(free) + 1, np.uint32),
        finish=np.full(flows, np.nan),
        tally=np.zeros(3, np.int64),
        now=np.zeros(1),
    )

"""How a real cluster's jobs lie on its fabric: leaf spans, predicted regret, fragmentation, hours lost. It moves no job.

Regret rests on assumptions that are stated, at a low and at a high end: a job repeats one collective over all its devices,
which takes a share c of its step on the best placement. With r = seconds here / seconds on the best of an empty fabric, its
step takes 1 + c (r - 1) times as long, and c (r - 1) / (1 + c (r - 1)) of its hours are lost to where it lies. Other jobs'
traffic is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.asked import JobCase, Timer, node_names
from fabric.fleet.fleet import Fleet
from fabric.fleet.place import fewest_groups, search
from fabric.fleet.state import Seen, State
from fabric.predict.constants import NONE, Constants

DAY = 86_400.0
HOUR = 3_600.0


class End(NamedTuple):
    """What jobs are taken to do: a collective, its bytes, and the share of a step that it takes on the best placement."""

    collective: str
    nbytes: int
    share: float


ENDS = (End("all_reduce", 1 << 30, 0.1), End("all_to_all", 1 << 30, 0.3))
"""The low and the high end, where nothing is known of the jobs."""
MOST_TIMED = 3_000
"""Placements that are predicted at most; the rest of the jobs has spans and no regret."""
PER_SIZE = 60
"""Placements that are looked at for the best of one size."""


@dataclass(frozen=True)
class Span:
    """One job as it lies.

    leaves: lowest groups it spans; fewest: on an empty fabric. regrets: how much longer its step takes than on the best
    placement, as a share, at the low and at the high end; None for one node, or where nothing was predicted. hours:
    device-hours within the window; lost: of them, at both ends.
    """

    job: Seen
    nodes: int
    devices: int
    leaves: int
    fewest: int
    regrets: tuple[float, float] | None
    hours: float
    lost: tuple[float, float]

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.job.end is None


@dataclass(frozen=True)
class Fit:
    """A job of so many nodes: leaves it takes at least on the nodes that are free now (None: it does not fit), and on all."""

    nodes: int
    leaves: int | None
    fewest: int


@dataclass(frozen=True)
class Audit:
    """What was found.

    spans: jobs of the window, the most hours lost first. free: nodes without any job; partly: nodes in use that have devices
    left; stranded: free nodes in leaves that are partly used. whole_leaves: leaves without any job. left_out: reason -> jobs.
    window: its begin and end in seconds since 1970. down: nodes without a job that take none.
    """

    spans: tuple[Span, ...]
    fits: tuple[Fit, ...]
    nodes: int
    free: int
    partly: int
    stranded: int
    leaves: int
    whole_leaves: int
    waiting: int
    left_out: Mapping[str, int]
    window: tuple[float, float]
    ends: tuple[End, End]
    down: int = 0

    @property
    def hours(self) -> float:
        """Device-hours of all jobs within the window."""
        return sum(span.hours for span in self.spans)

    @property
    def lost(self) -> tuple[float, float]:
        """Device-hours lost to where jobs lie, low and high."""
        return sum(span.lost[0] for span in self.spans), sum(span.lost[1] for span in self.spans)


def audit(
    fleet: Fleet,
    state: State,
    *,
    days: float = 7.0,
    ends: tuple[End, End] = ENDS,
    constants: Constants = NONE,
    watch: Callable[[int, int], None] | None = None,
) -> Audit:
    """Return how the jobs of the last days lie, and what is fragmented now.

    ends: what jobs are taken to do, low and high. watch: told of progress as watch(jobs done, in all).
    """
    window = (state.at - days * DAY, state.at)
    number = {name: at for at, name in enumerate(node_names(fleet))}
    left = Counter(dict(state.left_out))
    regrets = [_Regrets(fleet, end, constants) for end in ends]
    inside = [job for job in state.jobs if job.start is not None and (job.end is None or _overlap(job, window) > 0)]
    spans, used = [], Counter[int]()
    for done, job in enumerate(inside):
        places = [number[name] for name in job.nodes if name in number]
        if len(places) < len(job.nodes):
            left["on nodes that the fabric does not have"] += 1
            continue
        spans.append(_span(fleet, job, places, window, regrets))
        if job.end is None:
            devices = spans[-1].devices
            used.update({node: -(-devices // len(places)) for node in places})
        if watch is not None:
            watch(done + 1, len(inside))
    skipped = max(one.skipped for one in regrets)
    if skipped:
        left[f"without regret: more than {MOST_TIMED:,} placements to predict"] += skipped
    ordered = tuple(sorted(spans, key=lambda span: (-span.lost[1], -span.leaves + span.fewest, span.job.id)))
    return _fragmented(fleet, ordered, used, left, state, window, ends)


def _overlap(job: Seen, window: tuple[float, float]) -> float:
    """Return seconds of a job within the window."""
    start = job.start if job.start is not None else window[1]
    return max(0.0, min(job.end if job.end is not None else window[1], window[1]) - max(start, window[0]))


class _Regrets:
    """Ratios of placements to the best of their size, each kind of placement predicted once."""

    def __init__(self, fleet: Fleet, end: End, constants: Constants) -> None:
        self.fleet, self.end, self.constants = fleet, end, constants
        self.empty = fleet.node_on
        self.sizes: dict[int, tuple[Timer, float]] = {}
        self.skipped = 0

    def regret(self, nodes: Sequence[int]) -> float | None:
        """Return how much longer a step takes here, as a share; None for one node, or past the limit."""
        if len(nodes) < 2 or self.fleet.fabric is None:
            return None
        if sum(timer.evaluated for timer, _ in self.sizes.values()) >= MOST_TIMED:
            self.skipped += 1
            return None
        if len(nodes) not in self.sizes:
            each = max(pool.devices for pool in self.fleet.pools)
            timer = Timer(self.fleet, JobCase(self.end.collective, self.end.nbytes, len(nodes) * each), self.constants)
            best, _ = search(timer, self.empty, [], PER_SIZE)
            self.sizes[len(nodes)] = timer, timer.seconds(best)
        timer, least = self.sizes[len(nodes)]
        here = timer.seconds(nodes)
        if here < least:  # the search of the best is bounded: what is seen to be faster is the best from then on
            self.sizes[len(nodes)] = timer, here
        return self.end.share * max(here / least - 1.0, 0.0) if least else 0.0


def _span(fleet: Fleet, job: Seen, places: Sequence[int], window: tuple[float, float], regrets: Sequence[_Regrets]) -> Span:
    group = fleet.tree.group[0]
    devices = job.devices or int(fleet.node_devices[list(places)].sum())
    found = [one.regret(places) for one in regrets]
    hours = devices * _overlap(job, window) / HOUR
    slower = sorted(regret for regret in found if regret is not None)
    leaves = len(set(group[list(places)].tolist()))
    fewest = min(len(fewest_groups(_room(fleet, fleet.node_on), len(places))), leaves)
    low, high = (slower[0], slower[-1]) if slower else (0.0, 0.0)
    lost = hours * low / (1 + low), hours * high / (1 + high)
    return Span(job, len(places), devices, leaves, fewest, (low, high) if slower else None, hours, lost)


def _room(fleet: Fleet, free: NDArray[np.bool_]) -> dict[int, int]:
    counted = np.bincount(fleet.tree.group[0][free], minlength=len(fleet.tree.capacity[0]))
    return {int(group): int(counted[group]) for group in np.flatnonzero(counted)}


def _fragmented(
    fleet: Fleet,
    spans: tuple[Span, ...],
    used: Mapping[int, int],
    left: Mapping[str, int],
    state: State,
    window: tuple[float, float],
    ends: tuple[End, End],
) -> Audit:
    """Return the audit with what is free now, and in how few leaves jobs of 1, 2, 4 ... nodes would fit."""
    closed = np.array([name in state.down for name in node_names(fleet)]) & fleet.node_on
    closed[list(used)] = False
    free = fleet.node_on & ~closed
    free[list(used)] = False
    room, whole = _room(fleet, free), _room(fleet, fleet.node_on)
    partly = sum(0 < count < int(fleet.node_devices[node]) for node, count in used.items())
    untouched = [group for group, size in whole.items() if room.get(group, 0) == size]
    sizes = [1 << power for power in range(int(fleet.nodes).bit_length()) if 1 << power <= fleet.nodes]
    fits = tuple(
        Fit(
            size,
            len(fewest_groups(room, size)) if sum(room.values()) >= size else None,
            len(fewest_groups(whole, size)) if sum(whole.values()) >= size else 0,
        )
        for size in sizes
    )
    return Audit(
        spans, fits, fleet.nodes, int(free.sum()), partly, int(free.sum()) - sum(whole[g] for g in untouched), len(whole),
        len(untouched), len(state.waiting), dict(left), window, ends, int(closed.sum()),
    )  # fmt: skip

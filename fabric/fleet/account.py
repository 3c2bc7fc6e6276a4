"""From the runs of an outcome to its waterfall, and what is free, held and asked for over time. It knows no policy.

All sums are whole numbers in thousandths of a device times microseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.job import WHOLE, Longs
from fabric.fleet.outcome import FULL, KILLED, PREEMPTED, Outcome
from fabric.fleet.waterfall import Waterfall

SHIFT = 18
CHUNK = 1024
"""Products that are summed in 64 bits before they go on as Python's whole numbers."""
COARSE = 20
"""Bits of a time that are multiplied apart, so that no product leaves 64 bits."""


class Timeline(NamedTuple):
    """What stands from each time to the next, in thousandths of a device: times (n + 1), the rest (n).

    up: of nodes that are on and not down. held: by jobs. asked: by jobs that wait. free: up - held.
    """

    times: Longs
    up: Longs
    held: Longs
    asked: Longs

    @property
    def free(self) -> Longs:
        """What nobody holds."""
        return self.up - self.held


def timeline(outcome: Outcome) -> Timeline:
    """Return what is up, held and asked for over the window, by every instant at which one of them changes."""
    begin, end = outcome.window
    runs, jobs = outcome.runs, outcome.jobs
    held, asked = held_and_asked(outcome)
    again = np.isin(runs.why, (KILLED, PREEMPTED))
    demand = jobs.devices.astype(np.int64) * jobs.columns()["share"].astype(np.int64)
    size = outcome.fleet.node_devices.astype(np.int64) * WHOLE * outcome.fleet.node_on
    down = [(o.start_us, o.end_us or end, int(size[o.node])) for o in outcome.outages]
    gone, back, lost = (np.array(column, np.int64) for column in (zip(*down, strict=True) if down else ((), (), ())))
    zero, none = np.zeros_like, np.zeros(0, np.int64)
    parts = [
        (np.array([begin, end]), np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64)),
        (runs.start, zero(held), held, -asked),
        (runs.end, zero(held), -held, asked * again),
        (jobs.submit, zero(demand), zero(demand), demand),
        (gone, -lost, zero(lost), zero(lost)),
        (back, lost, zero(lost), zero(lost)),
    ]
    when, up, holds, asks = (np.concatenate([part[column] for part in parts]) for column in range(4))
    times, place = np.unique(np.clip(when, begin, end), return_inverse=True)
    total = [np.cumsum(_summed(place, change, len(times)))[:-1] for change in (up, holds, asks)]
    if len(times) < 2:
        return Timeline(np.array([begin, end]), none, none, none)
    return Timeline(times, total[0] + int(size.sum()), total[1], total[2])


def held_and_asked(outcome: Outcome) -> tuple[Longs, Longs]:
    """Return per run what it holds and what its job asked for, in thousandths of a device."""
    runs, jobs = outcome.runs, outcome.jobs
    share = jobs.columns()["share"][runs.job].astype(np.int64)
    return np.diff(runs.first) * runs.each * share, jobs.devices[runs.job] * share


def waterfall(outcome: Outcome) -> Waterfall:
    """Return where the installed device-time of the window went; it adds up to the integer.

    A run's time T splits into T - a T / FULL (slowed by placement; a: its speed alone there), a T / FULL - work done (slowed by
    contention), work lost at its stop, and the rest, of which a job's own `use` is effective; all rounded down in that order.
    """
    begin, end = outcome.window
    fleet, line = outcome.fleet, timeline(outcome)
    spans, blocked = np.diff(line.times), np.minimum(line.free, line.asked)
    on = fleet.node_on
    parts = _of_runs(outcome)
    off = int(fleet.node_devices[~on].sum()) * WHOLE * (end - begin)
    return Waterfall(
        installed=fleet.devices * WHOLE * (end - begin),
        off=off,
        down=int(fleet.node_devices[on].sum()) * WHOLE * (end - begin) - _product(spans, line.up),
        idle=_product(spans, line.free - blocked),
        blocked=_product(spans, blocked),
        window_us=end - begin,
        **parts,
    )


def _of_runs(outcome: Outcome) -> dict[str, int]:
    """Return the steps of what was allocated."""
    begin, end = outcome.window
    runs, columns = outcome.runs, outcome.jobs.columns()
    span = np.maximum(np.minimum(runs.end, end) - np.maximum(runs.start, begin), 0)
    seen = span > 0
    alone = scaled(runs.alone, span)
    work = np.where(seen, (runs.done - runs.before) >> SHIFT, 0)
    kept = np.where(seen, np.maximum(np.minimum(runs.done, runs.kept) - runs.before, 0) >> SHIFT, 0)
    best = scaled(np.maximum(outcome.best, runs.alone), span)
    held, asked = held_and_asked(outcome)
    use = columns["use"][runs.job].astype(np.int64)
    kinds, kind = np.unique(np.stack([held, asked, use]), axis=1, return_inverse=True)
    kind = kind.reshape(-1)
    sums = [_summed(kind, part, kinds.shape[1]) for part in (span - alone, alone - work, work - kept, kept, span, span - best)]
    found = dict.fromkeys(
        ("slowed_by_placement", "slowed_by_contention", "lost_to_restarts", "unused_by_job", "effective", "unavoidable"), 0
    ) | {"known_use": 0}
    for (holds, asks, used), row in zip(kinds.T.tolist(), zip(*(s.tolist() for s in sums), strict=True), strict=True):
        placed, shared, lost, good, time, least = row
        effective = good * asks * used // WHOLE
        found["slowed_by_placement"] += placed * asks
        found["slowed_by_contention"] += shared * asks
        found["lost_to_restarts"] += lost * asks
        found["unused_by_job"] += good * asks - effective + time * (holds - asks)
        found["effective"] += effective
        found["unavoidable"] += least * asks
        found["known_use"] += effective if used < WHOLE else 0
    return found


def scaled(speed: Longs, span: Longs) -> Longs:
    """Return speed x span / FULL, rounded down, without leaving 64 bits."""
    result: Longs = speed * (span >> SHIFT) + (speed * (span & (FULL - 1)) >> SHIFT)
    return result


def _summed(place: NDArray[np.integer], amounts: Longs, count: int) -> Longs:
    found = np.zeros(count, np.int64)
    np.add.at(found, place, amounts)
    return found


def _product(spans: Longs, amounts: Longs) -> int:
    """Return the sum of spans x amounts as a whole number of any size."""
    if not len(spans):
        return 0
    starts = np.arange(0, len(spans), CHUNK)
    high = np.add.reduceat((spans >> COARSE) * amounts, starts)
    low = np.add.reduceat((spans & ((1 << COARSE) - 1)) * amounts, starts)
    return (int(sum(high.tolist())) << COARSE) + int(sum(low.tolist()))

"""Max-min fair rates of flows over links, whole or only as far as a change reaches. It knows neither sizes nor times.

Progressive filling: the rates of all flows rise together until a link is full; its flows keep their rate, the others go
on. A link that is the tightest for each of its flows can be filled at once, whatever happens elsewhere, so that one
round fills many links. Complexity: rounds times (flows left times hops + links), all in numpy.
"""

from __future__ import annotations

import numpy as np

from fabric.network.ways import Flags, Floats, Ints, Paths

TIE = 1e-12
"""Relative difference below which two shares are one: the rounding of sums, far below any accuracy asked for."""
MARGIN = 1e-6
"""How far below the lowest rate that a change reaches flows are shared out again: more work, never another answer."""


def max_min(paths: Paths, capacity: Floats) -> Floats:
    """Return the max-min fair rate of every flow, in the unit of capacity; infinite for a flow over no links."""
    rates = np.full(len(paths.hops), np.inf)
    flows = np.flatnonzero(paths.hops)
    table = _table(paths.of(flows), len(capacity))
    free = np.append(capacity, np.inf)
    crossing = np.bincount(table.ravel(), minlength=len(free))
    while len(flows):
        rate, settled = _round(table, free / np.maximum(crossing, 1))
        rates[flows[settled]] = rate[settled]
        done = table.compress(settled, axis=1)
        free -= np.bincount(done.ravel(), np.tile(rate[settled], len(done)), minlength=len(free))
        crossing -= np.bincount(done.ravel(), minlength=len(free))
        flows, table = flows[~settled], table.compress(~settled, axis=1)
    return rates


def _table(paths: Paths, beyond: int) -> Ints:
    """Return (hops, flows): the links of every flow as a column, short ones filled up with a link without limit."""
    table = np.full((paths.hops.max(initial=0), len(paths.hops)), beyond, dtype=np.int64)
    table[np.arange(len(paths.links)) - np.repeat(paths.first[:-1], paths.hops), paths.flow] = paths.links
    return table


def _round(table: Ints, share: Floats) -> tuple[Floats, Flags]:
    """Return every flow's smallest equal share and whether that is its rate: one of its links is tightest for all on it."""
    rate = share[table].min(axis=0)
    lowest = np.full(len(share), np.inf)
    for links in table:
        np.minimum.at(lowest, links, rate)
    tightest = lowest >= share * (1 - TIE)
    return rate, np.logical_or.reduce(tightest[table], axis=0)


class Moving:
    """The flows that move bytes now: their rates, and when each ends if nothing changes. Every flow has links.

    ids, rate and end are arrays over slots; a slot whose flow has ended has rate 0 and end infinite until it is dropped.
    """

    def __init__(self, paths: Paths, capacity: Floats) -> None:
        """Start with no flow; paths are those of all flows that may join."""
        self._all, self._capacity = paths, capacity
        self.ids: Ints = np.zeros(0, dtype=np.int64)
        self.rate, self.end, self._left, self._since = (np.zeros(0) for _ in range(4))
        self._paths = paths.of(self.ids)
        self._used = np.zeros(len(capacity))  # bytes per second on every link
        self._touched: Flags = np.zeros(len(capacity), dtype=bool)
        self._level = np.inf  # no rate below it has changed since rates were last shared out

    @property
    def next_end(self) -> float:
        """When the next flow ends; infinite where none moves."""
        return float(self.end.min(initial=np.inf))

    def take(self, until: float) -> tuple[Ints, Floats]:
        """Return the flows that end by then, and when; they stop moving."""
        slots = np.flatnonzero(self.end <= until)
        ids, ends = self.ids[slots], self.end[slots]
        ended = self._paths.of(slots)
        self._touched[ended.links] = True
        self._used -= self._sum(ended, self.rate[slots])
        self._level = min(self._level, float(self.rate[slots].min(initial=np.inf)))
        self.rate[slots], self.end[slots] = 0.0, np.inf
        return ids, ends

    def join(self, ids: Ints, sizes: Floats, now: float) -> None:
        """Let flows of these sizes move from now on."""
        kept = np.flatnonzero(self.rate > 0)
        if not len(ids) and 2 * len(kept) >= len(self.rate):
            return
        fresh = np.full(len(ids), np.inf)
        self.ids = np.concatenate((self.ids[kept], ids))
        self.rate = np.concatenate((self.rate[kept], fresh))
        self.end = np.concatenate((self.end[kept], fresh))
        self._left = np.concatenate((self._left[kept], sizes))
        self._since = np.concatenate((self._since[kept], np.full(len(ids), now)))
        self._paths = self._all.of(self.ids)
        self._used = self._sum(self._paths, self.rate)  # summed anew, so that rounding does not pile up
        self._touch(self._all.of(ids).links)

    def _touch(self, links: Ints) -> None:
        """Note that flows joined these links: no rate below an equal share of one of them can change."""
        self._touched[links] = True
        crossing = np.bincount(self._paths.links, minlength=len(self._capacity))[links]
        self._level = min(self._level, float((self._capacity[links] / np.maximum(crossing, 1)).min(initial=np.inf)))

    def share(self, now: float) -> None:
        """Share the links out again as far as what ended and joined reaches; flows below the lowest such rate keep theirs."""
        slots, paths = self._reached()
        old = self.rate[slots]
        free = self._capacity - self._used + self._sum(paths, old)
        rate = max_min(paths, free)
        new = np.flatnonzero(rate != old)
        self._used += self._sum(paths.of(new), rate[new]) - self._sum(paths.of(new), old[new])
        self._change(slots[new], rate[new], now)
        self._touched[:] = False
        self._level = np.inf

    def _sum(self, paths: Paths, rate: Floats) -> Floats:
        """Return the bytes per second that flows put on every link; a flow that has just joined has infinite rate: none."""
        moving = np.where(np.isinf(rate), 0.0, rate)[paths.flow]
        return np.bincount(paths.links, moving, minlength=len(self._capacity)).astype(np.float64, copy=False)

    def _reached(self) -> tuple[Ints, Paths]:
        """Return the flows not below the level that share links, directly or through others of them, with touched ones."""
        above = np.flatnonzero((self.rate > 0) & (self.rate >= self._level * (1 - MARGIN)))
        paths, touched, before = self._paths.of(above), self._touched.copy(), -1
        while True:
            hit = np.flatnonzero(paths.any(touched))
            if len(hit) > len(above) / 2:
                return above, paths  # the search would cost more than it saves
            if len(hit) == before:
                return above[hit], paths.of(hit)
            touched[paths.of(hit).links] = True
            before = len(hit)

    def _change(self, slots: Ints, rate: Floats, now: float) -> None:
        """Give flows a new rate from now on."""
        old = self.rate[slots]
        moved = np.where(np.isinf(old), 0.0, old) * (now - self._since[slots])
        self._left[slots] = np.maximum(self._left[slots] - moved, 0.0)
        self._since[slots], self.rate[slots] = now, rate
        self.end[slots] = now + self._left[slots] / rate

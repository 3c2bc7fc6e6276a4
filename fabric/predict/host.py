"""How fast a rank sends, receives and adds from its node's memory, by what the node's ranks touch: MPI from host buffers.

It knows no library, and not where the rates come from: rows of a site (host_fit.py), or a node's own caches and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from fabric.network.working_sets import WorkingSets, beyond_caches

Interval = tuple[float, float]
BELOW = 4.0
"""How many times less than the least footprint known a case may touch and still take as long a byte."""


@dataclass(frozen=True)
class HostRate:
    """Bytes per second of a rank while the ranks of its node touch so many bytes together.

    copy: of the bytes that it sends and receives at a time; None: no slower than its NIC. reduce: of the bytes that it adds;
    None: not known. The intervals are 95 % ones over the rows behind, None where those are too few.
    """

    touched: float
    copy: float | None
    reduce: float | None
    copy_interval: Interval | None = None
    reduce_interval: Interval | None = None
    rows: int = 0


@dataclass(frozen=True)
class HostRates:
    """A node's rates by footprint, ascending, with as many ranks on it; None: of a core while all cores are at work.

    spread: the least and the most of measured / said over nine in ten of the rows behind; None where no rows are.
    """

    rates: tuple[HostRate, ...]
    source: str
    ranks_per_node: int | None = None
    spread: Interval | None = None
    nodes: tuple[int, ...] = ()

    def at(self, touched: float) -> HostRate | None:
        """Return the rates at a footprint, in log-log between those known, as at the nearest beyond; None far below all."""
        if BELOW * touched < self.rates[0].touched:
            return None
        copies = [(one.touched, one.copy) for one in self.rates if one.copy]
        adding = [(one.touched, one.reduce) for one in self.rates if one.reduce]
        return HostRate(touched, _between(touched, copies), _between(touched, adding))

    def seconds_per_byte(self, touched: float) -> float:
        """Return what a byte takes that is copied or added at a footprint, the mean of both, seconds; 0 where none is known."""
        found = self.at(max(touched, self.rates[0].touched))
        speeds = [speed for speed in (found.copy, found.reduce) if speed] if found else []
        return sum(1 / speed for speed in speeds) / len(speeds) if speeds else 0.0

    def excess(self, touched: float) -> float:
        """Return what a byte takes beyond what it does at footprints that are as fast as a cache, seconds."""
        return beyond_caches(self.seconds_per_byte(touched), [self.seconds_per_byte(one.touched) for one in self.rates])


def _between(touched: float, known: Sequence[tuple[float, float]]) -> float | None:
    """Return a speed in log-log between the footprints at which it is known, None where it is at none."""
    if not known:
        return None
    below = [pair for pair in known if pair[0] <= touched] or known[:1]
    above = [pair for pair in known if pair[0] >= touched] or known[-1:]
    (low, slow), (high, fast) = below[-1], above[0]
    if high <= low:
        return slow
    part = log(touched / low) / log(high / low)
    return exp((1 - part) * log(slow) + part * log(fast))


def of_working_sets(sets: WorkingSets) -> HostRates:
    """Return a machine's own copies and additions of one core while all are at work, as `build local` measured them."""
    rates = tuple(HostRate(one.nbytes, one.copy_all, one.reduce_all, rows=sets.count) for one in sets.rates)
    return HostRates(rates, sets.source)

"""How fast cores copy and reduce by how much memory they touch together: caches, then memory. It knows no library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fabric.units import show_rate, show_size

CACHED = 1.25
"""Times the fastest working set's seconds per byte up to which a working set is taken to be in a cache."""


@dataclass(frozen=True)
class Rates:
    """Bytes per second of one core's copies (of the bytes copied) and additions (of the bytes added to) in a working set.

    nbytes: what all cores at work touch together. `one`: a core alone; `all`: of each core while all of them do the same.
    """

    nbytes: int
    copy_one: float
    copy_all: float
    reduce_one: float
    reduce_all: float

    @property
    def speeds(self) -> dict[str, float]:
        """Return the four speeds by name."""
        one, every = {"copy_one": self.copy_one, "copy_all": self.copy_all}, {"reduce_one": self.reduce_one}
        return {**one, **every, "reduce_all": self.reduce_all}


@dataclass(frozen=True)
class WorkingSets:
    """Rates by working set, ascending, medians of `count` samples each, of a date.

    fresh: bytes per second at which a core gets pages anew from the system while all of them do. handed: at which it copies
    1 MiB that another core has just written, from its own where it is the only one.
    """

    rates: tuple[Rates, ...]
    fresh: float
    handed: float
    count: int
    date: str
    source: str

    def seconds_per_byte(self, footprint: float) -> float:
        """Return what a byte takes that is copied or reduced while all cores touch so many bytes: the mean of both, seconds.

        In log-log between the working sets that were measured, as at the nearest one beyond them.
        """
        sizes = np.log([one.nbytes for one in self.rates])
        seconds = np.log([(1 / one.copy_all + 1 / one.reduce_all) / 2 for one in self.rates])
        return float(np.exp(np.interp(np.log(max(footprint, 1.0)), sizes, seconds)))

    def excess(self, footprint: float) -> float:
        """Return what a byte takes beyond what it does in a cache, seconds; 0 where it is within CACHED of the fastest."""
        return beyond_caches(self.seconds_per_byte(footprint), [self.seconds_per_byte(one.nbytes) for one in self.rates])

    @property
    def cache(self) -> int:
        """Return the bytes of the largest working set that is as fast as a cache, all cores together."""
        return max(one.nbytes for one in self.rates if not self.excess(one.nbytes))

    @property
    def digits(self) -> list[list[str]]:
        """Return the rates in as many digits as a file keeps of them, for a fingerprint."""
        own = [[str(one.nbytes), *(f"{speed:.9g}" for speed in one.speeds.values())] for one in self.rates]
        return [*own, [f"{self.fresh:.9g}", f"{self.handed:.9g}"]]

    def said(self) -> str:
        """Return the rates in a line: in a cache, how much that holds, and in memory."""
        cache, first, last = self.cache, self.seconds_per_byte(self.cache), self.seconds_per_byte(self.rates[-1].nbytes)
        return (
            f"memory: a core copies and reduces {show_rate(1 / first)} while all touch up to {show_size(cache)} together, "
            f"{show_rate(1 / last)} at {show_size(self.rates[-1].nbytes)}, {show_rate(self.fresh)} of new pages, "
            f"{show_rate(self.handed)} of what another core wrote ({self.source})"
        )


def beyond_caches(seconds: float, known: Sequence[float]) -> float:
    """Return by how much a byte takes longer than in a cache, seconds; 0 within CACHED of the fastest of the known ones."""
    cached = [one for one in known if one <= CACHED * min(known)]
    return seconds - float(np.median(cached)) if seconds > CACHED * min(known) else 0.0

"""A library's laws of scale at a site, as constants carry them: expected seconds with a 90 % interval. It knows no fabric.

[q lo^e / h, q hi^e h' (1 + (R-1) d) (1 + c sqrt d)], e = sqrt(d + o/2): lo and hi by size, d the doublings of the nodes from
the nearest row, o the octaves of size beyond the rows, h and h' for holes and open slopes, R how far one run in twenty is from
the median of its like at this site, c for congestion where R says that the site is shared; e is halved where it is not.
lo, hi and c, and rules of laws.py, were chosen on rows of three sites, 8 to 16 nodes (docs/scale.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from statistics import median

from fabric.predict.curves import MIB
from fabric.predict.laws import FEW, Point, Rows, Trend, library, points_of, trend
from fabric.predict.names import FREE, name_of
from fabric.predict.settings import setting_of
from fabric.records.case import Case
from fabric.records.result import Result

KIB = 1024
BANDS: tuple[tuple[int, float, float], ...] = (
    (64 * KIB, 0.92, 1.37),
    (MIB, 0.62, 1.75),
    (16 * MIB, 0.62, 1.9),
    (256 * MIB, 0.62, 2.2),
)
"""Bytes below which, and there the low and the high end of the interval one doubling of the nodes away, by the law's time."""
LARGE = (0.85, 1.25)
SEEN = 0.25
"""Doublings that stand for a number of nodes that was itself measured."""
TAIL = 0.95
SHARED = 1.05
"""A tail beyond which a site counts as shared or noisy: more nodes meet congestion that few of them do not show."""
CONGESTED = 0.8
"""What congestion adds to the slow end at such a site, times sqrt(d), where bytes decide the time."""
CROWDED_FROM = 16 * MIB
QUIET = 0.5
"""How much narrower, as an exponent, the bands are where a site repeats itself."""
SCALED = ("nccl",)
"""Libraries whose rings and trees were seen to keep these laws from scale to scale."""
UNPROVEN = 1.5
"""How much wider, as an exponent, the bands of other libraries are."""
UNREPEATED = 1.2
"""One run in twenty from its median where nothing was run twice."""


@dataclass(frozen=True)
class Estimate:
    """Expected seconds with a 90 % interval. reasons: what the law is, and what the interval was widened for."""

    seconds: float
    low: float
    high: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Laws:
    """What a library took at a site. tail: how far one run in twenty is above the median of its like, as a ratio.

    setting: the library's, as setting_of() words it; "" where the logs say none.
    """

    points: tuple[Point, ...]
    tail: float = UNREPEATED
    setting: str = ""

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Rows]:
        """Return the rows of every collective and algorithm, of several nodes."""
        found = defaultdict[tuple[str, str], list[Point]](list)
        for point in self.points:
            if point.nodes > 1:
                found[point.collective, point.algorithm].append(point)
        return {key: Rows(tuple(own)) for key, own in found.items()}

    @cached_property
    def library(self) -> str:
        """Return whose collectives these are."""
        return self.points[0].library if self.points else ""

    @property
    def nodes(self) -> tuple[int, ...]:
        """The numbers of nodes that were measured."""
        return tuple(sorted({point.nodes for point in self.points}))

    def expected(self, case: Case, algorithm: str = FREE) -> Estimate | str:
        """Return what a case takes at this site, or why the rows do not say. algorithm: `default` is the library's choice."""
        if case.nodes < FEW:
            return "rows of several nodes say nothing of one"
        if case.nbytes < 1:
            return "a collective without bytes has no law"
        name = name_of(algorithm)
        names = self._standing_for(case.collective, name)
        if not names:
            known = ", ".join(sorted({f"{kind} by {by}" for kind, by in self.rows})) or "nothing of several nodes"
            return f"no rows of {case.collective} by {name}; these laws hold {known}"
        found = min((trend(case, self.library, by, self.rows[case.collective, by]) for by in names), key=lambda t: t.seconds)
        return self._bounded(case, found)

    def _standing_for(self, collective: str, name: str) -> tuple[str, ...]:
        """Return the algorithms whose rows say what one takes: its own; of a free choice without rows all others."""
        if (collective, name) in self.rows:
            return (name,)
        return tuple(by for kind, by in self.rows if kind == collective) if name == FREE else ()

    def _bounded(self, case: Case, found: Trend) -> Estimate:
        """Return the trend with its interval: bands by size, doublings, the rows' own doubts, the site's tail."""
        low, high = next(((low, high) for below, low, high in BANDS if case.nbytes < below), LARGE)
        far = max(1.0, found.distance) if found.distance else SEEN
        wide = sqrt(far + found.outside / 2) * self._surety
        crowd = CONGESTED * sqrt(far) if self.tail > SHARED and case.nbytes >= CROWDED_FROM else 0.0
        least = found.seconds * found.least * low**wide
        most = found.seconds * found.most * high**wide * (1 + (self.tail - 1) * far) * (1 + crowd)
        return Estimate(found.seconds, least, most, tuple(self._reasons(found)))

    @property
    def _surety(self) -> float:
        """What the exponent of the bands is multiplied by: a library without known laws, or a site that repeats itself."""
        if self.library not in SCALED:
            return UNPROVEN
        return QUIET if self.tail <= SHARED else 1.0

    def _reasons(self, found: Trend) -> Iterable[str]:
        yield found.why
        if found.distance:
            yield f"{found.distance:.2g} doublings of the nodes from the nearest row"
        if found.outside:
            yield f"{found.outside:.2g} octaves of size beyond the rows"
        if found.hole > 1:
            yield f"a hole: this block or size was seen to take {found.hole:.2g} x its surroundings"
        if self.library not in SCALED:
            yield f"laws of scale were not shown for {self.library}"
        if self.tail > SHARED:
            yield f"one run in twenty takes {self.tail:.3g} x the median of its like: shared or noisy, more so on more"


def laws_by_setting(results: Iterable[Result]) -> dict[tuple[str, str], Laws]:
    """Return the laws of every library and setting in results of several nodes that are sound; rows of one node are left out.

    Of a library the setting of most cases comes first.
    """
    groups = defaultdict[tuple[str, str], list[Result]](list)
    for one in results:
        if one.case.nodes > 1 and not one.wrong and not one.oversubscribed:
            groups[library(one.source), setting_of(one)].append(one)
    found = {key: Laws(points_of(own), tail_of(own), key[1]) for key, own in groups.items()}
    return dict(sorted(found.items(), key=lambda pair: (pair[0][0], -len(pair[1].points), pair[0][1])))


def tail_of(results: Iterable[Result]) -> float:
    """Return by how much one run in twenty is above the median of its like, of 1 MiB on; UNREPEATED without repeats."""
    groups = defaultdict[tuple[object, ...], list[float]](list)
    for one in results:
        case = one.case
        if case.nbytes >= MIB and case.nodes > 1:
            key = (library(one.source), case.collective, one.algorithm, setting_of(one), case.nodes, case.nbytes)
            groups[(*key, case.world_size, case.in_place)].append(one.time)
    ratios = sorted(time / median(times) for times in groups.values() if len(times) > 1 for time in times)
    return max(1.0, ratios[int(TAIL * (len(ratios) - 1))]) if ratios else UNREPEATED

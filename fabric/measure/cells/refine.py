"""Where a curve of time over size bends more than alpha + beta S can, and which size to measure next. It measures nothing.

Between two neighbouring sizes, two straight lines end: one through the points on the left, one through those on the right.
Where a library switches its algorithm between them, both lines miss the point on the other side. Such gaps are halved, the
worst first. The idea of comparing measured with interpolated times is SKaMPI's (Reussner et al., 1998); the rule is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import log, sqrt

from fabric.measure.cells.ask import sizes_of
from fabric.measure.cells.job import Cell, Job
from fabric.records.case import DTYPES
from fabric.records.pool import pooled
from fabric.records.result import Result
from fabric.units import show_size

NARROW = 1.12
"""Ratio of two neighbouring sizes at which a switch between them counts as found."""
MISS = 1.15
"""Factor by which both lines must miss, beyond what the points' intervals allow."""
WORD = 8
"""Bytes of the largest element: sizes that are no further apart cannot be split."""
Curve = tuple[str, str, int, bool, str]
"""(source, collective, world size, in place, order)."""


@dataclass(frozen=True)
class Point:
    """One measured size: median seconds, and half of its 95 % interval."""

    nbytes: int
    seconds: float
    half: float = 0.0


@dataclass(frozen=True)
class Switch:
    """Between two measured sizes time changes by a factor against the line on the left; 1.6: it jumps up."""

    low: int
    high: int
    factor: float

    def text(self) -> str:
        """Return the switch as words."""
        return f"between {show_size(self.low)} and {show_size(self.high)} time jumps {self.factor:.2g}x"


def curves(results: Sequence[Result]) -> dict[Curve, list[Point]]:
    """Return every curve's points, ascending; samples of several visits count as one."""
    found: dict[Curve, list[Point]] = {}
    for result in sorted(pooled(results), key=lambda result: result.case.nbytes):
        case, (low, high) = result.case, result.bracket or (min(result.seconds), max(result.seconds))
        if result.time > 0:
            key = (result.source, case.collective, case.world_size, case.in_place, case.order)
            found.setdefault(key, []).append(Point(case.nbytes, result.time, (high - low) / 2))
    return found


def refined(job: Job, results: Sequence[Result]) -> list[Cell]:
    """Return the next cell of every curve that bends and may still have one, and its two neighbours once more.

    The neighbours were measured minutes ago, perhaps in another state of the machine: a drift must not look like a switch.
    """
    swept = {(part.name, part.world_size): {moved: asked for asked, moved in part.whole.items()} for part in job.parts()}
    cells = []
    for (_, name, world_size, in_place, order), points in curves(results).items():
        known = {point.nbytes for point in points}
        asked = swept[name, world_size]
        new = next_size(points, partial(_whole, job, name, world_size)) if len(known - set(asked)) < job.refine else None
        if new is not None:
            sizes = (max(size for size in known if size < new), new, min(size for size in known if size > new))
            cells += [Cell(name, size, world_size, in_place, asked.get(size, size), order) for size in sizes]
    return list(dict.fromkeys(cells))


def _whole(job: Job, name: str, world_size: int, nbytes: int) -> int | None:
    """Return the largest size up to nbytes that the collective can be cut into, None where there is none."""
    element = DTYPES[job.what.dtype]
    asked = nbytes // element * element
    return sizes_of(name, world_size, (asked,), job.what).whole.get(asked) if asked else None


def next_size(points: Sequence[Point], whole: Callable[[int], int | None]) -> int | None:
    """Return the size that splits the worst gap of a curve geometrically, None where no gap is worth it.

    points: ascending, each size once. whole(nbytes): the size that can be measured instead, None where there is none.
    """
    gaps = sorted(range(len(points) - 1), key=lambda gap: -_miss(points, gap))
    for gap in gaps:
        low, high = points[gap].nbytes, points[gap + 1].nbytes
        if _miss(points, gap) <= log(MISS):
            return None
        middle = whole(round(sqrt(low * high))) if high > NARROW * low else None
        if middle is not None and low < middle < high:
            return middle
    return None


def switches(points: Sequence[Point]) -> list[Switch]:
    """Return the narrow gaps of a curve over which time jumps, ascending; wider ones say too little."""
    found = []
    for gap in range(len(points) - 1):
        low, high = points[gap], points[gap + 1]
        if high.nbytes <= max(NARROW * low.nbytes, low.nbytes + WORD) and _miss(points, gap) > log(MISS):
            factor = high.seconds / _ahead(points, gap)[0] if gap else _behind(points, gap)[0] / low.seconds
            found.append(Switch(low.nbytes, high.nbytes, factor))
    return found


def _miss(points: Sequence[Point], gap: int) -> float:
    """Return by how much (logarithm of a factor) both lines miss over a gap, at its ends the one line that there is."""
    misses = []
    if gap > 0:
        misses.append(_apart(points[gap + 1], *_ahead(points, gap)))
    if gap < len(points) - 2:
        misses.append(_apart(points[gap], *_behind(points, gap)))
    return min(misses, default=0.0)


def _apart(point: Point, predicted: float, doubt: float) -> float:
    """Return |log(measured / predicted)| less what the intervals of all points involved allow."""
    return max(0.0, abs(log(point.seconds / predicted)) - (doubt + point.half) / predicted)


def _ahead(points: Sequence[Point], gap: int) -> tuple[float, float]:
    """Return the seconds that the line on the left gives at the gap's right end, and their doubt.

    alpha >= 0 and beta >= 0: time neither falls, nor grows faster than size.
    """
    near, at = points[gap], points[gap + 1].nbytes
    width = at / near.nbytes
    wide = [point for point in points[:gap] if near.nbytes >= width * point.nbytes]
    far = wide[-1] if wide else points[0]
    share = (at - near.nbytes) / (near.nbytes - far.nbytes)
    seconds = near.seconds + share * (near.seconds - far.seconds)
    return min(max(seconds, near.seconds), near.seconds * width), near.half * (1 + share) + far.half * share


def _behind(points: Sequence[Point], gap: int) -> tuple[float, float]:
    """Return the seconds that the line on the right gives at the gap's left end, and their doubt."""
    near, at = points[gap + 1], points[gap].nbytes
    width = near.nbytes / at
    wide = [point for point in points[gap + 2 :] if point.nbytes >= width * near.nbytes]
    far = wide[0] if wide else points[-1]
    share = (near.nbytes - at) / (far.nbytes - near.nbytes)
    seconds = near.seconds - share * (far.seconds - near.seconds)
    return max(min(seconds, near.seconds), near.seconds / width), near.half * (1 + share) + far.half * share

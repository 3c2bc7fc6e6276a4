"""A site's own rows as a floor: what this collective took here, with the bands of a verdict. It knows no hardware.

The laws are those of predict/laws.py: a ring's steps by block, the rest at equal size by the levels of a tree. Rows of one and
of two nodes stand apart: they are held only against rows of as many nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from statistics import median

from fabric.judge.judgement import Basis, Expected
from fabric.predict.laws import FEW, STEP_FROM, Point, Rows, library, points_of, size_law, step_law
from fabric.predict.names import RINGS, STEPPED, name_of
from fabric.predict.site import SCALED
from fabric.records.case import Case
from fabric.records.result import Result

QUIET, NOISY, SCATTER = 1.15, 1.25, 0.05
"""Measured / expected beyond which a row is bad: where the site's rows repeat themselves within SCATTER, and where not."""
UNREPEATED = 1.2
"""The same where nothing was run twice, so that nobody knows how well the site repeats itself."""
GOOD_TO = 1.08


@dataclass(frozen=True)
class Floor:
    """What a site took, as points. fabric, fingerprint, made_at: of the record where it was read from one."""

    points: tuple[Point, ...]
    fabric: str = ""
    fingerprint: str = ""
    made_at: str = ""

    @cached_property
    def by_algorithm(self) -> dict[tuple[str, str, str], list[Point]]:
        """Return the points of every library, collective and algorithm."""
        found = defaultdict[tuple[str, str, str], list[Point]](list)
        for point in self.points:
            found[point.library, point.collective, point.algorithm].append(point)
        return found

    def expected(self, result: Result, algorithm: str, basis: Basis = "floor") -> Expected | str:
        """Return what the case of a result takes here by an algorithm, or why the points do not say."""
        case, name, whose = result.case, name_of(algorithm), library(result.source)
        own = self.by_algorithm.get((whose, case.collective, name), [])
        like = [point for point in own if _alike(point, case, name, whose)]
        if not like:
            return f"no other row of {case.collective} by {name} on {_whose_nodes(case, name, whose)} to hold it against"
        found = _by_step(case, like) if _is_ring(case, name, whose) else _by_size(case, like)
        return found if isinstance(found, str) else _banded(found, like, basis, name)


def _apart(case: Case, name: str, whose: str) -> bool:
    """Return whether a case is held only against as many nodes: one or two, and libraries whose law of scale is not known."""
    return whose not in SCALED or case.nodes < FEW or (case.nodes == FEW and name not in RINGS)


def _alike(point: Point, case: Case, name: str, whose: str) -> bool:
    """Return whether a point says anything of a case."""
    if _apart(case, name, whose):
        return (point.nodes, point.ranks) == (case.nodes, case.world_size)
    return point.nodes > FEW or (point.nodes == FEW and name in RINGS)


def _whose_nodes(case: Case, name: str, whose: str) -> str:
    return f"{case.nodes} nodes" if _apart(case, name, whose) else f"more than {FEW} nodes"


def _is_ring(case: Case, name: str, whose: str) -> bool:
    """Return whether a case is held against a ring's steps: a ring, or a free choice of the library with large blocks."""
    if case.collective not in STEPPED or _apart(case, name, whose):
        return False
    return name in RINGS or (name == "default" and case.nbytes / case.world_size >= STEP_FROM)


def scatter_of(points: Sequence[Point]) -> float | None:
    """Return how far a run is from the median of its like, the median |log| over points of several runs, or None."""
    repeated = [point.scatter for point in points if point.count > 1 and point.block >= STEP_FROM]
    return median(repeated) if repeated else None


def _banded(found: tuple[float, float, str], like: Sequence[Point], basis: Basis, name: str) -> Expected:
    """Return the law's time with its band, which widens with the distance in doublings of the nodes."""
    seconds, distance, why = found
    scatter = scatter_of(like)
    limit = UNREPEATED if scatter is None else QUIET if scatter <= SCATTER else NOISY
    bad = 1 + (limit - 1) * sqrt(distance)
    wide = min(GOOD_TO * exp(scatter or 0.0) ** sqrt(distance), bad)
    return Expected(seconds, seconds / wide, seconds * wide, seconds * bad, basis, name, why)


def _by_step(case: Case, points: Sequence[Point]) -> tuple[float, float, str] | str:
    """Return N tau(x), the distance in doublings of the nodes from the most that were seen (1 at least), the law in words."""
    block, least = case.nbytes / case.world_size, min(point.block for point in points)
    if block < least * 0.999:
        return f"its block of {block:.0f} bytes is below the smallest one seen, {least:.0f}"
    found = step_law(case, Rows(tuple(points)))
    beyond = found.distance if case.nodes > max(point.nodes for point in points) else 0.0
    return found.seconds, max(1.0, beyond), found.why


def _by_size(case: Case, points: Sequence[Point]) -> tuple[float, float, str] | str:
    """Return the law's time from rows of the same size, the distance in doublings (1 at least), the law in words."""
    same = tuple(point for point in points if point.nbytes == case.nbytes)
    if not same:
        return f"no other row of {case.nbytes} bytes"
    found = size_law(case, Rows(same), levels=True)
    return found.seconds, max(1.0, found.distance), found.why


def floor_of(results: Iterable[Result], algorithm: str | None = None) -> Floor:
    """Return the floor of results: per case the median over runs. algorithm: of `default`."""
    return Floor(points_of(results, algorithm))

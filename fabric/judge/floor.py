"""A site's own rows as a law: what this collective took here, by block, size and number of nodes. It knows no hardware.

Rings: t = N tau(x) with N = 2(p-1) steps (p-1 for the halves), x = S/p the block, tau interpolated in log-log over the rows
and proportional to x above the last: a ring's step does not know how many nodes there are. Everything else, at equal S:
t(S, k) = t(S, k0) + b log2(k/k0), b the median slope, 0 <= b <= t(S, k0) / log2 k0. Rows of one and of two nodes stand apart:
they are held only against rows of as many nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, log2, sqrt
from statistics import median

from fabric.judge.judgement import Basis, Expected
from fabric.records.case import Case
from fabric.records.imported import LIBRARIES, PREFIX, TWIN
from fabric.records.result import Result

MIB = 1024**2
STEP_FROM = MIB
"""Bytes of a block from which on a free choice of the library is taken as a ring: its steps are then equal at all scales."""
RINGS = ("ring", "chain", "gloo_ring")
SCALED = ("nccl",)
"""Libraries whose rings and trees were seen to keep these laws from scale to scale."""
HALVES = ("all_gather", "reduce_scatter")
STEPPED = ("all_reduce", *HALVES)
"""Collectives that a ring does in steps of one block; others pipeline or send whole messages."""
FEW = 2
"""Nodes up to which rows stand apart: two-node all-reduce is beyond or below what more nodes do."""
QUIET, NOISY, SCATTER = 1.15, 1.25, 0.05
"""Measured / expected beyond which a row is bad: where the site's rows repeat themselves within SCATTER, and where not."""
UNREPEATED = 1.2
"""The same where nothing was run twice, so that nobody knows how well the site repeats itself."""
GOOD_TO = 1.08
Key = tuple[str, str, str, int, int, int]
"""Library, collective, algorithm, nodes, ranks, bytes."""


@dataclass(frozen=True)
class Point:
    """What one case took here. library: whose collective, as library() names it. seconds: median of `count` runs.

    scatter: the mean |log| of a run from it.
    """

    library: str
    collective: str
    algorithm: str
    nodes: int
    ranks: int
    nbytes: int
    seconds: float
    count: int = 1
    scatter: float = 0.0

    @property
    def block(self) -> float:
        """Bytes of a ring's block, S/p."""
        return self.nbytes / self.ranks

    @property
    def step(self) -> float:
        """Seconds of one of the ring's steps."""
        return self.seconds / steps(self.collective, self.ranks)


def steps(collective: str, ranks: int) -> int:
    """Return the steps of a ring: 2(p-1), for the halves p-1."""
    return max(1, (ranks - 1) * (1 if collective in HALVES else 2))


def library(source: str) -> str:
    """Return whose collective a source timed; the tool's name where it does not say which MPI it was built with."""
    tool = source.removeprefix(PREFIX)
    return source.removeprefix(TWIN) if tool == source else LIBRARIES.get(tool, tool)


def name_of(algorithm: str) -> str:
    """Return an algorithm's name without parameters, as the library's users write it, in lower case."""
    return algorithm.partition(":")[0].strip().lower().replace("nvlstree", "nvls_tree")


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
    """Return N tau(x), the distance in doublings of the nodes from the nearest row (1 at least), and the law in words."""
    block, count = case.nbytes / case.world_size, steps(case.collective, case.world_size)
    taus = _medians((point.block, point.step) for point in points)
    below = [x for x in taus if x <= block * 1.001]
    above = [x for x in taus if x >= block * 0.999]
    if not below:
        return f"its block of {block:.0f} bytes is below the smallest one seen, {min(taus):.0f}"
    low = max(below)
    high = min(above, default=low)
    tau = taus[low] * block / low if not above else _between(block, low, high, taus)
    near = max(point.nodes for point in points)
    distance = max(1.0, log2(case.nodes / near)) if case.nodes > near else 1.0
    return count * tau, distance, f"a ring's step at a block of {block / MIB:.3g} MiB, as on {_named(points)} nodes"


def _between(block: float, low: float, high: float, taus: dict[float, float]) -> float:
    if high == low:
        return taus[low]
    part = log(block / low) / log(high / low)
    return exp((1 - part) * log(taus[low]) + part * log(taus[high]))


def _by_size(case: Case, points: Sequence[Point]) -> tuple[float, float, str] | str:
    """Return t(S, k0) + b log2(k/k0) from the nearest number of nodes that has the size, the distance and the law in words."""
    same = [point for point in points if point.nbytes == case.nbytes]
    if not same:
        return f"no other row of {case.nbytes} bytes"
    times = _medians((point.nodes, point.seconds) for point in same)
    near = min(times, key=lambda nodes: abs(log2(nodes / case.nodes)))
    slopes = [(times[b] - times[a]) / log2(b / a) for a in times for b in times if b > a]
    most = times[near] / max(1.0, log2(near))
    slope = min(max(median(slopes), 0.0), most) if slopes else 0.0
    seconds = times[near] + slope * log2(case.nodes / near)
    distance = max(1.0, abs(log2(case.nodes / near)))
    return max(seconds, times[near] / 2), distance, f"the same size on {_named(same)} nodes"


def _named(points: Sequence[Point]) -> str:
    return ", ".join(str(nodes) for nodes in sorted({point.nodes for point in points}))


def _medians(pairs: Iterable[tuple[float, float]]) -> dict[float, float]:
    found = defaultdict[float, list[float]](list)
    for key, value in pairs:
        found[key].append(value)
    return {key: median(values) for key, values in sorted(found.items())}


def floor_of(results: Iterable[Result], algorithm: str | None = None) -> Floor:
    """Return the floor of results: per case the median over runs. algorithm: of `default`."""
    groups = defaultdict[Key, list[float]](list)
    for result in results:
        case, name = result.case, name_of(result.algorithm)
        if case.world_size > 1 and case.nbytes > 0:
            named = algorithm if algorithm and name == "default" else name
            groups[library(result.source), case.collective, named, case.nodes, case.world_size, case.nbytes].append(result.time)
    return Floor(tuple(_point(key, times) for key, times in sorted(groups.items())))


def _point(key: Key, times: Sequence[float]) -> Point:
    middle = median(times)
    spread = sum(abs(log(time / middle)) for time in times) / len(times)
    return Point(*key, middle, len(times), spread)

"""A site's own rows as laws of scale: what a collective takes by block, size and number of nodes. It knows no hardware.

Rings: t = N tau(x), N = 2(p-1) steps (p-1 for the halves), x = S/p the block: a ring's step does not know how many nodes
there are. Everything else, at equal S: t(S, k) = t(S, k0) + b log2(k/k0), a tree's levels. A free choice of NCCL is a ring
where blocks are large, and the smaller of both around that. Rows of one node say nothing of several, and rows of two leave
the trend of more. A size that takes longer than a larger one is a hole: told, widening intervals, and no part of a trend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log, log2, sqrt
from statistics import median

from fabric.predict.curves import HOLE, MIB, PACKET, Curve, at, medians, without_holes
from fabric.predict.names import FREE, STEPPED, is_ring, is_whole, name_of, steps
from fabric.records.case import Case
from fabric.records.imported import LIBRARIES, PREFIX, TWIN
from fabric.records.result import Result

STEP_FROM = MIB
"""Bytes of a block from which on a free choice of the library is taken as a ring: its steps are then equal at all scales."""
BOUND_FROM = 4 * MIB
"""Bytes of a block from which on bandwidth decides a step of NCCL."""
EITHER_FROM = STEP_FROM // 4
"""Bytes of a block from which on it may be a ring or a tree: the smaller of both laws."""
CHOOSING = "nccl"
"""The library whose free choice is known to lie between a ring and a tree."""
FEW = 2
"""Nodes up to which rows stand apart: two-node all-reduce is beyond or below what more nodes do."""
APART_FROM = MIB // 4
"""Bytes from which on the rows of two nodes leave the slope of a tree's levels."""
ALONE_APART_FROM = 16 * MIB
"""The same where one number of more nodes was measured, which has no slope of its own."""
FAR = 2.0
"""Doublings of the nodes from which on a free choice has left the ring of the rows where blocks are in between."""
LATENT = MIB
"""Bytes below which growth beyond levels is that of a ring's steps."""
TREED = "all_reduce"
"""The collective that NCCL has trees for."""
RING_TO = 64
"""Ranks up to which NCCL's model prefers a ring from STEP_FROM on; of more its latencies outgrow what a tree loses."""
TREE_RATE = 0.92
"""A tree's bandwidth over a ring's, at most (NVIDIA/nccl 2.30.7, src/graph/tuning.cc)."""
BESIDE = 4
"""How many times larger a block may be for its hole to reach down to a block."""
REDUCING = ("all_reduce", "reduce_scatter")
"""Collectives that every rank reduces its share (p-1)/p of."""
HOST_FROM = 16 * MIB
"""Bytes from which on MPI's reductions are bound by a node's own copies and reducing core, not by the network."""
OWN_RATE = 1.05
"""How much a node's rate may differ between numbers of nodes and still be its own."""
SHORT = 64 * 1024
"""Bytes up to which an operation is latency alone."""
BEFORE, LESS = 3, 0.8
"""Sizes before one whose levels say what its own takes, and how much less it may take."""


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
        return self.seconds / steps(self.collective, self.ranks, self.algorithm)


@dataclass(frozen=True)
class Trend:
    """What a law says of a case: seconds, and what its interval has to widen for.

    distance: doublings of the nodes from the nearest row. outside: octaves of size or block beyond the rows. least, most: what
    it would be, over seconds, without a hole that it stands in or with one beside it, or with the other slopes that the rows
    leave open. hole: how much longer than its surroundings the like of it took, 1 outside of holes. why: the law in words.
    """

    seconds: float
    distance: float
    why: str
    outside: float = 0.0
    least: float = 1.0
    most: float = 1.0
    hole: float = 1.0


@dataclass(frozen=True)
class Hole:
    """A size that takes `times` as long as a larger one."""

    nodes: int
    nbytes: int
    seconds: float
    times: float


def library(source: str) -> str:
    """Return whose collective a source timed; the tool's name where it does not say which MPI it was built with."""
    tool, _, named = source.removeprefix(PREFIX).partition(":")
    return named or LIBRARIES.get(tool, tool) if source.startswith(PREFIX) else source.removeprefix(TWIN)


def points_of(results: Iterable[Result], algorithm: str | None = None) -> tuple[Point, ...]:
    """Return what results took, per case the median over runs. algorithm: of `default`."""
    groups = defaultdict[tuple[str, str, str, int, int, int], list[float]](list)
    for result in results:
        case, name = result.case, name_of(result.algorithm)
        if case.world_size > 1 and case.nbytes > 0:
            named = algorithm if algorithm and name == FREE else name
            groups[library(result.source), case.collective, named, case.nodes, case.world_size, case.nbytes].append(result.time)
    return tuple(_point(key, times) for key, times in sorted(groups.items()))


def _point(key: tuple[str, str, str, int, int, int], times: Sequence[float]) -> Point:
    middle = median(times)
    return Point(*key, middle, len(times), sum(abs(log(time / middle)) for time in times) / len(times))


@dataclass(frozen=True)
class Rows:
    """Rows of one library, collective and algorithm, ready for its laws. Sorted once, asked often."""

    points: tuple[Point, ...]

    @cached_property
    def by_step(self) -> Curve:
        """Return the seconds of a ring's step by block, of the most nodes that have the block, two of them only alone."""
        more = [point for point in self.points if point.nodes > FEW] or self.points
        most = {point.block: point.nodes for point in sorted(more, key=lambda point: point.nodes)}
        return medians((point.block, point.step) for point in more if point.nodes == most[point.block])

    @cached_property
    def by_nodes(self) -> Mapping[int, Curve]:
        """Return for every number of nodes the seconds by size."""
        found = defaultdict[int, list[Point]](list)
        for point in self.points:
            found[point.nodes].append(point)
        return {nodes: medians((p.nbytes, p.seconds) for p in own) for nodes, own in sorted(found.items())}

    @cached_property
    def smooth(self) -> Mapping[int, Curve]:
        """Return by_nodes with every hole bridged from the sizes around it."""
        return {nodes: without_holes(curve) for nodes, curve in self.by_nodes.items()}

    @cached_property
    def levels(self) -> Curve:
        """Return by size what a doubling of the nodes adds, without sizes of which that is less than smaller ones' lets expect.

        A level that carries more bytes takes no less time: where rows say less, a hole or a change of protocol speaks.
        """
        slopes = {size: _slopes(_times(size, self, measured=True)) for size in sorted({point.nbytes for point in self.points})}
        found, least = dict[float, float](), _level(self)
        for size, own in slopes.items():
            slope, before = median(own or [0.0]), list(found.values())[-BEFORE:]
            if slope > 0 and slope >= max(least, LESS * median(before or [0.0])):
                found[size] = slope
        return found

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Return the sizes that take longer than larger ones."""
        return tuple(
            Hole(nodes, int(nbytes), seconds, seconds / self.smooth[nodes][nbytes])
            for nodes, curve in self.by_nodes.items()
            for nbytes, seconds in curve.items()
            if seconds > HOLE * self.smooth[nodes][nbytes]
        )


def step_law(case: Case, rows: Rows) -> Trend:
    """Return N tau(x): tau in log-log between the rows, proportional to x above them, affine below (flat under a packet)."""
    block, count = case.nbytes / case.world_size, steps(case.collective, case.world_size, rows.points[0].algorithm)
    tau, outside = at(block, rows.by_step)
    hole = _depth(tau, block, rows)
    why = f"a ring's step at a block of {block / MIB:.3g} MiB, as on {_named(rows.points)} nodes"
    seconds = max(count * tau, _of_fewer(case, rows))
    return Trend(seconds, distance(case.nodes, rows.points), why, outside, least=1 / hole, hole=hole)


def _of_fewer(case: Case, rows: Rows) -> float:
    """Return what the bytes of a ring took on fewer nodes, 0 where none was measured; more steps take no less."""
    fewer = max((nodes for nodes in rows.by_nodes if FEW < nodes < case.nodes), default=0)
    bound = rows.points[0].library == CHOOSING and case.nbytes / case.world_size >= BOUND_FROM
    if not fewer or case.nodes in rows.by_nodes or not bound:
        return 0.0
    curve, ranks = rows.smooth[fewer], next(point.ranks for point in rows.points if point.nodes == fewer)
    inside = min(curve) <= case.nbytes <= max(curve)
    return at(case.nbytes, curve)[0] * _share(case.world_size) / _share(ranks) if inside else 0.0


def _depth(tau: float, block: float, rows: Rows) -> float:
    """Return how much longer a step takes than larger blocks let expect, 1 neither in a hole nor below one.

    Of a block x' behind, tau(x') is the most and tau(x') x/x' the least that x takes without a hole; the middle is sqrt of it.
    """
    behind = {x: seconds for x, seconds in rows.by_step.items() if x > block * 1.001}
    around = {block: tau} | {x: seconds for x, seconds in behind.items() if x <= BESIDE * block}
    if not any(one > HOLE * seconds for x, one in around.items() for y, seconds in behind.items() if y > x):
        return 1.0
    return max(1.0, tau / min(seconds * sqrt(block / x) for x, seconds in behind.items()))


def size_law(case: Case, rows: Rows, *, levels: bool = False, whole: bool = False) -> Trend:
    """Return t(S, k0) + b log2(k/k0) from the nearest number of nodes, 0 <= b <= t(S, k0) / log2 k0; as measured at k = k0.

    levels: whether it is known to go by levels; else rows that grow by more than those go on in proportion to the nodes. whole:
    whether every level moves all bytes.
    """
    nodes, why, hole = case.nodes, f"the same size on {_named(rows.points)} nodes", _hole(rows, case.nbytes)
    own = rows.by_nodes.get(nodes)
    if own:
        seconds, outside = at(case.nbytes, own)
        return Trend(seconds, 0.0, why, outside, hole=hole)
    times = _times(case.nbytes, rows)
    near = min(times, key=lambda count: abs(log2(count / nodes)))
    seconds = _grown(case, times, near, rows, levels=levels or whole, whole=whole)
    flat, steep = (
        (times[near], times[near] * (1 + log2(nodes / near) / max(1.0, log2(near)))) if len(times) == 1 else (seconds,) * 2
    )
    least, most = min(flat, steep, seconds) / seconds, max(flat, steep, seconds * hole) / seconds
    return Trend(
        seconds, distance(nodes, rows.points), why, at(case.nbytes, rows.smooth[near])[1], max(least, 0.25), most, hole
    )


def node_rates(nbytes: int, rows: Rows) -> dict[int, float]:
    """Return by number of nodes, more than FEW, the bytes per second that a rank reduces of nbytes: S (p-1)/p / t."""
    ranks = {point.nodes: point.ranks for point in rows.points}
    return {n: nbytes * _share(ranks[n]) / at(nbytes, curve)[0] for n, curve in rows.smooth.items() if n > FEW}


def _share(ranks: int) -> float:
    return (ranks - 1) / ranks


def _by_rate(case: Case, whose: str, rows: Rows) -> Trend | None:
    """Return S (p-1)/p over a rank's rate of the nearest number of nodes; None where its rate is not seen to be its own."""
    host_bound = whose != CHOOSING and case.collective in REDUCING and case.nbytes >= HOST_FROM
    rates = node_rates(case.nbytes, rows) if host_bound and case.nodes not in rows.by_nodes else {}
    if not rates or max(rates.values()) > OWN_RATE * min(rates.values()):
        return None
    rate, found = rates[min(rates, key=lambda count: abs(log2(count / case.nodes)))], size_law(case, rows)
    seconds = case.nbytes * _share(case.world_size) / rate
    least, most = (found.seconds * end / seconds for end in (found.least, found.most))
    why = f"a rank's own rate of reducing, {rate / 1e9:.3g} GB/s, as on {_named(rows.points)} nodes"
    return replace(found, seconds=seconds, why=why, least=min(1.0, least), most=max(1.0, most))


def _tells(count: int, nbytes: int, rows: Rows) -> bool:
    """Return whether rows of a number of nodes are part of the trend at a size."""
    more = sum(nodes > FEW for nodes in rows.by_nodes)
    return count > FEW or nbytes < (APART_FROM if more > 1 else ALONE_APART_FROM) or not more


def _times(nbytes: int, rows: Rows, *, measured: bool = False) -> dict[int, float]:
    """Return the seconds of a size by number of nodes, of those that are part of its trend. measured: only where it was."""
    return {
        count: at(nbytes, curve)[0]
        for count, curve in rows.smooth.items()
        if _tells(count, nbytes, rows) and (not measured or nbytes in curve)
    }


def _grown(case: Case, times: Mapping[int, float], near: int, rows: Rows, *, levels: bool, whole: bool) -> float:
    """Return the time of more or fewer nodes: by the median slope per level, linear where growth is beyond levels.

    Of one number of nodes what is not its bytes grows with the levels; where every level moves all bytes, all of it does.
    """
    nodes, base, most = case.nodes, times[near], times[near] / max(1.0, log2(near))
    if nodes > near and case.nbytes < LATENT and not levels and (added := _linear(times, near)):
        return base + added * (nodes - near)
    expected = most if whole else _waiting(case, base, near, rows) / max(1.0, log2(near))
    slope = median(_slopes(times) or [expected])
    if len(times) == 2 and min(times) > FEW and case.nbytes < max(rows.smooth[near]):
        # one slope of numbers close together is worth as much as what one time says of it
        slope = (slope + expected) / 2
    if rows.levels and slope < LESS * (known := at(case.nbytes, rows.levels)[0]):
        slope = known
    return max(base + min(max(slope, 0.0), most) * log2(nodes / near), base / 2)


def _waiting(case: Case, seconds: float, nodes: int, rows: Rows) -> float:
    """Return what of a time is not its bytes at the rate of the largest size, and no less than the shortest operation's."""
    largest = max(rows.smooth[nodes])
    return max(_latency(rows, nodes), seconds - rows.smooth[nodes][largest] * case.nbytes / largest)


def _linear(times: Mapping[int, float], near: int) -> float:
    """Return what a node adds where times grew more like the nodes than like levels, by whose law t goes with log2 k at most.

    0 where they did not; two nodes cannot tell, for to four both laws double the time.
    """
    fewer = max((count for count in times if FEW < count < near), default=near)
    growth, by_levels, by_nodes = times[near] / times[fewer], log2(near) / log2(max(fewer, FEW)), near / fewer
    return (times[near] - times[fewer]) / (near - fewer) if growth > sqrt(by_levels * by_nodes) else 0.0


def _slopes(times: Mapping[int, float]) -> list[float]:
    """Return what a doubling of the nodes adds, between every two numbers of nodes."""
    return [(times[b] - times[a]) / log2(b / a) for a in times for b in times if b > a]


def _latency(rows: Rows, nodes: int) -> float:
    """Return the time of the shortest operation on some nodes, 0 where none is latency alone."""
    return min((seconds for nbytes, seconds in rows.smooth[nodes].items() if nbytes <= SHORT), default=0.0)


def _level(rows: Rows) -> float:
    """Return what a level adds to the shortest operation: no size's level costs less than its latency."""
    short = {nodes: seconds for nodes in rows.smooth if (seconds := _latency(rows, nodes))}
    return max(0.0, median(_slopes(short) or [0.0]))


def _hole(rows: Rows, nbytes: int) -> float:
    """Return how much longer than its surroundings a size was seen to take on any number of nodes, 1 for not at all."""
    return max((hole.times for hole in rows.holes if hole.nbytes == nbytes), default=1.0)


def trend(case: Case, whose: str, name: str, rows: Rows) -> Trend:
    """Return what the law of an algorithm says of a case of several nodes."""
    if is_ring(case.collective, name):
        return step_law(case, rows)
    more = any(point.nodes > FEW for point in rows.points)
    if name == FREE and whose == CHOOSING and case.collective in STEPPED and case.nodes > FEW and more:
        return _chosen(case, rows)
    whole = is_whole(case.collective, name)
    return (None if whole else _by_rate(case, whose, rows)) or size_law(case, rows, levels="tree" in name, whole=whole)


def _chosen(case: Case, rows: Rows) -> Trend:
    """Return what NCCL's own choice takes: by block a ring or, of an all-reduce, a tree."""
    block, measured = case.nbytes / case.world_size, case.nodes in rows.by_nodes
    if block >= STEP_FROM:
        by_step = step_law(case, rows)
        far = case.collective == TREED and not measured and case.world_size > RING_TO
        return _faster(by_step, _tree_after_ring(case, rows)) if far else by_step
    if measured or case.collective != TREED:
        return size_law(case, rows) if measured or block < PACKET else step_law(case, rows)
    if block < EITHER_FROM:
        return _tree_after_ring(case, rows)
    far = distance(case.nodes, rows.points) >= FAR
    by_size = _tree_after_ring(case, rows) if far else size_law(case, rows, levels=True)
    return _either(case, by_size, step_law(case, rows), rows)


def _faster(one: Trend, other: Trend) -> Trend:
    """Return the faster of two ways, up to the slower one: the library may take that."""
    found, slower = sorted((one, other), key=lambda way: way.seconds)
    return replace(found, most=max(found.most, slower.seconds / found.seconds))


def _tree_after_ring(case: Case, rows: Rows) -> Trend:
    """Return the size law; of a size that ran as a ring on fewer nodes, that time and a tree's fill.

    The fill is what the largest size that was a tree on the rows takes on these nodes: latency and levels, few bytes.
    """
    found, near = size_law(case, rows, levels=True), max(rows.by_nodes)
    ranks = next(point.ranks for point in rows.points if point.nodes == near)
    trees = [nbytes for nbytes in rows.by_nodes[near] if nbytes / ranks < EITHER_FROM]
    if case.nbytes / ranks < STEP_FROM or not trees or case.nodes < near:
        return found
    base = at(case.nbytes, rows.smooth[near])[0]
    seconds = base / TREE_RATE + size_law(replace(case, nbytes=int(max(trees))), rows, levels=True).seconds
    least, most = min(found.seconds * found.least, base), found.seconds * found.most
    return replace(found, seconds=seconds, least=least / seconds, most=max(1.0, most / seconds))


def _either(case: Case, by_size: Trend, by_step: Trend, rows: Rows) -> Trend:
    """Return the faster of a tree and a ring, which may be faster still where both were seen in a hole only."""
    found = min(by_size, by_step, key=lambda one: one.seconds)
    block, count = case.nbytes / case.world_size, steps(case.collective, case.world_size)
    depth = _depth(found.seconds / count, block, rows)
    return replace(found, least=min(found.least, 1 / depth), hole=max(found.hole, depth))


def distance(nodes: int, points: Iterable[Point]) -> float:
    """Return the doublings of the nodes from the nearest row."""
    return min(abs(log2(nodes / count)) for count in {point.nodes for point in points})


def _named(points: Iterable[Point]) -> str:
    return ", ".join(str(nodes) for nodes in sorted({point.nodes for point in points}))

"""Two jobs against each other in one launch: blocks A B B A or B A A B, as a coin says. It judges nothing, starts no ranks.

Both sides of a quad get new buffers, made in the order of the coin: where memory lies (2-3 % at 64 KiB, for as long as a
launch lasts) and what a block leaves in the caches are then chance, not a side's luck.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import log
from time import perf_counter
from typing import Any

from fabric.measure.backends.backend import Group, Operation, World
from fabric.measure.cells.job import Cell, Job
from fabric.measure.host.placement import Placement, context, gather_placement
from fabric.measure.launch.connected import connected
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.watchdog import Watchdog
from fabric.measure.timing.loop import clock_cost, count_wrong, enough_calls, per_message, timed_round
from fabric.measure.timing.session import check_launch
from fabric.records.case import Case
from fabric.statistics import median, percentile
from topologies.errors import InputError

BLOCK_SECONDS = 0.003
"""Aim for the length of a block: short, so that a quad's blocks see the same machine."""
FEWEST, MOST = 6, 150
"""Samples of a block."""
COLD = 1
"""Samples at a block's start that are not kept."""
LEAST_RANKS = 2
PROBES, PROBE_SAMPLES = 3, 5
"""Quads' worth of samples that say how long blocks are."""
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "p10": lambda seconds: percentile(seconds, 0.1),
    "median": median,
    "min": min,
}
"""What stands for a block. p10 by default: others' work lengthens medians by tens of percent on a shared machine."""
Dress = Callable[[Operation, str], Operation]
"""(operation, `a` or `b`) -> what is timed in its place: for tests that slow a side down."""


@dataclass(frozen=True)
class Quad:
    """Four blocks in the order of time. cell: its number; order: `ABBA` or `BAAB`; seconds: of a call, one value per block."""

    cell: int
    order: str
    seconds: tuple[float, float, float, float]
    wrong: int = 0

    def of(self, side: str) -> list[float]:
        """Return the two values of side `A` or `B`."""
        return [value for name, value in zip(self.order, self.seconds, strict=True) if name == side]

    @property
    def log_ratio(self) -> float:
        """log(B / A), each side the geometric mean of its two blocks: a steady drift cancels. NaN where a time is 0."""
        if min(self.seconds) <= 0:
            return float("nan")
        return sum(log(value) * (0.5 if name == "B" else -0.5) for name, value in zip(self.order, self.seconds, strict=True))


@dataclass(frozen=True)
class Contest:
    """Jobs A and B of one backend, cell against cell. statistic: of a block."""

    a: Job
    b: Job
    statistic: str = "p10"
    pairs: tuple[tuple[Cell, Cell], ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.a.backend != self.b.backend:
            raise InputError(
                f"gate: A and B run in one launch, so they must name one backend, got {self.a.backend} and {self.b.backend}"
            )
        if self.statistic not in STATISTICS:
            raise InputError(f"statistic: must be one of {', '.join(STATISTICS)}, got {self.statistic!r}")
        object.__setattr__(self, "pairs", tuple(_matched(self.a, self.b)))

    @property
    def ranks(self) -> int:
        """The ranks that a launch needs."""
        return max(cell.world_size for pair in self.pairs for cell in pair)


def check_ranks(ranks: int) -> None:
    """Raise InputError for a single rank: nothing is sent there, so that no change of a library or a network could be seen."""
    if ranks < LEAST_RANKS:
        raise InputError(f"ranks: a gate needs {LEAST_RANKS} or more, on one nothing is sent; got {ranks}")


def _matched(a: Job, b: Job) -> list[tuple[Cell, Cell]]:
    """Return the cells of A with B's of the same collective (by place in the list), size, world size and form.

    Where a collective has one form on each side and they differ, these are matched too: in place against out of place.
    """
    left, right = _keyed(a), _keyed(b)
    shared = [(left[key], right[key]) for key in left if key in right]
    if not shared:
        shared = [(cell, other) for key, cell in left.items() for key2, other in right.items() if key[:3] == key2[:3]]
    if not shared:
        raise InputError("gate: A and B have no cell in common; see sizes, world_sizes and collectives of the two run files")
    return shared


def _keyed(job: Job) -> dict[tuple[int, int, int, bool], Cell]:
    cells = sorted(set(job.cells()), key=lambda c: (job.names.index(c.collective), c.world_size, c.asked, c.in_place))
    return {(job.names.index(c.collective), c.asked, c.world_size, c.in_place): c for c in cells}


@dataclass(frozen=True)
class Slice:
    """How long one launch measures which cells. seconds: for all of them; seed: of the coins, the same on every rank."""

    cells: tuple[int, ...]
    seconds: float
    seed: int


Keep = Callable[[Quad], None]
Tell = Callable[[float, float], None]


@dataclass(frozen=True)
class Arena:
    """The connected ranks of a launch with everything that a quad needs. sizes: (calls, samples) of every probed cell."""

    contest: Contest
    launch: Launch
    world: World
    placement: Placement
    watchdog: Watchdog
    groups: dict[int, Group | None]
    dress: Dress
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def everybody(self) -> Group:
        """The group of all ranks that measure anything; ranks outside it must not have been started."""
        group = self.groups[self.contest.ranks]
        if group is None:
            raise InputError(f"ranks: start as many as the largest world size, {self.contest.ranks}, got more")
        return group

    def context(self) -> dict[str, Any]:
        """Return what the launch says about its surroundings."""
        return dict(context(self.world, self.launch, self.placement))

    def case(self, cell: Cell, side: str) -> Case:
        """Return the case of one side's cell."""
        what = (self.contest.a if side == "A" else self.contest.b).what
        return cell.case(what, self.placement)


def as_it_is(operation: Operation, _side: str) -> Operation:
    """Return the operation: nothing is slowed down."""
    return operation


def compete(
    contest: Contest,
    launch: Launch,
    slices: Callable[[Arena], Iterator[Slice]],
    keep: Keep,
    tell: Tell | None = None,
    dress: Dress = as_it_is,
) -> None:
    """Measure slice after slice; all ranks of the launch call it, and slices(arena) must yield the same on all of them.

    Rank 0 hands every quad to keep(), and tells tell(seconds, of seconds) how far a slice is.

    Raises:
        InputError: world sizes that do not fit the launch.
        EnvironmentFault: the library is missing, does not run under this launcher, or lost a rank.
    """
    job, timeout = contest.a, max(contest.a.plan.timeout, contest.b.plan.timeout)
    check_launch(job.library, job, launch)
    with connected(job.library, launch, timeout) as world:
        line = f"{job.backend}: no answer from another rank for {timeout:g} s; it is dead or hangs"
        watchdog = Watchdog(timeout, line if launch.rank == 0 else None)
        sizes = sorted({cell.world_size for pair in contest.pairs for cell in pair})
        groups = {size: world.group(range(size)) for size in sizes}
        arena = Arena(contest, launch, world, gather_placement(world), watchdog, groups, dress)
        for part in slices(arena):
            _measure(arena, part, keep, tell)
        watchdog.rest()


def _measure(arena: Arena, part: Slice, keep: Keep, tell: Tell | None) -> None:
    """Take quads of the slice's cells in turns until its time is over: one of each at least, then rank 0 decides."""
    coins, start, everybody = random.Random(part.seed), perf_counter(), arena.everybody  # noqa: S311  # no secret
    first = True
    while first or everybody.agree(int(perf_counter() - start < part.seconds)):
        for number in coins.sample(part.cells, len(part.cells)):
            order = coins.choice(("ABBA", "BAAB"))
            arena.watchdog.alive()
            quad = _quad(arena, number, order, check=first)
            if quad is not None and arena.launch.rank == 0:
                keep(quad)
            if len(arena.groups) > 1:
                arena.watchdog.rest()
                arena.world.wait()
        first = False
        if tell is not None and arena.launch.rank == 0:
            tell(min(perf_counter() - start, part.seconds), part.seconds)
    arena.watchdog.rest()


def _quad(arena: Arena, number: int, order: str, *, check: bool) -> Quad | None:
    """Return the quad of a cell, on ranks that take part; rank 0's counts."""
    cells = dict(zip("AB", arena.contest.pairs[number], strict=True))
    group = arena.groups[cells["A"].world_size]
    if group is None:
        return None
    rank, barrier = arena.launch.rank, arena.contest.a.plan.barrier
    cases = {side: arena.case(cells[side], side) for side in order[:2]}
    operations = {side: arena.dress(group.operation(case, rank), side.lower()) for side, case in cases.items()}
    for operation in operations.values():
        operation.fill()
    if number not in arena.sizes:
        arena.sizes[number] = _block(group, list(operations.values()), arena)
    calls, count = arena.sizes[number]
    chosen = STATISTICS[arena.contest.statistic]
    rounds = [(s, timed_round(group, operations[s], COLD + count, calls, barrier)[COLD:]) for s in order]
    blocks = [chosen(per_message(cases[s], seconds)) for s, seconds in rounds]
    wrong = sum(count_wrong(group, operations[s], cases[s], rank) or 0 for s in "AB") if check else 0
    for operation in operations.values():
        operation.release()
    return Quad(number, order, (blocks[0], blocks[1], blocks[2], blocks[3]), wrong)


def _block(group: Group, operations: Sequence[Operation], arena: Arena) -> tuple[int, int]:
    """Return (calls of a sample, samples of a block) of a cell, the same for both sides and on all ranks."""
    clock, plan = max(group.maximum([clock_cost(one) for one in operations])), arena.contest.a.plan
    calls = max(enough_calls(group, one, timed_round(group, one, PROBE_SAMPLES), clock, plan) for one in operations)
    start = perf_counter()
    for operation in [*operations] * PROBES:
        timed_round(group, operation, PROBE_SAMPLES, calls, plan.barrier)
    each = (perf_counter() - start) / (len(operations) * PROBES * PROBE_SAMPLES)
    count = min(max(int(BLOCK_SECONDS / max(each, 1e-7)), FEWEST), MOST)
    return calls, group.agree(count)

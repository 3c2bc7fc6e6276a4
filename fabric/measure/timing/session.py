"""All cells of a job in one launch, by sub-groups of its ranks; results go out one by one. It does not print or start ranks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fabric.measure.backends.backend import Backend, Group, World
from fabric.measure.cells.job import Cell, Job
from fabric.measure.cells.orders import Seating, seating
from fabric.measure.cells.plan import OVERSUBSCRIBED_SHARE, Plan
from fabric.measure.cells.refine import refined
from fabric.measure.cells.resume import Past, added, left, of_run, refusal, run_id
from fabric.measure.host.placement import Placement, context, gather_placement
from fabric.measure.launch.connected import check_backend, connected
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.life import Life
from fabric.measure.launch.watchdog import Watchdog
from fabric.measure.timing.canary import Canary, canary_of
from fabric.measure.timing.contention import CONTENDED, Usage, clock_jump, foreign_share, usage
from fabric.measure.timing.loop import Timing, time_case
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

Keep = Callable[[Result], None]
LIBRARY_PATIENCE = 2
"""The library's own time limit over ours: the watchdog speaks first, for it can name the rank."""
Tell = Callable[[int, int, Cell], None]
Say = Callable[[str], None]
NOTHING = Past()
"""No file, or an empty one."""


def run(
    job: Job, launch: Launch, keep: Keep, tell: Tell | None = None, *, past: Past = NOTHING, say: Say | None = None
) -> None:
    """Measure all cells; all ranks of the launch call it. Rank 0 hands every result to keep() as soon as it is there.

    tell(done, total, cell) is called on rank 0 before every cell, say(line) once for every note. past: on rank 0, what the
    file already holds of this run.

    Raises:
        InputError: a world size larger than the launch, or a file that cannot be resumed here.
        EnvironmentFault: the library is missing, does not run under this launcher, or lost a rank.
    """
    check_launch(job.library, job, launch)
    outlet = _Outlet(keep, tell, say) if launch.rank == 0 else _Outlet(nothing_kept)
    with connected(job.library, launch, LIBRARY_PATIENCE * job.plan.timeout) as world:
        _run_cells(job, launch, world, outlet, past)


def nothing_kept(_result: Result) -> None:
    """Keep no result: all ranks but rank 0."""


def check_launch(chosen: Backend, job: Job, launch: Launch) -> None:
    """Raise unless this backend can run this job under this launcher."""
    check_backend(chosen, launch)
    if job.ranks > launch.world_size:
        raise InputError(f"ranks: must be <= {launch.world_size}, the ranks that {launch.name} started, got {job.ranks}")


@dataclass(frozen=True)
class _Outlet:
    """Where results, progress and notes go: on rank 0 to the caller, elsewhere nowhere."""

    keep: Keep
    tell: Tell | None = None
    say: Say | None = None


@dataclass(frozen=True)
class _Bench:
    """What all cells share on one rank. groups: of every world size and order, None where this rank stands outside."""

    job: Job
    rank: int
    world: World
    placement: Placement
    seats: Seating
    groups: Mapping[tuple[int, str], Group | None]
    context: Mapping[str, Any]
    watchdog: Watchdog
    canary: Canary | None

    def plan(self, cell: Cell, seats: Placement) -> Plan:
        """Return the cell's plan: a smaller budget where ranks share cores."""
        plan = self.job.plan
        if not seats.exceeds_cores(cell.world_size):
            return plan
        return replace(plan, budget=plan.budget * OVERSUBSCRIBED_SHARE, warmup=min(plan.warmup, 2))


def _run_cells(job: Job, launch: Launch, world: World, outlet: _Outlet, past: Past) -> None:
    placement = gather_placement(world)
    seats, notes = seating(placement.node, sorted(set(job.world_sizes)), job.orders)
    if outlet.say is not None:
        for note in notes:
            outlet.say(note)
    said = {**context(world, launch, placement), **_of_launch(job, launch, world, placement)}
    refused = _agreed(world, refusal(past, job, said))
    if refused is not None:
        raise InputError(refused)
    groups = {key: world.group(ranks) for key, ranks in seats.items()}
    line = f"{job.backend}: no answer from another rank for {job.plan.timeout:g} s; it is dead or hangs"
    watchdog = Watchdog(job.plan.timeout, line, Life(world, launch, job.plan.timeout))
    canary = canary_of(world, placement, job.world_sizes)
    bench = _Bench(job, launch.rank, world, placement, seats, groups, said, watchdog, canary)
    _sweep_and_refine(bench, outlet, past)
    watchdog.off()


def _of_launch(job: Job, launch: Launch, world: World, placement: Placement) -> dict[str, Any]:
    """Return short names of the run and of this launch, and its size; the same on all ranks."""
    token = _agreed(world, secrets.token_hex(4))
    nodes = placement.nodes(launch.world_size)
    return {"run": run_id(job), "launch": token, "launch_ranks": launch.world_size, "launch_nodes": nodes}


def _agreed(world: World, value: Any) -> Any:
    """Return rank 0's value on every rank."""
    return world.gather(value)[0]


def _sweep_and_refine(bench: _Bench, outlet: _Outlet, past: Past) -> None:
    """Measure the cells of the sweep, then those that rank 0 adds where curves bend."""
    job, known = bench.job, of_run(past.results, bench.job) if past.count else []

    def keep(result: Result) -> None:
        known.append(result)
        outlet.keep(result)

    kept = replace(outlet, keep=keep)
    more = job.shuffled(added(past, job), f"{job.seed}/added") if job.refine else []
    _sweep(bench, left([*job.cells(), *more], past, job), kept)
    for turn in range(job.refine):
        cells = refined(job, known)
        if not _sweep(bench, job.shuffled(cells, f"{job.seed}/{turn}"), kept):
            break


def _sweep(bench: _Bench, wanted: Sequence[Cell], outlet: _Outlet) -> int:
    """Measure the cells that rank 0 wants, in its order; return how many there were."""
    agreed: list[Cell] = _agreed(bench.world, None if bench.rank else wanted)
    cells = [cell for cell in agreed if (cell.world_size, cell.order) in bench.seats]
    for number, cell in enumerate(cells):
        if outlet.tell is not None:
            outlet.tell(number, len(cells), cell)
        result = _visit(bench, cell)
        if result is not None:
            outlet.keep(result)
    return len(cells)


def _visit(bench: _Bench, cell: Cell) -> Result | None:
    """Return the cell's result on rank 0 of the launch, None elsewhere; all ranks call it."""
    ranks, group = bench.seats[cell.world_size, cell.order], bench.groups[cell.world_size, cell.order]
    result = None
    if group is None:
        bench.watchdog.rest()  # outsiders wait as long as the cell takes
    else:
        result = _measure(bench, group, cell, bench.placement.of(ranks))
    bench.world.wait()
    if ranks[0]:  # the group's first rank knows the result
        result = bench.world.gather(result)[ranks[0]]
    looked = bench.canary.look() if bench.canary else {}
    return replace(result, context={**result.context, **looked}) if result and bench.rank == 0 else None


def _measure(bench: _Bench, group: Group, cell: Cell, seats: Placement) -> Result | None:
    """Return the cell's result on the group's rank 0, None on its other ranks."""
    case = cell.case(bench.job.what, seats)
    watched = seats.counted_by(group.rank)
    bench.watchdog.alive()
    before = usage(watched)
    how = {"native": bench.job.loop == "native", "per_rank": bench.job.per_rank}
    timing = time_case(group, case, group.rank, bench.plan(cell, seats), bench.watchdog.alive, **how)
    after = usage(watched)
    around = _around(before, after, foreign_share(group, before, after))
    return None if group.rank else _result(bench, cell, case, seats, timing, around)


def _around(before: Usage, after: Usage, foreign: float | None) -> dict[str, Any]:
    """Return what a result says about its host while it was measured."""
    jump = clock_jump((before.wall, before.at), (after.wall, after.at))
    contended = {"foreign_share": foreign, "contended": foreign is not None and foreign > CONTENDED}
    return contended if jump is None else {**contended, "clock_jump_seconds": jump}


def _result(bench: _Bench, cell: Cell, case: Case, seats: Placement, timing: Timing, around: Mapping[str, Any]) -> Result:
    return Result(
        case=case,
        source=bench.world.source,
        seconds=timing.seconds,
        barrier=bench.job.plan.barrier,
        iterations=len(timing.seconds) * timing.calls,
        batch=timing.calls,
        warmup_seconds=timing.warmup_seconds,
        wrong=timing.wrong,
        context={
            **bench.context,
            **({"asked_nbytes": cell.asked} if cell.asked != cell.nbytes else {}),
            **({"refined": True} if cell.nbytes and cell.asked not in bench.job.sizes else {}),
            **timing.context,
            **({"seconds_by_rank": [list(own) for own in timing.by_rank]} if timing.by_rank else {}),
            "ranks_exceed_cores": seats.exceeds_cores(case.world_size),
            **around,
        },
    )

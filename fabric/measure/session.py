"""All cells of a job in one launch, by sub-groups of its ranks; results go out one by one. It does not print or start ranks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Backend, Group, World
from fabric.measure.backends.catalog import backend
from fabric.measure.contention import CONTENDED, Usage, foreign_share, usage
from fabric.measure.job import Cell, Job
from fabric.measure.launch import Launch
from fabric.measure.loop import CLOCK, Timing, time_case
from fabric.measure.placement import Placement, context, gather_placement
from fabric.measure.plan import OVERSUBSCRIBED_SHARE, Plan
from fabric.measure.watchdog import Watchdog
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

Keep = Callable[[Result], None]
Tell = Callable[[int, int, Cell], None]
EXIT_CODES: Mapping[type[BaseException], int] = {InputError: 2, KeyboardInterrupt: 130}
"""What a rank ends with that cannot leave in good order; 3 for everything else."""


def run(job: Job, launch: Launch, keep: Keep, tell: Tell | None = None) -> None:
    """Measure all cells; all ranks of the launch call it. Rank 0 hands every result to keep() as soon as it is there.

    tell(done, total, cell) is called on rank 0 before every cell.

    Raises:
        InputError: a world size larger than the launch.
        EnvironmentFault: the library is missing, does not run under this launcher, or lost a rank.
    """
    chosen = backend(job.backend)
    check_launch(chosen, job, launch)
    world = chosen.connect(launch, job.plan.timeout)
    try:
        _run_cells(job, launch, world, keep, tell)
        world.close()
    except BaseException as error:  # torch's and mpi4py's own errors are RuntimeErrors
        world.abandon(next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 3))
        if not isinstance(error, RuntimeError) or isinstance(error, EnvironmentFault):
            raise
        raise EnvironmentFault(f"{job.backend}: a rank was lost or the library failed: {_first_words(error)}") from None


def _first_words(error: RuntimeError) -> str:
    """Return the first sentence of a library's error, without the place in its sources."""
    line = (str(error).splitlines() or ["it gives no reason"])[0]
    return re.sub(r"^\[[^\]]*\]\s*", "", line).split(". ")[0][:120]


def check_launch(chosen: Backend, job: Job, launch: Launch) -> None:
    """Raise unless this backend can run this job under this launcher."""
    missing = chosen.missing()
    if missing is not None:
        raise EnvironmentFault(f"{chosen.name}: {missing}")
    if launch.started and launch.launcher not in chosen.launchers:
        raise EnvironmentFault(f"{chosen.name}: does not run under {launch.name}; start it plainly, under mpirun or under srun")
    if job.ranks > launch.world_size:
        raise InputError(f"ranks: must be <= {launch.world_size}, the ranks that {launch.name} started, got {job.ranks}")


@dataclass(frozen=True)
class _Bench:
    """What all cells share on one rank."""

    job: Job
    rank: int
    placement: Placement
    context: Mapping[str, Any]
    watchdog: Watchdog

    def usage(self) -> Usage:
        """Return what this rank, and on the first rank of a node everybody, has used of the node's cores."""
        return usage(self.placement.counted_by(self.rank))

    def plan(self, cell: Cell) -> Plan:
        """Return the cell's plan: a smaller budget where ranks share cores."""
        plan = self.job.plan
        if not self.placement.exceeds_cores(cell.world_size):
            return plan
        return replace(plan, budget=plan.budget * OVERSUBSCRIBED_SHARE, warmup=min(plan.warmup, 2))


def _run_cells(job: Job, launch: Launch, world: World, keep: Keep, tell: Tell | None) -> None:
    placement = gather_placement(world)
    groups = {size: world.group(size) for size in sorted(set(job.world_sizes))}
    line = f"{job.backend}: no answer from another rank for {job.plan.timeout:g} s; it is dead or hangs"
    watchdog = Watchdog(job.plan.timeout, line if launch.rank == 0 else None)
    bench = _Bench(job, launch.rank, placement, context(world, launch, placement), watchdog)
    cells = job.cells()
    for number, cell in enumerate(cells):
        if tell is not None and launch.rank == 0:
            tell(number, len(cells), cell)
        group = groups[cell.world_size]
        if group is None:
            watchdog.rest()  # outsiders wait as long as the cell takes
        else:
            for result in _measure(bench, group, cell, world.source):
                keep(result)
        world.wait()
    watchdog.rest()


def _measure(bench: _Bench, group: Group, cell: Cell, source: str) -> Iterable[Result]:
    """Return the cell's result on rank 0, nothing on other ranks."""
    placement, what = bench.placement, bench.job.what
    case = Case(
        collective=cell.collective,
        nbytes=cell.nbytes,
        world_size=cell.world_size,
        nodes=placement.nodes(cell.world_size),
        ranks_per_node=placement.ranks_per_node(cell.world_size),
        op=what.op_of(cell.collective),
        root=what.root_of(cell.collective),
        dtype=what.dtype,
        in_place=cell.in_place,
        mode=what.mode,
        params=what.params_of(cell.collective),
    )
    bench.watchdog.alive()
    before = bench.usage()
    timing = time_case(group, case, bench.rank, bench.plan(cell), bench.watchdog.alive)
    foreign = foreign_share(group, before, bench.usage())
    return [_result(bench, cell, case, source, timing, foreign)] if bench.rank == 0 else []


def _result(bench: _Bench, cell: Cell, case: Case, source: str, timing: Timing, foreign: float | None) -> Result:
    return Result(
        case=case,
        source=source,
        seconds=timing.seconds,
        barrier=bench.job.plan.barrier,
        iterations=len(timing.seconds) * timing.calls,
        batch=timing.calls,
        warmup_seconds=timing.warmup_seconds,
        wrong=timing.wrong,
        context={
            **bench.context,
            **({"asked_nbytes": cell.asked} if cell.asked != cell.nbytes else {}),
            "clock": CLOCK,
            "timer_share": timing.timer_share,
            "barrier_seconds": timing.barrier_seconds,
            "involuntary_switches": timing.involuntary_switches,
            "ranks_exceed_cores": bench.placement.exceeds_cores(case.world_size),
            "foreign_share": foreign,
            "contended": foreign is not None and foreign > CONTENDED,
        },
    )

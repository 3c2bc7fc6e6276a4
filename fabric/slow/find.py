"""The search for what is slow, on the ranks of a launch. It does not print.

search: groups that follow a fabric, all faults at once. pairs: every pair meets, disjoint pairs at once. groups: halves
compared. lateness: who keeps the others waiting.
bisection: what crosses from one half to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any

from fabric.measure.backends.backend import World
from fabric.measure.backends.catalog import backend
from fabric.measure.host.placement import context, gather_placement
from fabric.measure.host.settings import settings_here
from fabric.measure.launch.connected import connected
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.life import Life
from fabric.measure.launch.watchdog import Watchdog
from fabric.network.fabric import Fabric
from fabric.slow import group_tests, pairs
from fabric.slow.bisection import bisection
from fabric.slow.group_tests import Answer, Comparison, answer, next_halves
from fabric.slow.lead import search_all
from fabric.slow.pairs import Meeting, batched, shares, tournament
from fabric.slow.search import Report, Row, Search
from fabric.slow.search_ranks import Bench, Tell, units_of
from fabric.slow.standings import standings, verdict
from fabric.statistics import median

LOOK, MOST_FILLS = 4, 100
"""Iterations that tell how many make a block; times that buffers are filled in each, at most."""
LATER = 10.0
"""Seconds by which the libraries' own limits, which name nobody, are later than ours."""
LIKELY = 0.3
"""Posterior from which on an inconclusive answer names its suspect."""


@dataclass(frozen=True)
class Told:
    """Where a search tells what: progress(done, total) and say(line), of rank 0; lost(report) -> exit code, of silent ranks.

    keep: the file of its tests.
    """

    progress: Tell | None = None
    say: Callable[[str], None] = lambda _line: None
    lost: Callable[[Report], int] | None = None
    keep: Path | None = None


def run(search: Search, launch: Launch, told: Told | None = None, fabric: Fabric | None = None) -> Report:
    """Search with all ranks of the launch; every rank calls it and gets the same report.

    fabric: what the search's suspects are taken from, rank r on device r.

    Raises:
        InputError: too few ranks or nodes for the method; a file of another search.
        EnvironmentFault: the library is missing, does not run under this launcher, or lost a rank.
    """
    with connected(backend(search.backend), launch, search.timeout + LATER) as world:
        return _search(search, launch, world, told or Told(), fabric)


def check_units(search: Search, units: int) -> None:
    """Raise InputError where a method cannot tell who of so few units is slow; a search says so of its tree."""
    checks = {"pairs": pairs.check_units, "groups": group_tests.check_units}
    if search.method in checks:
        checks[search.method](units)


def _search(search: Search, launch: Launch, world: World, told: Told, fabric: Fabric | None) -> Report:
    placement = gather_placement(world)
    line = f"{search.backend}: no answer from another rank for {search.timeout:g} s; it is dead or hangs"
    watchdog = Watchdog(search.timeout, line, Life(world, launch, search.timeout))
    bench = Bench(
        search,
        launch,
        world,
        placement,
        units_of(search, placement.node),
        watchdog,
        told.progress,
        said=context(world, launch, placement),
        settings=world.gather(settings_here(world.context)),
        keep=told.keep,
        say=told.say if launch.rank == 0 else lambda _line: None,
        lost=told.lost,
    )
    ways: Mapping[str, Callable[[Bench], Report]] = {
        "search": partial(search_all, fabric=fabric),
        "pairs": _pairs,
        "groups": _groups,
        "lateness": _lateness,
        "bisection": bisection,
    }
    report = ways[search.method](bench)
    watchdog.off()
    return report


def _pairs(bench: Bench) -> Report:
    """Let every unit meet every other one, as often as repeats say, and find who makes its meetings long."""
    search, units = bench.search, bench.units
    check_units(search, len(units))
    rounds = batched(tournament(len(units)), search.batch) * search.count
    meetings: list[Meeting] = []
    for number, met in enumerate(rounds):
        bench.progress(number, len(rounds))
        seconds = bench.side_by_side([units[a] + units[b] for a, b in met])
        meetings += [Meeting(pair, took) for pair, took in zip(met, seconds, strict=True)]
    return _standing_report(bench, shares(len(units), meetings), [{} for _ in units])


def _standing_report(bench: Bench, logs: Sequence[Any], more: Sequence[Row]) -> Report:
    """Return the report of samples of the log of every unit's factor."""
    found, word = standings(logs, bench.search.least), bench.word
    rows = [
        {
            word: s.unit,
            "node": bench.placement.node[bench.units[s.unit][0]],
            "factor": s.factor,
            "low": s.low,
            "high": s.high,
            "samples": s.count,
            "slow": s.slow,
            **extra,
        }
        for s, extra in zip(found, more, strict=True)
    ]
    return bench.report(verdict(found, word, bench.search.least), [s.unit for s in found if s.slow], rows)


def _groups(bench: Bench) -> Report:
    """Compare halves until one unit, or nobody, is the answer."""
    search, units = bench.search, bench.units
    check_units(search, len(units))
    seen: list[Comparison] = []
    rows: list[Row] = []
    while (found := answer(len(units), seen, search.most)) is None:
        bench.progress(len(seen), search.most)
        first, second = bench.world.gather(next_halves(len(units), seen, search.seed))[0]
        one, two = bench.side_by_side([bench.ranks(first), bench.ranks(second)], search.count)
        one, two = bench.world.gather((one, two))[0]
        seen.append(Comparison(first, second, log(one / two)))
        rows.append(
            {"comparison": len(seen), "first": list(first), "second": list(second), "seconds_first": one, "seconds_second": two}
        )
    slow = [found.unit] if found.kind == "slow" else []
    return bench.report(_group_verdict(found, bench.word), slow, rows, posterior=found.sure, factor=found.factor)


def _group_verdict(found: Answer, word: str) -> str:
    took = f"{found.comparisons} comparisons of halves"
    if found.kind == "slow":
        return (
            f"slow: {word} {found.unit} takes about {found.factor:.2f}x the others' time (posterior {found.sure:.3f}, {took})"
        )
    if found.kind == "none":
        return f"none: no {word} is slower (posterior {found.sure:.3f}, {took})"
    likely = found.sure > LIKELY
    who = f"{word} {found.unit} is likeliest (posterior {found.sure:.2f})" if likely else f"no {word} stands out"
    return f"inconclusive after {took}: {who}; the machine is noisy, or several are slow; try --method pairs"


def _lateness(bench: Bench) -> Report:
    """Let all ranks fill and check buffers between collectives, and find who is longest at it: the others wait for it."""
    search, world = bench.search, bench.world
    group = world.group(bench.ranks(range(len(bench.units))))
    operation = group.operation(search.case(group.size), group.rank) if group is not None else None

    def block(iterations: int, fills: int) -> list[Any]:
        bench.watchdog.alive()
        seen = world.gather(None if operation is None else _work_and_wait(operation, iterations, fills))
        bench.wrong += sum(value[2] for value in seen if value is not None)
        return seen

    block(LOOK, 1)  # cold
    work, waited, _ = next(value for value in block(LOOK, 1) if value is not None)
    fills = min(MOST_FILLS, max(1, round(waited / work)))  # as long at work as in the collective
    iterations = max(1, round(search.block * LOOK / (fills * work + waited)))
    iterations, fills = world.gather((iterations, fills))[0]
    blocks = []
    for number in range(search.count):
        bench.progress(number, search.count)
        blocks.append(block(iterations, fills))
    world.wait()
    if operation is not None and group is not None:
        operation.release()
        group.close()
    return _late_report(bench, blocks, iterations)


def _late_report(bench: Bench, blocks: Sequence[Sequence[Any]], iterations: int) -> Report:
    """Return the report of blocks of every rank's (work, waiting, wrong)."""
    logs: list[list[float]] = [[] for _ in bench.units]
    late: list[list[float]] = [[] for _ in bench.units]
    for seen in blocks:
        there = [value for value in seen if value is not None]
        typical, longest = median([value[0] for value in there]), max(value[1] for value in there)
        for unit, ranks in enumerate(bench.units):
            logs[unit].append(median([log(seen[rank][0] / typical) for rank in ranks]))
            late[unit].append(median([(longest - seen[rank][1]) / iterations for rank in ranks]))
    return _standing_report(bench, logs, [{"late_seconds": median(values)} for values in late])


def _work_and_wait(operation: Any, iterations: int, fills: int) -> tuple[float, float, int]:
    """Return (seconds of own work, seconds in the collective, wrong elements) of so many iterations.

    Work: filling the buffers `fills` times before and checking them after, where they are: a GPU's on the GPU.
    """
    start, waited, wrong = perf_counter(), 0.0, 0
    for _ in range(iterations):
        for _ in range(fills):
            operation.fill()
        before = perf_counter()
        operation.run()
        waited += perf_counter() - before
        wrong += operation.wrong()
    return perf_counter() - start - waited, waited, wrong

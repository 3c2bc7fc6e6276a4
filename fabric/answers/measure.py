"""`measure`: what was measured, beside the bound of a fabric: the named one, else this machine. It runs no collective."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, TEXT, TEXTS, WHOLE, Answer, Column, View, maybe
from fabric.answers.results import result_columns, run_columns
from fabric.collectives.catalog import COLLECTIVES, busbw_factor

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.case import Case
    from fabric.records.result import Result

Key = tuple[str, int, int, str]
Bounds = Mapping[Key, tuple[float, str]]
"""(collective, world size, nbytes, order) -> busbw in bytes per second, level that limits it."""
TAILS = {"p10": 0.1, "p99": 0.99}


@dataclass(frozen=True)
class Limits:
    """Bounds of measured cases, notes on cases that have none, and what to say aloud of how they came about."""

    bounds: Bounds
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A result and its bound: busbw in bytes per second and the level that limits it; None without one."""

    result: Result
    bound: tuple[float, str] | None

    @property
    def of_bound(self) -> float | None:
        """Busbw / the bound's."""
        return self.result.busbw / self.bound[0] if self.bound else None


def beside(result: Result, bounds: Bounds) -> Measured:
    """Return a result beside its bound; one rank has none."""
    return Measured(result, bounds.get(key_of(result.case)) if result.case.world_size > 1 else None)


def key_of(case: Case) -> Key:
    """Return what a bound depends on within one run."""
    return (case.collective, case.world_size, case.nbytes, case.order)


def message_rate(result: Result) -> float | None:
    """Return messages per second over all pairs and directions; None for what is no window of messages."""
    from fabric.measure.cells.ask import WINDOWED

    case = result.case
    if case.collective not in WINDOWED or not result.time > 0:
        return None
    return busbw_factor(case.collective, case.world_size) / result.time


def _result(fact: Measured) -> Result:
    return fact.result


def _context(key: str) -> Callable[[Measured], object]:
    return lambda fact: fact.result.context.get(key)


def _tail(name: str, quantile: float) -> tuple[Column, ...]:
    """Return the columns of one quantile: seconds with the 95 % interval, or the samples that these need."""

    def end(which: int) -> Callable[[Measured], object]:
        return lambda fact: (fact.result.bracket_of(quantile) or (None, None))[which]

    return (
        Column(f"{name}_seconds", maybe(NUMBER), f"{name} of the samples", lambda f: f.result.quantile(quantile)),
        Column(f"{name}_seconds_low", maybe(NUMBER), "low end of its 95 % interval", end(0)),
        Column(f"{name}_seconds_high", maybe(NUMBER), "high end of its 95 % interval", end(1)),
        Column(f"{name}_samples_needed", maybe(WHOLE), "samples that it needs", lambda f: f.result.needed_for(quantile)),
    )


VIEW = View(
    "measure",
    (
        *result_columns(_result),
        *run_columns(_result),
        Column("bound_busbw_bytes_per_second", maybe(NUMBER), "what no algorithm without in-network reduction can pass",
               lambda f: f.bound[0] if f.bound else None),
        Column("of_bound", maybe(NUMBER), "busbw / bound"),
        Column("bottleneck", maybe(TEXT), "the cut that limits the bound", lambda f: f.bound[1] if f.bound else None),
        Column("messages_per_second", maybe(NUMBER), "over all pairs and directions, of windows of messages",
               lambda f: message_rate(f.result)),
        *(column for name, quantile in TAILS.items() for column in _tail(name, quantile)),
        Column("canary_seconds", maybe(NUMBER), "of a fixed piece of work beside the samples", _context("canary_seconds")),
        Column("host_state", maybe(TEXT), "fast, slow or mixed", _context("host_state")),
        Column("clock_jump_seconds", maybe(NUMBER), "that the wall clock was set by", _context("clock_jump_seconds")),
    ),
    beside={"wrong_cases": WHOLE, "switches": LIST, "notes": TEXTS},
)  # fmt: skip


def measured(results: Sequence[Result], limits: Limits | None = None) -> Answer[Result]:
    """Return measured results beside their bounds, samples of one case pooled, in the order of a table.

    limits: as limits_of says; None shows no bound.
    """
    from fabric.records.pool import pooled

    known = limits or Limits({})
    ordered = tuple(sorted(pooled(results), key=_place))
    wrong = [result for result in ordered if result.wrong]
    elements = sum(result.wrong or 0 for result in wrong)
    said = f"WRONG RESULTS in {len(wrong)} of {len(ordered)} cases: {elements} elements differ from the exact result"
    return Answer(
        VIEW,
        ordered,
        tuple(beside(result, known.bounds) for result in ordered),
        beside={"wrong_cases": len(wrong), "switches": switch_rows(results), "notes": list(known.notes)},
        warnings=(*known.warnings, *([said] if wrong else [])),
    )


def _place(result: Result) -> tuple[Any, ...]:
    case = result.case
    name = list(COLLECTIVES).index(case.collective)
    return (result.source, name, case.world_size, case.order, case.nbytes, case.in_place)


def switch_rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return where time jumps, of every curve to which sizes were added."""
    from fabric.measure.cells.refine import curves, switches

    names = ("source", "collective", "world_size", "in_place", "order")
    looked_at = curves([result for result in results if result.context.get("refined")])
    return [
        dict(zip(names, curve, strict=True))
        | {"low_nbytes": one.low, "high_nbytes": one.high, "factor": round(one.factor, 3), "text": one.text()}
        for curve, points in curves(results).items()
        if curve in looked_at
        for one in switches(points)
    ]


def limits_of(results: Sequence[Result], fabric: Fabric | None = None) -> Limits:
    """Return the bound of every case that has one.

    Without a fabric it is this machine's (`build local`), measured now, where all ranks stood on it.
    """
    from fabric.errors import EnvironmentFault

    if not any(_asks(result) for result in results):
        return Limits({})
    if fabric is not None:
        return _limits(results, fabric)
    if any(result.case.nodes > 1 for result in results):
        return Limits({}, ("No bound: ranks on several nodes; name their fabric with --topo.",))
    if not _on_known_levels(results):
        return Limits({}, ("No bound: what links these devices is not known; name it with --topo.",))
    from fabric.measure.host.local import local_fabric

    try:
        here, warnings = local_fabric(memory=False)
    except EnvironmentFault as fault:
        return Limits({}, (f"No bound: {fault}.",))
    return _limits(results, here, warnings)


def _asks(result: Result) -> bool:
    return result.case.world_size > 1 and result.case.collective != "barrier"


def _on_known_levels(results: Sequence[Result]) -> bool:
    """Return whether every library uses a level of a local machine; nccl does not."""
    from fabric.network.spec import LOCAL_CARRIERS

    return {_library(result) for result in results} <= set(LOCAL_CARRIERS)


def _library(result: Result) -> str:
    return result.source.split(":")[0]


def _limits(results: Sequence[Result], fabric: Fabric, warnings: tuple[str, ...] = ()) -> Limits:
    from fabric.predict.bounds import bound

    found, unplaced = {}, 0
    for result in results:
        if not _placed(result, fabric):
            unplaced += 1
            continue
        limit = bound(result.case, fabric, backend=_library(result))
        if limit is not None:
            found[key_of(result.case)] = (limit.busbw, limit.level)
    words = "the launch does not fill the fabric, so their order names other devices there"
    return Limits(found, (f"No bound for {unplaced} cases: {words}.",) if unplaced else (), warnings)


def _placed(result: Result, fabric: Fabric) -> bool:
    """Return whether the case's order names the same devices on the fabric as in the launch; contiguous always does."""
    ranks = result.context.get("launch_ranks")
    return result.case.order == "contiguous" or bool(fabric.carriers) or ranks == fabric.topology.devices

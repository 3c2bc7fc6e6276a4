"""`predict`: what the cost model says of collectives on a fabric, beside the bound. It prints nothing.

Formulas and fidelities: docs/fidelities.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, TEXTS, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.results import model_columns, result_columns
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.network.placement import Devices
    from fabric.predict.bounds import Bound
    from fabric.predict.constants import Constants
    from fabric.records.case import Case
    from fabric.records.result import Result

MOST_REASONS = 4
"""Lines on intervals under a table; JSON has them all."""
SHOWN = 0.005
"""Slowdowns below this are the rounding of the table."""


@dataclass(frozen=True)
class Predicted:
    """A prediction beside its bounds.

    limit: without in-network reduction. summed: with it, where the answer passes the limit.
    """

    result: Result
    limit: Bound | None
    summed: Bound | None

    @property
    def efficiency(self) -> float | None:
        """Busbw / the bound's."""
        return self.result.busbw / self.limit.busbw if self.limit else None

    @property
    def in_network_efficiency(self) -> float | None:
        """Busbw / that of the bound with in-network reduction."""
        return self.result.busbw / self.summed.busbw if self.summed else None


def _result(fact: Predicted) -> Result:
    return fact.result


def _said(key: str) -> Callable[[Predicted], object]:
    return lambda fact: getattr(fact.result.model, key)


def _interval(ends: tuple[float, float] | None) -> str:
    """Return an interval for a reader."""
    return f"{show_duration(ends[0])} .. {show_duration(ends[1])}" if ends else "-"


VIEW = View(
    "predict",
    (
        *result_columns(_result, source="fidelity"),
        *model_columns(_result, bottleneck="bottleneck"),
        Column("bound_busbw_bytes_per_second", maybe(NUMBER), "what no algorithm without in-network reduction can pass",
               lambda f: f.limit.busbw if f.limit else None),
        Column("bound_level", maybe(TEXT), "the cut that limits it", lambda f: f.limit.level if f.limit else None),
        Column("efficiency", maybe(NUMBER), "busbw / bound", head="% of bound",
               cell=lambda f: "-" if f.efficiency is None else f"{100 * f.efficiency:.1f}"),
        Column("in_network_bound_busbw_bytes_per_second", maybe(NUMBER), "the bound with in-network reduction",
               lambda f: f.summed.busbw if f.summed else None),
        Column("in_network_efficiency", maybe(NUMBER), "busbw / the bound with in-network reduction"),
        Column("fidelity_reason", maybe(TEXT), "why the fidelity is exact, or not", _said("reason")),
        Column("exact", maybe(YES_NO), "whether the fidelity is exact for the case", _said("exact")),
        Column("bottleneck_link", maybe(TEXT), "the link that decided longest", _said("link")),
        Column("shares", maybe(OBJECT), "how much of each part's slowing and speeding reaches the answer",
               lambda f: asdict(f.result.model.shares) if f.result.model.shares else None),
        Column("slowdown", maybe(NUMBER), "seconds / those of the devices' own links alone", _said("slowdown"), head="slowdown",
               cell=lambda f: f"{f.result.model.slowdown:.2f}" if f.result.model.slowdown else "-"),
        Column("latency_seconds", maybe(NUMBER), "of it, alphas and latencies", _said("latency_seconds")),
        Column("interval_seconds", maybe(LIST), "90 % of measured times are expected in it",
               lambda f: list(f.result.model.interval) if f.result.model.interval else None, head="90 %",
               cell=lambda f: _interval(f.result.model.interval)),
        Column("interval_reasons", LIST, "what the interval rests on, and what it was widened for",
               lambda f: list(f.result.model.interval_reasons)),
        Column("bandwidth_seconds", OBJECT, "of it, bytes by the level that decided",
               lambda f: dict(f.result.model.bandwidth_seconds)),
    ),
    beside={"assumptions": TEXTS},
)  # fmt: skip


TABLE = (
    "nbytes", "world_size", "nodes", "algorithm", "seconds", "algbw_bytes_per_second",
    "busbw_bytes_per_second", "efficiency", "slowdown", "source", "bottleneck",
)  # fmt: skip


def predict(
    cases: Sequence[Case],
    fabric: Fabric | str,
    constants: Constants | None = None,
    *,
    algorithm: str | None = None,
    routing: str = "ideal",
    failures: Failures | None = None,
    fidelity: str = "auto",
    given: Devices | None = None,
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Result]:
    """Return the model's answer to every case, with its bound.

    fabric: what load returns, or its TOPO. constants: what a library adds; None is that of the fabric's node, without a node
    NONE, alpha = gamma = 0. algorithm: None takes the library's choice (constants.backend), else ring; `best` the fastest of
    all. routing: a policy of docs/routing.md. failures: what is broken. fidelity: closed, loaded, flows, or auto: the
    cheapest that is exact. given: devices of an order `given:HASH`. watch: told how many messages are done, of how many.
    force: simulate whatever memory and time it takes.

    Raises:
        InputError: no case, or an algorithm, policy or fidelity that does not exist or does not suit one.
    """
    from fabric.answers.ask import load
    from fabric.predict.answer import predict as answers
    from fabric.predict.of_node import constants_on
    from topologies.errors import InputError

    if not cases:
        raise InputError("cases: must hold at least one, got none")
    fabric = load(fabric)
    constants = constants_on(fabric, {case.collective for case in cases}, constants)
    how: dict[str, Any] = {"algorithm": algorithm, "routing": routing, "failures": failures, "fidelity": fidelity}
    results = answers(cases, fabric, constants, **how, given=given, watch=watch, force=force)
    facts = tuple(_beside_bound(result, fabric, constants.backend, given) for result in results)
    assumed = [*fabric.assumptions(), f"constants: {constants.name} ({constants.source})"]
    notes = (*_reasons(facts), *("assumed: " + line for line in assumed))
    first, shown = results[0], list(TABLE)
    if any(result.model.interval for result in results):
        shown.insert(1 + shown.index("seconds"), "interval_seconds")
    title = f"{first.case.collective} on {fabric.name}, predicted ({first.routing} routing, {first.case.order})"
    return Answer(
        VIEW,
        tuple(results),
        facts,
        parts=(Part(title, facts, tuple(shown), notes),),
        beside={"assumptions": [*fabric.assumptions(), constants.source]},
    )


def _beside_bound(result: Result, fabric: Fabric, backend: str | None, given: Devices | None) -> Predicted:
    from fabric.predict.bounds import bound, in_network_bound
    from fabric.scaling import PASSED

    limit = bound(result.case, fabric, backend, given=given)
    passed = limit is not None and result.busbw / limit.busbw > PASSED
    return Predicted(result, limit, in_network_bound(result.case, fabric, given=given) if passed else None)


def intervals_said(results: Iterable[Result]) -> list[str]:
    """Return a line for each way in which intervals came about, MOST_REASONS at most; of MPI over nodes why there is none."""
    models = [(one.model, one.case.nodes > 1) for one in results]
    why = dict.fromkeys(
        (model.interval_reasons, bool(model.interval))
        for model, apart in models
        if model.interval or (apart and model.interval_reasons and (model.backend or "").startswith("mpi"))
    )
    return [f"{'90 %: ' if there else ''}{'; '.join(reasons)}" for reasons, there in list(why)[:MOST_REASONS]]


def _reasons(facts: Sequence[Predicted]) -> list[str]:
    """Return one line per fidelity and reason, and one for the slowest row's bottleneck link."""
    said = [(fact.result.source.partition(":")[2], fact.result.model) for fact in facts]
    found = dict.fromkeys((name, model.exact, model.reason) for name, model in said)
    lines = [f"{name}: {'exact' if exact else 'not shown to be exact'}: {reason}" for name, exact, reason in found]
    above = [fact for fact in facts if fact.in_network_efficiency]
    if above:
        most = max(above, key=lambda fact: fact.efficiency or 0.0)
        lines.append(
            f"above 100 % of the bound: switches add up and copy; of the bound with in-network reduction it is "
            f"{100 * (most.in_network_efficiency or 0):.1f} % where it is {100 * (most.efficiency or 0):.1f} % without"
        )
    lines += intervals_said(fact.result for fact in facts)
    slowest = max((model for _, model in said), key=lambda model: model.slowdown or 0.0)
    if slowest.link and slowest.slowdown and slowest.slowdown > 1 + SHOWN:
        lines.append(f"congested: {slowest.link} takes {slowest.slowdown:.2f} x what the devices' own links would")
    return lines

"""`twin`: what a twin measured beside its predictions, as it was wired and with something changed. It prints nothing.

Predictions have alpha = gamma = 0 and no fitted constant; error = measured / predicted seconds - 1.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, OBJECT, TEXT, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.results import duration, over, result_columns, run_columns
from fabric.records.result import Result

if TYPE_CHECKING:
    from fabric.report.twin.charts import Point
    from fabric.twin.experiment import Ask, Order, Session
    from fabric.twin.plan import TwinPlan
    from fabric.twin.what_if import Scenario

Tell = Callable[[str], None]
At = tuple[int, int, bool]
"""Ranks, bytes, and whether in place."""


@dataclass(frozen=True)
class Emulated:
    """What a twin measured beside its prediction. order: as it was asked for; bring_up: its number."""

    result: Result
    predicted: Result
    order: str
    routing: str
    bring_up: int = 1

    @property
    def error(self) -> float:
        """Measured / predicted seconds - 1."""
        return self.result.time / self.predicted.time - 1

    @property
    def at(self) -> At:
        """Where it stands in a what-if's table."""
        case = self.result.case
        return case.world_size, case.nbytes, case.in_place


@dataclass(frozen=True)
class WhatIf:
    """A scenario's run beside what it is compared with: the whole fabric, or of several jobs the first one alone."""

    scenario: str
    run: Emulated
    base: Emulated

    @property
    def measured_ratio(self) -> float:
        """Measured seconds over the base's."""
        return self.run.result.time / self.base.result.time

    @property
    def predicted_ratio(self) -> float:
        """Predicted seconds over the base's."""
        return self.run.predicted.time / self.base.predicted.time

    @property
    def ratio_error(self) -> float:
        """Measured / predicted ratio - 1."""
        return self.measured_ratio / self.predicted_ratio - 1


def _percent(value: float) -> str:
    return f"{100 * value:+.1f} %"


def twin_columns(of: Callable[[Any], Emulated]) -> tuple[Column, ...]:
    """Return the columns of a twin's run. of: the run of a fact."""

    def result(fact: Any) -> Result:
        return of(fact).result

    def model(key: str) -> Callable[[Any], object]:
        return lambda fact: getattr(of(fact).predicted.model, key)

    def context(key: str) -> Callable[[Any], Any]:
        return lambda fact: result(fact).context.get(key)

    return over(
        (*result_columns(result, seconds="measured"), *run_columns(result)),
        Column("in_place", YES_NO, "whether send and receive buffer are one", lambda f: result(f).case.in_place,
               head="in place", cell=lambda f: "yes" if result(f).case.in_place else "no"),
        Column("samples", WHOLE, "how many times are behind `seconds`", lambda f: len(result(f).seconds), head="samples",
               cell=lambda f: str(len(result(f).seconds))),
        Column("order", TEXT, "order of ranks that was asked for", lambda f: of(f).order, head="order"),
        Column("devices", TEXT, "order of the ranks that took part", lambda f: result(f).case.order, head="order"),
        Column("algorithm", TEXT, "what is predicted to run, with its parameters", model("runs")),
        Column("predicted_seconds", NUMBER, "with alpha = gamma = 0", lambda f: of(f).predicted.time, head="predicted",
               cell=lambda f: duration(of(f).predicted.time)),
        Column("error", NUMBER, "measured / predicted seconds - 1", lambda f: of(f).error, head="error",
               cell=lambda f: _percent(of(f).error)),
        Column("regime", TEXT, "what bounds it: bandwidth, or less sure", context("regime"), head="regime"),
        Column("quotient", NUMBER, "time on the links / time of the processor", context("quotient"), head="q",
               cell=lambda f: f"{context('quotient')(f):.1f}"),
        Column("predicted_by", TEXT, "the model's fidelity", lambda f: of(f).predicted.source),
        Column("slowdown", maybe(NUMBER), "predicted seconds / those of the devices' own links alone", model("slowdown")),
        Column("counted_slowdown", maybe(NUMBER), "the same from the bytes counted", context("counted_slowdown")),
        Column("bottleneck_link", maybe(TEXT), "the link that decided longest", model("link"), head="bottleneck",
               cell=lambda f: str(model("link")(f) or "-")),
        Column("routing", TEXT, "the twin's policy", lambda f: of(f).routing),
        Column("host_bits_per_second", NUMBER, "rate of a host's link", context("host_bits_per_second")),
        Column("fabric", maybe(TEXT), "name of the fabric", lambda f: result(f).fabric),
        Column("fingerprint", maybe(TEXT), "of the fabric", lambda f: result(f).fingerprint),
        Column("failures", maybe(TEXT), "what was broken or slower", context("failures")),
        Column("fidelity", maybe(OBJECT), "how far the machine itself may have shaped the times", lambda f: result(f).fidelity,
               head="idle", cell=lambda f: f"{100 * (result(f).fidelity or {})['idle']:.0f} %"),
        Column("bring_up", WHOLE, "number of the bring-up", lambda f: of(f).bring_up),
    )  # fmt: skip


def _itself(fact: Emulated) -> Emulated:
    return fact


def _run(fact: WhatIf) -> Emulated:
    return fact.run


RESENT = Column(
    "retransmitted_segments", WHOLE, "of TCP, in all hosts", head="resent",
    cell=lambda f: str((f.result.fidelity or {})["retransmitted_segments"]),
)  # fmt: skip
RUN = View("twin", twin_columns(_itself))
WHAT_IF = View(
    "twin-what-if",
    (
        Column("scenario", TEXT, "what was changed", head="what if"),
        *twin_columns(_run),
        Column("measured_ratio", NUMBER, "measured seconds over the whole fabric's, of several jobs over the first one alone",
               head="ratio measured", cell=lambda f: f"{f.measured_ratio:.2f}"),
        Column("predicted_ratio", NUMBER, "the same of the predicted seconds", head="ratio predicted",
               cell=lambda f: f"{f.predicted_ratio:.2f}"),
        Column("ratio_error", NUMBER, "measured_ratio / predicted_ratio - 1", head="apart",
               cell=lambda f: _percent(f.ratio_error)),
    ),
)  # fmt: skip
VIEWS = (RUN, WHAT_IF)
RUN_TABLE = (
    "nbytes", "world_size", "devices", "in_place", "seconds", "predicted_seconds", "error", "regime", "quotient", "samples",
    "fidelity", RESENT, "bottleneck_link",
)  # fmt: skip
WHAT_IF_TABLE = (
    "scenario", "nbytes", "world_size", "in_place", "order", "seconds", "predicted_seconds", "error", "measured_ratio",
    "predicted_ratio", "ratio_error", "regime",
)  # fmt: skip


def predictions(plan: TwinPlan, order: Order) -> list[Result]:
    """Return a prediction for every result: alpha = gamma = 0, the links' goodput, the same routes.

    Routes that were looked up go by the plan's policy: the table of them is a file that is gone afterwards.
    """
    from fabric.twin.paths import table

    if not order.paths:
        return [_predicted(plan, order, result, plan.routing) for result in order.results]
    with tempfile.TemporaryDirectory(prefix="fabricbench-") as folder:
        file = Path(folder) / "table.json"
        file.write_text(json.dumps(table(plan, order.paths)))
        found = [_predicted(plan, order, result, f"table:{file}") for result in order.results]
    return [replace(one, routing=plan.routing) for one in found]


def _predicted(plan: TwinPlan, order: Order, result: Result, routing: str) -> Result:
    """Return the prediction for one result; process groups that ran at once are predicted at once."""
    import numpy as np

    from fabric.network.placement import given_order
    from fabric.predict.answer import predict
    from fabric.predict.constants import constants_of
    from fabric.predict.jobs import Job, predict_together
    from fabric.twin.plan import payload_fabric

    fabric, constants = payload_fabric(plan), constants_of("none", result.source.removeprefix("twin:"))
    if len(order.devices) == 1 and result.case.order == order.name:
        return predict([result.case], fabric, constants, routing=routing, algorithm=result.algorithm)[0]
    groups = [np.array(group) for group in order.devices]
    jobs = [Job(replace(result.case, order=given_order(group)), group, result.algorithm) for group in groups]
    together = predict_together(jobs, fabric, constants, routing=routing)
    return next(one for one in together if one.case.order == result.case.order)


def emulated(plan: TwinPlan, order: Order, number: int = 1) -> list[Emulated]:
    """Return every result of an order beside its prediction. number: of the bring-up."""
    pairs = zip(order.results, predictions(plan, order), strict=True)
    return [Emulated(result, predicted, order.name, plan.routing, number) for result, predicted in pairs]


def twin(
    plan: TwinPlan,
    ask: Ask,
    *,
    bring_ups: int = 1,
    keep: Callable[[Sequence[Result]], object] = lambda _: None,
    tell: Callable[[int, str], None] = lambda _, __: None,
    seen: Callable[[], object] = lambda: None,
) -> Answer[Emulated]:
    """Return of every case what its fastest bring-up measured, beside its prediction.

    keep: takes all results as they come. tell: told the number of a bring-up and what happens in it. seen: called at every
    result.

    Raises:
        InputError: what cannot be evidence.
        EnvironmentFault: the twin or a rank failed.
    """
    from fabric.twin.experiment import experiment

    best: dict[Any, Emulated] = {}
    for number in range(1, bring_ups + 1):
        for order in experiment(plan, ask, partial(tell, number), seen):
            keep(order.results)
            for found in emulated(plan, order, number):
                case = found.result.case
                best[case] = min(best.get(case, found), found, key=lambda one: one.result.time)
    return answer_of(list(best.values()), plan)


def answer_of(found: Sequence[Emulated], plan: TwinPlan) -> Answer[Emulated]:
    """Return the answer of what a plan's twin measured, with its table."""
    ordered = tuple(sorted(found, key=lambda one: (one.order, *one.at[:2], one.result.case.order, one.at[2])))
    return Answer(RUN, ordered, parts=(Part(_named(ordered[0], plan), ordered, RUN_TABLE, _notes(ordered, plan)),))


def _notes(found: Sequence[Emulated], plan: TwinPlan) -> tuple[str, ...]:
    from fabric.twin.regime import BANDWIDTH

    first = found[0].result
    notes = [
        f"hosts' links {first.context['host_bits_per_second'] / 1e6:g} Mbit/s, {plan.scale:.3g} of the fabric's; "
        "predicted with alpha = gamma = 0, no fitted constant",
        f"error = measured / predicted - 1; scored in the bandwidth regime only (q >= {BANDWIDTH:g})",
    ]
    if first.source.startswith("twin:mpi"):
        notes.append("fidelity: MPI's ranks ask for messages all the time, so that idle says nothing")
    elif not all((one.result.fidelity or {})["quiet"] for one in found):
        notes.append("fidelity: less than 35 % idle in some rows: other work runs beside, or the links are too fast")
    return tuple(notes)


def _named(found: Emulated, plan: TwinPlan) -> str:
    """Return what a run was, for a title: collective, library, algorithm, fabric, routing."""
    result, runs = found.result, found.predicted.model.runs
    return f"{result.case.collective} ({result.source}, {runs}) on the twin of {result.fabric}, {plan.routing}"


def what_if(plan: TwinPlan, ask: Ask, every: Sequence[Scenario], tell: Tell = lambda _: None) -> Answer[WhatIf]:
    """Return a row per scenario, ranks, size and form, one after the other on one live twin; the first is the whole fabric.

    Raises:
        InputError: a scenario that cannot be measured, before anything starts.
        EnvironmentFault: the twin or a rank failed.
    """
    from fabric.twin.experiment import check_ask, session
    from fabric.twin.what_if import changed

    plans = [changed(plan, one) for one in every]
    for one, own in zip(every, plans, strict=True):
        check_ask(own, replace(ask, orders=(one.order,), jobs=one.jobs))
    whole: Mapping[At, Emulated] = {}
    rows: list[WhatIf] = []
    with session(plan, ask, tell) as live:
        before = plan
        for number, (one, own) in enumerate(zip(every, plans, strict=True), start=1):
            live.change(before, own)
            found = _slowest(live, own, ask, one)
            whole = whole or found
            base = _slowest(live, own, ask, one, alone=True) if one.jobs > 1 else whole
            rows += [WhatIf(one.name, run, base[at]) for at, run in sorted(found.items())]
            tell(f"{number} of {len(every)} done: {one.name}")
            before = own
    title = f"{_named(rows[0].run, plan)}: what if"
    notes = ("ratios: over the whole fabric, of several jobs over the first one alone; the slowest job is shown",)
    return Answer(WHAT_IF, tuple(rows), parts=(Part(title, tuple(rows), WHAT_IF_TABLE, notes),))


def _slowest(live: Session, plan: TwinPlan, ask: Ask, one: Scenario, *, alone: bool = False) -> dict[At, Emulated]:
    """Return the slowest job at every point; failures as the scenario's name for the record."""
    from fabric.twin.what_if import WHOLE

    own = replace(ask, orders=(one.order,), jobs=one.jobs, failures="" if one.name == WHOLE else one.name)
    slowest: dict[At, Emulated] = {}
    for found in emulated(plan, live.measure(plan, own, one.order, alone=alone)):
        slowest[found.at] = max(slowest.get(found.at, found), found, key=lambda job: job.result.time)
    return slowest


def points(pairs: Sequence[tuple[Result, Result]], plan: TwinPlan) -> list[Point]:
    """Return results of one plan and their predictions as points of a page, with the bound of the scaled fabric."""
    from fabric.predict.bounds import bound
    from fabric.report.twin.charts import Point
    from fabric.twin.plan import payload_fabric

    fabric, found = payload_fabric(plan), []
    for result, predicted in pairs:
        named = not result.case.order.startswith("given")
        limit = bound(result.case, fabric, result.source.removeprefix("twin:")) if named else None
        found.append(Point(result, predicted, limit.busbw if limit else None))
    return found


def write_page(path: Path, pairs: Sequence[tuple[Result, Result]], plan: TwinPlan, command: str) -> None:
    """Write the page of results and their predictions.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.report.twin.page import write  # it imports a chart library

    write(path, points(pairs, plan), max(result.made_at for result, _ in pairs), [command])

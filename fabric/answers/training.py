"""`training`: a step of a model on a fabric under a plan or the fastest one, and what a run of months keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import Answer
from fabric.answers.training_view import GIB, VIEW, limit, tables_of
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.answers.training_scale import Beside
    from fabric.importers.node_faults import FaultTrace
    from fabric.importers.steps import MeasuredStep
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.workload.auto import Neighbour, Search
    from fabric.workload.changes import Changed
    from fabric.workload.checkpoints import Checkpoints, Effective
    from fabric.workload.model import LanguageModel
    from fabric.workload.plans import Space
    from fabric.workload.step import TrainingStep


@dataclass(frozen=True)
class Months:
    """A run of months: days, seconds that a checkpoint and a restart take, and a trace of faults to replay, if any."""

    days: float = 90.0
    write: float = 60.0
    restart: float = 600.0
    faults: FaultTrace | None = None


def training(
    model: LanguageModel,
    fabric: Fabric,
    plan: str = "auto",
    *,
    batch: int | None = None,
    seq: int | None = None,
    ranks: int | None = None,
    constants: Constants | None = None,
    measured: Sequence[MeasuredStep] = (),
    months: Months | None = None,
    workers: int | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Answer[TrainingStep]:
    """Return the step of a model under a plan, or under the fastest, with what limits it and what failures leave of a run.

    plan: a plan's text, `auto`, or `auto` with given keys. batch: sequences a step; seq: tokens of one; ranks: devices (ask.py
    says what they are where they are None). measured: steps of the user's own, by which all are scaled. workers, watch: of
    the search. The rows: the step, then of `auto` the front.

    Raises:
        InputError: a plan that does not divide the model, the batch or the ranks, with the nearest that does; no plan that
            fits; a fabric whose device is not known.
    """
    from fabric.workload.ask import asked, scale_of
    from fabric.workload.auto import evaluator, explain, search
    from fabric.workload.changes import sensitivity

    question = asked(model, fabric, plan, batch=batch, seq=seq, ranks=ranks)
    space = question.space
    scale = scale_of(question, fabric, measured, constants) if measured else None
    evaluate = evaluator(space, fabric, constants, scale)
    beside: dict[str, Any] = {"searched": None}
    steps = []
    if question.plan is None:
        found = search(space, fabric, constants, evaluate, scale=scale, workers=workers, watch=watch)
        steps = [evaluate(one.plan) for one in found.front]
        step = steps[0]
        beside["searched"] = _searched(found, step, explain(space, fabric, step, evaluate))
    else:
        step = evaluate(question.plan)
        steps = [step]
    moved = sensitivity(step, fabric, constants, scale)
    beside["effective"] = effective(step, months or Months(), max(1, fabric.topology.devices_per_node))
    beside["published"] = [_published_row(one, space, fabric, constants) for one in _published(fabric, model, constants)]
    return answer_of(steps, moved, question.assumed, beside)


def _searched(found: Search, winner: TrainingStep, beside: Sequence[Neighbour]) -> dict[str, Any]:
    """Return what a search tried, its front, and the winner's neighbours, as plain values."""
    front = [{"plan": one.plan.text(), "seconds": one.seconds, "memory_bytes": one.memory} for one in found.front]
    return {
        "considered": found.considered,
        "too_large": found.too_large,
        "search_seconds": found.seconds,
        "processes": found.processes,
        "front": front,
        "neighbours": [_neighbour(one, winner) for one in beside],
    }


def _neighbour(one: Neighbour, winner: TrainingStep) -> dict[str, Any]:
    why = one.why or (f"{one.part} {show_duration(one.more)} more" if one.more > 0 else "")
    slower = None if one.seconds is None else one.seconds / winner.seconds - 1
    return {"change": one.change, "seconds": one.seconds, "slower": slower, "why": why}


def _published(fabric: Fabric, model: LanguageModel, constants: Constants | None) -> Iterator[Beside]:
    from fabric.answers.training_scale import published_beside

    return published_beside(fabric, model, constants)


def _published_row(one: Beside, space: Space, fabric: Fabric, constants: Constants | None) -> dict[str, Any]:
    """Return a published run, what is predicted of it, and what its plan does at the size asked, or why nothing."""
    from fabric.workload.auto import evaluator
    from fabric.workload.device import device_of
    from fabric.workload.plans import lacking
    from topologies.errors import InputError

    here, why = None, ""
    try:
        plan = replace(one.run.plan, dp=None)
        step = evaluator(space, fabric, constants)(plan)
        short = lacking(space, step.plan, device_of(fabric))
        here, why = (step.seconds, "") if short <= 0 else (None, f"lacks {short / GIB:.1f} GiB a device")
    except InputError as error:
        why = str(error)
    return {
        "plan": one.run.plan.text(),
        "ranks": one.run.ranks,
        "batch": one.run.batch,
        "sequence": one.run.seq,
        "measured": one.run.rate,
        "predicted": one.step.tokens_per_second_per_device if one.step else None,
        "best": one.best.tokens_per_second_per_device if one.best else None,
        "best_plan": one.best.plan.text() if one.best else "",
        "here": here,
        "why": why,
        "source": one.run.source,
    }


def effective(step: TrainingStep, months: Months, per_node: int) -> dict[str, Any]:
    """Return where the time of a run of months goes, as plain values: closed form by Llama 3's rate, or a trace replayed.

    per_node: devices of a node, which a fault takes away together.
    """
    from fabric.workload import checkpoints as kept

    rate = kept.llama3_rate(step.ranks)
    source = "at the rate of Llama 3's 54 days (419 on 16,384 GPUs), in proportion to devices; spare nodes are there at once"
    plan = kept.Checkpoints(min(kept.best_interval(rate, months.write), months.days * kept.DAY), months.write, months.restart)
    goodput, stops = kept.goodput(rate, plan), rate * kept.DAY
    found = None
    if months.faults is not None:
        found, plan, source = _replayed(-(-step.ranks // per_node), months, months.faults)
        goodput, stops = found.goodput, found.stops / found.seconds * kept.DAY
    shares = {} if found is None else {
        name: getattr(found, name) / found.seconds for name in ("useful", "writing", "lost", "restarting", "waiting")
    }  # fmt: skip
    return {
        "days": months.days if found is None else found.seconds / kept.DAY,
        "stops_per_day": stops,
        "interval_seconds": plan.interval,
        "write_seconds": plan.write,
        "restart_seconds": plan.restart,
        "goodput": goodput,
        "shares": shares,
        "tokens": step.tokens_per_second * goodput * (months.days * kept.DAY if found is None else found.seconds),
        "source": source,
    }


def _replayed(nodes: int, months: Months, trace: FaultTrace) -> tuple[Effective, Checkpoints, str]:
    """Return a trace of faults replayed: the job's nodes of all that it names, the others its spares."""
    from fabric.workload import checkpoints as kept

    of = max(trace.nodes, 1)
    faults = [kept.Fault(one.node, one.start, one.end) for one in trace.outages]
    first = kept.replay_faults(faults, of, nodes, trace.seconds, kept.Checkpoints(3600.0, months.write, months.restart))
    rate = first.stops / trace.seconds
    interval = min(kept.best_interval(rate, months.write), trace.seconds)
    plan = kept.Checkpoints(interval, months.write, months.restart)
    done = kept.replay_faults(faults, of, nodes, trace.seconds, plan)
    long = f"{done.stops:,} stops in {trace.seconds / kept.DAY:.0f} days"
    return done, plan, f"{nodes:,} of the {of:,} nodes of the trace, the others spare; {long}"


def answer_of(
    steps: Sequence[TrainingStep], moved: Sequence[Changed], assumed: Sequence[str], beside: Mapping[str, Any]
) -> Answer[TrainingStep]:
    """Return the answer of steps, the first of which is shown whole. assumed: what was not said."""
    step = steps[0]
    rows = [{"change": one.name, "seconds": one.seconds, "gain": one.factor - 1} for one in moved]
    told = {"limit": limit(step, moved), "sensitivity": rows, **beside}
    return Answer(VIEW, tuple(steps), parts=tuple(tables_of(step, told, assumed)), beside=told, warnings=step.warnings)

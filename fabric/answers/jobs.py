"""`jobs`: several jobs at once on one fabric, and what they cost each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, TEXTS, WHOLE, Answer, Column, Part, View, changed, maybe
from fabric.answers.results import model_columns, result_columns
from fabric.units import short_size, show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.placement import Devices
    from fabric.predict.constants import Constants
    from fabric.predict.jobs import Job as Placed
    from fabric.predict.jobs import Ready
    from fabric.records.case import Case
    from fabric.records.result import Result
    from fabric.workload.beside import Beside, Sender
    from fabric.workload.job import Calls, JobStep
    from fabric.workload.step import TrainingStep


@dataclass(frozen=True)
class Job:
    """The answer to one of the jobs, or to one kind of its step's calls (None of a case), and its number in the question."""

    job: int
    result: Result
    calls: Calls | None = None
    others: Mapping[int, str] = field(default_factory=dict)

    def of_kind(self, key: str) -> object:
        """Return a field of the kind of calls, None of a case."""
        return getattr(self.calls.kind, key) if self.calls else None


@dataclass(frozen=True)
class OfStep:
    """A training job, and the seconds of all its calls between nodes of one step: alone and beside the others."""

    job: int
    text: str
    step: TrainingStep
    alone: float
    seconds: float


def _result(fact: Job) -> Result:
    return fact.result


def _groups(fact: Job) -> int:
    return len(fact.calls.devices) if fact.calls else 1


VIEW = View(
    "jobs",
    (
        Column("job", WHOLE, "its number in the question, from 0", head="job"),
        Column("communication", maybe(TEXT), "of a step: the kind of call; null of a case", lambda f: f.of_kind("what"),
               head="communication", cell=lambda f: str(f.of_kind("what") or "-")),
        Column("dimension", maybe(TEXT), "of a training step: groups that call, such as tp or dp_cp",
               lambda f: f.of_kind("dimension")),
        Column("groups", WHOLE, "equal groups that call at once", _groups, head="groups"),
        Column("calls", maybe(WHOLE), "of a training step: so many of one group", lambda f: f.of_kind("count"), head="calls",
               cell=lambda f: f"{f.of_kind('count'):,}" if f.calls else "-"),
        *changed(result_columns(_result), collective={"head": "collective"}),
        *model_columns(_result),
        Column("alone_seconds", maybe(NUMBER), "without the others", lambda f: f.result.model.alone_seconds, head="alone",
               cell=lambda f: show_duration(f.result.model.alone_seconds)),
        Column("slowdown_by_others", maybe(NUMBER), "seconds / alone_seconds", lambda f: f.result.model.slowdown_by_others,
               head="slowdown",
               cell=lambda f: f"{f.result.model.slowdown_by_others:.2f}" if f.result.model.slowdown_by_others else "-"),
        Column("beside", TEXTS, "what the other jobs call meanwhile, where one of all is a training step",
               lambda f: [f"{what} of job {job}" for job, what in f.others.items()], head="while they call",
               cell=lambda f: ", ".join(f"{what} of job {job}" for job, what in f.others.items()) or "-"),
        Column("bottleneck_link", maybe(TEXT), "the link that was fullest longest", lambda f: f.result.model.link),
    ),
)  # fmt: skip
(TOGETHER,) = changed(VIEW.picked(["seconds"]), seconds={"head": "with the others"})
TABLE = (
    "job", "collective", "nbytes", "world_size", "nodes", "algorithm", "alone_seconds", TOGETHER, "slowdown_by_others",
)  # fmt: skip
(BYTES,) = changed(VIEW.picked(["nbytes"]), nbytes={"cell": lambda fact: short_size(fact.result.case.nbytes)})
KINDS = (
    "job", "communication", "collective", BYTES, "world_size", "groups", "calls", "alone_seconds", TOGETHER,
    "slowdown_by_others", "beside",
)  # fmt: skip
STEPS = (
    Column("job", WHOLE, "its number", head="job"),
    Column("step", TEXT, "model and plan", lambda f: f"{f.step.model.name}, {f.step.plan.text()}", head="training step"),
    Column("devices", WHOLE, "of the job", lambda f: f.step.ranks, head="devices"),
    Column("step_seconds", NUMBER, "alone on the fabric", lambda f: f.step.seconds, head="step alone",
           cell=lambda f: show_duration(f.step.seconds)),
    Column("alone", NUMBER, "all calls between nodes, one after the other", head="calls between nodes",
           cell=lambda f: show_duration(f.alone)),
    Column("seconds", NUMBER, "the same beside the others", head="with the others", cell=lambda f: show_duration(f.seconds)),
    Column("more", NUMBER, "times as long", lambda f: f.seconds / f.alone if f.alone else None, head="slowdown",
           cell=lambda f: f"{f.seconds / f.alone:.2f}" if f.alone else "-"),
    Column("step_at_most", NUMBER, "were nothing of what the others add hidden", lambda f: f.step.seconds + f.seconds - f.alone,
           head="step at most", cell=lambda f: show_duration(f.step.seconds + f.seconds - f.alone)),
)  # fmt: skip
HOW = (
    "every kind is timed while each other job calls, at the same moment and once, what slows it most of its own",
    "calls between nodes: all of a step, hidden ones too; how much of them lengthens the step alone, `training` says",
    "slowdown: of these calls; step at most: as if nothing of what the others add were hidden",
)


def jobs(
    asked: Sequence[tuple[Case, str | None] | JobStep],
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    order: str = "contiguous",
    routing: str = "ideal",
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Result]:
    """Return the answer to every job, all running at once, each beside its time alone.

    A job is a case with its algorithm (or None), or a training step, whose kinds of communication between nodes are a row each.
    constants: None takes those of the fabric's node, NONE without one. order: of all devices; each job takes the next
    ones; `alternate`: whole nodes in turn. watch: told how many messages are done, of how many. force: simulate whatever
    memory and time it takes.

    Raises:
        InputError: no job, more ranks than devices, an unknown order, a plan that does not divide, or what cannot be routed or
            simulated.
    """
    from topologies.errors import InputError

    if not asked:
        raise InputError("jobs: must be at least one, got none")
    cases = [one for one in asked if isinstance(one, tuple)]
    if len(cases) < len(asked):
        return _with_steps(asked, fabric, constants, order, routing, watch=watch, force=force)
    from fabric.predict.jobs import placed, predict_together
    from fabric.predict.of_node import constants_on

    ready = placed([case for case, _ in cases], fabric, order, [algorithm for _, algorithm in cases])
    own = constants_on(fabric, {case.collective for case, _ in cases}, constants)
    results = predict_together(ready, fabric, own, routing=routing, watch=watch, force=force)
    facts = tuple(Job(number, result) for number, result in enumerate(results))
    fullest = results[0].model.link
    notes = (f"fullest longest: {fullest}",) if fullest else ()
    title = f"{_many(len(facts))} on {fabric.name} ({routing} routing, {order}), flows"
    return Answer(VIEW, tuple(results), facts, parts=(Part(title, facts, TABLE, notes),))


def _with_steps(
    asked: Sequence[tuple[Case, str | None] | JobStep],
    fabric: Fabric,
    constants: Constants | None,
    order: str,
    routing: str,
    *,
    watch: Callable[[int, int], None] | None,
    force: bool,
) -> Answer[Result]:
    """Return the answer where a job is a training step."""
    from fabric.predict.jobs import ready, shares
    from fabric.predict.of_node import constants_on
    from fabric.workload.beside import beside
    from fabric.workload.costs import COLLECTIVES

    sizes = [one[0].world_size if isinstance(one, tuple) else one.devices or fabric.topology.devices for one in asked]
    own = constants_on(fabric, COLLECTIVES, constants)
    make = partial(ready, fabric=fabric, constants=own, routing=routing, watch=watch, force=force)
    places = zip(asked, shares(fabric, sizes, order), strict=True)
    senders = [_sender(one, fabric, constants, devices, make) for one, devices in places]
    found = beside(senders, fabric)
    facts = tuple(Job(one.job, one.result, one.kind, one.others) for one in found)
    title = f"{_many(len(senders))} on {fabric.name} ({routing} routing, {order}), flows"
    parts = (Part(title, facts, KINDS, HOW[:1]), _steps(asked, senders, found))
    return Answer(VIEW, tuple(one.result for one in found), facts, parts=parts)


def _many(jobs: int) -> str:
    return "1 job" if jobs == 1 else f"{jobs} jobs at once"


def _sender(
    one: tuple[Case, str | None] | JobStep,
    fabric: Fabric,
    constants: Constants | None,
    devices: Devices,
    make: Callable[[Placed], Ready],
) -> Sender:
    """Return a job on its devices, ready."""
    from fabric.predict.jobs import on_devices
    from fabric.workload.beside import Sender, Sent, sender
    from fabric.workload.job import calls_of, step_of

    if isinstance(one, tuple):
        return Sender((Sent(None, make(on_devices(*one, fabric, devices))),))
    step = step_of(one, fabric, constants, devices)
    return sender(step, calls_of(step, devices), make)


def _steps(asked: Sequence[tuple[Case, str | None] | JobStep], senders: Sequence[Sender], found: Sequence[Beside]) -> Part:
    """Return the table of training jobs: what a step sends between nodes, in all; and what was left out, and why."""
    facts: list[OfStep] = []
    notes: list[str] = []
    for number, (one, sent) in enumerate(zip(asked, senders, strict=True)):
        if isinstance(one, tuple) or sent.step is None:
            continue
        own = [(row.kind.kind.count, row.result) for row in found if row.job == number and row.kind]
        alone = sum(count * (result.model.alone_seconds or 0.0) for count, result in own)
        facts.append(OfStep(number, one.text, sent.step, alone, sum(count * result.time for count, result in own)))
        inside = [kind.what for kind in sent.step.communications if not kind.nics and len(kind.ranks) > 1]
        notes += [f"job {number}: inside a scale-up domain, beside nobody: {', '.join(inside)}"] if inside else []
        notes += [f"job {number}: {line}" for line in sent.notes]
        notes += [] if own else [f"job {number}: sends nothing between nodes"]
    return Part("training steps", tuple(facts), STEPS, (*HOW[1:], *notes))

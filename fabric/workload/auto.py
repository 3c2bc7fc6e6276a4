"""The fastest plan of a model on a fabric: every plan that fits, in closed form, and the front of speed and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.sweep import Watch, cores, sweep
from fabric.workload.calibrate import StepScale
from fabric.workload.costs import Costs
from fabric.workload.device import device_of
from fabric.workload.floor import Silent, least_seconds
from fabric.workload.plan import ParallelPlan, plan_of
from fabric.workload.plans import Space, lacking, neighbours, plans
from fabric.workload.step import TrainingStep
from fabric.workload.training import training_step
from topologies.errors import InputError

WORTH = 10.0
"""Seconds of work left from which on processes are started: they import for a second and ask for collectives anew."""
FIRST = 24
"""Plans that are worked out in this process before that is decided, by the later half: the first ask for most collectives."""
Evaluate = Callable[[ParallelPlan], TrainingStep]
By = tuple[Constants | None, StepScale | None]
"""What steps are worked out by: constants of the collectives, scale of a user's own steps."""


@dataclass(frozen=True)
class Tried:
    """A plan that fits: seconds of a step, bytes of its fullest stage's device."""

    plan: ParallelPlan
    seconds: float
    memory: float


@dataclass(frozen=True)
class Neighbour:
    """A plan one change away from the winner. seconds: of its step, None where `why` says why there is none.

    part, more: the part of the step that grows most, and by how many seconds.
    """

    change: str
    seconds: float | None
    why: str
    part: str = ""
    more: float = 0.0


@dataclass(frozen=True)
class Search:
    """What a search found. best: the fastest first; front: no other is faster and smaller. considered: that divide."""

    best: tuple[Tried, ...]
    considered: int
    too_large: int
    seconds: float
    processes: int

    @property
    def front(self) -> list[Tried]:
        """The plans of which none is faster with less memory, the fastest first."""
        found: list[Tried] = []
        for one in self.best:
            if not found or one.memory < found[-1].memory:
                found.append(one)
        return found


def pinned_of(text: str) -> Mapping[str, Any]:
    """Return the fields that `auto,precision=fp8,mb=1` gives; none of plain `auto`.

    Raises:
        InputError: a key or a value that is none.
    """
    rest = text.removeprefix("auto").lstrip(",")
    given, usual = plan_of(rest), ParallelPlan()
    named = {part.split("=")[0].strip() for part in rest.split(",") if part.strip()}
    fields = {"mb": "micro_batch"}
    return {fields.get(key, key): getattr(given, fields.get(key, key), getattr(usual, fields.get(key, key))) for key in named}


def search(
    space: Space,
    fabric: Fabric,
    constants: Constants | None,
    evaluate: Evaluate,
    *,
    scale: StepScale | None = None,
    workers: int | None = None,
    watch: Watch | None = None,
) -> Search:
    """Return every plan of a space that fits, the fastest first. evaluate: of this process, by the same scale.

    workers: None: one a core.

    Raises:
        InputError: no plan divides, or none fits; with the one that comes nearest.
    """
    before = perf_counter()
    fitting, considered = _fitting(space, fabric)
    found = [_tried(evaluate(plan)) for plan in fitting[: FIRST // 2]]
    halfway = perf_counter()
    found += [_tried(evaluate(plan)) for plan in fitting[FIRST // 2 : FIRST]]
    left, each = fitting[FIRST:], (perf_counter() - halfway) / (FIRST - FIRST // 2)
    many = min(workers or cores(), len(left))
    if left and many > 1 and each * len(left) > WORTH:
        found += _in_processes(space, fabric, (constants, scale), left, many, watch)
    else:
        many = 1
        found += [_tried(evaluate(plan)) for plan in left]
    best = tuple(sorted(found, key=lambda one: (one.seconds, one.memory)))
    return Search(best, considered, considered - len(fitting), perf_counter() - before, many)


def fastest(
    space: Space, fabric: Fabric, constants: Constants | None, costs: Costs | None = None, *, routing: str = "ideal"
) -> TrainingStep:
    """Return the step of the fastest plan of a space that fits, the first of search() without the others.

    Plans are taken in the order of their arithmetic alone (floor.py), until that alone takes longer than the best so far: the
    others are never asked for. costs, routing: as of evaluator().

    Raises:
        InputError: as search.
    """
    known = Costs(fabric, constants, space.ranks, routing=routing) if costs is None else costs
    evaluate, silent = evaluator(space, fabric, constants, costs=known), Silent(known)
    plans_left = sorted(
        ((least_seconds(space, plan, silent), number, plan) for number, plan in enumerate(_fitting(space, fabric)[0])),
        key=lambda one: one[:2],
    )
    best: tuple[float, float] | None = None
    found: TrainingStep | None = None
    for least, _, plan in plans_left:
        if best is not None and least > best[0]:
            break
        step = evaluate(plan)
        own = (step.seconds, _tried(step).memory)
        if best is None or own < best:
            best, found = own, step
    if found is None:
        raise InputError(f"plan: auto finds none for {space.model.name}")
    return found


def _fitting(space: Space, fabric: Fabric) -> tuple[list[ParallelPlan], int]:
    """Return the plans of a space that fit, and how many there are in all.

    Raises:
        InputError: as search.
    """
    all_plans = list(plans(space))
    if not all_plans:
        raise InputError(
            f"plan: auto finds none that divides {space.model.name}, {space.ranks:,} ranks and a batch of {space.batch:,}; "
            "change the batch or the ranks, or name a --plan to see what does not divide"
        )
    rates = device_of(fabric)
    short = {plan: lacking(space, plan, rates) for plan in all_plans}

    def fits_whole(plan: ParallelPlan) -> bool:
        return short.get(replace(plan, zero=1), 1.0) <= 0  # then ZeRO-2 only sends more

    fitting = [plan for plan in all_plans if short[plan] <= 0 and not (plan.zero > 1 and fits_whole(plan))]
    if not fitting:
        nearest = min(all_plans, key=lambda plan: short[plan])
        raise InputError(
            f"plan: auto finds none of {len(all_plans):,} that fits {rates.name}; the nearest, {nearest.text()}, lacks "
            f"{short[nearest] / 2**30:.1f} GiB a device: take more ranks"
        )
    return fitting, len(all_plans)


def explain(space: Space, fabric: Fabric, winner: TrainingStep, evaluate: Evaluate) -> list[Neighbour]:
    """Return what every plan one change away from the winner would do, and which part of the step makes it slower."""
    return [_neighbour(space, fabric, winner, evaluate, *one) for one in neighbours(space, winner.plan)]


def _neighbour(
    space: Space, fabric: Fabric, winner: TrainingStep, evaluate: Evaluate, change: str, plan: ParallelPlan | str
) -> Neighbour:
    if isinstance(plan, str):
        return Neighbour(change, None, plan)
    if (short := lacking(space, plan, device_of(fabric))) > 0:
        return Neighbour(change, None, f"lacks {short / 2**30:.1f} GiB a device")
    step = evaluate(plan)
    more = {part.what: part.seconds - winner.part(part.what) for part in step.parts}
    part = max(more, key=lambda what: more[what])
    return Neighbour(change, step.seconds, "", part, more[part])


def _tried(step: TrainingStep) -> Tried:
    return Tried(step.plan, step.seconds, max(stage.total for stage in step.memory))


def _in_processes(
    space: Space, fabric: Fabric, by: By, left: Sequence[ParallelPlan], many: int, watch: Watch | None
) -> list[Tried]:
    """Return the rest, chunk by chunk on all cores; plans of one chunk share groups, and what was asked of them."""
    ordered = sorted(left, key=lambda plan: (plan.tp, plan.pp, plan.cp, plan.ep))
    size = -(-len(ordered) // (2 * many))
    chunks = [[plan.text() for plan in ordered[start : start + size]] for start in range(0, len(ordered), size)]
    work = partial(_chunk, space, fabric, by)
    done = sweep(work, chunks, workers=many, watch=watch)
    return [Tried(plan_of(text), seconds, memory) for chunk in done for text, seconds, memory in chunk]


def _chunk(space: Space, fabric: Fabric, by: By, texts: Sequence[str]) -> list[tuple[str, float, float]]:
    """Return (plan, seconds, bytes) of plans, in a process of its own."""
    evaluate = evaluator(space, fabric, *by)
    found = [_tried(evaluate(plan_of(text))) for text in texts]
    return [(one.plan.text(), one.seconds, one.memory) for one in found]


def evaluator(
    space: Space,
    fabric: Fabric,
    constants: Constants | None,
    scale: StepScale | None = None,
    costs: Costs | None = None,
    *,
    routing: str = "ideal",
) -> Evaluate:
    """Return what gives the step of a plan; all calls share what was asked of the fabric.

    scale: of measured steps. costs: of this fabric, these constants and ranks, to share more widely; None: of its own.
    routing: a policy of one seed, of its own costs.
    """
    known = Costs(fabric, constants, space.ranks, routing=routing) if costs is None else costs

    def evaluate(plan: ParallelPlan) -> TrainingStep:
        step = training_step(space.model, plan, fabric, batch=space.batch, seq=space.sequence, costs=known)
        return step if scale is None else scale.applied(step)

    return evaluate

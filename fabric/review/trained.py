"""The efficiency of a review's training step on a candidate: of a model under a plan, worked out by workload. No money here.

A review that names no cases takes those of the step: its collectives between nodes, one of each.

efficiency = (seconds - exposed communication - contention) / seconds of the step: what a network that costs nothing, inside
nodes too, would leave of it. Links are evenly loaded: hash collisions are not in it. Detours are, where a candidate is
judged with adaptive routing, and the way by a neighbour in the node where rails do not meet.
"""

from __future__ import annotations

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import place
from fabric.network.routing.no_way import NoWay
from fabric.predict.constants import Constants
from fabric.review.adaptive import UGAL
from fabric.review.request import CaseText, TrainingText
from fabric.workload.ask import Asked, asked
from fabric.workload.auto import evaluator, fastest
from fabric.workload.catalog import language_model
from fabric.workload.step import Communication, TrainingStep
from topologies.errors import InputError

EVEN = "ideal"
"""Routing of a step: evenly over shortest ways."""
PLACED = ("contiguous", "interleaved")
"""Orders that are tried by their usual names before `strided:STEP` for the first group of a plan's dimension."""


def trained(fabric: Fabric, text: TrainingText, ranks: int | None = None, routing: str = EVEN) -> TrainingStep:
    """Return the step on the first ranks of a fabric, all where None; the batch in proportion to them.

    routing: what the candidate is judged with: `ugal` counts, any other is split evenly over shortest ways.

    Raises:
        InputError: an unknown model, a plan that does not divide, none that fits, or a fabric without a known node.
    """
    devices = fabric.topology.devices
    model = language_model(text.model)
    whole = asked(model, fabric, text.plan, batch=text.batch, seq=text.seq).space.batch
    batch = whole if ranks is None else max(1, whole * ranks // devices)
    return trained_on(fabric, text.model_copy(update={"batch": batch}), ranks, routing)


def trained_on(
    fabric: Fabric, text: TrainingText, ranks: int | None, routing: str = EVEN, constants: Constants | None = None
) -> TrainingStep:
    """Return the step on the first ranks of a fabric, its batch as the text has it; constants: of the collectives.

    Raises:
        InputError: as trained.
    """
    question = asked(language_model(text.model), fabric, text.plan, batch=text.batch, seq=text.seq, ranks=ranks)
    even = UGAL if routing == UGAL else EVEN
    try:
        return _best(question, fabric, constants, even)
    except NoWay:
        return _best(question, fabric, constants, f"pxn:{even}")


def _best(question: Asked, fabric: Fabric, constants: Constants | None, routing: str) -> TrainingStep:
    """Return the step of the plan that is asked, or of the fastest."""
    if question.plan is None:
        return fastest(question.space, fabric, constants, routing=routing)
    return evaluator(question.space, fabric, constants, routing=routing)(question.plan)


def efficiency(step: TrainingStep) -> float:
    """Return the share of a step that is left without communication and what arithmetic loses to it."""
    return 1 - (step.part("communication") + step.part("contention")) / step.seconds


def cases_of(step: TrainingStep, fabric: Fabric) -> tuple[CaseText, ...]:
    """Return the step's collectives between nodes with their counts, of each the message that takes the most seconds.

    The longest first. Each over the plan's first group alone, on the devices where the plan has it; the step itself times
    all groups at once. Exchanges between two pipeline stages are left out, and groups that no order places (unplaced).

    Raises:
        InputError: none is left.
    """
    longest = sorted((one for one in step.communications if _is_case(one)), key=lambda one: one.seconds, reverse=True)
    found = dict[str, CaseText]()
    for one in longest:
        order, case = _order(one.ranks, fabric), one.case
        if order is not None:
            text = CaseText(
                collective=case.collective, size=case.nbytes, ranks=len(one.ranks), order=order, count=max(1, one.count)
            )
            found.setdefault(text.collective, text)
    if not found:
        why = "; ".join(unplaced(step, fabric)) or f"plan {step.plan.text()} sends no collective between nodes"
        raise InputError(f"cases: {why}; name collectives and sizes")
    return tuple(found.values())


def unplaced(step: TrainingStep, fabric: Fabric) -> tuple[str, ...]:
    """Return a line for each kind of communication that could be a case, but whose first group no order places."""
    return tuple(
        f"{one.what}: ranks {', '.join(map(str, one.ranks[:4]))} ... of its first group are not equally far apart "
        f"(layout {'-'.join(step.plan.layout)}), so that no order names them"
        for one in step.communications
        if _is_case(one) and _order(one.ranks, fabric) is None
    )


def _is_case(one: Communication) -> bool:
    """Return whether a communication goes between nodes and is a collective of a group."""
    return bool(one.nics) and one.case.collective != "sendrecv" and len(one.ranks) > 1


def _order(ranks: tuple[int, ...], fabric: Fabric) -> str | None:
    """Return the order that puts rank i of a group where the plan has it, None where none does."""
    step = ranks[1] - ranks[0]
    if ranks != tuple(range(0, len(ranks) * step, step)):
        return None
    named = (order for order in PLACED if np.array_equal(place(fabric.topology, len(ranks), order), ranks))
    return next(named, f"strided:{step}")


def trained_curve(fabric: Fabric, text: TrainingText, sizes: list[int], routing: str = EVEN) -> list[tuple[int, float]]:
    """Return (devices, efficiency) of jobs of these sizes; those that no plan divides or fits are left out."""
    found = []
    for ranks in sizes:
        try:
            found.append((ranks, efficiency(trained(fabric, text, ranks, routing))))
        except InputError:
            continue
    return found

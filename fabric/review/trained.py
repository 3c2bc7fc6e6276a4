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
"""Orders that put the first group of a plan's dimension where the plan does: ranks side by side, or one of every node."""


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
    question = asked(model, fabric, text.plan, batch=batch, seq=text.seq, ranks=ranks)
    even = UGAL if routing == UGAL else EVEN
    try:
        return _best(question, fabric, even)
    except NoWay:
        return _best(question, fabric, f"pxn:{even}")


def _best(question: Asked, fabric: Fabric, routing: str) -> TrainingStep:
    """Return the step of the plan that is asked, or of the fastest."""
    if question.plan is None:
        return fastest(question.space, fabric, None, routing=routing)
    return evaluator(question.space, fabric, None, routing=routing)(question.plan)


def efficiency(step: TrainingStep) -> float:
    """Return the share of a step that is left without communication and what arithmetic loses to it."""
    return 1 - (step.part("communication") + step.part("contention")) / step.seconds


def cases_of(step: TrainingStep, fabric: Fabric) -> tuple[CaseText, ...]:
    """Return the step's collectives between nodes with their counts, of each the message that takes the most seconds.

    The longest first. Each over the plan's first group alone, on the devices where the plan has it; the step itself times
    all groups at once. Exchanges between two pipeline stages are left out, and groups that none of PLACED places.

    Raises:
        InputError: none is left.
    """
    longest = sorted(step.communications, key=lambda one: one.seconds, reverse=True)
    found = dict[str, CaseText]()
    for text in (text for one in longest if one.nics for text in _text(one, fabric)):
        found.setdefault(text.collective, text)
    if not found:
        raise InputError(f"cases: plan {step.plan.text()} sends no collective between nodes; name collectives and sizes")
    return tuple(found.values())


def _text(one: Communication, fabric: Fabric) -> list[CaseText]:
    """Return a communication as a case of its first group, none where no order places that."""
    ranks = len(one.ranks)
    if one.case.collective == "sendrecv" or ranks < 2:
        return []
    orders = [order for order in PLACED if np.array_equal(place(fabric.topology, ranks, order), one.ranks)]
    case, count = one.case, one.count
    return [CaseText(collective=case.collective, size=case.nbytes, ranks=ranks, order=own, count=count) for own in orders[:1]]


def trained_curve(fabric: Fabric, text: TrainingText, sizes: list[int], routing: str = EVEN) -> list[tuple[int, float]]:
    """Return (devices, efficiency) of jobs of these sizes; those that no plan divides or fits are left out."""
    found = []
    for ranks in sizes:
        try:
            found.append((ranks, efficiency(trained(fabric, text, ranks, routing))))
        except InputError:
            continue
    return found

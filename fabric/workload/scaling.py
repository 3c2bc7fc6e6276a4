"""Training speed of a model versus the number of devices, strong and weak: best plan per size, where it bends and why.

Strong: one batch whatever the size. Weak: a batch in proportion to the devices, the same as strong's at the largest size.
efficiency at n = tokens a second and device at n / the same at the smallest size of the curve. It prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.workload.ask import domain_of
from fabric.workload.auto import evaluator, fastest
from fabric.workload.costs import Costs
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan, with_dp
from fabric.workload.plans import Space
from fabric.workload.step import TrainingStep
from topologies.errors import InputError

STRONG, WEAK = "strong", "weak"
BENDS = 0.02
"""Efficiency lost from one size to the next, per doubling, from which on a curve is said to bend."""


@dataclass(frozen=True)
class Point:
    """One size of a curve. step: None where there is no plan, and `why` says why.

    efficiency: to the curve's smallest size; because: the part of the step whose device-seconds a token grew most since the
    size before; lost: efficiency lost per doubling since then.
    """

    fabric: str
    mode: str
    ranks: int
    batch: int
    step: TrainingStep | None
    why: str = ""
    efficiency: float | None = None
    because: str = ""
    lost: float = 0.0


@dataclass(frozen=True)
class Question:
    """What is scaled. plan: None for the best at every size; pinned: fields of plans that are given."""

    model: LanguageModel
    sequence: int
    batch: int
    plan: ParallelPlan | None
    pinned: Mapping[str, Any]


def curves(
    fabric: Fabric,
    question: Question,
    ranks: Sequence[int],
    modes: Sequence[str],
    constants: Constants | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> list[list[Point]]:
    """Return the points of a curve per mode, the smallest size first; modes share what a size asked of the fabric.

    Raises:
        InputError: more ranks than the fabric has, or a batch that no size can work on.
    """
    sizes, name = sorted(set(ranks)), fabric.name or fabric.topology.name
    if sizes[-1] > fabric.topology.devices:
        raise InputError(f"ranks: {name} has {fabric.topology.devices:,} devices, got {sizes[-1]:,}")
    found: dict[str, list[Point]] = {mode: [] for mode in modes}
    for size in sizes:
        costs, known = Costs(fabric, constants, size), dict[int, Point]()
        for mode in modes:
            tell(f"{name}: {mode}, {size:,}")
            batch = question.batch if mode == STRONG else max(1, question.batch * size // sizes[-1])
            if batch not in known:
                known[batch] = _point(costs, question, mode, batch, constants)
            found[mode].append(replace(known[batch], mode=mode))
    for points in found.values():
        if all(point.step is None for point in points):
            raise InputError(points[-1].why)
    return [_compared(found[mode]) for mode in modes]


def _point(costs: Costs, question: Question, mode: str, batch: int, constants: Constants | None) -> Point:
    fabric, ranks = costs.fabric, costs.ranks
    name = fabric.name or fabric.topology.name
    space = Space(question.model, ranks, batch, question.sequence, domain_of(fabric), question.pinned)
    try:
        if question.plan is None:
            return Point(name, mode, ranks, batch, fastest(space, fabric, constants, costs))
        step = evaluator(space, fabric, constants, costs=costs)(with_dp(question.plan, ranks))
        return Point(name, mode, ranks, batch, step)
    except InputError as error:
        return Point(name, mode, ranks, batch, None, str(error))


def _compared(points: Sequence[Point]) -> list[Point]:
    """Return the points with efficiencies and with what grew since the size before."""
    found = list[Point]()
    first: TrainingStep | None = None
    before: Point | None = None
    for point in points:
        if point.step is None:
            found.append(point)
            continue
        first = first or point.step
        efficiency = point.step.tokens_per_second_per_device / first.tokens_per_second_per_device
        now = replace(point, efficiency=efficiency)
        if before is not None and before.step is not None and before.efficiency is not None:
            lost = (before.efficiency - efficiency) / before.efficiency / log2(point.ranks / before.ranks)
            now = replace(now, lost=lost, because=_grown(before.step, point.step))
        found.append(now)
        before = now
    return found


def _grown(before: TrainingStep, now: TrainingStep) -> str:
    """Return the part of a step whose device-seconds a token grew most, with what was sent where that is communication."""

    def cost(step: TrainingStep, what: str) -> float:
        return step.part(what) * step.ranks / step.tokens

    parts = {part.what for part in (*before.parts, *now.parts)}
    most = max(parts, key=lambda what: (cost(now, what) - cost(before, what), what))
    if cost(now, most) <= cost(before, most):
        return ""
    return f"{most} ({_sent(before, now)})" if most == "communication" and now.communications else most


def _sent(before: TrainingStep, now: TrainingStep) -> str:
    """Return the kind of message whose exposed device-seconds a token grew most."""

    def cost(step: TrainingStep, what: str) -> float:
        return sum(one.exposed for one in step.communications if one.what == what) * step.ranks / step.tokens

    return max((one.what for one in now.communications), key=lambda what: cost(now, what) - cost(before, what))


def bend(points: Sequence[Point]) -> Point | None:
    """Return the first size from which on a doubling loses more than BENDS of the speed, None where none does."""
    return next((point for point in points if point.lost > BENDS), None)

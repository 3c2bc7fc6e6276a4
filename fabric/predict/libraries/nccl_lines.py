"""NCCL's choice as constants: the alpha and beta that make our schedule take the time of NCCL's own model. It fits nothing.

NCCL's latency is spread evenly over the messages that our schedule sends one after the other. Bytes are slowed so that the
busiest link between a device and a switch is busy for NCCL's bytes / bandwidth, on the scale-up level and on the NICs' alike.
Levels between switches keep the fabric's own speed, so that contention is still the fabric's. It never sees a Fabric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Schedule
from fabric.predict.constants import ANY_LEVEL, Constants, Line
from fabric.predict.libraries.nccl import Choice
from topologies.base import SCALE_UP

SOURCE = "NVIDIA/nccl 2.30.7, src/graph/tuning.cc, predicted choice {choice} with {protocol} on {hardware}"


@dataclass(frozen=True, eq=False)
class Passing:
    """What a schedule sends through the links between devices and switches, by the name of their level, and how far.

    steps: bytes of each step, all its repeats, through the busiest link of that step (steps,). whole: their sum, or with
    chunks, whose stages overlap, the bytes of all chunks through the busiest link of them all. own: seconds per byte of the
    fabric's link. routes: seconds of the slowest way that stays on the scale-up level, and of the slowest other one.
    """

    steps: Mapping[str, NDArray[np.float64]]
    whole: Mapping[str, float]
    own: Mapping[str, float]
    routes: tuple[float, float]


def nccl_constants(choice: Choice, hardware: str, schedule: Schedule, passing: Passing) -> Constants:
    """Return the constants with which this one schedule takes the choice's seconds where only devices' own links limit it.

    A beta is never below that of the fabric's own link: a fabric slower than NCCL's hardware stays slower. The way's latency
    is taken off alpha, since predictions add it and NCCL's latencies hold the wire already.
    """
    moving = choice.seconds - choice.latency
    wanted = {level: moving / nbytes for level, nbytes in passing.whole.items() if nbytes > 0}
    spent = np.max([wanted[level] * passing.steps[level] for level in wanted], axis=0, initial=0.0)
    steps = np.broadcast_to(spent, (len(schedule.steps),))
    first, slowest = float(steps.sum()), float(max((steps[stage].sum() for stage in _stages(schedule)), default=0.0))
    rest, period = schedule.chunks - 1, moving / schedule.chunks
    total = first + rest * max(slowest, period)
    scale = moving / total if total else 1.0
    alpha = _alpha(choice, schedule, scale * first, scale * slowest, scale * period)
    betas = {level: max(scale * beta, passing.own[level]) for level, beta in wanted.items()}
    lines = {level: (Line(alpha - passing.routes[level != SCALE_UP], beta),) for level, beta in betas.items()}
    lines = {SCALE_UP: (Line(alpha - passing.routes[0]),), ANY_LEVEL: (Line(alpha - passing.routes[1]),), **lines}
    source = SOURCE.format(choice=choice.algorithm, protocol=choice.protocol, hardware=hardware)
    return Constants(f"nccl:{hardware}", lines, source, backend="nccl", fitted_bytes=())


def _alpha(choice: Choice, schedule: Schedule, first: float, slowest: float, period: float) -> float:
    """Return seconds per message that bring the schedule to the choice's seconds.

    first, slowest, period: seconds in which the bytes of a chunk pass all stages, the slowest one, and the busiest link.
    Without chunks all messages pay. With chunks a further one takes the longer of the period and the slowest stage with its
    alpha: where the period is longer, alpha is paid for the first chunk alone.
    """
    messages, rest = sum(step.repeats for step in schedule.steps), schedule.chunks - 1
    hidden = choice.latency / messages
    if not rest or hidden + slowest <= period:
        return hidden
    in_stage = max(sum(step.repeats for step in schedule.steps[stage]) for stage in _stages(schedule))
    return (choice.seconds - first - rest * slowest) / (messages + rest * in_stage)


def _stages(schedule: Schedule) -> list[slice]:
    """Return the steps of every stage."""
    ends = np.cumsum([0, *(schedule.stages or (len(schedule.steps),))]).tolist()
    return [slice(low, high) for low, high in pairwise(ends)]

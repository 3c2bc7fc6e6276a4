"""The loaded model: every step's messages routed over the fabric, the fullest link decides, plus alpha and route latency.

Time of a step of messages of m bytes, repeated n times:
    n (max over levels crossed of alpha + slowest route's latency + m max over links (crossings / speed) + m gamma fan-in)
Exact for equal sizes and a common start of every step; steps wait for each other. It does not know who measured what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.algorithms import algorithm as find_algorithm
from fabric.collectives.schedule import Groups, Schedule, Step
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, groups_of, place
from fabric.network.routing import route
from fabric.predict.constants import NONE, Constants
from fabric.predict.defaults import default_algorithm
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

FIDELITIES = ("auto", "loaded")
MOST_SEEDS = 100
LATENCY = "latency"
"""What the bottleneck is called where alphas and route latencies outweigh every link."""


@dataclass(frozen=True, eq=False)
class Cost:
    """What one step costs, free of bytes: by level the most crossings of a link and the most seconds per byte.

    latency: seconds of the slowest route. fan_in: the most messages that one rank receives.
    """

    levels: tuple[str, ...]
    crossings: NDArray[np.float64]
    seconds_per_byte: NDArray[np.float64]
    latency: float
    fan_in: int


@dataclass(frozen=True)
class Parts:
    """Seconds of a schedule: in alphas and latencies, and in bytes by the level that decided."""

    latency: float
    by_level: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds in all."""
        return self.latency + sum(self.by_level.values())

    @property
    def bottleneck(self) -> str:
        """The level, or `latency`, that takes the most time."""
        terms = {LATENCY: self.latency, **self.by_level}
        return max(terms, key=lambda name: terms[name])


def predict(
    cases: Iterable[Case],
    fabric: Fabric,
    constants: Constants = NONE,
    *,
    algorithm: str = "default",
    routing: str = "ideal",
    failures: Sequence[int] = (),
    fidelity: str = "auto",
    given: Devices | None = None,
) -> list[Result]:
    """Return the model's answer to every case.

    algorithm: a name with parameters, or `default` for what the constants' backend runs. routing: `ideal`, `ecmp:SEED`,
    or `ecmp:FIRST-LAST` for the lowest, median and highest over these seeds.
    given: the devices of an order `given:HASH`.

    Raises:
        InputError: whatever cannot be placed, routed or scheduled; failures, which this model does not know yet.
    """
    if fidelity not in FIDELITIES:
        raise InputError(f"fidelity: must be one of {', '.join(FIDELITIES)}, got {fidelity!r}")
    if failures:
        raise InputError(f"failures: not known to this model yet, got {len(failures)}; write degraded cables into the fabric")
    carrying = fabric.carrying(constants.backend)
    models = [Model(carrying, constants, policy, given) for policy in policies(routing)]
    return [_result(case, fabric, models, algorithm, routing) for case in cases]


def policies(routing: str) -> list[str]:
    """Return the policies of a routing text: one, or one per seed for `ecmp:FIRST-LAST`.

    Raises:
        InputError: a range that is none.
    """
    kind, _, seeds = routing.partition(":")
    first, dash, last = seeds.partition("-")
    if not dash:
        return [routing]
    if not (first.isdigit() and last.isdigit() and int(first) < int(last) < int(first) + MOST_SEEDS):
        raise InputError(f"routing: seeds must be FIRST-LAST, at most {MOST_SEEDS}, such as ecmp:0-4, got {routing!r}")
    return [f"{kind}:{seed}" for seed in range(int(first), int(last) + 1)]


def _result(case: Case, fabric: Fabric, models: Sequence[Model], algorithm: str, routing: str) -> Result:
    """Return the answer: one value, or with several seeds the lowest, the median and the highest."""
    constants = models[0].constants
    text = algorithm if algorithm != "default" else default_algorithm(constants.backend or "none", case)
    answers = sorted((model.parts(case, text) for model in models), key=lambda parts: parts.total)
    parts = answers[(len(answers) - 1) // 2]
    seconds = (parts.total,) if len(answers) == 1 else (answers[0].total, parts.total, answers[-1].total)
    return Result(
        case=case,
        source="model:loaded",
        seconds=seconds,
        algorithm=algorithm,
        statistic="point" if len(answers) == 1 else "interval",
        routing=routing,
        fabric=fabric.name or fabric.topology.name,
        fingerprint=fabric.fingerprint,
        iterations=len(answers),
        context={
            "resolved_algorithm": text,
            "constants": constants.name,
            "backend": constants.backend,
            "bottleneck": parts.bottleneck,
            "latency_seconds": parts.latency,
            "bandwidth_seconds": dict(parts.by_level),
        },
    )


class Model:
    """A fabric, constants and a routing policy, with the placements and step costs already worked out kept for reuse."""

    def __init__(self, fabric: Fabric, constants: Constants, routing: str, given: Devices | None) -> None:
        self.fabric, self.constants, self.routing, self.given = fabric, constants, routing, given
        self._places: dict[tuple[int, str], tuple[Devices, Groups]] = {}
        self._costs: dict[tuple[bytes, bytes, int, str], Cost] = {}

    def parts(self, case: Case, algorithm: str) -> Parts:
        """Return the seconds of a case by term."""
        devices, groups = self._place(case)
        schedule = find_algorithm(case.collective, algorithm).schedule(groups, case.nbytes)
        return self._sum(case, schedule, devices)

    def _place(self, case: Case) -> tuple[Devices, Groups]:
        key = (case.world_size, case.order)
        if key not in self._places:
            devices = place(self.fabric.topology, case.world_size, case.order, self.given)
            self._places[key] = devices, groups_of(self.fabric.topology, devices)
        return self._places[key]

    def _sum(self, case: Case, schedule: Schedule, devices: Devices) -> Parts:
        latency, by_level = 0.0, dict.fromkeys(self.fabric.topology.levels, 0.0)
        for step in schedule.steps:
            cost = self._cost(case, step, devices)
            message = float(step.share * case.nbytes)
            fixed, level, moving = _step_seconds(cost, message, self.constants)
            latency += step.repeats * fixed
            by_level[level] += step.repeats * moving
            if step.reduces:
                by_level[level] += step.repeats * self.constants.gamma * message * cost.fan_in
        return Parts(latency, {level: seconds for level, seconds in by_level.items() if seconds})

    def _cost(self, case: Case, step: Step, devices: Devices) -> Cost:
        key = (step.source.tobytes(), step.target.tobytes(), case.world_size, case.order)
        if key not in self._costs:
            self._costs[key] = step_cost(self.fabric, devices[step.source], devices[step.target], self.routing)
        return self._costs[key]


def step_cost(fabric: Fabric, source: Devices, target: Devices, routing: str) -> Cost:
    """Return what messages from source to target devices cost, each message counting 1."""
    topology = fabric.topology
    routed = route(topology, source, target, routing)
    used = np.flatnonzero(routed.per_link)
    level = topology.level[used // 2]
    crossings = np.zeros(len(topology.levels))
    per_byte = np.zeros(len(topology.levels))
    np.maximum.at(crossings, level, routed.per_link[used])
    np.maximum.at(per_byte, level, routed.per_link[used] / fabric.link_speed[used])
    latency = float((routed.hops @ fabric.level_latency).max(initial=0.0))
    fan_in = int(np.bincount(target).max(initial=0))
    return Cost(topology.levels, crossings, per_byte, latency, fan_in)


def _step_seconds(cost: Cost, message: float, constants: Constants) -> tuple[float, str, float]:
    """Return seconds before the bytes, the level whose links decide, and the seconds of its bytes."""
    alphas, deciding, moving = [], cost.levels[0], 0.0
    for index, level in enumerate(cost.levels):
        if cost.crossings[index] == 0:
            continue
        line = constants.line(level, message)
        alphas.append(line.alpha)
        per_byte = cost.seconds_per_byte[index] if line.beta is None else cost.crossings[index] * line.beta
        if message * per_byte > moving:
            deciding, moving = level, float(message * per_byte)
    return max(alphas, default=0.0) + cost.latency, deciding, moving

"""NCCL's tuning model on a fabric: its choice and its constants, worked out for every case by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from fabric.collectives.schedule import Schedule
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, place, spread
from fabric.predict.constants import NONE, Constants
from fabric.predict.cost import Cost, load_of
from fabric.predict.libraries.nccl import TUNED, choose, default, hardware_of, text_of
from fabric.predict.libraries.nccl_lines import Passing, nccl_constants
from fabric.predict.model import Model
from fabric.records.case import Case
from topologies.errors import InputError

PREFIX = "nccl:"
WITH_MULTICAST = ("nvswitch", "nvswitch_chips", "nvl72")
"""Scale-up graphs whose switches can add and copy."""


def per_case(constants: Constants) -> bool:
    """Return whether these constants are NCCL's model, to be worked out case by case."""
    return constants.name.startswith(PREFIX) and not constants.lines


def multicast(fabric: Fabric) -> bool:
    """Return whether the fabric's nodes have switches that could add and copy."""
    return fabric.topology.params.get("scale_up") in WITH_MULTICAST


def tuned(constants: Constants, case: Case, fabric: Fabric, given: Devices | None = None) -> tuple[str, Constants]:
    """Return NCCL's algorithm for a case, and the constants that give it the time of NCCL's model where nothing is in its way.

    The nodes that NCCL sees are those of the fabric that hold ranks. given: the devices of a case of order `given:HASH`.

    Raises:
        InputError: unknown hardware, or a collective that NCCL does not tune.
    """
    named = hardware_of(constants.name)
    hardware = named if named.multicast and multicast(fabric) else named.without_multicast()
    if case.collective not in TUNED:
        known = ", ".join(TUNED)
        raise InputError(f"constants: {constants.name} is NCCL's model of {known}, got {case.collective}; use constants nccl")
    nodes, per_node = spread(fabric.topology, place(fabric.topology, case.world_size, case.order, given))
    seen = replace(case, nodes=nodes, ranks_per_node=per_node)
    if case.world_size < 2:
        return default(seen, constants.name, multicast=hardware.multicast), NONE
    choice, model = choose(seen, hardware), Model(fabric, NONE, "ideal", given)
    text = text_of(seen, choice.algorithm, steady=True)
    schedule = model.schedule(seen, text)
    return text, nccl_constants(choice, hardware.name, schedule, passing(model, seen, schedule))


def passing(model: Model, case: Case, schedule: Schedule) -> Passing:
    """Return what a schedule sends through the links that join devices to switches.

    None on levels that also join two devices, or where devices forward: such links carry others' messages too.
    """
    topology, speed = model.fabric.topology, model.fabric.link_speed
    at_switch = (topology.ends.min(axis=1) < topology.devices) & (topology.ends.max(axis=1) >= topology.devices)
    levels = [] if topology.forwards[: topology.devices].any() else _only(topology.level, at_switch)
    costs = [model.cost(case, schedule, step) for step in schedule.steps]
    nbytes = np.array([step.repeats * float(step.share * case.nbytes) for step in schedule.steps])
    crossings = np.array([cost.crossings for cost in costs])
    steps = {level: nbytes * crossings[:, level] for level in levels}
    busiest = _of_all_steps(model, case, schedule, levels) if schedule.chunks > 1 else {n: steps[n].sum() for n in levels}
    return Passing(
        steps={topology.levels[level]: steps[level] for level in levels},
        whole={topology.levels[level]: float(busiest[level]) for level in levels},
        own={topology.levels[level]: float(1 / speed[::2][topology.level == level].max()) for level in levels},
        routes=_routes(costs, topology.scale_up_level),
    )


def _of_all_steps(model: Model, case: Case, schedule: Schedule, levels: Iterable[int]) -> dict[int, float]:
    """Return by level the bytes of all chunks and steps through the link that carries the most of them in sum."""
    fabric, devices = model.fabric, model.devices(case)
    whole = np.zeros(2 * len(fabric.topology.ends))
    for step in schedule.steps:
        load = load_of(fabric, schedule, step, devices, model.routing)
        whole += schedule.chunks * step.repeats * float(step.share * case.nbytes) * load * fabric.link_speed
    return {level: float(whole.reshape(-1, 2)[fabric.topology.level == level].max(initial=0.0)) for level in levels}


def _only(level: np.ndarray, chosen: np.ndarray) -> list[int]:
    """Return the levels all of whose cables are among the chosen."""
    return [int(one) for one in np.unique(level) if chosen[level == one].all()]


def _routes(costs: Iterable[Cost], inside: int) -> tuple[float, float]:
    """Return seconds of the slowest way that stays on the scale-up level, and of the slowest other one."""
    slowest = [0.0, 0.0]
    for cost in costs:
        stays = cost.hops[:, inside] == cost.hops.sum(axis=1) if inside >= 0 else np.zeros(len(cost.hops), dtype=bool)
        for which, chosen in enumerate((stays, ~stays)):
            slowest[which] = max(slowest[which], float(cost.latency[chosen].max(initial=0.0)))
    return slowest[0], slowest[1]

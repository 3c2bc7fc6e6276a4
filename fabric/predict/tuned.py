"""NCCL on a fabric: its own choice, one algorithm forced on it, or one of ours on its messages, and the constants of each.

The nodes that NCCL sees are those of the fabric that hold ranks; its hardware is named, or follows from the fabric's
scale-up part. It times nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from fabric.collectives.schedule import Schedule
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, place, spread
from fabric.network.uses import ADDING, NVLS
from fabric.predict.change import Change
from fabric.predict.constants import NCCL, NONE, Constants
from fabric.predict.cost import Cost
from fabric.predict.libraries.nccl import OURS, TUNED, Choice, default, hardware_of, text_of, tuning
from fabric.predict.libraries.nccl import choose as fastest
from fabric.predict.libraries.nccl_hardware import OF_GRAPH, OF_PART, PRESETS, SWITCHES, Hardware, modelled
from fabric.predict.libraries.nccl_lines import Passing, message_constants, nccl_constants
from fabric.predict.model import Model
from fabric.records.case import Case
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError

TINY = 1e-300
RING, MESH = "ring", "full_mesh"
AtChange = Callable[[Change], Constants]


def is_nccl(constants: Constants) -> bool:
    """Return whether these constants are NCCL's model, to be worked out case by case."""
    return constants.name.partition(":")[0] == NCCL and not constants.lines


def multicast(fabric: Fabric) -> bool:
    """Return whether the fabric's nodes have switches that could add and copy, and it does not say that NVLS is off."""
    return fabric.topology.params.get("scale_up") in ADDING and fabric.uses.get(NVLS, True)


def library_on(backend: str, fabric: Fabric) -> str:
    """Return the backend with its hardware: bare `nccl` with the fabric's node, else with what its scale-up part says.

    What the fabric says is off (nvls, ll128) is switched off behind the hardware: a backend's `on` is what there is anyway.
    """
    known = _with_hardware(backend, fabric)
    if ":" not in known or known.partition(":")[0] != NCCL:
        return known
    off = [key for key in SWITCHES if fabric.uses.get(key) is False and f":{key}=off" not in known]
    return ":".join([known, *(f"{key}=off" for key in off)])


def _with_hardware(backend: str, fabric: Fabric) -> str:
    if backend == NCCL and fabric.node is not None and modelled(fabric.node):
        return f"{NCCL}:{fabric.node.name}"
    inside, graph = fabric.levels.get(SCALE_UP), str(fabric.topology.params.get("scale_up"))
    if backend != NCCL or inside is None or inside.part is None:
        return backend
    named = OF_GRAPH.get((inside.part, graph)) or OF_PART.get(inside.part)
    return f"{NCCL}:{named}" if named else backend


def hardware_on(backend: str, fabric: Fabric) -> Hardware:
    """Return NCCL's hardware for a backend on a fabric; without multicast where its nodes' switches cannot.

    Raises:
        InputError: a name that is none; bare `nccl` on a fabric whose scale-up part does not say the generation.
    """
    known = library_on(backend, fabric)
    if known == NCCL:
        raise InputError(
            f"constants: nccl on {fabric.name or fabric.topology.name} must name its hardware, such as nccl:h100 "
            f"({', '.join(PRESETS)}); only the scale-up parts {', '.join(OF_PART)} say it"
        )
    hardware = hardware_of(known)
    return hardware if hardware.multicast and multicast(fabric) else hardware.without_multicast()


def seen(case: Case, fabric: Fabric, given: Devices | None = None) -> Case:
    """Return the case with the scale-up domains of the fabric that hold its ranks as its nodes, as NCCL counts them.

    given: the devices of order `given:HASH`.
    """
    nodes, per_node = spread(fabric.topology, place(fabric.topology, case.world_size, case.order, given), domains=True)
    return replace(case, nodes=nodes, ranks_per_node=per_node)


def tuned(constants: Constants, case: Case, model: Model, algorithm: str = "default") -> tuple[str, AtChange]:
    """Return the algorithm's text for a case and, for every change, the constants that give it NCCL's time.

    algorithm: `default`: the fastest by NCCL's tuning model. A bare name that NCCL has (ring, tree, nvls ...): the same
    model with that one forced, as by NCCL_ALGO. Anything else, and collectives that NCCL does not tune: that schedule, each
    of its messages at the latency and speed of NCCL's fastest protocol for it. model: of the fabric, routed `ideal`.

    Raises:
        InputError: unknown hardware, or an algorithm that cannot be placed.
    """
    hardware = hardware_on(constants.name, model.fabric)
    on = seen(case, model.fabric, model.given)
    if case.world_size < 2:
        text = default(on, f"{NCCL}:{hardware.name}", multicast=hardware.multicast) if algorithm == "default" else algorithm
        return text, lambda _: NONE
    choice = _choice(on, hardware, algorithm)
    if choice is not None:
        text = _on_mesh(on, model.fabric, text_of(on, choice.algorithm, steady=True))
        schedule = model.schedule(on, text)
        return text, partial(_of_choice, model, on, schedule, choice, hardware)
    text = default(on, f"{NCCL}:{hardware.name}") if algorithm == "default" else algorithm
    return text, partial(_of_messages, model, on, model.schedule(on, text), hardware)


def _on_mesh(case: Case, fabric: Fabric, text: str) -> str:
    """Return what carries NCCL's bytes on one node: full_mesh for its rings where every two devices have links of their own.

    NCCL lays rings along several orders of the devices until all links are in use (src/graph/search.cc): each link carries as
    much as full_mesh sends through it, 2 S / p of an all-reduce. One ring in one order leaves most links idle.
    """
    lone = case.nodes == 1 and case.world_size > 2 and text == RING  # two have one link either way
    return MESH if lone and fabric.topology.params.get("scale_up") == MESH else text


def _choice(case: Case, hardware: Hardware, algorithm: str) -> Choice | None:
    """Return NCCL's choice, free or forced; None for what NCCL does not tune or has no algorithm of this name for."""
    if case.collective not in TUNED:
        return None
    if algorithm == "default":
        return fastest(case, hardware)
    ours = [one for one in tuning(case, hardware) if OURS.get((case.collective, one.algorithm), "ring") == algorithm]
    return min(ours, key=lambda choice: choice.seconds, default=None)


def _of_choice(model: Model, case: Case, schedule: Schedule, choice: Choice, hardware: Hardware, change: Change) -> Constants:
    latency = choice.latency * change.message
    seconds = latency + (choice.seconds - choice.latency) * change.byte
    changed = replace(choice, latency=latency, seconds=seconds)
    return nccl_constants(changed, hardware.name, schedule, passing(model, case, schedule, change))


def _of_messages(model: Model, case: Case, schedule: Schedule, hardware: Hardware, change: Change) -> Constants:
    through = passing(model, case, schedule, change)
    return message_constants(
        hardware, case.nodes, case.ranks_per_node, through, change, switched=schedule.switches > 0 and hardware.multicast
    )


def passing(model: Model, case: Case, schedule: Schedule, change: Change) -> Passing:
    """Return what a schedule sends through the links that join devices to switches, and what these give under a change.

    None on levels of which only some cables join two devices, or where devices forward: such links carry others' messages too.
    """
    model = model.with_constants(NONE, change)
    levels, costs = at_switches(model.fabric.topology), [model.cost(case, schedule, step) for step in schedule.steps]
    nbytes = np.array([step.repeats * float(step.share * case.nbytes) for step in schedule.steps])
    crossings = np.array([cost.crossings for cost in costs])
    names = model.fabric.topology.levels
    steps = {names[level]: nbytes * crossings[:, level] for level in levels}
    whole = {level: float(moved.sum()) for level, moved in steps.items()}
    if schedule.chunks > 1:
        moved = schedule.chunks * model.busiest(case, schedule)[1]
        whole = {names[level]: float(moved[level]) for level in levels}
    port, factor = _ports(model.fabric), dict(zip(names, change.of_bytes(names).tolist(), strict=True))
    slowest = np.max([cost.seconds_per_byte / np.maximum(cost.crossings, TINY) for cost in costs], axis=0)
    return Passing(
        steps=steps,
        whole=whole,
        own={names[level]: float(slowest[level]) for level in levels},
        port={names[level]: port[names[level]] / factor[names[level]] for level in levels},
        routes=_routes(costs, model.fabric.topology.scale_up_level),
    )


@lru_cache(maxsize=8)
def at_switches(topology: Topology) -> tuple[int, ...]:
    """Return the levels all of whose cables join a device to a switch, or all of whose cables join two, where none forwards."""
    low, high = (topology.ends.min(axis=1) < topology.devices), (topology.ends.max(axis=1) < topology.devices)
    if topology.forwards[: topology.devices].any():
        return ()
    levels = [(int(one), topology.level == one) for one in np.unique(topology.level)]
    return tuple(one for one, here in levels if low[here].all() and (high[here].all() or not high[here].any()))


@lru_cache(maxsize=8)
def _ports(fabric: Fabric) -> dict[str, float]:
    """Return by level of at_switches() the bytes per second of its slowest device, all its links together."""
    topology, speed = fabric.topology, fabric.link_speed[::2]
    port = dict[str, float]()
    for level in at_switches(topology):
        here = topology.level == level
        ends, carried = topology.ends[here].ravel(), np.repeat(speed[here], 2)
        of_device = np.bincount(ends[ends < topology.devices], carried[ends < topology.devices])
        port[topology.levels[level]] = float(of_device[of_device > 0].min())
    return port


def _routes(costs: Iterable[Cost], inside: int) -> tuple[float, float]:
    """Return seconds of the slowest way that stays on the scale-up level, and of the slowest other one."""
    slowest = [0.0, 0.0]
    for cost in costs:
        stays = cost.hops[:, inside] == cost.hops.sum(axis=1) if inside >= 0 else np.zeros(len(cost.hops), dtype=bool)
        for which, chosen in enumerate((stays, ~stays)):
            slowest[which] = max(slowest[which], float(cost.latency[chosen].max(initial=0.0)))
    return slowest[0], slowest[1]

"""Two jobs on alternate nodes of one fabric: how much longer the bytes of both take at once. It knows no latency.

Both run the same schedule in step, each over half the nodes: per step the fullest link under both loads together against
the fullest under one alone. Jobs out of step do better on average.
"""

from __future__ import annotations

import numpy as np

from fabric.collectives.algorithms import algorithm as find_algorithm
from fabric.collectives.schedule import Schedule
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, groups_of
from fabric.predict.answer import policies
from fabric.predict.cost import load_of
from fabric.records.case import Case
from topologies.errors import InputError


def halves(fabric: Fabric) -> tuple[Devices, Devices]:
    """Return the devices of the even nodes and as many of the odd ones."""
    node = fabric.topology.node[: fabric.topology.devices]
    even, odd = (np.flatnonzero(node % 2 == rest).astype(np.int64) for rest in (0, 1))
    size = min(len(even), len(odd))
    return even[:size], odd[:size]


def slowdowns(fabric: Fabric, case: Case, algorithm: str, routing: str) -> tuple[float, ...]:
    """Return the slowdown under every seed of the routing: one seed is a draw and no property of the fabric.

    Empty on a single node, or where half the nodes cannot run the algorithm.
    """
    try:
        found = [slowdown(fabric, case, algorithm, policy) for policy in policies(routing)]
    except InputError:
        return ()
    return tuple(one for one in found if one is not None)


def slowdown(fabric: Fabric, case: Case, algorithm: str, routing: str) -> float | None:
    """Return seconds of the bytes of both jobs at once over those of one alone, at least 1; None on a single node.

    Raises:
        InputError: the half that cannot be scheduled or routed.
    """
    jobs = halves(fabric)
    if len(jobs[0]) < 2:
        return None
    found = find_algorithm(case.collective, algorithm)
    schedules = [
        found.schedule(groups_of(fabric.topology, own), case.nbytes, root=case.root or 0, params=case.params) for own in jobs
    ]
    alone = max(_seconds(fabric, [schedule], [own], routing) for schedule, own in zip(schedules, jobs, strict=True))
    return _seconds(fabric, schedules, list(jobs), routing) / alone if alone else None


def _seconds(fabric: Fabric, schedules: list[Schedule], jobs: list[Devices], routing: str) -> float:
    """Return the sum over steps of repeats x share x seconds per byte on the fullest link."""
    total = 0.0
    for steps in zip(*(schedule.steps for schedule in schedules), strict=True):
        loads = [
            load_of(fabric, schedule, step, own, routing) for schedule, step, own in zip(schedules, steps, jobs, strict=True)
        ]
        total += float(steps[0].repeats * steps[0].share) * float(np.sum(loads, axis=0).max())
    return total

"""Several jobs at once on one fabric: how long each takes beside the others, and alone. It does not decide where jobs go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fabric.collectives.catalog import in_a_row
from fabric.collectives.schedule import Schedule
from fabric.network.fabric import Fabric, link_name
from fabric.network.placement import Devices, given_order, place, spread
from fabric.predict.answer import Watch
from fabric.predict.chosen import Chosen, asked, chosen
from fabric.predict.constants import NONE, Constants
from fabric.predict.flows.simulate import Program, simulate
from fabric.predict.model import Model
from fabric.predict.timed import program_of, read_outcome
from fabric.predict.together import copied
from fabric.predict.work import check_memory, in_time
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.result import Result
from topologies.errors import InputError


@dataclass(frozen=True, eq=False)
class Job:
    """One job: its case, the devices of its ranks, its algorithm (None: as predict() decides), when it starts in seconds.

    devices: (ranks,), or (groups, ranks) of equal groups that all call at once; the case is then one group's.
    """

    case: Case
    devices: Devices
    algorithm: str | None = None
    start: float = 0.0


ALTERNATE = "alternate"


def placed(cases: Sequence[Case], fabric: Fabric, order: str, algorithms: Sequence[str | None]) -> list[Job]:
    """Return jobs on the devices that an order gives them (shares).

    Raises:
        InputError: more ranks than devices, or an unknown order.
    """
    own = shares(fabric, [case.world_size for case in cases], order)
    asked = zip(cases, algorithms, own, strict=True)
    return [on_devices(case, algorithm, fabric, devices) for case, algorithm, devices in asked]


def shares(fabric: Fabric, sizes: Sequence[int], order: str) -> list[Devices]:
    """Return the devices of jobs of so many ranks. order: of all devices, of which each job takes the next ones.

    `alternate`: jobs take whole nodes in turn, so that neighbours on every leaf are of different jobs.

    Raises:
        InputError: more ranks than devices or nodes, or an unknown order.
    """
    if order == ALTERNATE:
        return _in_turn(fabric, sizes)
    devices = place(fabric.topology, sum(sizes), order)
    return np.split(devices, np.cumsum(sizes)[:-1])


def _in_turn(fabric: Fabric, sizes: Sequence[int]) -> list[Devices]:
    topology = fabric.topology
    node = topology.node[: topology.devices]
    by_node = np.split(np.argsort(node, kind="stable"), np.flatnonzero(np.diff(np.sort(node))) + 1)
    found: list[list[int]] = [[] for _ in sizes]
    nodes = iter(by_node)
    while lacking := [job for job, size in enumerate(sizes) if len(found[job]) < size]:
        for job in lacking:
            own = next(nodes, None)
            if own is None:
                raise InputError(
                    f"ranks: {topology.name} has {topology.nodes} nodes of {topology.devices_per_node} devices, "
                    f"too few for whole nodes of jobs of {', '.join(map(str, sizes))} ranks"
                )
            found[job] += own[: sizes[job] - len(found[job])].tolist()
    return [np.array(devices, np.int64) for devices in found]


def on_devices(case: Case, algorithm: str | None, fabric: Fabric, devices: Devices) -> Job:
    """Return a case as a job on the devices of its ranks."""
    nodes, per_node = spread(fabric.topology, devices)
    return Job(replace(case, order=given_order(devices), nodes=nodes, ranks_per_node=per_node), devices, algorithm)


def predict_together(
    jobs: Sequence[Job],
    fabric: Fabric,
    constants: Constants = NONE,
    *,
    routing: str = "ideal",
    watch: Watch | None = None,
    force: bool = False,
) -> list[Result]:
    """Return one result per job, all running at once at the flows fidelity; context: seconds alone, slowdown by the others.

    force: simulate whatever memory and time it takes (work.py).

    Raises:
        InputError: jobs that share a device, or what cannot be placed, routed or simulated.
    """
    check_apart(jobs)
    return at_once([ready(job, fabric, constants, routing, watch=watch, force=force) for job in jobs], fabric)


@dataclass(frozen=True, eq=False)
class Ready:
    """A job routed and scheduled, ready to be simulated beside any others."""

    job: Job
    model: Model
    constants: Constants
    way: Chosen
    name: str
    schedule: Schedule
    program: Program

    @cached_property
    def alone(self) -> float:
        """Seconds of a call without any other job."""
        watch = in_time(self.model.watch, force=self.model.force)
        return self.of_a_call(simulate([self.program], watch=watch).seconds[0])

    def of_a_call(self, end: float) -> float:
        """Return the seconds of one call of a program that ends then; of point to point, of one message."""
        return (end - self.job.start) / in_a_row(self.job.case.collective, self.job.case.params)


def ready(
    job: Job, fabric: Fabric, constants: Constants, routing: str, *, watch: Watch | None = None, force: bool = False
) -> Ready:
    """Return a job made ready. Of equal groups the library chooses for one, as it does in life, and all call at once.

    Raises:
        InputError: what cannot be placed, routed, scheduled or simulated.
    """
    carrying = fabric.carrying(constants.backend)
    table = np.atleast_2d(job.devices)
    name = asked(job.algorithm, job.case.collective, constants)
    way = chosen(job.case, constants, name, Model(carrying, constants, "ideal", table[0]))
    model = Model(carrying, way.constants, routing, table[0], watch, force=force)
    schedule, case = model.schedule(job.case, way.text), job.case
    if len(table) > 1:
        schedule = copied(schedule, len(table))
        ranks, order = schedule.world_size, given_order(table.ravel())
        case = replace(case, world_size=ranks, nodes=ranks, order=order)
        model = Model(carrying, way.constants, routing, table.ravel(), watch, force=force)
    return Ready(job, model, constants, way, name, schedule, program_of(model, case, schedule, job.start))


def at_once(jobs: Sequence[Ready], fabric: Fabric) -> list[Result]:
    """Return one result per job, all running at once; as predict_together.

    Raises:
        InputError: more memory or time than there is, links that two libraries drive at two speeds.
    """
    first = jobs[0].model
    check_memory([one.schedule for one in jobs], force=first.force)
    both = simulate([one.program for one in jobs], watch=in_time(first.watch, force=first.force))
    found = read_outcome(first, both, max(both.seconds))
    link = link_name(first.fabric.topology, found.link) if found.link >= 0 else None
    return [_result(one, one.of_a_call(end), fabric, found.level, link) for one, end in zip(jobs, both.seconds, strict=True)]


def _result(one: Ready, seconds: float, fabric: Fabric, level: str, link: str | None) -> Result:
    constants = one.constants
    return Result(
        case=one.job.case,
        source="model:flows",
        seconds=(seconds,),
        algorithm=one.name,
        statistic="point",
        routing=one.model.routing,
        fabric=fabric.name or fabric.topology.name,
        fingerprint=fabric.fingerprint,
        prediction=Prediction(
            runs=one.way.text,
            constants=constants.name,
            backend=constants.backend,
            bottlenecks=(level,),
            link=link,
            alone_seconds=one.alone,
            slowdown_by_others=seconds / one.alone if one.alone else None,
        ),
    )


def check_apart(jobs: Sequence[Job]) -> None:
    """Refuse jobs that share a device.

    Raises:
        InputError: the first two that do.
    """
    owner: dict[int, int] = {}
    for number, job in enumerate(jobs):
        for device in job.devices.ravel().tolist():
            if owner.setdefault(device, number) != number:
                raise InputError(
                    f"jobs: must be on different devices, got device {device} in job {owner[device]} and job {number}"
                )

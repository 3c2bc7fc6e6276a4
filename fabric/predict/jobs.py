"""Several jobs at once on one fabric: how long each takes beside the others, and alone. It does not decide where jobs go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from fabric.predict.work import check_memory, in_time
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.result import Result
from topologies.errors import InputError


@dataclass(frozen=True, eq=False)
class Job:
    """One job: its case, the devices of its ranks, its algorithm (None: as predict() decides), when it starts in seconds."""

    case: Case
    devices: Devices
    algorithm: str | None = None
    start: float = 0.0


def placed(cases: Sequence[Case], fabric: Fabric, order: str, algorithms: Sequence[str | None]) -> list[Job]:
    """Return jobs on the devices that an order of all their ranks gives: job by job the next ones.

    Raises:
        InputError: more ranks than devices, or an unknown order.
    """
    devices = place(fabric.topology, sum(case.world_size for case in cases), order)
    jobs, start = [], 0
    for case, algorithm in zip(cases, algorithms, strict=True):
        own = devices[start : start + case.world_size]
        nodes, per_node = spread(fabric.topology, own)
        here = replace(case, order=given_order(own), nodes=nodes, ranks_per_node=per_node)
        jobs.append(Job(here, own, algorithm))
        start += case.world_size
    return jobs


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
    _check_apart(jobs)
    carrying = fabric.carrying(constants.backend)
    ways = [_way(job, carrying, constants) for job in jobs]
    models = [Model(carrying, way.constants, routing, job.devices, force=force) for job, way in zip(jobs, ways, strict=True)]
    schedules = [model.schedule(job.case, way.text) for model, job, way in zip(models, jobs, ways, strict=True)]
    check_memory(schedules, force=force)
    watch = in_time(watch, force=force)
    programs = [_program(*one) for one in zip(models, jobs, schedules, strict=True)]
    both = simulate(programs, watch=watch)
    results = []
    for model, job, way, program, end in zip(models, jobs, ways, programs, both.seconds, strict=True):
        per = in_a_row(job.case.collective, job.case.params)
        alone, seconds = (simulate([program], watch=watch).seconds[0] - job.start) / per, (end - job.start) / per
        found = read_outcome(model, both, max(both.seconds))
        results.append(
            Result(
                case=job.case,
                source="model:flows",
                seconds=(seconds,),
                algorithm=asked(job.algorithm, job.case.collective, constants),
                statistic="point",
                routing=routing,
                fabric=fabric.name or fabric.topology.name,
                fingerprint=fabric.fingerprint,
                prediction=Prediction(
                    runs=way.text,
                    constants=constants.name,
                    backend=constants.backend,
                    bottlenecks=(found.level,),
                    link=link_name(carrying.topology, found.link) if found.link >= 0 else None,
                    alone_seconds=alone,
                    slowdown_by_others=seconds / alone if alone else None,
                ),
            )
        )
    return results


def _way(job: Job, fabric: Fabric, constants: Constants) -> Chosen:
    name = asked(job.algorithm, job.case.collective, constants)
    return chosen(job.case, constants, name, Model(fabric, constants, "ideal", job.devices))


def _program(model: Model, job: Job, schedule: Schedule) -> Program:
    return program_of(model, job.case, schedule, job.start)


def _check_apart(jobs: Sequence[Job]) -> None:
    """Refuse jobs that share a device.

    Raises:
        InputError: the first two that do.
    """
    owner: dict[int, int] = {}
    for number, job in enumerate(jobs):
        for device in job.devices.tolist():
            if owner.setdefault(device, number) != number:
                raise InputError(
                    f"jobs: must be on different devices, got device {device} in job {owner[device]} and job {number}"
                )

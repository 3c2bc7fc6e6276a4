"""A training step as a job's work: its text, its step on the job's devices, what it sends as cases. It places nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.predict.constants import Constants
from fabric.text.escape import shown
from fabric.text.numbers import whole
from fabric.workload.ask import AUTO, asked
from fabric.workload.auto import evaluator, fastest
from fabric.workload.catalog import language_model
from fabric.workload.costs import Costs
from fabric.workload.layout import groups
from fabric.workload.plan import ParallelPlan
from fabric.workload.step import Communication, TrainingStep
from topologies.errors import InputError

START = "training:"
KEYS = ("MODEL", "PLAN", "BATCH", "DEVICES")
FORM = f"{START}MODEL[:PLAN[:BATCH[:DEVICES]]]"
EXAMPLE = f"{START}llama3-70b:tp=8:512:64"


@dataclass(frozen=True)
class JobStep:
    """A step of a model under a parallel plan, over and over.

    plan: a plan's text, `auto`, or `auto` with given keys. batch: sequences a step; None: as `training` takes them.
    devices: ranks; None: all that there are.
    """

    model: str
    plan: str = AUTO
    batch: int | None = None
    devices: int | None = None

    @property
    def text(self) -> str:
        """The job in words."""
        batch = "" if self.batch is None else f", batch {self.batch:,}"
        devices = "" if self.devices is None else f", on {self.devices:,} devices"
        return f"a training step of {self.model}, {'best plan' if self.plan == AUTO else self.plan}{batch}{devices}"


def job_step(text: str, what: str = "job", most: int = len(KEYS)) -> JobStep:
    """Return the step of FORM. what: the option that is read; most: how many of KEYS it takes.

    Raises:
        InputError: another form, or a batch or number of devices that is none. Model and plan are read where they are used.
    """
    parts = text.removeprefix(START).split(":")
    if not text.startswith(START) or not parts[0] or len(parts) > most:
        form = START + "[:".join(KEYS[:most]) + "]" * (most - 1)
        example = START + ":".join(EXAMPLE.removeprefix(START).split(":")[:most])
        raise InputError(f"{what}: must be {form}, such as {example}, got {shown(text)}")
    model, plan, batch, devices = (*parts, "", "", "")[: len(KEYS)]
    return JobStep(
        model,
        plan or AUTO,
        whole(batch, f"{what}: BATCH", 1) if batch else None,
        whole(devices, f"{what}: DEVICES", 1) if devices else None,
    )


def step_of(
    job: JobStep, fabric: Fabric, constants: Constants | None = None, given: Devices | None = None, routing: str = "ideal"
) -> TrainingStep:
    """Return the step on the job's devices. given: the device of every rank; None: rank r on device r.

    constants: None: of the library of the fabric's node. routing: a policy of one seed.

    Raises:
        InputError: an unknown model, a plan that does not divide, none that fits, or a fabric without a known node.
    """
    question = asked(language_model(job.model), fabric, job.plan, batch=job.batch, ranks=job.devices)
    costs = Costs(fabric, constants, question.space.ranks, given, routing=routing)
    if question.plan is None:
        return fastest(question.space, fabric, constants, costs)
    return evaluator(question.space, fabric, constants, costs=costs)(question.plan)


@dataclass(frozen=True, eq=False)
class Calls:
    """One kind of communication of a step and the devices of all its groups (groups, ranks), which call at once."""

    kind: Communication
    devices: Devices

    @property
    def between(self) -> bool:
        """Whether a group sends through NICs: inside one domain nothing of another job is in its way."""
        return self.kind.nics > 0


def calls_of(step: TrainingStep, devices: Devices) -> tuple[Calls, ...]:
    """Return every kind of a step's communication of two ranks or more, over all its groups. devices: of every rank."""
    kinds = (one for one in step.communications if len(one.ranks) > 1)
    return tuple(Calls(one, devices[table_of(step.plan, one)]) for one in kinds)


def table_of(plan: ParallelPlan, kind: Communication) -> np.ndarray:
    """Return the ranks of every group of a communication (groups, ranks)."""
    return groups(plan, kind.dimension)

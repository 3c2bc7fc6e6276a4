"""A training step as the work of equivalent clusters: tokens a second of a model on so many devices. It compares no clusters.

The batch grows with the devices, as a round's work does: every device, or scale-up domain, has as many sequences a step as it
has on the reference. The plan is the fastest that fits at every size, or the one given, whose dp follows the devices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, exp, log, sqrt

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.review.work import Item, work_of
from fabric.workload.ask import AUTO, TOKENS, Asked, asked, domain_of
from fabric.workload.auto import evaluator, fastest
from fabric.workload.catalog import language_model
from fabric.workload.device import device_of
from fabric.workload.job import START, job_step
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan, with_dp
from fabric.workload.plans import lacking
from fabric.workload.step import TrainingStep
from topologies.errors import InputError


@dataclass(frozen=True)
class StepWork:
    """A step of a model.

    plan: a plan's text, `auto`, or `auto` with given keys. batch: sequences of the reference's step, at least; None: 4 Mi
    tokens. share: sequences a device, at least; 0 until the reference is known (of_reference).
    """

    model: LanguageModel
    plan: str = AUTO
    batch: int | None = None
    share: Fraction = Fraction(0)

    @property
    def text(self) -> str:
        """The work in words."""
        return f"training {self.model.name}, " + ("best plan" if self.plan == AUTO else f"plan {self.plan}")


Work = tuple[Item, ...] | StepWork


def asked_work(text: str) -> Work:
    """Return the work of a text: a step, training:MODEL[:PLAN[:BATCH]], or a round of items (work_of).

    Raises:
        InputError: another form, an unknown model or collective, a plan, size or count that is none.
    """
    if not text.startswith(START):
        return work_of(text)
    job = job_step(text, "work", most=3)
    return StepWork(language_model(job.model), job.plan, job.batch)


def of_reference(work: StepWork, of: Fabric) -> StepWork:
    """Return the work with the sequences that a device of the reference has.

    Raises:
        InputError: a given plan whose tp x cp x pp does not divide the reference's devices.
    """
    question = asked(work.model, of, work.plan)
    if question.plan is not None:
        with_dp(replace(question.plan, dp=None), of.topology.devices)
    batch = work.batch or -(-TOKENS // question.space.sequence)
    return replace(work, share=Fraction(batch, of.topology.devices))


def step_on(work: StepWork, fabric: Fabric, constants: Constants | None = None) -> TrainingStep:
    """Return the step on all devices of a fabric; of a given plan on as many as it divides, the others idle.

    constants: of the collectives; None: of the library of the fabric's node.

    Raises:
        InputError: no plan divides or fits, or the given one does not.
    """
    question = asked(work.model, fabric, work.plan)
    plan, ranks = question.plan, fabric.topology.devices
    if plan is not None:
        ranks = max(1, ranks // plan.model_ranks) * plan.model_ranks
        plan = with_dp(replace(plan, dp=None), min(ranks, fabric.topology.devices))
    space = replace(question.space, ranks=ranks, batch=_batch(work, plan, ranks, domain_of(fabric)))
    return _step(replace(question, space=space, plan=plan), fabric, constants)


def _step(question: Asked, fabric: Fabric, constants: Constants | None) -> TrainingStep:
    if question.plan is None:
        return fastest(question.space, fabric, constants)
    step = evaluator(question.space, fabric, constants)(question.plan)
    if (short := lacking(question.space, step.plan, rates := device_of(fabric))) > 0:
        raise InputError(f"plan: {step.plan.text()} lacks {short / 2**30:.1f} GiB a device of {rates.name}")
    return step


def _batch(work: StepWork, plan: ParallelPlan | None, ranks: int, domain: int) -> int:
    """Return the least batch with every device's share that divides.

    By the plan's dp and micro batches; without a plan by the devices, or by the domains where a device has less than one.
    """
    if plan is None:
        unit = ranks if work.share >= 1 else max(1, ranks // domain)
    else:
        unit = (plan.dp or 1) * plan.micro_batch * (plan.pp if plan.vpp > 1 else 1)
    return unit * ceil(work.share * ranks / unit)


def ratio_spread(reference: TrainingStep) -> float:
    """Return times and over what the ratio of two steps of a model holds in nine cases of ten, their errors independent."""
    if reference.interval is None:
        return 1.0
    return exp(sqrt(2) * log(reference.interval[1] / reference.seconds))

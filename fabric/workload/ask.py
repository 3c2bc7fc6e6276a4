"""What is asked of a training step where little is said: batch, sequence, the plan's given keys. It times nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.importers.steps import MeasuredStep
from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.workload.auto import pinned_of
from fabric.workload.calibrate import StepScale, calibrated
from fabric.workload.catalog import language_model
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan, plan_of
from fabric.workload.plans import Space
from fabric.workload.step import TrainingStep
from fabric.workload.training import training_step
from topologies.errors import InputError

TOKENS, SEQUENCE = 4 << 20, 8192
"""Tokens of a step, at least, and of a sequence, at most, where nothing is said: what Llama 3 began with (arXiv 2407.21783)."""
AUTO = "auto"


@dataclass(frozen=True)
class Asked:
    """A model on so many devices. plan: None: the fastest of all that the space holds. assumed: what was not said."""

    space: Space
    plan: ParallelPlan | None
    assumed: tuple[str, ...]


def asked(
    model: LanguageModel,
    fabric: Fabric,
    plan: str = AUTO,
    *,
    batch: int | None = None,
    seq: int | None = None,
    ranks: int | None = None,
) -> Asked:
    """Return the question made whole. plan: `auto`, `auto,precision=fp8` (given keys stay), or a plan's text.

    batch: None: TOKENS a step or more, in whole sequences a domain. seq: None: SEQUENCE, or what the model is made for.

    Raises:
        InputError: a plan's text that is none, more ranks than the fabric has devices, a sequence beyond the model's.
    """
    size = ranks if ranks is not None else fabric.topology.devices
    if not 1 <= size <= fabric.topology.devices:
        what = fabric.name or fabric.topology.name
        raise InputError(f"ranks: {what} has {fabric.topology.devices:,} devices, got {size:,}")
    sequence = seq if seq is not None else min(SEQUENCE, model.sequence)
    if not 1 <= sequence <= model.sequence:
        raise InputError(f"seq: must be 1 to {model.sequence:,} tokens for {model.name}, got {sequence:,}")
    sequences = batch if batch is not None else usual_batch(size, sequence, domain_of(fabric))
    auto = plan == AUTO or plan.startswith(f"{AUTO},")
    pinned: Mapping[str, Any] = pinned_of(plan) if auto else {}
    assumed = [f"seq: {sequence:,} tokens"] if seq is None else []
    assumed += (
        [f"batch: {sequences:,} sequences, {sequences * sequence / 1e6:.1f} million tokens a step"] if batch is None else []
    )
    space = Space(model, size, sequences, sequence, domain_of(fabric), pinned)
    return Asked(space, None if auto else plan_of(plan), tuple(f"{line}, which was not said" for line in assumed))


def domain_of(fabric: Fabric) -> int:
    """Return the devices of a scale-up domain, 1 where nodes have none."""
    return fabric.topology.devices_per_node if fabric.topology.scale_up_level >= 0 else 1


def usual_batch(ranks: int, sequence: int, domain: int) -> int:
    """Return the least multiple of the domains that ranks fill with TOKENS or more."""
    unit = max(1, ranks // domain)
    return unit * -(-TOKENS // (sequence * unit))


def scale_of(question: Asked, fabric: Fabric, measured: Sequence[MeasuredStep], constants: Constants | None) -> StepScale:
    """Return the scale of a user's own steps; what a row does not say is as asked.

    Raises:
        InputError: a row without a plan beside `auto`, or one that cannot be predicted or is beyond reason.
    """
    space, pairs = question.space, list[tuple[TrainingStep, float]]()
    for row in measured:
        plan = question.plan if row.plan is None else plan_of(row.plan)
        if plan is None:
            raise InputError(f"{row.where}: must say the plan that was measured (a column plan), or name it with --plan")
        batch, seq, ranks = row.batch or space.batch, row.seq or space.sequence, row.devices or space.ranks
        try:
            model = space.model if row.model is None else language_model(row.model)
            step = training_step(model, plan, fabric, constants, batch=batch, seq=seq, ranks=ranks)
        except InputError as error:
            raise InputError(f"{row.where}: {error}") from None
        pairs.append((step, row.seconds_at(batch, seq, ranks)))
    return calibrated(pairs)

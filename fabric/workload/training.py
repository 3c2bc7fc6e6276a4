"""The verb of this wing: a model, a plan and a fabric as a training step. It prints nothing; predict does the collectives."""

from __future__ import annotations

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.step import TrainingStep


def training_step(
    model: LanguageModel,
    plan: ParallelPlan,
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    batch: int,
    seq: int | None = None,
    ranks: int | None = None,
) -> TrainingStep:
    """Return the step of a model under a plan.

    constants: of the collectives; None: of the library of the fabric's node. batch: sequences a step. seq: tokens of a
    sequence; None: the model's. ranks: None: all devices of the fabric.

    Raises:
        InputError: a plan that does not divide the model, the batch or the ranks, with the nearest that does.
    """
    raise NotImplementedError

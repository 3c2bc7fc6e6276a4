"""The efficiency of a review's training step on a candidate: of a model under a plan, worked out by workload. No money here.

efficiency = (seconds - exposed communication - contention) / seconds of the step: what a network that costs nothing, inside
nodes too, would leave of it. Links are evenly loaded: hash collisions are not in it.
"""

from __future__ import annotations

from fabric.network.fabric import Fabric
from fabric.review.request import TrainingText
from fabric.workload.ask import asked
from fabric.workload.auto import evaluator, search
from fabric.workload.catalog import language_model
from fabric.workload.step import TrainingStep
from topologies.errors import InputError


def trained(fabric: Fabric, text: TrainingText, ranks: int | None = None) -> TrainingStep:
    """Return the step on the first ranks of a fabric, all where None; the batch in proportion to them.

    Raises:
        InputError: an unknown model, a plan that does not divide, none that fits, or a fabric without a known node.
    """
    devices = fabric.topology.devices
    model = language_model(text.model)
    whole = asked(model, fabric, text.plan, batch=text.batch, seq=text.seq).space.batch
    batch = whole if ranks is None else max(1, whole * ranks // devices)
    question = asked(model, fabric, text.plan, batch=batch, seq=text.seq, ranks=ranks)
    evaluate = evaluator(question.space, fabric, None)
    if question.plan is not None:
        return evaluate(question.plan)
    return evaluate(search(question.space, fabric, None, evaluate, workers=1).best[0].plan)


def efficiency(step: TrainingStep) -> float:
    """Return the share of a step that is left without communication and what arithmetic loses to it."""
    return 1 - (step.part("communication") + step.part("contention")) / step.seconds


def trained_curve(fabric: Fabric, text: TrainingText, sizes: list[int]) -> list[tuple[int, float]]:
    """Return (devices, efficiency) of jobs of these sizes; those that no plan divides or fits are left out."""
    found = []
    for ranks in sizes:
        try:
            found.append((ranks, efficiency(trained(fabric, text, ranks))))
        except InputError:
            continue
    return found

"""The least that a plan's step takes: its arithmetic on a network that costs nothing. It asks nothing of the fabric."""

from __future__ import annotations

from fabric.predict.together import Together
from fabric.records.case import Case
from fabric.workload.costs import Costs
from fabric.workload.plan import ParallelPlan
from fabric.workload.plans import Space
from fabric.workload.training import Given, optimizer_seconds, setting_of, stage_works

NOTHING = Together(0.0, 0.0, "none", Case("sendrecv", 0, 1, 1, 1))


class Silent(Costs):
    """The costs of a fabric on which no message takes any time."""

    def __init__(self, costs: Costs) -> None:
        """Take the fabric, its constants and its devices, not what was asked."""
        self.__dict__ |= costs.__dict__

    def call(self, _plan: ParallelPlan, _dimension: str, _collective: str, _nbytes: float) -> Together:
        """Return no seconds."""
        return NOTHING


def least_seconds(space: Space, plan: ParallelPlan, silent: Silent) -> float:
    """Return the seconds of a step whose communication takes none: m x slowest + others / v + optimizer + fixed.

    No step of the plan is shorter: its stages are longer by what is exposed, and grow with nothing else.
    """
    more = Given(None, None, None, silent, None)
    at = setting_of(space.model, plan, silent.fabric, None, batch=space.batch, seq=space.sequence, more=more)
    stages = [work.seconds for work in stage_works(at)]
    slowest = max(stages)
    others = (sum(stages) - slowest) / at.plan.vpp
    return at.micro_batches * slowest + others + optimizer_seconds(at) + at.on.kernels.fixed

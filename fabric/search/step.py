"""A training step as what a design is judged by: its seconds and its efficiency. It knows no bill.

On exactly the devices asked for, links evenly loaded, the wire alone (no alphas), as the cases of a search are timed; where
rails do not meet, by way of a neighbour in the node. Of an open plan the fastest on every design.
"""

from __future__ import annotations

from typing import Any

from fabric.network.fabric import Fabric
from fabric.predict.constants import NONE
from fabric.review.request import TrainingText
from fabric.review.trained import efficiency, trained_on

Row = dict[str, Any]


def step_row(fabric: Fabric, text: TrainingText, endpoints: int) -> Row:
    """Return a step's figures as a row has them. bound_seconds: without what nothing hides, and what that costs arithmetic.

    Raises:
        InputError: a plan that does not divide, none that fits, or a fabric without a known node.
    """
    step = trained_on(fabric, text, endpoints, constants=NONE)
    share = efficiency(step)
    return {
        "seconds": step.seconds,
        "hashed_seconds": step.seconds,
        "bound_seconds": share * step.seconds,
        "efficiency": share,
        "cases": [],
        "plan": step.plan.text(),
    }

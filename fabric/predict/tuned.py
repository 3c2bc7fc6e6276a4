"""NCCL's tuning model on a fabric: its choice and its constants, worked out for every case by itself."""

from __future__ import annotations

from fabric.network.fabric import Fabric
from fabric.predict.constants import NONE, Constants
from fabric.predict.libraries.nccl import default, hardware_of
from fabric.predict.libraries.nccl_lines import nccl_constants
from fabric.predict.model import Model
from fabric.records.case import Case

PREFIX = "nccl:"
WITH_MULTICAST = ("nvswitch", "nvswitch_chips", "nvl72")
"""Scale-up graphs whose switches can add and copy."""


def per_case(constants: Constants) -> bool:
    """Return whether these constants are NCCL's model, to be worked out case by case."""
    return constants.name.startswith(PREFIX) and not constants.lines


def multicast(fabric: Fabric) -> bool:
    """Return whether the fabric's nodes have switches that could add and copy."""
    return fabric.topology.params.get("scale_up") in WITH_MULTICAST


def tuned(constants: Constants, case: Case, fabric: Fabric) -> tuple[str, Constants]:
    """Return NCCL's algorithm for a case, and the constants that give it the time of NCCL's model where nothing is in its way.

    Raises:
        InputError: unknown hardware, or a collective that NCCL does not tune.
    """
    named = hardware_of(constants.name)
    hardware = named if named.multicast and multicast(fabric) else named.without_multicast()
    text = default(case, constants.name, multicast=hardware.multicast)
    model = Model(fabric, NONE, "ideal")
    schedule = model.schedule(case, text)
    latency = max((model.cost(case, schedule, step).slowest_way for step in schedule.steps), default=0.0)
    return text, nccl_constants(case, hardware, route_latency=latency)

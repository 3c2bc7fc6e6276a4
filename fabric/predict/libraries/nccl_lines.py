"""NCCL's choice as constants: the alpha and beta that make our schedule take the time of NCCL's own model. It fits nothing.

The latency of NCCL's model is spread evenly over the messages of our schedule; bytes are slowed to the bandwidth of the
chosen protocol where NCCL's own limit is a link's (rings, chains), or a GPU's (trees, NVLS). Levels between switches keep
the fabric's own speed, so that contention is still the fabric's.
"""

from __future__ import annotations

import numpy as np

from fabric.collectives.algorithms import algorithm
from fabric.collectives.schedule import Groups
from fabric.predict.constants import ANY_LEVEL, Constants, Line
from fabric.predict.libraries.nccl import Choice, choose
from fabric.predict.libraries.nccl_hardware import Hardware
from fabric.records.case import Case
from topologies.base import SCALE_UP

NIC_LEVEL = "host-leaf"
SOURCE = "NVIDIA/nccl 2.30.7, src/graph/tuning.cc, predicted choice {choice} with {protocol} on {hardware}"


def nccl_constants(case: Case, hardware: Hardware, *, route_latency: float = 0.0) -> Constants:
    """Return the constants with which this one case takes the time of NCCL's model on an uncongested fabric.

    For one case only: alpha holds its latency over its messages, beta the bandwidth of its protocol at its size.
    route_latency: seconds of the fabric's own slowest route, taken off alpha since predictions add it; NCCL's latencies
    hold the wire already.
    """
    choice = choose(case, hardware)
    messages = algorithm(case.collective, choice.text).schedule(_groups(case), case.nbytes).messages
    alpha = choice.latency / messages - route_latency
    inside, nic = _betas(case, choice)
    source = SOURCE.format(choice=choice.algorithm, protocol=choice.protocol, hardware=hardware.name)
    lines = {SCALE_UP: (Line(alpha, inside),), NIC_LEVEL: (Line(alpha, nic),), ANY_LEVEL: (Line(alpha),)}
    return Constants(f"nccl:{hardware.name}", lines, source, backend="nccl", fitted_bytes=())


def _groups(case: Case) -> Groups:
    per_node = -(-case.world_size // max(1, case.nodes))
    return Groups((np.arange(case.world_size) // per_node).astype(np.int32))


def _betas(case: Case, choice: Choice) -> tuple[float | None, float | None]:
    """Return seconds per byte on a device's scale-up link and on its NIC; None: the fabric's own.

    Ring: all rings of a device share its scale-up link, each has its own NIC. Tree: a link carries the buffer twice in the
    limit; NVLS: (p+1)/p times.
    """
    p, per_node = case.world_size, case.world_size / max(1, case.nodes)
    if choice.algorithm == "ring":
        per_byte = 1 / choice.busbw
        return per_byte, per_node * per_byte if case.nodes > 1 else None
    if choice.algorithm == "tree":
        return 1 / (2 * choice.bandwidth), None
    if choice.algorithm == "nvls":
        return p / ((p + 1) * choice.bandwidth), None
    return None, None

"""What predictions take of a fabric's node where nothing else is asked for: its library, and that library's constants.

It knows which libraries have a model or a stated rule here; it works none out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric
from fabric.predict.constants import NCCL, NONE, Constants, Line, constants_of
from fabric.predict.libraries import hccl, rccl
from fabric.predict.libraries.nccl_hardware import modelled
from topologies.base import SCALE_UP

NO_MODEL = "no model and no measured constants of it here: none, alpha = gamma = 0; calibrate on results of yours"


def constants_on(fabric: Fabric, collectives: Iterable[str] = (), constants: Constants | None = None) -> Constants:
    """Return the constants given; where none are, those of the fabric's node, and without a node NONE.

    A node's: of NCCL its model where it is known for the node; of RCCL the speed of its links alone, where that is; of HCCL
    its stated rule, without constants, for collectives that it is stated for; of any other none, and the source says so.
    """
    if constants is not None or fabric.node is None:
        return constants or NONE
    return _of(fabric.node, collectives)


def _of(node: NodeType, collectives: Iterable[str]) -> Constants:
    by = f"library {node.library} of node {node.name}"
    if modelled(node):
        found = constants_of(f"{NCCL}:{node.name}")
        return replace(found, source=f"{by}: {found.source}")
    if node.library == "hccl" and set(collectives) <= set(hccl.NAMES):
        return replace(
            NONE, backend="hccl", source=f"{by}: the rule that its documentation states; no constants, {NONE.source}"
        )
    if speed := rccl.per_link(node):
        said = f"{speed / 1e9:g} GB/s a link inside nodes, as RCCL plans with ({rccl.SOURCE}); no latencies, alpha = gamma = 0"
        lines = {SCALE_UP: (Line(0.0, 1 / speed),)}
        ringed = set(collectives) <= set(rccl.NAMES)
        rule = "rings over all links, its trees are not known" if ringed else "its choice of an algorithm is not known"
        return Constants("rccl", lines, f"{by}: {said}; {rule}", backend="rccl" if ringed else None)
    return replace(NONE, source=f"{by}: {NO_MODEL}")

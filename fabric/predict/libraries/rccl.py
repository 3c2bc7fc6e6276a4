"""RCCL (AMD): the speed per link that it plans with inside a node. Its tuning tables were not read, its choices are not known.

Source: ROCm/rccl, src/graph/topo.h, copy of 2024-10-24: GB/s one way per xGMI link, below nominal on purpose, as NCCL's are.
Checked against one public table (MI325X, eight GPUs, RCCL of ROCm 6.4.1, ring, 4 to 16 GiB): 7 x 48 = 336 where 317 to 319 was
measured (benchmarks/one_node.py).

On a mesh of eight it runs many rings at once: the fourteen for a node without NICs (src/graph/rome_models.cc, model 79, read
2026-11-29) use each of the 56 one-way links twice, so all seven links of a device at once, as the algorithm `full_mesh` here
does; `ring` here is one ring, on one link of the seven, and so not what RCCL reaches. When it takes trees is not known.
"""

from __future__ import annotations

from collections.abc import Mapping

from fabric.hardware.node import NodeType
from fabric.records.case import Case
from topologies.errors import InputError

SOURCE = "ROCm/rccl, src/graph/topo.h, copy of 2024-10-24"
PER_LINK: Mapping[str, float] = {"cdna2": 36e9, "cdna3": 48e9}
"""Architecture -> bytes per second that RCCL plans with per xGMI link."""
MESH = "full_mesh"
"""The graph whose cables are one xGMI link each."""

NAMES = ("all_reduce", "all_gather", "reduce_scatter")
"""Collectives that its rings do."""


def default(case: Case) -> str:
    """Return what carries RCCL's rings: on one node all links of the mesh, over several a ring per device that uses them all.

    Raises:
        InputError: a collective that rings do not do.
    """
    if case.collective not in NAMES:
        raise InputError(f"algorithm: RCCL's rings are known for {', '.join(NAMES)}, got {case.collective}; name an algorithm")
    own = case.ranks_per_node
    if case.nodes == 1:
        return MESH if case.world_size > 2 else "ring"
    return f"ring:channels={own},walk=zigzag" if own > 1 and own * case.nodes == case.world_size else "ring"


def per_link(node: NodeType) -> float | None:
    """Return bytes per second of a link as RCCL plans with it, None where it is not known for the node."""
    return PER_LINK.get(node.architecture) if node.library == "rccl" and node.graph == MESH else None

"""Answers by a site's laws: what its own rows say of a case, times what the fabric's contention adds beyond theirs.

It knows neither how the laws were found (laws.py, site.py) nor how a fidelity works (answer.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, log2

from fabric.predict.site import Estimate, Laws
from fabric.records.case import Case
from topologies.errors import InputError

Slowdown = Callable[[Case], float]


def estimated(laws: Laws, case: Case, algorithm: str, slowdown: Slowdown) -> Estimate | str:
    """Return what a case takes by a site's laws, or why they do not say.

    slowdown: seconds of a case on the fabric over those of its devices' own links alone. The rows hold the contention of as
    many nodes as were measured; what more nodes meet beyond it multiplies the time.
    """
    found = laws.expected(case, algorithm)
    if isinstance(found, str):
        return found
    near = min((nodes for nodes in laws.nodes if nodes > 1), key=lambda nodes: abs(log2(nodes / case.nodes)))
    factor = _beyond(case, near, slowdown)
    if factor <= 1:
        return found
    why = f"the fabric's contention adds {factor:.3g} x beyond {near} nodes"
    return Estimate(factor * found.seconds, factor * found.low, factor * found.high, (*found.reasons, why))


def _beyond(case: Case, near: int, slowdown: Slowdown) -> float:
    """Return the slowdown of a case over that of the nearest measured number of nodes, 1 where those were as many or more."""
    if near >= case.nodes:
        return 1.0
    ranks = min(case.world_size, near * ceil(case.world_size / case.nodes))
    fewer = replace(case, world_size=ranks, nodes=near, root=None if case.root is None else min(case.root, ranks - 1))
    try:
        before = slowdown(fewer) if case.order == "contiguous" else 1.0
    except (
        InputError
    ):  # fewer ranks than the order or the algorithm can be laid out on: then nothing is known to be in the rows
        before = 1.0
    return slowdown(case) / before

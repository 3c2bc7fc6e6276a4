"""HCCL (Huawei): the one default its documentation states. How it adapts to sizes is documented nowhere, and not known here.

Stated for the Atlas training series: between servers, ring where the servers are no power of two, else recursive
halving-doubling. For the Atlas A2 series the choice by product, servers and bytes is said to be automatic, without a rule.
"""

from __future__ import annotations

from fabric.predict.libraries.table import for_any_ranks, is_power_of_two
from fabric.records.case import Case
from topologies.errors import InputError

SOURCE = "hiascend.com, CANN 8.0/8.2 documentation, environment variable HCCL_ALGO (level1 not set, Atlas training series)"
NAMES = {
    "all_reduce": ("halving_doubling", "ring"),
    "all_gather": ("recursive_doubling", "ring"),
    "reduce_scatter": ("recursive_halving", "ring"),
}
"""Collective -> (halving-doubling's part, ring): between servers, here over all ranks."""


def default(case: Case) -> str:
    """Return the documented default: inside one server a full mesh, between servers by their number.

    Raises:
        InputError: a collective whose default is documented nowhere.
    """
    if case.collective not in NAMES:
        known = ", ".join(NAMES)
        raise InputError(f"algorithm: HCCL has a documented default for {known}, got {case.collective}; name an algorithm")
    if case.nodes == 1:
        return "full_mesh"
    powers, others = NAMES[case.collective]
    text = powers if is_power_of_two(case.nodes) else others
    return (
        "nhr" if text == "recursive_doubling" and not is_power_of_two(case.world_size) else for_any_ranks(text, case.world_size)
    )

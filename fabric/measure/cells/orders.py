"""Which ranks of a launch form a group of p, in which order. It does not know what they measure, nor the network between nodes.

A launch is seen as a wiring of its own: its ranks, node by node, are the devices, and fabric/network/placement.py says
which of them an order takes. So `interleaved` means the same for a measurement and for a prediction. Source: ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from fabric.network.placement import place
from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.base import Topology, assemble
from topologies.errors import InputError

ORDERS = "contiguous, interleaved or scattered:SEED"
Ranks = tuple[int, ...]
Seating = dict[tuple[int, str], Ranks]
"""(world size, order) -> the launch's rank that has rank 0, 1 ... of the group."""


def check_orders(orders: Sequence[str]) -> None:
    """Raise InputError unless there are orders, each one that a launch can take."""
    if not orders:
        raise InputError(f"orders: must name at least one of {ORDERS}, got none")
    for order in orders:
        kind, _, seed = order.partition(":")
        if order not in ("contiguous", "interleaved") and not (kind == "scattered" and natural(seed) is not None):
            raise InputError(f"orders: must be {ORDERS}, got {shown(order)}")


def ranks_in_order(node: Sequence[int], world_size: int, order: str) -> Ranks:
    """Return the launch's ranks that form the group, in the group's order.

    node: the node of every rank of the launch. Devices are numbered node by node, whatever order the launcher chose.
    """
    devices = np.argsort(np.asarray(node), kind="stable")
    return tuple(int(rank) for rank in devices[place(_wiring([node[rank] for rank in devices]), world_size, order)])


def _wiring(node: Sequence[int]) -> Topology:
    """Return these devices on one switch: all that a launch knows of its network."""
    p = len(node)
    cables = np.stack([np.arange(p), np.full(p, p)], axis=1)
    return assemble("launch", {"ranks": p}, {"host": p, "switch": 1}, {"host-switch": cables}, node=np.array(node, np.int32))


def seating(node: Sequence[int], world_sizes: Iterable[int], orders: Sequence[str]) -> tuple[Seating, list[str]]:
    """Return the ranks of every world size in every order, and a note on orders that repeat an earlier one.

    What repeats an earlier order of the same world size is left out: it would be the same case under two names.
    """
    seats: Seating = {}
    repeats: dict[tuple[str, str], list[int]] = {}
    for world_size in world_sizes:
        seen: dict[Ranks, str] = {}
        for order in orders:
            ranks = ranks_in_order(node, world_size, order)
            if ranks in seen:
                repeats.setdefault((order, seen[ranks]), []).append(world_size)
            else:
                seats[world_size, order] = ranks
                seen[ranks] = order
    return seats, [_note(order, other, sizes) for (order, other), sizes in repeats.items()]


def _note(order: str, other: str, world_sizes: Sequence[int]) -> str:
    sizes = ", ".join(str(p) for p in world_sizes)
    return f"{order}: on {sizes} rank{'s' if world_sizes[-1] > 1 else ''} the same as {other}, left out"

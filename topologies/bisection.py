"""The fewest cables between two halves of the devices: exact by formula, else between two numbers. It knows no speeds.

A formula counts only while the wiring is the one its family builds: a fabric with a missing cable gets a bracket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from topologies.base import Topology
from topologies.catalog import FAMILIES, GENERIC, build
from topologies.cuts import bracket
from topologies.direct import full_mesh_bisection
from topologies.errors import InputError
from topologies.ring import ring_bisection
from topologies.torus import torus_bisection


def bisection(topology: Topology) -> tuple[int, int] | None:
    """Return (at least, at most) as many cables between two halves of the devices; equal numbers are the exact one.

    None where the network is too large for a bracket, or there is only one device.
    """
    if topology.devices < 2:
        return None
    exact = bisection_cables(topology)
    return bracket(topology) if exact is None else (exact, exact)


def bisection_cables(topology: Topology) -> int | None:
    """Return the fewest cables between two halves of the devices, equal or one apart; None if no formula holds."""
    formula = EXACT.get(topology.family)
    if formula is None or not as_designed(topology):
        return None
    return formula(topology)


def as_designed(topology: Topology) -> bool:
    """Return whether the scale-out network is, cable by cable, the one that its family builds from its parameters."""
    params = {key: str(value) for key, value in topology.params.items() if key not in GENERIC}
    if topology.family not in FAMILIES:
        return False
    try:
        twin = build(topology.family, params)
    except InputError:
        return False
    count = len(twin.ends)
    outside = topology.level < len(twin.levels)
    return bool(
        topology.devices == twin.devices
        and topology.levels[: len(twin.levels)] == twin.levels
        and int(outside.sum()) == count
        and np.array_equal(topology.ends[outside], twin.ends)
        and np.array_equal(topology.forwards[: twin.vertices], twin.forwards)
    )


def _half_of_devices(topology: Topology) -> int:
    """Return floor(devices / 2), for networks that are rearrangeably non-blocking with one cable per device.

    Cutting one half's own cables reaches it, and no cut is smaller, because with as many uplinks as hosts on every switch
    any pairing of the halves has edge-disjoint paths. For fat_tree that is k^3/8.
    """
    return topology.devices // 2


def _leaf_spine(topology: Topology) -> int:
    """Return floor(leaves / 2) * min(uplinks, hosts) + floor(hosts / 2) for an odd leaf.

    A leaf's share of the cut is a concave function of how many of its hosts stand on one side, so that at most one leaf
    is split.
    """
    leaves = topology.switches_by_tier["leaf"]
    hosts = topology.devices // leaves
    uplinks = topology.cables_by_level["leaf-spine"] // leaves
    return leaves // 2 * min(uplinks, hosts) + leaves % 2 * (hosts // 2)


def _full_mesh(topology: Topology) -> int | None:
    """Return the closed form of a grid of full meshes (topologies/direct.py)."""
    return full_mesh_bisection(_dims(topology), _whole(topology, "hosts"))


def _dims(topology: Topology) -> tuple[int, ...]:
    """Return the parameter dims, such as 4x4x2, as numbers."""
    return tuple(int(part) for part in str(topology.params["dims"]).split("x"))


def _whole(topology: Topology, key: str) -> int:
    """Return a parameter that is a whole number."""
    return int(str(topology.params[key]))


EXACT: Mapping[str, Callable[[Topology], int | None]] = {
    "fat_tree": _half_of_devices,
    "full_mesh": _full_mesh,
    "hypercube": lambda topology: torus_bisection((2,) * _whole(topology, "n")),
    "hyperx": _full_mesh,
    "leaf_spine": _leaf_spine,
    "rail_optimized": _half_of_devices,
    "ring": lambda topology: ring_bisection(_whole(topology, "switches"), _whole(topology, "hosts")),
    "star": _half_of_devices,
    "torus": lambda topology: torus_bisection(_dims(topology)),
}
"""Family -> its exact bisection while the wiring is as designed, None where the formula does not reach its parameters."""

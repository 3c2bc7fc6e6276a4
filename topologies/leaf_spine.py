"""Leaf-spine: two tiers, every leaf cabled evenly to every spine. It does not know how fast or how busy a cable is.

switches = leaves + spines, endpoints = leaves * hosts_per_leaf, leaf-spine cables = leaves * uplinks; between two
leaves spines * (uplinks / spines)^2 shortest paths, parallel cables counted; endpoint diameter 4 (2 with one leaf).
Source: definition of the family (a folded three-stage Clos).
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, check_whole
from topologies.base import uplinks as uplink_cables
from topologies.errors import InputError

FAMILY = "leaf_spine"


def leaf_spine(leaves: int, spines: int, hosts_per_leaf: int, uplinks: int | None = None) -> Topology:
    """Return `leaves` leaves with `hosts_per_leaf` devices each below `spines` spines.

    uplinks: cables per leaf, striped evenly over the spines; by default one to each spine.

    Raises:
        InputError: a count below 1, or uplinks that the spines do not divide.
    """
    check_whole(FAMILY, leaves=leaves, spines=spines, hosts_per_leaf=hosts_per_leaf)
    params = {"leaves": leaves, "spines": spines, "hosts_per_leaf": hosts_per_leaf}
    if uplinks is not None and uplinks != spines:
        params["uplinks"] = uplinks
    parallel = _cables_per_spine(spines, spines if uplinks is None else uplinks)
    devices = leaves * hosts_per_leaf
    check_size(FAMILY, devices + leaves * spines * parallel)
    hosts, leaf = np.arange(devices), devices + np.arange(leaves)
    spine = np.broadcast_to(devices + leaves + np.arange(spines), (leaves, spines))
    return assemble(
        FAMILY,
        params,
        {"host": devices, "leaf": leaves, "spine": spines},
        {
            "host-leaf": uplink_cables(hosts, leaf[hosts // hosts_per_leaf, None]),
            "leaf-spine": uplink_cables(leaf, spine, parallel),
        },
    )


def _cables_per_spine(spines: int, uplinks: int) -> int:
    """Return the parallel cables of a leaf to each spine: uplinks / spines."""
    if uplinks < 1 or uplinks % spines:
        raise InputError(f"{FAMILY}: uplinks must be a multiple of spines ({spines}), got {uplinks}")
    return uplinks // spines

"""k-ary fat-tree: three tiers of k-port switches without oversubscription. It does not know speeds or routes.

endpoints k^3/4; leaves = spines = k^2/2 in k pods; cores k^2/4; cables k^3/4 per level; shortest paths k/2 inside a
pod, k^2/4 between pods; endpoint diameter 6; bisection k^3/8.
Source: Al-Fares, Loukissas, Vahdat, "A scalable, commodity data center network architecture", SIGCOMM 2008, whose edge
switches are our leaves and whose aggregation switches are our spines.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, uplinks
from topologies.errors import InputError


def fat_tree(k: int) -> Topology:
    """Return the fat-tree of k-port switches: spine s of every pod meets exactly the k/2 cores of core group s.

    Raises:
        InputError: k is odd or below 2.
    """
    if k < 2 or k % 2:
        raise InputError(f"fat_tree: k must be an even number of ports >= 2, got {k}")
    check_size("fat_tree", 3 * k**3 // 4)
    half = k // 2
    devices, leaves, ports = k * half * half, k * half, np.arange(half)
    hosts, switches = np.arange(devices), np.arange(leaves)
    leaf, spine, core = devices + switches, devices + leaves + switches, devices + 2 * leaves
    return assemble(
        "fat_tree",
        {"k": k},
        {"host": devices, "leaf": leaves, "spine": leaves, "core": half * half},
        {
            "host-leaf": uplinks(hosts, leaf[hosts // half, None]),
            "leaf-spine": uplinks(leaf, spine[(switches // half * half)[:, None] + ports]),
            "spine-core": uplinks(spine, core + (switches % half * half)[:, None] + ports),
        },
    )

"""Rail-only: every rail is a network of its own and no cable joins two rails. It does not know what joins them in a node.

A device reaches the devices of its own rail; between rails a message first moves inside its node (scale_up=nvswitch).
Each rail is one switch where its ports suffice for the nodes, else a Clos (topologies/clos.py) of the fewest tiers:
    switches = rails * (switches of that network); with R ports, one tier up to R nodes, two up to R^2 / 2.
Device index = node * rails + rail; plane = rail.
Source: Wang et al., "Rail-only: a low-cost high-performance network for training LLMs with trillions of parameters", 2024.
"""

from __future__ import annotations

import numpy as np

from topologies.base import MOST_PER_NODE, Topology, assemble, check_size, check_whole, copies
from topologies.clos import clos_tree, named_oversubscription
from topologies.errors import InputError
from topologies.pgft import MOST_TIERS, build_tree

FAMILY = "rail_only"


def rail_only(nodes: int, rails: int = 8, radix: int = 64, tiers: int = 0, oversubscription: str = "1") -> Topology:
    """Return `rails` separate networks over `nodes` nodes, one device of every node in each.

    tiers: 1 (one switch a rail) or more; 0 takes the fewest that suffice. oversubscription: as clos takes it.

    Raises:
        InputError: a count below 1, or what a Clos of one rail refuses.
    """
    check_whole(FAMILY, most=MOST_PER_NODE, rails=rails)
    if not 0 <= tiers <= MOST_TIERS:
        raise InputError(f"{FAMILY}: tiers must be from 1 to {MOST_TIERS}, or 0 (as many as it takes), got {tiers}")
    tree = clos_tree(FAMILY, radix, nodes, tiers, oversubscription, size="nodes", least=1)
    check_size(FAMILY, rails * tree.cable_count)
    params: dict[str, object] = {"nodes": nodes, "rails": rails, "radix": radix}
    params |= ({"tiers": tiers} if tiers else {}) | named_oversubscription(oversubscription)
    rail, node = np.arange(rails), np.arange(nodes)
    sizes, cables, plane = copies(build_tree(FAMILY, params, tree), rail[:, None] + node * rails)
    plane[: nodes * rails] = np.tile(rail, nodes)
    return assemble(
        FAMILY,
        params,
        sizes,
        cables,
        node=np.repeat(node, rails).astype(np.int32),
        rail=np.tile(rail, nodes).astype(np.int16),
        plane=plane,
    )

"""A network as schedulers and shared links see it: nodes below groups below groups, with what leaves each. It has no jobs.

A leaf group is the nodes that hang together through lowest-tier switches: one leaf, or with rails the leaves of one rail group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from topologies.errors import InputError

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
UNIT = 1_000_000
"""Capacities and loads count in millionths of what one whole node sends at full rate."""


@dataclass(frozen=True, eq=False)
class Tree:
    """Groups of nodes, lowest tier first; nodes are numbered leaf by leaf.

    tiers: the tiers' names. group: per tier, the group of every node. names: per tier, the groups' names. capacity: per tier,
    what can leave a group in one direction, in UNIT; a group that holds all nodes has nothing to leave for. site: the
    fabric's own number of every node. uplinks: per tier, cables that leave a group (hash collisions are between them).
    node_speed: bytes per second of a whole node into the network, None where no fabric says so. source: where the capacities
    come from.
    """

    tiers: tuple[str, ...]
    group: tuple[Ints, ...]
    names: tuple[tuple[str, ...], ...]
    capacity: tuple[Longs, ...]
    site: Ints
    uplinks: tuple[Ints, ...]
    node_speed: float | None = None
    source: str = ""

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.site)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Per tier, the most that its groups' nodes send over what can leave: 4.0 for 4:1."""
        sent = [np.bincount(group, minlength=len(c)) * UNIT for group, c in zip(self.group, self.capacity, strict=True)]
        return tuple(float((s / np.maximum(c, 1)).max()) for s, c in zip(sent, self.capacity, strict=True))

    def tier(self, name: str | None) -> int:
        """Return the number of a tier by its name, the lowest for None.

        Raises:
            InputError: no such tier.
        """
        if name is None:
            return 0
        if name not in self.tiers:
            raise InputError(f"tier: must be {', '.join(self.tiers)}, got {name!r}")
        return self.tiers.index(name)


def flat(nodes: int, leaf: int, *, ratio: float = 1.0) -> Tree:
    """Return a tree of equal leaves of `leaf` nodes (the last may be smaller) below one core, without a fabric: a stated one.

    ratio: what the nodes of a leaf can send over what can leave it.

    Raises:
        InputError: no node, no leaf or a ratio below 0.
    """
    if nodes < 1 or leaf < 1 or ratio <= 0:
        raise InputError(f"tree: nodes, leaf and ratio must be above 0, got {nodes}, {leaf} and {ratio:g}")
    group = (np.arange(nodes) // leaf).astype(np.int32)
    sizes = np.bincount(group)
    names = tuple(f"leaf{number}" for number in range(len(sizes)))
    uplinks = np.maximum((sizes * 8 / ratio).astype(np.int32), 1)
    tree = Tree(("leaf",), (group,), (names,), (sizes * UNIT,), np.arange(nodes, dtype=np.int32), (uplinks,))
    return oversubscribed(tree, ratio)


def oversubscribed(tree: Tree, ratio: float, tier: str | None = None) -> Tree:
    """Return the tree with capacities of one tier (None: of all) set to what the groups' nodes send over `ratio`.

    For a read tree, which holds one cable for any number, and for asking what another fabric would do.
    """
    chosen = range(len(tree.tiers)) if tier is None else [tree.tier(tier)]
    capacity = list(tree.capacity)
    for number in chosen:
        sizes = np.bincount(tree.group[number], minlength=len(capacity[number]))
        capacity[number] = np.maximum(np.rint(sizes * UNIT / ratio), 1).astype(np.int64)
    return replace(tree, capacity=tuple(capacity), source=f"{ratio:g}:1, as stated")


def tree_of(fabric: Fabric) -> Tree:
    """Return the groups of a fabric, whatever its family: what hangs together through a tier, and the cables that leave it.

    Nodes are renumbered leaf by leaf. Tiers whose one group holds all nodes are left out but for the lowest.
    """
    from fabric.fleet.tree_of_fabric import groups  # noqa: PLC0415  # scipy costs 0.3 s, paid where a fabric is looked at

    return groups(fabric)

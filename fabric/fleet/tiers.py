"""A tree with other tiers: larger leaves, or one more tier above them, at the same oversubscription. It cables no switch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fabric.fleet.tree import Ints, Longs, Tree
from topologies.errors import InputError


def larger_leaves(tree: Tree, times: int) -> Tree:
    """Return the tree with `times` neighbouring leaves below one parent in one; what goes out of it is what went out of them.

    Raises:
        InputError: fewer than 2, or no two leaves to join.
    """
    merged = _together(tree, times, "leaves")
    capacity, uplinks = _sums(tree, merged)
    group = merged[tree.group[0]]
    names = tuple(f"{tree.tiers[0]}{number}" for number in range(len(capacity)))
    return replace(
        tree,
        group=(group, *tree.group[1:]),
        names=(names, *tree.names[1:]),
        capacity=(capacity, *tree.capacity[1:]),
        uplinks=(uplinks, *tree.uplinks[1:]),
        source=f"{tree.source}; {times} leaves in one",
    )


def one_more_tier(tree: Tree, leaves: int) -> Tree:
    """Return the tree with pods of `leaves` neighbouring leaves below what is above, oversubscribed as the leaves are.

    A pod passes on what its leaves do, over the ratio that the lowest tier has.

    Raises:
        InputError: fewer than 2, or no two leaves to put together.
    """
    pod = _together(tree, leaves, "pods")
    sent, cables = _sums(tree, pod)
    ratio = max(tree.ratios[0], 1.0)
    capacity = np.maximum(np.rint(sent / ratio), 1).astype(np.int64)
    names = tuple(f"pod{number}" for number in range(len(capacity)))
    name = "pod" if "pod" not in tree.tiers else "pod of leaves"
    return replace(
        tree,
        tiers=(tree.tiers[0], name, *tree.tiers[1:]),
        group=(tree.group[0], pod[tree.group[0]], *tree.group[1:]),
        names=(tree.names[0], names, *tree.names[1:]),
        capacity=(tree.capacity[0], capacity, *tree.capacity[1:]),
        uplinks=(tree.uplinks[0], np.maximum(cables / ratio, 1).astype(np.int32), *tree.uplinks[1:]),
        source=f"{tree.source}; pods of {leaves} leaves, {ratio:.3g}:1 again",
    )


def _together(tree: Tree, count: int, what: str) -> Ints:
    """Return per leaf the number of the set of `count` neighbours below one parent that it is in."""
    leaves = len(tree.capacity[0])
    if not 2 <= count < leaves:
        raise InputError(f"tier: {what} must put 2 to {leaves - 1} of the {leaves} leaves together, got {count}")
    first = np.searchsorted(tree.group[0], np.arange(leaves))
    parent = tree.group[1][first] if len(tree.group) > 1 else np.zeros(leaves, np.int32)
    begins = np.searchsorted(parent, parent)  # nodes, and so leaves, are numbered parent by parent
    place = (np.arange(leaves) - begins) // count
    _, found = np.unique(parent.astype(np.int64) * leaves + place, return_inverse=True)
    return found.astype(np.int32)


def _sums(tree: Tree, merged: Ints) -> tuple[Longs, Ints]:
    """Return capacity and cables out of every set of leaves together."""
    count = int(merged.max()) + 1
    capacity, cables = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(capacity, merged, tree.capacity[0])
    np.add.at(cables, merged, tree.uplinks[0].astype(np.int64))
    return capacity, cables.astype(np.int32)


def nodes_of_a_leaf(tree: Tree) -> int:
    """Return how many nodes the usual (median) leaf has."""
    return int(np.median(np.bincount(tree.group[0])))

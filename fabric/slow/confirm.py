"""How an accusation is confirmed: a ring of the suspect among cleared nodes, and one without it. It judges no time.

What leads out of a group is confirmed with a group whose own way out is cleared, and without it by that one and a third: so
the suspect is swapped for a healthy one. A pair of groups is confirmed by a ring to and fro between them, and one
of each with a third.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fabric.slow.confirm_pairs import check_pair
from fabric.slow.plan import Test
from fabric.slow.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
COMPANY = 1.2
"""Priors that a node may have that keeps a suspect company: nothing speaks against it."""


def check(
    tree: Tree,
    suspect: int,
    probability: Floats,
    slow: Ints,
    used: set[int],
    prior: Floats,
    doubted: NDArray[np.bool_],
) -> tuple[Test, Test] | None:
    """Return a ring with the suspect among cleared nodes, and one without it; None where too few cleared nodes are free.

    slow: how many slow tests every node was in. doubted: suspects that slow tests filled. A group is confirmed with one that it
    was in no slow test beside, if it can be: else what is slow could be the pair of them.
    """
    well = probability < COMPANY * prior
    free = [n for n in range(tree.nodes) if well[n] and n not in used]
    if (kind := tree.kind(suspect)) == "pair":
        return check_pair(tree, suspect, free, well)
    if kind == "switch":
        return _of_switch(tree, suspect - tree.first_switch, free, slow, used)
    at = tree.layer_of(suspect)
    if at < 0:
        return None if suspect in used else _of_node(tree, suspect, free, well, probability / prior + doubted)
    return _of_group(tree, at, suspect - tree.first[at], free, well, doubted)


def _of_switch(tree: Tree, group: int, free: Sequence[int], slow: Ints, used: set[int]) -> tuple[Test, Test] | None:
    """Return a ring of the two nodes of a group that fewest slow tests had, and one of two of other groups.

    Were one node of it slow and not the group, that one would be in all of them.
    """
    of = tree.layers[0].group
    own = sorted((int(n) for n in np.flatnonzero(of == group) if int(n) not in used), key=lambda n: (slow[n], n))
    others = [n for n in free if of[n] != group]
    return (Test((own[0], own[1])), Test((others[0], others[1]))) if min(len(own), len(others)) > 1 else None


def _of_group(
    tree: Tree, at: int, number: int, free: Sequence[int], clear: NDArray[np.bool_], doubted: NDArray[np.bool_]
) -> tuple[Test, Test] | None:
    """Return a ring that fills what leads out of a group, with a partner whose own is cleared, and one with the partner's."""
    layer = tree.layers[at]
    for below, one in enumerate(tree.layers[:at]):
        free = [n for n in free if clear[tree.boundary(below, int(one.group[n]))]]
    groups = [[n for n in free if layer.group[n] == g] for g in range(len(layer.names))]
    if layer.boundaries == 1:
        own, others = groups
        return (Test(_pairwise(own, others)), Test(tuple(own))) if min(len(own), len(others)) > 1 else None
    own = groups[number]
    well = [g for g in range(len(groups)) if g != number and groups[g] and clear[tree.boundary(at, g)]]
    above = [one.group for one in tree.layers[at + 1 :]]
    apart = {g: sum(int(up[groups[g][0]] != up[n]) for up in above for n in groups[number][:1]) for g in well}
    beside = {g: (pair := tree.pair(at, number, g)) is not None and bool(doubted[pair]) for g in well}
    direct = [one.group for one in tree.layers if one.direct]  # between their groups cables are thin
    thin = {g: any(of[groups[g][0]] != of[n] for of in direct for n in own[:1]) for g in well}
    well.sort(key=lambda g: (thin[g], beside[g], apart[g], -len(groups[g]), g))  # below as few other boundaries as can be
    if not own or not well:
        return None
    partner = groups[well[0]][: len(own)]
    if len(well) > 1:  # the partner's own way out is not what is slow
        return Test(_pairwise(own, partner)), Test(_pairwise(partner, groups[well[1]]))
    rest = groups[well[0]][len(own) :]
    return (Test(_pairwise(own, partner)), Test(tuple(rest))) if len(rest) > 1 else None


def _of_node(tree: Tree, suspect: int, free: Sequence[int], well: NDArray[np.bool_], doubt: Floats) -> tuple[Test, Test] | None:
    """Return a ring of a node with another, and one without it."""
    if tree.walked:
        return _beside(tree, suspect, free, well, doubt)
    near = near_to(tree, suspect, free)
    if len(near) < 2:
        return None
    return Test((suspect, near[0])), Test((near[1], near[2]) if len(near) > 2 else (near[0], near[1]))


def _beside(tree: Tree, suspect: int, free: Sequence[int], well: NDArray[np.bool_], doubt: Floats) -> tuple[Test, Test] | None:
    """Return a ring of a suspect with a neighbour, and one of that with another, by what is in doubt least."""

    def company(node: int) -> list[int]:
        near = [(_pair(tree, node, other), other) for other in near_to(tree, node, free, most=len(free)) if other != suspect]
        own = [(0.0 if pair is None else float(doubt[pair]), other) for pair, other in near if pair is None or well[pair]]
        return [other for _, other in sorted(own, key=lambda one: one[0])]

    for first in company(suspect):
        others = company(first)
        if others:
            return Test((suspect, first)), Test((first, others[0]))
    return None


def _pair(tree: Tree, one: int, other: int) -> int | None:
    """Return the suspect between the groups of two nodes, if there is one."""
    a, b = (int(tree.layers[0].group[n]) for n in (one, other))
    return tree.pair(0, a, b) if a != b else None


def near_to(tree: Tree, node: int, free: Sequence[int], most: int = 3) -> list[int]:
    """Return nodes to keep it company: of its smallest group first; where rings go by neighbours, of those beside it only."""
    if not tree.layers:
        return [n for n in free if n != node][:most]
    group = tree.layers[0].group
    if tree.walked:
        own = (int(group[node]), *tree.layers[0].beside[group[node]])
        free = [n for n in free if group[n] in own]
    return sorted((n for n in free if n != node), key=lambda n: (group[n] != group[node], n))[:most]


def _pairwise(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    both = min(len(one), len(other))
    return tuple(n for pair in zip(one[:both], other[:both], strict=True) for n in pair)

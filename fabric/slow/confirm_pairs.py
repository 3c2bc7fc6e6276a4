"""How a pair of groups is confirmed: a ring to and fro between its two, and one of each with a third. It judges no time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fabric.slow.group_pairs import parents
from fabric.slow.plan import Test, filled, mixed
from fabric.slow.plan_pairs import Free
from fabric.slow.tree import Tree
from fabric.slow.walks import Ground, free_beside, way_between

FILLS = 0.5
"""Of its fullest part: how full a confirming test must make the pair."""


def check_pair(tree: Tree, suspect: int, free: Sequence[int], well: NDArray[np.bool_]) -> tuple[Test, Test] | None:
    """Return a ring between the two groups of a pair, and one of each with a third; None where too few cleared nodes are free.

    free: cleared nodes. well: which suspects are cleared. Of three groups the third goes with both.
    """
    at, one, other = tree.ends(suspect)
    if tree.walked:
        return _walked(tree, suspect, free, well)
    own = Free(tree, at, _cleared(tree, at, free, well))
    if one not in own.nodes or other not in own.nodes:
        return None
    parent = parents(tree.layers, at)
    thirds = [
        group
        for group in own.nodes
        if group not in (one, other)
        and parent[group] == parent[one]
        and all((pair := tree.pair(at, group, end)) is None or well[pair] for end in (one, other))
    ]
    thirds.sort(key=lambda group: (-len(own.nodes[group]), group))
    having = Free(tree, at, {group: list(nodes) for group, nodes in own.nodes.items()}).unit((one, other), 1)
    if having is None or not thirds:
        return None
    if len(thirds) > 1:
        first, second = own.unit((one, thirds[0]), 1), own.unit((other, thirds[1]), 1)
    else:
        first, second = own.unit((one, thirds[0]), 2), own.unit((other, thirds[0]), 2)
    if first is None or second is None:
        return None
    with_it, without = Test(having), Test((*first, *second))
    full, cover = filled(tree, with_it)  # on a direct network a third group may be a way as short as the pair's own cables
    fills = float(full[suspect] * cover[suspect] / full.max())
    return (with_it, without) if fills >= FILLS and not filled(tree, without)[0][suspect] else None


def _walked(tree: Tree, suspect: int, free: Sequence[int], well: NDArray[np.bool_]) -> tuple[Test, Test] | None:
    """Return check_pair() where rings go from neighbour to neighbour: without it by ways round it, or to and fro beside it."""
    _, one, other = tree.ends(suspect)
    layer, pairs = tree.layers[0], tree.pairs
    nodes: dict[int, list[int]] = {}
    for node in free:
        nodes.setdefault(int(layer.group[node]), []).append(node)
    each = min(ceil(tree.pairs.room[suspect - tree.first_pair] - 1e-9), len(nodes.get(one, ())), len(nodes.get(other, ())))
    if not each:
        return None
    doubtful = np.flatnonzero(~well[tree.first_pair :]).tolist()
    taken = {(int(pairs.one[p]), int(pairs.other[p])) for p in doubtful} | {(one, other)}
    ground = Ground(tree, nodes, np.zeros(tree.suspects), taken, each)
    out = way_between(ground, one, other)
    back = way_between(replace(ground, nodes={g: own for g, own in nodes.items() if g not in out}), one, other)
    near = free_beside(ground, one) or free_beside(ground, other)
    if out and back:
        around = (one, *out, other, *reversed(back))
    elif near:
        around = (one if near[0] in layer.beside[one] else other, near[0])
    else:
        return None
    with_it, without = (Test(tuple(nodes[g][lap] for lap in range(each) for g in ring)) for ring in ((one, other), around))
    full, _ = filled(tree, with_it)
    return (with_it, without) if full[suspect] / full.max() >= FILLS and not filled(tree, without)[0][suspect] else None


def _cleared(tree: Tree, at: int, free: Sequence[int], well: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Return the cleared nodes of every group that lie behind cleared ways out."""
    found: dict[int, list[int]] = {}
    for node in free:
        out = [tree.boundary(k, int(one.group[node])) for k, one in enumerate(tree.layers[: at + 1]) if not one.direct]
        if all(well[number] for number in out):
            found.setdefault(int(tree.layers[at].group[node]), []).append(node)
    return {group: list(mixed(tree, nodes, at - 1)) for group, nodes in found.items()}

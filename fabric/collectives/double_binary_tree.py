"""Double binary trees: two complementary trees carry half the buffer each, in chunks. Never sees a Fabric.

A rank that forwards in one tree is a leaf of the other, so that every link is used in full. With c chunks, every slot
moves one chunk of S/(2c) on every edge of both trees; a parent receives from two children. Time about
2(depth + c - 1)(alpha + S beta / c), limit 2 S beta. Broadcast and reduce: the root stands above both trees of the others,
(depth + c)(alpha + S beta / c), the reduce + S gamma / c each; limit S beta. Source: Sanders, Speck, Traff, Parallel
Computing 2009.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, at_least_one
from fabric.collectives.slots import Messages, messages, slotted


def double_binary_tree(groups: Groups, nbytes: int, *, chunks: int = 16) -> Schedule:
    """Return the schedule over both trees: all chunks up (reduced), then all chunks down, one slot after the other.

    Raises:
        InputError: fewer than one chunk.
    """
    p = groups.world_size
    at_least_one("double_binary_tree", "chunks", chunks)
    if p == 1:
        return Schedule("double_binary_tree", 1, 2 * chunks, ())
    up, down = edges(p)
    steps = (slotted([up], 2, chunks, reduces=True), slotted([down], 2, chunks, reduces=False))
    return Schedule("double_binary_tree", p, 2 * chunks, steps)


def double_tree_broadcast(groups: Groups, nbytes: int, *, chunks: int = 16, root: int = 0) -> Schedule:
    """Return the broadcast down both trees, half of every chunk each; InputError where there is not one chunk."""
    return _rooted(groups.world_size, chunks, root, reduces=False)


def double_tree_reduce(groups: Groups, nbytes: int, *, chunks: int = 16, root: int = 0) -> Schedule:
    """Return the reduce up both trees, the broadcast backwards; InputError where there is not one chunk."""
    return _rooted(groups.world_size, chunks, root, reduces=True)


def _rooted(p: int, chunks: int, root: int, *, reduces: bool) -> Schedule:
    at_least_one("double_binary_tree", "chunks", chunks)
    if p == 1:
        return Schedule("double_binary_tree", 1, 2 * chunks, ())
    others = np.delete(np.arange(p, dtype=np.int32), root)
    parents = trees(p - 1)
    above = np.where(parents < 0, root, others[parents])
    depth = np.stack([depths(one) for one in parents])
    tree, child = (x.ravel() for x in np.indices(parents.shape))
    near, far, below = above.ravel(), others[child], depth.ravel()
    moves = messages(far, near, depth.max() - below, tree, 1) if reduces else messages(near, far, below, tree, 1)
    return Schedule("double_binary_tree", p, 2 * chunks, (slotted([moves], 2, chunks, reduces=reduces),))


def trees(world_size: int) -> Ranks:
    """Return the parents (2, p) of every rank in both trees, -1 at the root.

    In the first tree rank r > 0 hangs under the rank with r's lowest set bit moved up by one (or cleared, where that is
    beyond the last rank); the second is its mirror image (p even) or shifted by one rank (p odd).
    """
    ranks = np.arange(world_size, dtype=np.int32)
    low = ranks & -ranks
    up = (ranks ^ low) | (low << 1)
    first = np.where(up < world_size, up, ranks ^ low).astype(np.int32)
    first[0] = -1
    if world_size % 2 == 0:
        second = world_size - 1 - first[::-1]
        second[first[::-1] < 0] = -1
    else:
        second = np.roll(np.where(first < 0, -1, (first + 1) % world_size), 1)
    return np.stack([first, second.astype(np.int32)])


def depths(parents: Ranks) -> NDArray[np.int64]:
    """Return how many edges lie between each rank and the root."""
    depth, above = np.zeros(len(parents), dtype=np.int64), parents.copy()
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parents[above], -1)
    return depth


def edges(world_size: int) -> tuple[Messages, Messages]:
    """Return the messages up and down both trees for one chunk of two blocks, one per tree, from slot 0 on."""
    parents = trees(world_size)
    depth = np.stack([depths(tree) for tree in parents])
    tree, child = np.nonzero(parents >= 0)
    parent, below = parents[tree, child], depth[tree, child]
    return (
        messages(child, parent, depth.max() - below, tree, 1),
        messages(parent, child, below - 1, tree, 1),
    )

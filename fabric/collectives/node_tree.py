"""Trees over nodes with a chain inside each node, one pair of trees per rail, pipelined: NCCL's tree. Never sees a Fabric.

k nodes of g ranks, trees of depth d over the nodes, c chunks. Rail j's part of S/g runs along the chain of its node towards
position j, up and down the double binary tree of the nodes' positions j, and back along the chain:
2(g + d + c - 2)(alpha + max((g-1)/g S beta_up, S/g beta) / c), up + S gamma in all; limit twice the maximum. Sources:
NVIDIA/nccl 2.30.7, src/graph/trees.cc and connect.cc (chain inside nodes, two trees over nodes); Sanders, Speck, Traff,
Parallel Computing 2009. NCCL may put a node's parent and children on different GPUs; here one rank holds all of a rail's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fabric.collectives.double_binary_tree import edges
from fabric.collectives.schedule import Groups, Ranks, Schedule, at_least_one
from fabric.collectives.slots import Messages, messages, slotted


def tree(groups: Groups, nbytes: int, *, chunks: int = 16) -> Schedule:
    """Return the all-reduce: all chunks up to the roots (reduced), then all chunks down, one slot after the other.

    A chunk has two blocks per rail j, 2j and 2j + 1: one for each of its trees.

    Raises:
        InputError: nodes of unequal ranks, or fewer than one chunk.
    """
    grid = groups.grid("tree")
    per_node = grid.shape[1]
    at_least_one("tree", "chunks", chunks)
    if grid.size == 1:
        return Schedule("tree", 1, 2 * chunks, ())
    up, down, depth = _rails(grid)
    steps = (
        slotted([_chains(grid, inwards=True), _later(up, per_node - 1)], 2 * per_node, chunks, reduces=True),
        slotted([down, _later(_chains(grid, inwards=False), depth)], 2 * per_node, chunks, reduces=False),
    )
    return Schedule("tree", grid.size, 2 * per_node * chunks, steps, per_node)


def _later(moves: Messages, slots: int) -> Messages:
    return replace(moves, lag=moves.lag + slots)


def _chains(grid: Ranks, *, inwards: bool) -> Messages:
    """Return the messages along the chains inside nodes, towards their heads or away: rail j's chain is j, j + 1, ..."""
    nodes, per_node = grid.shape
    rails, places = np.arange(per_node), np.arange(per_node - 1)
    chains = grid[:, (rails[:, None] + rails) % per_node]
    near, far = chains[..., :-1].ravel(), chains[..., 1:].ravel()
    place, first = np.tile(places, nodes * per_node), np.tile(np.repeat(2 * rails, len(places)), nodes)
    return messages(far, near, per_node - 2 - place, first, 2) if inwards else messages(near, far, place, first, 2)


def _rails(grid: Ranks) -> tuple[Messages, Messages, int]:
    """Return the messages up and down the trees of all rails, and how deep they are."""
    nodes = len(grid)
    if nodes == 1:
        nothing = messages(np.arange(0), np.arange(0), 0, 0, 1)
        return nothing, nothing, 0
    up, down = edges(nodes)
    return _on_rails(up, grid), _on_rails(down, grid), int(up.lag.max()) + 1


def _on_rails(moves: Messages, grid: Ranks) -> Messages:
    rails = np.arange(grid.shape[1])
    blocks = (moves.first[:, None] + 2 * rails).ravel()
    source, target = grid[moves.source].ravel(), grid[moves.target].ravel()
    return messages(source, target, np.repeat(moves.lag, len(rails)), blocks, 1)

"""In-network reduction: NVLS inside a node, NVLS with trees between nodes, SHARP over the fabric. Never sees a Fabric.

NVLS, p devices on one switch, c chunks: every device lets the switch fetch its S and gets the sum of its S/p, hands that
back and gets all sums S: S(p+1)/p per direction, (c+1)(alpha + S(p+1)/(pc) beta), limit S(p+1)/p beta. NVLS tree: NVLS
sums inside, every device takes its S/g up and down the double binary tree of its rail, NVLS copies inside; with depth d
about (2d + 1 + c)(alpha + max((g+1)/g S beta_up, 2 S/g beta) / c), limit the maximum. SHARP: all send S up one switch of
the fabric and get S back at the same time: alpha + S beta. A switch passes on in the slot in which it receives. Sources:
NVIDIA, NVLink SHARP and SHARP documentation; ml-engineering notes (traffic of NVLS); arithmetic.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fabric.collectives.double_binary_tree import edges
from fabric.collectives.schedule import Groups, Ranks, Schedule, at_least_one
from fabric.collectives.slots import Messages, messages, one_chunk, slotted
from topologies.errors import InputError


def nvls(groups: Groups, nbytes: int, *, chunks: int = 16) -> Schedule:
    """Return the all-reduce by the switch of the one node that holds all ranks.

    Raises:
        InputError: ranks on several nodes, or fewer than one chunk.
    """
    p = groups.world_size
    at_least_one("nvls", "chunks", chunks)
    if groups.nodes > 1:
        raise InputError(f"nvls: ranks must sit on one node, got {groups.nodes} nodes; use nvls_tree or sharp")
    if p == 1:
        return Schedule("nvls", 1, chunks, ())
    ranks = np.arange(p, dtype=np.int32)
    fetch, spread = _switch(ranks[None, :], p, 1)
    later = [replace(m, lag=m.lag + 1) for m in spread]
    return Schedule("nvls", p, p * chunks, (slotted([*fetch, *later], p, chunks, reduces=False),), switches=1)


def nvls_tree(groups: Groups, nbytes: int, *, chunks: int = 16) -> Schedule:
    """Return NVLS sums inside nodes, double binary trees between them, NVLS copies; a stage per level, chunks overlap.

    Raises:
        InputError: nodes of unequal ranks, or fewer than one chunk.
    """
    grid = groups.grid("nvls_tree")
    nodes, per_node = grid.shape
    at_least_one("nvls_tree", "chunks", chunks)
    fetch, spread = _switch(grid, groups.world_size, 2) if per_node > 1 else ([], [])
    up, down = _rails(grid) if nodes > 1 else ([], [])
    stages = [(fetch, False), *((level, True) for level in up), *((level, False) for level in down), (spread, False)]
    steps = [one_chunk(moves, 2 * per_node, chunks, reduces=adds) for moves, adds in stages if moves]
    sizes = (1,) * len(steps) if chunks > 1 else ()
    switches = nodes if per_node > 1 else 0
    return Schedule("nvls_tree", grid.size, 2 * per_node * chunks, tuple(steps), 1, chunks, sizes, switches)


def sharp(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-reduce in the network: rank p is the tree of switches, every rank sends it S and gets S back."""
    p = groups.world_size
    if p == 1:
        return Schedule("sharp", 1, 1, ())
    ranks = np.arange(p, dtype=np.int32)
    switch = np.full(p, p, dtype=np.int32)
    step = slotted([messages(ranks, switch, 0, 0, 1), messages(switch, ranks, 0, 0, 1)], 1, 1, reduces=False)
    return Schedule("sharp", p, 1, (step,), switches=1)


def _switch(grid: Ranks, first_switch: int, width: int) -> tuple[list[Messages], list[Messages]]:
    """Return per node: the switch fetches all and hands out own sums; it takes own sums and copies all to all.

    A chunk is `width` blocks per rank of the node; position j's own are j width ... j width + width - 1.
    """
    nodes, per_node = grid.shape
    ranks, switch = grid.ravel(), np.repeat(first_switch + np.arange(nodes), per_node)
    own = np.tile(np.arange(per_node) * width, nodes)
    fetch = [messages(ranks, switch, 0, 0, per_node * width), messages(switch, ranks, 0, own, width)]
    spread = [messages(ranks, switch, 0, own, width), messages(switch, ranks, 0, 0, per_node * width)]
    return fetch, spread


def _rails(grid: Ranks) -> tuple[list[list[Messages]], list[list[Messages]]]:
    """Return the tree messages of all rails, level by level up, and down: rail j and tree h move block 2j + h of a chunk."""
    up, down = edges(len(grid))
    rails = np.arange(grid.shape[1])

    def level(moves: Messages, slot: int) -> list[Messages]:
        now = moves.lag == slot
        blocks = (moves.first[now][:, None] + 2 * rails).ravel()
        return [messages(grid[moves.source[now]].ravel(), grid[moves.target[now]].ravel(), 0, blocks, 1)]

    slots = range(int(up.lag.max()) + 1)
    return [level(up, slot) for slot in slots], [level(down, slot) for slot in slots]

"""All-to-all in two levels over k nodes of g ranks: by leaders, and rail-aligned (PXN). Never sees a Fabric.

By leaders: members hand their leader what leaves the node, (g-1)(k-1)/k S into its port; leaders exchange g S/k with every
other node at once, g (k-1)/k S; members get theirs as they gave: 3 alpha; and g-1 parts of S/p inside, before. Rail-aligned:
inside nodes every rank collects what goes to its rail, (g-1)/g S; along the rail k-1 messages of S/k: 2 alpha +
(g-1)/g S beta_up + (k-1)/k S beta, and k - 1 messages between nodes per rank in place of p - g. Source: arithmetic; NVIDIA,
PXN (blog on NCCL 2.12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, listable

Numbers = NDArray[np.int64]
PairBlocks = Callable[[Numbers, Numbers], Numbers]
"""source, target (m,) -> the blocks of every message (m, blocks)."""


def rail_aligned_all_to_all(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all that changes rails inside the node and stays on them between nodes.

    Raises:
        InputError: nodes of unequal ranks, or more than 2^25 messages along the rails.
    """
    grid = groups.grid("rail_aligned")
    nodes, per_node = grid.shape
    listable("rail_aligned", grid.size * (nodes - 1), "direct")
    p, where, wide = grid.size, _where(grid), grid.astype(np.int64)

    def pair(source: Numbers, target: Numbers) -> Numbers:
        return source * p + target

    def collected(source: Numbers, target: Numbers) -> Numbers:
        return pair(source[:, None], wide.T[where[target] % per_node])

    def along(source: Numbers, target: Numbers) -> Numbers:
        return pair(wide[where[source] // per_node], target[:, None])

    steps = (_step(*_pairs(grid), nodes, p, collected), _step(*_pairs(grid.T), per_node, p, along))
    return Schedule("rail_aligned", p, p, tuple(step for step in steps if step.source.size))


def leader_all_to_all(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all by leaders: pairs of one node directly, all others through both nodes' first ranks.

    Raises:
        InputError: nodes of unequal ranks.
    """
    grid = groups.grid("hierarchical")
    p, leaders, members = grid.size, grid[:, :1], grid[:, 1:]
    first, member = np.broadcast_to(leaders, members.shape).ravel(), members.ravel()
    away = p - grid.shape[1]
    inside = _step(*_pairs(grid), 1, p, lambda source, target: source[:, None] * p + target[:, None])
    between = (
        _step(member, first, away, p, lambda source, _: source[:, None] * p + _elsewhere(grid, source)),
        _exchange(grid),
        _step(first, member, away, p, lambda _, target: _elsewhere(grid, target) * p + target[:, None]),
    )
    steps = (inside, *between) if away else (inside,)
    return Schedule("hierarchical", p, p, tuple(step for step in steps if step.source.size))


def _step(source: Ranks, target: Ranks, parts: int, p: int, blocks_of: PairBlocks) -> Step:
    """Return the step of messages of `parts` blocks each, worked out when they are asked for."""

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return list(blocks_of(source.astype(np.int64), target.astype(np.int64)))

    return Step(source, target, Fraction(parts, p), 1, False, blocks)


def _exchange(grid: Ranks) -> Step:
    """Return the step in which every leader sends every other all that its node has for the other's."""
    leaders, p, per_node = np.ascontiguousarray(grid[:, 0]), grid.size, grid.shape[1]

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        here, there = (grid[_where(grid)[ranks] // per_node].astype(np.int64) for ranks in step.pairs())
        return list((here[:, :, None] * p + there[:, None, :]).reshape(len(here), -1))

    step = Step(leaders, leaders, Fraction(per_node**2, p), 1, False, blocks, complete=True)
    return step


def _pairs(lines: Ranks) -> tuple[Ranks, Ranks]:
    """Return all ordered pairs of different ranks of every line (lines, ranks)."""
    here, there = np.nonzero(~np.eye(lines.shape[1], dtype=bool))
    return lines[:, here].ravel(), lines[:, there].ravel()


def _where(grid: Ranks) -> NDArray[np.int64]:
    """Return every rank's place in the grid: node times ranks per node plus position."""
    return np.argsort(grid.ravel())


def _elsewhere(grid: Ranks, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (ranks, p - g): the ranks on other nodes than each."""
    node = _where(grid) // grid.shape[1]
    return np.stack([np.flatnonzero(node != node[rank]) for rank in ranks]) if ranks.size else np.zeros((0, 0), dtype=np.int64)

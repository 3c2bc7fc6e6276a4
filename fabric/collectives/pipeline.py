"""HCCL's pipeline all-reduce: a ring between nodes and a full mesh inside them work at the same time. Never sees a Fabric.

2 [max(S beta_inter/p + alpha_inter, S beta_intra/p + alpha_intra)(k-1) + S beta_intra/p + alpha_intra] over k nodes, p ranks
in all, each pair inside a node with its own link; through one port inside, S beta_intra (g-1)/p. Source: Huawei HCCL
documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, span


@dataclass(frozen=True, eq=False)
class _Moves:
    """Messages that each carry rank `owner`'s part on a node's number `turn` steps ago: owner = grid[node - turn, place]."""

    source: Ranks
    target: Ranks
    node: NDArray[np.int64]
    place: NDArray[np.int64]


def pipeline(groups: Groups, nbytes: int) -> Schedule:
    """Return the schedule: mesh, k - 1 times ring and mesh; k - 1 times ring and mesh, mesh. Nodes of one rank: the ring.

    Raises:
        InputError: nodes of unequal ranks.
    """
    grid = groups.grid("pipeline")
    nodes, per_node = grid.shape
    steps = (
        _step(grid, 0, 1, reduces=True, ring=False),
        _step(grid, 0, nodes - 1, reduces=True, ring=True),
        _step(grid, 0, nodes - 1, reduces=False, ring=True),
        _step(grid, nodes - 1, 1, reduces=False, ring=False),
    )
    return Schedule("pipeline", grid.size, grid.size, tuple(s for s in steps if s.repeats and s.source.size), per_node)


def _step(grid: Ranks, begin: int, repeats: int, *, reduces: bool, ring: bool) -> Step:
    """Return steps of the mesh, with the ring beside it, from turn `begin` on.

    Adding up, the mesh is one turn ahead: it completes the node's own sum of the part that the ring carries next.
    """
    mesh = _mesh(grid, to_owner=reduces)
    moves = [(mesh, 1 + (reduces and ring))] if reduces else [(mesh, 0)]
    if ring:
        moves.insert(0, (_ring(grid), int(reduces)))

    def blocks(repeat: int) -> Sequence[NDArray[np.int64]]:
        owners = [grid[(m.node - lag - begin - repeat) % len(grid), m.place] for m, lag in moves]
        return span(np.concatenate(owners).astype(np.int64), 1, source)

    source = np.concatenate([m.source for m, _ in moves])
    target = np.concatenate([m.target for m, _ in moves])
    return Step(source, target, Fraction(1, grid.size), repeats, reduces, blocks)


def _ring(grid: Ranks) -> _Moves:
    node, place = (axis.ravel() for axis in np.indices(grid.shape))
    return _Moves(grid.ravel(), np.roll(grid, -1, axis=0).ravel(), node, place)


def _mesh(grid: Ranks, *, to_owner: bool) -> _Moves:
    """Return the messages between all pairs of a node; the part is the receiver's rail's (adding up) or the sender's."""
    here, there = np.nonzero(~np.eye(grid.shape[1], dtype=bool))
    node = np.repeat(np.arange(len(grid)), len(here))
    place = np.tile(there if to_owner else here, len(grid))
    return _Moves(grid[:, here].ravel(), grid[:, there].ravel(), node, place)

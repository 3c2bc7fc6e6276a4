"""Hierarchical all-reduce over k nodes of g ranks: by leaders, and rail-aligned. Never sees a Fabric.

By leaders: binomial reduce to each node's first rank, a ring over these leaders, binomial broadcast:
ceil(log2 g)(alpha + S beta + S gamma) + [2(k-1) alpha + 2(k-1)/k S beta + (k-1)/k S gamma] + ceil(log2 g)(alpha + S beta).
Rail-aligned: reduce-scatter ring inside, (g-1) alpha + (g-1)/g S beta; one ring per rail over S/g,
2(k-1) alpha + 2(k-1)/k S/g beta; all-gather inside as the first; one after the other. Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.ring import ring_steps
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, span


def hierarchical(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-reduce by leaders; InputError where nodes hold unequal numbers of ranks."""
    grid = groups.grid("hierarchical")
    nodes, per_node = grid.shape
    leaders = ring_steps(grid[:, :1].T)
    distances = [1 << i for i in range((per_node - 1).bit_length())]
    gather = [_binomial(grid, distance, nodes, reduces=True) for distance in distances]
    spread = [_binomial(grid, distance, nodes, reduces=False) for distance in reversed(distances)]
    return Schedule("hierarchical", groups.world_size, nodes, (*gather, *leaders, *spread))


def _binomial(grid: Ranks, distance: int, blocks: int, *, reduces: bool) -> Step:
    """Return one round of the binomial tree inside every node: positions `distance` apart, whole buffers."""
    low = np.arange(0, grid.shape[1] - distance, 2 * distance)
    near, far = grid[:, low].ravel(), grid[:, low + distance].ravel()
    source, target = (far, near) if reduces else (near, far)
    return Step(source, target, Fraction(1), 1, reduces, lambda _: span(0, blocks, source))


def rail_aligned(groups: Groups, nbytes: int) -> Schedule:
    """Return the rail-aligned hierarchical all-reduce: traffic between nodes stays on the rail of its device."""
    grid = groups.grid("rail_aligned")
    nodes, per_node = grid.shape
    inside = _inside(grid, nodes) if per_node > 1 else ()
    steps = (*inside[:1], *ring_steps(grid.T), *inside[1:])
    return Schedule("rail_aligned", groups.world_size, nodes * per_node, steps, channels=per_node)


def _inside(grid: Ranks, nodes: int) -> tuple[Step, Step]:
    """Return reduce-scatter and all-gather rings inside every node; position j ends with part j of g, k blocks each."""
    per_node = grid.shape[1]
    source, target = grid.ravel(), np.roll(grid, -1, axis=1).ravel()
    position = np.broadcast_to(np.arange(per_node), grid.shape).ravel()

    def part(shift: int) -> Sequence[NDArray[np.int64]]:
        return span((position + shift) % per_node * nodes, nodes, source)

    share, repeats = Fraction(1, per_node), per_node - 1
    return (
        Step(source, target, share, repeats, True, lambda t: part(-1 - t)),
        Step(source, target, share, repeats, False, lambda t: part(-t)),
    )

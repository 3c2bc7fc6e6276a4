"""Hierarchical collectives over k nodes of g ranks: by leaders, in two or three levels, rail-aligned. Never sees a Fabric.

By leaders: binomial reduce to each node's first rank, a ring over these leaders, binomial broadcast:
ceil(log2 g)(alpha + S beta + S gamma) + [2(k-1) alpha + 2(k-1)/k S beta + (k-1)/k S gamma] + ceil(log2 g)(alpha + S beta).
Two levels, rail-aligned: reduce-scatter inside, (g-1) alpha + (g-1)/g S beta; one ring per rail over S/g,
2(k-1) alpha + 2(k-1)/k S/g beta; all-gather inside as the first. With inside=mesh the terms inside have 1 alpha. Three
levels, n nodes to a group: the rail's ring is cut in one over the n nodes of a group and one over the k/n groups on S/(gn).
The sum of the levels with 1 chunk; with c chunks the levels overlap, towards the slowest level's time. Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

import numpy as np

from fabric.collectives.grid import Lane, axis_steps
from fabric.collectives.lines import Phase, mesh_phase, ring_phase, scatter_and_gather
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, at_least_one, span
from topologies.errors import InputError

PHASES: dict[str, Phase] = {"ring": ring_phase, "mesh": mesh_phase}


def hierarchical(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-reduce by leaders; InputError where nodes hold unequal numbers of ranks."""
    grid = groups.grid("hierarchical")
    nodes, per_node = grid.shape
    leaders = scatter_and_gather(grid[:, :1].T, Fraction(1, nodes), lambda: np.arange(nodes)[None, :, None])
    distances = [1 << i for i in range((per_node - 1).bit_length())]
    gather = [_binomial(grid, distance, nodes, reduces=True) for distance in distances]
    spread = [_binomial(grid, distance, nodes, reduces=False) for distance in reversed(distances)]
    return Schedule("hierarchical", groups.world_size, nodes, (*gather, *leaders, *spread))


def rail_aligned(groups: Groups, nbytes: int, *, chunks: int = 1) -> Schedule:
    """Return the rail-aligned all-reduce, rings on both levels: traffic between nodes stays on the rail of its device.

    Raises:
        InputError: nodes of unequal ranks, or fewer than one chunk.
    """
    return _all_reduce("rail_aligned", groups.grid("rail_aligned"), chunks, [ring_phase, ring_phase])


def two_level(groups: Groups, nbytes: int, *, chunks: int = 1, inside: str = "mesh") -> Schedule:
    """Return the two-level all-reduce with a full mesh (or a ring) inside nodes and rings between them.

    Raises:
        InputError: nodes of unequal ranks, fewer than one chunk, or inside neither mesh nor ring.
    """
    return _all_reduce("two_level", groups.grid("two_level"), chunks, [_phase("two_level", inside), ring_phase])


def three_level(groups: Groups, nbytes: int, *, group: int = 0, chunks: int = 1, inside: str = "ring") -> Schedule:
    """Return the three-level all-reduce: inside nodes, between the `group` nodes of a group, between groups.

    group: nodes of a group, such as those under one leaf; 0 is the largest divisor of k up to sqrt(k).

    Raises:
        InputError: nodes of unequal ranks, nodes that do not fill groups, fewer than one chunk, inside unknown.
    """
    grid = groups.grid("three_level")
    nodes, per_node = grid.shape
    group = group or max(n for n in range(1, isqrt(nodes) + 1) if nodes % n == 0)
    if group < 1 or nodes % group:
        raise InputError(f"three_level: group must divide the {nodes} nodes, got {group}")
    cube = grid.reshape(nodes // group, group, per_node)
    return _all_reduce("three_level", cube, chunks, [_phase("three_level", inside), ring_phase, ring_phase])


def hierarchical_all_gather(groups: Groups, nbytes: int, *, inside: str = "ring") -> Schedule:
    """Return the two-level all-gather: a ring per rail over own parts first, then inside nodes."""
    return _half("hierarchical", groups, inside, reduces=False)


def hierarchical_reduce_scatter(groups: Groups, nbytes: int, *, inside: str = "ring") -> Schedule:
    """Return the two-level reduce-scatter: inside nodes first, then a ring per rail over S/g."""
    return _half("hierarchical", groups, inside, reduces=True)


def _phase(algorithm: str, name: str) -> Phase:
    if name not in PHASES:
        raise InputError(f"{algorithm}: inside must be one of {', '.join(PHASES)}, got {name!r}")
    return PHASES[name]


def _levels(grid: Ranks, chunks: int, phases: Sequence[Phase]) -> list[tuple[Step, ...]]:
    """Return reduce-scatter and all-gather of every level, the innermost (the last axis) first; empty for one rank."""
    lane = Lane(tuple(reversed(range(grid.ndim))))
    return [axis_steps(grid, [lane], j, chunks, phase) for j, phase in enumerate(phases)]


def _all_reduce(name: str, grid: Ranks, chunks: int, phases: Sequence[Phase]) -> Schedule:
    """Return reduce-scatter level by level, the outermost all-reduce, all-gather back; a stage per level and direction."""
    levels = _levels(grid, at_least_one(name, "chunks", chunks), phases)
    down = [steps[:1] for steps in levels[:-1]]
    up = [steps[1:] for steps in reversed(levels[:-1])]
    stages = [steps for steps in (*down, levels[-1], *up) if steps]
    sizes = tuple(len(steps) for steps in stages) if chunks > 1 else ()
    steps = tuple(step for stage in stages for step in stage)
    return Schedule(name, grid.size, grid.size * chunks, steps, grid.shape[-1], chunks, sizes)


def _half(name: str, groups: Groups, inside: str, *, reduces: bool) -> Schedule:
    grid = groups.grid(name)
    inner, outer = _levels(grid, 1, [_phase(name, inside), ring_phase])
    steps = (*inner[:1], *outer[:1]) if reduces else (*outer[1:], *inner[1:])
    return Schedule(name, grid.size, grid.size, steps, grid.shape[-1])


def _binomial(grid: Ranks, distance: int, blocks: int, *, reduces: bool) -> Step:
    """Return one round of the binomial tree inside every node: positions `distance` apart, whole buffers."""
    low = np.arange(0, grid.shape[1] - distance, 2 * distance)
    near, far = grid[:, low].ravel(), grid[:, low + distance].ravel()
    source, target = (far, near) if reduces else (near, far)
    return Step(source, target, Fraction(1), 1, reduces, lambda _: span(0, blocks, source))

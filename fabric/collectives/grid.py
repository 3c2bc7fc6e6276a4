"""Reduce-scatter and all-gather of ranks in a grid, one axis after another, on several lanes at once. Never sees a Fabric.

Axis o1 first, then o2, ...: after axis o1 a rank holds 1/n1 of its lane, after o2 1/(n1 n2), and so on, so that the last
axis moves least; the all-gather goes back the same way. A lane is one order of the axes and one direction; lanes share
the buffer evenly and step together. Hierarchies and buckets on tori are grids. Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.lines import Phase, ring_phase, scatter_and_gather
from fabric.collectives.schedule import Ranks, Step
from topologies.errors import InputError


@dataclass(frozen=True)
class Lane:
    """One order of the axes, first reduced first, walked up (1) or down (-1)."""

    order: tuple[int, ...]
    direction: int = 1


def axis_steps(grid: Ranks, lanes: Sequence[Lane], j: int, chunks: int = 1, phase: Phase = ring_phase) -> tuple[Step, ...]:
    """Return reduce-scatter and all-gather along the j-th axis of every lane's order; none where that axis has one rank.

    grid: the ranks at every place, any number of axes. Rank r's part is blocks r L ... r L + L - 1, one per lane of L.
    """
    before = prod(grid.shape[axis] for axis in lanes[0].order[: j + 1])
    lines = np.concatenate([_lines(grid, lane, j) for lane in lanes])

    def parts() -> NDArray[np.int64]:
        return np.concatenate([_parts(grid, lane, j) * len(lanes) + number for number, lane in enumerate(lanes)])

    return scatter_and_gather(lines, Fraction(1, before * len(lanes) * chunks), parts, phase)


def dimensions(algorithm: str, text: str, world_size: int) -> tuple[int, ...]:
    """Return the sizes of a torus written 4x4x4; no text is one ring of all ranks.

    Raises:
        InputError: not such a text, or its product is not the world size.
    """
    sizes = [int(n) if n.isdecimal() else 0 for n in text.split("x")] if text else [world_size]
    if min(sizes) < 1 or prod(sizes) != world_size:
        raise InputError(
            f"{algorithm}: dims must be sizes such as 4x4x4 whose product is the world size {world_size}, got {text!r}"
        )
    return tuple(sizes)


def _lines(grid: Ranks, lane: Lane, j: int) -> Ranks:
    """Return (lines, positions): the ranks along the j-th axis of the order, lines sorted by the axes done before."""
    order = lane.order
    turned = grid.transpose(*order[:j], *order[j + 1 :], order[j])
    return turned.reshape(-1, grid.shape[order[j]])[:, :: lane.direction]


def _parts(grid: Ranks, lane: Lane, j: int) -> NDArray[np.int64]:
    """Return (lines, positions, ranks): whose parts make up the part of each position: those equal to it so far."""
    sizes = [grid.shape[axis] for axis in lane.order]
    turned = grid.transpose(lane.order).reshape(prod(sizes[:j]), sizes[j], -1)[:, :: lane.direction]
    return np.repeat(turned.astype(np.int64), prod(sizes[j + 1 :]), axis=0)

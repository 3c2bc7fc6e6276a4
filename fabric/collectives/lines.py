"""Phases that run along lines of ranks: rings and full meshes, many lines at once. The stuff of hierarchies and tori.

On a line of n ranks whose buffer of b bytes is cut in n parts, reduce-scatter leaves position x with the sum of part x,
all-gather hands part x to all. Ring: (n-1)(alpha + b/n beta) each; mesh: alpha + (n-1) b/n beta through one port. Sources:
Patarasuk and Yuan, JPDC 2009; Huawei HCCL documentation. It does not know what the lines stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Ranks, Step

Parts = Callable[[], NDArray[np.int64]]
"""-> (lines, positions, blocks of a part): the block numbers of every position's part."""
Phase = Callable[..., Step]
"""(lines, share, parts, reduces=...) -> the step; share is a part's share of S."""


def ring_phase(lines: Ranks, share: Fraction, parts: Parts, *, reduces: bool) -> Step:
    """Return the reduce-scatter or all-gather ring of every line (m, n): position x sends to position x + 1."""
    source, target = lines.ravel(), np.roll(lines, -1, axis=1).ravel()

    def blocks(turn: int) -> Sequence[NDArray[np.int64]]:
        return list(np.roll(parts(), turn + reduces, axis=1).reshape(source.size, -1))

    return Step(source, target, share, lines.shape[1] - 1, reduces, blocks)


def mesh_phase(lines: Ranks, share: Fraction, parts: Parts, *, reduces: bool) -> Step:
    """Return the one-step reduce-scatter or all-gather of every line (m, n): every position sends to every other at once."""
    n = lines.shape[1]
    here, there = (x.ravel() for x in np.nonzero(~np.eye(n, dtype=bool)))

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return list(parts()[:, there if reduces else here].reshape(lines.size * (n - 1), -1))

    return Step(lines[:, here].ravel(), lines[:, there].ravel(), share, 1, reduces, blocks)


def scatter_and_gather(lines: Ranks, share: Fraction, parts: Parts, phase: Phase = ring_phase) -> tuple[Step, ...]:
    """Return both phases, an all-reduce of every line; none on lines of one rank."""
    if lines.shape[1] == 1:
        return ()
    return phase(lines, share, parts, reduces=True), phase(lines, share, parts, reduces=False)

"""Full mesh: reduce-scatter and all-gather in one step each, every rank to every other at once. Never sees a Fabric.

Time where every pair has its own link: alpha + S/p beta each, all-reduce 2 alpha + 2 S/p beta + (p-1)/p S gamma. Through
one port per rank: alpha + (p-1)/p S beta each. Source: Huawei HCCL documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Schedule, Step, span


def full_mesh(groups: Groups, nbytes: int) -> Schedule:
    """Return the two-step all-reduce."""
    return _schedule(groups, reduces=(True, False))


def full_mesh_all_gather(groups: Groups, nbytes: int) -> Schedule:
    """Return the one-step all-gather."""
    return _schedule(groups, reduces=(False,))


def full_mesh_reduce_scatter(groups: Groups, nbytes: int) -> Schedule:
    """Return the one-step reduce-scatter."""
    return _schedule(groups, reduces=(True,))


def _schedule(groups: Groups, reduces: tuple[bool, ...]) -> Schedule:
    p = groups.world_size
    steps = tuple(_step(p, reduces=adds) for adds in reduces) if p > 1 else ()
    return Schedule("full_mesh", p, p, steps)


def _step(p: int, *, reduces: bool) -> Step:
    """Return the step in which a rank sends every other its part (reducing), or its own part."""
    ranks = np.arange(p, dtype=np.int32)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        source, target = step.pairs()
        return span((target if reduces else source).astype(np.int64), 1, source)

    step = Step(ranks, ranks, Fraction(1, p), 1, reduces, blocks, complete=True)
    return step

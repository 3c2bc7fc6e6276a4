"""NHR and PAT: reduce-scatter and all-gather in ceil(log2 p) steps for every p, far ranks getting little. Never sees a Fabric.

All-gather: the farthest distance first; at distance d = 2^i rank r sends rank r + d every part it has whose owner's way goes
on there, floor((p - 1 + d) / 2d) parts. Reduce-scatter is that backwards. Each half: ceil(log2 p) alpha + (p-1)/p S beta,
reduce-scatter + (p-1)/p S gamma. NHR (nonuniform hierarchical ring) sends all of them in one message. So does PAT (parallel
aggregated trees) where its buffers hold them; with `aggregation` = a, a message holds at most a parts: sum over i of
ceil(parts / a) messages, about p/a, the bytes unchanged. Sources: Huawei HCCL documentation; Jeaugey, PAT, arXiv 2506.20252
(cutting at a parts is our reading of it; NCCL's order of the cut messages differs).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Schedule, Step, at_least_one

UNLIMITED = 2**31 - 1


def nhr(groups: Groups, nbytes: int) -> Schedule:
    """Return HCCL's nonuniform hierarchical ring, an all-reduce of 2 ceil(log2 p) steps."""
    return _schedule("nhr", groups, (True, False), UNLIMITED)


def nhr_all_gather(groups: Groups, nbytes: int) -> Schedule:
    """Return NHR's all-gather half."""
    return _schedule("nhr", groups, (False,), UNLIMITED)


def nhr_reduce_scatter(groups: Groups, nbytes: int) -> Schedule:
    """Return NHR's reduce-scatter half."""
    return _schedule("nhr", groups, (True,), UNLIMITED)


def pat(groups: Groups, nbytes: int, *, aggregation: int = UNLIMITED) -> Schedule:
    """Return reduce-scatter and all-gather by parallel aggregated trees; InputError where aggregation is below 1."""
    return _schedule("pat", groups, (True, False), aggregation)


def pat_all_gather(groups: Groups, nbytes: int, *, aggregation: int = UNLIMITED) -> Schedule:
    """Return PAT's all-gather; InputError where aggregation is below 1."""
    return _schedule("pat", groups, (False,), aggregation)


def pat_reduce_scatter(groups: Groups, nbytes: int, *, aggregation: int = UNLIMITED) -> Schedule:
    """Return PAT's reduce-scatter; InputError where aggregation is below 1."""
    return _schedule("pat", groups, (True,), aggregation)


def _schedule(name: str, groups: Groups, halves: tuple[bool, ...], most: int) -> Schedule:
    p = groups.world_size
    at_least_one(name, "aggregation", most)
    distances = [1 << i for i in range((p - 1).bit_length())]
    steps = [s for adds in halves for d in (distances if adds else distances[::-1]) for s in _steps(p, d, most, reduces=adds)]
    return Schedule(name, p, p, tuple(steps))


def _steps(p: int, distance: int, most: int, *, reduces: bool) -> list[Step]:
    """Return the steps at one distance: all parts in messages of at most `most` parts, the last one smaller."""
    parts = (p - 1 + distance) // (2 * distance)
    full, rest = divmod(parts, most)
    sizes = [(0, min(most, parts), full), (full * most, rest, 1)]
    return [_step(p, distance, first, size, n, reduces=reduces) for first, size, n in sizes if n and size]


def _step(p: int, distance: int, first: int, size: int, repeats: int, *, reduces: bool) -> Step:
    """Return one step; its parts' owners are 0, 2d, 4d, ... before the all-gather's sender, and so for the mirror image."""
    near, far = np.arange(p, dtype=np.int32), (np.arange(p, dtype=np.int32) + distance) % p

    def blocks(repeat: int) -> Sequence[NDArray[np.int64]]:
        behind = 2 * distance * (first + repeat * size + np.arange(size))
        return list((near[:, None].astype(np.int64) - behind) % p)

    source, target = (far, near) if reduces else (near, far)
    return Step(source, target, Fraction(size, p), repeats, reduces, blocks)

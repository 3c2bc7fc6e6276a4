"""Bruck's all-gather and all-to-all: ceil(log2 p) steps for any p. Never sees a Fabric.

All-gather: ceil(log2 p) alpha + (p-1)/p S beta. All-to-all: step i moves the parts whose distance has bit i,
ceil(log2 p) alpha + S/2 log2 p beta for p = 2^m (S a rank's whole buffer). Source: Bruck et al., IEEE TPDS 1997; Thakur,
Rabenseifner, Gropp, IJHPCA 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Schedule, Step


def bruck_all_gather(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-gather: in step i rank r sends rank r - 2^i the parts that it has, at most what is missing there."""
    p = groups.world_size
    return Schedule("bruck", p, p, tuple(_gather(p, 1 << i) for i in range((p - 1).bit_length())))


def bruck_all_to_all(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all: in step i rank r sends rank r + 2^i what has 2^i in the distance it has to go."""
    p = groups.world_size
    return Schedule("bruck", p, p, tuple(_forward(p, 1 << i) for i in range((p - 1).bit_length())))


def _gather(p: int, distance: int) -> Step:
    ranks = np.arange(p, dtype=np.int32)
    parts = min(distance, p - distance)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return list((ranks[:, None].astype(np.int64) + np.arange(parts)) % p)

    return Step(ranks, (ranks - distance) % p, Fraction(parts, p), 1, False, blocks)


def _forward(p: int, distance: int) -> Step:
    """Return one step; what still has to go d has come from the rank d mod 2^i before."""
    ranks = np.arange(p, dtype=np.int32)
    going = np.flatnonzero(np.arange(p) & distance)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        origin = (ranks[:, None].astype(np.int64) - going % distance) % p
        return list(origin * p + (origin + going) % p)

    return Step(ranks, (ranks + distance) % p, Fraction(len(going), p), 1, False, blocks)

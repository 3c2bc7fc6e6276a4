"""Pairwise exchange: p - 1 steps, in each of which every rank sends one other its part. Never sees a Fabric.

All-to-all: (p-1) alpha + (p-1)/p S beta; uneven parts cost the largest of every step. Reduce-scatter the same, + (p-1)/p S
gamma. In step s rank r sends rank r + s; by xor (p = 2^m) it sends rank r xor s, so that pairs swap. Source: Thakur,
Rabenseifner, Gropp, IJHPCA 2005. The steps share one array of ranks: p - 1 steps cost no p^2 memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, listable, sized, span
from fabric.collectives.sizes import split_sizes
from topologies.errors import InputError


def pairwise(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all by shifts."""
    p = groups.world_size
    ranks, shifted = _shifts(p)
    return Schedule("pairwise", p, p, tuple(_step(ranks, target) for target in shifted))


def pairwise_xor(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all by pairs that swap; InputError where p is no power of two or beyond 4,096."""
    p = groups.world_size
    if p & (p - 1):
        raise InputError(f"pairwise_xor: needs a power of two ranks, got {p}; use pairwise")
    listable("pairwise_xor", p * (p - 1), "pairwise")
    ranks = np.arange(p, dtype=np.int32)
    return Schedule("pairwise_xor", p, p, tuple(_step(ranks, ranks ^ s) for s in range(1, p)))


def pairwise_v(groups: Groups, nbytes: int, *, skew: float = 0.0, seed: int = 0) -> Schedule:
    """Return the all-to-all of uneven parts (split_sizes) by shifts; every step waits for its largest part.

    Raises:
        InputError: uneven and more than 2^25 messages, as their sizes are listed.
    """
    p = groups.world_size
    if skew == 0:
        return pairwise(groups, nbytes)
    listable("pairwise", p * (p - 1), "skew 0 or all_to_all")
    units = split_sizes(p, skew, seed)
    ranks, shifted = _shifts(p)
    return Schedule("pairwise", p, int(units[0].sum()), tuple(_uneven(ranks, target, units) for target in shifted))


def pairwise_reduce_scatter(groups: Groups, nbytes: int) -> Schedule:
    """Return the reduce-scatter: every rank sends every other its input to that rank's part, one by one."""
    p = groups.world_size
    ranks, shifted = _shifts(p)
    return Schedule("pairwise", p, p, tuple(_adding(ranks, target) for target in shifted))


def _shifts(p: int) -> tuple[Ranks, list[Ranks]]:
    """Return the ranks, and the ranks shifted by 1 ... p - 1 as views of one array."""
    twice = np.tile(np.arange(p, dtype=np.int32), 2)
    return twice[:p], [twice[s : s + p] for s in range(1, p)]


def _step(ranks: Ranks, target: Ranks) -> Step:
    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return span(ranks.astype(np.int64) * len(ranks) + target, 1, ranks)

    return Step(ranks, target, Fraction(1, len(ranks)), 1, False, blocks)


def _adding(ranks: Ranks, target: Ranks) -> Step:
    return Step(ranks, target, Fraction(1, len(ranks)), 1, True, lambda _: span(target.astype(np.int64), 1, ranks))


def _uneven(ranks: Ranks, target: Ranks, units: NDArray[np.int64]) -> Step:
    share, scale = sized(units[ranks, target], int(units[0].sum()))
    return Step(ranks, target, share, 1, False, lambda _: pair_blocks(ranks, target, units), scale)


def pair_blocks(source: Ranks, target: Ranks, units: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    """Return the blocks that source has for target in an all-to-all split by units (p, p), rows adding up to the same."""
    ends = np.cumsum(units, axis=1)
    last = source.astype(np.int64) * ends[0, -1] + ends[source, target]
    return [np.arange(end - n, end) for end, n in zip(last, units[source, target], strict=True)]

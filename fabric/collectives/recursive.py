"""Recursive doubling and halving: all-reduce for any number of ranks, halves of it for 2^m. Never sees a Fabric.

p' = 2^m is the largest power of two <= p. Where p > p', the first 2(p - p') ranks fold in pairs before and unfold after.
Recursive doubling: m (alpha + S beta + S gamma). Halving-doubling: 2m alpha + 2(p'-1)/p' S beta + (p'-1)/p' S gamma.
The fold adds alpha + S beta + S gamma before and alpha + S beta after. Reduce-scatter by recursive halving and all-gather by
recursive doubling are the halves for p = 2^m, farthest and nearest partner first: m alpha + (p-1)/p S beta. Sources: Thakur,
Rabenseifner, Gropp, IJHPCA 2005; Huawei HCCL documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, span
from topologies.errors import InputError


def recursive_doubling(groups: Groups, nbytes: int) -> Schedule:
    """Return recursive doubling: in step i every rank swaps its whole buffer with the rank 2^i away."""
    core, before, after = fold(groups.world_size, 1)
    index = np.arange(len(core))
    steps = tuple(
        Step(core, core[index ^ (1 << i)], Fraction(1), 1, True, lambda _, c=core: span(0, 1, c))  # type: ignore[misc]
        for i in range(log2(len(core)))
    )
    return Schedule("recursive_doubling", groups.world_size, 1, (*before, *steps, *after))


def halving_doubling(groups: Groups, nbytes: int) -> Schedule:
    """Return halving-doubling (Rabenseifner): halves are exchanged and reduced, nearest rank first, then gathered back."""
    blocks = 1 << log2(groups.world_size)
    core, before, after = fold(groups.world_size, blocks)
    depth = log2(len(core))
    halving = tuple(_exchange(core, i, reduces=True) for i in range(depth))
    doubling = tuple(_exchange(core, i, reduces=False) for i in reversed(range(depth)))
    return Schedule("halving_doubling", groups.world_size, blocks, (*before, *halving, *doubling, *after))


def recursive_doubling_all_gather(groups: Groups, nbytes: int) -> Schedule:
    """Return recursive doubling, nearest partner first; InputError where p is no power of two."""
    return _half("recursive_doubling", groups, "bruck", reduces=False)


def recursive_halving(groups: Groups, nbytes: int) -> Schedule:
    """Return the reduce-scatter by recursive halving, farthest partner first; InputError where p is no power of two."""
    return _half("recursive_halving", groups, "nhr", reduces=True)


def _half(name: str, groups: Groups, other: str, *, reduces: bool) -> Schedule:
    p = groups.world_size
    if p & (p - 1):
        raise InputError(f"{name}: needs a power of two ranks, got {p}; use {other}")
    distances = [1 << i for i in range(log2(p))]
    steps = [_aligned(p, d, reduces=reduces) for d in (distances[::-1] if reduces else distances)]
    return Schedule(name, p, p, tuple(steps))


def _aligned(p: int, distance: int, *, reduces: bool) -> Step:
    """Return the step at one distance: partners r and r xor d swap the d parts of the aligned window of d ranks they are in."""
    ranks = np.arange(p, dtype=np.int32)
    partner = ranks ^ distance

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        owner = partner if reduces else ranks
        return span((owner & -distance).astype(np.int64), distance, ranks)

    return Step(ranks, partner, Fraction(distance, p), 1, reduces, blocks)


def _exchange(core: Ranks, i: int, *, reduces: bool) -> Step:
    """Return step i: rank j of the core and j xor 2^i swap halves of the window that they share.

    Reducing, a rank sends the half that its partner keeps; gathering, it sends the half that it holds itself.
    """
    index = np.arange(len(core), dtype=np.int64)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        keeper = index ^ (1 << i) if reduces else index
        bits = (keeper[:, None] >> np.arange(i + 1)) & 1
        return span((bits * (len(core) >> np.arange(1, i + 2))).sum(axis=1), len(core) >> (i + 1), core)

    return Step(core, core[index ^ (1 << i)], Fraction(1, 2 << i), 1, reduces, blocks)


def fold(world_size: int, blocks: int) -> tuple[Ranks, tuple[Step, ...], tuple[Step, ...]]:
    """Return the 2^m ranks that go on, the step that folds the others in, and the one that hands them the sum."""
    ranks = np.arange(world_size, dtype=np.int32)
    surplus = world_size - (1 << log2(world_size))
    if surplus == 0:
        return ranks, (), ()
    folded, kept = ranks[0 : 2 * surplus : 2], ranks[1 : 2 * surplus : 2]

    def step(source: Ranks, target: Ranks, *, reduces: bool) -> Step:
        return Step(source, target, Fraction(1), 1, reduces, lambda _: span(0, blocks, source))

    core = np.concatenate([kept, ranks[2 * surplus :]])
    return core, (step(folded, kept, reduces=True),), (step(kept, folded, reduces=False),)


def log2(world_size: int) -> int:
    """Return m of the largest 2^m <= world_size."""
    return world_size.bit_length() - 1

"""Binomial trees: broadcast, reduce, gather, scatter, and the broadcast that scatters and gathers around a ring.

d = ceil(log2 p). Broadcast: d (alpha + S beta); reduce: + S gamma each. Gather and scatter: d alpha + (p-1)/p S beta (S the
root's). Scatter and ring all-gather: (d + p - 1) alpha + 2(p-1)/p S beta. The bytes of scatter and gather are those for
p = 2^m; else a step waits for its largest message. Source: Thakur, Rabenseifner, Gropp, IJHPCA 2005. Never sees a Fabric.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.direct import linear_gather
from fabric.collectives.ring import ring_steps
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, sized, span


def binomial_broadcast(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the broadcast, farthest rank first; ranks are counted from the root."""
    p = groups.world_size
    steps = tuple(_whole(p, d, root, reduces=False) for d in reversed(_distances(p)))
    return Schedule("binomial", p, 1, steps)


def binomial_reduce(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the reduce, the broadcast backwards."""
    p = groups.world_size
    return Schedule("binomial", p, 1, tuple(_whole(p, d, root, reduces=True) for d in _distances(p)))


def binomial_gather(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the gather: a rank sends on its own part and those it has received."""
    p = groups.world_size
    return Schedule("binomial", p, p, tuple(_subtrees(p, d, root, to_root=True) for d in _distances(p)))


def binomial_scatter(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the scatter, the gather backwards."""
    p = groups.world_size
    return Schedule("binomial", p, p, _scatter(p, root))


def scatter_ring(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the broadcast as binomial scatter and ring all-gather, for large buffers."""
    p = groups.world_size
    gather = ring_steps(np.arange(p, dtype=np.int32)[None, :])[1:]
    return Schedule("scatter_ring", p, p, (*_scatter(p, root), *gather))


def ring_gather(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the reduce as ring reduce-scatter and a gather at once, for large buffers: what gloo runs.

    (p-1) alpha + (p-1)/p S (beta + gamma), then alpha + (p-1)/p S beta.
    """
    p = groups.world_size
    scatter = ring_steps(np.arange(p, dtype=np.int32)[None, :])[:1]
    return Schedule("ring_gather", p, p, (*scatter, *linear_gather(groups, nbytes, root=root).steps))


def _distances(p: int) -> list[int]:
    return [1 << i for i in range((p - 1).bit_length())]


def _edges(p: int, distance: int) -> tuple[Ranks, Ranks]:
    """Return the ends of one round's edges, counted from the root: the one nearer to it, the one farther off."""
    near = np.arange(0, p - distance, 2 * distance, dtype=np.int32)
    return near, near + distance


def _scatter(p: int, root: int) -> tuple[Step, ...]:
    return tuple(_subtrees(p, d, root, to_root=False) for d in reversed(_distances(p)))


def _whole(p: int, distance: int, root: int, *, reduces: bool) -> Step:
    near, far = ((end + root) % p for end in _edges(p, distance))
    source, target = (far, near) if reduces else (near, far)
    return Step(source, target, Fraction(1), 1, reduces, lambda _: span(0, 1, source))


def _subtrees(p: int, distance: int, root: int, *, to_root: bool) -> Step:
    """Return one round of messages that hold the parts of the farther end's subtree: d ranks, or what is left of p."""
    near, far = _edges(p, distance)
    count = np.minimum(distance, p - far).astype(np.int64)
    share, scale = sized(count, p)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return [(np.arange(first, first + n) + root) % p for first, n in zip(far, count, strict=True)]

    ends = (far, near) if to_root else (near, far)
    source, target = ((end + root) % p for end in ends)
    return Step(source, target, share, 1, False, blocks, scale)
